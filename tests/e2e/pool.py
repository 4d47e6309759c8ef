# SPDX-License-Identifier: Apache-2.0
"""Sandboxes that wait for sessions to come: design.md 6."""

import contextlib
import os
import signal

from support.gateway import Gateway, Session
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, eventually, together


def rows(tap):
    for part in (claims, quota, changes, two_gateways, restarts):
        with scratch() as where, Redis(where).start() as redis:
            part(tap, where, redis)


def waiting(gateway):
    """Members, as Redis has them."""
    daemon = gateway.docker.call("GET", "/info")["ID"]
    return sorted(gateway.redis("HKEYS", f"cg:{{{gateway.deployment}}}:pool:{daemon}"))


def full(gateway, size, sessions=(), seconds=40):
    """The members, once they and the sessions' containers are all there is."""

    def look():
        there, members = gateway.containers(), waiting(gateway)
        return len(members) == size and len(there) == size + len(sessions) and members

    return eventually(look, seconds, f"{size} in the pool, {len(sessions)} sessions")


def claims(tap, where, redis):
    with Gateway(where, redis, SANDBOX_POOL_SIZE=2, SANDBOX_WARM_SECONDS=1) as gateway:
        alice = gateway.client()

        @tap.row("pool: filled from the start, with sandboxes like any other")
        def _():
            members = full(gateway, 2)
            with gateway.client("bob").session() as session:
                ensure(session.id in members, (session.id, members))
                full(gateway, 2, [session])
                with alice.session(enable_network=False) as other:
                    full(gateway, 2, [session, other])
                    users = {gateway.docker.inspect(c)["Config"]["User"] for c in gateway.containers()}
                    equal(len(users), 4, "each with a user of its own:")
            hosts = [gateway.docker.inspect(c)["HostConfig"] for c in full(gateway, 2)]
            for host in hosts:
                equal(
                    (host["NetworkMode"], host["ReadonlyRootfs"], host["CapDrop"], host["AutoRemove"]),
                    ("none", True, ["ALL"], True),
                )

        @tap.row("pool: nobody sees what waits there")
        def _():
            for member in full(gateway, 2):
                for response in (
                    alice.get(f"/containers/{member}"),
                    alice.execute(member, "print(1)"),
                    alice.delete(f"/containers/{member}"),
                ):
                    equal(response.status, 404, repr(response))
            full(gateway, 2)

        @tap.row("pool: a session from it is a session")
        def _():
            full(gateway, 2)
            with alice.session() as session:
                created = session.created
                equal(round(created["expires_at"] - created["last_activity"]), 3600)
                equal((created["uptime_seconds"], created["execution_count"]), (0, 0))
                equal(created["docker_daemon_id"], gateway.docker.call("GET", "/info")["ID"])
                session.answers()
                equal(session.bash("echo a >f; cat f; id -un").stdout, "a\nsandbox\n")
                equal(session.inspect().json["execution_count"], 2)

        @tap.row("pool: one that is deleted does not come back")
        def _():
            full(gateway, 2)
            seen = set()
            for _ in range(4):
                session = alice.session()
                ensure(session.id not in seen, session.id)
                seen.add(session.id)
                session.bash("echo secret >~/s").worked()
                equal(session.delete().status, 200)
            equal(seen & set(full(gateway, 2)), set())

        @tap.row("pool: what it had and had not, and its size, are counted")
        def _():
            key = f"cg:{{{gateway.deployment}}}:pool"
            daemon = gateway.docker.call("GET", "/info")["ID"]
            members = full(gateway, 2)
            before = counted(gateway)
            equal(before["gateway_session_pool_size"], 2)
            alice.session().delete()
            full(gateway, 2)
            redis("DEL", key, f"{key}:{daemon}")
            alice.session().delete()
            after = counted(gateway)
            name = 'gateway_session_pool_claims_total{result="%s"}'
            grown = [after[name % word] - before[name % word] for word in ("hit", "miss")]
            equal(grown, [1, 1])
            eventually(lambda: len(waiting(gateway)) == 2, 30, "filled again")
            for container in set(gateway.containers()) - set(waiting(gateway)):
                gateway.docker.remove(container)  # members the test took from the record
            ensure(set(members) & set(full(gateway, 2)) == set())

        @tap.row("pool: more at once than there are: all are served, then it is full again")
        def _():
            full(gateway, 2)
            sessions = together([alice.session] * 6)
            equal(len({s.id for s in sessions}), 6, repr(sessions)[:1000])
            for session in sessions:
                session.answers()
            full(gateway, 2, sessions)
            for session in sessions:
                session.delete()
            full(gateway, 2)

        @tap.row("pool: the interpreter of one that waits stays warm")
        def _():
            members = full(gateway, 2)
            eventually(lambda: all(processes(gateway, m) >= 2 for m in members), 30, "warm")
            with alice.session() as session:
                session.answers()
                # what a session lets go, a member of the pool that is older has kept
                eventually(lambda: processes(gateway, session.id) == 1, 30, "cold")
            equal([processes(gateway, m) >= 2 for m in set(members) & set(waiting(gateway))], [True])

        @tap.row("pool: members that died are replaced, and nobody hears of it", seconds=150)
        def _():
            for disturb in (gateway.docker.kill, gateway.docker.remove):
                for use in (
                    lambda s: s.answers(),
                    lambda s: equal(s.inspect().status, 200),
                ):
                    members = full(gateway, 2)
                    for member in members:
                        disturb(member)
                    eventually(lambda: not set(members) & set(gateway.containers()), 30, "dead")
                    with alice.session() as session:
                        ensure(session.id in members, session.id)
                        use(session)
                        session.bash("echo kept >f").worked()
                        equal(session.bash("cat f").stdout, "kept\n")
                        equal(session.inspect().json["container_id"], session.id)
                        equal(session.delete().status, 200)
                        equal(session.inspect().status, 404)
            full(gateway, 2)

        @tap.row("pool: a dead one that was claimed is deleted like any")
        def _():
            members = full(gateway, 2)
            for member in members:
                gateway.docker.kill(member)
            eventually(lambda: not set(members) & set(gateway.containers()), 30, "dead")
            equal(alice.session().delete().status, 200)
            full(gateway, 2)

        @tap.row("pool: what dies after it was claimed and seen is lost, and says so")
        def _():
            full(gateway, 2)
            session = alice.session()
            session.answers()
            gateway.docker.kill(session.id)
            eventually(lambda: not gateway.docker.exists(session.id), 30, "dead")
            equal(session.ask("print(1)").status, 404)
            full(gateway, 2)


