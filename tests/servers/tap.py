# SPDX-License-Identifier: Apache-2.0
"""Runs rows, prints TAP."""
import sys
import time
import traceback


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def run(self, name, row, *arguments):
        """A row passes when it raises nothing."""
        self.count += 1
        started = time.monotonic()
        try:
            row(*arguments)
            verdict, why = "ok", ""
        except Exception:  # pylint: disable=broad-except
            self.failed += 1
            verdict, why = "not ok", traceback.format_exc()
        print(f"{verdict} {self.count} - {name} # {time.monotonic() - started:.1f} s")
        for line in why.splitlines():
            print("#", line)
        sys.stdout.flush()

    def finish(self):
        print(f"1..{self.count}")
        return 1 if self.failed or not self.count else 0
