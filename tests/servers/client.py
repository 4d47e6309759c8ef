# SPDX-License-Identifier: Apache-2.0
"""HTTP as a test wants it: every byte sent is the caller's, and nothing is retried."""
import http.client
import io
import json
import socket


class Response:
    """A status, headers by lower-case name (all values of one joined), a body."""

    def __init__(self, answer):
        self.status = answer.status
        self.headers = {}
        for name, value in answer.getheaders():
            name = name.lower()
            self.headers[name] = ", ".join(filter(None, [self.headers.get(name), value]))
        self.body = answer.read()

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


def connect(port, timeout=60):
    return socket.create_connection(("127.0.0.1", port), timeout)


def head(method, path, headers):
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunks(body, size=65536):
    """The body as chunked transfer coding."""
    for start in range(0, len(body), size):
        chunk = body[start:start + size]
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
    yield b"0\r\n\r\n"


def read(connection, method="GET"):
    """One response; None if the server closes without."""
    answer = http.client.HTTPResponse(connection, method=method)
    try:
        answer.begin()
        return Response(answer)
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None


def request(port, method, path, headers=(), body=None, chunked=False):
    """One exchange on a connection of its own."""
    headers = [("Host", f"127.0.0.1:{port}"), ("Connection", "close"), *headers]
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif body is not None:
        headers.append(("Content-Length", len(body)))
    with connect(port) as connection:
        try:
            connection.sendall(head(method, path, headers))
            for piece in chunks(body) if chunked else [body or b""]:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the answer may be there all the same
        return read(connection, method)


class Received:
    """Bytes that are there already, as http.client wants them: of a socket."""

    def __init__(self, data):
        self.stream = io.BytesIO(data)
        self.stream.close = lambda: None  # the next response is in it, too

    def makefile(self, _mode):
        return self.stream


def responses(port, raw):
    """What a server answers to these bytes and a last request, until it closes."""
    last = head("GET", "/last", [("Host", "x"), ("Connection", "close")])
    data = b""
    with connect(port, 3) as connection:
        try:
            connection.sendall(raw + last)
            while piece := connection.recv(65536):
                data += piece
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass  # it waits for more, or has had enough
    received = Received(data)
    return list(iter(lambda: read(received), None))
