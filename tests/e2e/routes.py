# SPDX-License-Identifier: Apache-2.0
"""Routes, headers and keys: contract 1.1, 1.2.0, 1.2.2, 2.1, 2.2, 3.1, 3.2, 7.1, 7.2."""

import json
import re

from support import fastcgi
from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Gateway, Result
from support.redis import Redis
from support.service import TOP, scratch
from support.tap import ensure, equal, eventually, matches

VERSION = (TOP / "VERSION").read_text().strip()

CARD = {
    "message": "Code Execution Gateway",
    "version": f"v{VERSION}",
    "execute_endpoint": "/execute",
    "render_endpoint": "/api/render",
    "latex_render_endpoint": "/api/latex/render",
    "version_endpoint": "/version",
}
VERSION_KEYS = [
    "version",
    "tag",
    "api_contract_version",
    "beta",
    "active_execution_version",
    "default_execution_version",
    "supported_execution_versions",
    "available_execution_versions",
    "active_rendering_version",
    "default_rendering_version",
    "supported_rendering_versions",
    "available_rendering_versions",
    "features",
]

# method, target, status, detail or None, Allow or None
# fmt: off
ROUTES = [
    ("GET", "/nowhere", 404, "Not Found", None),
    ("POST", "/nowhere", 404, "Not Found", None),
    ("GET", "//version", 404, "Not Found", None),
    ("GET", "/VERSION", 404, "Not Found", None),
    ("GET", "/version/x", 404, "Not Found", None),
    ("GET", "/redoc", 404, "Not Found", None),
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
# fmt: on

# name, Authorization, detail
# fmt: off
UNAUTHORIZED = [
    ("nothing", None, "Missing Bearer token"),
    ("empty", "", "Missing Bearer token"),
    ("Bearer alone", "Bearer", "Missing Bearer token"),
    ("Bearer and blanks", "Bearer   ", "Missing Bearer token"),
    ("another scheme", "Basic YTpi", "Missing Bearer token"),
    ("the token alone", "{alice}", "Missing Bearer token"),
    ("a wrong token", "Bearer wrong", "Invalid or expired credentials"),
    ("the id with the token", "Bearer alice:{alice}", "Invalid or expired credentials"),
    ("it in another case", "Bearer {ALICE}", "Invalid or expired credentials"),
    ("a part of it", "Bearer {alice:.20}", "Invalid or expired credentials"),
    ("more than it", "Bearer {alice}x", "Invalid or expired credentials"),
    ("two in one", "Bearer {alice}, Bearer {bob}", "Invalid or expired credentials"),
    ("the same twice in one", "Bearer {alice}, Bearer {alice}", "Invalid or expired credentials"),
    ("not ASCII", "Bearer h\u00e9", "Invalid or expired credentials"),
    ("8 KiB of token", "Bearer " + "x" * 8192, "Invalid or expired credentials"),
]
# fmt: on


def table():
    """path -> its methods in order, as Allow has them; read from where routes are made."""
    found = {}
    for method, pattern in re.findall(
        r'^ROUTE\("(\w+)", *"([^"]+)", *AUTH_(?!DOCS)', (TOP / "fcgi-app/route.def").read_text(), re.M
    ):
        path = re.sub("{.*}", NOWHERE, pattern)
        found.setdefault(path, []).extend([method, "HEAD"] if method == "GET" else [method])
    return found


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
        cards(tap, gateway)
        routes(tap, gateway)
        headers(tap, gateway)
        authentication(tap, gateway)
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, REQUIRE_AUTH="false") as gateway,
    ):
        anonymous(tap, gateway)


