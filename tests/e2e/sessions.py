# SPDX-License-Identifier: Apache-2.0
"""Who may use what, how often and how long: contract 1.2.3 to 1.2.6, 4.3, 4.5, 4.8, 4.10."""

import contextlib
import time

from support.fastcgi import JSON
from support.gateway import GONE, Gateway, Result, settled, until_it_sleeps
from support.redis import Redis
from support.service import scratch
from support.tap import Background, Failed, ensure, equal, eventually, matches, together

FULL = "The gateway is at its maximum number of active container sessions."
MINE_FULL = "You have reached the maximum number of active container sessions."
CREATE_RATE = "Container creation rate limit exceeded for this principal."
RATE = "Rate limit exceeded for this principal. Please slow down."
SPENT = "Container session reached its maximum number of executions."
EXPIRED = "Container session expired after reaching its maximum lifetime."
LOST_SEEN = "Container session not found"          # by GET
LOST_USED = "Container session not found."         # by an execution
FOREIGN = "Container session belongs to another principal"
BUSY = "Another execution is in progress for this container. Please wait."
CROWDED = "Too many concurrent executions. Please try again later."


def rows(tap):
    for part in (life, quotas, budget, rates, queues, expiry, removal):
        with scratch() as where, Redis(where).start() as redis:
            part(tap, where, redis)


def refused(response, status, detail, retry=True):
    equal((response.status, response.detail), (status, detail), repr(response))
    if retry:
        matches(r"^[1-9]\d*$", response.header("Retry-After"), "Retry-After:")


def life(tap, where, redis):
    with Gateway(where, redis) as gateway:
        alice, bob = gateway.client("alice"), gateway.client("bob")

        @tap.row("session: create, inspect, run, inspect, delete")
        def _():
            before = time.time()
            session = alice.session()
            created = session.created
            ensure(before - 5 < created["last_activity"] < time.time() + 5, created)
            equal(round(created["expires_at"] - created["last_activity"]), 3600)
            equal(created["max_executions"], 100000)
            equal(created["docker_daemon_id"], gateway.docker.call("GET", "/info")["ID"])
            seen = session.inspect().json
            equal(
                [
                    seen[k]
                    for k in (
                        "container_id",
                        "status",
                        "execution_count",
                        "expires_at",
                        "last_activity",
                    )
                ],
                [session.id, "active", 0, created["expires_at"], created["last_activity"]],
            )
            ensure(seen["uptime_seconds"] >= 0, seen)
            session.answers()
            after = session.inspect().json
            equal(after["execution_count"], 1)
            ensure(after["last_activity"] > created["last_activity"], after)
            ensure(after["uptime_seconds"] > 0, after)
            response = session.delete()
            equal(
                (response.status, response.json),
                (200, {"status": "success", "message": f"Container {session.id} removed."}),
            )
            for again in (session.inspect(), session.ask("print(1)"), session.delete()):
                equal((again.status, again.detail), (404, GONE))
            eventually(lambda: not gateway.docker.exists(session.id), 30, "removed by Docker")

        @tap.row("session: inspecting is no activity")
        def _():
            with alice.session() as session:
                seen = {session.inspect().json["last_activity"] for _ in range(3)}
                equal(seen, {session.created["last_activity"]})

        @tap.row("session: another key is refused everywhere, and the session lives")
        def _():
            with alice.session() as session:
                for response in (
                    bob.get(f"/containers/{session.id}"),
                    bob.delete(f"/containers/{session.id}"),
                    bob.execute(session.id, "print(1)"),
                ):
                    refused(response, 403, FOREIGN, retry=False)
                session.answers()
                equal(
                    session.inspect().json["execution_count"],
                    1,
                    "what another tried is not counted:",
                )

        @tap.row("session: files stay between runs, processes and variables do not")
        def _():
            with alice.session() as session:
                session.bash("echo 1 >a; cd /tmp; echo 2 >b; export X=1; sleep 99 &").worked()
                equal(
                    session.bash("cat ~/a /tmp/b; echo $X; pgrep sleep; pwd").stdout,
                    "1\n2\n\n/home/sandbox\n",
                )

        @tap.row("session: two sessions see nothing of each other")
        def _():
            with alice.session() as one, alice.session() as other:
                one.bash("echo secret | tee ~/s /tmp/s /dev/shm/s >/dev/null").worked()
                equal(other.bash("cat ~/s /tmp/s /dev/shm/s 2>/dev/null").stdout, "")

        @tap.row("session: network in a run is accepted and changes nothing")
        def _():
            with alice.session() as session:
                equal(session.bash("ls /sys/class/net", enable_network=True).stdout, "lo\n")

    with Gateway(
        where,
        redis,
        API_KEYS="local:"
        + "s" * 40
        + ",local:"
        + "t" * 40
        + ","
        + "u" * 40
        + ",:abc:"
        + "v" * 40
        + ",gone:",
    ) as gateway:
        first, second, third, fourth = (
            gateway.client(token=t) for t in ("s" * 40, "t" * 40, "u" * 40, "abc:" + "v" * 40)
        )

        @tap.row("keys: rotation keeps a session, other ids do not")
        def _():
            with first.session() as session:
                equal(second.execute(session.id, "1").status, 200)
                for client in (third, fourth):
                    refused(client.execute(session.id, "1"), 403, FOREIGN, retry=False)
                equal(gateway.client(token="gone:").get("/containers/x").status, 401)


