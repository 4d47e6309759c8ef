# SPDX-License-Identifier: Apache-2.0
"""What the interpreter imports before it is asked: modules of the image, never of the session."""

import importlib
import os
import sys

# A module's place is its bit in the note (sandbox/init/note.h): append, never reorder.
MODULES = (
    "numpy", "pandas", "scipy", "matplotlib", "matplotlib.pyplot", "seaborn", "sklearn", "sympy",
    "plotly", "plotly.express", "plotly.graph_objects", "requests", "PIL.Image", "openpyxl", "yaml",
    "reportlab", "pydantic", "pptx", "docx", "scipy.stats", "scipy.optimize", "asyncio",
)
PACKAGES = "/usr/"                         # where the image's own modules lie


def wanted(target):
    """Bits as a decimal number, or names joined by commas; what is not on the list is no wish."""
    if target.isdecimal():
        return [name for bit, name in enumerate(MODULES) if int(target) >> bit & 1]
    names = [name.strip() for name in target.split(",")]
    return [name for name in MODULES if name in names]


def load(target):
    """A file the session left under HOME must not steer an import of ours."""
    names = wanted(target)
    if any(name.startswith(("matplotlib", "seaborn")) for name in names):
        os.environ["MATPLOTLIBRC"] = "/dev/null"
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            pass                           # a smaller image: the run will say so itself
    os.environ.pop("MATPLOTLIBRC", None)


def used():
    """Bits of the modules on the list that are loaded now, and from the image."""
    bits = 0
    for bit, name in enumerate(MODULES):
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and file.startswith(PACKAGES):
            bits |= 1 << bit
    return bits
