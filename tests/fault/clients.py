# SPDX-License-Identifier: Apache-2.0
"""Workers are killed and clients leave, at each point of a request: security.md 5, 1 to 5, 23."""

import json
import os
import select
import signal
import time

from support import fastcgi
from support.fastcgi import JSON
from support.gateway import Gateway, serving
from support.redis import Redis
from support.service import scratch
from support.tap import Background, Failed, equal, eventually

from . import fakedocker as fake
from .fakesupervisor import Supervisor, Type, exited, frame, printed
from .oracle import Oracle, typed


class Slow(Supervisor):
    """A run that takes its time and then says a lot."""

    def on_run(self, _):
        self.container["runs"] = self.container.get("runs", 0) + 1
        if self.container.get("quick"):
            return self.say(frame(Type.STDOUT, b"42\n") + exited(**printed(3)))
        self.say(frame(Type.STDOUT, b"began\n"))
        self.container["began"] = True
        for _ in range(60):
            if self.container.get("quick"):
                raise fake.Gone
            time.sleep(0.1)
        self.say(exited(**printed(6)))


def held(docker, call):
    """
    Docker's next such call does not come back until the worker has gone; the condition that it
    has come, whatever the janitor asks meanwhile.
    """
    docker.script[call] = [fake.hanging]
    before = len(docker.calls)
    return lambda: call in [name for name, _ in docker.calls[before:]]


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        fake.FakeDocker(where, Slow) as docker,
        Gateway(
            where,
            redis,
            docker,
            DOCKER_CLIENT_TIMEOUT=10,
            RUN_LEASE_SECONDS=5,
            EXECUTION_QUEUE_SECONDS=8,
            ORPHAN_GRACE_SECONDS=60,
            JANITOR_INTERVAL_SECONDS=5,
            MAX_CONTAINERS_PER_PRINCIPAL=2,
            MAX_CONCURRENT_EXECUTIONS=2,
            MAX_TIMEOUT=30,
            MAX_INFLIGHT_BODY_BYTES="64m",
        ) as gateway,
    ):
        oracle = Oracle(gateway)
        deaths(tap, gateway, docker, oracle)
        leaving(tap, gateway, docker, oracle)


def lost(exchange):
    """The dead worker's client sees the connection close, not an answer."""
    try:
        raise Failed(f"an answer: {exchange.answer()!r}")
    except (fastcgi.Closed, OSError):
        pass


