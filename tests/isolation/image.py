# SPDX-License-Identifier: Apache-2.0
"""image.sh's rows among the others: the image itself, looked at from inside."""

import pathlib
import re
import subprocess

from support.service import IMAGE


def rows(tap):
    script = pathlib.Path(__file__).with_name("image.sh")
    done = subprocess.run(
        [script, IMAGE], stdout=subprocess.PIPE, text=True, timeout=300, check=False
    )
    name, ok, notes = None, True, []

    def report():
        if name is not None:
            tap.result(f"image: {name}", ok, "\n".join(notes))

    for line in done.stdout.splitlines():
        found = re.fullmatch(r"(not )?ok \d+ - (.*)", line)
        if found:
            report()
            ok, name, notes = not found.group(1), found.group(2), []
        elif line.startswith("# "):
            notes.append(line[2:])
    report()
    if name is None:
        tap.result("image: it can be looked at", False, done.stdout)
