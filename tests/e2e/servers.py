# SPDX-License-Identifier: Apache-2.0
"""The same service through lighttpd and Caddy, with the configurations as shipped.

What the servers do to headers, paths and bodies is tests/servers' business; here it is the
answers of a real gateway that must come through whole.
"""

import base64
import contextlib
import json
import os
import select
import time

from support import fronts, http
from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Client, Gateway, given, settled
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, eventually, matches, together
from support.tokens import SECRET, token

LIMIT = 33554432


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, JWT_SECRET=SECRET) as gateway,
    ):
        for start in (fronts.lighttpd, fronts.caddy):
            front = start(str(where), str(gateway.socket))
            tap.prefix = f"{front.name}: "
            try:
                through(tap, gateway, front, where / "uploads")
            finally:
                tap.prefix = ""
                front.stop()
        tap.row("servers: nothing is left")(lambda: settled(gateway, []))


def through(tap, gateway, front, uploads):
    def ask(method, target, headers=(), body=b"", **more):
        return http.ask(front.port, method, target, headers, body, **more)

    alice, bob, stranger = (
        Client(ask, t) for t in (gateway.tokens["alice"], gateway.tokens["bob"], None)
    )

    for path in ("/", "/version", "/livez", "/healthz", "/health", "/readyz"):

        @tap.row(f"GET {path} is the gateway's own answer")
        def _():
            response, direct = ask("GET", path), gateway.ask("GET", path)
            equal((response.status, response.body), (200, direct.body))
            for name in (
                "content-type",
                "x-code-execution-version",
                "cache-control",
                "x-content-type-options",
            ):
                equal(response.header(name), direct.header(name), name)
            equal((response.header("Server"), response.header("Status")), (None, None))

    @tap.row("HEAD has no body, and its length is not waited for")
    def _():
        with http.Connection(front.port, timeout=20) as connection:
            equal(connection.request("HEAD", "/version").status, 200)
            equal(connection.request("GET", "/livez").json, {"status": "ok"})

    for method, path, status, detail in (
        ("GET", "/nowhere", 404, "Not Found"),
        ("PUT", "/version", 405, "Method Not Allowed"),
        ("GET", "/execute", 405, "Method Not Allowed"),
        ("POST", "/execute", 401, "Missing Bearer token"),
        ("GET", f"/containers/{NOWHERE}", 401, "Missing Bearer token"),
        ("GET", "//version", 404, "Not Found"),
        ("GET", "/containers/%2e%2e/version", 404, "Not Found"),
    ):

        @tap.row(f"{method} {path}: {status} as JSON")
        def _():
            response = ask(method, path)
            equal((response.status, response.detail), (status, detail), repr(response))
            equal(response.header("Content-Type"), "application/json")
            matches("^[0-9a-f-]{36}$", response.header("X-Request-ID"))

    @tap.row("/internal/auth/apikey: a key, a JWT of 8 KiB, neither")
    def _():
        longest = token({"x": "y" * 5990})
        ensure(8100 < len(longest) <= 8192, len(longest))
        for name, value, status in (
            ("X-API-Key", alice.token, 204),
            ("Authorization", f"Bearer {longest}", 204),
            ("Authorization", f"Bearer {longest[:-1]}", 401),
            ("X-API-Key", longest, 401),
        ):
            equal(ask("GET", "/internal/auth/apikey", [(name, value)]).status, status)

    @tap.row("a trailing slash: 307 to where the client is")
    def _():
        response = ask("GET", "/version/")
        equal(
            (response.status, response.header("Location")),
            (307, f"http://127.0.0.1:{front.port}/version"),
        )

    @tap.row("an unknown id, the id in upper case and a prefix: 404 in our words")
    def _():
        for value in (NOWHERE, "A" * 64, "0", "%00", "a%2fb"):
            response = alice.get(f"/containers/{value}")
            ensure(response.status in (400, 404), response)
            ensure(response.detail in (GONE, "Not Found", "Bad Request"), response)

    @tap.row("X-Request-ID goes there and back")
    def _():
        equal(ask("GET", "/livez", [("X-Request-ID", "my-id.1")]).header("X-Request-ID"), "my-id.1")

    @tap.row("two Authorization headers are none")
    def _():
        good = ("Authorization", f"Bearer {alice.token}")
        for pair in ([good, ("Authorization", "Bearer x")], [("Authorization", "Bearer x"), good]):
            ensure(ask("GET", f"/containers/{NOWHERE}", pair).status in (400, 401))

    @tap.row("a session's life: Python writes a file, Bash reads it, figures and files come back")
    def _():
        with alice.session() as session:
            result = session.python(
                "open('a', 'w').write('from python'); "
                "open('/tmp/output/o.bin', 'wb').write(bytes(range(256)))"
            )
            equal(result.content("o.bin"), bytes(range(256)))
            equal(session.bash("cat a").stdout, "from python")
            equal(session.inspect().json["execution_count"], 2)
            equal(session.delete().json["status"], "success")
            equal(session.inspect().detail, GONE)

    with alice.session() as session:

        @tap.row("another key: 403")
        def _():
            equal(bob.delete(f"/containers/{session.id}").status, 403)
            session.answers()

        @tap.row("text of every kind, both ways")
        def _():
            text = 'h\u00e9 \u2603 \U0001f600 \x1b[1m \u2028 "\\/\x7f'
            result = session.python(f"print({text!r}, end='')").worked()
            equal(result.stdout, text)

        @tap.row("an error of the run is 200")
        def _():
            equal(session.python("1/0").error_type, "ZeroDivisionError")

        @tap.row("bad JSON: 422")
        def _():
            response = alice.request("POST", "/execute", b"{", headers=JSON)
            equal((response.status, response.detail[0]["type"]), (422, "json_invalid"))

        @tap.row("100000 four-byte characters of code")
        def _():
            code = "#" + "\U0001f600" * 99990 + "\nprint(1)"
            equal(session.ask(code[:100000]).status, 200)

        @tap.row("20 MiB of files in, 25 MiB out")
        def _():
            import hashlib

            files = [given(f"f{i}", bytes([65 + i]) * 5242880) for i in range(4)]
            result = session.bash("cat f? | sha256sum; rm f?", files=files).worked()
            whole = b"".join(bytes([65 + i]) * 5242880 for i in range(4))
            equal(result.stdout.split()[0], hashlib.sha256(whole).hexdigest())
            result = session.bash(
                "cd /tmp/output; for n in 1 2; do head -c 10485760 /dev/urandom >$n; done; "
                "head -c 5242880 /dev/zero >3; sha256sum 1"
            ).worked()
            equal(
                [len(base64.b64decode(f["content"])) for f in result.files],
                [10485760, 10485760, 5242880],
            )
            equal(hashlib.sha256(result.content("1")).hexdigest(), result.stdout.split()[0])

        @tap.row("a body of the limit, with its length and without")
        def _():
            body = json.dumps({"container_id": session.id, "code": "print(1)", "pad": ""}).encode()
            body = body[:-2] + b"x" * (LIMIT - len(body)) + body[-2:]
            for chunked in (False, True):
                response = alice.request("POST", "/execute", body, headers=JSON, chunked=chunked)
                equal(
                    (response.status, response.json.get("stdout")),
                    (200, "1\n"),
                    repr(response)[:500],
                )

        @tap.row("a body over the limit, with its length and without: 413 in our words")
        def _():
            for chunked in (False, True):
                response = alice.request(
                    "POST", "/execute", b" " * (LIMIT + 1), headers=JSON, chunked=chunked
                )
                equal(
                    (response.status, response.detail),
                    (413, f"Request body too large. Maximum size is {LIMIT} bytes."),
                    f"chunked {chunked}",
                )

        @tap.row("a hundred runs over one connection")
        def _():
            body = json.dumps({"container_id": session.id, "code": "print(1)"}).encode()
            headers = JSON + [("Authorization", f"Bearer {alice.token}")]
            with http.Connection(front.port, timeout=30) as connection:
                for _ in range(100):
                    response = connection.request("POST", "/execute", headers, body)
                    equal((response.status, response.json["stdout"]), (200, "1\n"))

        @tap.row("a slow body is waited for")
        def _():
            body = json.dumps({"container_id": session.id, "code": "print(1)"}).encode()
            with http.Connection(front.port, timeout=30) as connection:
                connection.write(
                    connection.head(
                        "POST",
                        "/execute",
                        JSON + [("Authorization", f"Bearer {alice.token}")],
                        len(body),
                    )
                )
                for at in range(0, len(body), 20):
                    connection.write(body[at : at + 20])
                    time.sleep(0.05)
                equal(connection.answer().json["stdout"], "1\n")

        @tap.row("a client that leaves during its run: the session answers, the slot is free")
        def _():
            before = session.inspect().json["execution_count"]
            body = json.dumps(
                {"container_id": session.id, "code": "sleep 1; echo >left", "language": "bash"}
            ).encode()
            with http.Connection(front.port, timeout=30) as connection:
                connection.write(
                    connection.head(
                        "POST",
                        "/execute",
                        JSON + [("Authorization", f"Bearer {alice.token}")],
                        len(body),
                    )
                    + body
                )
                eventually(
                    lambda: session.inspect().json["execution_count"] > before, 30, "running"
                )
            session.answers()

        @tap.row("a client that leaves during its body: nothing happens")
        def _():
            before = session.inspect().json["execution_count"]
            for _ in range(5):
                with http.Connection(front.port, timeout=30) as connection:
                    connection.write(
                        connection.head(
                            "POST",
                            "/execute",
                            JSON + [("Authorization", f"Bearer {alice.token}")],
                            100000,
                        )
                        + b'{"container_id":'
                    )
            session.answers()
            equal(session.inspect().json["execution_count"], before + 1)

        @tap.row("eight clients at once")
        def _():
            sessions = [alice.session() for _ in range(4)]
            answers = together(
                [lambda s=s, i=i: s.ask(f"print({i})") for i, s in enumerate(sessions * 2)]
            )
            equal([a.json["stdout"] for a in answers], [f"{i}\n" for i in range(8)])
            for one in sessions:
                one.delete()

    @tap.row("a time-out: partial output, then 404")
    def _():
        with alice.session() as session:
            result = session.python(
                "print('partial', flush=True); import time; time.sleep(9)", timeout=1
            )
            equal(
                (result.stdout, result.timed_out, session.ask("1").status), ("partial\n", True, 404)
            )

    @tap.row("a gateway that restarts: errors of the server are JSON, then all is well")
    def _():
        with alice.session() as session:
            version = ask("GET", "/version")
            gateway.stop()
            response = ask("GET", "/livez")
            ensure(response.status in (502, 503), response)
            ensure(isinstance(response.json["detail"], str), response)
            for name in ("x-code-execution-version", "x-code-execution-version-tag"):
                equal(response.header(name), version.header(name), name)
            equal(response.header("retry-after"), "1")
            gateway.start()
            eventually(lambda: ask("GET", "/healthz").status == 200, 40, "healthy again", 0.2)
            session.answers()

    @tap.row("180 MB of a stranger's: refused early, nothing of it stays on disk", seconds=120)
    def _():
        piece, sent = bytes(1 << 20), []
        for headers, frame in (
            ([("Content-Length", str(180 << 20))], piece),
            ([("Transfer-Encoding", "chunked")], b"%x\r\n%s\r\n" % (len(piece), piece)),
        ):
            with http.Connection(front.port, timeout=60) as connection:
                connection.write(connection.head("POST", "/execute", JSON + headers))
                sent.append(0)
                with contextlib.suppress(OSError):      # it has its answer, or the door shut
                    while sent[-1] < 180 and not select.select([connection.socket], [], [], 0)[0]:
                        connection.socket.sendall(frame)
                        sent[-1] += 1
                with contextlib.suppress(http.Closed):  # the answer went down with the rest
                    response = connection.answer()
                    ensure(response.status in (401, 413), response)
        # its limit, and what the sockets hold
        ensure(max(sent) <= 80, sent, "MiB that were taken:")
        eventually(lambda: not os.listdir(uploads), 30, "empty again")
        equal(ask("GET", "/livez").status, 200)

    @tap.row("500 connections that say nothing, or half of it: others are served", seconds=120)
    def _():
        whole = b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        with contextlib.ExitStack() as stack, alice.session() as session:
            for i in range(500):
                idle = stack.enter_context(http.Connection(front.port, timeout=30))
                idle.write(whole[: i * (len(whole) - 2) // 500] if i % 2 else b"")
            for _ in range(20):
                equal(ask("GET", "/healthz", timeout=60).status, 200)
            session.answers()

    @tap.row("fifty short connections", seconds=120)
    def _():
        statuses = [r.status for r in together([lambda: stranger.get("/livez")] * 50, 110)]
        equal(statuses, [200] * 50)
