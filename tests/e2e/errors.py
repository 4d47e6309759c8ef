# SPDX-License-Identifier: Apache-2.0
"""Routes, statuses, texts and headers: contract 1.1 to 1.5, 2.1, 2.2, 3.1, 3.2."""

import json
import re

from support import fastcgi
from support.gateway import Gateway, Result
from support.redis import Redis
from support.service import TOP, scratch
from support.tap import Background, ensure, equal, eventually, matches

NOWHERE = "0123456789abcdef" * 4
GONE = "Container session not found, or it was shut down due to inactivity."
JSON = [("Content-Type", "application/json")]
VERSION = (TOP / "VERSION").read_text().strip()

CARD = {"message": "Code Execution Gateway", "version": f"v{VERSION}", "execute_endpoint": "/execute",
        "render_endpoint": "/api/render", "latex_render_endpoint": "/api/latex/render",
        "version_endpoint": "/version"}
VERSION_KEYS = [
    "version", "tag", "api_contract_version", "beta", "active_execution_version", "default_execution_version",
    "supported_execution_versions", "available_execution_versions", "active_rendering_version",
    "default_rendering_version", "supported_rendering_versions", "available_rendering_versions", "features"]

# method, target, status, detail or None, Allow or None
ROUTES = [
    ("GET", "/nowhere", 404, "Not Found", None),
    ("POST", "/nowhere", 404, "Not Found", None),
    ("GET", "//version", 404, "Not Found", None),
    ("GET", "/VERSION", 404, "Not Found", None),
    ("GET", "/version/x", 404, "Not Found", None),
    ("GET", "/containers/a/b", 404, "Not Found", None),
    ("GET", "/containers/../version", 404, "Not Found", None),
    ("GET", "/version;a=b", 404, "Not Found", None),
    ("POST", "/version", 405, "Method Not Allowed", {"GET", "HEAD"}),
    ("DELETE", "/execute", 405, "Method Not Allowed", {"POST"}),
    ("GET", "/execute", 405, "Method Not Allowed", {"POST"}),
    ("GET", "/containers", 405, "Method Not Allowed", {"POST"}),
    ("POST", f"/containers/{NOWHERE}", 405, "Method Not Allowed", {"GET", "HEAD", "DELETE"}),
    ("PUT", "/healthz", 405, "Method Not Allowed", {"GET", "HEAD"}),
    ("get", "/version", 405, "Method Not Allowed", {"GET", "HEAD"}),
    ("PATCH", "/", 405, "Method Not Allowed", {"GET", "HEAD"}),
]

# name, Authorization, detail
UNAUTHORIZED = [
    ("nothing", None, "Missing Bearer token"),
    ("empty", "", "Missing Bearer token"),
    ("Bearer alone", "Bearer", "Missing Bearer token"),
    ("Bearer and blanks", "Bearer   ", "Missing Bearer token"),
    ("another scheme", "Basic YTpi", "Missing Bearer token"),
    ("the token alone", "{alice}", "Missing Bearer token"),
    ("a wrong token", "Bearer wrong", "Invalid or expired credentials"),
    ("the id with the token", "Bearer alice:{alice}", "Invalid or expired credentials"),
    ("a part of it", "Bearer {alice:.20}", "Invalid or expired credentials"),
    ("more than it", "Bearer {alice}x", "Invalid or expired credentials"),
    ("two in one", "Bearer {alice}, Bearer {bob}", "Invalid or expired credentials"),
    ("the same twice in one", "Bearer {alice}, Bearer {alice}", "Invalid or expired credentials"),
    ("not ASCII", "Bearer h\u00e9", "Invalid or expired credentials"),
    ("8 KiB of token", "Bearer " + "x" * 8192, "Invalid or expired credentials"),
]