def cards(tap, gateway):
    tap.row("GET /")(lambda: equal(gateway.ask("GET", "/").json, CARD))
    tap.row("GET / member order")(lambda: equal(list(gateway.ask("GET", "/").json), list(CARD)))
    tap.row("GET /livez")(lambda: equal(gateway.ask("GET", "/livez").json, {"status": "ok"}))
    for path in ("/health", "/healthz", "/readyz"):
        tap.row(f"GET {path}")(
            lambda: equal(gateway.ask("GET", path).body, b'{"status":"healthy"}')
        )

    @tap.row("GET /version")
    def _():
        card = gateway.ask("GET", "/version").json
        equal(list(card)[: len(VERSION_KEYS)], VERSION_KEYS)
        equal(
            (card["version"], card["tag"], card["api_contract_version"], card["beta"]),
            (VERSION, f"v{VERSION}", 1, False),
        )
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
                equal(set(re.split(", *", response.header("Allow"))), allow)

    for path, methods in table().items():

        @tap.row(f"every method of {path}: 405 with the whole Allow for those that are not")
        def _():
            for method in (
                *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "OPTIONS"),
                *("get", "G\tET"),
            ):
                response = gateway.ask(method, path)
                equal(response.status == 405, method not in methods, f"{method} {response!r}")
                if method == "HEAD":
                    equal(response.body, b"")
                elif method not in methods:
                    equal(response.detail, "Method Not Allowed")
                if method not in methods:
                    equal(response.header("Allow"), ", ".join(methods), method)

    for method, target in (
        ("GET", "/version/"),
        ("GET", f"/containers/{NOWHERE}/"),
        ("POST", "/containers/"),
        ("POST", "/execute/"),
        ("GET", "/livez/"),
    ):

        @tap.row(f"{method} {target}: 307 without the slash")
        def _():
            response = gateway.ask(method, target, [("Host", "example.test:8000")])
            equal((response.status, response.body), (307, b""), repr(response))
            equal(response.header("Location"), "http://example.test:8000" + target.rstrip("/"))

    for target in ("/", "/livez", "/version", "/healthz"):

        @tap.row(f"HEAD {target}: the head of GET")
        def _():
            response, whole = gateway.ask("HEAD", target), gateway.ask("GET", target)
            equal((response.status, response.body), (200, b""))
            own = ("x-request-id",)
            equal(*([h for h in a.headers if h[0] not in own] for a in (response, whole)))
            equal(response.header("Content-Length"), str(len(whole.body)))

    @tap.row("HEAD of a session: the head of GET")
    def _():
        response = gateway.client().request("HEAD", f"/containers/{NOWHERE}")
        equal((response.status, response.body), (404, b""))

    @tap.row("OPTIONS is the web server's business: 405, without CORS headers")
    def _():
        response = gateway.ask("OPTIONS", "/execute")
        equal((response.status, response.header("Allow")), (405, "POST"))
        equal([k for k, _ in response.headers if k.lower().startswith("access-control")], [])

    for name, params in {
        "SCRIPT_NAME alone": [("SCRIPT_NAME", "/livez")],
        "PATH_INFO alone": [("PATH_INFO", "/livez")],
        "both, split": [("SCRIPT_NAME", "/li"), ("PATH_INFO", "vez")],
        "REQUEST_URI when both are empty": [
            ("SCRIPT_NAME", ""),
            ("PATH_INFO", ""),
            ("REQUEST_URI", "/livez?x=1"),
        ],
        "no CONTENT_LENGTH": [("PATH_INFO", "/livez"), ("QUERY_STRING", "")],
        "CONTENT_LENGTH -1": [("PATH_INFO", "/livez"), ("CONTENT_LENGTH", "-1")],
    }.items():

        @tap.row(f"path: {name}")
        def _():
            with fastcgi.Exchange(gateway.socket, 10) as exchange:
                exchange.write(
                    fastcgi.begin([("REQUEST_METHOD", "GET"), *params])
                    + fastcgi.stream(fastcgi.STDIN, b"")
                )
                equal(exchange.answer().status, 200)


