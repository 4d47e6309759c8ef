# SPDX-License-Identifier: Apache-2.0
"""Several at once: sessions, workers, gateways, deployments; and workers that die."""

import json
import os
import signal
import time

from support import fastcgi
from support.gateway import Gateway, Result, fds, serving, settled, until_it_sleeps
from support.redis import Redis
from support.service import lives, scratch
from support.tap import Background, Failed, ensure, equal, eventually, together


def rows(tap):
    for part in (parallel, two_gateways, two_deployments, deaths, drain):
        with scratch() as where, Redis(where).start() as redis:
            part(tap, where, redis)


def parallel(tap, where, redis):
    with Gateway(where, redis, MAX_CONCURRENT_EXECUTIONS=8) as gateway:
        alice = gateway.client()
        answers = together([alice.session] * 8)
        sessions = [s for s in answers if not isinstance(s, Exception)]

        @tap.row("parallel: eight sessions made at once")
        def _():
            equal(len(sessions), 8, repr(answers)[:2000])
            equal(len({s.id for s in sessions}), 8)
            users = {gateway.docker.inspect(s.id)["Config"]["User"] for s in sessions}
            equal(len(users), 8, "each with a user of its own:")

        @tap.row("parallel: eight sessions, ten runs each, nothing mixed up")
        def _():
            def work(i):
                for k in range(10):
                    if k % 2:
                        result = sessions[i].python(f"print({i}, {k}, open('me').read(), end='')")
                        want = f"{i} {k} {i}\n"
                    else:
                        result = sessions[i].bash(
                            f"echo {i} >me; printf '{i} {k}\\n'; echo {i} >/tmp/output/{i}"
                        )
                        want = f"{i} {k}\n"
                        equal(result.content(str(i)), f"{i}\n".encode())
                    equal((result.stdout, result.stderr, result.error), (want, "", None))
                return "done"

            equal(
                together([lambda i=i: work(i) for i in range(len(sessions))]),
                ["done"] * len(sessions),
            )

        @tap.row("parallel: big answers at once")
        def _():
            def work(i):
                result = sessions[i].python(
                    f"import os\nopen('/tmp/output/f', 'wb').write(bytes([{i}]) * 3000000)\n"
                    f"print('{i}' * 90000)"
                )
                equal(result.content("f"), bytes([i]) * 3000000)
                equal(result.stdout, str(i) * 90000 + "\n")
                return "done"

            equal(
                together([lambda i=i: work(i) for i in range(len(sessions))]),
                ["done"] * len(sessions),
            )

        @tap.row("parallel: workers hold no descriptors afterwards")
        def _():
            def held():
                return {pid: fds(pid) for pid in gateway.workers()}

            before = held()
            together([lambda i=i: [sessions[i % 8].answers() for _ in range(5)] for i in range(8)])
            eventually(
                lambda: all(n <= before.get(pid, n) + 4 for pid, n in held().items()),
                10,
                f"like before: {before}",
            )

        @tap.row(
            "parallel: ten times more than there are slots: an answer for everyone, health meanwhile"
        )
        def _():
            load = Background(
                lambda: together(
                    [lambda s=s: s.ask("print(42)") for s in sessions for _ in range(10)]
                )
            )
            while load.thread.is_alive():
                equal(gateway.ask("GET", "/healthz", timeout=30).status, 200)
            answers = load.answer()
            served = [a for a in answers if a.status == 200]
            ensure(len(served) >= 8, [a.status for a in answers])
            equal({a.json["stdout"] for a in served}, {"42\n"})
            for answer in answers:
                if answer.status != 200:
                    ensure(answer.status in (429, 503) and answer.header("Retry-After"), answer)

        @tap.row("parallel: the log has a line for each request, and neither code, output nor keys")
        def _():
            code = "print('marker-' + 'of-the-run')  # marker-in-the-code"
            request = {"container_id": sessions[0].id, "language": "python", "code": code}
            given = alice.post("/execute", request, headers=[("X-Request-ID", "of-this-row")])
            equal(given.json["stdout"], "marker-of-the-run\n")
            # A worker answers first and then writes its line: another's may come in between.
            mine = eventually(
                lambda: [x for x in gateway.logged().splitlines() if "of-this-row" in x], 30, "there"
            )
            equal([json.loads(line)["route"] for line in mine], ["/execute"])
            text = gateway.logged()
            ensure("marker" not in text, "the log holds what was run or printed")
            equal([t for t in gateway.tokens.values() if t in text], [])

        for session in sessions:
            session.delete()
        tap.row("parallel: nothing is left")(lambda: settled(gateway, []))


