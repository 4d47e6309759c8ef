# SPDX-License-Identifier: Apache-2.0
"""One FastCGI request per connection, as the web servers send them; standard library only.

What no web server would send can be said, too: raw parameters (twice the same, none at all), a
body with a false length or none, pieces sent one by one.
"""

import json
import socket
import struct
import urllib.parse

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
JSON = [("Content-Type", "application/json")]
RECORD = 65528  # bytes of content, at the most


class Closed(Exception):
    """The connection ended before the exchange was over."""


class Response:
    """headers are (name, value) pairs, names in lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @classmethod
    def of(cls, raw, stderr=b""):
        """What a FastCGI program wrote: its status is a header."""
        head, found, body = raw.partition(b"\r\n\r\n")
        if not found:
            raise Closed(f"no answer: {raw[:200]!r} {stderr[:200]!r}")
        status, headers = 200, []
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            if name == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        return cls(status, headers, body)

    def header(self, name):
        """Its value; None without it.  Sent twice, it is an error of the answer."""
        found = [v for k, v in self.headers if k == name.lower()]
        if len(found) > 1:
            raise ValueError(f"{name} comes {len(found)} times")
        return found[0] if found else None

    @property
    def text(self):
        return self.body.decode("utf-8", "backslashreplace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        try:
            return self.json["detail"]
        except (ValueError, KeyError, TypeError):
            return f"no detail: {self.text[:300]}"

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.text[:1000]}>"


def record(kind, content=b"", request_id=1, padding=0):
    head = struct.pack(">BBHHBx", 1, kind, request_id, len(content), padding)
    return head + content + bytes(padding)


def stream(kind, content):
    """The records of a whole stream, its empty end included."""
    pieces = [content[at : at + RECORD] for at in range(0, len(content), RECORD)]
    return b"".join(record(kind, piece) for piece in pieces) + record(kind)


def pair(name, value):
    def length(n):
        return struct.pack(">B", n) if n < 128 else struct.pack(">I", n | 1 << 31)

    name, value = to_bytes(name), to_bytes(value)
    return length(len(name)) + length(len(value)) + name + value


def to_bytes(text):
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")


def begin(params):
    """params: pairs in the order they are sent."""
    return record(BEGIN, struct.pack(">HB5x", 1, 0)) + stream(
        PARAMS, b"".join(pair(k, v) for k, v in params)
    )


def params_for(method, target, headers=(), body=b"", length=None):
    """What lighttpd says of a path already decoded.

    length: what CONTENT_LENGTH says instead of the truth.  A header may come twice.
    """
    path, _, query = target.partition("?")
    said = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_URI": urllib.parse.quote(to_bytes(path)) + ("?" + query if query else ""),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "gateway",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "gateway.test",
        "REQUEST_SCHEME": "http",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "CONTENT_LENGTH": len(body) if length is None else length,
    }
    names = {name.upper().replace("-", "_") for name, _ in headers}
    pairs = [(k, v) for k, v in said.items() if k.removeprefix("HTTP_") not in names]
    for name, value in headers:
        name = name.upper().replace("-", "_")
        pairs.append((name if name == "CONTENT_TYPE" else f"HTTP_{name}", value))
    return pairs


class Exchange:
    """One connection: write() in any pieces, then answer(); close() is a web server that left."""

    def __init__(self, address, timeout=150):
        address = str(address)
        unix = "/" in address or ":" not in address
        host, _, port = address.rpartition(":")
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.connect(address if unix else (host, int(port)))

    def write(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before the whole body was read

    def read(self, n):
        parts = []
        while n > 0:
            part = self.socket.recv(min(n, 1 << 20))
            if not part:
                return None
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def answer(self):
        said = {STDOUT: [], STDERR: []}
        kind = None
        try:
            while kind != END and (head := self.read(8)):
                _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
                content = self.read(length + padding) if length + padding else b""
                if content is None:
                    break
                said.get(kind, []).append(content[:length])
        except ConnectionError as error:
            raise Closed(str(error)) from None
        finally:
            self.close()
        return Response.of(b"".join(said[STDOUT]), b"".join(said[STDERR]))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(address, method, target, headers=(), body=b"", timeout=150):
    with Exchange(address, timeout) as exchange:
        exchange.write(begin(params_for(method, target, headers, body)) + stream(STDIN, body))
        return exchange.answer()
