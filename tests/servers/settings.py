# SPDX-License-Identifier: Apache-2.0
"""What the environment makes of the configurations."""
import socket
import ssl
import subprocess

from support import fronts
from support.service import scratch

from .client import head, read, request
from .echo import Echo

BOTH = fronts.lighttpd, fronts.caddy


def cors(front, origin, method="GET"):
    """The CORS headers of an answer, without their common beginning."""
    answer = request(front.port, method, "/", [("Origin", origin),
                                              ("Access-Control-Request-Method", "POST")])
    return {name.removeprefix("access-control-"): value
            for name, value in answer.headers.items() if name.startswith("access-control-")}


def none_where_switched_off(front):
    for method in "GET", "OPTIONS":
        assert cors(front, "http://one.example", method) == {}


def everybody_without_credentials(front):
    for origin in "http://one.example", "https://any.example:1":
        headers = cors(front, origin)
        assert headers["allow-origin"] in ("*", origin), headers
        assert "allow-credentials" not in headers, headers


def listed_without_credentials(front):
    headers = cors(front, "http://one.example")
    assert headers["allow-origin"] == "http://one.example", headers
    assert "allow-credentials" not in headers, headers
    assert cors(front, "http://two.example") == {}


def none_where_none_is_listed(front):
    for origin in "http://localhost:3000", "http://one.example":
        for method in "GET", "OPTIONS":
            assert cors(front, origin, method) == {}


def named_lists(front):
    headers = cors(front, "http://one.example", "OPTIONS")
    assert [m.strip() for m in headers["allow-methods"].split(",")] == ["GET", "PUT"], headers
    assert headers["allow-headers"] == "X-Mine", headers


CASES = [
    ("no CORS header where ENABLE_CORS is false", none_where_switched_off,
     {"ENABLE_CORS": "false"}),
    ("CORS_ALLOW_ORIGINS=* lets everybody in, without credentials", everybody_without_credentials,
     {"CORS_ALLOW_ORIGINS": "*", "CORS_ALLOW_CREDENTIALS": "false"}),
    ("a listed origin without credentials", listed_without_credentials,
     {"CORS_ALLOW_ORIGINS": "http://one.example", "CORS_ALLOW_CREDENTIALS": "no"}),
    ("by default no page of another origin may come", none_where_none_is_listed,
     {"CORS_ALLOW_ORIGINS": None, "ENABLE_CORS": ""}),
    ("methods and headers are as listed", named_lists,
     {"CORS_ALLOW_METHODS": "GET,PUT", "CORS_ALLOW_HEADERS": "X-Mine"}),
]


def never_everybody_with_credentials(start, where):
    """lighttpd refuses to start; Caddy lets nobody in."""
    environment = {"CORS_ALLOW_ORIGINS": "*", "CORS_ALLOW_CREDENTIALS": "true"}
    try:
        front = start(str(where), str(where / "echo.sock"), environment=environment)
    except RuntimeError as error:
        assert "CORS_ALLOW_CREDENTIALS" in str(error), error
        return
    try:
        assert cors(front, "http://any.example") == {}
    finally:
        front.stop()


def refused(where):
    for name, value in [("UPLOAD_DIRECTORY", 'a"b'), ("FASTCGI_SOCKET", "/a b"),
                        ("FASTCGI_SOCKET", "nothing"), ("CORS_ALLOW_ORIGINS", 'http://a"'),
                        ("CORS_ALLOW_METHODS", "GET\\"), ("TLS_CERTIFICATE", "$x")]:
        try:
            fronts.lighttpd(str(where), "/nowhere", environment={name: value}).stop()
        except RuntimeError as error:
            assert f"{name} cannot be" in str(error), error
        else:
            raise AssertionError(f"lighttpd took {name}={value}")


def tls(where):
    pem = where / "tls.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
                    "/CN=localhost", "-keyout", pem, "-out", where / "certificate"], check=True,
                   capture_output=True)
    with open(pem, "ab") as both:
        both.write((where / "certificate").read_bytes())
    front = fronts.lighttpd(str(where), str(where / "echo.sock"),
                            environment={"TLS_CERTIFICATE": str(pem)})
    try:
        context = ssl.create_default_context(cafile=str(where / "certificate"))
        plain = socket.create_connection(("127.0.0.1", front.port), 10)
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(head("GET", "/", [("Host", "localhost"), ("Connection", "close")]))
            params = dict(read(connection).json()["params"])
        assert (params["REQUEST_SCHEME"], params["HTTPS"]) == ("https", "on"), params
    finally:
        front.stop()


def rows(tap):
    with scratch() as where:
        echo = Echo(str(where / "echo.sock"))
        for start in BOTH:
            tap.prefix = f"{start.__name__}: "
            for name, probe, environment in CASES:
                @tap.row(name)
                def _(probe=probe, environment=environment):
                    front = start(str(where), str(where / "echo.sock"), environment=environment)
                    try:
                        probe(front)
                    finally:
                        front.stop()
            tap.row("CORS never lets everybody in with credentials")(
                lambda: never_everybody_with_credentials(start, where))
        tap.prefix = "lighttpd: "
        tap.row("a value that looks wrong ends its start")(lambda: refused(where))
        tap.row("TLS, with a certificate of one's own")(lambda: tls(where))
        tap.prefix = ""
        echo.close()
