# SPDX-License-Identifier: Apache-2.0
"""What the interpreter imports ahead of a run, and that no run can get at it: design 5."""

import os
import tempfile
import textwrap
import time

from support.wire import Outcome

from .box import Box
from .rows import row

AUTO, NONE = b"auto", b"none"


def run(box, code, preload, warm_ms=60000, **fields):
    box.sync(preload=preload, warm_ms=warm_ms)
    box.start(textwrap.dedent(code), **fields)
    return box.collect()


def is_preloaded(box, preload, seconds, module="asyncio"):
    """Whether a run finds the module there before it imports anything; asked for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if run(box, f"import sys; print({module!r} in sys.modules)", preload).out == b"True\n":
            return True
        time.sleep(1)                      # a run ends an import that is on its way
    return False


@row("preload: nothing nobody asked for")
def nothing():
    with Box() as box:
        assert not is_preloaded(box, AUTO, 1)
        box.run("import asyncio")
        assert not is_preloaded(box, NONE, 1)


@row("preload: what an earlier run imported")
def seen():
    with Box() as box:
        assert run(box, "import asyncio", AUTO).exit.status == 0
        assert is_preloaded(box, AUTO, 60)
        box.answers()
        assert box.bash("echo hi").out == b"hi\n"
        assert is_preloaded(box, AUTO, 60)


@row("preload: a run waits for it where the ones before came too fast", docker=True)
def hurried():
    with Box() as box:
        found = [run(box, "import sys; print('asyncio' in sys.modules)", b"asyncio").out
                 for _ in range(6)]
        assert found[2:] == [b"True\n"] * 4, found


@row("preload: nothing once HOME has packages, whose version counts")
def own_packages():
    with Box() as box:
        assert run(box, "import asyncio", AUTO).exit.status == 0
        assert is_preloaded(box, AUTO, 60)
        box.bash("""
            d=$(python3 -m site --user-site); mkdir -p $d && echo "print('own')" >$d/yaml.py
            """)
        assert not is_preloaded(box, AUTO, 2)
        assert run(box, "import yaml", AUTO).out == b"own\n"
        box.bash("rm -rf ~/.local")
        assert is_preloaded(box, AUTO, 60)


@row("preload: a list, and of it only what is allowed")
def listed():
    with Box() as box:
        preload = b"asyncio, os.path, /tmp/evil, this"
        assert is_preloaded(box, preload, 60)
        assert run(box, "import sys; print('this' in sys.modules)", preload).out == b"False\n"


@row("preload: all of it, and a run is as it would be without", docker=True)
def everything():
    state = """
        import atexit, os, sys, tempfile
        import matplotlib, matplotlib.style, matplotlib.pyplot, matplotlib.texmanager
        print(sorted(os.environ.items()), sorted(os.listdir("/dev/shm")), os.getcwd(), sys.path)
        print(tempfile.gettempdir(), matplotlib.get_configdir(), matplotlib.get_cachedir())
        print(matplotlib.style.USER_LIBRARY_PATHS, matplotlib.texmanager.TexManager._cache_dir)
        print(sorted(matplotlib.rcParams.items()), matplotlib.matplotlib_fname())
        """
    with Box(memory="1g") as box:
        plain = run(box, state, NONE)
        modules = "numpy,pandas,scipy,matplotlib.pyplot,seaborn,sklearn,sympy,plotly.express,reportlab,pptx"
        preload = modules.encode()
        assert is_preloaded(box, preload, 60, "pptx")
        assert is_preloaded(box, preload, 1, "matplotlib.pyplot")
        warm = run(box, state, preload)
        assert plain.out.splitlines() == warm.out.splitlines(), (plain, warm)
        assert plain.err == warm.err == b""


@row("preload: random numbers differ from run to run", docker=True)
def random_numbers():
    draw = """
        import sys
        import random, numpy, sympy.core.random, scipy.stats
        print(random.random(), numpy.random.random(), sympy.core.random.rng.random(),
              scipy.stats.norm.rvs(), sep="\\n")
        """
    with Box(memory="1g") as box:
        preload = b"numpy,sympy,scipy.stats"
        assert is_preloaded(box, preload, 60, "scipy.stats")
        first, second = (run(box, draw, preload).out.split() for _ in range(2))
        assert len(first) == len(second) == 4 and not set(first) & set(second), (first, second)


# Files that libraries read when they are imported, and what they would do.
HOSTILE = """
    import os
    home = "/home/sandbox"
    owned = "import os, sys; open('/tmp/owned', 'a').write(str(os.getpid()))"
    for path in (".reportlab_mods", ".reportlab_settings", "reportlab_settings.py", "asyncio.py",
                 ".local/bin/gcc", ".local/bin/fc-list", ".local/bin/ldconfig"):
        os.makedirs(os.path.dirname(f"{home}/{path}"), exist_ok=True)
        with open(f"{home}/{path}", "w") as f:
            f.write(("#!/usr/bin/python3\\n" if "/bin/" in path else "") + owned)
        os.chmod(f"{home}/{path}", 0o755)
    os.makedirs(f"{home}/.config/matplotlib/stylelib")
    open(f"{home}/.config/matplotlib/stylelib/mine.mplstyle", "w").write("lines.linewidth: 77")
    open(f"{home}/.config/matplotlib/matplotlibrc", "w").write("lines.linewidth: 33")
    """


@row("preload: is not steered by files of the session", docker=True)
def apart():
    with Box(memory="1g") as box:
        assert run(box, HOSTILE, NONE).exit.status == 0
        preload = b"reportlab,matplotlib.pyplot,seaborn,sklearn,asyncio,docx"
        assert is_preloaded(box, preload, 60, "docx")
        r = run(box, "import os, sys; print(os.path.exists('/tmp/owned'), 'reportlab' in sys.modules)",
                preload)
        assert r.out == b"False True\n", r
        own = "import matplotlib.pyplot as p; print(p.rcParams['lines.linewidth'], 'mine' in p.style.library)"
        assert run(box, own, preload).out == b"33.0 True\n"
        run(box, "import shutil; shutil.rmtree('.config')", preload)
        assert run(box, own, preload).out == b"1.5 False\n"


@row("preload: what cannot be read at once is not looked at", docker=True)
def unreadable():
    with Box(memory="1g") as box:
        preload = b"matplotlib.pyplot"
        assert is_preloaded(box, preload, 60, "matplotlib.pyplot")
        for make in ("os.mkfifo(f'{at}/matplotlibrc')", "os.mkfifo(f'{at}/stylelib')",
                     "os.mkdir(f'{at}/stylelib'); os.mkfifo(f'{at}/stylelib/x.mplstyle')",
                     "os.mkdir(f'{at}/stylelib'); [open(f'{at}/stylelib/{i}.mplstyle', 'w') for i in range(1000)]"):
            code = f"import os; at = os.path.expanduser('~/.config/matplotlib'); os.makedirs(at, exist_ok=True); {make}"
            assert run(box, code, preload).exit.status == 0
            r = run(box, "print(1)", preload, timeout_ms=5000)
            assert r.out == b"1\n", (make, r)
            box.bash("rm -r ~/.config")


@row("preload: no run meets an interpreter that still imports", docker=True)
def unmet():
    look = """
        import os
        mine = os.getpid(), os.getppid(), 1
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            try:
                if pid not in mine and b"main.py" in open(f"/proc/{pid}/cmdline", "rb").read():
                    stat = open(f"/proc/{pid}/stat").read()
                    fields = stat.rsplit(")", 1)[1].split()
                    killed = int(fields[28]) & 1 << 8 or int(fields[6]) & 4    # it runs no more
                    if not killed: print(pid, stat)
            except OSError: pass
        """
    with Box(memory="1g") as box:
        preload = b"numpy,pandas,scipy,matplotlib.pyplot,sklearn,sympy"
        for wait in (0.12, 0.2, 0.3, 0.5):
            box.answers()
            box.sync(preload=preload)
            time.sleep(wait)
            r = run(box, look, preload)
            assert (r.exit.status, r.exit.survivors) == (0, 0), r
            assert not [line for line in r.out.splitlines() if b" Z " not in line], r
        assert is_preloaded(box, preload, 60, "sympy")


@row("preload: none is begun where no interpreter may stay, and nobody spins", docker=True)
def cold():
    with Box() as box:
        assert run(box, "import asyncio", AUTO).exit.status == 0
        box.sync(preload=b"asyncio", warm_ms=0)
        time.sleep(1)
        used = "print(sum(map(int, open('/proc/1/stat').read().rsplit(')', 1)[1].split()[11:13])))"
        before = int(run(box, used, b"asyncio", warm_ms=0).out)
        time.sleep(1)
        assert int(run(box, used, b"asyncio", warm_ms=0).out) - before < 30


@row("preload: an import that hangs or fails is given up, and runs do not notice", docker=True)
def broken():
    with Box(extra=["--tmpfs", "/dev/shm:size=0,mode=0555"]) as box:
        for _ in range(4):
            assert run(box, "print(1)", b"asyncio").out == b"1\n"
            time.sleep(0.4)
        assert not is_preloaded(box, b"asyncio", 1)


KILL_SPARE = """
import os, sys, time
def parent(pid):
    try: return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    except OSError: return -1
