# SPDX-License-Identifier: Apache-2.0
"""The standby renderer: when it waits, which run gets it, and what becomes of it otherwise.

Most rows put a shell in the place of node.  Its main.js notes its birth in HOME and then does what
its job says; before that it may misbehave, the first time it is started in a sandbox.
"""

import contextlib
import itertools
import os
import pathlib
import tempfile

from support import wire
from support.wire import Language, Outcome, Type

from . import box as boxes
from .box import Box
from .rows import row

NODE = "#!/bin/sh\nexec /bin/bash \"$1\"\n"
MAIN = """
echo $$ >>~/born
if [ "$(wc -l <~/born)" = 1 ]; then
    {first}
fi
job=$(cat)
eval "$job"
"""

# The same with the real node; the rest of what it is told is JavaScript.
REAL_MAIN = """
const fs = require('fs');
fs.appendFileSync('born', process.pid + '\\n');
eval(fs.readFileSync(0, 'utf8'));
"""
BORN = "cat ~/born; echo me $$"
MISSING = b"Package not installed"


@contextlib.contextmanager
def standby(first="true", args=("--standby",), node=NODE, main=MAIN, image=""):
    """A sandbox with this renderer."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        program, script = pathlib.Path(directory, "node"), pathlib.Path(directory, "main.js")
        script.write_text(main.format(first=first) if main is MAIN else main)
        program.write_text(node)
        program.chmod(0o755)
        renderer = boxes.Renderer(str(script), str(program) if node else "")
        with Box(args=["--lifetime", boxes.LIFETIME, *args], image=image,
                 renderer=renderer) as box:
            yield box


def render(box, job, **fields):
    return box.run(job, Language.RENDER, **fields)


def exited(result, status=0):
    assert (result.exit.outcome, result.exit.status) == (Outcome.EXITED, status), result
    return result.out.decode()


def born(box):
    """Who has been started so far, and whether the one that got this job was the last of them."""
    *pids, me = exited(render(box, BORN)).splitlines()
    assert me == f"me {pids[-1]}", (pids, me)
    return len(pids)


def has_no_sleeper(box):
    assert exited(box.bash("ps -A -o args= | grep -c '[s]leep 6'; true")) == "0\n"


@row("standby: the first render gets the one that waits")
def first():
    with standby() as box:
        assert born(box) == 1


@row("standby: it waits since the sandbox began, and no interpreter does")
def waits():
    age = "read up _ </proc/uptime; set -- $(cat /proc/$$/stat); echo $((${up/./} - ${22}))"
    with standby() as box:
        box.sync()
        assert box.silent(0.5)
        ticks, pythons = exited(render(box, age + "; pgrep -c python3; true")).split()
        assert int(ticks) >= 45 and pythons == "0", (ticks, pythons)


@row("standby: a second render is a cold start")
def second():
    with standby() as box:
        assert [born(box) for _ in range(3)] == [1, 2, 3]


@row("standby: a SYNC alone does not end it")
def syncs():
    with standby() as box:
        for _ in range(3):
            box.sync()
        assert born(box) == 1


@row("standby: without --standby a render is a cold start")
def without():
    with standby(args=()) as box:
        assert exited(box.bash("cat ~/born 2>/dev/null; echo none")) == "none\n"
        assert born(box) == 1
        box.answers()


@row("standby: the job arrives whole, with its files, and its outputs come back")
def whole():
    with standby() as box:
        end = "echo ${#job}; cat deck/a; mkdir /tmp/output/s; cp deck/a /tmp/output/s/b"
        job = "#" + "x" * (wire.JOB_MAX - len(end) - 2) + "\n" + end
        result = render(box, job, files=[("deck/a", b"\0slide")])
        assert exited(result) == f"{wire.JOB_MAX}\n\0slide", result
        assert [(f.name, data) for f, data in result.files] == [(b"s/b", b"\0slide")], result


@row("standby: a job that is too large is refused")
def too_large():
    for args in ((), ("--standby",)):
        with standby(args=args) as box:
            result = render(box, "x" * (wire.JOB_MAX + 1))
            assert result.exit.outcome == Outcome.NO_START, result
            assert result.exit.reason == b"Message too long", result
            box.answers()


@row("standby: its end is the run's")
def ends():
    for job, outcome, status in (("exit 3", Outcome.EXITED, 3),
                                 ("kill -9 $$", Outcome.SIGNALED, 9)):
        with standby() as box:
            result = render(box, "echo out; echo err >&2; " + job)
            assert (result.exit.outcome, result.exit.status) == (outcome, status), result
            assert (result.out, result.err) == (b"out\n", b"err\n"), result


@row("standby: a render has a deadline and ceilings like any run")
def stopped():
    for fields, outcome in (({"timeout_ms": 500}, Outcome.TIMED_OUT),
                            ({"max_output_bytes": 5000}, Outcome.OUTPUT_LIMIT)):
        with standby() as box:
            result = render(box, "yes | head -c 6000; sleep 600", **fields)
            assert result.exit.outcome == outcome, result
            has_no_sleeper(box)


@row("standby: a render can be cancelled")
def cancelled():
    with standby() as box:
        box.sync()
        box.start("echo up; sleep 600", Language.RENDER)
        assert box.next() == (Type.STDOUT, b"up\n")
        box.send(wire.frame(Type.CANCEL))
        assert box.collect().exit.outcome == Outcome.CANCELLED
        has_no_sleeper(box)


@row("standby: a SYNC ends a render without a word")
def aborted():
    with standby() as box:
        box.sync()
        box.start("echo up; sleep 600", Language.RENDER)
        assert box.next() == (Type.STDOUT, b"up\n")
        box.sync()
        has_no_sleeper(box)
        assert born(box) == 2


@row("standby: BYE ends it")
def bye():
    with standby() as box:
        box.sync()
        box.send(wire.frame(Type.BYE))
        assert box.next()[0] == Type.BYE and box.status() == 0


@row("standby: what it has started before its job is gone after it")
def browser():
    for job, left in (("echo hi", 2), ("kill %1 %2; wait; echo hi", 0)):
        with standby("sleep 600 >/dev/null 2>&1 & setsid sleep 601 >/dev/null 2>&1 &") as box:
            result = render(box, job)
            assert (exited(result), result.exit.survivors) == ("hi\n", left), result
            has_no_sleeper(box)


@row("standby: what it starts for its job is gone after it")
def survivors():
    with standby() as box:
        result = render(box, "setsid sleep 600 >/dev/null 2>&1 & echo hi")
        assert exited(result) == "hi\n" and result.exit.survivors == 1, result
        has_no_sleeper(box)


@row("standby: any other run ends it first, and all that it has started")
def others():
    with standby("sleep 600 & sleep 601") as box:
        result = box.bash("ps -A -o args= | grep -cE '[s]leep 6|[m]ain.js'; echo bash >>~/born")
        assert exited(result) == "0\n" and result.exit.survivors == 0, result
        result = render(box, BORN)
        *before, _, last, me = exited(result).splitlines()
        assert len(before) <= 1 and me == f"me {last}", result
    with standby("sleep 600 & sleep 601") as box:
        box.answers()
        has_no_sleeper(box)


@row("standby: a render whose files cannot be kept ends it")
def no_files():
    with standby("sleep 600 & sleep 601") as box:
        result = render(box, BORN, files=[("big", bytes(80 << 20))])
        assert result.exit.outcome == Outcome.NO_FILES and result.exit.survivors == 0, result
        result = box.bash("echo 1 >>~/born; echo 2 >>~/born")
        assert exited(result) == "" and result.exit.survivors == 0, result
        assert exited(render(box, BORN))


# Before it has read a byte of its job, the first time.
DEATHS = ["exit 0", "exit 3", "kill -9 $$", "echo said; setsid sleep 600 & exit 0"]


@row("standby: one that dies before its job is started again with it")
def dies():
    for death, wait in itertools.product(DEATHS, (False, True)):
        with standby(death) as box:
            box.sync()
            assert not wait or box.silent(0.3)
            result = render(box, BORN)
            *_, dead, alive, me = exited(result).splitlines()
            assert dead != alive and me == f"me {alive}" and result.exit.survivors == 0, result
            has_no_sleeper(box)


@row("standby: one that dies whenever it is started is no start")
def always_dies():
    for args in ((), ("--standby",)):
        with standby(args=args, main="echo why >&2; exit 1") as box:
            result = render(box, BORN)
            assert result.exit.outcome == Outcome.NO_START, result
            assert result.exit.reason == b"The renderer has ended", result
            box.answers()


@row("standby: one that floods its pipes before its job waits for it")
def floods():
    with standby("head -c 300000 /dev/zero | tee /dev/stderr") as box:
        box.sync()
        assert box.silent(0.3)
        result = render(box, "echo hi", max_chars=1 << 20)
        assert exited(result) == "\0" * 300000 + "hi\n" and len(result.err) == 300000, result


@row("standby: one that does not read its job is stopped in time")
def deaf():
    for first in ("sleep 600", "exec <&-; sleep 600", "kill -STOP $$"):
        with standby(first) as box:
            result = render(box, "x" * wire.JOB_MAX, timeout_ms=500)
            assert result.exit.outcome == Outcome.TIMED_OUT, result
            box.answers()
            has_no_sleeper(box)


@row("standby: it is confined and starts as user code does")
def confined():
    facts = ("cat /proc/$$/oom_score_adj; grep ^Seccomp: /proc/$$/status; pwd; ls /proc/$$/fd;"
             "[ $$ = $(ps -o sid= $$) ] && echo leads; kill -9 1 2>/dev/null || echo denied")
    with standby() as box:
        said = exited(render(box, facts)).split()
        assert said == ["1000", "Seccomp:", "2", "/home/sandbox", "0", "1", "2", "255", "leads",
                        "denied"], said


@row("standby: without a renderer a render is no start, and all else works")
def missing():
    with Box(args=["--lifetime", boxes.LIFETIME, "--standby"], extra=boxes.NO_RENDERER) as box:
        result = render(box, BORN)
        assert (result.exit.outcome, result.exit.reason) == (Outcome.NO_START, MISSING), result
        box.answers()
        assert exited(box.bash("echo hi")) == "hi\n"


@row("standby: node reads its job whole and can start processes", docker=True)
def real_node():
    job = ("const me = process.pid; fs.mkdirSync('/tmp/output/s', {recursive: true});"
           "fs.writeFileSync('/tmp/output/s/a', 'slide');"
           "console.log(fs.readFileSync('born', 'utf8').trim().split('\\n').length);"
           "require('child_process').spawn('sleep', ['600'], {detached: true, stdio: 'ignore'});"
           "process.exit(2);")
    with standby(node="", main=REAL_MAIN) as box:
        for starts in (1, 2):
            result = render(box, job.ljust(wire.JOB_MAX))
            assert exited(result, 2) == f"{starts}\n", result
            assert result.files[0][1] == b"slide" and result.exit.survivors == 1, result
        has_no_sleeper(box)
        box.answers()
