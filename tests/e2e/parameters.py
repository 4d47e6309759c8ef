# SPDX-License-Identifier: Apache-2.0
"""The parameters of web servers that are not started here, replayed: each one's own way to say the
same request.  lighttpd and Caddy themselves are tests/servers' and servers.py's business."""

import json
import urllib.parse

from support import fastcgi
from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import equal, matches

RUN = json.dumps({"container_id": NOWHERE, "code": "1"}).encode()


class Asked:
    """What a client wrote, as a server has understood it."""

    def __init__(self, method, target, headers=(), body=b"", chunked=False, tls=False):
        self.method, self.target, self.headers = method, target, list(headers)
        self.body, self.chunked, self.tls = body, chunked, tls
        path, _, self.query = target.partition("?")
        self.path = urllib.parse.unquote_to_bytes(path).partition(b"\0")[0]
        self.type = next((v for k, v in self.headers if k == "Content-Type"), None)

    def split(self):
        """/first and /the/rest, as Apache finds a file for the first part."""
        end = self.path.find(b"/", 1)
        return (self.path, b"") if end < 0 else (self.path[:end], self.path[end:])

    def http(self, drop=(), join=True):
        """HTTP_NAME; a header that came twice is one, where the server joins them."""
        said = [("HTTP_HOST", "gateway.test:8443")]
        for name, value in self.headers:
            name = "HTTP_" + name.upper().replace("-", "_")
            before = next((i for i, (n, _) in enumerate(said) if n == name), None)
            if name in drop:
                continue
            if join and before is not None:
                said[before] = (name, said[before][1] + ", " + value)
            else:
                said.append((name, value))
        return said


def common(asked, software):
    return [
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("SERVER_SOFTWARE", software),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", "gateway.test"),
        ("SERVER_PORT", "8443"),
        ("REMOTE_ADDR", "192.0.2.7"),
        ("REMOTE_PORT", "50000"),
        ("REQUEST_METHOD", asked.method),
        ("REQUEST_URI", asked.target),
        ("QUERY_STRING", asked.query),
    ]


def length(asked, of_none, of_chunked):
    """CONTENT_LENGTH and CONTENT_TYPE; None: not said."""
    n = of_chunked if asked.chunked else len(asked.body) if asked.body else of_none
    said = [] if n is None else [("CONTENT_LENGTH", n)]
    return said + ([("CONTENT_TYPE", asked.type)] if asked.type else [])


def caddy(asked):
    return [
        *common(asked, "Caddy/v2.6.2"),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", asked.path),
        ("DOCUMENT_URI", ""),
        ("DOCUMENT_ROOT", "/"),
        ("SCRIPT_FILENAME", "/"),
        ("AUTH_TYPE", ""),
        ("REMOTE_HOST", "192.0.2.7"),
        ("REMOTE_IDENT", ""),
        ("REMOTE_USER", ""),
        ("REQUEST_SCHEME", "https" if asked.tls else "http"),
        *([("HTTPS", "on"), ("SSL_PROTOCOL", "TLSv1.3")] if asked.tls else []),
        *length(asked, "0", "-1"),
        *asked.http(),
        ("HTTP_X_FORWARDED_FOR", "192.0.2.7"),
    ]


def lighttpd(asked):
    return [
        *length(asked, "0", len(asked.body)),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", asked.path),
        ("SCRIPT_FILENAME", "/srv/errors"),
        ("DOCUMENT_ROOT", "/srv/errors"),
        ("REDIRECT_STATUS", "200"),
        *common(asked, ""),
        ("REQUEST_SCHEME", "https" if asked.tls else "http"),
        *([("HTTPS", "on")] if asked.tls else []),
        *asked.http(drop={"HTTP_PROXY"}),
    ]


def lighttpd_unfixed(asked):
    """Without fix-root-scriptname."""
    places = {"SCRIPT_NAME": asked.path, "PATH_INFO": ""}
    return [(k, places.get(k, v)) for k, v in lighttpd(asked)]


def apache(asked, places, of_chunked):
    return [
        *places,
        ("CONTEXT_PREFIX", ""),
        ("CONTEXT_DOCUMENT_ROOT", "/var/www"),
        ("SERVER_ADMIN", "webmaster@localhost"),
        ("SERVER_SIGNATURE", ""),
        ("REQUEST_SCHEME", "https" if asked.tls else "http"),
        *([("HTTPS", "on")] if asked.tls else []),
        *common(asked, "Apache/2.4.65 (Debian)"),
        *length(asked, None, of_chunked),
        *asked.http(drop={"HTTP_PROXY"}),
    ]


def apache_proxypass(asked):
    """CGIPassAuth On."""
    return apache(asked, [("SCRIPT_NAME", asked.path), ("SCRIPT_FILENAME", b"proxy:fcgi://x" + asked.path)], None)


def apache_sethandler(asked):
    first, rest = asked.split()
    return apache(asked, [("SCRIPT_NAME", first), ("PATH_INFO", rest)] if rest else [("SCRIPT_NAME", first)], None)


def apache_fcgid(asked):
    first, rest = asked.split()
    return apache(asked, [("SCRIPT_NAME", first), ("PATH_INFO", rest)], len(asked.body))


def nginx(asked):
    """SCRIPT_NAME from its own fastcgi_params; joins nothing, says what it has not got as ''."""
    said = length(asked, "", "")
    return [
        *(said if asked.type else [*said, ("CONTENT_TYPE", "")]),
        ("SCRIPT_NAME", asked.path),
        ("DOCUMENT_URI", asked.path),
        ("DOCUMENT_ROOT", "/usr/share/nginx/html"),
        ("REQUEST_SCHEME", "https" if asked.tls else "http"),
        *([("HTTPS", "on")] if asked.tls else []),
        ("REDIRECT_STATUS", "200"),
        ("REMOTE_USER", ""),
        *common(asked, "nginx/1.22.1"),
        *asked.http(join=False),
    ]


