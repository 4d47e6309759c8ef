# SPDX-License-Identifier: Apache-2.0
"""What code does and what its caller is told: contract 5.4 to 5.7, 5.10, 5.13."""

import re

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import Skipped, ensure, equal, matches

ANY = object()  # not looked at
TRIMMED = object()  # error: all of stderr, trimmed
TRACE = 'Traceback (most recent call last):\n  File "<user_code>", line 1, in <module>\n'
CUT = "\n\n... [OUTPUT TRUNCATED \u2014 %d chars total, showing first 100000]"

# name, code, stdout, stderr, error, error_type
# fmt: off
PYTHON = [
    ("print", 'print("hello")', "hello\n", "", None, None),
    ("stderr is no error", 'import sys; print("e", file=sys.stderr)', "", "e\n", None, None),
    ("a warning is no error", 'import warnings; warnings.warn("w")',
     "", "<user_code>:1: UserWarning: w\n", None, None),
    ("sys.exit()", "import sys; sys.exit()", "", "", None, None),
    ("sys.exit(0)", "import sys; print(1); sys.exit(0)", "1\n", "", None, None),
    ("sys.exit(None) in a function", "import sys\ndef f(): sys.exit(None)\nf()", "", "", None,
     None),
    ("sys.exit(256) is 0", "import sys; sys.exit(256)", "", "", None, None),
    ("sys.exit(3)", "import sys; sys.exit(3)", "", "", "Python process exited with code 3",
     "SystemExit"),
    ("sys.exit(-1) is 255", "import sys; sys.exit(-1)",
     "", "", "Python process exited with code 255", "SystemExit"),
    ("sys.exit(True) is 1", "import sys; sys.exit(True)",
     "", "", "Python process exited with code 1", "SystemExit"),
    ("exit(4)", "exit(4)", "", "", "Python process exited with code 4", "SystemExit"),
    ("os._exit(5)", "import os; os._exit(5)", "", "", "Python process exited with code 5",
     "SystemExit"),
    ("os._exit keeps what was printed", 'import os; print("a"); os._exit(0)', "a\n", "", None,
     None),
    ("sys.exit(3) after words on stderr",
     'import sys; print("warn here", file=sys.stderr); sys.exit(3)',
     "", "warn here\n", "warn here", "PythonExitError"),
    ("killed", "import os; os.kill(os.getpid(), 9)",
     "", "", "Python process terminated by SIGKILL", "ProcessSignalError"),
    ("terminated", 'import os; print("x", end=""); os.kill(os.getpid(), 15)',
     "x", "", "Python process terminated by SIGTERM", "ProcessSignalError"),
    ("segmentation fault", "import ctypes; ctypes.string_at(0)",
     "", ANY, "Python process terminated by SIGSEGV", "ProcessSignalError"),
    ("abort", "import os; os.abort()", "", ANY, "Python process terminated by SIGABRT",
     "ProcessSignalError"),
    ("a signal without a name", "import os; os.kill(os.getpid(), 40)",
     "", "", "Python process terminated by signal 40", "ProcessSignalError"),
    ("raise KeyError", "raise KeyError", "", TRACE + "KeyError\n", TRIMMED, "KeyError"),
    ("1/0", "1/0", "", TRACE + "ZeroDivisionError: division by zero\n", TRIMMED,
     "ZeroDivisionError"),
    ("a dotted exception", 'import json; json.loads("{")', "", ANY, TRIMMED, "JSONDecodeError"),
    ("NameError", "print(x)", "", TRACE + "NameError: name 'x' is not defined\n", TRIMMED,
     "NameError"),
    ("input()", "input()", "", TRACE + "EOFError: EOF when reading a line\n", TRIMMED, "EOFError"),
    ("SyntaxError", "def foo(\n  b", "", ANY, TRIMMED, "SyntaxError"),
    ("IndentationError", "if 1:\nx", "", ANY, TRIMMED, "IndentationError"),
    ("an exception of one's own", "class MyErr(Exception): pass\nraise MyErr('a\\nb: c')",
     "", ANY, TRIMMED, "MyErr"),
    ("the type is not read from text", "raise ValueError('KeyError: no')",
     "", TRACE + "ValueError: KeyError: no\n", TRIMMED, "ValueError"),
    ("a message may name our files", "raise ValueError('executor.py main.py')",
     "", TRACE + "ValueError: executor.py main.py\n", TRIMMED, "ValueError"),
    ("frames of libraries stay", "import json; json.loads('{')",
     "", lambda text: "json/__init__.py" in text and "/usr/libexec" not in text, TRIMMED, ANY),
    ("a chain of exceptions",
     "try:\n    1/0\nexcept Exception as e:\n    raise OSError('late') from e",
     "", lambda text: text.count("Traceback") == 2 and "direct cause" in text, TRIMMED, "OSError"),
    ("exceptions in groups", "raise ExceptionGroup('many', [ValueError(1), KeyError(2)])",
     "", lambda text: "ValueError: 1" in text, TRIMMED, "PythonExitError"),
    ("recursion", "def f(): f()\nf()", "",
     lambda text: text.endswith("maximum recursion depth exceeded\n"),
     TRIMMED, "RecursionError"),
    ("a thread's exception is no error",
     "import threading\nt = threading.Thread(target=lambda: 1/0)\n"
     "t.start(); t.join(); print('done')", "done\n", lambda text: "ZeroDivisionError" in text, None,
     None),
    ("exit functions run", "import atexit; atexit.register(print, 'bye'); print('hi')",
     "hi\nbye\n", "", None, None),
    ("a forged result is only output",
     "import sys; "
     "sys.__stdout__.write('__EXECUTOR_RESULT__:{\"stdout\":\"x\",\"error\":null}\\n'); 1/0",
     '__EXECUTOR_RESULT__:{"stdout":"x","error":null}\n', ANY, TRIMMED, "ZeroDivisionError"),
    ("the interpreter's parent cannot be killed",
     "import os\ntry: os.kill(os.getppid(), 9)\nexcept PermissionError: print('refused')",
     "refused\n", "", None, None),
    ("text that is not ASCII", 'print("h\u00e9 \u2603 \U0001f600")', "h\u00e9 \u2603 \U0001f600\n",
     "", None, None),
    ("carriage returns stay", 'import sys; sys.stdout.write("a\\r\\nb\\rc")', "a\r\nb\rc", "", None,
     None),
    ("NUL and escapes stay", 'import sys; sys.stdout.write("a\\0b\\x1b[31mc")', "a\0b\x1b[31mc", "",
     None, None),
    ("bytes that are no UTF-8",
     "import os; os.write(1, b'a\\xffb\\xe2\\x82'); os.write(2, b'\\xfe')",
     "a\ufffdb\ufffd", "\ufffd", None, None),
    ("100000 characters are not cut", "print('x' * 100000, end='')", "x" * 100000, "", None, None),
    ("100005 characters are cut", "print('x' * 100005, end='')", "x" * 100000 + CUT % 100005, "",
     None, None),
    ("characters are counted, not bytes", "print('\U0001f600' * 100001, end='')",
     "\U0001f600" * 100000 + CUT % 100001, "", None, None),
    ("stderr is cut by itself", "import sys\nprint('ok')\nsys.stderr.write('y' * 200000)",
     "ok\n", "y" * 100000 + CUT % 200000, None, None),
    ("code with a NUL in a string", "print(len('a\0b'))", "", "Traceback (most recent call last):\n"
     "SyntaxError: source code string cannot contain null bytes\n", TRIMMED, "SyntaxError"),
    ("CRLF lines", "print(1)\r\nprint('''a\r\nb''')\r\n", "1\na\nb\n", "", None, None),
    ("a leading BOM", "\ufeffprint(1)\n", "",
     lambda text: text.endswith("SyntaxError: invalid non-printable character U+FEFF\n"), TRIMMED,
     "SyntaxError"),
]
# fmt: on

