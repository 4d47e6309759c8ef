# SPDX-License-Identifier: Apache-2.0
"""Bodies before they mean anything: size, length, type, JSON: contract 1.2.1, 1.3 to 1.5."""

import json

from support import fastcgi
from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import equal

# name, bytes, text, offset in characters
# fmt: off
NOT_JSON = [
    ("blanks", b"   ", "Expecting value", 3),
    ("a brace", b"{", "Expecting property name enclosed in double quotes", 1),
    ("a bare word", b"{bad", "Expecting property name enclosed in double quotes", 1),
    ("no colon", b'{"a"', "Expecting ':' delimiter", 4),
    ("no value", b'{"a":', "Expecting value", 5),
    ("no end", b'{"a":1', "Expecting ',' delimiter", 6),
    ("a comma too many", b'{"a":1,}', "Expecting property name enclosed in double quotes", 7),
    ("a comma too many in a list", b"[1,]", "Expecting value", 3),
    ("more behind it", b'{"a":1} x', "Extra data", 8),
    ("an open string", b'"abc', "Unterminated string starting at", 0),
    ("a raw line end", b'"a\nb"', "Invalid control character at", 2),
    ("a wrong escape", rb'"\x"', "Invalid \\escape", 1),
    ("half an escape", rb'"\u12"', "Invalid \\uXXXX escape", 2),
    ("a leading zero", b"01", "Extra data", 1),
    ("a dot at the end", b"1.", "Extra data", 1),
    ("half a word", b"tru", "Expecting value", 0),
    ("a minus", b"-", "Expecting value", 0),
    ("a plus", b"+1", "Expecting value", 0),
    ("no comma", b"[1 2]", "Expecting ',' delimiter", 3),
    ("NaN", b'{"timeout":NaN}', "Expecting value", 11),
    ("Infinity", b'{"timeout":Infinity}', "Expecting value", 11),
    ("-Infinity", b'{"timeout":-Infinity}', "Expecting value", 11),
    ("a lone surrogate", rb'{"code":"\ud800"}', "Lone surrogate escape", 9),
    ("a low surrogate alone", rb'{"code":"x\udc00\ud800"}', "Lone surrogate escape", 10),
    ("a lone surrogate in a key", rb'{"\ud800":1}', "Lone surrogate escape", 2),
    ("a key twice", b'{"code":"1","code":"2"}', "Duplicate key", 12),
    ("a key twice, once escaped", rb'{"code":"1","\u0063ode":"2"}', "Duplicate key", 12),
    ("33 levels", b"[" * 33 + b"]" * 33, "Maximum nesting depth exceeded", 32),
    ("a million levels", b"[" * 1000000, "Maximum nesting depth exceeded", 32),
    ("20001 values", b"[" + b"1," * 19999 + b"1]", "Too many values", 40000 - 1),
    ("65 keys", b"{" + b",".join(b'"%02d":1' % i for i in range(65)) + b"}", "Too many keys", 64 * 7 + 1),
    ("a number of 1025 digits", b"1" * 1025, "Number too long", 0),
    ("a raw NUL", b'{"code":"a\0b"}', "Invalid control character at", 10),
    ("a NUL behind it", b"{}\0", "Extra data", 2),
    ("another blank", b"\x0b{}", "Expecting value", 0),
    ("a second BOM", b"\xef\xbb\xbf\xef\xbb\xbf{}", "Expecting value", 0),
    ("a comment", b"{} // no", "Extra data", 3),
    ("single quotes", b"{'a':1}", "Expecting property name enclosed in double quotes", 1),
    ("characters are counted, not bytes", '["\u00e9\U0001f600" 1]'.encode(), "Expecting ',' delimiter", 6),
]
# fmt: on

RUN = {"container_id": NOWHERE, "code": "1"}


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            MAX_REQUEST_BODY_SIZE=2000000,
            MAX_INPUT_TOTAL_SIZE=1000000,
            MAX_INPUT_FILE_SIZE=1000000,
        ) as gateway,
    ):
        bodies(tap, gateway)