def quota(tap, where, redis):
    with Gateway(
        where,
        redis,
        SANDBOX_POOL_SIZE=2,
        WORKERS=4,
        MAX_CONCURRENT_EXECUTIONS=1,
        WAITING_WORKERS=0,
        RESERVED_WORKERS=1,
        MAX_CONTAINERS_PER_PRINCIPAL=3,
        MAX_ACTIVE_SESSIONS=4,
    ) as gateway:
        alice, bob = gateway.client(), gateway.client("bob")

        @tap.row("pool: 50 creates at once over 4 workers against a quota of 3", seconds=120)
        def _():
            full(gateway, 2)
            answers = together([lambda: persist(alice)] * 50, 110)
            made = [a.json["container_id"] for a in answers if a.status == 200]
            equal(len(set(made)), 3, repr(answers)[:2000])
            refused = [a for a in answers if a.status != 200]
            equal(
                {(a.status, a.detail) for a in refused},
                {(429, "You have reached the maximum number of active container sessions.")},
            )
            full(gateway, 2, made)
            with bob.session():
                equal(
                    bob.post("/containers").detail,
                    "The gateway is at its maximum number of active container sessions.",
                    "what waits in the pool is no active session:",
                )
            for one in made:
                equal(alice.delete(f"/containers/{one}").status, 200)
            full(gateway, 2)


