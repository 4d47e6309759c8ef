# SPDX-License-Identifier: Apache-2.0
"""Redis fails: it hangs, dies, forgets, refuses.  Never "allowed", never a sandbox lost for it."""

import signal
import time

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import Background, ensure, equal, eventually, together
from support.toxic import Toxic

from .oracle import Oracle, typed

# what Redis says instead
# fmt: off
REFUSALS = {
    "LOADING": b"-LOADING Redis is loading the dataset in memory\r\n",
    "MASTERDOWN": b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
        b"'no'.\r\n",
    "BUSY": b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
        b"NOSAVE.\r\n",
    "MISCONF": b"-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
        b"persist to disk.\r\n",
    "NOAUTH": b"-NOAUTH Authentication required.\r\n",
    "WRONGPASS": b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    "max clients": b"-ERR max number of clients reached\r\n",
    "NOSCRIPT for ever": b"-NOSCRIPT No matching script. Please use EVAL.\r\n",
    "nil": b"$-1\r\n", "an empty list": b"*0\r\n", "an integer": b":1\r\n", "OK": b"+OK\r\n",
        "a list of nils": b"*3\r\n*-1\r\n$-1\r\n$-1\r\n",
    "no RESP": b"HTTP/1.1 400 Bad Request\r\n\r\n", "a giant announced": b"$2147483647\r\nabc",
        "a deep list": b"*1\r\n" * 10000,
    "a negative length": b"$-5\r\n", "a list of two billion": b"*2147483647\r\n",
}
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Toxic(where, "toxic", redis.socket) as toxic,
    ):
        between = type(
            "Between",
            (),
            {
                "url": toxic.url,
                "__call__": lambda self, *w: redis(*w),
                "keys": lambda self, *a: redis.keys(*a),
                "dump": lambda self, *a: redis.dump(*a),
            },
        )()
        with Gateway(
            where,
            between,
            REDIS_SOCKET_TIMEOUT=1,
            REDIS_SOCKET_CONNECT_TIMEOUT=1,
            HEALTH_CACHE_SECONDS=0,
            RUN_LEASE_SECONDS=5,
            JANITOR_INTERVAL_SECONDS=5,
            ORPHAN_GRACE_SECONDS=60,
            MAX_TIMEOUT=60,
            EXECUTION_QUEUE_SECONDS=5,
        ) as gateway:
            away(tap, gateway, redis, toxic)
            refusing(tap, gateway, redis, toxic)
            forgetting(tap, gateway, redis)


def all_503(gateway, session, deaf):
    """Everything that needs state says 503, soon; what does not is served."""
    alice = gateway.client()
    calls = [lambda: session.ask("print(1)"), session.inspect, lambda: alice.post("/containers")]
    # A Redis that hears but does not answer has done what it was told.
    for call in calls + [session.delete] * deaf:
        began = time.monotonic()
        typed(call(), 503)
        ensure(time.monotonic() - began < 20, time.monotonic() - began)
    equal(gateway.ask("GET", "/healthz").status, 503)
    equal(gateway.ask("GET", "/livez").status, 200)
    equal(gateway.ask("POST", "/execute").status, 401)


def away(tap, gateway, redis, toxic):
    oracle = Oracle(gateway)

    for name, mode, cut in (
        ("refuses connections", "refuse", True),
        ("hangs", "stall", False),
        ("closes after each question", "cut", False),
        ("closes in the middle of an answer", "limit", False),
    ):

        @tap.row(f"redis {name}: 503 with Retry-After, then all is as before", seconds=120)
        def _():
            with gateway.session() as session:
                session.bash("echo kept >f").worked()
                toxic.be(mode, cut)
                try:
                    all_503(gateway, session, mode not in ("cut", "limit"))
                finally:
                    toxic.be("pass", cut=True)
                equal(
                    eventually(lambda: session.ask("cat f", "bash").json.get("stdout"), 30),
                    "kept\n",
                )
                oracle.sound([session])

    for name, mode in (("in pieces of one byte", "slice"), ("slow", "slow")):

        @tap.row(f"redis {name}: everything works")
        def _():
            toxic.be(mode)
            try:
                with gateway.session() as session:
                    session.answers()
            finally:
                toxic.be("pass")

    @tap.row("redis connections cut between requests are made anew unseen")
    def _():
        with gateway.session() as session:
            for _ in range(12):
                toxic.cut()
                session.answers()

    @tap.row("redis hangs for a while during a run: the run is not lost", seconds=90)
    def _():
        with gateway.session() as session:
            running = Background(lambda: session.ask("sleep 4; echo through", "bash", timeout=30))
            eventually(lambda: session.inspect().json["execution_count"] == 1, 30, "running")
            toxic.held.clear()
            toxic.be("stall")
            try:  # long enough for the lease's renewal to be given up and tried again
                eventually(
                    lambda: sum(session.id.encode() in asked for asked in toxic.held) >= 2,
                    30,
                    "renewed twice",
                )
            finally:
                toxic.be("pass")
            response = running.answer()
            equal((response.status, response.json["stdout"]), (200, "through\n"))
            session.answers()

    @tap.row("redis dies during a run and stays away: an answer comes all the same", seconds=90)
    def _():
        with gateway.session() as session:
            running = Background(
                lambda: session.ask("echo began; sleep 12; echo through", "bash", timeout=30)
            )
            eventually(lambda: session.inspect().json["execution_count"] == 1, 30, "running")
            toxic.be("refuse", cut=True)
            response = running.answer()
            toxic.be("pass", cut=True)
            # Its lease has ended, and with it the run: what it had said is told.
            result = typed(response, 200).json
            equal((result["stdout"], result["error_type"]), ("began\n", "GatewayError"))
            oracle.sound([session], 40)

    @tap.row("redis returns to a herd: nobody is refused for long")
    def _():
        with gateway.session() as session:
            toxic.be("refuse", cut=True)
            together([lambda: gateway.ask("GET", "/healthz") for _ in range(12)])
            toxic.accepted = 0
            toxic.be("pass", cut=True)
            eventually(lambda: session.ask("print(1)").status == 200, 30, "served")
            ensure(toxic.accepted <= 4 * len(gateway.workers()), toxic.accepted)


