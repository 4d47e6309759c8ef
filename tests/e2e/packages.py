# SPDX-License-Identifier: Apache-2.0
"""pip_packages, with a real index in a container of its own: contract 1.4, 5.10, 5.11, B11, B14."""

import re

from support import index
from support.gateway import Gateway, given
from support.redis import Redis
from support.service import scratch
from support.tap import Background, ensure, equal, eventually, matches

ERROR = "--- PIP INSTALL ERROR ---\n"
END = "\n------------------------\n"

# name, packages, code, stdout
# fmt: off
INSTALLED = [
    ("a package", ["cg-pure"], "import cg_pure; print(cg_pure.VERSION)", "2.0\n"),
    ("a version", ["cg-pure==1.0"], "import cg_pure; print(cg_pure.VERSION)", "1.0\n"),
    ("blanks around it", ["  cg_pure!=2.*,<1.5\n"], "import cg_pure; print(cg_pure.VERSION)",
     "1.0\n"),
    ("a range with a comma", ["cg-pure>=1,<1.2"], "import cg_pure; print(cg_pure.VERSION)",
     "1.0\n"),
    ("arbitrary equality and a local version", ["cg-pure===1.5+local.1"],
     "import cg_pure; print(cg_pure.VERSION)", "1.5+local.1\n"),
    ("extras", ["CG.pure[more]~=1.0"], "import cg_more, cg_pure; print(cg_more.THERE)", "True\n"),
    ("several", ["cg-pure==1.0", "cg-more"], "import cg_more, cg_pure; print(cg_pure.VERSION)",
     "1.0\n"),
    ("compiled code", ["cg-fast"], "import cg_fast; print(cg_fast.answer(), cg_fast.__file__[-8:])",
     "42 .abi3.so\n"),
    ("what is there already", ["pip"], "print(1)", "1\n"),
]
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        index.Index() as found,
        Gateway(
            where,
            redis,
            ALLOW_PIP_INSTALLS="true",
            PIP_INDEX_URL=index.URL,
            RUN_LEASE_SECONDS=5,
            MAX_TIMEOUT=60,
        ) as gateway,
    ):
        for name, packages, code, stdout in INSTALLED:
            tap.row(f"pip: {name}")(lambda: installs(gateway, found, packages, code, stdout))
        with gateway.session() as session:
            found.take_in(session.id)
            stays(tap, session)
            failures(tap, session)
        apart(tap, gateway, found)
        ends(tap, gateway, found)
        refusals(tap, gateway)
    with scratch() as where, Redis(where).start() as redis, Gateway(where, redis) as gateway:
        disabled(tap, gateway)


def installs(gateway, found, packages, code, stdout):
    with gateway.session() as session:
        found.take_in(session.id)
        result = session.python(code, pip_packages=packages)
        equal((result.stdout, result.stderr, result.error), (stdout, "", None))
        equal((result.error_type, result.outcome, result.timed_out), (None, "ok", False))
        ensure(isinstance(result.install_time, float) and result.install_time > 0, dict(result))
        equal(result.install_time, round(result.install_time, 2))