def persist(client):
    """Comes back for as long as the gateway is only busy."""

    def ask():
        response = client.post("/containers")
        return response.status != 503 and response

    return eventually(ask, 100, "answered")


def changes(tap, where, redis):
    settings = {"SANDBOX_POOL_SIZE": 2, "JANITOR_INTERVAL_SECONDS": 5}
    with Gateway(where, redis, **settings) as gateway:
        old = full(gateway, 2)
        gateway.stop()
        with Gateway(where, redis, like=gateway, SANDBOX_PIDS_LIMIT=77, **settings) as new:

            @tap.row("pool: members of other settings are never claimed, and go", seconds=120)
            def _():
                equal(set(old) - set(new.containers()), set(), "there at first:")
                with new.session() as session:
                    equal(new.docker.inspect(session.id)["HostConfig"]["PidsLimit"], 77)
                    session.answers()
                members = full(new, 2, seconds=80)
                equal(set(members) & set(old), set())
                limits = {new.docker.inspect(m)["HostConfig"]["PidsLimit"] for m in members}
                equal(limits, {77})


def two_gateways(tap, where, redis):
    with (
        Gateway(where, redis, SANDBOX_POOL_SIZE=3) as one,
        Gateway(where, redis, like=one, SANDBOX_POOL_SIZE=3) as two,
    ):

        @tap.row("pool: two gateways share one")
        def _():
            members = full(one, 3)
            sessions = together([one.session, two.session, one.session])
            equal(sorted(s.id for s in sessions), members)
            for session, other in zip(sessions, (two, one, two)):
                equal(other.client().execute(session.id, "print(1)").json["stdout"], "1\n")
            full(two, 3, sessions)
            for session in sessions:
                session.delete()
            full(one, 3)


def restarts(tap, where, redis):
    with Gateway(
        where,
        redis,
        SANDBOX_POOL_SIZE=2,
        DOCKER_CLIENT_TIMEOUT=5,
        JANITOR_INTERVAL_SECONDS=5,
        ORPHAN_GRACE_SECONDS=60,
    ) as gateway:

        @tap.row("pool: it outlives its gateway, and ends by itself should no other come")
        def _():
            members = full(gateway, 2)
            equal(gateway.stop(), 0)
            equal(gateway.containers(), members)
            for member in members:
                command = gateway.docker.inspect(member)["Config"]["Cmd"]
                equal(command, ["--lifetime", "7380", "--idle", "4860"])
            gateway.start()
            with gateway.session() as session:
                ensure(session.id in members, session.id)
                session.answers()
            full(gateway, 2)

        @tap.row("pool: all workers and the janitor killed: nothing is lost or left", seconds=150)
        def _():
            full(gateway, 2)
            sessions = together([gateway.session] * 3)
            for pid in gateway.workers():
                kill(pid)
            for session in sessions:
                eventually(lambda s=session: s.inspect().status == 200, 30, "inspected")
                session.answers()
                session.delete()
            full(gateway, 2, seconds=120)

        @tap.row(
            "pool: Redis killed and empty again: a new one, and the grace for what was in the old",
            seconds=150,
        )
        def _():
            members = full(gateway, 2)
            redis.process.kill()
            redis.process.wait()
            redis.start()
            session = eventually(lambda: made(gateway), 30, "made")
            ensure(session.id not in members, session.id)
            session.answers()
            eventually(lambda: len(waiting(gateway)) == 2, 30, "a pool again")
            ensure(set(members) <= set(gateway.containers()), gateway.containers())
            session.delete()


def made(gateway):
    response = gateway.client().post("/containers")
    return response.status == 200 and Session(gateway.client(), response.json)


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def counted(gateway):
    headers = [("Authorization", f"Bearer {gateway.tokens['alice']}")]
    text = gateway.ask("GET", "/metrics", headers).body.decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, _, value in lines}


def processes(gateway, container):
    return len(gateway.docker.call("GET", f"/containers/{container}/top")["Processes"])
