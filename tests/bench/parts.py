# SPDX-License-Identifier: Apache-2.0
"""What is measured, in the order it is printed."""

import contextlib
import json
import os
import pathlib
import resource
import socket
import statistics
import struct
import subprocess
import time

from support import fronts, http, wire
from support.gateway import Client, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import eventually

from . import machine
from .refusals import refusals
from .rendering import rendering
from .table import Table

HERE = pathlib.Path(__file__).resolve().parent
PYTHON, BASH = ("python", "print(1)", '"stdout":"1\\n"'), ("bash", "echo hi", '"stdout":"hi\\n"')
IMPORTS = "import numpy, pandas, matplotlib.pyplot"
SLOTS = 16
POOL = 2
SETTINGS = {
    "MAX_CONCURRENT_EXECUTIONS": SLOTS,
    "WORKERS": 0,
    "RESERVED_WORKERS": 4,
    "WAITING_WORKERS": 4,
    "MAX_EXECUTIONS_PER_SESSION": 1000000,
    "LOG_LEVEL": "INFO",
    "JANITOR_INTERVAL_SECONDS": 15,
}


class Bench:
    """A gateway behind lighttpd as shipped, and a client that keeps its connection."""

    def __init__(self, stack, table, **settings):
        self.table = table
        where = stack.enter_context(scratch())
        self.redis = Redis(where)
        stack.enter_context(self.redis)
        self.redis.start()
        self.gateway = stack.enter_context(Gateway(where, self.redis, **{**SETTINGS, **settings}))
        self.front = fronts.lighttpd(str(where), str(self.gateway.socket))
        stack.callback(self.front.stop)
        self.connection = stack.enter_context(http.Connection(self.front.port))
        self.client = Client(self.connection.request, self.gateway.tokens["alice"])
        self.docker = self.gateway.docker

    def timed(self, call):
        """(milliseconds, answer)"""
        began = time.perf_counter()
        answer = call()
        return (time.perf_counter() - began) * 1000, answer

    def wrk(self, script, connections, seconds, path="/", **environment):
        threads = connections if script == "execute.lua" else min(2, connections)
        done = subprocess.run(
            [
                "wrk",
                "--latency",
                "-t",
                str(threads),
                "-c",
                str(connections),
                "-d",
                f"{seconds}s",
                "--timeout",
                "20s",
                "-s",
                str(HERE / script),
                f"http://127.0.0.1:{self.front.port}{path}",
            ],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 60,
        )
        found = json.loads(done.stdout.strip().splitlines()[-1])
        if found["wrong"]:
            raise RuntimeError(
                f"{found['wrong']} wrong answers of {found['requests']}: {done.stderr[-500:]}"
            )
        return found

    def load(self, what, sessions, connections, seconds):
        language, code, want = what
        body = json.dumps({"container_id": "ID", "language": language, "code": code})
        return self.wrk(
            "execute.lua",
            connections,
            seconds,
            SESSIONS=" ".join(s.id for s in sessions),
            TOKEN=self.client.token,
            BODY=body,
            WANT=want,
        )


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def latency(b):
    with b.client.session() as session:
        for (language, *_), what, goals in (("python", PYTHON, (2, 8)), ("bash", BASH, (3, None))):
            name = f"POST /execute {what[0]} {what[1]}"
            b.load(what, [session], 1, 2)  # warm
            rounds = [b.load(what, [session], 1, 4) for _ in range(5)]
            whole = b.table.add(f"{name}, p50", "ms", [r["p50"] for r in rounds], goals[0])
            b.table.add(f"{name}, p99", "ms", [r["p99"] for r in rounds], goals[1])
            if what is PYTHON:
                with b.client.session() as other:
                    alone = statistics.median(conversations(b, other, 500))
                b.table.add(
                    "  its sandbox alone: attach, SYNC, RUN, EXIT by hand, p50", "ms", [alone]
                )
                b.table.add(
                    "  what gateway, Redis and lighttpd add to that", "ms", [whole - alone], 0.5
                )
        reply = [b.timed(lambda: b.connection.request("GET", "/livez"))[0] for _ in range(500)]
        b.table.add("  GET /livez through lighttpd, p50", "ms", [statistics.median(reply)])
        times = [
            b.timed(lambda: b.docker.command("exec", session.id, "python", "-c", "print(1)"))[0]
            for _ in range(10)
        ]
        b.table.add("  beside it: docker exec python -c 'print(1)'", "ms", times)


