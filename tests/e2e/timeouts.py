# SPDX-License-Identifier: Apache-2.0
"""A run that lasts too long, says too much or is too large: contract 5.4, 5.9, 5.12."""

from support.gateway import GONE, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, matches

from .execute import CUT


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, MAX_TIMEOUT=60) as gateway,
    ):
        limits(tap, gateway)
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, TIMEOUT_ACTION="keep", MAX_ERROR_CHARS=256) as gateway,
    ):
        kept(tap, gateway)


def timed_out(result, seconds, text):
    equal(
        (result.error, result.error_type, result.timed_out),
        (text, "TimeoutError", True),
        str(dict(result)),
    )
    equal(result.execution_time, seconds)
    ensure(isinstance(result.execution_time, float), result.execution_time)


def limits(tap, gateway):
    removed = "Execution timed out after 1 seconds. Container removed."
    for name, language, code, partial in (
        (
            "sleep",
            "python",
            "import time; print('partial', flush=True); time.sleep(30)",
            "partial\n",
        ),
        ("a busy loop", "python", "print('partial')\nwhile True: pass", "partial\n"),
        (
            "SIGTERM ignored",
            "bash",
            "trap '' TERM INT HUP; echo partial; while :; do sleep 1; done",
            "partial\n",
        ),
        ("stopped by itself", "bash", "echo partial; kill -STOP $$", "partial\n"),
        ("opening a FIFO", "bash", "mkfifo f; echo partial; cat <f", "partial\n"),
    ):

        @tap.row(f"time-out: {name}: what was written comes back, the session goes")
        def _():
            with gateway.session() as session:
                result = session.run(code, language, timeout=1)
                timed_out(result, 1.0, removed)
                equal(result.stdout, partial)
                again = session.ask("print(1)")
                equal((again.status, again.detail), (404, GONE))
                equal(session.inspect().status, 404)

    @tap.row("time-out: half a character at the cut is U+FFFD, not lost")
    def _():
        with gateway.session() as session:
            result = session.python(
                "import os, time; os.write(1, b'a\\xf0\\x9f'); time.sleep(9)", timeout=1
            )
            equal((result.stdout, result.timed_out), ("a\ufffd", True))

    @tap.row("time-out: no output files, even if some were written")
    def _():
        with gateway.session() as session:
            result = session.bash("echo x >/tmp/output/x; sleep 30", timeout=1)
            equal((result.files, result.timed_out), ([], True))

    with gateway.session() as session:

        @tap.row("limits: 100000 four-byte characters of Python")
        def _():
            code = 'print(len("%s"))'
            code = code % ("\U0001f600" * (100002 - len(code)))
            equal(len(code), 100000)
            equal(session.python(code).worked().stdout, "99986\n")

        @tap.row("limits: 100000 four-byte characters of Bash")
        def _():
            code = 'LC_ALL=C.UTF-8; x="%s"; echo ${#x}'
            code = code % ("\U0001f600" * (100002 - len(code)))
            equal(len(code), 100000)
            equal(session.bash(code).worked().stdout, "99968\n")

        @tap.row("limits: a million lines are drained and cut")
        def _():
            result = session.bash("seq 1000000", timeout=30).worked()
            ensure(result.stdout.endswith(CUT % 6888896), result.stdout[-200:])
            equal(len(result.stdout), 100000 + len(CUT % 6888896))

        @tap.row("limits: both streams at once, 20 MB each")
        def _():
            result = session.python(
                "import os\nfor i in range(320):\n    os.write(1, b'o' * 65536)\n"
                "    os.write(2, b'e' * 65536)",
                timeout=30,
            ).worked()
            ensure(result.stdout.endswith(CUT % (320 * 65536)), result.stdout[-200:])
            ensure(result.stderr.endswith(CUT % (320 * 65536)), result.stderr[-200:])

        @tap.row("limits: error holds the end of a long stderr")
        def _():
            result = session.python(
                "import sys; sys.stderr.write('z' * 300000 + '\\n'); raise ValueError('last')"
            )
            equal(result.error_type, "ValueError")
            ensure(len(result.error) <= 17000, len(result.error))
            ensure(result.error.endswith("ValueError: last"), result.error[-200:])


def kept(tap, gateway):
    with gateway.session() as session:

        @tap.row("TIMEOUT_ACTION=keep: the session stays, with its files")
        def _():
            session.bash("echo before >f").worked()
            result = session.bash("echo partial; cat f; sleep 30", timeout=1)
            equal(
                (result.stdout, result.timed_out, result.error_type),
                ("partial\nbefore\n", True, "TimeoutError"),
            )
            matches(r"^Execution timed out after 1 seconds\.$", result.error)
            equal(session.bash("cat f").stdout, "before\n")
            session.answers()

        @tap.row("TIMEOUT_ACTION=keep: nothing of the run lives on")
        def _():
            result = session.bash(
                "setsid sleep 78 & until ps -eo args= | grep '^sleep 78'; do :; done; sleep 78",
                timeout=3,
            )
            equal((result.stdout, result.timed_out), ("sleep 78\n", True))
            equal(session.bash("ps -eo args= | grep '[s]leep 78'").stdout, "")

        @tap.row("MAX_ERROR_CHARS: error is the tail of stderr")
        def _():
            result = session.python(
                "import sys; sys.stderr.write('z' * 5000 + '\\n'); raise ValueError('last')"
            )
            ensure(len(result.error) <= 256, len(result.error))
            ensure(result.error.endswith("ValueError: last"), result.error)