# name, bytes, text, offset or None
NOT_JSON = [
    ("blanks", b"   ", "Expecting value", 3),
    ("a brace", b"{", "Expecting property name enclosed in double quotes", 1),
    ("a bare word", b"{bad", "Expecting property name enclosed in double quotes", 1),
    ("no colon", b'{"a"', "Expecting ':' delimiter", 4),
    ("no value", b'{"a":', "Expecting value", 5),
    ("no end", b'{"a":1', "Expecting ',' delimiter", 6),
    ("a comma too many", b'{"a":1,}', None, None),
    ("more behind it", b'{"a":1} x', "Extra data", 8),
    ("an open string", b'"abc', "Unterminated string starting at", 0),
    ("a raw line end", b'"a\nb"', "Invalid control character at", 2),
    ("a wrong escape", rb'"\x"', None, None),
    ("half an escape", rb'"\u12"', None, None),
    ("a leading zero", b"01", "Extra data", 1),
    ("a dot at the end", b"1.", "Extra data", 1),
    ("half a word", b"tru", "Expecting value", 0),
    ("a minus", b"-", "Expecting value", 0),
    ("a plus", b"+1", "Expecting value", 0),
    ("no comma", b"[1 2]", "Expecting ',' delimiter", 3),
    ("NaN", b'{"timeout":NaN}', None, None),
    ("Infinity", b'{"timeout":-Infinity}', None, None),
    ("a lone surrogate", rb'{"code":"\ud800"}', None, None),
    ("a key twice", b'{"code":"1","code":"2"}', "Duplicate key", None),
    ("33 levels", b"[" * 33 + b"]" * 33, "Maximum nesting depth exceeded", None),
    ("a million levels", b"[" * 1000000, "Maximum nesting depth exceeded", None),
    ("UTF-16", '{"code":"1"}'.encode("utf-16"), None, None),
    ("a raw NUL", b'{"code":"a\0b"}', None, None),
]

LANGUAGES = "Input should be 'python' or 'bash'"
ID = {"container_id": NOWHERE}
RUN = {"container_id": NOWHERE, "code": "1"}

