# SPDX-License-Identifier: Apache-2.0
"""A pool of sandboxes, and a Docker or a Redis that is away or slow."""

import contextlib
import time

from support.gateway import Gateway, Session, serving
from support.redis import Redis
from support.service import DOCKER_HOST, scratch
from support.tap import Background, Failed, ensure, equal, eventually, together
from support.toxic import Toxic

from .oracle import typed


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Toxic(where, "docker", DOCKER_HOST.removeprefix("unix://")) as docker,
        Toxic(where, "between", redis.socket) as between,
        Gateway(
            where,
            redis,
            SANDBOX_POOL_SIZE=2,
            DOCKER_HOST=docker.url,
            REDIS_URL=between.url,
            REDIS_SOCKET_TIMEOUT=1,
            DOCKER_CLIENT_TIMEOUT=3,
            HEALTH_CACHE_SECONDS=0,
            JANITOR_INTERVAL_SECONDS=5,
        ) as gateway,
    ):
        docker_away(tap, gateway, docker)
        redis_away(tap, gateway, between)


def full(gateway, sessions=0, seconds=60):
    def look():
        members = gateway.redis("ZCARD", f"cg:{{{gateway.deployment}}}:pool")
        return members == 2 and len(gateway.containers()) == 2 + sessions

    return eventually(look, seconds, f"two in the pool and {sessions} sessions")


def docker_away(tap, gateway, docker):
    for name, mode in (("hangs", "stall"), ("refuses connections", "refuse")):

        @tap.row(f"docker {name}: what is in the pool is given away all the same", seconds=150)
        def _():
            full(gateway)
            docker.be(mode, cut=True)
            try:
                began = time.monotonic()
                made = together([lambda: gateway.client().post("/containers")] * 2)
                ensure(time.monotonic() - began < 20, time.monotonic() - began)
                equal([m.status for m in made], [200, 200], repr(made))
                typed(gateway.client().post("/containers"), 503)
            finally:
                docker.be("pass", cut=True)
            for answer in made:
                session = Session(gateway.client(), answer.json)
                eventually(lambda s=session: s.ask("print(1)").status == 200, 30, "served", 0.5)
                session.answers()
                equal(session.delete().status, 200)
            full(gateway, seconds=100)

    @tap.row("docker hangs, and the pool dies: sessions from it are not lost", seconds=150)
    def _():
        full(gateway)
        docker.be("stall", cut=True)
        try:
            sessions = together([gateway.session] * 2)
            for session in sessions:
                gateway.docker.kill(session.id)
                eventually(lambda s=session: not gateway.docker.exists(s.id), 30, "dead")
            running = [Background(session.answers) for session in sessions]
            eventually(lambda: len(serving(gateway)) >= 2, 10, "both waiting for Docker")
        finally:
            docker.be("pass")
        for session, run in zip(sessions, running):
            with contextlib.suppress(Failed):      # a 503 is honest, a 404 would stay one
                run.answer()
            eventually(lambda s=session: s.ask("print(1)").status == 200, 30, "served", 0.5)
            session.answers()
            equal(session.delete().status, 200)
        full(gateway, seconds=100)

    @tap.row("docker is slow: no more are made than there are to be", seconds=120)
    def _():
        full(gateway)
        docker.be("slow")
        try:
            sessions = together([gateway.session] * 4, 100)
            for session in sessions:
                session.answers()
            full(gateway, 4, 100)
        finally:
            docker.be("pass")
        for session in sessions:
            session.delete()
        full(gateway)


def redis_away(tap, gateway, between):
    for name in ("cut", "limit"):

        @tap.row(f"redis says nothing of what it did ({name}): what it gave is taken back", 120)
        def _():
            full(gateway)
            between.be(name)
            try:
                for _ in range(3):
                    typed(gateway.client().post("/containers"), 503)
            finally:
                between.be("pass", cut=True)
            full(gateway)
            sessions = f"cg:{{{gateway.deployment}}}:sessions"
            eventually(lambda: gateway.redis("ZCARD", sessions) == 0, 30, "no session")

    @tap.row("redis is told late: what it gave is taken back, though nobody asks again", 120)
    def _():
        gateway.session().delete()  # Redis knows the scripts: one message is enough
        for _ in range(3):  # the claim may come before what takes it back, or behind it
            full(gateway)
            between.be("stall")
            try:
                for answer in together([lambda: gateway.client().post("/containers")] * 2):
                    typed(answer, 503)
                time.sleep(1.5)  # and those who are to take it back have given up, too
            finally:
                between.be("pass")
            full(gateway)
            sessions = f"cg:{{{gateway.deployment}}}:sessions"
            eventually(lambda: gateway.redis("ZCARD", sessions) == 0, 30, "no session")

    @tap.row("redis is away while the pool is filled: nothing is lost or left", seconds=150)
    def _():
        full(gateway)
        sessions = together([gateway.session] * 2)
        between.be("refuse", cut=True)
        time.sleep(1)
        between.be("pass", cut=True)
        for session in sessions:
            eventually(lambda s=session: s.ask("print(1)").status == 200, 30, "served", 0.5)
            session.delete()
        full(gateway, seconds=120)
