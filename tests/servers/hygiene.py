# SPDX-License-Identifier: Apache-2.0
"""What must be true of either web server, whatever stands behind it; here the echo does."""
import hashlib
import os
import re
import time

from support import fronts
from support.service import TOP, scratch
from support.tap import eventually

from .client import connect, head, read, request, responses
from .echo import Echo

LIMIT = 32 * 1024 * 1024
LATEX, SLIDES, ANSWER = 34583336, 180000000, 220000000
SLIDE_PATHS = "/api/render", "/api/v1/render"
VERSION = (TOP / "VERSION").read_text().strip()
ROWS = []


def row(name):
    def add(function):
        ROWS.append((name, function))
        return function
    return add


def get(front, path, *headers):
    return request(front.port, "GET", path, headers)


def params(front, *headers):
    """What became of the headers: name -> all values."""
    found = {}
    for name, value in get(front, "/", *headers).json()["params"]:
        found.setdefault(name, []).append(value)
    return found


def is_json_error(answer, *statuses):
    """In the gateway's shape, with the headers that it sends with all of its answers."""
    assert answer and answer.status in statuses, answer
    assert answer.headers["content-type"] == "application/json", answer
    assert list(answer.json()) == ["detail"], answer
    assert re.fullmatch("[0-9a-f-]{36}", answer.headers["x-request-id"]), answer
    assert answer.headers["x-code-execution-version"] == VERSION, answer
    assert answer.headers["x-code-execution-version-tag"] == "v" + VERSION, answer
    assert answer.headers["cache-control"] == "no-store", answer
    assert answer.headers["x-content-type-options"] == "nosniff", answer
    assert answer.status != 503 or answer.headers["retry-after"] == "1", answer