# name, body, [(type, loc behind "body", msg, ctx)], in order
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
     [("string_too_short", ["code"], "String should have at least 1 character", {"min_length": 1})]),
    ("code of 100001 characters", {**RUN, "code": "x" * 100001},
     [("string_too_long", ["code"], "String should have at most 100000 characters", {"max_length": 100000})]),
    ("code of 100001 four-byte characters", {**RUN, "code": "\U0001f600" * 100001},
     [("string_too_long", ["code"], "String should have at most 100000 characters", {"max_length": 100000})]),
    ("code a number", {**RUN, "code": 5}, [("string_type", ["code"], "Input should be a valid string", None)]),
    ("code true", {**RUN, "code": True}, [("string_type", ["code"], "Input should be a valid string", None)]),
    ("code null", {**RUN, "code": None}, [("string_type", ["code"], "Input should be a valid string", None)]),
    ("code a list", {**RUN, "code": ["1"]}, [("string_type", ["code"], "Input should be a valid string", None)]),
    ("timeout 0", {**RUN, "timeout": 0},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1", {"ge": 1})]),
    ("timeout -1", {**RUN, "timeout": -1},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1", {"ge": 1})]),
    ("timeout false is 0", {**RUN, "timeout": False},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1", {"ge": 1})]),
    ("timeout 121", {**RUN, "timeout": 121},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout too large for an int64", {**RUN, "timeout": 99999999999999999999},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout 1.5", {**RUN, "timeout": 1.5},
     [("int_from_float", ["timeout"], "Input should be a valid integer, got a number with a fractional part", None)]),
    ("timeout a word", {**RUN, "timeout": "abc"},
     [("int_parsing", ["timeout"], "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an empty string", {**RUN, "timeout": ""},
     [("int_parsing", ["timeout"], "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout a fraction in a string", {**RUN, "timeout": "30.5"},
     [("int_parsing", ["timeout"], "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an exponent in a string", {**RUN, "timeout": "1e2"},
     [("int_parsing", ["timeout"], "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout a list", {**RUN, "timeout": [1]}, [("int_type", ["timeout"], "Input should be a valid integer", None)]),
    ("enable_network a word", {**RUN, "enable_network": "maybe"},
     [("bool_parsing", ["enable_network"], "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network 2", {**RUN, "enable_network": 2},
     [("bool_parsing", ["enable_network"], "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network a list", {**RUN, "enable_network": []},
     [("bool_type", ["enable_network"], "Input should be a valid boolean", None)]),
    ("files null", {**RUN, "files": None}, [("list_type", ["files"], "Input should be a valid list", None)]),
    ("files an object", {**RUN, "files": {}}, [("list_type", ["files"], "Input should be a valid list", None)]),
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
    ("the second file's name", {**RUN, "files": [{"name": "a", "content": ""}, {"name": "../a", "content": ""}]},
     [("value_error", ["files", 1, "name"], "Value error, File name contains invalid path segments", {"error": {}})]),
    ("all at once, in the order of the fields",
     {"files": [{"name": ""}], "enable_network": "x", "timeout": "x", "code": "", "language": "x", "container_id": 5},
     [("string_type", ["container_id"], "Input should be a valid string", None),
      ("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"}),
      ("string_too_short", ["code"], "String should have at least 1 character", {"min_length": 1}),
      ("int_parsing", ["timeout"], "Input should be a valid integer, unable to parse string as an integer", None),
      ("bool_parsing", ["enable_network"], "Input should be a valid boolean, unable to interpret input", None),
      ("value_error", ["files", 0, "name"], "Value error, File name cannot be empty", {"error": {}}),
      ("missing", ["files", 0, "content"], "Field required", None)]),
    ("an array", [RUN], [("model_attributes_type", [],
                          "Input should be a valid dictionary or object to extract fields from", None)]),
    ("a number", 5, [("model_attributes_type", [],
                      "Input should be a valid dictionary or object to extract fields from", None)]),
    ("null", None, [("missing", [], "Field required", None)]),
]

# accepted by the schema: name, members
LAX = [
    ("timeout null", {"timeout": None}), ("timeout 30.0", {"timeout": 30.0}), ("timeout '30'", {"timeout": "30"}),
    ("timeout ' 3_0 '", {"timeout": " 3_0 "}), ("timeout '3.0'", {"timeout": "3.0"}), ("timeout true", {"timeout": True}),
    ("timeout '+5'", {"timeout": "+5"}), ("timeout 1e1", {"timeout": 1e1}),
    ("enable_network null", {"enable_network": None}), ("enable_network 'YES'", {"enable_network": "YES"}),
    ("enable_network 0.0", {"enable_network": 0.0}), ("enable_network 'off'", {"enable_network": "off"}),
    ("unknown members", {"session": 1, "Code": "2", "__proto__": {}}), ("files empty", {"files": []}),
    ("language bash", {"language": "bash"}),
]

CREATE = [
    ("enable_network null", {"enable_network": None}, "bool_type", ["body", "enable_network"]),
    ("enable_network a word", {"enable_network": "x"}, "bool_parsing", ["body", "enable_network"]),
    ("enable_network 1.5", {"enable_network": 1.5}, "bool_type", ["body", "enable_network"]),
    ("inject_sandbox_env a list", {"inject_sandbox_env": []}, "bool_type", ["body", "inject_sandbox_env"]),
    ("a list", [], "model_attributes_type", ["body"]),
    ("a string", "x", "model_attributes_type", ["body"]),
]


def rows(tap):
    with scratch() as where, Redis(where).start() as redis, \
            Gateway(where, redis, MAX_REQUEST_BODY_SIZE=2000000, MAX_INPUT_TOTAL_SIZE=1000000, MAX_INPUT_FILE_SIZE=1000000) as gateway:
        alice = gateway.client()
        cards(tap, gateway)
        routes(tap, gateway)
        headers(tap, gateway)
        authentication(tap, gateway)
        bodies(tap, gateway)
        validation(tap, alice)
        ids(tap, gateway)
        framing(tap, gateway)
        tap.row("errors: all workers live")(lambda: ensure(gateway.alive() and "exited" not in gateway.last_words(0)))
    with scratch() as where, Redis(where).start() as redis, \
            Gateway(where, redis, REQUIRE_AUTH="false") as gateway:
        anonymous(tap, gateway)


def cards(tap, gateway):
    tap.row("GET /")(lambda: equal(gateway.ask("GET", "/").json, CARD))
    tap.row("GET / member order")(lambda: equal(list(gateway.ask("GET", "/").json), list(CARD)))
    tap.row("GET /livez")(lambda: equal(gateway.ask("GET", "/livez").json, {"status": "ok"}))
    for path in ("/health", "/healthz", "/readyz"):
        tap.row(f"GET {path}")(lambda: equal(gateway.ask("GET", path).body, b'{"status":"healthy"}'))

    @tap.row("GET /version")
    def _():
        card = gateway.ask("GET", "/version").json
        equal(list(card)[:len(VERSION_KEYS)], VERSION_KEYS)
        equal((card["version"], card["tag"], card["api_contract_version"], card["beta"]), (VERSION, f"v{VERSION}", 1, False))
        equal(set(card["features"].values()), {True})

    @tap.row("GET with a body and a query are ignored")
    def _():
        equal(gateway.ask("GET", "/livez?a=b&%", JSON, b"{not json").json, {"status": "ok"})


def routes(tap, gateway):
    for method, target, status, detail, allow in ROUTES:
        @tap.row(f"{method} {target}: {status}")
        def _():
            response = gateway.ask(method, target)
            equal((response.status, response.detail), (status, detail))
            if allow:
                equal(set(re.split(", *", response.header("Allow"))) - {"OPTIONS"}, allow)

    for method, target in (("GET", "/version/"), ("POST", "/containers/"), ("POST", "/execute/"), ("GET", "/livez/")):
        @tap.row(f"{method} {target}: 307 without the slash")
        def _():
            response = gateway.ask(method, target, [("Host", "example.test:8000")])
            equal((response.status, response.body), (307, b""), repr(response))
            equal(response.header("Location"), "http://example.test:8000" + target.rstrip("/"))

    for target in ("/", "/livez", "/version", "/healthz"):
        @tap.row(f"HEAD {target}: the head of GET")
        def _():
            response = gateway.ask("HEAD", target)
            equal((response.status, response.body), (200, b""))

    @tap.row("HEAD of a session: the head of GET")
    def _():
        response = gateway.client().request("HEAD", f"/containers/{NOWHERE}")
        equal((response.status, response.body), (404, b""))

    @tap.row("OPTIONS is answered before authentication, without CORS headers")
    def _():
        response = gateway.ask("OPTIONS", "/execute")
        equal((response.status, response.body), (204, b""))
        equal([k for k, _ in response.headers if k.lower().startswith("access-control")], [])

    for name, params in {
            "SCRIPT_NAME alone": [("SCRIPT_NAME", "/livez")],
            "PATH_INFO alone": [("PATH_INFO", "/livez")],
            "both, split": [("SCRIPT_NAME", "/li"), ("PATH_INFO", "vez")],
            "REQUEST_URI when both are empty": [("SCRIPT_NAME", ""), ("PATH_INFO", ""), ("REQUEST_URI", "/livez?x=1")],
            "no CONTENT_LENGTH": [("PATH_INFO", "/livez"), ("QUERY_STRING", "")],
            "CONTENT_LENGTH -1": [("PATH_INFO", "/livez"), ("CONTENT_LENGTH", "-1")]}.items():
        @tap.row(f"path: {name}")
        def _():
            with fastcgi.Exchange(gateway.socket, 10) as exchange:
                exchange.write(fastcgi.begin([("REQUEST_METHOD", "GET"), *params]) + fastcgi.stream(fastcgi.STDIN, b""))
                equal(exchange.answer().status, 200)


def headers(tap, gateway):
    alice = gateway.client()
    answers = {
        "200": lambda h: gateway.ask("GET", "/livez", h), "404": lambda h: gateway.ask("GET", "/nowhere", h),
        "405": lambda h: gateway.ask("PUT", "/", h), "401": lambda h: gateway.ask("POST", "/execute", h),
        "307": lambda h: gateway.ask("GET", "/version/", h),
        "422": lambda h: alice.request("POST", "/execute", b"{", headers=h + JSON),
        "413": lambda h: alice.request("POST", "/execute", bytes(2000001), headers=h + JSON),
        "404 of a session": lambda h: alice.request("GET", f"/containers/{NOWHERE}", headers=h),
    }
    for name, answer in answers.items():
        @tap.row(f"headers: on every answer: {name}")
        def _():
            response = answer([])
            equal(str(response.status), name[:3])
            matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", response.header("X-Request-ID"))
            equal(response.header("X-Code-Execution-Version"), VERSION)
            equal(response.header("X-Code-Execution-Version-Tag"), f"v{VERSION}")
            equal(response.header("Cache-Control"), "no-store")
            equal(response.header("X-Content-Type-Options"), "nosniff")
            equal(response.header("Server"), None)
            if name != "307":
                equal(response.header("Content-Type"), "application/json")

    for value in ("abc", "A-b_c.9", "x" * 128):
        @tap.row(f"headers: the request id {value[:10]!r} comes back")
        def _():
            equal(gateway.ask("GET", "/livez", [("X-Request-ID", value)]).header("X-Request-ID"), value)

    for name, value in {"blank": "", "a space": "a b", "129 characters": "x" * 129, "a line end": "a\r\nX-Evil: 1",
                        "not ASCII": "h\u00e9", "DEL": "a\x7f", "markup": "<b>", "a colon": "a:b"}.items():
        @tap.row(f"headers: a request id with {name} is replaced")
        def _():
            lines = gateway.logged().count("\n")
            response = gateway.ask("GET", "/livez", [("X-Request-ID", value)])
            matches("^[0-9a-f-]{36}$", response.header("X-Request-ID"))
            equal([k for k, _ in response.headers if k.lower() == "x-evil"], [])
            ensure(gateway.logged().count("\n") - lines <= 1)

    @tap.row("headers: JSON is compact, not escaped, UTF-8")
    def _():
        response = alice.post("/execute", {"container_id": NOWHERE, "code": "1", "language": "p\u00fd"})
        equal(response.status, 422)
        ensure('"input":"p\u00fd"'.encode() in response.body, response.text)
        equal(response.body, json.dumps(response.json, ensure_ascii=False, separators=(",", ":")).encode())


def authentication(tap, gateway):
    for name, value, detail in UNAUTHORIZED:
        @tap.row(f"401: {name}")
        def _():
            headers = [] if value is None else [("Authorization", value.format(**gateway.tokens))]
            for method, path in (("POST", "/execute"), ("POST", "/containers"), ("GET", f"/containers/{NOWHERE}"),
                                 ("DELETE", f"/containers/{NOWHERE}")):
                response = gateway.ask(method, path, headers)
                equal((response.status, response.detail, response.header("WWW-Authenticate")), (401, detail, "Bearer"))

    @tap.row("401: X-API-Key is not for these routes")
    def _():
        equal(gateway.ask("POST", "/execute", [("X-API-Key", gateway.tokens["alice"])]).status, 401)

    @tap.row("401: two Authorization headers")
    def _():
        good = f"Bearer {gateway.tokens['alice']}"
        for pair in ((good, "Bearer x"), ("Bearer x", good), (good, good)):
            equal(gateway.ask("GET", f"/containers/{NOWHERE}", [("Authorization", v) for v in pair]).status, 401)

    @tap.row("401: hides neither behind a schema error nor behind broken JSON")
    def _():
        for body in (b"{}", b"{", b"\xff"):
            equal(gateway.ask("POST", "/execute", JSON, body).status, 401)

    @tap.row("401: comes before the body")
    def _():
        params = fastcgi.params_for("POST", "/execute", JSON, length=1900000)
        with fastcgi.Exchange(gateway.socket, 20) as exchange:
            exchange.write(fastcgi.begin(params) + fastcgi.record(fastcgi.STDIN, bytes(1000)))
            equal(exchange.answer().status, 401)

    for scheme in ("bearer", "BEARER", "bEaReR"):
        @tap.row(f"authenticated: {scheme}")
        def _():
            equal(gateway.ask("GET", f"/containers/{NOWHERE}", [("Authorization", f"{scheme} {gateway.tokens['bob']}")]).status, 404)

    @tap.row("authenticated: blanks around the token")
    def _():
        equal(gateway.ask("GET", f"/containers/{NOWHERE}", [("Authorization", f"Bearer  {gateway.tokens['bob']}  ")]).status, 404)

    @tap.row("authenticated: tokens never reach the log")
    def _():
        logged = gateway.logged()
        equal([k for k, token in gateway.tokens.items() if token in logged], [])


def bodies(tap, gateway):
    alice = gateway.client()
    too_large = "Request body too large. Maximum size is 2000000 bytes."

    @tap.row("413: by Content-Length, before the body")
    def _():
        params = fastcgi.params_for("POST", "/execute", JSON + [("Authorization", f"Bearer {alice.token}")], length=2000001)
        with fastcgi.Exchange(gateway.socket, 20) as exchange:
            exchange.write(fastcgi.begin(params) + fastcgi.record(fastcgi.STDIN, bytes(10)))
            response = exchange.answer()
        equal((response.status, response.detail), (413, too_large))

    for name, length in (("no", ""), ("-1 as", "-1"), ("a lying", "10"), ("an absurd", "x")):
        @tap.row(f"413: counted while it comes, with {name} Content-Length")
        def _():
            headers = JSON + [("Authorization", f"Bearer {alice.token}")]
            params = [(k, length if k == "CONTENT_LENGTH" else v) for k, v in fastcgi.params_for("POST", "/execute", headers)]
            with fastcgi.Exchange(gateway.socket, 20) as exchange:
                exchange.write(fastcgi.begin(params) + fastcgi.stream(fastcgi.STDIN, b" " * 2500000))
                response = exchange.answer()
            equal((response.status, response.detail), (413, too_large), repr(response))

    @tap.row("a body of exactly the limit is read")
    def _():
        response = alice.request("POST", "/execute", b" " * 2000000, headers=JSON)
        equal((response.status, response.detail[0]["type"]), (422, "json_invalid"))

    @tap.row("a body without a known length is read")
    def _():
        body = json.dumps(RUN).encode()
        params = [(k, "-1" if k == "CONTENT_LENGTH" else v) for k, v in fastcgi.params_for(
            "POST", "/execute", JSON + [("Authorization", f"Bearer {alice.token}")])]
        with fastcgi.Exchange(gateway.socket, 20) as exchange:
            exchange.write(fastcgi.begin(params) + fastcgi.stream(fastcgi.STDIN, body))
            equal(exchange.answer().detail, GONE)

    @tap.row("a body in one-byte records is read")
    def _():
        body = json.dumps(RUN).encode()
        params = fastcgi.params_for("POST", "/execute", JSON + [("Authorization", f"Bearer {alice.token}")], body)
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
            equal((response.status, response.detail), (
                422, [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]), repr(response))

    for value in ("application/json; charset=latin-1", "Application/JSON", "application/vnd.x+json", "application/json;a=b"):
        @tap.row(f"Content-Type {value} is JSON")
        def _():
            response = alice.request("POST", "/execute", json.dumps(RUN).encode(), headers=[("Content-Type", value)])
            equal((response.status, response.detail), (404, GONE))

    for value in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json",
                  "application/jsonx", "text/json"):
        @tap.row(f"Content-Type {value} is one string")
        def _():
            response = alice.request("POST", "/execute", b'{"a":1}', headers=[("Content-Type", value)] if value else [])
            equal(response.status, 422, repr(response))
            equal({k: response.detail[0][k] for k in ("type", "loc")}, {"type": "model_attributes_type", "loc": ["body"]})
            equal(response.detail[0]["input"], '{"a":1}')

    @tap.row("bytes that are no UTF-8: 400")
    def _():
        response = alice.request("POST", "/execute", b'{"code":"\xff"}', headers=JSON)
        equal((response.status, response.detail), (400, "There was an error parsing the body"))

    @tap.row("a BOM is skipped")
    def _():
        response = alice.request("POST", "/execute", b"\xef\xbb\xbf" + json.dumps(RUN).encode(), headers=JSON)
        equal((response.status, response.detail), (404, GONE))

    for name, body, text, offset in NOT_JSON:
        @tap.row(f"not JSON: {name}")
        def _():
            response = alice.request("POST", "/execute", body, headers=JSON)
            if name in ("UTF-16",) and response.status == 400:
                equal(response.detail, "There was an error parsing the body")
                return
            equal(response.status, 422, repr(response))
            fault, = response.detail
            equal((fault["type"], fault["loc"][0], fault["msg"], fault["input"]), ("json_invalid", "body", "JSON decode error", {}))
            equal(list(fault), ["type", "loc", "msg", "input", "ctx"])
            if text:
                equal(fault["ctx"], {"error": text})
            if offset is not None:
                equal(fault["loc"], ["body", offset])

    @tap.row("32 levels are JSON")
    def _():
        response = alice.request("POST", "/execute", b"[" * 32 + b"]" * 32, headers=JSON)
        equal(response.detail[0]["type"], "model_attributes_type")

    @tap.row("a bad body costs little: 2 MB of 1,")
    def _():
        response = alice.request("POST", "/execute", b"[" + b"1," * 900000 + b"1]", headers=JSON)
        equal(response.status, 422)


def validation(tap, alice):
    def refused(body, faults):
        response = alice.request("POST", "/execute", json.dumps(body).encode(), headers=JSON)
        equal(response.status, 422, repr(response))
        got = [(f["type"], f["loc"], f["msg"], f.get("ctx")) for f in response.detail]
        equal(got, [(kind, ["body", *loc], msg, ctx) for kind, loc, msg, ctx in faults])
        for fault in response.detail:
            equal([k for k in ("type", "loc", "msg", "input", "ctx") if k in fault], list(fault), "member order:")
            ensure("input" in fault or len(json.dumps(body)) > 1024, fault)
            ensure(len(json.dumps(fault.get("input"))) <= 8192, len(json.dumps(fault)), "the echo is capped:")

    tap.table("422", INVALID, refused)

    def accepted(members):
        response = alice.post("/execute", {**RUN, **members})
        equal((response.status, response.detail), (404, GONE))

    tap.table("accepted", LAX, accepted)

    @tap.row("422: input echoes what was given")
    def _():
        response = alice.post("/execute", {**RUN, "timeout": "abc", "language": 7, "files": [{"name": "../a", "content": ""}]})
        equal({f["loc"][1]: f["input"] for f in response.detail}, {"timeout": "abc", "language": 7, "files": "../a"})
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

    for name, body, more in (("absent", None, []), ("empty with a type", b"", JSON), ("null", b"null", JSON), ("{}", b"{}", JSON),
                             ("unknown members", b'{"x":1}', JSON), ("network asked for", b'{"enable_network":true}', JSON)):
        @tap.row(f"a session is made of a body that is: {name}")
        def _():
            response = alice.request("POST", "/containers", body, headers=more)
            equal(response.status, 200, repr(response))
            created = response.json
            equal(list(created)[:8], ["container_id", "status", "uptime_seconds", "last_activity", "expires_at",
                                      "execution_count", "max_executions", "docker_daemon_id"])
            matches("^[0-9a-f]{64}$", created["container_id"])
            equal((created["status"], created["uptime_seconds"], created["execution_count"]), ("active", 0.0, 0))
            equal(alice.delete(f"/containers/{created['container_id']}").status, 200)


def ids(tap, gateway):
    alice = gateway.client()
    with alice.session() as session:
        bad = {"12 digits": session.id[:12], "63 digits": session.id[:63], "one digit": session.id[:1],
               "upper case": session.id.upper(), "a digit more": session.id + "0", "another": NOWHERE, "a word": "x",
               "quoted": "%22" + session.id, "5000 digits": "a" * 5000, "dots": "..%2e", "a NUL": session.id + "%00",
               "a blank": session.id + "%20"}
        name = gateway.docker.inspect(session.id)["Name"].lstrip("/")
        bad["the container's name"] = name
        for what, value in bad.items():
            @tap.row(f"an id that is none: {what}: 404, the container lives")
            def _():
                decoded = value.replace("%22", '"').replace("%2e", ".").replace("%00", "\0").replace("%20", " ")
                for client in (alice, gateway.client("bob")):
                    for method in ("GET", "DELETE"):
                        response = client.request(method, f"/containers/{decoded}")
                        # what a NUL ends is no path of ours at all
                        equal((response.status, response.detail), (404, "Not Found" if "\0" in decoded else GONE), method)
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
            from support.service import IMAGE
            foreign = docker.create(Image=IMAGE, Entrypoint=["sleep", "60"], Cmd=[], Labels={"managed-by": "code-execution-gateway"}, HostConfig={"NetworkMode": "none"})
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
    livez = fastcgi.stream(fastcgi.PARAMS, fastcgi.pair("REQUEST_METHOD", "GET") + fastcgi.pair("PATH_INFO", "/livez"))
    raw = {
        "nothing": b"", "half a header": b"\1\1\0", "version 9": b"\x09" + begin[1:], "noise": bytes(range(256)) * 40,
        "an unknown type": fastcgi.record(99, b"x" * 8), "BEGIN twice": begin + begin + livez,
        "a role that is none": fastcgi.record(fastcgi.BEGIN, b"\0\7\0\0\0\0\0\0") + livez,
        "a length of 2 GiB": begin + fastcgi.record(fastcgi.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xffx") + fastcgi.record(fastcgi.PARAMS, b""),
        "a name beyond its record": begin + fastcgi.record(fastcgi.PARAMS, b"\x7f\x01abc") + fastcgi.record(fastcgi.PARAMS, b""),
        "65535 bytes and 255 of padding": begin + b"\1\4\0\1\xff\xff\xff\0" + bytes(65535 + 255),
        "ABORT": begin + fastcgi.record(fastcgi.ABORT, b"") + livez,
        "no method": begin + fastcgi.stream(fastcgi.PARAMS, fastcgi.pair("PATH_INFO", "/livez")) + fastcgi.stream(fastcgi.STDIN, b""),
        "no parameters": begin + fastcgi.record(fastcgi.PARAMS, b"") + fastcgi.stream(fastcgi.STDIN, b""),
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

    @tap.row("framing: clients that leave at every place do not cost a worker")
    def _():
        body = json.dumps(RUN).encode()
        whole = fastcgi.begin(fastcgi.params_for("POST", "/execute", JSON, body)) + fastcgi.stream(fastcgi.STDIN, body)
        for cut in range(0, len(whole), 23):
            with fastcgi.Exchange(gateway.socket, 3) as exchange:
                exchange.write(whole[:cut])
        eventually(lambda: gateway.ask("GET", "/livez", timeout=20).status == 200)
        waits = [Background(lambda: gateway.ask("GET", "/version", timeout=20).status) for _ in range(20)]
        equal([w.answer() for w in waits], [200] * 20)


def anonymous(tap, gateway):
    @tap.row("REQUIRE_AUTH=false: no credentials, or wrong ones, are the same caller")
    def _():
        stranger = gateway.stranger()
        with stranger.session() as session:
            session.answers()
            wrong = gateway.client(token="wrong")
            response = wrong.execute(session.id, "print(1)")
            equal((response.status, Result(response.json).stdout), (200, "1\n"))
