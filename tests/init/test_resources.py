# SPDX-License-Identifier: Apache-2.0
"""What user code can exhaust, and what is left then: security 4.5."""

import time

from support.wire import Outcome

from .box import Box
from .rows import row

BOMB = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n"


def usable_or_gone(box):
    """True when the session answers, False when the sandbox has ended; it never hangs."""
    try:
        box.answers()
    except (EOFError, BrokenPipeError):
        box.process.wait(30)
        return False
    return True


@row("resources: a fork bomb ends at its time-out, and nothing of it is left", docker=True)
def fork_bomb(box):
    r = box.run(BOMB, timeout_ms=700)
    assert r.exit.outcome == Outcome.TIMED_OUT, r
    box.answers()
    assert int(box.bash("pgrep -c python3").out) < 5


@row("resources: a fork bomb whose main process leaves is found and ended", docker=True)
def fork_bomb_survivors(box):
    r = box.run("import os\nfor i in range(100):\n  if os.fork() == 0:\n    os.setsid()\n"
                "    import time; time.sleep(100)\n")
    assert r.exit.outcome == Outcome.EXITED and r.exit.survivors == 100, r
    r = box.bash(":(){ :|:& };:")
    assert r.exit.outcome in (Outcome.EXITED, Outcome.SIGNALED), r
    box.answers()


@row("resources: threads are counted, too", docker=True)
def threads(box):
    r = box.run("import threading, time\nn = 0\ntry:\n  while True:\n"
                "    threading.Thread(target=time.sleep, args=(100,), daemon=True).start(); n += 1\n"
                "except RuntimeError: print(n > 100)")
    assert r.out == b"True\n", r
    box.answers()


@row("resources: memory that is not there ends the run, not the session", docker=True)
def memory(box):
    r = box.run("x = bytearray(900 << 20)")
    assert (r.exit.outcome, r.exit.status, r.exit.oom) == (Outcome.SIGNALED, 9, 1), r.exit
    box.answers()
    r = box.run("import os\nx = []\nfor i in range(40):\n  if os.fork() == 0:\n    b = bytearray(30 << 20)\n"
                "    import time; time.sleep(2); os._exit(0)\nfor i in range(40): os.wait()", timeout_ms=8000)
    if usable_or_gone(box):
        r = box.run("print('x' * 10)")
        assert not r.exit.oom, r.exit


@row("resources: memfds count as memory", docker=True)
def memfd(box):
    box.sync()
    box.start("import os\nfd = os.memfd_create('x')\nwhile True: os.write(fd, bytes(1 << 20))")
    try:
        assert box.collect().exit.outcome == Outcome.SIGNALED
    except EOFError:
        return                             # PID 1 was chosen: nothing but a memfd was left to free
    usable_or_gone(box)


@row("resources: full file systems are the run's own problem", docker=True)
def disks(box):
    r = box.bash("head -c 70m /dev/zero >/tmp/a; head -c 70m /dev/zero >/home/sandbox/a; "
                 "head -c 40m /dev/zero >/dev/shm/a; echo done")
    assert r.out == b"done\n" and r.err.count(b"No space left") == 3, r
    box.answers()
    box.run("import os; os.remove('/tmp/a'); os.remove('/home/sandbox/a')")
    box.answers()


@row("resources: file systems larger than memory leave the session usable or gone", docker=True)
def disks_beyond_memory():
    big = ["--tmpfs", "/tmp:size=400m,mode=1777", "--shm-size", "400m"]
    with Box(memory="128m", extra=big) as box:
        box.sync()
        box.start("for d in ('/tmp/a', '/dev/shm/a'):\n  f = open(d, 'wb')\n"
                  "  try:\n    while True: f.write(bytes(1 << 20))\n  except OSError: pass")
        try:
            box.collect()
        except EOFError:
            return
        usable_or_gone(box)