def two_gateways(tap, where, redis):
    with Gateway(where, redis) as one, Gateway(where, redis, like=one) as two:
        here, there = one.client(), two.client()

        @tap.row("two gateways: a session made by one is the other's, too")
        def _():
            with here.session() as session:
                session.bash("echo shared >f").worked()
                result = Result(there.execute(session.id, "cat f", "bash").json)
                equal((result.stdout, result.error), ("shared\n", None))
                equal(there.get(f"/containers/{session.id}").json["execution_count"], 2)

        @tap.row("two gateways: runs of one session never overlap")
        def _():
            with here.session() as session:
                code = "test -e ~/busy && echo overlap; touch ~/busy; sleep 0.05; rm ~/busy"
                roads = [here, there] * 4
                answers = together(
                    [
                        lambda r=r: [r.execute(session.id, code, "bash") for _ in range(3)]
                        for r in roads[:4]
                    ]
                )
                equal(
                    {(a.status, a.json.get("stdout")) for answer in answers for a in answer},
                    {(200, "")},
                    repr(answers)[:1500],
                )
                session.answers()

        @tap.row("two gateways: turns taken a hundred times")
        def _():
            with here.session() as session:
                for i in range(100):
                    result = Result((here, there)[i % 2].execute(session.id, f"print({i})").json)
                    equal((result.stdout, result.error), (f"{i}\n", None))

        @tap.row("two gateways: what one deletes the other does not know")
        def _():
            session = here.session()
            equal(there.delete(f"/containers/{session.id}").status, 200)
            equal(session.ask("1").status, 404)

        @tap.row("two gateways: one stops, the other goes on with its sessions")
        def _():
            with Gateway(where, redis, like=one) as third:
                session = third.session()
                session.answers()
                equal(third.stop(), 0)
            result = there.execute(session.id, "print(1)")
            equal(
                (result.status, result.json["stdout"]),
                (200, "1\n"),
                "a gateway that stops leaves its sessions:",
            )
            there.delete(f"/containers/{session.id}")

        tap.row("two gateways: nothing is left")(lambda: settled(one, []))


def two_deployments(tap, where, redis):
    with (
        Redis(where, "redis-other").start() as other_redis,
        Gateway(where, redis, JANITOR_INTERVAL_SECONDS=5, ORPHAN_GRACE_SECONDS=60) as one,
        Gateway(
            where, redis, API_KEYS="", **{"JANITOR_INTERVAL_SECONDS": 5}, REQUIRE_AUTH="false"
        ) as same_redis,
        Gateway(where, other_redis, JANITOR_INTERVAL_SECONDS=5, ORPHAN_GRACE_SECONDS=60) as other,
    ):
        session = one.session()

        @tap.row("two deployments: each has a label of its own")
        def _():
            with other.session(), same_redis.stranger().session():
                labels = {g.deployment_label() for g in (one, same_redis, other)}
                equal(len(labels), 3, str(labels))
                equal(one.containers(), [session.id])

        @tap.row("two deployments: neither sees the other's sessions")
        def _():
            for client in (same_redis.stranger(), other.client()):
                for response in (
                    client.get(f"/containers/{session.id}"),
                    client.delete(f"/containers/{session.id}"),
                    client.execute(session.id, "print(1)"),
                ):
                    equal(response.status, 404, repr(response))
            session.answers()

        @tap.row("two deployments: no janitor removes what is another's")
        def _():
            with other.session() as theirs:
                began = time.monotonic()
                while time.monotonic() - began < 11:
                    session.answers()
                    theirs.answers()
                    time.sleep(1)

        @tap.row(
            "two deployments: an empty Redis behind a new gateway does not cost anyone a container"
        )
        def _():
            other_redis("FLUSHALL")
            with Gateway(where, other_redis, JANITOR_INTERVAL_SECONDS=5, ORPHAN_GRACE_SECONDS=60):
                time.sleep(6)
                session.answers()

        session.delete()


