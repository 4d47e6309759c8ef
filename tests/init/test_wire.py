# SPDX-License-Identifier: Apache-2.0
"""The conversation: who may say what when, and what ends a run or the sandbox."""

import os
import time

from support import wire
from support.wire import Outcome, Type, frame

from . import box as boxes
from .box import Box
from .rows import row

SLEEP = "import time; print('up'); time.sleep(60)"
BEAT = "import time; print('up')\nwhile True: open('beat', 'w').close(); time.sleep(0.05)"


def wait_until_up(box):
    said = b""
    while said != b"up\n":
        kind, payload = box.next()
        assert kind == Type.STDOUT, payload
        said += payload


def ended_before(box, seconds):
    """Whether BEAT had ended so long before the SYNC of this run, which would have ended it."""
    r = box.run("import os, time; print(time.time() - os.stat('beat').st_mtime); os.remove('beat')")
    assert float(r.out) > seconds, r


def running(box, code=SLEEP, **fields):
    box.sync(**fields)
    box.start(code)
    wait_until_up(box)


@row("wire: READY repeats the nonce and tells the protocol")
def ready(box):
    nonce = os.urandom(16)
    box.epoch += 1
    box.send(wire.begin(wire.Sync(epoch=box.epoch, nonce=nonce, protocol=99)))
    kind, payload = box.next()
    assert (kind, wire.Ready.unpack(payload)) == (Type.READY, wire.Ready(nonce, 1)), payload


@row("wire: everything may follow SYNC in one write, in any pieces")
def pieces(box):
    for size in (1, 7, 1000):
        box.epoch += 1
        data = wire.begin(wire.Sync(epoch=box.epoch)) + wire.put_run("print(1)", wire.Run())
        data = data[-2000:] if size == 1 else data
        if size == 1:                      # without the flush: too slow a byte at a time
            data = frame(Type.SYNC, wire.Sync(epoch=box.epoch).pack()) + wire.put_run(
                "print(1)", wire.Run())
        for at in range(0, len(data), size):
            box.send(data[at:at + size])
        assert box.next()[0] == Type.READY
        assert box.collect().out == b"1\n"


@row("wire: a half frame of a dead worker does not matter")
def half_frames(box):
    whole = wire.put_run("print('stale')", wire.Run())
    for cut in (1, 5, 8, 9, 30, len(whole) - 1, len(whole)):
        box.sync()
        box.send(whole[:cut])
        box.sync()
        box.start("print('fresh')")
        assert box.collect().out == b"fresh\n", cut


@row("wire: half a DATA frame of full size does not matter")
def half_data(box):
    box.sync()
    box.send(frame(Type.FILE, wire.File(wire.Kind.INPUT, 8192, b"x").pack()))
    box.send(frame(Type.DATA, b"\xff" * 4096)[:100])
    box.answers()
    assert box.bash("ls -A").out == b""


@row("wire: a lower epoch is ignored and so is all that follows it")
def lower_epoch(box):
    box.sync()
    box.send(wire.begin(wire.Sync(epoch=box.epoch - 1)) + wire.put_run("print(1)", wire.Run()))
    assert box.silent(0.3) and box.sync() == []
    box.answers()


@row("wire: an equal epoch is taken")
def equal_epoch(box):
    box.sync()
    box.sync(epoch=box.epoch)
    box.answers()


@row("wire: nothing is done before SYNC")
def before_sync():
    with Box() as box:
        box.send(wire.put_run("print(1)", wire.Run()) + frame(Type.BYE) + frame(Type.CANCEL))
        assert box.silent(0.3) and box.sync() == []
        box.answers()


@row("wire: garbage before the first SYNC is no conversation")
def garbage_before():
    with Box() as box:
        box.send(bytes(range(1, 256)) * 3)
        box.answers()


BROKEN = [bytes([200]) + bytes(7), frame(Type.RUN)[:1] + b"\1" + bytes(6),
          b"\1\0\0\0\0\0\x10\x01", bytes(range(1, 200))]


