# SPDX-License-Identifier: Apache-2.0
"""One FastCGI request per connection, as the web servers send them; standard library only.

    gateway = fcgi.Client("/run/gw.sock", token="secret")
    answer = gateway.post("/execute", {"container_id": id, "code": "print(1)"})
    answer.status, answer.headers["x-request-id"], answer.json["stdout"]

What no web server would send can be said, too: raw parameters (twice the same, none at all), a
body with a false length or none, pieces sent one by one through open().
"""

import json
import socket
import struct
import urllib.parse

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7


def record(kind, content=b"", request_id=1, padding=0):
    head = struct.pack(">BBHHBx", 1, kind, request_id, len(content), padding)
    return head + content + bytes(padding)


def stream(kind, content):
    """The records of a whole stream, its empty end included."""
    pieces = [content[at:at + 65528] for at in range(0, len(content), 65528)]
    return b"".join(record(kind, piece) for piece in pieces) + record(kind)


def pair(name, value):
    def length(n):
        return struct.pack(">B", n) if n < 128 else struct.pack(">I", n | 1 << 31)

    name, value = to_bytes(name), to_bytes(value)
    return length(len(name)) + length(len(value)) + name + value


def to_bytes(text):
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")


class Answer:
    """status, headers (lower-case names, a list where one came twice), body, json, stderr."""

    def __init__(self, raw, stderr=b""):
        head, found, self.body = raw.partition(b"\r\n\r\n")
        self.raw, self.stderr, self.headers, self.status = raw, stderr, {}, 200
        if not found:
            raise ConnectionError(f"no answer: {raw[:200]!r} {stderr[:200]!r}")
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            if name == "status":
                self.status = int(value.split()[0])
            elif name in self.headers:
                known = self.headers[name]
                self.headers[name] = (known if isinstance(known, list) else [known]) + [value]
            else:
                self.headers[name] = value

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        return self.json["detail"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Exchange:
    """A request under way: begin() it, send() pieces of the body, then finish() or close()."""

    def __init__(self, address, timeout):
        if isinstance(address, str) and ":" in address and "/" not in address:
            host, _, port = address.rpartition(":")
            address = (host, int(port))
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)

    def write(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before the whole body was read

    def begin(self, params):
        """params: pairs in the order they are sent."""
        start = record(BEGIN, struct.pack(">HB5x", 1, 0))
        self.write(start + stream(PARAMS, b"".join(pair(n, v) for n, v in params)))

    def send(self, piece):
        for at in range(0, len(piece), 65528):
            self.write(record(STDIN, piece[at:at + 65528]))

    def end_body(self):
        self.write(record(STDIN))

    def read(self, n):
        parts = []
        while n > 0:
            part = self.socket.recv(min(n, 1 << 20))
            if not part:
                return None
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def finish(self):
        out, err = [], []
        while True:
            head = self.read(8)
            if head is None:
                break
            _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
            content = self.read(length) if length else b""
            if padding:
                self.read(padding)
            if kind == STDOUT:
                out.append(content)
            elif kind == STDERR:
                err.append(content)
            elif kind == END:
                break
        self.close()
        return Answer(b"".join(out), b"".join(err))

    def close(self):
        self.socket.close()


class Client:
    """Says what lighttpd says of a path already decoded; every method takes headers, and params that win over all others."""

    def __init__(self, address, token=None, timeout=180):
        self.address, self.token, self.timeout = address, token, timeout

    def params(self, method, path, body=b"", headers=None, params=None):
        path, _, query = path.partition("?")
        uri = urllib.parse.quote(to_bytes(path)) + ("?" + query if query else "")
        said = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_URI": uri,
            "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "gateway", "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "gateway.test", "REQUEST_SCHEME": "http",
            "GATEWAY_INTERFACE": "CGI/1.1", "CONTENT_LENGTH": len(body),
        }
        if self.token is not None:
            said["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        for name, value in (headers or {}).items():
            name = name.upper().replace("-", "_")
            said[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
        said.update(params or {})
        return [(n, v) for n, v in said.items() if v is not None]

    def open(self, method, path, body=b"", headers=None, params=None):
        """Sends the parameters only; body tells CONTENT_LENGTH."""
        exchange = Exchange(self.address, self.timeout)
        exchange.begin(self.params(method, path, body, headers, params))
        return exchange

    def request(self, method, path, body=b"", headers=None, params=None):
        exchange = self.open(method, path, body, headers, params)
        exchange.send(body)
        exchange.end_body()
        return exchange.finish()

    def raw(self, params, body=b""):
        """Exactly these parameter pairs."""
        exchange = Exchange(self.address, self.timeout)
        exchange.begin(params)
        exchange.send(body)
        exchange.end_body()
        return exchange.finish()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def post(self, path, value=None, headers=None, **more):
        """value: bytes as they are, or anything JSON can say; None sends no body."""
        body = b"" if value is None else value if isinstance(value, bytes) else \
            json.dumps(value).encode()
        return self.request("POST", path, body=body,
                            headers={"Content-Type": "application/json", **(headers or {})},
                            **more)