def conversations(b, session, count):
    """What an execution costs when nobody asks Redis: one attach, one conversation each.

    The session is lost to the gateway: its epochs are now too low.
    """
    attach = (
        f"POST /v1.41/containers/{session.id}/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\n"
        "Host: d\r\n"
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    ).encode()
    times = []
    for i in range(count):
        sync = wire.Sync(epoch=(1 << 40) + i, nonce=os.urandom(16), lease_ms=15000)
        words = wire.begin(sync) + wire.put_run("print(1)", wire.Run(id=b"bench"))
        began = time.perf_counter()
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(b.docker.socket)
            s.sendall(attach)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += s.recv(1)
            s.sendall(words)
            decoder, done = wire.Decoder(), False
            while not done:
                _, length = struct.unpack(">B3xI", s.recv(8, socket.MSG_WAITALL))
                for kind, _ in decoder.feed(s.recv(length, socket.MSG_WAITALL)):
                    done = done or kind == wire.Type.EXIT
        times.append((time.perf_counter() - began) * 1000)
    return times


def throughput(b):
    sessions = [b.client.session() for _ in range(SLOTS)]
    try:
        pids = {s.id: b.docker.pid(s.id) for s in sessions}
        for what, goal in ((PYTHON, 800), (BASH, 500)):
            b.load(what, sessions, SLOTS, 2)  # warm
            rounds, used = [], []
            for _ in range(3):
                before = usage(b, pids)
                rounds.append(b.load(what, sessions, SLOTS, 6))
                after = usage(b, pids)
                used.append(
                    {k: (after[k] - before[k]) * 1000 / rounds[-1]["requests"] for k in after}
                )
            b.table.add(
                f"{SLOTS} clients, {SLOTS} sessions: {what[0]} executions",
                "/s",
                [r["requests"] / r["seconds"] for r in rounds],
                goal,
                at_least=True,
            )
            b.table.add("  p50 under that load", "ms", [r["p50"] for r in rounds])
            goals = (
                {"gateway": 0.5, "dockerd + containerd": 0.5, "whole machine": 2.5}
                if what is PYTHON
                else {}
            )
            for key in used[0]:
                b.table.add(
                    f"  CPU per 1,000 {what[0]} executions: {key}",
                    "s",
                    [u[key] for u in used],
                    goals.get(key),
                )
    finally:
        for session in sessions:
            session.delete()