def arrives(front, size, chunked, path="/"):
    body = os.urandom(1024) * (size // 1024) + b"x" * (size % 1024)
    answer = request(front.port, "POST", path, body=body, chunked=chunked)
    assert answer.status == 200, answer
    assert answer.json()["length"] == size, answer.json()["length"]
    assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()


@row("bodies with a length arrive whole, up to 32 MiB")
def _(front, _echo):
    for size in 0, 1, 8191, 65536, 1 << 20, LIMIT:
        arrives(front, size, False)


@row("bodies without a length arrive whole, up to 32 MiB")
def _(front, _echo):
    for size in 0, 1, 8191, 65536, 1 << 20, LIMIT:
        arrives(front, size, True)


def exceeds(front, size, limit, path):
    """What is above a limit of the gateway's: never less than that reaches it."""
    for chunked in False, True:
        answer = request(front.port, "POST", path, body=bytes(size), chunked=chunked)
        if answer.status == 200:
            assert answer.json()["length"] > limit, answer
        else:
            is_json_error(answer, 413)


@row("a body above the limit is refused or arrives above the limit, never as less")
def _(front, _echo):
    for size in LIMIT + 1, LIMIT + (4 << 20):
        exceeds(front, size, LIMIT, "/")


@row("bodies with slides arrive whole, up to 180000000 bytes, those with LaTeX up to 34583336")
def _(front, _echo):
    for chunked in False, True:
        for path in SLIDE_PATHS:
            arrives(front, SLIDES, chunked, path)
        for path in "/api/latex/render", "/api/v1/latex/render":
            arrives(front, LATEX, chunked, path)


@row("such bodies above their limit are refused or arrive above it, never as less")
def _(front, _echo):
    for size in SLIDES + 1, SLIDES + (4 << 20):
        exceeds(front, size, SLIDES, SLIDE_PATHS[0])
    for size in LATEX + 1, SLIDES:
        exceeds(front, size, LATEX, "/api/latex/render")


@row("no other path takes as much as slides need")
def _(front, _echo):
    for path in ("/api/render/", "/api/v2/render", "/api/rendering", "/x/api/render",
                 "/?/api/render"):
        for chunked in False, True:
            answer = request(front.port, "POST", path, body=bytes(SLIDES), chunked=chunked)
            if answer.status == 200:
                assert LIMIT < answer.json()["length"] <= LIMIT + (1 << 20), answer
            else:
                is_json_error(answer, 413)


@row("an answer as large as slides may be arrives whole")
def _(front, _echo):
    answer = get(front, f"/large/{ANSWER}")
    assert answer.status == 200, answer
    assert len(answer.json()["more"]) == ANSWER, len(answer.body)


@row("a client that waits for 100 Continue gets it")
def _(front, _echo):
    headers = [("Host", "x"), ("Content-Length", 2), ("Expect", "100-continue"),
               ("Connection", "close")]
    with connect(front.port) as connection:
        connection.sendall(head("POST", "/", headers))
        assert connection.recv(12) == b"HTTP/1.1 100"
        connection.sendall(b"ab")
        rest = b""
        while piece := connection.recv(65536):
            rest += piece
    assert b"HTTP/1.1 200" in rest and b'"length": 2' in rest, rest


@row("a POST without body and length is one of no bytes; lighttpd knows no such thing")
def _(front, _echo):
    answer = request(front.port, "POST", "/")
    if front.name == "caddy":
        assert answer.json()["length"] == 0, answer
    else:
        is_json_error(answer, 411)


@row("a kept connection serves one request after another")
def _(front, _echo):
    with connect(front.port) as connection:
        for number in range(20):
            body = b"x" * number
            connection.sendall(head("POST", f"/{number}", [("Host", "x"),
                                                          ("Content-Length", number)]) + body)
            answer = read(connection)
            assert answer.json()["path"] == f"/{number}" and answer.json()["length"] == number


@row("the headers that the gateway reads arrive, once each")
def _(front, _echo):
    sent = {"Authorization": "Bearer s", "X-API-Key": "k", "X-Request-ID": "r", "Origin": "o",
            "Content-Type": "application/json"}
    got = params(front, *sent.items())
    for name, value in sent.items():
        name = name.upper().replace("-", "_")
        name = name if name == "CONTENT_TYPE" else "HTTP_" + name
        assert got[name] == [value], (name, got)
    assert got["REMOTE_ADDR"] == ["127.0.0.1"] and got["QUERY_STRING"] == [""], got


@row("a Proxy header sets no HTTP_PROXY")
def _(front, _echo):
    assert "HTTP_PROXY" not in params(front, ("Proxy", "http://127.0.0.1:9"))


@row("an underscore is no hyphen")
def _(front, _echo):
    spoofs = [("X_API_Key", "bad"), ("x_api-key", "bad"), ("X-API_KEY", "bad"),
              ("X_Request_ID", "bad"), ("X-Request_ID", "bad"), ("x_request-id", "bad")]
    got = params(front, *spoofs)
    assert "HTTP_X_API_KEY" not in got and "HTTP_X_REQUEST_ID" not in got, got
    got = params(front, *spoofs, ("X-API-Key", "good"), *spoofs, ("X-Request-ID", "good"))
    assert got["HTTP_X_API_KEY"] == got["HTTP_X_REQUEST_ID"] == ["good"], got


@row("a header that comes twice arrives as both, joined, or not at all")
def _(front, _echo):
    for name in "Authorization", "X-API-Key", "X-Request-ID":
        answer = get(front, "/", (name, "Bearer a"), (name, "Bearer b"))
        if answer.status == 200:
            got = dict(answer.json()["params"])["HTTP_" + name.upper().replace("-", "_")]
            assert got == "Bearer a, Bearer b", got
        else:
            is_json_error(answer, 400)


@row("the path arrives as it was written, decoded once")
def _(front, _echo):
    for path, arrived in [("/", "/"), ("/execute", "/execute"), ("/execute/", "/execute/"),
                          ("/%65xecute", "/execute"), ("/a%20b", "/a b"), ("/EXECUTE", "/EXECUTE"),
                          ("/execute;a=b", "/execute;a=b"), ("/%252e%252e/a", "/%2e%2e/a"),
                          ("/execute?a=//b/../c%2f", "/execute"), ("/...", "/...")]:
        assert get(front, path).json()["path"] == arrived, path


@row("no crooked path leads to /execute")
def _(front, _echo):
    for path in ("//execute", "/./execute", "/a/../execute", "/a/..//execute", "/..%2fexecute",
                 "/%2e%2e/execute", "/a/%2e%2e/execute", "/%2fexecute", "/a%2f..%2fexecute",
                 "/execute%00", "/execute%2f", "/execute/.", "/execute/a/..", "/execute%0a",
                 "/%5cexecute", "/execute%ff", "/a/..;/execute", "/execute%20", "execute"):
        answer = get(front, path)
        assert answer.status != 200 or answer.json()["path"] != "/execute", path
        if answer.status != 200:
            assert answer.status in (400, 404), answer


@row("what two readers could read differently is one request, or none")
def _(front, echo):
    smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    chunk = "0\r\n\r\n" + smuggled
    for headers, body in [
            ("Content-Length: 4\r\nTransfer-Encoding: chunked", chunk),
            ("Content-Length: %d\r\nTransfer-Encoding: chunked" % len(chunk), chunk),
            ("Transfer-Encoding: chunked, identity", chunk),
            ("Transfer-Encoding: identity, chunked", chunk),
            ("Transfer-Encoding: xchunked", chunk),
            ("Transfer-Encoding:\tchunked", chunk),
            ("Transfer-Encoding : chunked", chunk),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", chunk),
            ("Content-Length: 0\r\nContent-Length: %d" % len(smuggled), smuggled),
            ("Content-Length: %d\r\nContent-Length: 0" % len(smuggled), smuggled),
            ("Content-Length: +0", smuggled),
            ("Content-Length: 0x0", smuggled),
            ("Content-Length: 0,0", smuggled),
            ("Content-Length: -1", smuggled),
            ("Content-Length: 18446744073709551616", smuggled),
            ("Content-Length: 0\r\n Transfer-Encoding: chunked", chunk),
            ("Transfer-Encoding: chunked\r\nTrailer: x", "1;x=\ny\r\n" + chunk)]:
        before = len(echo.requests)
        raw = f"POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}".encode()
        answers = responses(front.port, raw)
        served = [answer for answer in answers if answer.status == 200]
        assert answers, headers
        assert len(echo.requests) - before == len(served), (headers, echo.requests[before:])
        assert len(answers) == 1 or len(answers) == len(served), (headers, answers)


@row("odd request lines and headers are refused")
def _(front, echo):
    before = len(echo.requests)
    for raw in (b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\0b\r\n\r\n",
                b"G\tET / HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET / HTTP/1.1\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n",
                b"GET / HTTP/3.7\r\nHost: x\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40000 + b"\r\n\r\n"):
        (answer,) = responses(front.port, raw)
        assert 400 <= answer.status < 600, (raw[:80], answer)
    assert len(echo.requests) == before, echo.requests[before:]


@row("what is no HTTP gets an error that looks like ours, but for Go's own")
def _(front, _echo):
    for raw in (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40000 + b"\r\n\r\n"):
        (answer,) = responses(front.port, raw)
        if front.name == "caddy":  # Go's own words, before Caddy hears of it
            assert 400 <= answer.status < 600, answer
        else:
            is_json_error(answer, 400, 431, 501)


@row("HEAD and OPTIONS get no body")
def _(front, _echo):
    for method, status in ("HEAD", 200), ("OPTIONS", 204):
        answer = request(front.port, method, "/")
        assert answer.status == status and answer.body == b"", answer


@row("the gateway's own errors stay as they are")
def _(front, _echo):
    for status in 400, 401, 404, 405, 409, 413, 422, 429, 500, 503, 504:
        answer = get(front, f"/status/{status}")
        assert answer.status == status and answer.json()["path"] == f"/status/{status}", answer
        assert answer.headers["x-request-id"] == "echo" and "status" not in answer.headers


@row("no banner, and the gateway's headers once each")
def _(front, _echo):
    headers = get(front, "/").headers
    assert "server" not in headers and "x-powered-by" not in headers, headers
    assert headers["x-request-id"] == "echo", headers
    assert headers.get("cache-control", "no-store") == "no-store", headers


@row("CORS: a listed origin is let in, also where the answer is an error")
def _(front, _echo):
    for origin in "http://one.example", "https://two.example:8443":
        for path in "/", "/status/404", "/status/500":
            headers = get(front, path, ("Origin", origin)).headers
            assert headers["access-control-allow-origin"] == origin, headers
            assert headers["access-control-allow-credentials"] == "true", headers
            assert "X-Request-ID" in headers["access-control-expose-headers"], headers
            assert headers["vary"] == "Origin", headers


@row("CORS: a preflight is answered for a listed origin")
def _(front, _echo):
    answer = request(front.port, "OPTIONS", "/execute", [
        ("Origin", "http://one.example"), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type")])
    assert answer.status in (200, 204), answer
    values = {name: [item.strip() for item in value.split(",")]
              for name, value in answer.headers.items()}
    assert values["access-control-allow-origin"] == ["http://one.example"]
    assert values["access-control-allow-methods"] == ["GET", "POST", "DELETE", "OPTIONS"]
    assert values["access-control-allow-headers"] == ["Authorization", "Content-Type",
                                                      "X-Request-ID", "X-API-Key"]
    assert values["access-control-max-age"] == ["600"]


@row("CORS: no other origin is let in")
def _(front, _echo):
    for origin in ("null", "http://one.example.evil", "http://one.example:80", "one.example",
                   "https://one.example", "http://ONE.example", "http://two.example:8443",
                   "https://two.example:8443,http://one.example", "http://xone.example", "*"):
        for method in "GET", "OPTIONS":
            answer = request(front.port, method, "/", [
                ("Origin", origin), ("Access-Control-Request-Method", "POST")])
            assert "access-control-allow-origin" not in answer.headers, (origin, answer)
            assert answer.headers["vary"] == "Origin", answer


@row("a client that leaves amid its upload disturbs nobody")
def _(front, echo):
    before = len(echo.requests)
    for headers in [("Content-Length", 1 << 20)], [("Transfer-Encoding", "chunked")]:
        with connect(front.port) as connection:
            connection.sendall(head("POST", "/left", [("Host", "x"), *headers]))
            connection.sendall(b"10000\r\n" + b"x" * 65536)
            time.sleep(0.2)
    assert get(front, "/after").status == 200
    assert [path for _, path, _ in echo.requests[before:]] == ["/after"], echo.requests[before:]


@row("a client that leaves while it waits disturbs nobody")
def _(front, echo):
    before = len(echo.requests)
    for n in range(1, 5):
        with connect(front.port) as connection:
            connection.sendall(head("GET", "/wait/1", [("Host", "x")]))
            eventually(lambda: len(echo.requests) == before + n, 30, "forwarded")
    assert get(front, "/after").status == 200
    assert len(echo.requests) - before == 5, echo.requests[before:]


def gone(front):
    for given, echoed in [("my-id_1.x", True), ("a b", False), ("x" * 129, False)]:
        answer = get(front, "/", ("X-Request-ID", given))
        assert (answer.headers["x-request-id"] == given) == echoed, answer
    answer = get(front, "/", ("Origin", "http://one.example"))
    is_json_error(answer, 502, 503)
    assert answer.headers["retry-after"] == "1", answer
    assert answer.headers["access-control-allow-origin"] == "http://one.example", answer


def rows(tap):
    for start in fronts.lighttpd, fronts.caddy:
        with scratch() as where:
            echo = Echo(str(where / "echo.sock"))
            front = start(str(where), str(where / "echo.sock"))
            tap.prefix = f"{front.name}: "
            try:
                for name, probe in ROWS:
                    tap.row(name)(lambda probe=probe: probe(front, echo))
                echo.close()
                tap.row("an error looks like ours when nothing is behind")(lambda: gone(front))
            finally:
                tap.prefix = ""
                front.stop()
