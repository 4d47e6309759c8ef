# SPDX-License-Identifier: Apache-2.0
"""Ids that are none and FastCGI that is none: security.md 2 (R1), 4.1, 4.3."""

import json
import pathlib
import re
import select
import urllib.parse

from support import fastcgi
from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Gateway
from support.redis import Redis
from support.service import IMAGE, scratch
from support.tap import Background, ensure, equal, eventually

RUN = {"container_id": NOWHERE, "code": "1"}


def rows(tap):
    with scratch() as where, Redis(where).start() as redis, Gateway(where, redis) as gateway:
        eventually(lambda: len(gateway.workers()) == gateway.complement(), 30, "all workers there")
        workers = sorted(gateway.workers())
        ids(tap, gateway)
        framing(tap, gateway)
        cheap(tap, gateway)
        tap.row("no worker has died of it")(lambda: equal(sorted(gateway.workers()), workers))
    # Each may be silent for half a second: many workers are for the sake of the row's time.
    with scratch() as where, Redis(where).start() as redis:
        with Gateway(where, redis, WAITING_WORKERS=40) as gateway:
            crowd(tap, gateway)


def ids(tap, gateway):
    alice = gateway.client()
    with alice.session() as session:
        bad = {
            "12 digits": session.id[:12],
            "63 digits": session.id[:63],
            "one digit": session.id[:1],
            "upper case": session.id.upper(),
            "a digit more": session.id + "0",
            "another": NOWHERE,
            "a word": "x",
            "quoted": "%22" + session.id,
            "5000 digits": "a" * 5000,
            "dots": "..%2e",
            "a NUL": session.id + "%00",
            "a blank": session.id + "%20",
            "a line end": session.id + "%0a",
            "a line end of HTTP, and more": session.id + "%0d%0aX-Evil: 1",
            "a blank in front": "%20" + session.id,
            "digits of full width": session.id[:63] + "\uff11",
        }
        name = gateway.docker.inspect(session.id)["Name"].lstrip("/")
        bad["the container's name"] = name
        for what, value in bad.items():

            @tap.row(f"an id that is none: {what}: 404, the container lives")
            def _():
                decoded = urllib.parse.unquote(value)
                for client in (alice, gateway.client("bob")):
                    for method in ("GET", "DELETE"):
                        response = client.request(method, f"/containers/{decoded}")
                        # what a NUL ends is no path of ours at all
                        equal(
                            (response.status, response.detail),
                            (404, "Not Found" if "\0" in decoded else GONE),
                            method,
                        )
                    response = client.execute(decoded, "print(1)")
                    equal((response.status, response.detail), (404, GONE))
                session.answers()

        @tap.row("an id that is none: empty")
        def _():
            response = alice.execute("", "print(1)")
            equal((response.status, response.detail), (404, GONE))

        @tap.row("an id that is none: every one-digit prefix, by another key")
        def _():
            bob = gateway.client("bob")
            for digit in "0123456789abcdef":
                equal(bob.delete(f"/containers/{digit}").status, 404)
                equal(bob.get(f"/containers/{digit}").status, 404)
                equal(bob.execute(digit, "1").status, 404)
            session.answers()

        @tap.row("an id that is none: ../images/x is a path that is none")
        def _():
            equal(alice.get("/containers/../images/x").status, 404)
            equal(alice.execute("../images/" + session.id, "1").detail, GONE)

        @tap.row("a container of another is not ours: 404, it lives")
        def _():
            docker = gateway.docker
            foreign = docker.create(
                Image=IMAGE,
                Entrypoint=["sleep", "60"],
                Cmd=[],
                Labels={"managed-by": "code-execution-gateway"},
                HostConfig={"NetworkMode": "none"},
            )
            try:
                docker.start(foreign)
                for method in ("GET", "DELETE"):
                    equal(alice.request(method, f"/containers/{foreign}").detail, GONE)
                equal(alice.execute(foreign, "1").detail, GONE)
                ensure(docker.running(foreign))
            finally:
                docker.remove(foreign)


