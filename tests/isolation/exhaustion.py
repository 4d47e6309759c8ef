# SPDX-License-Identifier: Apache-2.0
"""What must be survived: security.md 4.5, with small limits so that it is quick."""

import time

from support.gateway import GONE, Gateway, Result
from support.redis import Redis
from support.service import scratch
from support.tap import Background, ensure, equal, eventually

LOST = (
    GONE,
    "Container session not found.",
)

# fmt: off
SMALL = {
    "SANDBOX_MEM_LIMIT": "192m", "SANDBOX_PIDS_LIMIT": 64, "SANDBOX_TMP_ROOT_SIZE": "32m",
        "SANDBOX_HOME_TMPFS_SIZE": "16m",
    "SANDBOX_SHM_SIZE": "8m", "SANDBOX_MAX_OUTPUT_BYTES": "16m", "TIMEOUT_ACTION": "keep",
        "MAX_TIMEOUT": 20,
}
# fmt: on

SPREAD = """if 1:
    import os, time
    for _ in range(40):
        if not os.fork():
            os.setsid()
            x = bytearray(12 << 20)
            for i in range(0, len(x), 4096): x[i] = 1
            time.sleep(5); os._exit(0)
    print('spread', flush=True)
    time.sleep(2)
"""

# name, language, code, timeout, check of the result
# fmt: off
BOMBS = [
    ("fork bomb", "bash", ":(){ :|:& };:; sleep 30", 2,
     lambda r: equal(r.timed_out, True)),
    ("fork bomb that leaves", "bash", "b(){ b & b & }; b >/dev/null 2>&1; echo out", 5,
     lambda r: equal(r.stdout, "out\n")),
    ("forks with sessions of their own", "python",
     "import os\ntry:\n    while True:\n        if not os.fork():\n            os.setsid()\n"
     "            __import__('time').sleep(60)\n"
     "except OSError as e: print(e.errno)", 15, lambda r: equal(r.stdout, "11\n")),
    ("threads", "python",
     "import threading, time\ntry:\n    while True: threading.Thread(target=time.sleep, "
     "args=(60,), daemon=True).start()\n"
     "except RuntimeError: print('enough')", 15, lambda r: equal(r.stdout, "enough\n")),
    ("double forks and subreapers", "python",
     "import os, ctypes\nctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\nfor _ in range(30):\n"
     "    if not os.fork():\n        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
     "        if not os.fork():\n            os.setsid(); __import__('time').sleep(60)\n"
     "        os._exit(0)\nprint('x')", 10, lambda r: equal(r.stdout, "x\n")),
    ("stopped, blocked and ignoring children", "python",
     "import os, signal\nfor i in range(9):\n    if not os.fork():\n        os.setsid()\n"
     "        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
     "        os.kill(os.getpid(), signal.SIGSTOP); __import__('time').sleep(60)\nprint('x')", 10,
     lambda r: equal(r.stdout, "x\n")),
    ("memory in one piece", "python",
     "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1", 15,
     lambda r: ensure(r.error_type in ("ProcessSignalError", "MemoryError", "OutOfMemoryError"),
     dict(r))),
    ("memory spread over forty", "python", SPREAD, 15,
     lambda r: ensure((r.stdout, r.outcome) == ("spread\n", "ok") or r.outcome in ("oom", "signal"),
     dict(r))),
    ("memory by recursion", "python",
     "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()", 15,
     lambda r: ensure(r.error_type in ("ProcessSignalError", "MemoryError", "RecursionError",
     "OutOfMemoryError"), dict(r))),
    ("memory populated by the kernel", "python", "import mmap\n"
     "mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000)\n"
     "print('got it')", 15,
     lambda r: equal(r.stdout, "")),
    ("memory in a memfd", "python",
     "import os\nf = os.memfd_create('x')\nwhile True: os.write(f, bytes(1 << 20))", 15,
     lambda r: ensure(r.error, dict(r))),
    ("memory in Bash", "bash", "x=x; while :; do x=$x$x; done", 15, lambda r: ensure(r.error,
     dict(r))),
    ("memory in a pipe of cat and tail", "bash", "cat /dev/zero | tail", 15,
     lambda r: ensure(r.error, dict(r))),
    ("/tmp, HOME and /dev/shm full", "bash",
     "for f in /tmp/f ~/f /dev/shm/f; do head -c 100M /dev/zero >$f; done 2>/dev/null; echo x "
     ">~/late && test -s ~/late || echo full; du -sm /tmp ~ /dev/shm 2>/dev/null | cut -f1 | "
     "xargs",
     15, lambda r: equal(r.stdout.split("\n")[0], "full")),
    ("cleaning up again", "bash",
     "rm -f /tmp/f ~/f ~/late /dev/shm/f; echo ok >~/o; cat ~/o; rm ~/o", 15,
     lambda r: equal(r.stdout, "ok\n")),
    ("inodes", "python",
     "n = 0\ntry:\n    while n < 200000:\n        open(f'/tmp/i{n}', 'w').close(); n += 1\n"
     "except OSError as e: print(e.errno)", 20,
     lambda r: equal(r.stdout, "28\n")),
    ("inodes freed", "bash", "find /tmp -name 'i*' -delete; echo x >/tmp/x && echo ok", 20,
     lambda r: equal(r.stdout, "ok\n")),
    ("yes", "bash", "yes", 15, lambda r: output_limit(r)),
    ("output without a line end", "bash", "cat /dev/zero", 15, lambda r: output_limit(r)),
    ("output on both streams", "python",
     "import os\nwhile True: os.write(1, b'o' * 65536); os.write(2, b'\\xff' * 65536)", 15,
     lambda r: output_limit(r)),
    ("output by forty writers", "bash", "for i in $(seq 40); do yes & done; wait", 15,
     lambda r: output_limit(r)),
    ("fifty spinning threads", "python", "import threading\ndef f():\n    while True: pass\n"
     "for _ in range(50): threading.Thread(target=f).start()", 2,
     lambda r: equal(r.timed_out, True)),
    ("spinning processes", "bash", "for i in $(seq 40); do while :; do :; done & done; wait", 2,
     lambda r: equal(r.timed_out, True)),
    ("a storm of timers", "python",
     "import signal, time\nsignal.signal(signal.SIGALRM, lambda *a: None)\n"
     "signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)\nend = time.time() + 1\n"
     "while time.time() < end: pass\nprint('x')", 10, lambda r: equal(r.stdout, "x\n")),
    ("signals queued to oneself", "python",
     "import os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [40])\nfor _ in range(100000):\n"
     "    os.kill(os.getpid(), 40)\nprint('x')", 10, lambda r: equal(r.stdout, "x\n")),
    ("opened files", "python", "import os\nn = 0\ntry:\n    while True: os.open('/dev/null', 0); n "
     "+= 1\nexcept OSError as e: print(e.errno, n < 70000)", 10,
     lambda r: equal(r.stdout, "24 True\n")),
    ("three hundred directories deep", "bash",
     "cd /tmp/output; for i in $(seq 300); do mkdir d$i && cd d$i; done; touch f; echo x", 15,
     lambda r: equal(r.stdout, "x\n")),
    ("thousands of output files", "bash", "cd /tmp/output; seq 1500 | xargs touch; echo x", 15,
     lambda r: equal(r.stdout, "x\n")),
    ("an output file whose writer is there to the last", "bash",
     "(while :; do echo x; done >/tmp/output/g) & sleep 0.3; echo x", 10, lambda r: equal(
     (r.stdout, r.content("g").replace(b"x\n", b"")), ("x\n", b""))),
]
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, **SMALL) as gateway,
    ):
        session = gateway.session()
        for name, language, code, timeout, check in BOMBS:

            @tap.row(f"survived: {name}")
            def _():
                nonlocal session
                began = time.monotonic()
                response = session.ask(code, language, timeout=timeout)
                ensure(time.monotonic() - began < timeout + 25, time.monotonic() - began)
                equal(response.status, 200, repr(response)[:800])
                try:
                    result = Result(response.json)
                    if check:
                        check(result)
                    session.answers()
                    equal(session.bash("ps -eo args= | grep -c '[s]leep 60'").stdout, "0\n")
                except Exception:
                    session.delete()  # the next row begins anew
                    session = gateway.session()
                    raise

        session.delete()

        @tap.row("survived: a fork bomb in one session, runs in another are served")
        def _():
            with gateway.session() as bad, gateway.session() as good:
                bomb = Background(lambda: bad.ask(":(){ :|:& };:; sleep 30", "bash", timeout=3))
                for _ in range(10):
                    good.answers()
                equal(bomb.answer(40).status, 200)
                bad.answers()

        @tap.row("survived: health is answered while every slot burns")
        def _():
            sessions = [gateway.session() for _ in range(4)]
            burning = [
                Background(
                    lambda s=s: s.ask(
                        "for i in 1 2 3 4; do while :; do :; done & done; wait", "bash", timeout=3
                    )
                )
                for s in sessions
            ]
            for _ in range(20):
                equal(gateway.ask("GET", "/healthz", timeout=20).status, 200)
            equal([b.answer(60).status for b in burning], [200] * 4)
            for one in sessions:
                one.answers()
                one.delete()

    # As documented, the defaults allow more tmpfs than memory: the session may be lost, cleanly.
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            SANDBOX_MEM_LIMIT="128m",
            SANDBOX_TMP_ROOT_SIZE="512m",
            SANDBOX_HOME_TMPFS_SIZE="256m",
        ) as gateway,
    ):

        @tap.row("survived: more tmpfs than memory: the session answers or is gone and says so")
        def _():
            with gateway.session() as session:
                response = session.ask(
                    "head -c 400M /dev/zero >/tmp/f; head -c 200M /dev/zero >~/f; "
                    "head -c 100M /dev/zero >/dev/shm/f; echo x",
                    "bash",
                    timeout=20,
                )
                ensure(response.status in (200, 404, 503), response)
                again = session.ask("print(6 * 7)")
                if again.status == 200 and again.json["outcome"] == "session_lost":
                    equal(again.json["error_type"], "GatewayError", repr(again))
                    equal(session.inspect().status, 404)
                elif again.status == 200 and again.json["outcome"] in ("oom", "infra"):
                    # No memory for the run, or none to start it: told so, and not with its output.
                    ensure(again.json["error_type"] in ("ProcessSignalError", "GatewayError"), again)
                elif again.status == 200:
                    equal((again.json["stdout"], again.json["error"]), ("42\n", None), repr(again))
                else:
                    equal(again.status, 404)
                    ensure(again.detail in LOST, again)
                    eventually(lambda: not gateway.docker.exists(session.id), 30, "removed")


def output_limit(result):
    ensure("OutputLimit" in str(result.error_type), {k: str(v)[:200] for k, v in result.items()})
    ensure(len(result.stdout) < 110000, len(result.stdout))