def quotas(tap, where, redis):
    with Gateway(where, redis, MAX_CONTAINERS_PER_PRINCIPAL=3, MAX_ACTIVE_SESSIONS=5) as gateway:
        alice, bob = gateway.client("alice"), gateway.client("bob")

        @tap.row("quota: 20 creates at once against 3: exactly 3 are made", seconds=120)
        def _():
            answers = together([lambda: alice.post("/containers")] * 20, 110)
            made = [a.json["container_id"] for a in answers if getattr(a, "status", 0) == 200]
            equal(len(made), 3, repr(answers)[:2000])
            for answer in answers:
                if answer.status == 503:
                    refused(answer, 503, "The gateway is busy. Please retry shortly.")
                elif answer.status != 200:
                    refused(answer, 429, MINE_FULL)
            eventually(lambda: gateway.containers() == sorted(made), 30, "exactly three containers")
            for one in made:
                equal(alice.delete(f"/containers/{one}").status, 200)

        @tap.row("quota: what was deleted makes room at once")
        def _():
            for _ in range(3):
                sessions = [alice.session() for _ in range(3)]
                refused(alice.post("/containers"), 429, MINE_FULL)
                for session in sessions:
                    equal(session.delete().status, 200)

        @tap.row("quota: all principals together")
        def _():
            sessions = [alice.session() for _ in range(3)] + [bob.session() for _ in range(2)]
            refused(bob.post("/containers"), 429, FULL)
            refused(alice.post("/containers"), 429, FULL)
            for session in sessions:
                session.delete()
            settled(gateway, [])


