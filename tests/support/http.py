# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 over a socket of our own: what is sent is what the row says, kept alive or not."""

import socket

from .fastcgi import Closed, Response


class Connection:
    """Keep-alive; one request at a time."""

    def __init__(self, port, host="127.0.0.1", timeout=150):
        self.host = f"{host}:{port}"
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def head(self, method, target, headers=(), length=None):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{k}: {v}" for k, v in headers]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def write(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered early: what counts is what comes back

    def request(self, method, target, headers=(), body=b"", chunked=False):
        if chunked:
            pieces = [body[i : i + 10000] for i in range(0, len(body), 10000)]
            coded = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
            self.write(
                self.head(method, target, [*headers, ("Transfer-Encoding", "chunked")]) + coded
            )
        else:
            length = len(body) if body or method in ("POST", "PUT") else None
            self.write(self.head(method, target, headers, length) + body)
        return self.answer(method == "HEAD")

    def more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except ConnectionResetError:
            piece = b""
        if not piece:
            raise Closed(f"closed after {self.buffer[:200]!r}")
        self.buffer += piece

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def take(self, n):
        pieces = bytearray(self.buffer[:n])
        self.buffer = self.buffer[n:]
        while len(pieces) < n:
            piece = self.socket.recv(min(n - len(pieces), 1 << 20))
            if not piece:
                raise Closed(f"closed {n - len(pieces)} bytes early")
            pieces += piece
        return bytes(pieces)

    def answer(self, without_body=False):
        status = 100
        while status == 100:  # as often as the server says "continue"
            _, status, *_ = self.line().decode("latin-1").split(" ", 2)
            status, headers = int(status), []
            while line := self.line():
                name, _, value = line.decode("latin-1").partition(":")
                headers.append((name.lower(), value.strip()))
        response = Response(status, headers, b"")
        if without_body or status in (204, 304):
            return response
        if (response.header("Transfer-Encoding") or "") == "chunked":
            body = b""
            while size := int(self.line().split(b";")[0], 16):
                body += self.take(size)
                self.line()
            while self.line():
                pass
            response.body = body
        elif response.header("Content-Length") is not None:
            response.body = self.take(int(response.header("Content-Length")))
        else:
            try:
                while True:
                    self.more()
            except Closed:
                response.body, self.buffer = self.buffer, b""
        return response

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(port, method, target, headers=(), body=b"", timeout=150, chunked=False):
    with Connection(port, timeout=timeout) as connection:
        return connection.request(
            method, target, [*headers, ("Connection", "close")], body, chunked
        )
