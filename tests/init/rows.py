# SPDX-License-Identifier: Apache-2.0
"""Tests as rows: a sentence and a function that raises when it is not true."""

import contextlib
import re
import time
import traceback

from . import box

ROWS = []


def row(sentence, docker=False):
    """Registers a function of one Box, or of none; docker: only asked of a container."""
    def register(function):
        ROWS.append((sentence, function, docker))
        return function
    return register


def is_about(name, box_rows):
    return re.search(name, box_rows, re.IGNORECASE)


def run_row(function, shared):
    """Rows that take a box share one; a row that ends it gets the next a new one."""
    if function.__code__.co_argcount == 0:
        function()
        return
    if shared[0] is None or shared[0].process.poll() is not None:
        shared[0] = box.Box()
    function(shared[0])


def run_all(pattern):
    """Prints TAP; returns the number of failures."""
    chosen = [r for r in ROWS if is_about(pattern, r[0]) and (box.PLACE.in_docker or not r[2])]
    shared = [None]
    failed = 0
    print(f"1..{len(chosen)}")
    for number, (sentence, function, _) in enumerate(chosen, 1):
        began = time.monotonic()
        try:
            run_row(function, shared)
            verdict, why = "ok", ""
        except Exception:
            verdict, why = "not ok", traceback.format_exc()
            failed += 1
            with contextlib.suppress(Exception):
                shared[0].process.kill()
            shared[0] = None
        print(f"{verdict} {number} - {sentence} # {time.monotonic() - began:.2f} s", flush=True)
        for line in why.splitlines():
            print("#", line[:2000])
    if shared[0] is not None:
        shared[0].__exit__()
    return failed