def refusing(tap, gateway, redis, toxic):
    oracle = Oracle(gateway)
    for name, words in REFUSALS.items():

        @tap.row(f"redis says {name}: never allowed, never fatal")
        def _():
            with gateway.session() as session:
                toxic.be(words, cut=True)
                try:
                    for call in (
                        lambda: session.ask("echo ran >>ran", "bash"),
                        session.inspect,
                        session.delete,
                        lambda: gateway.client().post("/containers"),
                    ):
                        typed(call(), 503)
                    equal(gateway.ask("GET", "/livez").status, 200)
                finally:
                    toxic.be("pass", cut=True)
                eventually(gateway.healthy, 30, "healthy")
                equal(
                    session.bash("cat ran; true").stdout,
                    "",
                    "what Redis did not admit must not run:",
                )

    tap.row("redis: all is well after its refusals")(lambda: oracle.sound())

    @tap.row("redis forgets its scripts: they are sent again, unseen")
    def _():
        with gateway.session() as session:
            for _ in range(3):
                redis("SCRIPT", "FLUSH")
                session.answers()

    @tap.row("redis is a replica that may not be written: 503, then well")
    def _():
        with gateway.session() as session:
            redis("REPLICAOF", "127.0.0.1", "1")
            try:
                typed(session.ask("print(1)"), 503)
                typed(gateway.client().post("/containers"), 503)
            finally:
                redis("REPLICAOF", "NO", "ONE")
            eventually(lambda: session.ask("print(1)").status == 200, 30, "served")

    @tap.row("redis is out of memory: counted or 503, then well")
    def _():
        with gateway.session() as session:
            redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
            redis("CONFIG", "SET", "maxmemory", "1")
            try:
                # a script that has freed something first may go on to the end
                ran = typed(session.ask("print(1)"), 200, 503).status == 200
                made = typed(gateway.client().post("/containers"), 200, 503)
            finally:
                redis("CONFIG", "SET", "maxmemory", "0")
            equal(session.inspect().json["execution_count"], int(ran))
            if made.status == 200:
                equal(
                    gateway.client().delete(f"/containers/{made.json['container_id']}").status, 200
                )
            session.answers()


def forgetting(tap, gateway, redis):
    oracle = Oracle(gateway)

    @tap.row("redis stopped by a signal for three seconds", seconds=90)
    def _():
        with gateway.session() as session:
            redis.send(signal.SIGSTOP)
            try:
                typed(session.ask("print(1)"), 503)
                time.sleep(2)
            finally:
                redis.send(signal.SIGCONT)
            eventually(lambda: session.ask("print(1)").status == 200, 30, "served")
            oracle.sound([session])

    @tap.row(
        "redis killed and restarted empty: owners get 404, new sessions work, no sandbox is lost at once",
        seconds=120,
    )
    def _():
        session = gateway.session()
        running = Background(lambda: session.ask("sleep 3; echo through", "bash", timeout=30))
        eventually(lambda: session.inspect().json["execution_count"] == 1, 30, "running")
        redis.process.kill()
        redis.process.wait()
        typed(gateway.client().post("/containers"), 503)
        redis.start()
        response = running.answer()
        equal((response.status, response.json["stdout"]), (200, "through\n"))
        eventually(gateway.healthy, 30, "healthy")
        typed(session.inspect(), 404)
        typed(session.ask("print(1)"), 404)
        ensure(
            gateway.docker.exists(session.id), "", "within ORPHAN_GRACE_SECONDS the sandbox stays:"
        )
        with gateway.session() as new:
            new.answers()
            ensure(gateway.docker.exists(session.id))
        gateway.docker.remove(session.id)
        oracle.sound()