def stays(tap, session):
    @tap.row("pip: what is installed is there in later runs, which take no time to install")
    def _():
        session.python("pass", pip_packages=["cg-pure==1.0"]).worked()
        for _ in range(2):
            result = session.python("import cg_pure; print(cg_pure.VERSION)")
            equal((result.stdout, result.install_time), ("1.0\n", None))

    @tap.row("pip: a version replaces another")
    def _():
        session.python("import cg_pure", pip_packages=["cg-pure==1.0"]).worked()
        result = session.python("import cg_pure; print(cg_pure.VERSION)", pip_packages=["cg-pure==2.0"])
        equal(result.stdout, "2.0\n")

    @tap.row("pip: what is installed comes before what the image has, imported beforehand or not")
    def _():
        for _ in range(3):
            session.python("import yaml")
        result = session.python("import yaml; print(yaml.VERSION)", pip_packages=["yaml==0.0.1"])
        equal((result.stdout, result.error), ("from the index\n", None))

    @tap.row("pip: an empty list and null install nothing")
    def _():
        for packages in ([], None):
            result = session.python("print(1)", pip_packages=packages)
            equal((result.stdout, result.install_time), ("1\n", None))

    @tap.row("pip: bash takes no notice of the list")
    def _():
        result = session.bash("echo hi", pip_packages=["no-such-package"])
        equal((result.stdout, result.stderr, result.error), ("hi\n", "", None))
        equal(result.install_time, None)

    @tap.row("pip: files come along, and one that is called like a module of pip's does no harm")
    def _():
        result = session.python(
            "import random; print(random.MINE)",
            pip_packages=["cg-more"],
            files=[given("random.py", "MINE = 1"), given("pip.py", "1 / 0")],
        )
        equal((result.stdout, result.stderr), ("1\n", ""))
        session.bash("rm ~/random.py ~/pip.py")

    @tap.row("pip: what is written while it installs is no output file")
    def _():
        result = session.python(
            "open('/tmp/output/a.txt', 'w').write('a')", pip_packages=["cg-more"]
        )
        equal([f["name"] for f in result.files], ["a.txt"])

    @tap.row("pip: install code runs as user code does")
    def _():
        session.python("pass", pip_packages=["cg-witness"]).worked()
        look = (
            "import cg_witness, os, re\n"
            "s = open('/proc/self/status').read()\n"
            "f = lambda k: re.search(rf'^{k}:\\t(\\S+)', s, re.M)[1]\n"
            "own = [f('Seccomp'), f('NoNewPrivs'), f('CapEff'), f('Uid'),\n"
            "       open('/proc/self/oom_score_adj').read().strip(), os.readlink('/proc/self/ns/pid')]\n"
            "print(own == cg_witness.SEEN, own[:3])"
        )
        equal(session.python(look).stdout, "True ['2', '1', '0000000000000000']\n")

    @tap.row("pip: user code sees nothing of the settings for pip")
    def _():
        result = session.python(
            "import os; print([k for k in os.environ if k.startswith('PIP')])",
            pip_packages=["cg-more"],
        )
        equal(result.stdout, "[]\n")
        equal(session.bash("env | grep ^PIP").stdout, "")


def failures(tap, session):
    @tap.row("pip: a failure is told, and the code runs anyway")
    def _():
        result = session.python("print('ran')", pip_packages=["no-such-package"])
        equal((result.stdout, result.error), ("ran\n", "Pip installation failed"))
        equal((result.error_type, result.timed_out), ("InstallationError", False))
        equal((result.outcome, result.exit_code), ("error", 0))
        ensure(result.install_time > 0, result.install_time)
        matches(
            rf"\A{ERROR}Pip install failed with code 1:\n(?s:.*)no-such-package(?s:.*){END}\Z",
            result.stderr,
        )

    @tap.row("pip: a failure of the code itself comes first")
    def _():
        result = session.python("1 / 0", pip_packages=["no-such-package"])
        equal(result.error_type, "ZeroDivisionError")
        ensure(result.error.startswith("Traceback (most recent call last)"), result.error)
        text, _, own = result.stderr.removeprefix(ERROR).partition(END)
        matches(r"\APip install failed with code 1:\n", text)
        equal(own.strip(), result.error)

    @tap.row("pip: one that cannot be installed keeps the others away")
    def _():
        result = session.python(
            "import importlib.util as u; print(u.find_spec('cg_fast'))",
            pip_packages=["cg-fast", "no-such-package"],
        )
        equal((result.stdout, result.error_type), ("None\n", "InstallationError"))

    @tap.row("pip: the text comes in front of what was cut")
    def _():
        result = session.python(
            "import sys; sys.stderr.write('x' * 200000)", pip_packages=["no-such-package"]
        )
        _, _, own = result.stderr.partition(END)
        ensure(own.startswith("x" * 100000 + "\n\n... [OUTPUT TRUNCATED"), own[-200:])
        equal(result.truncated, {"stdout": False, "stderr": True})
        ensure(result.stderr.startswith(ERROR), result.stderr[:80])

    @tap.row("pip: a version that is none is a failure of pip")
    def _():
        result = session.python("print(1)", pip_packages=["cg-pure==not.a.version"])
        equal((result.stdout, result.error_type), ("1\n", "InstallationError"))

    @tap.row("pip: it has a deadline of its own, the code has the same once more")
    def _():
        result = session.python("print('ran')", pip_packages=["slow"], timeout=6)
        equal(result.stdout, "ran\n")
        equal(result.stderr, f"{ERROR}Pip install timed out after 6 seconds{END}")
        equal((result.error_type, result.timed_out), ("InstallationError", False))
        session.answers()

    @tap.row("pip: files that cannot be written stop it, too")
    def _():
        session.bash("mkdir -p ~/dir")
        result = session.python("print(1)", pip_packages=["cg-pure"], files=[given("dir", "x")])
        equal((result.stdout, result.error_type), ("", "FileUploadError"))
        equal((result.install_time, result.stderr), (None, ""))

    @tap.row("pip: nothing is installed for code that is blank")
    def _():
        result = session.python(" \n", pip_packages=["no-such-package"])
        equal((result.error, result.install_time), ("Empty code provided", None))