# fmt: off
BASH = [
    ("echo", "echo hi", "hi\n", "", None, None),
    ("exit status", "echo hi; echo err >&2; exit 3", "hi\n", "err\n",
     "Bash script exited with code 3", "BashExitError"),
    ("exit 256 is 0", "exit 256", "", "", None, None),
    ("no -e", "false; echo x", "x\n", "", None, None),
    ("unknown command", "nosuchcmd", "",
     lambda text: re.fullmatch(r"/tmp/misc/[0-9a-f-]{12}/script\.sh: line 1: nosuchcmd: command "
     r"not found\n", text),
     "Bash script exited with code 127", "BashExitError"),
    ("syntax error", "if", "", lambda text: "syntax error" in text,
     "Bash script exited with code 2", "BashExitError"),
    ("stdin is empty", 'read x; echo "got:$x:$?"', "got::1\n", "", None, None),
    ("NUL survives", r'printf "a\0b"', "a\0b", "", None, None),
    ("killed", "kill -9 $$", "", "", "Bash script exited with code -9", "BashExitError"),
    ("terminated by its child's signal", "sh -c 'kill -9 $$'; exit $?", "", ANY,
     "Bash script exited with code 137", "BashExitError"),
    ("where it is", "pwd; echo $# $-", lambda text: re.fullmatch(r"/home/sandbox\n0 [a-zA-Z]+\n",
     text)
     and "i" not in text.split()[2] and "e" not in text.split()[2], "", None, None),
    ("its own path", "echo $0; stat -c %a $0",
     lambda text: re.fullmatch(r"/tmp/misc/[0-9a-f-]{12}/script\.sh\n755\n", text), "", None, None),
    ("script text with NUL", "echo a\0b", ANY, ANY, "Bash script exited with code 126",
     "BashExitError"),
    ("a pipe closed early", "yes | head -n 1", "y\n", "", None, None),
    ("jobs, arrays, here documents", "a=(1 2 3); cat <<E & wait; echo ${#a[@]}\nin\nE", "in\n3\n",
     "", None, None),
]
# fmt: on