def bodies(tap, gateway):
    alice = gateway.client()
    too_large = "Request body too large. Maximum size is 2000000 bytes."

    @tap.row("413: by Content-Length, before the body")
    def _():
        params = fastcgi.params_for(
            "POST", "/execute", JSON + [("Authorization", f"Bearer {alice.token}")], length=2000001
        )
        with fastcgi.Exchange(gateway.socket, 20) as exchange:
            exchange.write(fastcgi.begin(params) + fastcgi.record(fastcgi.STDIN, bytes(10)))
            response = exchange.answer()
        equal((response.status, response.detail), (413, too_large))

    for method, target, status in (
        ("POST", "/nowhere", 413),
        ("PUT", "/version", 413),
        ("PATCH", "/execute", 413),
        ("POST", "/execute", 413),
        ("POST", "/execute/", 413),
        ("GET", "/livez", 200),
        ("DELETE", f"/containers/{NOWHERE}", 401),
        ("OPTIONS", "/execute", 405),
    ):

        @tap.row(f"413: by Content-Length, for anyone and any path: {method} {target}: {status}")
        def _():
            params = fastcgi.params_for(method, target, JSON, length=2000001)
            with fastcgi.Exchange(gateway.socket, 20) as exchange:
                exchange.write(fastcgi.begin(params) + fastcgi.record(fastcgi.STDIN, b""))
                response = exchange.answer()
            equal(response.status, status, repr(response))
            if status == 413:
                equal(response.detail, too_large)

    for name, length in (("no", ""), ("-1 as", "-1"), ("a lying", "10"), ("an absurd", "x")):

        @tap.row(f"413: counted while it comes, with {name} Content-Length")
        def _():
            headers = JSON + [("Authorization", f"Bearer {alice.token}")]
            params = [
                (k, length if k == "CONTENT_LENGTH" else v)
                for k, v in fastcgi.params_for("POST", "/execute", headers)
            ]
            with fastcgi.Exchange(gateway.socket, 20) as exchange:
                exchange.write(
                    fastcgi.begin(params) + fastcgi.stream(fastcgi.STDIN, b" " * 2500000)
                )
                response = exchange.answer()
            equal((response.status, response.detail), (413, too_large), repr(response))

    @tap.row("a body of exactly the limit is read")
    def _():
        response = alice.request("POST", "/execute", b" " * 2000000, headers=JSON)
        equal((response.status, response.detail[0]["type"]), (422, "json_invalid"))

    @tap.row("a body without a known length is read")
    def _():
        body = json.dumps(RUN).encode()
        params = [
            (k, "-1" if k == "CONTENT_LENGTH" else v)
            for k, v in fastcgi.params_for(
                "POST", "/execute", JSON + [("Authorization", f"Bearer {alice.token}")]
            )
        ]
        with fastcgi.Exchange(gateway.socket, 20) as exchange:
            exchange.write(fastcgi.begin(params) + fastcgi.stream(fastcgi.STDIN, body))
            equal(exchange.answer().detail, GONE)

    @tap.row("a body in one-byte records is read")
    def _():
        body = json.dumps(RUN).encode()
        params = fastcgi.params_for(
            "POST", "/execute", JSON + [("Authorization", f"Bearer {alice.token}")], body
        )
        with fastcgi.Exchange(gateway.socket, 20) as exchange:
            exchange.write(fastcgi.begin(params))
            for byte in body:
                exchange.write(fastcgi.record(fastcgi.STDIN, bytes([byte])))
            exchange.write(fastcgi.record(fastcgi.STDIN, b""))
            equal(exchange.answer().detail, GONE)

    @tap.row("no body: 422 missing for /execute, with any type")
    def _():
        for headers in ([], JSON, [("Content-Type", "text/plain")]):
            response = alice.request("POST", "/execute", b"", headers=headers)
            equal(
                (response.status, response.detail),
                (
                    422,
                    [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}],
                ),
                repr(response),
            )

    for value in (
        "application/json; charset=latin-1",
        "Application/JSON",
        "application/vnd.x+json",
        "application/json;a=b",
    ):

        @tap.row(f"Content-Type {value} is JSON")
        def _():
            response = alice.request(
                "POST", "/execute", json.dumps(RUN).encode(), headers=[("Content-Type", value)]
            )
            equal((response.status, response.detail), (404, GONE))

    for value in (
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "application/jsonx",
        "text/json",
    ):

        @tap.row(f"Content-Type {value} is one string")
        def _():
            response = alice.request(
                "POST", "/execute", b'{"a":1}', headers=[("Content-Type", value)] if value else []
            )
            equal(response.status, 422, repr(response))
            equal(
                {k: response.detail[0][k] for k in ("type", "loc")},
                {"type": "model_attributes_type", "loc": ["body"]},
            )
            equal(response.detail[0]["input"], '{"a":1}')

    for name, body in {
        "a byte that is none": b'{"code":"\xff"}',
        "half a character": b'{"code":"\xe2\x82"}',
        "a surrogate": b'{"code":"\xed\xa0\x80"}',
        "an overlong form": b'{"code":"\xc0\x80"}',
        "UTF-16": '{"code":"1"}'.encode("utf-16"),
    }.items():

        @tap.row(f"bytes that are no UTF-8: {name}: 400")
        def _():
            response = alice.request("POST", "/execute", body, headers=JSON)
            equal((response.status, response.detail), (400, "There was an error parsing the body"))

    @tap.row("a BOM is skipped")
    def _():
        response = alice.request(
            "POST", "/execute", b"\xef\xbb\xbf" + json.dumps(RUN).encode(), headers=JSON
        )
        equal((response.status, response.detail), (404, GONE))

    for name, body, text, offset in NOT_JSON:

        @tap.row(f"not JSON: {name}")
        def _():
            response = alice.request("POST", "/execute", body, headers=JSON)
            equal(response.status, 422, repr(response))
            (fault,) = response.detail
            equal(
                (fault["type"], fault["loc"][0], fault["msg"], fault["input"]),
                ("json_invalid", "body", "JSON decode error", {}),
            )
            equal(list(fault), ["type", "loc", "msg", "input", "ctx"])
            equal((fault["ctx"], fault["loc"]), ({"error": text}, ["body", offset]))

    @tap.row("32 levels are JSON")
    def _():
        response = alice.request("POST", "/execute", b"[" * 32 + b"]" * 32, headers=JSON)
        equal(response.detail[0]["type"], "model_attributes_type")

    @tap.row("a bad body costs little: 2 MB of 1,")
    def _():
        response = alice.request("POST", "/execute", b"[" + b"1," * 900000 + b"1]", headers=JSON)
        equal(response.status, 422)
