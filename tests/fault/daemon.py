# SPDX-License-Identifier: Apache-2.0
"""A Docker daemon of our own stops, dies, restarts under sessions: security.md 5, 9 to 13."""

import contextlib
import os
import signal
import time

from support.daemon import Daemon, missing
from support.docker import Docker
from support.gateway import Gateway, until_it_sleeps
from support.redis import Redis
from support.service import scratch
from support.tap import Background, Failed, Skipped, ensure, equal, eventually

from .oracle import Oracle, typed


TIMEOUT = 3


def rows(tap):
    image, reason = missing()
    if reason:
        tap.row("daemon")(lambda: skip(reason))
        return
    with scratch() as where, Redis(where).start() as redis, Daemon(where) as daemon:
        daemon.start()
        daemon.load(image)
        settings = {
            "SANDBOX_IMAGE": image,
            "DOCKER_CLIENT_TIMEOUT": TIMEOUT,
            "HEALTH_CACHE_SECONDS": 0,
            "JANITOR_INTERVAL_SECONDS": 5,
            "ORPHAN_GRACE_SECONDS": 60,
        }
        with (
            Gateway(
                where,
                redis,
                Docker(daemon.host),
                RUN_LEASE_SECONDS=5,
                MAX_TIMEOUT=60,
                EXECUTION_QUEUE_SECONDS=5,
                **settings,
            ) as gateway,
            # Docker may carry out what nobody waits for at any time: in a deployment of its own.
            Gateway(
                where,
                redis,
                Docker(daemon.host),
                MAX_CONCURRENT_EXECUTIONS=1,
                WAITING_WORKERS=0,
                **settings,
            ) as other,
        ):
            late = unheard(tap, other, daemon)
            stopped(tap, gateway, daemon)

            @tap.row("a container whose creation nobody heard of is removed by the janitor", 150)
            def _():
                if not late:
                    raise Skipped("this dockerd does not create what nobody waits for")
                eventually(lambda: not other.containers(), 120, "nothing left", 1)

            killed(tap, gateway, daemon)
        with Gateway(where, redis, Docker(daemon.host), SANDBOX_POOL_SIZE=2, **settings) as gateway:
            pooled(tap, gateway, daemon)


def skip(reason):
    raise Skipped(reason)


def unheard(tap, gateway, daemon):
    """The containers that were created too late."""
    late = []

    def attempt():
        gateway.session().delete()  # a worker new to Docker has other questions first
        eventually(lambda: not gateway.containers(), 30, "nothing there")
        daemon.send(signal.SIGSTOP)
        try:
            began = time.monotonic()
            typed(gateway.client().post("/containers"), 503)
            ensure(time.monotonic() - began < 4 * TIMEOUT, time.monotonic() - began)
        finally:
            daemon.send(signal.SIGCONT)
        eventually(lambda: gateway.ask("GET", "/healthz").status == 200, 30, "healthy")
        with contextlib.suppress(Failed):
            late.extend(eventually(gateway.containers, 2))

    @tap.row("dockerd stopped by a signal: a creation is 503 within its time-out", seconds=120)
    def _():
        for _ in range(8):
            if not late:
                attempt()

    return late


def pooled(tap, gateway, daemon):
    def full(sessions=0):
        members = gateway.redis("ZCARD", f"cg:{{{gateway.deployment}}}:pool")
        return members == 2 and len(gateway.containers()) == 2 + sessions

    def ready():
        """What is in the pool; and a session that has been used."""
        eventually(full, 60, "a full pool", 0.5)
        used = gateway.session()
        used.answers()
        eventually(lambda: full(1), 60, "a full pool", 0.5)
        return used, set(gateway.containers()) - {used.id}

    def works(session):
        """Docker away is a 503; a session that was handed out and never used is never a 404."""

        def served():
            answer = session.ask("print(6 * 7)")
            ensure(answer.status in (200, 503), answer)
            return answer.status == 200 and answer.json

        equal(eventually(served, 60, "an answer", 0.2)["stdout"], "42\n")
        return session

    @tap.row("dockerd restarted: its pool is dead, sessions from it are not", seconds=240)
    def _():
        for end in (daemon.stop, daemon.kill):
            used, members = ready()
            end()
            claimed = gateway.session()            # Docker is not asked
            ensure(claimed.id in members, claimed.id)
            working = Background(lambda: works(claimed))
            daemon.start()
            with works(gateway.session()), working.answer(), used:
                eventually(lambda: used.ask("print(1)").status == 404, 60, "lost with its container")
            eventually(full, 60, "a full pool", 0.5)


