# SPDX-License-Identifier: Apache-2.0
"""What suites need of PyPI: the pinned packages of tests/requirements.txt, installed once.

    pypi.need()
    import jwt

They are in .run/, below a name that changes with the list and with the Python, and nowhere
else: neither the system's Python nor the user's is touched.
"""

import contextlib
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import venv

from .service import TOP

LIST = TOP / "tests" / "requirements.txt"


def need():
    """Puts them on the path, before the system's own; returns where they are."""
    key = hashlib.sha256(LIST.read_bytes() + sys.version.encode()).hexdigest()[:16]
    where = TOP / ".run" / f"packages-{key}"
    if not where.exists():
        install(where)
    if str(where) not in sys.path:
        sys.path.insert(0, str(where))
    return str(where)


def install(where):
    """Two suites may do so at once: the first to be ready counts."""
    where.parent.mkdir(exist_ok=True)
    scratch = tempfile.mkdtemp(dir=where.parent)
    try:
        venv.create(f"{scratch}/venv", with_pip=True)
        done = subprocess.run(
            [
                f"{scratch}/venv/bin/python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary=:all:",
                "--require-hashes",
                f"--requirement={LIST}",
                f"--target={scratch}/packages",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        if done.returncode:
            raise RuntimeError(f"pip cannot install {LIST}:\n{done.stdout}")
        with contextlib.suppress(OSError):
            pathlib.Path(scratch, "packages").rename(where)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
