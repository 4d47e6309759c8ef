# SPDX-License-Identifier: Apache-2.0
"""Whose a session is: contract 1.2.4, 3.1, 3.3 and 10 A6, security.md 4.3."""

import secrets

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import equal
from support.tokens import ABSENT, SECRET, found_in, token

PRINCIPAL = "Container session belongs to another principal"
TENANT = "Container session belongs to another tenant"

# whose session, who asks, what he is told; a tenant of None is none
# fmt: off
SESSIONS = [
    ("a token anew, of the same", ("ann", "t1"), ("ann", "t1"), None),
    ("another sub", ("ann", "t1"), ("bob", "t1"), PRINCIPAL),
    ("another tenant", ("ann", "t1"), ("ann", "t2"), TENANT),
    ("a tenant in another case", ("ann", "t1"), ("ann", "T1"), TENANT),
    ("no tenant", ("ann", "t1"), ("ann", None), TENANT),
    ("an empty tenant", ("ann", "t1"), ("ann", ""), TENANT),
    ("neither", ("ann", "t1"), ("bob", "t2"), PRINCIPAL),
    ("a tenant where there is none", ("ann", None), ("ann", "t1"), TENANT),
    ("an empty tenant where there is none", ("ann", None), ("ann", ""), TENANT),
    ("a tenant called -, where there is none", ("ann", None), ("ann", "-"), TENANT),
    ("sub and tenant run together", ("a:b", "c"), ("a", "b:c"), PRINCIPAL),
    ("a key of that name", ("alice", None), "alice", PRINCIPAL),
    ("a token with a key's name", "alice", ("alice", None), PRINCIPAL),
    ("a token with a key's subject", "alice", ("api-key:alice", None), PRINCIPAL),
    ("a token with what the record says of a key", "alice", ("k:alice", None), PRINCIPAL),
]
# fmt: on


def rows(tap):
    one, two = secrets.token_hex(24), secrets.token_hex(24)
    keys = f"alice:{one},alice:{two},bob:{one}x"
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, JWT_SECRET=SECRET, API_KEYS=keys) as gateway,
    ):

        def client(who):
            if who == "alice":
                return gateway.client(token=one)
            sub, tenant = who
            return gateway.client(
                token=token({"sub": sub, "tenant_id": ABSENT if tenant is None else tenant})
            )

        for name, owner, caller, told in SESSIONS:

            @tap.row(f"a session and {name}: {403 if told else 200}")
            def _():
                with client(owner).session() as session:
                    other = client(caller)
                    path = f"/containers/{session.id}"
                    asked = [other.get(path), other.execute(session.id, "print(1)")]
                    if told:
                        asked.append(other.delete(path))
                        equal({(a.status, a.detail) for a in asked}, {(403, told)})
                        equal(session.inspect().json["execution_count"], 0)
                    else:
                        equal({a.status for a in asked}, {200})
                    session.answers()

        @tap.row("rotation: the second key of a name has the sessions of the first")
        def _():
            with client("alice").session() as session:
                equal(gateway.client(token=two).get(f"/containers/{session.id}").status, 200)
                equal(gateway.client(token=one + "x").get(f"/containers/{session.id}").status, 403)

        @tap.row("no token and no secret is in Redis, among the labels or in the log")
        def _():
            with client(("ann", "t1")).session() as session:
                stored = str(redis.dump()) + str(gateway.docker.inspect(session.id))
                equal(found_in(stored + gateway.logged(), one, two), [])
