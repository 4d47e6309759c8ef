# SPDX-License-Identifier: Apache-2.0
"""A FastCGI program that tells what reached it, instead of the gateway.

/wait/SECONDS answers late, /status/CODE with that status, /large/BYTES with so many more;
everything else with 200.
"""
import hashlib
import json
import os
import socket
import struct
import threading
import time

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


class Echo:
    """Serves until close(); requests is what arrived complete: (method, path, body length)."""

    def __init__(self, path):
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(128)
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            try:
                taken = take(connection.makefile("rb"))
                if taken:
                    connection.sendall(self.response(*taken))
            except OSError:
                pass  # the web server went away

    def response(self, params, body):
        values = dict(params)
        method = values["REQUEST_METHOD"]
        path = values.get("SCRIPT_NAME", "") + values.get("PATH_INFO", "")
        self.requests.append((method, path, len(body)))
        _, word, number, *_ = [*path.split("/"), "", ""]
        if word == "wait":
            time.sleep(float(number))
        status = int(number) if word == "status" else 204 if method == "OPTIONS" else 200
        text = json.dumps({"path": path, "params": params, "length": len(body),
                           "sha256": hashlib.sha256(body).hexdigest(),
                           "more": "x" * int(number) if word == "large" else ""})
        header = f"Status: {status} as asked\r\nX-Request-ID: echo\r\n"
        if status == 204:
            return records(header + "\r\n")
        header += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        return records(header + ("" if method == "HEAD" else text))


def take(stream):
    """(params, body) of one request, or None where it does not come to its end."""
    params, body = b"", []
    while True:
        header = stream.read(8)
        if len(header) < 8:
            return None
        kind, length, padding = struct.unpack("!xBxxHBx", header)
        content = stream.read(length + padding)[:length]
        if kind == PARAMS:
            params += content
        elif kind == STDIN and content:
            body.append(content)
        elif kind == STDIN:
            return list(pairs(params)), b"".join(body)


def pairs(block):
    """FastCGI's name-value pairs."""
    at = 0
    while at < len(block):
        sizes = []
        for _ in "name", "value":
            long = block[at] & 0x80
            wide = 4 if long else 1
            sizes.append(int.from_bytes(block[at:at + wide], "big") & 0x7fffffff)
            at += wide
        name, value = block[at:at + sizes[0]], block[at + sizes[0]:at + sum(sizes)]
        at += sum(sizes)
        yield name.decode("latin-1"), value.decode("latin-1")


def records(text):
    data, out = text.encode(), []
    for start in range(0, len(data), 0xffff):
        piece = data[start:start + 0xffff]
        out += struct.pack("!BBHHBx", 1, STDOUT, 1, len(piece), 0), piece
    out += struct.pack("!BBHHBx", 1, STDOUT, 1, 0, 0), struct.pack("!BBHHBx8x", 1, END, 1, 8, 0)
    return b"".join(out)
