# SPDX-License-Identifier: Apache-2.0
"""What Python user code sees, and how it can end: contract 5.3, 5.5, 5.7, 5.13."""

import textwrap
import time

from support.wire import Outcome, Raised, Type, frame

from .box import PLACE
from .rows import row

TRACEBACK = "Traceback (most recent call last):\n"
IN_MODULE = '  File "<user_code>", line 1, in <module>\n'

NONE, EXCEPTION, EXIT = Raised.NOTHING, Raised.EXCEPTION, Raised.EXIT

# sentence, code, stdout, stderr, status, raised, type
OUTCOMES = [
    ("prints", 'print("hello")', "hello\n", "", 0, NONE, ""),
    ("may write to stderr and succeed", 'import sys; print("e", file=sys.stderr)', "", "e\n", 0, NONE, ""),
    ("shows warnings without a source line", 'import warnings; warnings.warn("w")', "", "<user_code>:1: UserWarning: w\n", 0, NONE, ""),
    ("raises", "1/0", "", TRACEBACK + IN_MODULE + "ZeroDivisionError: division by zero\n", 1, EXCEPTION, "ZeroDivisionError"),
    ("raises a bare class", "raise KeyError", "", TRACEBACK + IN_MODULE + "KeyError\n", 1, EXCEPTION, "KeyError"),
    ("names a class without its module", 'import json; json.loads("{")', None, None, 1, EXCEPTION, "JSONDecodeError"),
    ("takes the class from the object", 'class MyErr(Exception): pass\nraise MyErr("a\\nb: c")', "", None, 1, EXCEPTION, "MyErr"),
    ("keeps names with letters beyond ASCII", "class Fehlö(Exception): pass\nraise Fehlö", "", None, 1, EXCEPTION, "Fehlö"),
    ("drops a name that is none", 'raise type("a b<script>", (Exception,), {})', "", None, 1, NONE, ""),
    ("cuts a name that is too long to nothing worse", 'raise type("N" * 1000, (Exception,), {})', "", None, 1, EXCEPTION, "N" * 128),
    ("sees no names of an earlier run", "print(x)", "", TRACEBACK + IN_MODULE + "NameError: name 'x' is not defined\n", 1, EXCEPTION, "NameError"),
    ("displays a syntax error", "def foo(\n  b", "", TRACEBACK + '  File "<user_code>", line 1\n    def foo(\n           ^\nSyntaxError: \'(\' was never closed\n', 1, EXCEPTION, "SyntaxError"),
    ("exits", "import sys; sys.exit()", "", "", 0, NONE, ""),
    ("exits with 0", "import sys; sys.exit(0)", "", "", 0, NONE, ""),
    ("exits with 3", "import sys; sys.exit(3)", "", "", 3, NONE, ""),
    ("exits with 256 as the kernel sees it", "import sys; sys.exit(256)", "", "", 0, NONE, ""),
    ("exits with a number too big", "import sys; sys.exit(1 << 70)", "", "", 255, NONE, ""),
    ("exits with True", "import sys; sys.exit(True)", "", "", 1, NONE, ""),
    ("exits with text", 'import sys; sys.exit("bye now")', "", "bye now\n", 1, EXIT, ""),
    ("exits with text that looks like an error", 'import sys; sys.exit("Oops: bad")', "", "Oops: bad\n", 1, EXIT, ""),
    ("exits after a line on stderr", 'import sys; print("warn here", file=sys.stderr); sys.exit(3)', "", "warn here\n", 3, NONE, ""),
    ("has exit() and quit()", "exit(4)", "", "", 4, NONE, ""),
    ("leaves at once", 'print("a", end=""); import os; os._exit(5)', "a", "", 5, NONE, ""),
    ("raises a group", 'raise ExceptionGroup("g", [ValueError("v")])', "", None, 1, EXIT, ""),
    ("raises KeyboardInterrupt", "raise KeyboardInterrupt", "", None, 1, EXCEPTION, "KeyboardInterrupt"),
    ("finds an empty input", "input()", "", None, 1, EXCEPTION, "EOFError"),
    ("recurses too deep", "def f(): f()\nf()", "", None, 1, EXCEPTION, "RecursionError"),
    ("prints what UTF-8 cannot say", r'print("\ud800")', "", None, 1, EXCEPTION, "UnicodeEncodeError"),
    ("prints beyond the first plane", r'print("\U0001f600é")', "😀é\n", "", 0, NONE, ""),
    ("ignores a coding line", "# -*- coding: latin-1 -*-\nprint('é')", "é\n", "", 0, NONE, ""),
    ("imports from the future on its own", "from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)", "{'x': 'y'}\n", "", 0, NONE, ""),
    ("keeps its own hook", "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1/0", "hook ZeroDivisionError\n", "", 1, EXCEPTION, "ZeroDivisionError"),
    ("survives a hook that fails", "import sys\ndef h(*a): raise ValueError('h')\nsys.excepthook = h\n1/0", "", None, 1, EXCEPTION, "ZeroDivisionError"),
    ("survives a class that lies about its name", "class M(type):\n  @property\n  def __name__(c): raise SystemExit(9)\nclass E(Exception, metaclass=M): pass\nraise E", "", None, 1, EXCEPTION, "E"),
    ("runs atexit functions, last in first out", "import atexit\natexit.register(print, 1)\natexit.register(print, 2)", "2\n1\n", "", 0, NONE, ""),
    ("waits for its threads", "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.2), print('t'))).start()", "t\n", "", 0, NONE, ""),
    ("does not wait for daemons", "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "", "", 0, NONE, ""),
    ("flushes files nobody closed", "f = open('/tmp/output/f', 'w'); f.write('x')", "", "", 0, NONE, ""),
    ("runs destructors", "class A:\n  def __del__(self): print('gone')\na = A()", "gone\n", "", 0, NONE, ""),
    ("runs destructors in cycles", "class A:\n  def __del__(self): print('gone')\na = A(); a.a = a", "gone\n", "", 0, NONE, ""),
    ("reports output that cannot be written", "import sys, os\nsys.stdout = open('/dev/full', 'w')\nprint('x')", "", "", 120, NONE, ""),
    ("may close its output", "import sys\nsys.stdout.close(); sys.stderr.close()", "", "", 0, NONE, ""),
    ("may have no output", "import sys\nsys.stdout = sys.stderr = None\n1/0", "", "", 1, EXCEPTION, "ZeroDivisionError"),
    ("prints through C", "import ctypes; ctypes.CDLL(None).printf(b'c')", "c", "", 0, NONE, ""),
    ("is told of a broken thread", "import threading\nt = threading.Thread(target=lambda: 1/0); t.start(); t.join()", "", None, 0, NONE, ""),
    ("forks", "import os\nif os.fork() == 0: print('child'); raise SystemExit(7)\nprint(os.waitstatus_to_exitcode(os.wait()[1]))", "child\n7\n", "", 0, NONE, ""),
    ("keeps its own outcome when a child raises", "import os\nif os.fork() == 0: raise KeyError\nos.wait(); os._exit(3)", "", None, 3, NONE, ""),
    ("has a main module", "import __main__; x = 5; print(__main__.x, __name__)", "5 __main__\n", "", 0, NONE, ""),
    ("pickles its own classes", "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)", "True\n", "", 0, NONE, ""),
    ("has clean globals", "print(sorted(globals()))", "['__builtins__', '__file__', '__name__']\n", "", 0, NONE, ""),
    ("has a file name", "import sys; print(__file__, sys.argv)", "/tmp/code/main.py ['/tmp/code/main.py']\n", "", 0, NONE, ""),
    ("is at home", "import os, sys; print(os.getcwd(), sys.path[0])", "/home/sandbox /home/sandbox\n", "", 0, NONE, ""),
    ("has user packages", "import sys; print([p for p in sys.path if p.startswith('/home/sandbox/.local')] == ['/home/sandbox/.local/lib/python%d.%d/site-packages' % sys.version_info[:2]])", "True\n", "", 0, NONE, ""),
    ("sees nothing of ours in sys.path and sys.modules", "import sys; print([p for p in sys.path if 'gateway' in p], [m for m in ('child', 'figures', 'main') if m in sys.modules])", "[] []\n", "", 0, NONE, ""),
    ("has three descriptors", "import os; print(os.listdir('/proc/self/fd')[:-1], os.readlink('/proc/self/fd/0'))", "['0', '1', '2'] /dev/null\n", "", 0, NONE, ""),
    ("has default signals", "import signal; print(signal.getsignal(15), signal.getsignal(2) is signal.default_int_handler, signal.pthread_sigmask(0, []), [l for l in open('/proc/self/status') if l.startswith('SigIgn')])", None, "", 0, NONE, ""),
    ("has a umask", "import os; print(oct(os.umask(0)))", "0o22\n", "", 0, NONE, ""),
    ("leads its session", "import os; print(os.getsid(0) == os.getpid() == os.getpgrp())", "True\n", "", 0, NONE, ""),
    ("is dumpable again", "print(len(open('/proc/self/environ').read()) > 10)", "True\n", "", 0, NONE, ""),
    ("dies first when memory ends", "print(open('/proc/self/oom_score_adj').read())", "1000\n\n", "", 0, NONE, ""),
    ("writes no byte code", "import sys; print(sys.dont_write_bytecode)", "True\n", "", 0, NONE, ""),
]


def declare(sentence, code, out, err, status, raised, name):
    @row("python " + sentence)
    def check(box):
        r = box.run(code)
        assert out is None or r.out.decode() == out, r
        assert err is None or r.err.decode() == err, r
        assert b"code-gateway" not in r.err and b"child.py" not in r.err, r
        e = r.exit
        assert (e.outcome, e.status, e.raised, e.type.decode()) == (
            Outcome.EXITED, status, raised, name), r


for outcome in OUTCOMES:
    declare(*outcome)


def lines(box, code):
    r = box.run(textwrap.dedent(code))
    assert r.exit.outcome == Outcome.EXITED and r.exit.status == 0, r
    return r.out.decode().splitlines()


@row("python dies by a signal")
def signal(box):
    for number in (9, 11, 15, 6):
        r = box.run(f"import os; os.kill(os.getpid(), {number})")
        assert (r.exit.outcome, r.exit.status) == (Outcome.SIGNALED, number), r
    box.answers()


@row("python refuses a NUL in the source")
def nul(box):
    r = box.run("print(1)\0")
    assert (r.out, r.exit.status) == (b"", 1) and b"null bytes" in r.err, r


@row("python gets arguments")
def arguments(box):
    r = box.run("import sys; print(sys.argv[1:])", argv=["a b", "", "é"])
    assert r.out.decode() == "['a b', '', 'é']\n", r


@row("python keeps library frames in a traceback, and none of ours")
def library_frames(box):
    r = box.run('import json\ndef f():\n  json.loads("{")\nf()')
    text = r.err.decode()
    assert text.startswith(TRACEBACK + '  File "<user_code>", line 4, in <module>\n'
                           '  File "<user_code>", line 3, in f\n  File "/usr/lib/'), text


@row("python shows causes")
def causes(box):
    r = box.run("try:\n  1/0\nexcept Exception as e:\n  raise ValueError('x') from e")
    assert r.err.decode() == (TRACEBACK + '  File "<user_code>", line 2, in <module>\n'
                              "ZeroDivisionError: division by zero\n\nThe above exception was the "
                              "direct cause of the following exception:\n\n" + TRACEBACK +
                              '  File "<user_code>", line 4, in <module>\nValueError: x\n'), r


@row("python has the environment of the contract and nothing of ours")
def environment(box):
    names = lines(box, "import os\nfor n, v in sorted(os.environ.items()): print(f'{n}={v}')")
    image = ["NODE_PATH=/usr/lib/node_modules", "PLAYWRIGHT_BROWSERS_PATH=/ms-playwright"]
    assert [n for n in names if n in image] == (image if PLACE.in_docker else []), names
    assert [n for n in names if n not in image] == [
        "HOME=/home/sandbox", "LANG=C.UTF-8", "MKL_NUM_THREADS=1", "MPLBACKEND=Agg",
        "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1",
        "PATH=/usr/local/bin:/usr/bin:/bin:/home/sandbox/.local/bin",
        "PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8", "PYTHONUNBUFFERED=1",
        "TMPDIR=/tmp/misc", "XDG_CACHE_HOME=/tmp/.cache"], names


@row("python has as many threads for BLAS as processors")
def processors(box):
    box.sync(cpus=3)
    box.start("import os; print(os.environ['OPENBLAS_NUM_THREADS'])")
    assert box.collect().out == b"3\n"


@row("python uses processes")
def processes(box):
    assert lines(box, """
        import asyncio, atexit, concurrent.futures, multiprocessing, os, subprocess, sys
        def square(x): return x * x
        atexit.register(print, "exit")
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            print(list(pool.map(square, range(4))))
        with multiprocessing.Pool(2) as pool:
            print(pool.map(square, [5]))
        q = multiprocessing.Queue(); p = multiprocessing.Process(target=q.put, args=(1,))
        p.start(); print(q.get()); p.join()
        print(subprocess.run(["echo", "hi"], capture_output=True).stdout)
        print(subprocess.run([sys.executable, "-c", "print(2)"], capture_output=True).stdout)
        async def go():
            p = await asyncio.create_subprocess_exec("echo", "a", stdout=subprocess.PIPE)
            return await p.communicate()
        print(asyncio.run(go()))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            print(sum(pool.map(square, range(10))))
        print(os.nice(1), os.sched_getaffinity(0) == (os.sched_setaffinity(0, [0]), os.sched_getaffinity(0))[1] or True)
        """) == ["[0, 1, 4, 9]", "[25]", "1", "b'hi\\n'", "b'2\\n'", "(b'a\\n', None)", "285",
                 "1 True", "exit"]


@row("python shares memory between processes")
def shared_memory(box):
    r = box.run("from multiprocessing import shared_memory as s\n"
                "m = s.SharedMemory(create=True, size=10); m.buf[0] = 5; print(m.buf[0])\n"
                "m.close(); m.unlink()")
    assert r.out == b"5\n" and r.exit.status == 0, r
    box.answers()


@row("python differs in its random numbers from run to run")
def random_numbers(box):
    code = "import random; print(random.random())"
    assert box.run(code).out != box.run(code).out


@row("python user packages at home are found")
def user_packages(box):
    site = "/home/sandbox/.local/lib/python%d.%d/site-packages"
    lines(box, f"""
        import os, sys
        site = "{site}" % sys.version_info[:2]
        os.makedirs(site + "/mine", exist_ok=True)
        open(site + "/mine/__init__.py", "w").write("x = 7")
        import mine; print(mine.x)
        """)
    assert lines(box, "import mine; print(mine.x)") == ["7"]
    box.run("import shutil; shutil.rmtree('/home/sandbox/.local')")


@row("python finds modules in the order of a plain interpreter")
def module_order(box):
    box.bash("mkdir -p ~/.local/lib/python3.{9..19}/site-packages")
    paths = "import sys; print(*sys.path[1:], sep='\\n')"
    plain = box.bash(f'python3 -c "{paths}"').out.decode().splitlines()
    assert lines(box, paths) == plain, plain
    box.bash("rm -rf ~/.local")
    assert sorted(lines(box, paths)) == sorted(plain), plain


@row("python modules of HOME do not reach the interpreter")
def hostile_modules(box):
    lines(box, """
        import os, sys
        site = "/home/sandbox/.local/lib/python%d.%d/site-packages" % sys.version_info[:2]
        os.makedirs(site, exist_ok=True)
        for d in ("/home/sandbox", site):
            for m in ("sitecustomize", "usercustomize", "numpy", "struct", "child"):
                open(f"{d}/{m}.py", "w").write("print('owned', __name__)")
        open(site + "/x.pth", "w").write("import os; os.getppid() and None")
        open("/home/sandbox/.bash_profile", "w").write("echo owned")
        """)
    box.sync(warm_ms=0)                    # the interpreter goes, the next one starts anew
    for _ in range(2):
        box.start("print(1)")
        r = box.collect()
        assert (r.out, r.err) == (b"1\n", b""), r
        box.sync()
    assert b"owned" not in box.bash("echo hi").out
    box.bash("rm -rf ~/.local ~/*.py ~/.bash_profile")


@row("python works where HOME cannot be entered")
def no_home(box):
    box.run("import os; os.chmod('/home/sandbox', 0)")
    box.answers()
    box.run("import os; os.chmod('/home/sandbox', 0o700)")
    assert lines(box, "import os; print(os.getcwd())") == ["/home/sandbox"]


@row("python prints are streamed while it runs")
def streaming(box):
    box.sync()
    box.start("import time\nprint('first', end=''); time.sleep(60)")
    assert box.next() == (Type.STDOUT, b"first")
    box.send(frame(Type.CANCEL))
    assert box.collect().exit.outcome == Outcome.CANCELLED


@row("python code may be as long as the contract allows, in four-byte characters")
def long_code(box):
    r = box.run("x = '" + "😀" * 99980 + "'\nprint(len(x))")
    assert r.out == b"99980\n", r.err[-200:]