def deaths(tap, gateway, docker, oracle):
    alice = gateway.client()
    authorization = ("Authorization", f"Bearer {alice.token}")

    def sent(method, path, body=b"", headers=(), part=None):
        exchange = fastcgi.Exchange(gateway.socket, 40)
        exchange.write(
            fastcgi.begin(fastcgi.params_for(method, path, [authorization, *headers], body))
        )
        if part is None:
            exchange.write(fastcgi.stream(fastcgi.STDIN, body))
        else:
            exchange.write(fastcgi.record(fastcgi.STDIN, body[:part]))
        return exchange

    def kill_serving():
        for pid in serving(gateway):
            os.kill(pid, signal.SIGKILL)

    @tap.row("worker killed: while it reads the body")
    def _():
        for _ in range(3):
            exchange = sent("POST", "/execute", bytes(100000), JSON, part=1000)
            kill_serving()
            lost(exchange)
        oracle.sound()

    @tap.row("worker killed: with a large body on its way to a file")
    def _():
        exchange = sent("POST", "/execute", bytes(20_000_000), JSON, part=30000)
        for _ in range(200):
            exchange.write(fastcgi.record(fastcgi.STDIN, bytes(32768)))
        kill_serving()
        lost(exchange)
        oracle.sound()

    @tap.row("worker killed: while Docker carries out create, and start", seconds=120)
    def _():
        for call in ("create", "start"):
            there = held(docker, call)
            exchange = sent("POST", "/containers")
            eventually(there, 30, f"at {call}")
            kill_serving()
            lost(exchange)
            docker.calm()

        def places():
            """The reservation of a dead worker ends by itself; the quota is two."""
            made = [alice.post("/containers") for _ in range(2)]
            for one in made:
                if one.status == 200:
                    alice.delete(f"/containers/{one.json['container_id']}")
            return [m.status for m in made] == [200, 200]

        eventually(places, 90, "both places free again", 1)
        docker.containers.clear()  # the dead one's: too young for the janitor
        oracle.sound()

    for call, what in (("attach", "while it attaches"), (None, "while the code runs")):

        @tap.row(
            f"worker killed: {what}: the session answers again, the code ran at most once",
            seconds=120,
        )
        def _():
            session = alice.session()
            there = (
                held(docker, call)
                if call
                else lambda: docker.containers[session.id].get("began")
            )
            exchange = sent(
                "POST",
                "/execute",
                json.dumps({"container_id": session.id, "code": "1"}).encode(),
                JSON,
            )
            eventually(there, 30, what)
            kill_serving()
            lost(exchange)
            docker.containers[session.id]["quick"] = True
            ran = docker.containers[session.id].get("runs", 0)
            equal(ran, 0 if call else 1)
            eventually(lambda: session.ask("print(42)").status == 200, 60, "answering again", 0.5)
            equal(docker.containers[session.id]["runs"], ran + 1)
            equal(session.delete().status, 200)
            oracle.sound()

    @tap.row("worker killed: ten in a row, back-off does not shut the door")
    def _():
        for _ in range(10):
            workers = gateway.workers()
            if workers:
                os.kill(workers[0], signal.SIGKILL)
            time.sleep(0.05)
        eventually(lambda: gateway.ask("GET", "/livez", timeout=10).status == 200, 30)
        oracle.sound()

    @tap.row("worker stopped by a signal holds up nobody else", seconds=90)
    def _():
        pid = gateway.servers()[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            # A stopped worker may have taken one connection to itself, not more.
            asked = [Background(lambda: gateway.ask("GET", "/livez").status) for _ in range(20)]
            eventually(lambda: [one.result for one in asked].count(200) >= 19, 30, "served")
        finally:
            os.kill(pid, signal.SIGCONT)
        equal([one.answer(30) for one in asked], [200] * 20)
        oracle.sound()


def leaving(tap, gateway, docker, oracle):
    alice = gateway.client()
    authorization = ("Authorization", f"Bearer {alice.token}")

    @tap.row("client gone: in the middle of its parameters")
    def _():
        whole = fastcgi.begin(fastcgi.params_for("GET", "/livez", [authorization]))
        for cut in range(1, len(whole), 37):
            with fastcgi.Exchange(gateway.socket, 5) as exchange:
                exchange.write(whole[:cut])
        oracle.sound()

    @tap.row("client gone: in the middle of its body, small and large")
    def _():
        for size, part in ((1000, 10), (3_000_000, 100_000), (30_000_000, 4_000_000)):
            with fastcgi.Exchange(gateway.socket, 5) as exchange:
                exchange.write(
                    fastcgi.begin(
                        fastcgi.params_for("POST", "/execute", [authorization, *JSON], length=size)
                    )
                )
                for at in range(0, part, 32000):
                    exchange.write(fastcgi.record(fastcgi.STDIN, bytes(min(32000, part - at))))
        oracle.sound()

    @tap.row("client gone: while its code runs: the run ends, the session is free")
    def _():
        session = alice.session()
        body = json.dumps({"container_id": session.id, "code": "1"}).encode()
        with fastcgi.Exchange(gateway.socket, 5) as exchange:
            exchange.write(
                fastcgi.begin(fastcgi.params_for("POST", "/execute", [authorization, *JSON], body))
                + fastcgi.stream(fastcgi.STDIN, body)
            )
            eventually(lambda: docker.containers[session.id].get("began"), 30, "running")
        docker.containers[session.id]["quick"] = True
        eventually(lambda: session.ask("print(42)").status == 200, 40, "answering again", 0.3)
        session.delete()
        oracle.sound()

    @tap.row("bodies above MAX_INFLIGHT_BODY_BYTES together: 503, others are served")
    def _():
        def upload():
            exchange = fastcgi.Exchange(gateway.socket, 30)
            params = fastcgi.params_for("POST", "/execute", [authorization, *JSON], length=33000000)
            exchange.write(fastcgi.begin(params) + fastcgi.record(fastcgi.STDIN, b"{"))
            return exchange

        # Two fit.  Which of the three comes too late is the gateway's choice.
        uploads = [upload() for _ in range(3)]
        answered, _, _ = select.select([u.socket for u in uploads], [], [], 30)
        equal(len(answered), 1, "of three uploads are answered before they are complete:")
        for exchange in uploads:
            if exchange.socket in answered:
                typed(exchange.answer(), 503)
        equal(gateway.ask("GET", "/livez").status, 200)
        for exchange in uploads:
            exchange.close()
        with alice.session() as session:
            docker.containers[session.id]["quick"] = True
            session.answers()
        oracle.sound()

    @tap.row("client gone: it never reads its answer")
    def _():
        exchanges = []
        for _ in range(4):
            exchange = fastcgi.Exchange(gateway.socket, 5)
            exchange.write(
                fastcgi.begin(fastcgi.params_for("GET", "/version"))
                + fastcgi.stream(fastcgi.STDIN, b"")
            )
            exchanges.append(exchange)
        for _ in range(10):
            equal(gateway.ask("GET", "/livez", timeout=10).status, 200)
        for exchange in exchanges:
            exchange.close()
        oracle.sound()

    @tap.row("client silent: connections that say nothing do not hold up health")
    def _():
        # More than the patience with one that is under way would let through in time.
        idle = [fastcgi.Exchange(gateway.socket, 30) for _ in range(8 * len(gateway.servers()))]
        try:
            equal(gateway.ask("GET", "/livez", timeout=40).status, 200)
        finally:
            for exchange in idle:
                exchange.close()
        oracle.sound()

    @tap.row("client slow: parameters that trickle are ended by a deadline", seconds=120)
    def _():
        with fastcgi.Exchange(gateway.socket, 0.5) as exchange:
            exchange.write(
                fastcgi.record(fastcgi.BEGIN, b"\0\1" + bytes(6))
                + fastcgi.record(fastcgi.PARAMS, bytes(60000))[:1000]
            )

            def ended():
                """One byte more, which comes before any read has waited for too long."""
                exchange.write(b"\0")
                try:
                    return exchange.socket.recv(1) == b""
                except TimeoutError:
                    return False
                except ConnectionResetError:
                    return True

            eventually(ended, 60, "closed")
        oracle.sound()

    @tap.row("client slow: a body that stops is ended by a deadline", seconds=90)
    def _():
        with fastcgi.Exchange(gateway.socket, 60) as exchange:
            exchange.write(
                fastcgi.begin(
                    fastcgi.params_for("POST", "/execute", [authorization, *JSON], length=1000000)
                )
            )
            exchange.write(fastcgi.record(fastcgi.STDIN, b"{"))
            typed(exchange.answer(), 400)
        oracle.sound()