def stopped(tap, gateway, daemon):
    oracle = Oracle(gateway)

    @tap.row(
        "dockerd stopped by a signal: 503 within its time-out, health degraded, then well",
        seconds=120,
    )
    def _():
        with gateway.session() as session:
            session.bash("echo kept >f").worked()
            daemon.send(signal.SIGSTOP)
            try:
                for call in (lambda: session.ask("print(1)"), session.inspect, session.delete):
                    began = time.monotonic()
                    typed(call(), 503)
                    ensure(time.monotonic() - began < 4 * TIMEOUT, time.monotonic() - began)
                equal(gateway.ask("GET", "/healthz", timeout=20).status, 503)
                equal(gateway.ask("GET", "/livez", timeout=20).status, 200)
            finally:
                daemon.send(signal.SIGCONT)
            eventually(lambda: gateway.ask("GET", "/healthz").status == 200, 30, "healthy")
        oracle.sound()

    @tap.row(
        "dockerd stopped during a run: the run goes on and its answer comes, late", seconds=120
    )
    def _():
        with gateway.session() as session:
            running = Background(lambda: session.ask("echo a; sleep 2; echo b", "bash", timeout=30))
            until_it_sleeps(gateway, session)
            daemon.send(signal.SIGSTOP)
            time.sleep(3)
            daemon.send(signal.SIGCONT)
            response = running.answer()
            equal((response.status, response.json["stdout"]), (200, "a\nb\n"))
            oracle.sound([session])

    @tap.row(
        "container removed during a run, its PID 1 killed during another: told at once, session gone",
        seconds=90,
    )
    def _():
        for disturb in (
            lambda s: gateway.docker.remove(s.id),
            lambda s: os.kill(gateway.docker.pid(s.id), signal.SIGKILL),
        ):
            session = gateway.session()
            running = Background(lambda: session.ask("echo partial; sleep 50", "bash", timeout=60))
            until_it_sleeps(gateway, session)
            disturb(session)
            lost(running.answer(30), "session_lost")
            typed(session.ask("print(1)"), 404)
        oracle.sound()

    @tap.row("container paused by an operator: a run ends by a deadline, never hangs", seconds=120)
    def _():
        with gateway.session() as session:
            gateway.docker.pause(session.id)
            try:
                began = time.monotonic()
                typed(session.ask("print(1)", timeout=1), 503)
                ensure(time.monotonic() - began < 40, time.monotonic() - began)
            finally:
                gateway.docker.unpause(session.id)
        eventually(lambda: not gateway.containers(), 60, "nothing left", 0.5)


def killed(tap, gateway, daemon):
    oracle = Oracle(gateway)

    def away():
        typed(gateway.client().post("/containers"), 503)
        equal(gateway.ask("GET", "/healthz", timeout=20).status, 503)

    @tap.row(
        "dockerd killed and restarted: its containers die, sessions say 404, new ones work",
        seconds=150,
    )
    def _():
        session = gateway.session()
        running = Background(lambda: session.ask("echo partial; sleep 50", "bash", timeout=60))
        until_it_sleeps(gateway, session)
        daemon.kill()
        lost(running.answer(30), "infra")  # what became of the sandbox, nobody can say
        away()
        daemon.start()
        eventually(lambda: gateway.ask("GET", "/healthz").status == 200, 60, "healthy")
        eventually(lambda: session.ask("print(1)").status == 404, 60, "404", 0.5)
        oracle.sound([], 40)
        with gateway.session() as new:
            new.answers()

    @tap.row("dockerd restarted in order: the same, and not for long", seconds=150)
    def _():
        session = gateway.session()
        session.answers()
        daemon.stop()
        away()
        daemon.start()
        eventually(lambda: session.ask("print(1)").status == 404, 60, "404", 0.5)
        with gateway.session() as new:
            new.answers()
        oracle.sound([], 40)

    @tap.row(
        "dockerd with live-restore killed and restarted: sessions live on, or are gone and say so",
        seconds=150,
    )
    def _():
        # Docker 20.10 removes what has AutoRemove even then.
        daemon.stop()
        daemon.argv.append("--live-restore")
        daemon.start()
        session = gateway.session()
        session.bash("echo kept >f").worked()
        daemon.kill()
        typed(session.ask("print(1)"), 503)
        daemon.start()
        response = eventually(lambda: told(session), 40, "answering, or 404", 0.5)
        if response.status == 200:
            equal(response.json["stdout"], "kept\n")
            session.answers()
            equal(session.delete().status, 200)
        oracle.sound([], 40)


def lost(response, outcome):
    """The run had begun, and what it had said is told."""
    result = typed(response, 200).json
    equal((result["stdout"], result["outcome"]), ("partial\n", outcome))


def told(session):
    response = session.ask("cat f", "bash")
    return response if response.status in (200, 404) else None