def budget(tap, where, redis):
    with Gateway(
        where,
        redis,
        MAX_EXECUTIONS_PER_SESSION=5,
        MAX_SESSION_WAITERS=64,
        WAITING_WORKERS=24,
        MAX_CONCURRENT_EXECUTIONS=4,
    ) as gateway:
        alice = gateway.client()

        @tap.row("budget: the execution over it ends the session")
        def _():
            with alice.session() as session:
                for _ in range(5):
                    session.answers()
                equal(session.inspect().json["execution_count"], 5)
                refused(session.ask("print(1)"), 429, SPENT)
                equal(session.ask("print(1)").detail, GONE)
                eventually(lambda: not gateway.docker.exists(session.id), 30, "removed")

        @tap.row("budget: refused requests spend nothing")
        def _():
            with alice.session() as session:
                bad = [
                    session.ask(""),
                    session.ask("1", files=[{"name": "a", "content": "!"}]),
                    gateway.client("bob").execute(session.id, "1"),
                ]
                equal([r.status for r in bad], [422, 400, 403])
                equal(session.inspect().json["execution_count"], 0)

        @tap.row("budget: failed and timed-out runs spend one")
        def _():
            with alice.session() as session:
                session.python("1/0")
                session.bash("exit 1")
                equal(session.inspect().json["execution_count"], 2)

        @tap.row("budget: 20 at once against 5: never more than 5 run")
        def _():
            with alice.session() as session:
                answers = together(
                    [lambda: session.ask("echo x >>~/ran; wc -l <~/ran", "bash")] * 20
                )
                ran = sorted(int(a.json["stdout"]) for a in answers if a.status == 200)
                equal(ran, [1, 2, 3, 4, 5], repr(answers)[:3000])
                for answer in answers:
                    if answer.status != 200:
                        ensure(
                            (answer.status, answer.detail)
                            in ((429, SPENT), (404, GONE), (429, BUSY), (429, CROWDED)),
                            answer,
                        )
            settled(gateway, [])


def rates(tap, where, redis):
    with Gateway(
        where,
        redis,
        RATE_LIMIT_REQUESTS_PER_WINDOW=3,
        RATE_LIMIT_WINDOW_SECONDS=100,
        CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW=2,
        CONTAINER_RATE_LIMIT_WINDOW_SECONDS=100,
        MAX_CONTAINERS_PER_PRINCIPAL=2,
    ) as gateway:
        alice, bob = gateway.client("alice"), gateway.client("bob")
        sessions = [alice.session(), alice.session()]

        def let_pass(seconds):
            """As if all that has been counted had been so long before."""
            older = """for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
                redis.call('ZINCRBY', KEYS[1], ARGV[1], m) end"""
            for key in redis.keys(f"cg:{{{gateway.deployment}}}:rate:*"):
                redis("EVAL", older, 1, key, -1000 * seconds)

        def burst():
            return [sessions[0].ask("1").status for _ in range(3)]

        @tap.row("rate: creations, with Retry-After, and no other principal's")
        def _():
            response = alice.post("/containers")
            refused(response, 429, CREATE_RATE, retry=True)
            ensure(1 <= int(response.header("Retry-After")) <= 100, response.header("Retry-After"))
            with bob.session():
                pass

        @tap.row("rate: executions, per principal over all sessions, and the window slides")
        def _():
            sessions[0].answers(), sessions[1].answers(), sessions[0].answers()
            let_pass(60)
            response = sessions[1].ask("print(1)")
            refused(response, 429, RATE)
            wait = int(response.header("Retry-After"))
            ensure(1 <= wait <= 40, wait)
            equal(sessions[0].inspect().json["execution_count"], 2, "a refused one is not counted:")
            let_pass(wait)
            equal(sessions[1].ask("print(1)").status, 200, "after Retry-After:")

        @tap.row("rate: refusals do not count themselves")
        def _():
            let_pass(100)
            equal(burst(), [200] * 3)
            let_pass(60)
            equal(burst(), [429] * 3)
            let_pass(40)
            equal(burst(), [200] * 3)

        @tap.row("rate: invalid requests use no unit")
        def _():
            let_pass(100)
            statuses = [sessions[0].ask("", files=[]).status for _ in range(5)]
            statuses += [
                sessions[0].ask("1", files=[{"name": "a", "content": "!"}]).status for _ in range(5)
            ]
            equal(statuses, [422] * 5 + [400] * 5)
            equal(burst(), [200] * 3)

        @tap.row("rate: sessions that are not there, or another's, use no unit")
        def _():
            let_pass(100)
            equal([alice.execute("0" * 64, "1").status for _ in range(5)], [404] * 5)
            equal([bob.execute(sessions[0].id, "1").status for _ in range(5)], [403] * 5)
            equal(burst(), [200] * 3)
            with bob.session() as session:
                equal([session.ask("1").status for _ in range(3)], [200] * 3)

        @tap.row("rate: requests refused by a quota have used a unit")
        def _():
            let_pass(100)
            details = [alice.post("/containers").detail for _ in range(3)]
            equal(details, [MINE_FULL, MINE_FULL, CREATE_RATE])

        for session in sessions:
            session.delete()


