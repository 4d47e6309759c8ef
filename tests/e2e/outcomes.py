# SPDX-License-Identifier: Apache-2.0
"""How a run ended, as clients are told beside the contract's members: every way, on real runs."""

import json
import signal

from support.gateway import Gateway, Result
from support.redis import Redis
from support.service import DOCKER_HOST, TOP, scratch
from support.tap import Background, ensure, equal, eventually
from support.toxic import Toxic

MEMBERS = ["outcome", "exit_code", "signal", "usage", "truncated", "files_skipped"]
DESCRIBED = json.loads((TOP / "fcgi-app/docs/openapi.json").read_text())["components"]["schemas"][
    "ExecuteResult"
]["properties"]
CLOCK = "import time; end = time.process_time() + 0.25\nwhile time.process_time() < end: pass\n"
HOG = "x = [b'x' * 10000000 for _ in range(1000)]"

# name, language, code, outcome, exit_code, signal, error_type
# fmt: off
ENDS = [
    ("the end", "python", "print(1)", "ok", 0, None, None),
    ("the end", "bash", "true", "ok", 0, None, None),
    ("sys.exit(0)", "python", "raise SystemExit(0)", "ok", 0, None, None),
    ("sys.exit(3)", "python", "raise SystemExit(3)", "exit", 3, None, "SystemExit"),
    ("os._exit(5)", "python", "import os; os._exit(5)", "exit", 5, None, "SystemExit"),
    ("a string exit", "python", "raise SystemExit('no')", "exit", 1, None, "PythonExitError"),
    ("exit 3", "bash", "exit 3", "exit", 3, None, "BashExitError"),
    ("an exception", "python", "1/0", "error", 1, None, "ZeroDivisionError"),
    ("no syntax", "python", "(", "error", 1, None, "SyntaxError"),
    ("SIGKILL by itself", "python", "import os; os.kill(os.getpid(), 9)",
     "signal", None, "SIGKILL", "ProcessSignalError"),
    ("SIGKILL by itself", "bash", "kill -9 $$", "signal", None, "SIGKILL", "BashExitError"),
    ("SIGSEGV", "python", "import ctypes; ctypes.string_at(0)",
     "signal", None, "SIGSEGV", "ProcessSignalError"),
    ("SIGIO has two names", "bash", "kill -IO $$", "signal", None, "SIGIO", "BashExitError"),
    ("a signal without a name", "python", "import os; os.kill(os.getpid(), 40)",
     "signal", None, "signal 40", "ProcessSignalError"),
    ("a child killed for its memory is no end of the run", "bash",
     "python3 -c \"" + HOG + "\"; echo went on", "ok", 0, None, None),
    ("no memory", "python", HOG, "oom", None, "SIGKILL", "ProcessSignalError"),
    ("too much output", "bash", "yes", "output_limit", None, None, "OutputLimitError"),
    ("nothing to run", "python", " ", "error", None, None, "ValueError"),
    ("a file in the way", "bash", "true", "error", None, None, "FileUploadError"),
]
# fmt: on


def rows(tap):
    settings = {
        "MAX_TIMEOUT": 60,
        "SANDBOX_MAX_OUTPUT_BYTES": "1m",
        "MAX_OUTPUT_CHARS": 1000,
        "MAX_OUTPUT_FILES": 3,
    }
    with scratch() as where, Redis(where).start() as redis:
        with Gateway(where, redis, **settings) as gateway:
            with gateway.session() as session:
                for name, language, code, *want in ENDS:
                    tap.row(f"outcome: {name} ({language}): {want[0]}")(
                        lambda: ends(session, name, language, code, *want)
                    )
                measures(tap, session)
            cut_short(tap, gateway)
        shut_down(tap, where, redis)
        docker_gone(tap, where, redis)


def told(result):
    """What every answer has, in order."""
    equal(list(result)[9:], MEMBERS)
    equal(list(result.usage), ["cpu_ms", "wall_ms", "max_rss_bytes"])
    equal(list(result.truncated), ["stdout", "stderr"])
    ensure(isinstance(result.usage["wall_ms"], int), result.usage)
    ensure(result.outcome in DESCRIBED["outcome"]["enum"], result.outcome)
    for name, value in result.usage.items():
        kind = DESCRIBED["usage"]["properties"][name]["type"]
        ensure(isinstance(value, int) or (value is None and "null" in kind), (name, value))
    return result.outcome, result.exit_code, result.signal


def ends(session, name, language, code, outcome, exit_code, number, error_type):
    files = []
    if error_type == "FileUploadError":
        session.bash("mkdir -p taken/by").worked()
        files = [{"name": "taken", "content": ""}]
    result = session.run(code, language, files=files, timeout=50)
    equal(
        (*told(result), result.error_type, result.timed_out),
        (outcome, exit_code, number, error_type, False),
        str(dict(result))[:600],
    )
    if number and error_type == "ProcessSignalError":
        equal(result.error, f"Python process terminated by {number}")
    if outcome == "output_limit":
        equal(result.truncated, {"stdout": True, "stderr": False})
    session.answers()


