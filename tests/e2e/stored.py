# SPDX-License-Identifier: Apache-2.0
"""What the gateway may say to Redis, and what it never does: security.md 4.9."""

import contextlib
import re

from support.gateway import Gateway
from support.redis import Redis, RedisError
from support.service import TOP, free_port, scratch
from support.tap import ensure, equal, eventually
from support.tokens import SECRET, token

DENIED = (
    ("KEYS", "*"),
    ("CONFIG", "GET", "*"),
    ("SCRIPT", "FLUSH"),
    ("DEBUG", "SLEEP", "0"),
    ("MODULE", "LIST"),
    ("SLAVEOF", "NO", "ONE"),
    ("REPLICAOF", "NO", "ONE"),
    ("FLUSHALL",),
    ("ACL", "LIST"),
    ("GET", "other"),
    ("SET", "gateway:x", "1"),
)
HOSTILE = {
    "a line break": "ann\r\nSET x 1\r\n",
    "RESP": "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n1\r\n",
    "a hash tag": "ann}{other",
    "Lua": "']] redis.call('FLUSHALL') --",
    "a colon, a blank and a star": "ann: *",
    "a NUL": "ann\0",
    "a NUL and more": "ann\0bob",
    "no ASCII": "änn \U0001f40d",
    "4,000 characters": "ann" + "x" * 4000,
}


def documented():
    """The ACL line of README.md, as it is to be typed."""
    return re.search(r"ACL SETUSER gateway (.*)", (TOP / "README.md").read_text()).group(1).split()


def rows(tap):
    port = free_port()
    with scratch() as where, Redis(where, options=("--port", str(port))).start() as redis:
        rules = [rule for rule in documented() if not rule.startswith(">")]
        redis("ACL", "SETUSER", "gateway", ">s3cret", *rules)
        with Gateway(
            where,
            redis,
            REDIS_URL=f"redis://gateway:s3cret@127.0.0.1:{port}/0",
            JWT_SECRET=SECRET,
            SANDBOX_POOL_SIZE=1,
            JANITOR_INTERVAL_SECONDS=5,
        ) as gateway:
            least(tap, gateway, redis)
            hostile(tap, gateway, redis)


def least(tap, gateway, redis):
    @tap.row("redis: the user of the documentation can do all that the gateway asks for")
    def _():
        key = f"cg:{{{gateway.deployment}}}:pool"
        for _ in range(2):
            eventually(lambda: redis("ZCARD", key) == 1, 30, "a full pool")
            with gateway.session() as session:
                session.answers()
                equal(session.inspect().json["execution_count"], 1)
                equal(session.delete().status, 200)
        headers = [("Authorization", f"Bearer {gateway.tokens['alice']}")]
        answer = gateway.ask("GET", "/metrics", headers)
        equal(answer.status, 200)
        ensure(b"gateway_session_pool_size" in answer.body, answer.body[:500])
        eventually(lambda: redis.keys("*:janitor:*"), 30, "a janitor at work")
        ensure("NOPERM" not in gateway.logged(), gateway.logged()[-2000:])

    @tap.row("redis: no script of ours has a command that the documentation lacks")
    def _():
        scripts = [p.read_text() for p in (TOP / "fcgi-app").rglob("*.[ch]")]
        said = {w.lower() for text in scripts for w in re.findall(r"redis\.call\('(\w+)'", text)}
        ensure(said, "no script found")
        equal(sorted(said - {rule.lstrip("+") for rule in documented()}), [])

    @tap.row("redis: and nothing else")
    def _():
        for words in DENIED:
            said = redis("ACL", "DRYRUN", "gateway", *words)
            ensure(said != "OK", (words, said))

    @tap.row("redis: every key is of this deployment and goes by itself")
    def _():
        with gateway.session() as session:
            session.answers()
            for key, (ttl, value) in redis.dump().items():
                ensure(key.startswith(f"cg:{{{gateway.deployment}}}:"), key)
                ensure(ttl > 0, (key, ttl, value))


def hostile(tap, gateway, redis):
    with gateway.client(token=token({"sub": "ann"})).session() as session:
        for name, sub in HOSTILE.items():
            for claims in ({"sub": sub}, {"sub": "ann", "tenant_id": sub}):

                @tap.row(f"redis: {name} as a {list(claims)[-1]} is data, and another's")
                def _():
                    other = gateway.client(token=token(claims))
                    seen = other.get(f"/containers/{session.id}")
                    ensure(seen.status in (401, 403), seen)
                    made = other.post("/containers")
                    ensure(made.status in (200, 401), made)
                    if made.status == 200:
                        path = f"/containers/{made.json['container_id']}"
                        ran = other.execute(made.json["container_id"], "print(42)")
                        equal((ran.status, ran.json["stdout"]), (200, "42\n"))
                        ann = gateway.client(token=token({"sub": "ann"}))
                        equal(ann.get(path).status, 403)
                        equal(other.delete(path).status, 200)
                    session.answers()
                    pattern = rf"^cg:\{{{gateway.deployment}\}}:[a-z-]+(:[A-Za-z0-9:_-]+)*$"
                    equal([k for k in redis.keys() if not re.search(pattern, k)], [])

        @tap.row("redis: a request id with what is no id is not stored, not repeated")
        def _():
            for text in ("a b", "x" * 200, "*3", "{x}", "é"):
                answer = gateway.ask("GET", "/livez", [("X-Request-ID", text)])
                ensure(answer.header("X-Request-ID") not in ("", text), answer)

    with contextlib.suppress(RedisError):
        redis("ACL", "DELUSER", "gateway")