@contextlib.contextmanager
def held(gateway, session):
    """Its run goes on until the end of the block, however long that takes."""
    code = "until [ -e /tmp/go ]; do sleep 0.1; done; rm /tmp/go"
    run = Background(lambda: session.ask(code, "bash", timeout=110))
    until_it_sleeps(gateway, session)
    yield
    gateway.docker.command("exec", session.id, "touch", "/tmp/go")
    equal(run.answer().status, 200)


def queues(tap, where, redis):
    settings = {
        "MAX_CONCURRENT_EXECUTIONS": 2,
        "MAX_SESSION_WAITERS": 2,
        "WAITING_WORKERS": 8,
        "RESERVED_WORKERS": 2,
        "MAX_TIMEOUT": 120,
    }
    with (
        Gateway(where, redis, EXECUTION_QUEUE_SECONDS=50, **settings) as patient,
        Gateway(where, redis, EXECUTION_QUEUE_SECONDS=2, **settings) as hasty,
    ):
        alice, bob = patient.client("alice"), patient.client("bob")

        @tap.row("queue: runs of one session never overlap, all are served")
        def _():
            with alice.session() as session:
                code = "test -e ~/busy && echo overlap; touch ~/busy; sleep 0.2; rm ~/busy"
                answers = together([lambda: session.ask(code, "bash")] * 3)
                equal([(a.status, a.json.get("stdout")) for a in answers], [(200, "")] * 3)

        @tap.row("queue: waiting for a busy session ends with its 429")
        def _():
            with hasty.session() as session, held(hasty, session):
                refused(session.ask("true", "bash"), 429, BUSY)

        @tap.row("queue: too many waiters are refused at once, the others are served")
        def _():
            with alice.session() as session:
                with held(patient, session):
                    asked = [Background(lambda: session.ask("true", "bash")) for _ in range(6)]
                    over = eventually(lambda: n_over(asked) >= 4 and n_over(asked), 40, "refused")
                    equal(over, 4)
                answers = [one.answer() for one in asked]
                equal(sorted(a.status for a in answers), [200] * 2 + [429] * 4)
                for answer in answers:
                    if answer.status != 200:
                        refused(answer, 429, BUSY)

        @tap.row("queue: two slots for three sessions, the third waits and is served")
        def _():
            sessions = [alice.session() for _ in range(3)]
            answers = together(
                [lambda s=s: s.ask("date +%s.%N; sleep 0.5; date +%s.%N", "bash") for s in sessions]
            )
            spans = [tuple(map(float, a.json["stdout"].split())) for a in answers]
            worst = max(sum(1 for b, e in spans if b <= at < e) for at, _ in spans)
            ensure(worst <= 2, spans, "more ran at once than there are slots:")
            for session in sessions:
                session.delete()

        @tap.row("queue: no slot in time is its own 429, others' short routes are served")
        def _():
            with hasty.session() as one, hasty.session() as two, hasty.session() as third:
                with held(hasty, one), held(hasty, two):
                    waiting = Background(lambda: third.ask("true", "bash"))
                    for _ in range(10):
                        equal(hasty.ask("GET", "/healthz", timeout=30).status, 200)
                        equal(third.inspect().status, 200)
                    refused(waiting.answer(), 429, CROWDED)

        @tap.row("queue: a busy session does not stand in others' way")
        def _():
            with alice.session() as busy, bob.session() as other:
                with held(patient, busy):
                    waiters = [Background(lambda: busy.ask("true", "bash")) for _ in range(2)]
                    other.answers()
                    equal(n_over(waiters), 0, "who waits for the busy one, and is over:")
                equal([w.answer().status for w in waiters], [200, 200])

        @tap.row("queue: leases and slots are given back")
        def _():
            for gateway in (patient, hasty):
                eventually(lambda: not leases(gateway), 30, "no lease left")


