# SPDX-License-Identifier: Apache-2.0
"""make run, make stop: what they start, say and leave behind, which is nothing."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess

from support.docker import Docker
from support.service import DOCKER_HOST, TOP, Clean, free_port, lives, scratch
from support.tap import ensure, equal, eventually, matches

READY = "Ctrl-C, or make stop, ends it."


class Checkout:
    """A copy of the sources, never configured, and the make in it."""

    def __init__(self, where):
        self.top = where / "checkout"
        self.top.mkdir()
        subprocess.run(["sh", "-euc", """
            git ls-files -z --cached --others --exclude-standard |
                tar -c --null --no-recursion --files-from=- | tar -x -C "$0" """, self.top],
                       cwd=TOP, check=True)
        self.port = free_port()

    def environment(self, **more):
        return Clean(**{"DOCKER_HOST": DOCKER_HOST, "GATEWAY_PORT": self.port, **more})

    def make(self, *words, seconds=300, **more):
        """(status, everything it said)"""
        done = subprocess.run(["make", *words], cwd=self.top, env=self.environment(**more), timeout=seconds,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        return done.returncode, done.stdout

    def processes(self):
        """Those that run from here."""
        found = []
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and str(self.top) in pathlib.Path(f"/proc/{name}/cmdline").read_text():
                    found.append(int(name))
        return found

    def setting(self, name):
        return re.findall(f"^{name}=(.*)$", (self.top / ".env").read_text(), re.MULTILINE)

    def expect_nothing_left(self, labels=()):
        eventually(lambda: not self.processes(), 10, "without processes")
        equal([p.name for p in (self.top / ".run").rglob("*") if p.is_socket() or p.suffix == ".pid"], [])
        ensure(not (self.top / ".run/uploads").exists())
        with socket.socket() as probe:
            ensure(probe.connect_ex(("127.0.0.1", self.port)) != 0, "the port", "still open:")
        for label in labels:
            equal(Docker().ids("managed-by=code-gateway", label), [])


class Running:
    """make run in a terminal of its own, so to speak; ends with its `with`."""

    def __init__(self, checkout):
        self.checkout = checkout
        self.log = checkout.top.parent / "make-run.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["make", "run"], cwd=checkout.top, env=checkout.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        try:
            eventually(lambda: READY in self.said() or self.process.poll() is not None, 120, "ready")
            ensure(self.process.poll() is None, self.said(), "it ended:")
        except BaseException:
            self.interrupt()
            raise

    def said(self):
        return self.log.read_text()

    def interrupt(self, number=signal.SIGINT):
        """As a terminal does it: everybody of the foreground hears it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        return self.process.wait(60)

    def label(self):
        """Of the containers of this gateway; opens a session that stays open."""
        url = f"http://127.0.0.1:{self.checkout.port}/containers"
        token = self.checkout.setting("API_KEYS")[0].split(":")[1]
        made = subprocess.run(["curl", "-fsS", "-d", "", url, "-H", f"Authorization: Bearer {token}"], check=True,
                              capture_output=True, timeout=60)
        labels = Docker().inspect(json.loads(made.stdout)["container_id"])["Config"]["Labels"]
        return "deployment=" + labels["deployment"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.interrupt()


def docker_answers(host):
    return subprocess.run(["docker", "--host", host, "version"], capture_output=True, timeout=20).returncode == 0


def tour():
    """README's own commands, in their order."""
    text = (TOP / "README.md").read_text()
    return "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


def rows(tap):
    with scratch() as where:
        checkout = Checkout(where)

        @tap.row("make help works before anything is configured")
        def _():
            status, said = checkout.make("help")
            equal(status, 0)
            for target in "run", "test", "stop", "bench":
                matches(f"make {target}", said)
            equal(checkout.make(), (0, said), "make alone is make help:")

        @tap.row("make run, once, from nothing: a trial that one sees, and a key", seconds=900)
        def _():
            status, said = checkout.make("run", ONCE=1, seconds=900)
            equal(status, 0, said)
            for word in "the sum is 385", "figure_1.png", "81", "removed":
                matches(word, said)
            (keys,) = checkout.setting("API_KEYS")
            matches("^local:[0-9a-f]{64}$", keys)
            equal(stat.S_IMODE((checkout.top / ".env").stat().st_mode), 0o600)
            equal((checkout.top / ".run/figure_1.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            checkout.expect_nothing_left()

        @tap.row("Ctrl-C leaves nothing behind, not even an open session")
        def _():
            with Running(checkout) as running:
                label = running.label()
                running.interrupt()
            checkout.expect_nothing_left([label])

        @tap.row("README's tour works as it is printed")
        def _():
            (checkout.top / "deck.html").write_text('<div class="slide">From a file</div>')
            with Running(checkout):
                script = "set -eu\n" + tour().replace(":8000", f":{checkout.port}")
                done = subprocess.run(["bash", "-c", script], cwd=checkout.top, env=checkout.environment(),
                                      timeout=120, capture_output=True, text=True)
                equal((done.returncode, done.stderr), (0, ""))
                for answer in ('"healthy"', r'"stdout":"42\\n"', r'"stdout":"b\\na\\n"', '"execution_count":2',
                               '"success"', "(?i)x-slide-count: 1"):
                    matches(answer, done.stdout)
                for archive in "deck.zip", "paper.zip":
                    equal((checkout.top / archive).read_bytes()[:4], b"PK\x03\x04", archive)

        @tap.row("the lines it prints to try work when they are pasted")
        def _():
            with Running(checkout) as running:
                lines = running.said().split("Try it:")[1].split("Logs are in")[0]
                done = subprocess.run(["bash", "-euc", lines], cwd="/", env=checkout.environment(), timeout=60,
                                      capture_output=True, text=True)
                equal((done.returncode, done.stderr), (0, ""))
                for answer in r'"stdout":"42\\n"', '"status":"success"':
                    matches(answer, done.stdout)

        @tap.row("where no Docker daemon answers it starts one, with an image, and ends it", seconds=900)
        def _():
            status, said = checkout.make("run", ONCE=1, seconds=900, IMAGE_LEVEL="data",
                                         DOCKER_HOST="unix:///nonexistent/docker.sock")
            equal(status, 0, said)
            matches("No Docker daemon answers at unix:///nonexistent/docker.sock", said)
            matches("the sum is 385", said)
            if not docker_answers("unix:///var/run/docker.sock"):
                matches("No Docker daemon answers: starting one, which ends with this command", said)
                matches("Building the sandbox image", said)
                ensure((checkout.top / ".run/docker-data").exists(), "data", "not there:")
            checkout.expect_nothing_left()

        @tap.row("make stop ends it; a second make run and a taken port are refused")
        def _():
            with Running(checkout) as running:
                status, said = checkout.make("run")
                equal(status, 2)
                matches("runs already", said)
                equal(checkout.make("stop")[0], 0)
                running.process.wait(30)
            checkout.expect_nothing_left()
            equal(checkout.make("stop"), (0, "Nothing runs.\n"))
            with socket.create_server(("127.0.0.1", checkout.port)):
                status, said = checkout.make("run")
                equal(status, 2)
                matches(f"port {checkout.port} is in use", said)

        @tap.row("what a killed one left is found by make stop")
        def _():
            with Running(checkout) as running:
                label = running.label()
                script = int((checkout.top / ".run/run.pid").read_text())
                os.kill(script, signal.SIGKILL)
                running.process.wait(30)
                ensure(checkout.processes(), "nothing", "left behind:")
                equal(checkout.make("stop")[0], 0)
                ensure(not lives(script))
            checkout.expect_nothing_left([label])

        @tap.row(".env: a chosen key stays, a placeholder goes, other lines stay, the environment wins")
        def _():
            env = checkout.top / ".env"
            chosen = "export API_KEYS='me:" + "s" * 40 + "'\nGATEWAY_PORT=1\nRENDER_API_KEYS=x\n"
            env.write_text(chosen)
            status, said = checkout.make("run", ONCE=1)
            equal((status, env.read_text()), (0, chosen), said)
            equal(stat.S_IMODE(env.stat().st_mode), 0o600)
            env.write_text("GATEWAY_PORT=1\nAPI_KEYS=local:changeme\nMY_API_KEYS=x")
            status, said = checkout.make("run", ONCE=1)
            equal(status, 0, said)
            matches(r"^GATEWAY_PORT=1\nMY_API_KEYS=x\nAPI_KEYS=local:[0-9a-f]{64}\n$", env.read_text())

        @tap.row("a wrong setting is named")
        def _():
            status, said = checkout.make("run", ONCE=1, MAX_TIMEOUT="never")
            equal(status, 2)
            matches("MAX_TIMEOUT", said)
            checkout.expect_nothing_left()