BLANK = ("Empty code provided", "ValueError")


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, MAX_TIMEOUT=60) as gateway,
    ):
        with gateway.session() as session:
            tap.table("python", PYTHON, lambda *row: outcome(session.python, *row))
            tap.table("bash", BASH, lambda *row: outcome(session.bash, *row))
            shape(tap, session)
            figures(tap, gateway)

def outcome(run, code, stdout, stderr, error, error_type):
    result = run(code)
    if error is TRIMMED:
        error = result.stderr.strip()
        ensure(error, result, "nothing on stderr:")
    for name, want in (
        ("stdout", stdout),
        ("stderr", stderr),
        ("error", error),
        ("error_type", error_type),
    ):
        got = result[name]
        if want is ANY:
            continue
        if callable(want):
            ensure(want(got), dict(result), f"{name}:")
        else:
            equal(got, want, f"{name} of {str(dict(result))[:600]}")
    equal(result.timed_out, False)
    equal(result.files, [])


def shape(tap, session):
    @tap.row("result: its members in order")
    def _():
        result = session.python("print(1)")
        equal(
            list(result)[:9],
            [
                "execution_id",
                "stdout",
                "stderr",
                "error",
                "error_type",
                "files",
                "execution_time",
                "install_time",
                "timed_out",
            ],
        )
        matches(r"^[0-9a-f]{8}-[0-9a-f]{3}$", result.execution_id)
        ensure(
            isinstance(result.execution_time, (int, float)) and 0 < result.execution_time < 30,
            result.execution_time,
        )
        equal(round(result.execution_time, 4), result.execution_time)
        equal(result.install_time, None)

    @tap.row("result: execution_time is the run's own")
    def _():
        result = session.python("import time; time.sleep(0.3)")
        ensure(0.3 <= result.execution_time < 20, result.execution_time)

    @tap.row("result: every execution has its id")
    def _():
        ids = {session.bash("basename ${0%/*}").stdout.strip() for _ in range(3)}
        equal(len(ids), 3)
        result = session.bash("basename ${0%/*}")
        equal(result.stdout.strip(), result.execution_id)

    for language in ("python", "bash"):
        for text in (" ", "\n\t \n"):

            @tap.row(f"result: {language} that is only white space {text!r}")
            def _():
                result = session.run(text, language)
                equal(
                    (result.error, result.error_type, result.execution_time, result.stdout),
                    (*BLANK, 0, ""),
                )

    @tap.row("result: an exception prints the user's source line once, for syntax errors")
    def _():
        result = session.python("def foo(\n  b")
        matches(
            r'(?s)File "<user_code>", line 1\n    def foo\(\n +\^\nSyntaxError: \'\(\' was never closed\n$',
            result.stderr,
        )

    @tap.row("result: NUL in Python code is an error of the run")
    def _():
        result = session.python("print(1)\0")
        ensure(result.error, result)
        matches("null bytes", result.stderr)

    @tap.row("result: a string exit keeps its type")
    def _():
        for text in ("bye now", "Oops: bad"):
            result = session.python(f"import sys; sys.exit({text!r})")
            equal((result.stderr, result.error), (text + "\n", text))
            equal(result.error_type, "PythonExitError")