def is_python(pid):
    try: return "code-gateway/python/main.py" in open(f"/proc/{pid}/cmdline").read()
    except OSError: return False
spare = []
while not spare:
    pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    warm = [p for p in pids if is_python(p) and parent(p) == 1]
    spare = [p for p in pids if is_python(p) and parent(p) in warm]
script = int(sys.argv[1])
os.setsid()
open("/tmp/misc/ready", "w").close()
while os.path.exists(f"/proc/{script}"): pass
until = time.perf_counter() + float(sys.argv[2])
while time.perf_counter() < until: pass
os.kill(spare[0], 9)
os.closerange(0, 9)
time.sleep(1.5)
open("/tmp/misc/alive", "w").close()
time.sleep(600)
"""


@row("preload: who kills the spare interpreter cannot take its place", docker=True)
def usurped():
    script = ("python3 /tmp/misc/kill.py $$ {delay} & until [ -e /tmp/misc/ready ]; do :; done; "
              "rm /tmp/misc/ready")
    with Box() as box:
        box.run(f"open('/tmp/misc/kill.py', 'w').write({KILL_SPARE!r})")
        for i in range(24):
            box.answers()
            time.sleep(0.05)
            r = box.bash(script.format(delay=0.0004 * (i % 6)))
            assert r.exit.outcome == Outcome.EXITED and r.exit.survivors >= 1, (i, r)
        time.sleep(2)
        assert box.bash("ls /tmp/misc/alive").exit.status == 2
        box.answers()


# What an interpreter into which user code has got might say: its main.py, and why it is wrong.
LIARS = [
    ("is safe for ever", "while True: say(3)"),
    ("has a spare before it is safe", "say(1, os.fork() or wait())"),
    ("has spares nobody asked for", "say(3); [say(1, 7) for _ in range(9)]"),
    ("has a spare that is everybody", "say(3); say(1, 0xffffffff)"),
    ("has a spare that is PID 1", "say(3); say(1, 1)"),
    ("has seen a stranger's end", "say(3); say(1, os.fork() or wait()); say(2, 99)"),
    ("says what nobody knows", "say(9)"),
    ("says too little", "control.send(b'x')"),
    ("hangs up", "os.close(3); control.detach()"),
]

ENDS = (Outcome.NO_START, Outcome.SIGNALED, Outcome.TIMED_OUT)

LIAR = """
import os, socket, struct, time
control = socket.socket(fileno=3)
def say(kind, pid=0):
    control.send(struct.pack(">BIIQQ", kind, pid, 0, 0, 0))
def wait():
    time.sleep(600)
if os.fork() and os.fork(): {lie}
else: {lie}
wait()
"""


def add_liar(what, lie):
    @row(f"interpreter: one that {what} is ended", docker=True)
    def liar():
        with tempfile.NamedTemporaryFile("w", suffix=".py") as main:
            main.write(LIAR.format(lie=lie))
            main.flush()
            os.chmod(main.name, 0o644)
            place = "/usr/libexec/code-gateway/python/main.py"
            with Box(extra=["-v", f"{main.name}:{place}:ro"]) as box:
                r = box.run("print(1)", timeout_ms=1000)
                assert r.exit.outcome in ENDS, r
                for _ in range(5):         # what was begun meanwhile may be there, and not more
                    r = box.bash("echo hi; pgrep -f main.py")
                    assert r.out.startswith(b"hi\n") and len(r.out.split()) <= 4, r


for what, lie in LIARS:
    add_liar(what, lie)