def n_over(calls):
    return sum(not call.thread.is_alive() for call in calls)


def leases(gateway):
    """Keys that look like a lease, a slot or a ticket and hold something."""
    return {
        k: v
        for k, v in gateway.redis.dump(f"cg:{{{gateway.deployment}}}:*").items()
        if any(word in k for word in ("lease", "slot", "ticket", "wait", "queue"))
        and v[1] not in (None, "", [], {})
        and "janitor" not in k
        and "uid" not in k
    }


def expiry(tap, where, redis):
    with (
        Gateway(
            where,
            redis,
            SESSION_TIMEOUT_SECONDS=10,
            MAX_SESSION_LIFETIME_SECONDS=600,
            JANITOR_INTERVAL_SECONDS=5,
            SANDBOX_IDLE_GRACE_SECONDS=10,
        ) as idle,
        Gateway(
            where,
            redis,
            SESSION_TIMEOUT_SECONDS=10,
            MAX_SESSION_LIFETIME_SECONDS=12,
            JANITOR_INTERVAL_SECONDS=5,
        ) as hard,
        Gateway(
            where,
            redis,
            SESSION_TIMEOUT_SECONDS=10,
            MAX_SESSION_LIFETIME_SECONDS=12,
            JANITOR_INTERVAL_SECONDS=300,  # it would be the first to see the end, and tell nobody
            MAX_CONCURRENT_EXECUTIONS=1,
            WAITING_WORKERS=0,
        ) as unswept,
    ):
        # Both clocks run at once: the waiting is the cost of these rows.
        quiet, used = idle.session(), idle.session()
        doomed = [unswept.session() for _ in range(3)]
        long = hard.session()
        began = time.monotonic()
        running = Background(lambda: long.ask("sleep 14; echo through", "bash", timeout=30))

        @tap.row("expiry: use keeps an idle session alive")
        def _():
            while time.monotonic() - began < 15:
                used.answers()
                time.sleep(1)

        @tap.row("expiry: an idle session is removed by the janitor")
        def _():
            eventually(lambda: quiet.inspect().status == 404, 60, "404", 0.5)
            equal(quiet.ask("1").detail, GONE)
            eventually(lambda: not idle.docker.exists(quiet.id), 60, "removed", 0.5)
            used.answers()

        for (name, told), session in zip(
            {
                "execute": lambda s: s.ask("1"),
                "inspect": lambda s: s.inspect(),
                "delete": lambda s: s.delete(),
            }.items(),
            doomed,
        ):

            @tap.row(f"expiry: a session at the end of its life is gone, and says so: {name}")
            def _():
                time.sleep(max(0, began + 12.5 - time.monotonic()))
                path = f"/containers/{session.id}"
                for other in (unswept.client("bob").get(path), unswept.client("bob").delete(path)):
                    refused(other, 403, FOREIGN, retry=False)
                refused(told(session), 404, EXPIRED, retry=False)
                for again in (session.ask("1"), session.inspect(), session.delete()):
                    refused(again, 404, GONE, retry=False)
                eventually(lambda: not unswept.docker.exists(session.id), 60, "removed", 0.5)

        @tap.row("expiry: a run is not cut by the end of its session")
        def _():
            response = running.answer(40)
            equal((response.status, response.json["stdout"]), (200, "through\n"))
            equal(response.json["outcome"], "ok")

        @tap.row("expiry: nothing of them is left in Redis")
        def _():
            ours = f"cg:{{{idle.deployment}}}:*"
            eventually(lambda: quiet.id not in str(redis.dump(ours)), 60, "forgotten", 0.5)

        @tap.row("expiry: every key has a time to live")
        def _():
            forever = [k for k, (ttl, _) in redis.dump("cg:*").items() if ttl < 0]
            equal(forever, [])

        used.delete()


