# SPDX-License-Identifier: Apache-2.0
"""Rows that run at once and print TAP.

    @tap.row("python: print")
    def _():
        equal(session.python("print(1)").stdout, "1\\n")

A row fails by any exception and prints what it got; each has a deadline, so nothing hangs.
"""

import re
import signal
import sys
import threading
import time
import traceback

ROW_SECONDS = 60
SLOW_SECONDS = 3  # worth a remark


class Failed(AssertionError):
    """A row's own verdict: its text is all that is printed."""


class OutOfTime(BaseException):
    """Not an Exception, so that a row's own except clauses do not eat it."""


class Skipped(Exception):
    """Cannot be tried here; the text says why."""


def shown(value, most=2000):
    text = value if isinstance(value, str) and "\n" in value else repr(value)
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def equal(got, want, what=""):
    if got != want:
        raise Failed(f"{what}\n  wanted {shown(want)}\n  got    {shown(got)}".strip())


def matches(pattern, got, what=""):
    if not isinstance(got, str) or not re.search(pattern, got):
        raise Failed(f"{what}\n  wanted /{pattern}/\n  got    {shown(got)}".strip())


def ensure(verdict, got="", what=""):
    if not verdict:
        raise Failed(f"{what} got {shown(got)}".strip())


def eventually(probe, seconds=30, what="in time", pause=0.05):
    """The first true answer of probe()."""
    end = time.monotonic() + seconds
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed(f"not {what} within {seconds} s, got {shown(got)}")
        time.sleep(pause)


def together(calls, seconds=ROW_SECONDS):
    """Runs all calls at once; their answers in order.  An exception is an answer, too."""
    answers = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def one(i):
        gate.wait()
        try:
            answers[i] = calls[i]()
        except Exception as error:
            answers[i] = error

    threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            raise Failed(f"a call still runs after {seconds} s, got {shown(answers)}")
    return answers


class Background:
    """One call beside the row; .answer() waits for it."""

    def __init__(self, call):
        self.call = call
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.result = self.error = None
        self.thread.start()

    def _run(self):
        try:
            self.result = self.call()
        except Exception as error:
            self.error = error

    def answer(self, seconds=ROW_SECONDS):
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise Failed(f"no answer within {seconds} s")
        if self.error:
            raise self.error
        return self.result


class Tap:
    def __init__(self, only=""):
        self.only = only
        self.count = self.failed = 0
        self.prefix = ""
        self.lock = threading.Lock()

    def say(self, text):
        for line in str(text).rstrip("\n").split("\n"):
            print(f"# {line}".encode("utf-8", "backslashreplace").decode(), flush=True)

    def result(self, name, ok, note="", directive=""):
        self.count += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name}{directive}", flush=True)
        if note:
            self.say(note)

    def row(self, name, seconds=ROW_SECONDS):
        name = (self.prefix + name).replace("#", "no.")

        def run(function):
            if self.only and not re.search(self.only, name):
                return
            note, ok, directive = "", True, ""
            began = time.monotonic()
            signal.signal(signal.SIGALRM, out_of_time)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                function()
            except Skipped as reason:
                directive = f" # SKIP {reason}"
            except Failed as reason:
                ok, note = False, f"{reason}\nat {failed_at(reason)}"
            except OutOfTime:
                ok, note = False, f"not done within {seconds} s\n" + traceback.format_exc(limit=-6)
            except Exception:
                ok, note = False, traceback.format_exc(limit=-6)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            self.result(name, ok, note, directive)
            if time.monotonic() - began > SLOW_SECONDS:
                self.say(f"took {time.monotonic() - began:.1f} s")

        return run

    def table(self, prefix, rows, probe, **more):
        """probe(*rest) for each row (name, *rest)."""
        for name, *rest in rows:
            self.row(f"{prefix}: {name}", **more)(lambda rest=rest: probe(*rest))


def out_of_time(_signal, _frame):
    raise OutOfTime


def failed_at(error):
    """The row's own line, not that of equal() or of a fixture."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/support/" not in f.filename] or frames
    return " < ".join(f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in reversed(own))


def end_with_cleanup(_signal, _frame):
    sys.exit(130)  # unwinds every `with`


def main(modules, usage, after=None):
    """
    Runs modules' rows(tap), and after(tap, name) behind each; arguments choose modules by name,
    -k PATTERN rows.
    """
    arguments = sys.argv[1:]
    only = ""
    if arguments[:1] == ["-k"] and len(arguments) > 1:
        only, arguments = arguments[1], arguments[2:]
    names = [m.__name__.rsplit(".", 1)[-1].replace("_", "-") for m in modules]
    if [a for a in arguments if a not in names]:
        print(f"usage: {usage} [-k PATTERN] [{' | '.join(names)}]...", file=sys.stderr)
        sys.exit(64)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_with_cleanup)

    tap = Tap(only)
    for name, module in zip(names, modules):
        if arguments and name not in arguments:
            continue
        began = time.monotonic()
        try:
            module.rows(tap)
        except Exception:
            tap.result(f"{name}: got through", False, traceback.format_exc(limit=-8))
        if after:
            after(tap, name)
        tap.say(f"{name}: {time.monotonic() - began:.1f} s")
    print(f"1..{tap.count}", flush=True)
    sys.exit(1 if tap.failed else 0)
