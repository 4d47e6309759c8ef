# SPDX-License-Identifier: Apache-2.0
"""The access log: one line of JSON for each request, with what an operator needs and no more."""

import json
import re
import signal

from support.fastcgi import JSON
from support.gateway import NOWHERE, Gateway, given
from support.redis import Redis
from support.service import TOP, scratch
from support.tap import equal, eventually, matches

# name, method, target, as whom, body, status, route, outcome, session
# fmt: off
REQUESTS = [
    ("the card", "GET", "/", None, b"", 200, "/", "ok", None),
    ("a query is not for the log", "GET", "/version?key=hidden-1", None, b"", 200, "/version", "ok",
     None),
    ("a HEAD", "HEAD", "/livez", None, b"", 200, "/livez", "ok", None),
    ("an unknown path is not for it either", "GET", "/hidden-2", None, b"", 404, None, "not_found",
     None),
    ("a slash too many", "GET", "/livez/", None, b"", 307, "/livez", "ok", None),
    ("a wrong method", "PUT", "/livez", None, b"", 405, "/livez", "method", None),
    ("no token", "POST", "/execute", None, b"{}", 401, "/execute", "unauthenticated", None),
    ("a session that is none", "GET", f"/containers/{NOWHERE}", "alice", b"", 404,
     "/containers/{container_id}", "not_found", NOWHERE[:12]),
    ("a path that names none", "GET", "/containers/hidden-13", "alice", b"", 404,
     "/containers/{container_id}", "not_found", None),
    ("a member that names none", "POST", "/execute", "alice",
     b'{"container_id":"hidden-14","code":"1"}', 404, "/execute", "not_found", None),
    ("a body too large", "POST", "/execute", None, bytes(4097), 413, "/execute", "too_large",
     None),
    ("broken JSON", "POST", "/execute", "alice", b"{'hidden-3", 422, "/execute", "unprocessable",
     None),
    ("a field that is wrong", "POST", "/execute", "bob", b'{"container_id":3,"code":"hidden-4"}',
     422, "/execute", "unprocessable", None),
]

# code, language, more, outcome
RUNS = [
    ("print('hidden-5')", "python", {}, "ok"),
    ("raise ValueError('hidden-6')", "python", {}, "error"),
    ("echo hidden-7 >&2; exit 3", "bash", {}, "exit"),
    ("kill -9 $$ # hidden-8", "bash", {}, "signal"),
    ("cat hidden-9; echo x >/tmp/output/hidden-10", "bash",
     {"files": [given("hidden-9", "hidden-11")]}, "ok"),
    ("sleep 60 # hidden-12", "bash", {"timeout": 1}, "timeout"),
]
# fmt: on


def rows(tap):
    for part in (lines, levels):
        with scratch() as where, Redis(where).start() as redis:
            part(tap, where, redis)


def entries(gateway, request_id):
    """The lines of that request; a line is there once the answer is, or soon."""

    def found():
        lines = [json.loads(line) for line in gateway.logged().splitlines()]
        return [e for e in lines if e.get("request_id") == request_id]

    return eventually(found, 30, "a line")


def entry(gateway, response):
    (only,) = entries(gateway, response.header("X-Request-ID"))
    return only


def lines(tap, where, redis):
    with Gateway(
        where, redis, MAX_REQUEST_BODY_SIZE=4096, MAX_INPUT_FILE_SIZE=1024,
        MAX_INPUT_TOTAL_SIZE=1024, LOG_LEVEL="DEBUG",
    ) as gateway:  # fmt: skip
        for name, method, target, who, body, status, route, outcome, session in REQUESTS:

            @tap.row(f"log: {name}")
            def _():
                client = gateway.client(who) if who else gateway.stranger()
                response = client.request(method, target, body, headers=JSON)
                equal(response.status, status, repr(response))
                line = entry(gateway, response)
                wanted = {
                    "level": "info",
                    "event": "request",
                    "method": method,
                    "route": route,
                    "status": status,
                    "remote": "127.0.0.1",
                    "session": session,
                    "outcome": outcome,
                }
                equal({k: line.get(k) for k in wanted}, wanted)
                matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", line["ts"])
                equal((type(line["ms"]), line["ms"] >= 0), (float, True))
                if who:
                    matches("^[0-9a-f]{12}$", line["principal"])

        with gateway.session() as session:

            @tap.row("log: a file sent twice")
            def _():
                response = session.ask("1", files=[given("hidden-15", "")] * 2)
                matches("hidden-15", response.detail)
                line = entry(gateway, response)
                equal(
                    [line.get(k) for k in ("status", "outcome", "session", "message", "detail")],
                    [400, "invalid", session.id[:12], None, None],
                )

            for code, language, more, outcome in RUNS:

                @tap.row(f"log: a run of {language} that ends with {outcome}")
                def _():
                    response = session.ask(code, language, **more)
                    equal((response.status, response.json["outcome"]), (200, outcome))
                    line = entry(gateway, response)
                    equal(
                        (line["route"], line["status"], line["outcome"], line["session"]),
                        ("/execute", 200, outcome, session.id[:12]),
                    )

        @tap.row("log: a principal is told by the same twelve digits each time, and by no name")
        def _():
            def told(client):
                return entry(gateway, client.get(f"/containers/{NOWHERE}"))["principal"]

            alice, bob = gateway.client("alice"), gateway.client("bob")
            equal(told(alice), told(alice))
            equal(told(alice) == told(bob), False)
            equal([n for n in ("alice", "bob") if n in gateway.logged()], [])

        @tap.row("log: nothing else: no code, no output, no file, no path, no body, no token")
        def _():
            text = gateway.logged()
            equal(re.findall("hidden-[0-9]+", text), [])
            equal([t for t in gateway.tokens.values() if t in text], [])

        @tap.row("log: the README names every event and every member of a line")
        def _():
            told = (TOP / "README.md").read_text()
            told = set(re.findall("`(\\w+)`", told[told.index("## Watching it") :]))
            lines = [json.loads(line) for line in gateway.logged().splitlines()]
            equal({key for line in lines for key in line} - told, set())
            equal({line["event"] for line in lines} - told, set())

        @tap.row("log: each line is JSON, also when somebody tries to write his own")
        def _():
            evil = 'x\n{"level":"error","event":"forged"}'
            gateway.ask("GET", "/livez", [("X-Request-ID", evil), ("X-API-Key", evil)])
            gateway.ask(evil, "/livez", [("Authorization", evil)])
            events = [json.loads(line)["event"] for line in gateway.logged().splitlines()]
            equal([e for e in events if e == "forged"], [])


def levels(tap, where, redis):
    with Gateway(where, redis, LOG_LEVEL="WARNING", HEALTH_CACHE_SECONDS=0) as gateway:

        @tap.row("log: LOG_LEVEL=WARNING leaves out what went well, not what did not")
        def _():
            well = gateway.ask("GET", "/healthz")
            equal(well.status, 200)
            redis.stop(signal.SIGKILL)
            try:
                bad = gateway.client().get(f"/containers/{NOWHERE}")
            finally:
                redis.start()
            equal(bad.status, 503)
            line = entry(gateway, bad)
            equal((line["level"], line["status"], line["outcome"]), ("warning", 503, "unavailable"))
            matches("Redis", line["detail"])
            equal(well.header("X-Request-ID") in gateway.logged(), False)
            equal('"level":"info"' in gateway.logged(), False)