@row("wire: a broken header after READY ends the sandbox")
def broken_header():
    for data in BROKEN:
        with Box() as box:
            box.sync()
            box.send(data)
            assert box.status() == 71, data


@row("wire: a broken header in a muted conversation ends it, too")
def broken_while_muted():
    with Box() as box:
        box.sync()
        box.send(frame(Type.RUN, b"nonsense"))
        box.send(bytes([77]) + bytes(7))
        assert box.status() == 71


NOT_UNDERSTOOD = [
    ("RUN without code", frame(Type.RUN, wire.Run().pack())),
    ("RUN that does not decode", frame(Type.RUN, b"\1\2\3")),
    ("an id with a path", wire.put_run("print(1)", wire.Run(id=b"../x"))),
    ("an empty id", wire.put_run("print(1)", wire.Run(id=b""))),
    ("an id that is too long", wire.put_run("print(1)", wire.Run(id=b"e" * 33))),
    ("an argument with NUL", wire.put_run("print(1)", wire.Run(argv=["a\0b"]))),
    ("a language that is none", wire.put_run("print(1)", wire.Run(language=4))),
    ("DATA without FILE", frame(Type.DATA, b"x")),
    ("FILE in FILE", frame(Type.FILE, wire.File(1, 5, b"a").pack()) * 2),
    ("more DATA than announced", frame(Type.FILE, wire.File(1, 1, b"a").pack()) + frame(Type.DATA, b"xy")),
    ("fewer DATA than announced", frame(Type.FILE, wire.File(1, 3, b"a").pack()) + frame(Type.DATA, b"x") + frame(Type.DATA)),
    ("RUN amid a FILE", wire.put_file(wire.Kind.CODE, b"", b"print(1)") + frame(Type.FILE, wire.File(1, 3, b"a").pack()) + frame(Type.RUN, wire.Run().pack())),
    ("two sources", wire.put_file(wire.Kind.CODE, b"", b"1") * 2),
    ("a source with a name", wire.put_file(wire.Kind.CODE, b"n", b"1")),
    ("an output as input", frame(Type.FILE, wire.File(3, 1, b"a").pack())),
    ("a name with dots", wire.put_file(wire.Kind.INPUT, b"../a", b"1")),
    ("an absolute name", wire.put_file(wire.Kind.INPUT, b"/tmp/a", b"1")),
    ("a name with NUL", wire.put_file(wire.Kind.INPUT, b"a\0b", b"1")),
    ("an empty name", wire.put_file(wire.Kind.INPUT, b"", b"1")),
    ("too many files", b"".join(wire.put_file(wire.Kind.INPUT, b"f%d" % i, b"") for i in range(1025))),
    ("READY from the gateway", frame(Type.READY, wire.Ready().pack())),
    ("EXIT from the gateway", frame(Type.EXIT, wire.Exit().pack())),
    ("LEASE with a payload", frame(Type.LEASE, b"x")),
    ("CANCEL with a payload", frame(Type.CANCEL, b"x")),
    ("BYE with a payload", frame(Type.BYE, b"x")),
    ("SYNC that does not decode", frame(Type.SYNC, b"x")),
]


def declare(what, data):
    @row(f"wire: {what} mutes the conversation until SYNC")
    def check(box):
        box.sync()
        box.send(data + wire.put_run("open('muted', 'w'); print('muted')", wire.Run()))
        assert box.silent(0.15) and box.sync() == []
        assert box.bash("ls -A").out == b""    # not even begun
        box.answers()


for case in NOT_UNDERSTOOD:
    declare(*case)


@row("wire: RUN during a run mutes, and the lease still ends the run")
def run_in_run(box):
    running(box, BEAT, lease_ms=3500)
    box.start("print('second')")
    box.send(frame(Type.LEASE))            # is not heard any more
    assert box.silent(6) and box.sync() == []
    ended_before(box, 1)
    box.answers()


@row("wire: SYNC ends what runs, without a word of it")
def sync_during_run(box):
    running(box)
    assert box.sync() == []
    box.start("print('next')")
    r = box.collect()                      # which any other word would spoil
    assert (r.out, r.exit.outcome) == (b"next\n", Outcome.EXITED), r


