# SPDX-License-Identifier: Apache-2.0
"""A Docker that misbehaves: each call of the Engine API fails in each way, then all is well."""

import time

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import Background, ensure, equal, eventually, together

from . import fakedocker as fake
from .fakesupervisor import Supervisor
from .oracle import Oracle, typed

# fmt: off
FAULTS = {
    "404": fake.status(404, "No such container: x"), "409": fake.status(409, "conflict"),
        "500": fake.status(500),
    "503": fake.status(503), "401": fake.status(401), "301": fake.status(301),
        "a closed connection": fake.closed,
    "a reset": fake.reset, "silence": fake.hanging, "garbage": fake.garbage,
        "half a head": fake.half_a_head,
    "half a body": fake.half_a_body, "no JSON": fake.not_json,
        "JSON of another shape": fake.wrong_shape,
    "an empty body": fake.empty_body, "JSON too deep": fake.deep,
        "an endless body": fake.endless_body,
    "an endless head": fake.endless_head,
}
# fmt: on
LATE = {"done, but never said": fake.done_but_silent}
REFUSED = [("create", "409"), ("start", "404"), ("start", "409")]
# for the call that a closed connection may have been stale for, a fault that comes twice
TIMEOUT = 2


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        fake.FakeDocker(where, Supervisor) as docker,
        Gateway(
            where,
            redis,
            docker,
            DOCKER_CLIENT_TIMEOUT=TIMEOUT,
            HEALTH_CACHE_SECONDS=0,
            JANITOR_INTERVAL_SECONDS=5,
            MAX_CONTAINERS_PER_PRINCIPAL=2,
            EXECUTION_QUEUE_SECONDS=5,
            MAX_TIMEOUT=5,
        ) as gateway,
    ):
        oracle = Oracle(gateway)
        names = list(FAULTS)
        sweeps = [Background(lambda n=n: swept(where, redis, n)) for n in (names[::2], names[1::2])]
        creation(tap, where, gateway, docker, oracle)
        execution(tap, where, gateway, docker, oracle)
        removal(tap, gateway, docker, oracle)
        inspection(tap, gateway, docker, oracle)
        health(tap, gateway, docker)
        elsewhere(tap, where, redis, gateway, docker)

        @tap.row("the janitor's list fails in every way: nothing is removed for it", seconds=300)
        def _():
            for one in sweeps:
                one.answer(150)

        tap.row("engine: no call that the gateway has no business with")(
            lambda: equal([c for c in docker.calls if c[0] == "unknown"], [])
        )


def swept(where, redis, faults):
    """One sweep with each of them, beside other rows: sweeps are seconds apart."""

    def lists():
        return [name for name, _ in docker.calls].count("list")

    with (
        fake.FakeDocker(where, Supervisor) as docker,
        Gateway(
            where,
            redis,
            docker,
            DOCKER_CLIENT_TIMEOUT=TIMEOUT,
            JANITOR_INTERVAL_SECONDS=5,
            MAX_CONCURRENT_EXECUTIONS=1,
            WAITING_WORKERS=0,
        ) as gateway,
        gateway.session() as session,
    ):
        for name in [*faults, None]:
            docker.always["list"] = FAULTS.get(name)
            before = lists()
            eventually(lambda: lists() > before, 60, f"a sweep with {name}", 0.2)
            # What the sweep before made of its list, it has done.
            equal(session.inspect().status, 200, f"before the sweep with {name}:")
        eventually(lambda: lists() > before + 1, 60, "another sweep", 0.2)
        session.answers()


def quick(call, seconds):
    began = time.monotonic()
    answer = call()
    ensure(time.monotonic() - began < seconds, f"{time.monotonic() - began:.1f} s for {answer!r}")
    return answer


