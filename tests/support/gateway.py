# SPDX-License-Identifier: Apache-2.0
"""A gateway of our own, its clients, and what it must leave behind: nothing."""

import base64
import contextlib
import json
import os
import re
import secrets
import signal

from . import fastcgi
from .docker import Docker
from .service import BUILD, DOCKER_HOST, IMAGE, Clean, Program, called, children, connects
from .tap import Failed, equal, eventually

NOWHERE = "0123456789abcdef" * 4
GONE = "Container session not found, or it was shut down due to inactivity."

# What would refuse a suite's load; a suite that tests a limit sets it.
ROOMY = {
    "APP_ENV": "development",
    "REQUIRE_AUTH": "true",
    "LOG_LEVEL": "INFO",
    "WORKERS": 0,
    "RESERVED_WORKERS": 2,
    "WAITING_WORKERS": 6,
    "MAX_CONCURRENT_EXECUTIONS": 4,
    "MAX_CONCURRENT_RENDERS": 1,
    "RATE_LIMIT_REQUESTS_PER_WINDOW": 0,
    "CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW": 0,
    "MAX_ACTIVE_SESSIONS": 100,
    "MAX_CONTAINERS_PER_PRINCIPAL": 100,
    "MAX_EXECUTIONS_PER_SESSION": 100000,
    "SANDBOX_POOL_SIZE": 0,
    "RENDER_POOL_SIZE": 0,
    "RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW": 1000,
}


class Result(dict):
    """An answer of /execute with its members as attributes."""

    __getattr__ = dict.__getitem__

    def file(self, name):
        return next(f for f in self["files"] if f["name"] == name)

    def content(self, name):
        return base64.b64decode(self.file(name)["content"], validate=True)

    def worked(self):
        if self["error"] is not None:
            raise Failed(f"the run failed: {dict(self)}")
        return self


class Client:
    """Speaks to one gateway as one principal; `ask(method, path, headers, body)` is the road."""

    def __init__(self, ask, token):
        self.ask, self.token = ask, token

    def request(self, method, path, body=None, headers=(), **more):
        headers = list(headers)
        if self.token is not None:
            headers.append(("Authorization", f"Bearer {self.token}"))
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers.append(("Content-Type", "application/json"))
        return self.ask(method, path, headers, body or b"", **more)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def session(self, **options):
        response = self.post("/containers", options or None)
        if response.status != 200:
            raise Failed(f"no session: {response!r}")
        return Session(self, response.json)

    def execute(self, container_id, code, language="python", **more):
        return self.post(
            "/execute", {"container_id": container_id, "language": language, "code": code, **more}
        )