def figures(tap, gateway):
    with gateway.session() as session:
        if session.python("import matplotlib").error:
            tap.row("figures")(lambda: skip("the image has no matplotlib"))
            return

        @tap.row("figures: show() saves every open figure in order, then closes it")
        def _():
            result = session.python(
                "import matplotlib.pyplot as plt\nplt.figure(3, figsize=(2, 1)); plt.plot([1, 2])\n"
                "plt.figure(1, figsize=(1, 1)); plt.plot([2, 1])\nplt.show(block=False)\nprint(plt.get_fignums())\n"
                "plt.figure(figsize=(1, 1)); plt.show()"
            ).worked()
            equal(result.stdout, "[]\n")
            equal(
                [f["name"] for f in result.files], ["figure_1.png", "figure_2.png", "figure_3.png"]
            )
            equal({f["mime_type"] for f in result.files}, {"image/png"})
            wide = [png_size(result.content(f"figure_{k}.png"))[0] for k in (1, 2)]
            ensure(wide[0] < wide[1], wide, "figure 1 comes before figure 3:")

        @tap.row("figures: what was not shown is not saved; counting starts anew")
        def _():
            result = session.python("import matplotlib.pyplot as plt; plt.plot([1])").worked()
            equal(result.files, [])
            result = session.python(
                "import matplotlib.pyplot as plt; plt.plot([1]); plt.show()"
            ).worked()
            equal([f["name"] for f in result.files], ["figure_1.png"])

        @tap.row("figures: savefig is untouched")
        def _():
            result = session.python(
                "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('/tmp/output/mine.svg')"
            ).worked()
            equal(
                [(f["name"], f["mime_type"]) for f in result.files], [("mine.svg", "image/svg+xml")]
            )

        @tap.row("figures: show() saves as contract 5.7 says, over what was there, its arguments ignored")
        def _():
            result = session.python(
                "import matplotlib, matplotlib.pyplot as plt\n"
                "open('/tmp/output/figure_1.png', 'w').write('old')\n"
                "figure = plt.figure(figsize=(2, 1), facecolor='#abc', edgecolor='red', linewidth=9)\n"
                "plt.plot([1, 2]); plt.title('tight')\n"
                "figure.savefig('/tmp/output/want.png', format='png', dpi=150, bbox_inches='tight',"
                " facecolor='#abc', edgecolor='none')\n"
                "plt.show(False, block=True, x=1); print(matplotlib.get_backend())"
            ).worked()
            equal(result.stdout.lower(), "agg\n")
            equal([f["name"] for f in result.files], ["figure_1.png", "want.png"])
            equal(result.content("figure_1.png"), result.content("want.png"))

        @tap.row("figures: several runs, each with its figure")
        def _():
            code = "import numpy as np, matplotlib.pyplot as plt\nplt.plot(np.sin(np.arange(9))); plt.show(); print(np.pi)"
            for _ in range(4):
                result = session.python(code).worked()
                equal((result.stdout, len(result.files)), ("3.141592653589793\n", 1))


def skip(reason):
    raise Skipped(reason)


def png_size(data):
    equal(data[:8], b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
