# SPDX-License-Identifier: Apache-2.0
"""node --test in the image: every test of the renderer that needs no browser."""

import re
import subprocess

from support import tap as t

from . import box


def rows(tap):
    @tap.row("unit: node --test", seconds=120)
    def _():
        script = f"cd {box.RENDERER} && exec node --test --test-reporter=tap test/*.test.js"
        done = subprocess.run(box.docker([], ["sh", "-c", script]), capture_output=True, text=True,
                              check=False)
        bad = [line for line in done.stdout.splitlines() if line.startswith("not ok")]
        t.equal((done.returncode, bad), (0, []), done.stdout[-3000:])
        passed = int(re.search(r"^# pass (\d+)", done.stdout, re.MULTILINE)[1])
        t.ensure(passed > 50, passed, "tests passed")