@row("resources: inodes end before memory does")
def inodes(box):
    r = box.run("n = 0\ntry:\n  while True: open(f'/tmp/f{n}', 'w').close(); n += 1\n"
                "except OSError as e: print(e.strerror, n > 1000)")
    assert r.out == b"No space left on device True\n", r
    box.answers()
    r = box.bash("echo hi; find /tmp -maxdepth 1 -name 'f*' -delete")
    assert r.out == b"hi\n", r
    box.answers()


@row("resources: inodes used up below the output directory come back")
def inodes_in_output(box):
    r = box.run("import os\nos.chdir('/tmp/output')\ntry:\n  for i in range(10**6):\n"
                "    os.mkdir('d'); os.chdir('d'); open('f', 'w').close()\n"
                "except OSError as e: print(e.strerror)")
    assert r.out == b"No space left on device\n", r
    r = box.run("for i in range(3000): open(f'/tmp/output/{i}', 'w').close()", max_files=5)
    assert r.exit.status == 0 and r.exit.files_skipped == 2995, r


@row("resources: all processors busy, the time-out is kept", docker=True)
def busy(box):
    began = time.monotonic()
    r = box.run("import os\nfor i in range(6): os.fork()\nwhile True: pass", timeout_ms=1000)
    assert r.exit.outcome == Outcome.TIMED_OUT and time.monotonic() - began < 15, r
    box.answers()


@row("resources: memory full of files: who cannot start says why, and a script makes room", docker=True)
def full_of_files():
    with Box(memory="96m", extra=["--tmpfs", "/tmp:size=512m,mode=1777"]) as box:
        box.answers()
        box.bash("head -c 200m /dev/zero > /tmp/misc/zeros")
        for _ in range(6):
            r = box.run("print(1)")
            if r.exit.outcome == Outcome.NO_START:
                assert r.exit.reason.startswith(b"The sandbox is out of memory"), r
                assert r.out == b"", r
        box.bash("rm -f /tmp/misc/zeros")
        box.answers()


# Always one more dead process to wait for: each makes the next and ends.
ORPHANS = """
import os
print("go")
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        while True:
            try:
                if os.fork(): os._exit(0)
            except OSError: pass
while True: pass
"""


@row("resources: a run whose processes never stop dying is timed out all the same", docker=True)
def orphans(box):
    r = box.run(ORPHANS, timeout_ms=1500)
    assert (r.out, r.exit.outcome) == (b"go\n", Outcome.TIMED_OUT), r
    box.answers()


@row("resources: message queues are refused, and what lies among them goes", docker=True)
def queues(box):
    lines = box.run("import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
                    "open('/dev/mqueue/x', 'w').close()\nfd = os.open('/dev/mqueue/x', os.O_RDWR)\n"
                    "print(libc.syscall(242, fd, b'x', 1, 0, 0), ctypes.get_errno())")
    assert lines.out == b"-1 1\n" or lines.exit.status, lines
    assert box.bash("ls /dev/mqueue").out == b""


@row("resources: a stack that is too deep is the run's own end")
def stack(box):
    r = box.run("import sys, threading\nsys.setrecursionlimit(10**9)\ndef f(x): return [f(x)]\n"
                "class A:\n  def __repr__(self): return repr(self)\n"
                "import ctypes; ctypes.string_at(0)")
    assert (r.exit.outcome, r.exit.status) == (Outcome.SIGNALED, 11), r
    box.answers()


@row("resources: per-user kernel memory comes back", docker=True)
def pipes(box):
    r = box.run("import os\np = []\ntry:\n  while True: p.append(os.pipe())\nexcept OSError as e: print(e.errno)")
    assert r.out == b"24\n", r
    box.answers()


@row("resources: a limit set by a run does not reach the next")
def own_limits(box):
    r = box.bash("ulimit -n 10; ulimit -f 1; ulimit -t 1; nice -n 19 true; echo ok")
    assert r.out == b"ok\n", r
    r = box.bash("ulimit -n; ulimit -t; nice")
    assert r.out == b"1024\nunlimited\n0\n", r