def nginx_bare(asked):
    """With nothing but what the CGI standard demands, and HTTPS in its own words."""
    return [
        ("REQUEST_METHOD", asked.method),
        ("REQUEST_URI", asked.target),
        ("QUERY_STRING", asked.query),
        ("HTTPS", "on" if asked.tls else ""),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", asked.path),
        *length(asked, "", ""),
        *asked.http(join=False),
    ]


SERVERS = {
    "Caddy": caddy,
    "lighttpd": lighttpd,
    "lighttpd without fix-root-scriptname": lighttpd_unfixed,
    "Apache ProxyPass": apache_proxypass,
    "Apache SetHandler": apache_sethandler,
    "Apache mod_fcgid": apache_fcgid,
    "nginx": nginx,
    "nginx, bare": nginx_bare,
}
KEY = ("Authorization", "Bearer {alice}")

# what, the request, status, detail or None
# fmt: off
CASES = [
    ("a GET", Asked("GET", "/livez"), 200, None),
    ("a query", Asked("GET", "/livez?a=%2e%2e//&b"), 200, None),
    ("the root", Asked("GET", "/"), 200, None),
    ("an encoded letter", Asked("GET", "/%6civez"), 200, None),
    ("HEAD", Asked("HEAD", "/livez"), 200, None),
    ("OPTIONS", Asked("OPTIONS", "/execute"), 405, "Method Not Allowed"),
    ("another method", Asked("PATCH", "/execute"), 405, "Method Not Allowed"),
    ("a proxy of the client's", Asked("GET", "/healthz", [("Proxy", "http://127.0.0.1:9")]), 200, None),
    ("no such path", Asked("GET", "/nowhere"), 404, "Not Found"),
    ("two slashes", Asked("GET", "//livez"), 404, "Not Found"),
    ("an id", Asked("GET", f"/containers/{NOWHERE}", [KEY]), 404, GONE),
    ("an id with a slash", Asked("GET", f"/containers/{NOWHERE}%2fx", [KEY]), 404, "Not Found"),
    ("an id with a NUL", Asked("GET", f"/containers/{NOWHERE}%00", [KEY]), 404, "Not Found"),
    ("no key", Asked("GET", f"/containers/{NOWHERE}"), 401, "Missing Bearer token"),
    ("two keys", Asked("GET", f"/containers/{NOWHERE}", [KEY, KEY]), 401, "Invalid or expired credentials"),
    ("a body", Asked("POST", "/execute", [KEY, *JSON], RUN), 404, GONE),
    ("a chunked body", Asked("POST", "/execute", [KEY, *JSON], RUN, chunked=True), 404, GONE),
    ("a body too large, chunked", Asked("POST", "/execute", [KEY, *JSON], b" " * 70000, chunked=True),
     413, "Request body too large. Maximum size is 65536 bytes."),
    ("a body too large", Asked("POST", "/nowhere", JSON, b" " * 70000), 413,
     "Request body too large. Maximum size is 65536 bytes."),
]
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            MAX_REQUEST_BODY_SIZE=65536,
            MAX_INPUT_FILE_SIZE=30000,
            MAX_INPUT_TOTAL_SIZE=30000,
        ) as gateway,
    ):
        for name, say in SERVERS.items():
            for what, asked, status, detail in CASES:
                tap.row(f"{name}: {what}: {status}")(
                    lambda: answers(gateway, say, asked, status, detail)
                )
            elsewhere(tap, gateway, name, say)


def send(gateway, say, asked):
    params = [
        (k, v.format(**gateway.tokens) if k == "HTTP_AUTHORIZATION" else v) for k, v in say(asked)
    ]
    with fastcgi.Exchange(gateway.socket, 30) as exchange:
        exchange.write(fastcgi.begin(params) + fastcgi.stream(fastcgi.STDIN, asked.body))
        return exchange.answer()


def answers(gateway, say, asked, status, detail):
    response = send(gateway, say, asked)
    equal(response.status, status, repr(response))
    if detail:
        equal(response.detail, detail)
    if asked.method == "HEAD":
        equal(response.body, b"")


def elsewhere(tap, gateway, name, say):
    for tls in (False, True):
        scheme = "https" if tls else "http"

        @tap.row(f"{name}: a trailing slash over {scheme}: 307")
        def _():
            response = send(gateway, say, Asked("POST", "/execute/?a=%c3%a9", tls=tls))
            equal(
                (response.status, response.header("Location"), response.body),
                (307, f"{scheme}://gateway.test:8443/execute?a=%c3%a9", b""),
            )

    @tap.row(f"{name}: two API keys are none")
    def _():
        key = ("X-API-Key", gateway.tokens["alice"])
        equal(send(gateway, say, Asked("GET", "/internal/auth/apikey", [key])).status, 204)
        response = send(gateway, say, Asked("GET", "/internal/auth/apikey", [key, key]))
        equal(response.status, 400 if "nginx" in name else 401)  # twice, where nobody joins them

    @tap.row(f"{name}: a request id goes there and back, two are none")
    def _():
        mine = ("X-Request-ID", "my-id.1")
        equal(send(gateway, say, Asked("GET", "/livez", [mine])).header("X-Request-ID"), "my-id.1")
        response = send(gateway, say, Asked("GET", "/livez", [mine, mine]))
        equal(response.status, 400 if "nginx" in name else 200)
        matches("^[0-9a-f-]{36}$", response.header("X-Request-ID"))