@row("wire: SYNC forgets files that have come")
def sync_forgets_files(box):
    box.sync()
    box.send(wire.put_file(wire.Kind.INPUT, b"stale", b"x") + wire.put_file(wire.Kind.CODE, b"", b"print(2)"))
    box.answers()
    assert box.bash("ls -A").out == b""


@row("wire: files that RUN never fetched are not seen by user code")
def no_stage(box):
    assert box.bash("ls -A; rm in", files=[("in", b"x")]).out == b"in\n"


@row("wire: CANCEL ends the run and keeps the session")
def cancel(box):
    running(box)
    box.send(frame(Type.CANCEL))
    r = box.collect()
    assert (r.exit.outcome, r.exit.status) == (Outcome.CANCELLED, 0), r
    box.start("print('next')")
    assert box.collect().out == b"next\n"


@row("wire: CANCEL without a run is ignored")
def cancel_nothing(box):
    box.sync()
    box.send(frame(Type.CANCEL))
    box.start("print(1)")
    assert box.collect().out == b"1\n"


@row("wire: LEASE keeps a run alive")
def lease_renewed(box):
    box.sync(lease_ms=3000)
    box.start("import time; time.sleep(5); print('done')")
    for _ in range(6):
        time.sleep(0.8)
        box.send(frame(Type.LEASE))
    assert box.collect().out == b"done\n"


@row("wire: a run ends with its lease, and the session waits for SYNC")
def lease_expired(box):
    running(box, BEAT, lease_ms=2000)
    assert box.silent(4)
    box.send(wire.put_run("open('late', 'w'); print('late')", wire.Run()))
    assert box.silent(0.2) and box.sync() == []
    ended_before(box, 1)
    assert box.bash("ls -A").out == b""
    box.answers()


@row("wire: a run ends at its time-out, with what it has printed")
def timeout(box):
    began = time.monotonic()
    r = box.run("print('part', end=''); import time; time.sleep(60)", timeout_ms=400)
    assert (r.out, r.exit.outcome) == (b"part", Outcome.TIMED_OUT), r
    assert 0.4 <= time.monotonic() - began and 400000 <= r.exit.wall_us, r.exit
    r = box.bash("trap '' TERM INT HUP; while :; do :; done", timeout_ms=300)
    assert r.exit.outcome == Outcome.TIMED_OUT, r
    box.answers()


@row("wire: BYE kills, empties and ends")
def bye():
    with Box() as box:
        running(box)
        box.send(frame(Type.BYE))
        assert box.next() == (Type.BYE, b"")
        assert box.status() == 0


@row("wire: BYE is answered at once by an idle session")
def bye_idle():
    with Box() as box:
        box.answers()
        box.sync()
        box.send(frame(Type.BYE))
        assert box.next() == (Type.BYE, b"") and box.status() == 0


@row("wire: the end of standard input ends the sandbox")
def end_of_input():
    with Box() as box:
        box.answers()
        box.process.stdin.close()
        assert box.status() == 0


@row("wire: the lifetime of the command line holds before SYNC")
def lifetime():
    with Box(lifetime="1") as box:
        assert box.status() == 70


@row("wire: SYNC cannot move the lifetime of the command line")
def hard_lifetime():
    with Box(lifetime="6") as box:
        running(box, lifetime_ms=600000)
        assert box.status() == 70


@row("wire: SYNC can shorten the lifetime")
def short_lifetime():
    with Box() as box:
        box.sync(lifetime_ms=500)
        assert box.status() == 70


@row("wire: a sandbox that nobody uses ends")
def idle():
    with Box(args=["--lifetime", "60", "--idle", "1"]) as box:
        assert box.status() == 73
    with Box() as box:
        box.sync(idle_ms=2000)
        box.start("import time; time.sleep(3)")
        assert box.collect().exit.outcome == Outcome.EXITED
        assert box.status() == 73


USAGE = [[], ["--lifetime"], ["--lifetime", "0"], ["--lifetime", "x"], ["--lifetime", "-1"],
         ["--lifetime", "99999999999"], ["--frobnicate", "1"], ["--idle", "3"], ["--standby"],
         ["--lifetime", "60", "--standby", "1"]]