def deaths(tap, where, redis):
    with Gateway(
        where, redis, RUN_LEASE_SECONDS=5, MAX_CONCURRENT_EXECUTIONS=4, MAX_TIMEOUT=60
    ) as gateway:

        def killed_worker(session, code):
            running = Background(lambda: session.ask(code, "bash", timeout=50))
            until_it_sleeps(gateway, session)
            os.kill(serving(gateway)[0], signal.SIGKILL)
            return running

        @tap.row(
            "worker killed during a run: its client sees the end, the session answers again",
            seconds=90,
        )
        def _():
            with gateway.session() as session:
                session.bash("echo kept >f").worked()
                running = killed_worker(session, "echo once >>ran; sleep 40")
                try:
                    response = running.answer(30)
                    raise Failed(f"an answer from a dead worker: {response!r}")
                except Failed:
                    raise
                except Exception:
                    pass  # the connection was closed
                eventually(
                    lambda: session.ask("print(1)").status == 200, 60, "answering again", 0.5
                )
                equal(session.bash("cat f ran; pgrep -c sleep").stdout, "kept\nonce\n0\n")
                session.answers()

        @tap.row("worker killed: the master makes another, health never fails")
        def _():
            for _ in range(3):
                number = gateway.complement()
                os.kill(gateway.servers()[0], signal.SIGKILL)
                equal(gateway.ask("GET", "/healthz").status, 200)
                eventually(
                    lambda: len(gateway.workers()) == number, 30, f"{number} processes again"
                )

        @tap.row("worker killed: its slot comes back", seconds=90)
        def _():
            with gateway.session() as session:
                for _ in range(2):
                    running = killed_worker(session, "sleep 40")
                    try:
                        running.answer(30)
                    except Exception:
                        pass
                    eventually(lambda: session.ask("true", "bash").status == 200, 40, "free", 0.5)
            sessions = [gateway.session() for _ in range(4)]
            answers = together([lambda s=s: s.ask("sleep 1; echo ok", "bash") for s in sessions])
            equal([(a.status, a.json.get("stdout")) for a in answers], [(200, "ok\n")] * 4)
            for session in sessions:
                session.delete()

        @tap.row("all workers killed at once: the gateway goes on")
        def _():
            with gateway.session() as session:
                for pid in gateway.workers():
                    os.kill(pid, signal.SIGKILL)
                eventually(gateway.healthy, 30, "healthy")
                session.answers()

        tap.row("worker killed: nothing is left")(lambda: settled(gateway, []))

    with Gateway(where, redis, CANCEL_ON_DISCONNECT="true", MAX_TIMEOUT=60) as gateway:

        @tap.row("CANCEL_ON_DISCONNECT: a client that leaves ends its run, not its session")
        def _():
            with gateway.session() as session:
                body = {"container_id": session.id, "language": "bash", "code": "sleep 50"}
                headers = [
                    ("Content-Type", "application/json"),
                    ("Authorization", f"Bearer {gateway.tokens['alice']}"),
                ]
                data = json.dumps(body).encode()
                with fastcgi.Exchange(gateway.socket) as exchange:
                    params = fastcgi.params_for("POST", "/execute", headers, data)
                    exchange.write(fastcgi.begin(params) + fastcgi.stream(fastcgi.STDIN, data))
                    until_it_sleeps(gateway, session)
                session.answers()
                equal(session.bash("pgrep -c sleep").stdout, "0\n")

    with Gateway(where, redis) as gateway:

        @tap.row(
            "master killed: workers end, another gateway takes over the socket and the session"
        )
        def _():
            session = gateway.session()
            family = gateway.workers()
            gateway.process.kill()
            gateway.process.wait()
            eventually(lambda: not [p for p in family if lives(p)], 30, "all gone")
            gateway.start()
            session.answers()
            session.delete()


def drain(tap, where, redis):
    with Gateway(where, redis, DRAIN_SECONDS=20, MAX_TIMEOUT=30) as gateway:

        @tap.row("drain: TERM lets what runs come to its end, then the gateway ends with 0")
        def _():
            sessions = [gateway.session() for _ in range(3)]
            running = [
                Background(lambda s=s: s.ask("sleep 3; echo through", "bash", timeout=20))
                for s in sessions
            ]
            for session in sessions:
                eventually(lambda: session.inspect().json["execution_count"] == 1, 30, "running")
            gateway.send(signal.SIGTERM)
            for one in running:
                response = one.answer()
                equal((response.status, response.json["stdout"]), (200, "through\n"))
            equal(gateway.wait(60), 0)

        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):

            @tap.row(f"drain: {signal.Signals(number).name} while idle ends it with 0, soon")
            def _():
                with Gateway(where, redis, like=gateway) as other:
                    other.send(number)
                    equal(other.wait(30), 0)

        gateway.start()  # so that what is left can be removed