def creation(tap, where, gateway, docker, oracle):
    alice = gateway.client()
    for call in ("create", "start"):
        for name, fault in {**FAULTS, **LATE}.items():

            @tap.row(f"POST /containers: {call} answers with {name}")
            def _():
                docker.always[call] = fault
                response = quick(lambda: alice.post("/containers"), 3 * TIMEOUT + 8)
                docker.calm()
                # An engine that refuses us so will do it again; one that is ill may recover.
                typed(response, 500 if (call, name) in REFUSED else 503)
                sessions = [alice.session(), alice.session()]  # the quota of 2 was given back
                for session in sessions:
                    session.answers()
                    equal(session.delete().status, 200)
                if name not in ("done, but never said", "half a body") or call != "create":
                    eventually(
                        lambda: not docker.containers, 40, f"rolled back: {docker.containers}"
                    )
                docker.containers.clear()

    @tap.row("POST /containers: an id that is none is not used")
    def _():
        docker.script["create"] = [fake.false_id]
        typed(alice.post("/containers"), 503)
        ensure(not [c for c in docker.calls if c[1] and ".." in c[1]], docker.calls[-5:])
        docker.containers.clear()

    @tap.row(
        "POST /containers: no place among those being created in time is its own 503", seconds=90
    )
    def _():
        with Gateway(
            where,
            gateway.redis,
            docker,
            CONTAINER_CREATE_GUARD_TIMEOUT=1,
            DOCKER_CLIENT_TIMEOUT=3,
            MAX_CONCURRENT_EXECUTIONS=8,
        ) as other:
            docker.always["create"] = fake.hanging
            answers = together([lambda: other.client().post("/containers") for _ in range(6)])
            docker.calm()
            saturated = [
                a
                for a in answers
                if a.detail == "Container creation is temporarily saturated. Please retry shortly."
            ]
            equal(len(saturated), 2, repr(answers))
            for answer in answers:
                typed(answer, 503)
            equal(other.ask("GET", "/livez").status, 200)

    @tap.row("ids that are none reach neither Docker nor another's session")
    def _():
        with alice.session() as session:
            calls = list(docker.calls)
            for value in (
                "0",
                session.id[:12],
                session.id.upper(),
                "x" * 64,
                "..",
                "a%2fb",
                "json",
            ):
                for method in ("GET", "DELETE"):
                    equal(alice.request(method, f"/containers/{value}").status, 404)
                equal(alice.execute(value, "1").status, 404)
            new = [c for c in docker.calls[len(calls) :] if c[0] not in ("ping", "list", "info")]
            equal(new, [])

    @tap.row("POST /containers: a missing image is said plainly, never pulled")
    def _():
        docker.script["create"] = [fake.status(404, "No such image: x")]
        response = typed(alice.post("/containers"), 503)
        equal(response.detail, "The sandbox image is not available on the Docker host.")
        ensure("images" not in str([c for c in docker.calls if c[0] == "unknown"]))

    @tap.row("POST /containers: one connection lost between requests is made anew unseen")
    def _():
        alice.session().delete()
        for c in list(docker.open):
            c.end()
        for _ in range(2 * len(gateway.workers())):
            with alice.session() as session:
                session.answers()

    tap.row("engine: all is well after the failed creations")(lambda: oracle.sound())


def execution(tap, where, gateway, docker, oracle):
    alice = gateway.client()
    for name, fault in FAULTS.items():

        @tap.row(f"POST /execute: attach answers with {name}")
        def _():
            session = alice.session()
            docker.always["attach"] = fault
            response = quick(lambda: session.ask("print(1)"), 3 * TIMEOUT + 8)
            docker.calm()
            typed(response, 404 if name == "404" else 503)
            again = session.ask("print(1)")
            if again.status == 200:
                equal(again.json["stdout"], "42\n")
            else:
                typed(again, 404)
            session.delete()
            docker.containers.clear()

    @tap.row("POST /execute: an attach that fails has run nothing")
    def _():
        session = alice.session()
        docker.always["attach"] = fake.status(500)
        session.ask("print(1)")
        docker.calm()
        equal(docker.containers[session.id].get("runs", 0), 0)
        session.answers()
        equal(docker.containers[session.id]["runs"], 1)
        session.delete()

    @tap.row("POST /execute: an attach that outlasts the lease has run nothing", seconds=90)
    def _():
        with Gateway(where, gateway.redis, docker, RUN_LEASE_SECONDS=5) as patient:

            def late(*_):
                record = f"cg:{{{patient.deployment}}}:session:{session.id}"
                until = float(patient.redis("HGET", record, "until")) / 1000
                return eventually(lambda: time.time() > until, 9, "a lease that has lapsed")

            with patient.session() as session:
                docker.script["attach"] = [late]
                typed(session.ask("print(1)"), 503)
                equal(docker.containers[session.id].get("runs", 0), 0)
                session.answers()
                equal(docker.containers[session.id]["runs"], 1)

    tap.row("engine: all is well after the failed executions")(lambda: oracle.sound())


class Deaf(Supervisor):
    """Answers SYNC and runs, but never BYE."""

    def on_bye(self, _):
        pass