def framing(tap, gateway):
    """Raw FastCGI that no web server would send: the worker survives and goes on."""
    begin = fastcgi.record(fastcgi.BEGIN, b"\0\1\0\0\0\0\0\0")
    livez = fastcgi.stream(
        fastcgi.PARAMS, fastcgi.pair("REQUEST_METHOD", "GET") + fastcgi.pair("PATH_INFO", "/livez")
    )
    raw = {
        "nothing": b"",
        "half a header": b"\1\1\0",
        "version 9": b"\x09" + begin[1:],
        "noise": bytes(range(256)) * 40,
        "an unknown type": fastcgi.record(99, b"x" * 8),
        "BEGIN twice": begin + begin + livez,
        "a role that is none": fastcgi.record(fastcgi.BEGIN, b"\0\7\0\0\0\0\0\0") + livez,
        "a length of 2 GiB": begin
        + fastcgi.record(fastcgi.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xffx")
        + fastcgi.record(fastcgi.PARAMS, b""),
        "a name beyond its record": begin
        + fastcgi.record(fastcgi.PARAMS, b"\x7f\x01abc")
        + fastcgi.record(fastcgi.PARAMS, b""),
        "65535 bytes and 255 of padding": begin + b"\1\4\0\1\xff\xff\xff\0" + bytes(65535 + 255),
        "another request in between": begin
        + fastcgi.record(fastcgi.BEGIN, b"\0\1\0\0\0\0\0\0", 2)
        + fastcgi.record(fastcgi.PARAMS, fastcgi.pair("REQUEST_METHOD", "DELETE"), 2)
        + livez
        + fastcgi.stream(fastcgi.STDIN, b""),
        "BEGIN again within the body": begin
        + livez
        + fastcgi.record(fastcgi.STDIN, b"x")
        + begin
        + livez,
        "ABORT within the body": begin
        + livez
        + fastcgi.record(fastcgi.STDIN, b"x")
        + fastcgi.record(fastcgi.ABORT, b""),
        "STDIN before the parameters": begin + fastcgi.stream(fastcgi.STDIN, b"x") + livez,
        "ABORT": begin + fastcgi.record(fastcgi.ABORT, b"") + livez,
        "no method": begin
        + fastcgi.stream(fastcgi.PARAMS, fastcgi.pair("PATH_INFO", "/livez"))
        + fastcgi.stream(fastcgi.STDIN, b""),
        "no parameters": begin
        + fastcgi.record(fastcgi.PARAMS, b"")
        + fastcgi.stream(fastcgi.STDIN, b""),
        "GET_VALUES": b"\1\x09\0\0\0\x11\0\0" + fastcgi.pair("FCGI_MPXS_CONNS", ""),
    }
    for name, data in raw.items():

        @tap.row(f"framing: {name}")
        def _():
            for _ in range(3):
                with fastcgi.Exchange(gateway.socket, 3) as exchange:
                    exchange.write(data)
                    exchange.socket.shutdown(1)
                    try:
                        exchange.read(1 << 16)
                    except (fastcgi.Closed, TimeoutError):
                        pass
            equal(gateway.ask("GET", "/livez", timeout=20).status, 200)

    @tap.row("framing: one byte per record, each with padding, is a request like any other")
    def _():
        content = fastcgi.pair("REQUEST_METHOD", "GET") + fastcgi.pair("PATH_INFO", "/livez")
        with fastcgi.Exchange(gateway.socket, 10) as exchange:
            exchange.write(begin)
            for byte in content:
                exchange.write(fastcgi.record(fastcgi.PARAMS, bytes([byte]), padding=7))
            exchange.write(fastcgi.record(fastcgi.PARAMS) + fastcgi.record(fastcgi.STDIN))
            equal(exchange.answer().status, 200)

    mega = "x" * (1 << 20)
    for name, params, status in (
        ("10,000 headers", [(f"HTTP_X_{i}", "x") for i in range(10000)], 200),
        ("a header's name of 1 MiB", [("HTTP_" + mega, "x")], 200),
        ("a header of 8 MiB", [("HTTP_X", mega * 8)], 200),
        ("a request id of 1 MiB", [("HTTP_X_REQUEST_ID", mega)], 200),
        ("a query of 1 MiB", [("QUERY_STRING", mega)], 200),
        ("a token of 1 MiB", [("HTTP_AUTHORIZATION", "Bearer " + mega)], 200),
        ("a path of 1 MiB", [("PATH_INFO", "/" + mega)], 404),
        ("a method of 1 MiB", [("REQUEST_METHOD", mega)], 405),
    ):

        @tap.row(f"params: {name}: {status}, and little of it in the log")
        def _():
            before = resident(gateway), len(gateway.logged())
            said = {"REQUEST_METHOD": "GET", "PATH_INFO": "/livez", **dict(params)}
            with fastcgi.Exchange(gateway.socket, 20) as exchange:
                exchange.write(fastcgi.begin(said.items()) + fastcgi.stream(fastcgi.STDIN, b""))
                equal(exchange.answer().status, status)
            grown = max(now - before[0][pid] for pid, now in resident(gateway).items())
            ensure(grown <= 64 << 20, grown, "a worker grew by:")
            said = lambda: gateway.logged()[before[1] :].rpartition("\n")[0]
            lines = eventually(said, 30, "a line").splitlines()
            ensure(all(len(line) < 20000 and json.loads(line) for line in lines), lines)

    @tap.row("framing: clients that leave at every place do not cost a worker")
    def _():
        body = json.dumps(RUN).encode()
        whole = fastcgi.begin(fastcgi.params_for("POST", "/execute", JSON, body)) + fastcgi.stream(
            fastcgi.STDIN, body
        )
        for cut in range(0, len(whole), 23):
            with fastcgi.Exchange(gateway.socket, 3) as exchange:
                exchange.write(whole[:cut])
        eventually(lambda: gateway.ask("GET", "/livez", timeout=20).status == 200)
        waits = [
            Background(lambda: gateway.ask("GET", "/version", timeout=20).status) for _ in range(20)
        ]
        equal([w.answer() for w in waits], [200] * 20)


def resident(gateway):
    """The most memory each worker has ever had, in bytes."""
    texts = {pid: pathlib.Path(f"/proc/{pid}/status").read_text() for pid in gateway.workers()}
    return {p: int(re.search(r"^VmHWM:\s+(\d+)", t, re.M).group(1)) << 10 for p, t in texts.items()}


def cheap(tap, gateway):
    """A tree of each would be forty times its text."""
    size = 8 << 20
    bodies = {
        "1,": b"[" + b"1," * (size // 2) + b"1]",
        "1, in a member": b'{"container_id":"x","code":"1","files":[' + b"1," * (size // 2) + b"1]}",
        "1, without an end": b"[" + b"1," * (size // 2),
        "brackets": b"[" * size,
        "{}": b"[" + b"{}," * (size // 3) + b"1]",
        "members": b"{" + b",".join(b'"%07d":1' % i for i in range(size // 12)) + b"}",
        "escapes": b'{"code":"' + b"\\u0041" * (size // 6) + b'","container_id":"x"}',
    }
    for name, body in bodies.items():

        @tap.row(f"a bad body costs little: 8 MiB of {name}")
        def _():
            before = resident(gateway)
            response = gateway.client().request("POST", "/execute", body, headers=JSON)
            equal(response.status, 422, repr(response))
            ensure(len(response.body) < 4096, len(response.body), "bytes of answer:")
            grown = max(now - before[pid] for pid, now in resident(gateway).items())
            ensure(grown <= 2 * size, grown, f"a worker grew, for {len(body)} bytes of body, by:")


    for name, token in (("no token", None), ("a wrong one", "x" * 48)):

        @tap.row(f"a stranger's body of 32 MiB is not read: {name}")
        def _():
            bearer = [("Authorization", f"Bearer {token}")] if token else []
            params = fastcgi.params_for("POST", "/execute", JSON + bearer, length=32 << 20)
            before, sent = resident(gateway), 0
            with fastcgi.Exchange(gateway.socket, 20) as exchange:
                exchange.write(fastcgi.begin(params))
                while sent < 32 << 20 and not select.select([exchange.socket], [], [], 0)[0]:
                    exchange.write(fastcgi.record(fastcgi.STDIN, bytes(16384)))
                    sent += 16384
                equal(exchange.answer().status, 401)
            ensure(sent <= 1 << 20, sent, "bytes that had left before the answer was there:")
            grown = max(now - before[pid] for pid, now in resident(gateway).items())
            ensure(grown <= 1 << 20, grown, "a worker grew by:")


def crowd(tap, gateway):
    @tap.row("500 connections that say nothing: others are served", seconds=120)
    def _():
        idle = [fastcgi.Exchange(gateway.socket, 30) for _ in range(500)]
        try:
            for _ in range(10):
                equal(gateway.ask("GET", "/healthz", timeout=100).status, 200)
            with gateway.session() as session:
                session.answers()
        finally:
            for exchange in idle:
                exchange.close()