def removal(tap, where, redis):
    with Gateway(where, redis, MAX_TIMEOUT=60) as gateway:
        alice = gateway.client()

        @tap.row("delete: during a run: both are answered, the session is gone")
        def _():
            session = alice.session()
            running = Background(lambda: session.ask("echo partial; sleep 50", "bash", timeout=60))
            until_it_sleeps(gateway, session)
            equal(session.delete().status, 200)
            result = Result(running.answer().json)
            equal((result.stdout, result.outcome, result.timed_out), ("partial\n", "cancelled", False))
            equal(session.ask("1").detail, GONE)
            eventually(lambda: not gateway.docker.exists(session.id), 30, "removed")

        def kept(session):
            """Keys of the session's own in Redis."""
            keys = redis.keys(f"cg:{{{gateway.deployment}}}:*")
            return [k for k in keys if "session:" in k and session.id in k]

        @tap.row("delete: five at once: each 200 or 404, one at least 200")
        def _():
            session = alice.session()
            answers = together([session.delete] * 5)
            statuses = sorted(a.status for a in answers)
            ensure(set(statuses) <= {200, 404} and statuses[0] == 200, answers)
            eventually(lambda: not gateway.docker.exists(session.id), 30, "removed")
            equal(kept(session), [])

        @tap.row("delete: twice, then used: two 404, and no key of the session comes back")
        def _():
            session = alice.session()
            session.answers()
            ensure(kept(session), redis.keys(), "while it lives:")
            removed = {"status": "success", "message": f"Container {session.id} removed."}
            first, second = session.delete(), session.delete()
            equal((first.status, first.json), (200, removed))
            equal((second.status, second.detail), (404, GONE))
            equal((session.ask("1").detail, session.inspect().detail), (GONE, GONE))
            equal(kept(session), [])
            eventually(lambda: not gateway.docker.exists(session.id), 30, "removed")
            equal(kept(session), [])

        @tap.row("delete: a body and a query are ignored")
        def _():
            session = alice.session()
            path = f"/containers/{session.id}?force=false&%"
            response = alice.request("DELETE", path, b"{not json", headers=JSON)
            equal(response.status, 200, repr(response))
            equal(session.inspect().detail, GONE)

        @tap.row("delete: a container that is gone already")
        def _():
            session = alice.session()
            gateway.docker.remove(session.id)
            removed = {"status": "success", "message": f"Container {session.id} removed."}
            response = session.delete()
            equal((response.status, response.json), (200, removed))
            for again in (session.inspect(), session.ask("1"), session.delete()):
                equal((again.status, again.detail), (404, GONE))
            equal(kept(session), [])

        for name, lost, text in (
            ("execute", lambda s: s.ask("print(1)"), LOST_USED),
            ("inspect", lambda s: s.inspect(), LOST_SEEN),
        ):

            @tap.row(f"gone: a container removed behind our back: {name}: {text!r}")
            def _():
                session = alice.session()
                gateway.docker.remove(session.id)
                response = lost(session)
                equal((response.status, response.detail), (404, text))
                for again in (session.ask("print(1)"), session.inspect(), session.delete()):
                    equal((again.status, again.detail), (404, GONE))
                equal(kept(session), [])

        @tap.row("gone: a container killed during a run is told, at once")
        def _():
            session = alice.session()
            running = Background(lambda: session.ask("echo partial; sleep 50", "bash", timeout=60))
            until_it_sleeps(gateway, session)
            gateway.docker.kill(session.id)
            result = Result(running.answer(30).json)
            equal((result.stdout, result.outcome), ("partial\n", "session_lost"))
            response = session.ask("1")
            equal((response.status, response.detail), (404, GONE))

        @tap.row("gone: PID 1 told to stop by Docker: the same")
        def _():
            session = alice.session()
            gateway.docker.command("stop", "-t", "3", session.id)
            response = session.ask("1")
            equal((response.status, response.detail), (404, LOST_USED))

        @tap.row("removal: nothing is left")
        def _():
            settled(gateway, [])
            try:
                eventually(lambda: not leases(gateway), 30)
            except Failed:
                raise Failed(str(leases(gateway))) from None