def apart(tap, gateway, found):
    @tap.row("pip: /home/sandbox may hold programs, /tmp may not")
    def _():
        with gateway.session() as session:
            tmpfs = gateway.docker.inspect(session.id)["HostConfig"]["Tmpfs"]
            home, tmp = (set(tmpfs[p].split(",")) for p in ("/home/sandbox", "/tmp"))
            ensure("exec" in home and "noexec" not in home, home)
            ensure("noexec" in tmp and "exec" not in tmp, tmp)
            ensure({"nosuid", "nodev"} <= home & tmp, home)
            script = "cp /bin/echo $D/mine && $D/mine hi"
            equal(session.bash(f"D=~; {script}").stdout, "hi\n")
            equal(session.bash(f"D=/tmp; {script} 2>/dev/null || echo $?").stdout, "126\n")

    @tap.row("pip: without a network it fails, and the code runs")
    def _():
        with gateway.session() as session:
            result = session.python("print(1)", pip_packages=["cg-pure"], timeout=30)
            equal((result.stdout, result.error_type), ("1\n", "InstallationError"))


def ends(tap, gateway, found):
    @tap.row("pip: a session can be deleted while it installs")
    def _():
        with gateway.session() as session:
            found.take_in(session.id)
            run = Background(lambda: session.python("print(1)", pip_packages=["slow"], timeout=50))
            eventually(
                lambda: "slow" in gateway.docker.command("top", session.id, check=False),
                30,
                "pip at work",
            )
            equal(session.delete().status, 200)
            result = run.answer()
            equal((result.stdout, result.outcome), ("", "cancelled"))


def refusals(tap, gateway):
    with gateway.session() as session:
        for name, packages, text in (
            ("an option", ["--pre"], "Package name contains invalid characters"),
            ("an option behind a comma", ["a,-r.req"], "Package name contains invalid characters"),
            ("an address", ["a@http://x/y.whl"], "Package name contains invalid characters"),
            ("nothing", ["a", " "], "Package name cannot be empty"),
            ("65 characters", ["a" * 65], "Package name too long (max 64 chars)"),
            ("six of them", ["a"] * 6, "Too many pip packages (max 5)"),
        ):

            @tap.row(f"pip: refuses {name}")
            def _(packages=packages, text=text):
                response = session.ask("print(1)", pip_packages=packages)
                equal(response.status, 422, repr(response))
                fault = response.json["detail"][0]
                equal(fault["msg"], f"Value error, {text}")
                equal(fault["loc"], ["body", "pip_packages"])


def disabled(tap, gateway):
    with gateway.session() as session:

        @tap.row("pip: is off by default, and HOME holds no programs then")
        def _():
            response = session.ask("print(1)", pip_packages=["cg-pure"])
            equal(response.status, 422, repr(response))
            equal(
                response.json["detail"][0]["msg"], "Value error, Pip installations are disabled"
            )
            tmpfs = gateway.docker.inspect(session.id)["HostConfig"]["Tmpfs"]["/home/sandbox"]
            ensure(re.search(r"(^|,)noexec(,|$)", tmpfs), tmpfs)
            ensure("exec" not in tmpfs.split(","), tmpfs)