@row("wire: wrong arguments are refused with 64")
def usage():
    for args in USAGE:
        with Box(args=args) as box:
            assert box.status() == 64, args


@row("wire: it refuses to be root, or to have capabilities", docker=True)
def preflight():
    for extra in (["--user", "0:0"], ["--security-opt", "no-new-privileges=false"]):
        with Box(extra=extra) as box:
            assert box.status() == 64, extra


@row("wire: a reader who stalls does not stop the clocks")
def stalled_reader(box):
    box.sync(lease_ms=2500)
    box.start("import os\nwhile True: os.write(1, b'x' * 65536)", timeout_ms=500,
              max_chars=1 << 30, max_output_bytes=1 << 40)
    time.sleep(4)                          # deadline, then lease, while nobody reads
    box.answers()
    assert box.bash("pgrep -c -f os.write").out == b"0\n"


@row("wire: a reader who is slow gets everything")
def slow_reader(box):
    box.sync()
    box.start("import os\nfor i in range(64): os.write(1, bytes([65 + i % 26]) * 65536)",
              max_chars=1 << 30)
    time.sleep(1)
    r = box.collect()
    assert r.out == b"".join(bytes([65 + i % 26]) * 65536 for i in range(64)), len(r.out)
    assert r.exit.outcome == Outcome.EXITED


@row("wire: a lease that ends amid output files leaves a session")
def lease_amid_files(box):
    box.sync(lease_ms=1000)
    box.start("open('/tmp/output/a', 'wb').write(bytes(10485760)); "
              "open('/tmp/output/b', 'wb').write(bytes(10485760))")
    time.sleep(2)
    box.answers()
    assert box.bash("ls /tmp/output").out == b""


@row("wire: output and files follow the lead of their run")
def order_of_frames(box):
    box.sync()
    box.start("import sys; print(1); print(2, file=sys.stderr); open('/tmp/output/a', 'w').write('x')")
    kinds = []
    while not kinds or kinds[-1] != Type.EXIT:
        kinds.append(box.next()[0])
    assert kinds[-4:] == [Type.FILE, Type.DATA, Type.DATA, Type.EXIT], kinds


@row("warm: the interpreter goes when it is not used, and comes back", docker=True)
def cool(box):
    box.sync(warm_ms=2000)
    box.start("import os; print(os.getppid())")
    first = box.collect().out
    box.start("import os; print(os.getppid())")
    assert box.collect().out == first
    time.sleep(5)
    box.start("pgrep -c python3; true", wire.Language.BASH)
    assert box.collect().out == b"0\n"
    box.start("import os; print(os.getppid())")
    again = box.collect()
    assert again.out != first and again.exit.outcome == Outcome.EXITED, again


@row("warm: none is kept when none is wanted")
def never_warm(box):
    box.sync(warm_ms=0)
    for _ in range(2):
        box.start("print(1)")
        assert box.collect().out == b"1\n"
    box.start("pgrep -c python3; true", wire.Language.BASH)
    assert box.collect().out == b"0\n"
    box.answers()


@row("warm: each run has a child of its own, of one interpreter", docker=True)
def spare_per_run(box):
    code = "import os; print(os.getppid(), os.getpid())"
    runs = [box.run(code).out.split() for _ in range(5)]
    assert len({parent for parent, _ in runs}) == 1 and len({pid for _, pid in runs}) == 5, runs


@row("warm: a spare that a script killed or stopped is replaced")
def hurt_spare(box):
    for signal in ("KILL", "STOP", "TERM", "INT"):
        r = box.bash(f"pkill -{signal} -n python3; echo $?")
        assert r.exit.outcome == Outcome.EXITED, r
        box.answers()


@row("memory of an idle session is small", docker=True)
def memory():
    with Box() as box:
        box.answers()
        box.sync(warm_ms=200)
        time.sleep(1)
        r = box.bash("awk '/RssAnon/ { print $2 }' /proc/1/status")
        assert int(r.out) < 1024, r
