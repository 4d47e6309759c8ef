# SPDX-License-Identifier: Apache-2.0
"""Bodies and what they must hold: contract 1.2.1, 1.3 to 1.5."""

import json

from support import fastcgi
from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, matches

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

LANGUAGES = "Input should be 'python' or 'bash'"
ID = {"container_id": NOWHERE}
RUN = {"container_id": NOWHERE, "code": "1"}

# name, body, [(type, loc behind "body", msg, ctx)], in order
# fmt: off
INVALID = [
    ("nothing of what it needs", {}, [("missing", ["container_id"], "Field required", None),
                                      ("missing", ["code"], "Field required", None)]),
    ("container_id a number", {"container_id": 1, "code": "1"},
     [("string_type", ["container_id"], "Input should be a valid string", None)]),
    ("container_id null", {"container_id": None, "code": "1"},
     [("string_type", ["container_id"], "Input should be a valid string", None)]),
    ("language unknown", {**RUN, "language": "Python"},
     [("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"})]),
    ("language null", {**RUN, "language": None},
     [("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"})]),
    ("language a number", {**RUN, "language": 1},
     [("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"})]),
    ("code empty", {**RUN, "code": ""},
     [("string_too_short", ["code"], "String should have at least 1 character",
      {"min_length": 1})]),
    ("code of 100001 characters", {**RUN, "code": "x" * 100001},
     [("string_too_long", ["code"], "String should have at most 100000 characters",
      {"max_length": 100000})]),
    ("code of 100001 four-byte characters", {**RUN, "code": "\U0001f600" * 100001},
     [("string_too_long", ["code"], "String should have at most 100000 characters",
      {"max_length": 100000})]),
    ("code a number", {**RUN, "code": 5}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("code true", {**RUN, "code": True}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("code null", {**RUN, "code": None}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("code a list", {**RUN, "code": ["1"]}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("timeout 0", {**RUN, "timeout": 0},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1",
      {"ge": 1})]),
    ("timeout -1", {**RUN, "timeout": -1},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1",
      {"ge": 1})]),
    ("timeout false is 0", {**RUN, "timeout": False},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1",
      {"ge": 1})]),
    ("timeout 121", {**RUN, "timeout": 121},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout '121'", {**RUN, "timeout": "121"},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout 1e300", {**RUN, "timeout": 1e300},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout with two underscores", {**RUN, "timeout": "1__0"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an object", {**RUN, "timeout": {}}, [("int_type", ["timeout"],
     "Input should be a valid integer", None)]),
    ("timeout too large for an int64", {**RUN, "timeout": 99999999999999999999},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout 1.5", {**RUN, "timeout": 1.5},
     [("int_from_float", ["timeout"],
      "Input should be a valid integer, got a number with a fractional part", None)]),
    ("timeout a word", {**RUN, "timeout": "abc"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an empty string", {**RUN, "timeout": ""},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout a fraction in a string", {**RUN, "timeout": "30.5"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an exponent in a string", {**RUN, "timeout": "1e2"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout a list", {**RUN, "timeout": [1]}, [("int_type", ["timeout"],
     "Input should be a valid integer", None)]),
    ("enable_network a word", {**RUN, "enable_network": "maybe"},
     [("bool_parsing", ["enable_network"],
      "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network 2", {**RUN, "enable_network": 2},
     [("bool_parsing", ["enable_network"],
      "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network with a blank", {**RUN, "enable_network": " on"},
     [("bool_parsing", ["enable_network"],
      "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network 1.5", {**RUN, "enable_network": 1.5},
     [("bool_type", ["enable_network"], "Input should be a valid boolean", None)]),
    ("eleven files of more than 1 KiB", {**RUN, "files": [{"name": f"f{i}", "content": "x" * 100}
     for i in range(11)]},
     [("value_error", ["files"], "Value error, Too many input files (max 10)", {"error": {}})]),
    ("enable_network a list", {**RUN, "enable_network": []},
     [("bool_type", ["enable_network"], "Input should be a valid boolean", None)]),
    ("files null", {**RUN, "files": None}, [("list_type", ["files"], "Input should be a valid list",
     None)]),
    ("files an object", {**RUN, "files": {}}, [("list_type", ["files"],
     "Input should be a valid list", None)]),
    ("a file that is none", {**RUN, "files": ["x"]},
     [("model_attributes_type", ["files", 0],
       "Input should be a valid dictionary or object to extract fields from", None)]),
    ("a file without anything", {**RUN, "files": [{}]},
     [("missing", ["files", 0, "name"], "Field required", None),
      ("missing", ["files", 0, "content"], "Field required", None)]),
    ("a file's content null", {**RUN, "files": [{"name": "a", "content": None}]},
     [("string_type", ["files", 0, "content"], "Input should be a valid string", None)]),
    ("a file's name a number", {**RUN, "files": [{"name": 1, "content": ""}]},
     [("string_type", ["files", 0, "name"], "Input should be a valid string", None)]),
    ("the second file's name", {**RUN, "files": [{"name": "a", "content": ""}, {"name": "../a",
     "content": ""}]},
     [("value_error", ["files", 1, "name"], "Value error, File name contains invalid path segments",
      {"error": {}})]),
    ("all at once, in the order of the fields",
     {"files": [{"name": ""}], "enable_network": "x", "timeout": "x", "code": "", "language": "x",
      "container_id": 5},
     [("string_type", ["container_id"], "Input should be a valid string", None),
      ("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"}),
      ("string_too_short", ["code"], "String should have at least 1 character", {"min_length": 1}),
      ("int_parsing", ["timeout"],
       "Input should be a valid integer, unable to parse string as an integer", None),
      ("bool_parsing", ["enable_network"],
       "Input should be a valid boolean, unable to interpret input", None),
      ("value_error", ["files", 0, "name"], "Value error, File name cannot be empty",
       {"error": {}}),
      ("missing", ["files", 0, "content"], "Field required", None)]),
    ("an array", [RUN], [("model_attributes_type", [],
                          "Input should be a valid dictionary or object to extract fields from",
                              None)]),
    ("a number", 5, [("model_attributes_type", [],
                      "Input should be a valid dictionary or object to extract fields from",
                          None)]),
    ("null", None, [("missing", [], "Field required", None)]),
]
# fmt: on

# accepted by the schema: name, members
# fmt: off
LAX = [
    ("timeout 1", {"timeout": 1}), ("timeout 120", {"timeout": 120}),
    ("timeout null", {"timeout": None}), ("timeout 30.0", {"timeout": 30.0}), ("timeout '30'",
     {"timeout": "30"}),
    ("timeout ' 3_0 '", {"timeout": " 3_0 "}), ("timeout '3.0'", {"timeout": "3.0"}),
     ("timeout true", {"timeout": True}),
    ("timeout '+5'", {"timeout": "+5"}), ("timeout 1e1", {"timeout": 1e1}),
    ("enable_network null", {"enable_network": None}), ("enable_network 'YES'",
     {"enable_network": "YES"}),
    ("enable_network 0.0", {"enable_network": 0.0}), ("enable_network 'off'",
     {"enable_network": "off"}),
    ("unknown members", {"session": 1, "Code": "2", "__proto__": {}}), ("files empty",
     {"files": []}),
    ("language bash", {"language": "bash"}),
    *[(f"enable_network {word!r}", {"enable_network": word}) for word in
      (True, False, 0, 1, 1.0, "0", "1", "OFF", "on", "f", "T", "False", "true", "n", "Y", "no")],
]
# fmt: on

# fmt: off
CREATE = [
    ("enable_network null", {"enable_network": None}, "bool_type", ["body", "enable_network"]),
    ("enable_network a word", {"enable_network": "x"}, "bool_parsing", ["body", "enable_network"]),
    ("enable_network 1.5", {"enable_network": 1.5}, "bool_type", ["body", "enable_network"]),
    ("inject_sandbox_env a list", {"inject_sandbox_env": []}, "bool_type", ["body",
     "inject_sandbox_env"]),
    ("a list", [], "model_attributes_type", ["body"]),
    ("a string", "x", "model_attributes_type", ["body"]),
]
# fmt: on


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
        validation(tap, gateway.client())


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


def validation(tap, alice):
    def echoed(body, loc, kind):
        """What `input` says: the value, or the object where something is missing, or null."""
        for step in loc[:-1] if kind == "missing" else loc:
            body = body[step]
        shown = json.dumps(body, ensure_ascii=False)
        if len(shown.encode()) <= 1024:
            return body
        return None if not isinstance(body, str) else body[: (1024 - 5) // len(body[0].encode())] + "..."

    def refused(body, faults):
        response = alice.request("POST", "/execute", json.dumps(body).encode(), headers=JSON)
        equal(response.status, 422, repr(response))
        got = [(f["type"], f["loc"], f["msg"], f.get("ctx")) for f in response.detail]
        equal(got, [(kind, ["body", *loc], msg, ctx) for kind, loc, msg, ctx in faults])
        for fault in response.detail:
            equal(
                [k for k in ("type", "loc", "msg", "input", "ctx") if k in fault],
                list(fault),
                "member order:",
            )
            equal(fault["input"], echoed(body, fault["loc"][1:], fault["type"]))

    tap.table("422", INVALID, refused)

    def accepted(members):
        response = alice.post("/execute", {**RUN, **members})
        equal((response.status, response.detail), (404, GONE))

    tap.table("accepted", LAX, accepted)

    @tap.row("422: input echoes what was given")
    def _():
        response = alice.post(
            "/execute",
            {**RUN, "timeout": "abc", "language": 7, "files": [{"name": "../a", "content": ""}]},
        )
        equal(
            {f["loc"][1]: f["input"] for f in response.detail},
            {"timeout": "abc", "language": 7, "files": "../a"},
        )
        response = alice.post("/execute", {"code": "1"})
        equal(response.detail[0]["input"], {"code": "1"})

    for name, body, kind, loc in CREATE:

        @tap.row(f"422 on /containers: {name}")
        def _():
            response = alice.request("POST", "/containers", json.dumps(body).encode(), headers=JSON)
            equal(response.status, 422, repr(response))
            equal((response.detail[0]["type"], response.detail[0]["loc"]), (kind, loc))

    @tap.row("400: injection is disabled")
    def _():
        response = alice.post("/containers", {"inject_sandbox_env": True})
        equal((response.status, response.detail), (400, "Sandbox env injection is disabled."))

    for name, body, more in (
        ("absent", None, []),
        ("empty with a type", b"", JSON),
        ("null", b"null", JSON),
        ("{}", b"{}", JSON),
        ("unknown members", b'{"x":1}', JSON),
        ("network asked for", b'{"enable_network":true}', JSON),
    ):

        @tap.row(f"a session is made of a body that is: {name}")
        def _():
            response = alice.request("POST", "/containers", body, headers=more)
            equal(response.status, 200, repr(response))
            created = response.json
            equal(
                list(created)[:8],
                [
                    "container_id",
                    "status",
                    "uptime_seconds",
                    "last_activity",
                    "expires_at",
                    "execution_count",
                    "max_executions",
                    "docker_daemon_id",
                ],
            )
            matches("^[0-9a-f]{64}$", created["container_id"])
            equal(
                (created["status"], created["uptime_seconds"], created["execution_count"]),
                ("active", 0.0, 0),
            )
            equal(alice.delete(f"/containers/{created['container_id']}").status, 200)
