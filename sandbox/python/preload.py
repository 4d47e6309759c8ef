# SPDX-License-Identifier: Apache-2.0
"""What the interpreter imports before it is asked: modules of the image, never of the session."""

import functools
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
PATH = "/usr/local/bin:/usr/bin:/bin"
APART = "/dev/shm/preload"
CONFIG = "/home/sandbox/.config/matplotlib"
PERSONAL = (f"{CONFIG}/matplotlibrc", f"{CONFIG}/stylelib", "/home/sandbox/matplotlibrc")
FILES, SIZE = 32, 65536                    # more of the session's style sheets are not looked at
PLACES = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


def wanted(target):
    """Bits as a decimal number, or names joined by commas; what is not on the list is no wish."""
    if target.isdecimal():
        return [name for bit, name in enumerate(MODULES) if int(target) >> bit & 1]
    names = [name.strip() for name in target.split(",")]
    return [name for name in MODULES if name in names]


def load(target):
    """Imports apart from the session, whose files must not steer us and get nothing of ours.

    HOME and its kin lead to a new directory for that long, and PATH to the image alone.
    """
    names = wanted(target)
    if not names:
        return
    import shutil                          # not for the bare interpreter, which stays small
    import tempfile
    own = dict(os.environ)
    os.mkdir(APART, 0o700)                 # nobody else is alive, and PID 1 empties /dev/shm
    os.environ.pop("MPLCONFIGDIR", None)
    os.environ.update({name: APART for name in PLACES}, PATH=PATH, MATPLOTLIBRC="/dev/null")
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            pass                           # a smaller image: the run will say so itself
    os.environ.clear()
    os.environ.update(own)
    shutil.rmtree(APART)
    tempfile.tempdir = None
    forget_places()


def forget_places():
    """What matplotlib has kept of the places it was imported in: it asks once and for all."""
    matplotlib = sys.modules.get("matplotlib")
    if not matplotlib:
        return
    for name in ("get_configdir", "get_cachedir"):
        setattr(matplotlib, name, functools.cache(getattr(matplotlib, name).__wrapped__))
    style = sys.modules.get("matplotlib.style")
    if style:
        style.USER_LIBRARY_PATHS[:] = [f"{CONFIG}/stylelib"]
    tex = sys.modules.get("matplotlib.texmanager")
    if tex:
        tex.TexManager._cache_dir = tex.Path(os.environ["XDG_CACHE_HOME"], "matplotlib/tex.cache")


def reseed():
    """What numpy and sympy draw from: after a fork, every child would draw the same."""
    numpy = sys.modules.get("numpy.random")
    sympy = sys.modules.get("sympy.core.random")
    if numpy:
        numpy.seed()
    if sympy:
        sympy.rng.seed()


def is_small(path):
    """A file, or a directory of some, that is read in no time and does not block who reads it."""
    try:
        entries = [path] if os.path.isfile(path) else [entry.path for entry in os.scandir(path)]
        return len(entries) <= FILES and all(
            os.path.isfile(entry) and os.path.getsize(entry) <= SIZE for entry in entries)
    except OSError:
        return False


def personalise():
    """The session's own matplotlib configuration, which load() must not read, and a child may."""
    matplotlib = sys.modules.get("matplotlib")
    own = [path for path in PERSONAL if os.path.lexists(path)] if matplotlib else []
    if not own or not all(map(is_small, own)):
        return
    try:
        matplotlib.rcParams.update(matplotlib.rc_params())
        sys.modules["matplotlib.style"].reload_library()
    except Exception:
        pass                               # as broken as they would be at the import


def used():
    """Bits of the modules on the list that are loaded now, and from the image."""
    bits = 0
    for bit, name in enumerate(MODULES):
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and file.startswith(PACKAGES):
            bits |= 1 << bit
    return bits