class Session:
    """One sandbox; gone with its `with`."""

    def __init__(self, client, created):
        self.client, self.created = client, created
        self.id = created["container_id"]

    def ask(self, code, language="python", **more):
        return self.client.execute(self.id, code, language, **more)

    def run(self, code, language="python", **more):
        response = self.ask(code, language, **more)
        if response.status != 200:
            raise Failed(f"execute answered {response!r}")
        return Result(response.json)

    def python(self, code, **more):
        return self.run(code, "python", **more)

    def bash(self, code, **more):
        return self.run(code, "bash", **more)

    def answers(self):
        """The positive twin: it still runs code, and tells the truth."""
        result = self.python("print(6 * 7)")
        if (result["stdout"], result["error"]) != ("42\n", None):
            raise Failed(f"the session does not answer: {dict(result)}")
        return True

    def inspect(self):
        return self.client.get(f"/containers/{self.id}")

    def delete(self):
        return self.client.delete(f"/containers/{self.id}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, fastcgi.Closed):
            self.delete()


def given(name, content):
    """An input file of a request."""
    content = content if isinstance(content, bytes) else content.encode()
    return {"name": name, "content": base64.b64encode(content).decode()}


class Gateway(Program):
    """Settings are the environment's: Gateway(where, redis, MAX_TIMEOUT=2)."""

    number = 0
    reports = []  # what sanitizers said of gateways that have ended

    def __init__(self, where, redis, docker=None, like=None, **settings):
        """like: another gateway whose deployment and keys this one shares."""
        Gateway.number += 1
        name = f"gateway-{Gateway.number}"
        self.redis, self.docker = redis, docker or Docker()
        self.run_dir = where / name
        self.run_dir.mkdir()
        self.socket = self.run_dir / "fcgi.sock"
        self.deployment = like.deployment if like else f"t-{secrets.token_hex(6)}"
        self.tokens = like.tokens if like else {k: secrets.token_hex(24) for k in ("alice", "bob")}
        self.report_path = self.run_dir / "sanitizer"
        self.settings = {
            **ROOMY,
            "SANDBOX_IMAGE": IMAGE,
            "DOCKER_HOST": self.docker.host or DOCKER_HOST,
            "REDIS_URL": redis.url,
            "FASTCGI_SOCKET": self.socket,
            "RUN_DIR": self.run_dir,
            "DEPLOYMENT_ID": self.deployment,
            "API_KEYS": ",".join(f"{k}:{v}" for k, v in self.tokens.items()),
            **settings,
        }
        if "MAX_TIMEOUT" in settings:
            self.settings.setdefault("DEFAULT_TIMEOUT", min(30, settings["MAX_TIMEOUT"]))
        self.guest = like is not None  # its containers are the other's to remove
        self.label = None
        super().__init__(
            [str(BUILD / "code-gateway")],
            where / f"{name}.log",
            env=Clean(
                **self.settings,
                ASAN_OPTIONS=f"log_path={self.report_path}:abort_on_error=0:exitcode=99"
                ":detect_leaks=1",
                UBSAN_OPTIONS=f"log_path={self.report_path}:print_stacktrace=1",
            ),
        )

    def start(self, ready=True):
        super().start()
        self.until(lambda: connects(self.socket), what="listening")
        if ready:
            self.until(lambda: self.ask("GET", "/healthz").status == 200, what="healthy")
        return self

    def ask(self, method, target, headers=(), body=b"", timeout=150):
        return fastcgi.ask(self.socket, method, target, headers, body, timeout)

    def healthy(self):
        try:
            return self.ask("GET", "/healthz", timeout=15).status == 200
        except (OSError, fastcgi.Closed):
            return False

    def client(self, name="alice", token=None):
        return Client(self.ask, token or self.tokens[name])

    def stranger(self):
        return Client(self.ask, None)

    def session(self, name="alice", **options):
        return self.client(name).session(**options)

    def workers(self):
        """Those that live, the janitor among them."""
        return children(self.pid)

    def servers(self):
        """Those of them that take requests."""
        return [pid for pid in self.workers() if called(pid) == "gateway-worker"]

    def complement(self):
        """How many there are to be; at the start some of them have yet to be made."""
        return int(re.search(r"with (\d+) workers", self.logged()).group(1)) + 1

    # ---- what is there

    def deployment_label(self):
        """Our containers' label, as the gateway stored it in Redis."""
        label = self.redis("GET", f"cg:{{{self.deployment}}}:label")
        return label and f"deployment={label}"

    def containers(self):
        with contextlib.suppress(OSError):
            self.label = self.deployment_label() or self.label
        return self.docker.ids("managed-by=code-gateway", self.label) if self.label else []

    def remove_containers(self):
        with contextlib.suppress(OSError):
            for container in self.containers():
                self.docker.remove(container)

    def sanitizer_reports(self):
        """What the sanitizers had to say, on stderr or in their own files."""
        said = [p.read_text(errors="replace") for p in sorted(self.run_dir.glob("sanitizer*"))]
        logged = self.logged()
        if "ERROR: AddressSanitizer" in logged or "runtime error:" in logged:
            said.append(logged)
        return "\n".join(said)

    def stop(self, number=signal.SIGTERM, seconds=30):
        return super().stop(number, seconds)

    def __enter__(self):
        if not self.process:
            try:
                self.start()
            except BaseException:
                self.stop()
                raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.containers()  # learns the label while Redis is there
        self.stop()
        Gateway.reports.append(self.sanitizer_reports())
        if not self.guest:
            self.remove_containers()


def no_reports(tap, name):
    """A row: the gateways of this module ended without a word from a sanitizer, leaks included."""
    said, Gateway.reports[:] = "\n".join(filter(None, Gateway.reports)), []
    tap.row(f"{name}: no sanitizer report")(lambda: equal(said, ""))


def settled(gateway, sessions):
    """security.md 5 (b): our containers are exactly those of live sessions."""
    wanted = sorted(s.id for s in sessions)
    return eventually(
        lambda: gateway.containers() == wanted and ["yes"],
        30,
        f"only the containers of {len(wanted)} sessions left",
    )


def until_it_sleeps(gateway, session):
    """Its code has come as far as a sleep: the run is in the sandbox, not on its way there."""

    def sleeps():
        top = gateway.docker.call("GET", f"/containers/{session.id}/top")
        return "sleep" in [word for process in top["Processes"] for word in process[-1].split()]

    eventually(sleeps, 30, "running")


def accepted(path):
    """The connections workers have taken from that socket, as /proc/PID/fd names them.

    None of them while one still waits to be taken: who is seen then may hold one that is over.
    """
    with open("/proc/net/unix") as table:
        lines = [line.split() for line in table]
    # 03 is a connection; 02 one that nobody has accepted, which has no inode yet
    numbers = {f[6] for f in lines if f[7:] == [path] and f[5] in ("02", "03")}
    return set() if "0" in numbers else {f"socket:[{n}]" for n in numbers}


def serving(gateway):
    """The workers that hold a request now: those with a connection accepted on our socket."""

    def holds(pid, taken):
        with contextlib.suppress(OSError):     # it may end while we look
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") in taken:
                        return True
        return False

    def look():
        taken = accepted(str(gateway.socket))
        return [p for p in gateway.workers() if holds(p, taken)]

    return eventually(look, 30, "a worker serving")


def fds(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