def removal(tap, gateway, docker, oracle):
    alice = gateway.client()
    accepted = {"404": 200, "409": 200}  # gone, and being removed already
    docker.supervisor = Deaf
    for name, fault in FAULTS.items():

        @tap.row(f"DELETE: no BYE, and remove answers with {name}")
        def _():
            session = alice.session()
            docker.always["remove"] = fault
            response = quick(session.delete, 3 * TIMEOUT + 8)
            typed(response, accepted.get(name, 503))
            if response.status == 503:
                docker.calm()
                eventually(
                    lambda: session.delete().status in (200, 404), 30, "deleted at the second try"
                )
            docker.calm()
            equal(session.inspect().status, 404)
            docker.containers.clear()

    @tap.row("DELETE: no BYE, removed by force")
    def _():
        session = alice.session()
        equal(session.delete().status, 200)
        eventually(lambda: not docker.exists(session.id), 30, "removed")

    docker.supervisor = Supervisor
    for name in ("404", "500", "a closed connection", "silence", "garbage"):

        @tap.row(f"DELETE: attach answers with {name}")
        def _():
            session = alice.session()
            docker.always["attach"] = FAULTS[name]
            response = quick(session.delete, 3 * TIMEOUT + 8)
            docker.calm()
            typed(response, 200)
            eventually(lambda: session.delete().status in (200, 404), 30, "deleted")
            eventually(lambda: not docker.exists(session.id), 30, "removed")

    @tap.row("DELETE: a failed one leaves the janitor its work")
    def _():
        docker.supervisor = Deaf
        session = alice.session()
        docker.always["remove"] = fake.status(500)
        typed(session.delete(), 503)
        docker.calm()
        eventually(lambda: not docker.exists(session.id), 40, "removed by the janitor", 0.3)
        docker.supervisor = Supervisor

    tap.row("engine: all is well after the failed removals")(lambda: oracle.sound())


def inspection(tap, gateway, docker, oracle):
    alice = gateway.client()
    for name, fault in FAULTS.items():

        @tap.row(f"GET /containers: inspect answers with {name}")
        def _():
            session = alice.session()
            docker.always["inspect"] = fault
            response = quick(session.inspect, 3 * TIMEOUT + 8)
            docker.calm()
            typed(response, int(name) if name in ("404", "409") else 503)
            if name != "404":
                session.answers()
            session.delete()
            docker.containers.clear()

    tap.row("engine: all is well after the failed inspections")(lambda: oracle.sound())


def elsewhere(tap, where, redis, gateway, docker):
    """A session belongs to the daemon that made it: contract 4.9."""
    text = (
        "Container session is attached to a different execution node. Route follow-up requests to "
        "the original node or use a shared Docker daemon."
    )
    with (
        fake.FakeDocker(where, Supervisor, "ANOTHER:DAEMON") as other_docker,
        Gateway(where, redis, other_docker, like=gateway, JANITOR_INTERVAL_SECONDS=5) as other,
        gateway.session() as session,
    ):

        @tap.row("another node: 409, its Docker is not asked, the session lives")
        def _():
            there = other.client()
            for response in (
                there.get(f"/containers/{session.id}"),
                there.delete(f"/containers/{session.id}"),
                there.execute(session.id, "print(1)"),
            ):
                equal((response.status, response.detail), (409, text))
            equal([c for c in other_docker.calls if c[1] == session.id], [])
            session.answers()

        @tap.row("another node: a stranger is told less: 403")
        def _():
            equal(other.client("bob").get(f"/containers/{session.id}").status, 403)

        @tap.row("another node: its janitor leaves what is not its daemon's")
        def _():
            time.sleep(6)
            session.answers()


def health(tap, gateway, docker):
    for call, faults in (
        ("ping", FAULTS),
        ("image", {"404": FAULTS["404"], "500": FAULTS["500"], "silence": fake.hanging}),
    ):
        for name, fault in faults.items():

            @tap.row(f"GET /healthz: {call} answers with {name}")
            def _():
                docker.always[call] = fault
                response = quick(lambda: gateway.ask("GET", "/healthz", timeout=30), 20)
                live = gateway.ask("GET", "/livez", timeout=10)
                docker.calm()
                if (call, name) != ("ping", "an empty body") and not (
                    call == "ping"
                    and name
                    in (
                        "no JSON",
                        "JSON of another shape",
                        "JSON too deep",
                        "an endless body",
                        "half a body",
                        "half a head",
                    )
                ):
                    equal((response.status, response.body), (503, b'{"status":"degraded"}'))
                equal(live.status, 200)
                eventually(
                    lambda: gateway.ask("GET", "/healthz").status == 200, 30, "healthy again"
                )

    @tap.row("GET /healthz: while Docker is silent, what needs no Docker is served")
    def _():
        alice = gateway.client()
        docker.always["ping"] = docker.always["create"] = fake.hanging
        waiting = [Background(lambda: alice.post("/containers")) for _ in range(2)]
        for _ in range(20):
            equal(gateway.ask("GET", "/livez", timeout=10).status, 200)
        for one in waiting:
            typed(one.answer(30), 503)
        docker.calm()
