# SPDX-License-Identifier: Apache-2.0
"""What code finds around it, and what it leaves behind: contract 5.2, 5.3."""

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import Skipped, equal


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, MAX_TIMEOUT=60) as gateway,
        gateway.session() as session,
    ):
        surroundings(tap, session)
        leftovers(tap, session)


def surroundings(tap, session):
    value = {
        "__name__": ("__name__", "__main__"),
        "__file__": ("__file__", "/tmp/code/main.py"),
        "sys.argv": ("sys.argv", ["/tmp/code/main.py"]),
        "cwd": ("os.getcwd()", "/home/sandbox"),
        "HOME": ("os.environ['HOME']", "/home/sandbox"),
        "TMPDIR": ("os.environ['TMPDIR']", "/tmp/misc"),
        "MPLBACKEND": ("os.environ['MPLBACKEND']", "Agg"),
        "no descriptor but three": (
            "sorted(map(int, os.listdir('/proc/self/fd')))[:-1]",
            [0, 1, 2],
        ),
        "stdin is /dev/null": ("os.readlink('/proc/self/fd/0')", "/dev/null"),
        "its own session": ("os.getsid(0) == os.getpid()", True),
        "nothing of ours in the environment": (
            "[k for k in os.environ if k.startswith(('CODE', 'EXEC', 'ENABLE', 'PIP_PACKAGES',"
            " 'REDIS', 'API', 'DOCKER', 'DEPLOYMENT'))]",
            [],
        ),
        "what stays visible": (
            "[k for k in 'HOME MPLBACKEND PYTHONDONTWRITEBYTECODE PYTHONIOENCODING "
            "PYTHONUNBUFFERED TMPDIR XDG_CACHE_HOME'.split() if k not in os.environ]",
            [],
        ),
        "the user's site packages": (
            "any(p.startswith('/home/sandbox/.local/lib/python3') for p in sys.path)",
            True,
        ),
        "nothing of ours to import": (
            "[p for p in sys.path if 'libexec' in p or p == '/usr/local/bin']",
            [],
        ),
        "Python 3.13": ("sys.version_info[:2]", [3, 13]),
        "__main__ is its module": ("sys.modules['__main__'].__dict__ is globals()", True),
        "one thread": ("__import__('threading').active_count()", 1),
        "umask": ("oct(os.umask(0o22))", "0o22"),
    }
    for name, (expression, want) in value.items():

        @tap.row(f"surroundings: {name}")
        def _():
            code = f"import json, os, sys\nprint(json.dumps({expression}))"
            result = session.python(code).worked()
            equal(__import__("json").loads(result.stdout), want)

    @tap.row("surroundings: globals are fresh")
    def _():
        session.python("x = 5").worked()
        result = session.python("print(sorted(k for k in globals()))")
        equal(result.stdout, "['__builtins__', '__file__', '__name__']\n")
        equal(session.python("print(x)").error_type, "NameError")

    @tap.row("surroundings: modules changed by one run are whole in the next")
    def _():
        session.python(
            "import json, builtins, sys\njson.loads = None; builtins.x = 1; sys.path.append('/x')"
        )
        result = session.python(
            "import json, builtins, sys\n"
            "print(json.loads('1'), hasattr(builtins, 'x'), '/x' in sys.path)"
        )
        equal(result.stdout, "1 False False\n", result.stderr)

    @tap.row("surroundings: random numbers differ between runs")
    def _():
        seen = {session.python("import random; print(random.random())").stdout for _ in range(4)}
        equal(len(seen), 4, str(seen))

    @tap.row("surroundings: numpy's random numbers differ between runs")
    def _():
        first = session.python("import numpy; print(numpy.random.rand())")
        if first.error_type == "ModuleNotFoundError":
            raise Skipped("the image has no numpy")
        seen = {
            session.python("import numpy; print(numpy.random.rand())").worked().stdout
            for _ in range(4)
        }
        equal(len(seen), 4, str(seen))

    @tap.row("surroundings: both languages see the same HOME")
    def _():
        session.python("open('from-python', 'w').write('p')").worked()
        equal(session.bash("cat from-python; echo b >from-bash").stdout, "p")
        equal(session.python("print(open('from-bash').read(), end='')").stdout, "b\n")
        session.bash("rm from-python from-bash")

    @tap.row("surroundings: subprocess, threads and multiprocessing work")
    def _():
        code = """if 1:
            import multiprocessing, subprocess, threading, asyncio
            def square(n): return n * n
            if __name__ == "__main__":
                print(subprocess.run(["echo", "sub"], capture_output=True, text=True).stdout.strip())
                with multiprocessing.get_context("fork").Pool(2) as pool:
                    print(pool.map(square, [1, 2, 3]))
                async def main():
                    p = await asyncio.create_subprocess_exec("true")
                    print(await p.wait())
                asyncio.run(main())
        """
        equal(session.python(code).worked().stdout, "sub\n[1, 4, 9]\n0\n")

    @tap.row("surroundings: user code cannot make the next run its own")
    def _():
        session.bash(
            "mkdir -p ~/.local/lib/python3.13/site-packages\n"
            "echo 'print(\"mine\")' | tee usercustomize.py sitecustomize.py json.py numpy.py "
            "~/.local/lib/python3.13/site-packages/usercustomize.py "
            "~/.bashrc ~/.bash_profile ~/.profile >/dev/null"
        ).worked()
        equal(session.python("print(1)").stdout, "1\n")
        equal(session.bash("echo 1").stdout, "1\n")
        session.bash("rm -rf ~/* ~/.[a-z]*").worked()


def leftovers(tap, session):
    @tap.row("leftovers: /tmp/output is fresh and empty")
    def _():
        session.bash("echo x >/tmp/output/a; mkdir /tmp/output/d")
        equal(session.bash("ls -A /tmp/output; echo $(ls -d /tmp/output)").stdout, "/tmp/output\n")

    @tap.row("leftovers: the run's own directory goes, other files stay")
    def _():
        first = session.bash("echo $0; echo kept >/tmp/kept; echo too >/tmp/misc/kept")
        result = session.bash(
            f"test -e {first.stdout.strip()} || echo gone; "
            "cat /tmp/kept /tmp/misc/kept; ls /tmp/misc | wc -l"
        )
        equal(result.stdout, "gone\nkept\ntoo\n2\n")
        session.bash("rm /tmp/kept /tmp/misc/kept")

    for name, language, code in (
        ("a child that holds the pipes", "bash", "sleep 77 & echo hi"),
        ("setsid", "bash", "setsid sleep 77 >/dev/null 2>&1 & echo hi"),
        ("ignoring TERM", "bash", "(trap '' TERM HUP; sleep 77) & echo hi"),
        (
            "a double fork",
            "python",
            "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
            "        time.sleep(77)\n    os._exit(0)\nprint('hi')",
        ),
        ("a stopped child", "bash", "sleep 77 & kill -STOP $!; echo hi"),
        (
            "a child after exec",
            "python",
            "import subprocess; subprocess.Popen(['sleep', '77']); print('hi')",
        ),
    ):

        @tap.row(f"leftovers: {name} ends with the run")
        def _():
            result = session.run(code, language, timeout=30).worked()
            equal((result.stdout, result.timed_out), ("hi\n", False))
            equal(session.bash("ps -eo args= | grep '[s]leep 77\\|[t]ime.sleep'").stdout, "")
            session.answers()