def headers(tap, gateway):
    alice = gateway.client()
    answers = {
        "200": lambda h: gateway.ask("GET", "/livez", h),
        "404": lambda h: gateway.ask("GET", "/nowhere", h),
        "405": lambda h: gateway.ask("PUT", "/", h),
        "204": lambda h: alice.request("GET", "/internal/auth/apikey", headers=h),
        "400": lambda h: alice.request("POST", "/execute", b"\xff", headers=h + JSON),
        "401": lambda h: gateway.ask("POST", "/execute", h),
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
            matches(
                "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                response.header("X-Request-ID"),
            )
            equal(response.header("X-Code-Execution-Version"), VERSION)
            equal(response.header("X-Code-Execution-Version-Tag"), f"v{VERSION}")
            equal(response.header("Cache-Control"), "no-store")
            equal(response.header("X-Content-Type-Options"), "nosniff")
            equal(response.header("Server"), None)
            empty = name in ("204", "307")
            equal(response.header("Content-Type"), None if empty else "application/json")

    for value in ("abc", "A-b_c.9", "x" * 128):

        @tap.row(f"headers: the request id {value[:10]!r} comes back")
        def _():
            equal(
                gateway.ask("GET", "/livez", [("X-Request-ID", value)]).header("X-Request-ID"),
                value,
            )

    for name, value in {
        "blank": "",
        "a space": "a b",
        "129 characters": "x" * 129,
        "a line end": "a\r\nX-Evil: 1",
        "not ASCII": "h\u00e9",
        "DEL": "a\x7f",
        "markup": "<b>",
        "a colon": "a:b",
        "300 characters": "x" * 300,
        "a tab": "a\tb",
        "a line end at its end": "abc\n",
    }.items():

        @tap.row(f"headers: a request id with {name} is replaced")
        def _():
            before = len(gateway.logged().splitlines())
            response = gateway.ask("GET", "/livez", [("X-Request-ID", value)])
            given = response.header("X-Request-ID")
            matches("^[0-9a-f-]{36}$", given)
            equal([k for k, _ in response.headers if k.lower() == "x-evil"], [])
            eventually(lambda: given in gateway.logged(), 30, "in the log")
            lines = [json.loads(line) for line in gateway.logged().splitlines()][before:]
            equal([e["request_id"] for e in lines if e["event"] == "request"], [given])

    @tap.row("headers: JSON is compact, not escaped, UTF-8")
    def _():
        response = alice.post(
            "/execute", {"container_id": NOWHERE, "code": "1", "language": "p\u00fd"}
        )
        equal(response.status, 422)
        ensure('"input":"p\u00fd"'.encode() in response.body, response.text)
        equal(
            response.body,
            json.dumps(response.json, ensure_ascii=False, separators=(",", ":")).encode(),
        )


def authentication(tap, gateway):
    for name, value, detail in UNAUTHORIZED:

        @tap.row(f"401: {name}")
        def _():
            upper = {k.upper(): v.upper() for k, v in gateway.tokens.items()}
            said = value and value.format(**gateway.tokens, **upper)
            headers = [] if value is None else [("Authorization", said)]
            for method, path in (
                ("POST", "/execute"),
                ("POST", "/containers"),
                ("GET", f"/containers/{NOWHERE}"),
                ("DELETE", f"/containers/{NOWHERE}"),
            ):
                response = gateway.ask(method, path, headers)
                equal(
                    (response.status, response.detail, response.header("WWW-Authenticate")),
                    (401, detail, "Bearer"),
                )

    @tap.row("401: X-API-Key is not for these routes")
    def _():
        equal(gateway.ask("POST", "/execute", [("X-API-Key", gateway.tokens["alice"])]).status, 401)

    @tap.row("401: two Authorization headers")
    def _():
        good = f"Bearer {gateway.tokens['alice']}"
        for pair in ((good, "Bearer x"), ("Bearer x", good), (good, good)):
            equal(
                gateway.ask(
                    "GET", f"/containers/{NOWHERE}", [("Authorization", v) for v in pair]
                ).status,
                401,
            )

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
            equal(
                gateway.ask(
                    "GET",
                    f"/containers/{NOWHERE}",
                    [("Authorization", f"{scheme} {gateway.tokens['bob']}")],
                ).status,
                404,
            )

    @tap.row("authenticated: blanks around the token")
    def _():
        equal(
            gateway.ask(
                "GET",
                f"/containers/{NOWHERE}",
                [("Authorization", f"Bearer  {gateway.tokens['bob']}  ")],
            ).status,
            404,
        )

    @tap.row("authenticated: tokens never reach the log")
    def _():
        logged = gateway.logged()
        equal([k for k, token in gateway.tokens.items() if token in logged], [])


def anonymous(tap, gateway):
    @tap.row("REQUIRE_AUTH=false: no credentials, or wrong ones, are the same caller")
    def _():
        stranger = gateway.stranger()
        with stranger.session() as session:
            session.answers()
            wrong = gateway.client(token="wrong")
            response = wrong.execute(session.id, "print(1)")
            equal((response.status, Result(response.json).stdout), (200, "1\n"))