def usage(b, pids):
    """CPU seconds so far; wrk, the client, is a child of ours that has ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    shims = [machine.parent(p) for p in pids.values()]
    return {
        "gateway": machine.cpu(machine.family(b.gateway.pid)),
        "dockerd + containerd": machine.cpu(machine.engine(b.docker)),
        "containerd's shims": machine.cpu(shims),
        "redis": machine.cpu([b.redis.pid]),
        "lighttpd": machine.cpu(machine.family(b.front.process.pid)),
        "wrk, the client": spent.ru_utime + spent.ru_stime,
        "sandboxes": sum(machine.container_cpu(p) for p in pids.values()),
        "whole machine": machine.machine_cpu(),
    }


def imports(b):
    first, second, plain, inside = [], [], [], []
    command = ["python", "-c", IMPORTS]
    with b.client.session() as probe:
        if probe.python(IMPORTS).error:
            print("the image has no numpy, pandas and matplotlib: imports are not measured")
            return
    for _ in range(5):
        with b.client.session() as session:
            plain.append(b.timed(lambda: b.docker.command("exec", session.id, *command))[0])
            text = (
                session.bash(
                    f"s=$(date +%s%N); python -c '{IMPORTS}'; e=$(date +%s%N); "
                    "echo $(( (e - s) / 1000 ))"
                )
                .worked()
                .stdout
            )
            inside.append(int(text) / 1000)
        with b.client.session() as session:
            session.answers()
            first.append(b.timed(lambda: session.python(IMPORTS).worked())[0])
            time.sleep(3)  # it preloads after the answer
            second += [b.timed(lambda: session.python(IMPORTS).worked())[0] for _ in range(5)]
    b.table.add(f"first {IMPORTS}", "ms", first, statistics.median(inside))
    b.table.add("second and later", "ms", second, 10)
    b.table.add("  beside it: docker exec python -c", "ms", plain)
    b.table.add("  beside it: python -c in a container", "ms", inside)


def sessions(b):
    with b.client.session() as model:
        seen = b.docker.inspect(model.id)
    spec = {
        **{k: v for k, v in seen["Config"].items() if k not in ("Hostname",)},
        "HostConfig": seen["HostConfig"],
    }
    create, docker, delete = [], [], []
    for i in range(30):

        def by_hand():
            made = b.docker.create(f"bench-{os.getpid()}-{i}", **spec)
            b.docker.start(made)
            return made

        took, made = b.timed(by_hand)
        docker.append(took)
        b.docker.remove(made)
        took, session = b.timed(b.client.session)
        create.append(took)
        session.answers()
        took, response = b.timed(session.delete)
        if response.status != 200:
            raise RuntimeError(repr(response))
        delete.append(took)
        time.sleep(0.05)
    alone = statistics.median(docker)
    b.table.add(
        "POST /containers, cold, p50",
        "ms",
        [statistics.median(create)],
        1.2 * alone,
        note=f"{statistics.median(create) / alone:.2f} x Docker's own",
    )
    b.table.add("POST /containers, cold", "ms", create)
    b.table.add("  beside it: Docker's create + start", "ms", docker)
    b.table.add("DELETE /containers/{id}", "ms", delete, 5)


def health(b):
    rounds = [b.wrk("get.lua", 16, 5, "/healthz") for _ in range(3)]
    b.table.add(
        "GET /healthz, idle, wrk -c16",
        "/s",
        [r["requests"] / r["seconds"] for r in rounds],
        10000,
        at_least=True,
    )
    rounds = [b.wrk("get.lua", 16, 4, "/livez") for _ in range(2)]
    b.table.add(
        "  GET /livez, idle, wrk -c16", "/s", [r["requests"] / r["seconds"] for r in rounds]
    )
    made = [b.client.session() for _ in range(SLOTS)]
    try:
        environment = {
            "SESSIONS": " ".join(s.id for s in made),
            "TOKEN": b.client.token,
            "WANT": PYTHON[2],
            "BODY": json.dumps({"container_id": "ID", "language": PYTHON[0], "code": PYTHON[1]}),
        }
        p50, p99 = [], []
        for _ in range(3):
            wrk = subprocess.Popen(
                [
                    "wrk",
                    "-t",
                    str(SLOTS),
                    "-c",
                    str(SLOTS),
                    "-d",
                    "8s",
                    "-s",
                    str(HERE / "execute.lua"),
                    f"http://127.0.0.1:{b.front.port}/",
                ],
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                time.sleep(1.5)
                times = []
                while wrk.poll() is None and len(times) < 500:
                    took, response = b.timed(lambda: b.connection.request("GET", "/healthz"))
                    if response.status != 200:
                        raise RuntimeError(repr(response))
                    times.append(took)
                    time.sleep(0.01)
            finally:
                wrk.kill()
                wrk.wait()
            p50.append(percentile(times, 0.5))
            p99.append(percentile(times, 0.99))
        b.table.add("GET /healthz under full execution load, p50", "ms", p50)
        b.table.add("GET /healthz under full execution load, p99", "ms", p99, 20)
    finally:
        for session in made:
            session.delete()


def memory(b):
    """Of a gateway with 16 workers that have all worked, and of idle sessions."""
    made = [b.client.session() for _ in range(4)]
    try:
        for session in made:
            session.answers()
        b.wrk("get.lua", 16, 2, "/healthz")
        b.load(PYTHON, made, 4, 3)
        b.table.add(
            "gateway with 16 workers, PSS of all its processes",
            "MiB",
            [machine.pss(machine.family(b.gateway.pid))],
            40,
        )
        time.sleep(0.5)
        pids = [b.docker.pid(s.id) for s in made]
        b.table.add(
            "idle session, warm and bare, anonymous memory",
            "MiB",
            [machine.anonymous(p) for p in pids],
            16,
        )
        time.sleep(6)
        b.table.add(
            "idle session, after SANDBOX_WARM_SECONDS",
            "MiB",
            [machine.anonymous(p) for p in pids],
            2,
        )
        first = [b.timed(s.answers)[0] for s in made]
        b.table.add("  the execution after that", "ms", first)
        if not made[0].python(IMPORTS).error:
            time.sleep(2)
            b.table.add(
                "  idle session with numpy, pandas, matplotlib preloaded",
                "MiB",
                [machine.anonymous(pids[0])],
            )
    finally:
        for session in made:
            session.delete()


def pool(b):
    """What a session that was ready beforehand saves its client."""
    key, create, first = f"cg:{{{b.gateway.deployment}}}:pool", [], []
    for _ in range(30):
        eventually(lambda: b.redis("ZCARD", key) == POOL, 30, "a full pool")
        took, session = b.timed(b.client.session)
        create.append(took)
        first.append(b.timed(session.answers)[0])
        session.delete()
    b.table.add("POST /containers, from the pool, p50", "ms", [statistics.median(create)], 10)
    b.table.add("POST /containers, from the pool", "ms", create)
    b.table.add("the first Python result after it", "ms", first, 15)


PARTS = {
    "latency": latency,
    "throughput": throughput,
    "imports": imports,
    "sessions": sessions,
    "health": health,
    "refusals": refusals,
    "pool": pool,
    "memory": memory,
    "render": rendering,
}

# A gateway of its own for these.
OWN = {
    "pool": {"SANDBOX_POOL_SIZE": POOL},
    "memory": {
        "WORKERS": 16,
        "MAX_CONCURRENT_EXECUTIONS": 10,
        "MAX_CONCURRENT_RENDERS": 2,
        "RESERVED_WORKERS": 4,
        "WAITING_WORKERS": 4,
        "SANDBOX_WARM_SECONDS": 4,
    },
}


def measure(names):
    table = Table()
    with contextlib.ExitStack() as stack:
        bench = Bench(stack, table)
        for name in names:
            if name not in OWN:
                PARTS[name](bench)
    for name in names:
        if name in OWN:
            with contextlib.ExitStack() as stack:
                PARTS[name](Bench(stack, table, **OWN[name]))
    return table