def measures(tap, session):
    @tap.row("usage: processor, clock and memory are the run's own")
    def _():
        result = session.python(CLOCK + "time.sleep(0.25); x = b'x' * 80000000").worked()
        ensure(result.usage["cpu_ms"] >= 250, result.usage)
        ensure(result.usage["wall_ms"] >= 500, result.usage)
        ensure(80000000 <= result.usage["max_rss_bytes"] < 2**30, result.usage)
        ensure(
            abs(result.usage["wall_ms"] - result.execution_time * 1000) <= 1,
            (result.usage, result.execution_time),
        )

    @tap.row("usage: children count once they were waited for")
    def _():
        spin = "python3 -c 'import time\nwhile time.process_time() < 0.25: pass'"
        ensure(session.bash(spin).worked().usage["cpu_ms"] >= 250)

    for name, out, err in (("stdout", 1001, 1000), ("stderr", 1000, 1001), ("none", 1000, 1000)):

        @tap.row(f"truncated: {name}")
        def _():
            code = f"import sys\nsys.stdout.write('\u00e9' * {out})\nsys.stderr.write('x' * {err})"
            result = session.python(code).worked()
            equal(result.truncated, {"stdout": out > 1000, "stderr": err > 1000})

    @tap.row("files_skipped: those above MAX_OUTPUT_FILES")
    def _():
        result = session.bash("cd /tmp/output; touch 1 2 3 4 5").worked()
        equal((len(result.files), result.files_skipped), (3, 2))
        result = session.bash("cd /tmp/output; touch 1 2 3").worked()
        equal((len(result.files), result.files_skipped), (3, 0))


def running(gateway, session, timeout=60):
    """A run that lasts, once it does."""
    call = Background(lambda: session.ask("echo partial; sleep 58", "bash", timeout=timeout))
    eventually(
        lambda: "sleep 58" in gateway.docker.command("top", session.id, check=False), 20, "running"
    )
    return call


def answered(call, outcome, error_type):
    response = call.answer(40)
    equal(response.status, 200, repr(response))
    result = Result(response.json)
    equal(
        (*told(result), result.error_type),
        (outcome, None, None, error_type),
        str(dict(result))[:600],
    )
    ensure(result.error, dict(result))
    equal(result.timed_out, outcome == "timeout")
    return result


def cut_short(tap, gateway):
    @tap.row("outcome: a time-out")
    def _():
        with gateway.session() as session:
            call = Background(lambda: session.ask("echo partial; sleep 58", "bash", timeout=1))
            result = answered(call, "timeout", "TimeoutError")
            equal(result.stdout, "partial\n")
            ensure(result.usage["wall_ms"] >= 1000, result.usage)

    @tap.row("outcome: the session is deleted during the run: cancelled")
    def _():
        with gateway.session() as session:
            call = running(gateway, session)
            equal(session.delete().status, 200)
            answered(call, "cancelled", "GatewayError")
            equal(session.ask("1").status, 404)

    @tap.row("outcome: docker kill during the run: session_lost")
    def _():
        with gateway.session() as session:
            call = running(gateway, session)
            gateway.docker.kill(session.id)
            result = answered(call, "session_lost", "GatewayError")
            equal((result.usage["cpu_ms"], result.usage["max_rss_bytes"]), (None, None))
            equal(session.ask("1").status, 404)


def shut_down(tap, where, redis):
    with Gateway(where, redis, MAX_TIMEOUT=60) as gateway:
        with Gateway(where, redis, like=gateway, MAX_TIMEOUT=60, DRAIN_SECONDS=2) as other:

            @tap.row("outcome: the gateway shuts down during the run: cancelled, the session stays")
            def _():
                session = other.session()
                call = running(other, session)
                other.send(signal.SIGTERM)
                result = answered(call, "cancelled", "CancelledError")
                equal(result.stdout, "partial\n")
                ensure(result.usage["wall_ms"] > 0, result.usage)
                equal(other.wait(20), 0)
                session.client = gateway.client()
                session.answers()
                session.delete()

        with Gateway(where, redis, like=gateway, MAX_TIMEOUT=60, DRAIN_SECONDS=600) as other:

            @tap.row("outcome: a gateway told to end twice waits for no run, and for no turn")
            def _():
                session = other.session()
                call = running(other, session)
                waiting = Background(lambda: session.ask("echo late", "bash"))
                eventually(lambda: redis.keys("*:ticket:*"), 30, "waiting")
                other.send(signal.SIGTERM)
                eventually(lambda: "draining" in other.logged(), 30, "draining")
                other.send(signal.SIGTERM)
                answered(call, "cancelled", "CancelledError")
                response = waiting.answer(20)
                if response.status != 200:  # else its turn came with the other's end, just before
                    equal(
                        (response.status, response.detail, response.header("Retry-After")),
                        (503, "The gateway is shutting down. Please retry shortly.", "1"),
                    )
                equal(other.wait(20), 0)
                session.client = gateway.client()
                session.delete()


def docker_gone(tap, where, redis):
    with (
        Toxic(where, "docker", DOCKER_HOST.removeprefix("unix://")) as toxic,
        Gateway(where, redis, DOCKER_HOST=toxic.url, MAX_TIMEOUT=60) as gateway,
    ):

        @tap.row("outcome: Docker goes away during the run: infra, the session comes back with it")
        def _():
            with gateway.session() as session:
                call = running(gateway, session)
                toxic.be("refuse", cut=True)
                try:
                    result = answered(call, "infra", "GatewayError")
                finally:
                    toxic.be("pass")
                equal(result.error, "Execution failed due to an infrastructure error")
                eventually(lambda: session.ask("print(1)").status == 200, 30, "answering again", 0.3)
                session.answers()
