# SPDX-License-Identifier: Apache-2.0
"""The few calls of the Docker Engine API that the gateway makes, on a socket of our own.

docker.script["create"] = [fault, ...] makes the next create calls misbehave, one each;
docker.always["create"] = fault all of them.  A fault is one of the functions below, or of a
row's own: fault(connection, docker) answers, or does not, in the call's place; what it returns
true for is answered properly afterwards.
"""

import json
import os
import re
import secrets
import socket
import threading
import time

# fmt: off
CALLS = [
    ("ping", "GET|HEAD", r"/_ping"), ("version", "GET", r"/version"), ("info", "GET", r"/info"),
    ("image", "GET", r"/images/(?P<id>.+)/json"), ("create", "POST", r"/containers/create"),
    ("start", "POST", r"/containers/(?P<id>[^/]+)/start"), ("attach", "POST",
     r"/containers/(?P<id>[^/]+)/attach"),
    ("inspect", "GET", r"/containers/(?P<id>[^/]+)/json"), ("kill", "POST",
     r"/containers/(?P<id>[^/]+)/kill"),
    ("list", "GET", r"/containers/json"), ("remove", "DELETE", r"/containers/(?P<id>[^/]+)"),
    ("wait", "POST", r"/containers/(?P<id>[^/]+)/wait"),
]
# fmt: on
DAEMON = "FAKE:0000:0000"


class Gone(Exception):
    """The peer closed."""


# ---- faults


def status(code, message="out of order"):
    return lambda c, _: c.respond(code, {"message": message})


def closed(c, _):
    raise Gone


def reset(c, _):
    c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raise Gone


def hanging(c, docker):
    docker.stopping.wait(60)
    raise Gone


def garbage(c, _):
    c.write(bytes(range(256)) * 8)
    raise Gone


def half_a_head(c, _):
    c.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    raise Gone


def half_a_body(c, _):
    c.write(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"Id":"'
    )
    raise Gone


def not_json(c, _):
    c.respond(200, raw=b"<html>proxy</html>")


def wrong_shape(c, _):
    c.respond(200, raw=b'[{"Id":5},null,"x",{"ID":[]}]')


def empty_body(c, _):
    c.respond(200, raw=b"")


def false_id(c, _):
    c.respond(201, {"Id": "../../images/x", "Warnings": []})


def deep(c, _):
    c.respond(200, raw=b"[" * 100000)


def endless_body(c, docker):
    c.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    while not docker.stopping.is_set():
        c.write(b"10000\r\n" + b"[" * 65536 + b"\r\n")


def endless_head(c, docker):
    c.write(b"HTTP/1.1 200 OK\r\n")
    for i in range(20000):
        c.write(b"X-%d: %s\r\n" % (i, b"x" * 100))
    raise Gone


def done_but_silent(c, docker):
    """The call is carried out; its answer never comes."""
    c.mute = True
    return True


class Connection:
    def __init__(self, sock):
        self.socket, self.buffer, self.mute = sock, b"", False

    def read(self, n):
        while len(self.buffer) < n:
            self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def more(self):
        try:
            piece = self.socket.recv(1 << 16)
        except OSError:
            piece = b""
        if not piece:
            raise Gone
        self.buffer += piece

    def write(self, data):
        if self.mute:
            raise Gone
        try:
            self.socket.sendall(data)
        except OSError:
            raise Gone from None

    def end(self):
        """No more from us."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def request(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        if headers.get("expect"):
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return method, target, headers, self.read(int(headers.get("content-length", 0)))

    def respond(self, code, body=None, raw=None):
        raw = raw if raw is not None else b"" if body is None else json.dumps(body).encode() + b"\n"
        head = f"HTTP/1.1 {code} x\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n"
        if code in (204, 304):
            self.write(f"{head}\r\n".encode())
        else:
            self.write(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)


class FakeDocker:
    def __init__(self, where, supervisor, daemon=DAEMON):
        self.daemon = daemon
        self.path = str(where / f"docker-{secrets.token_hex(3)}.sock")
        self.host = f"unix://{self.path}"
        self.supervisor = supervisor  # a fakesupervisor.Supervisor, unless a container has its own
        self.containers = {}
        self.script, self.always = {}, {}
        self.calls = []  # (name, id) as they came
        self.stopping = threading.Event()
        self.open = set()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.listener.close()
        for c in list(self.open):
            c.end()

    def calm(self):
        """All is well again."""
        self.script.clear()
        self.always.clear()

    # ---- what a suite asks of a Docker

    def exists(self, container):
        return container in self.containers

    def ids(self, *labels):
        return sorted(
            i
            for i, c in self.containers.items()
            if all(
                c["labels"].get(k) == v for k, _, v in (label.partition("=") for label in labels)
            )
        )

    def remove(self, container):
        self.containers.pop(container, None)

    # ---- the daemon

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Connection(sock),), daemon=True).start()

    def serve(self, c):
        self.open.add(c)
        try:
            while not self.stopping.is_set():
                method, target, _, body = c.request()
                path, _, query = target.partition("?")
                self.dispatch(c, method, re.sub(r"^/v1\.\d+", "", path), query, body)
        except Gone:
            pass
        finally:
            self.open.discard(c)
            c.socket.close()

    def dispatch(self, c, method, path, query, body):
        for name, methods, pattern in CALLS:
            match = re.fullmatch(pattern, path)
            if match and method in methods.split("|"):
                break
        else:
            self.calls.append(("unknown", path))
            return c.respond(404, {"message": "page not found"})
        what = match.groupdict().get("id")
        self.calls.append((name, what))
        fault = self.script[name].pop(0) if self.script.get(name) else self.always.get(name)
        if fault and not fault(c, self):
            return None
        return getattr(self, f"on_{name}")(c, what, query, body)

    def on_ping(self, c, *_):
        c.respond(200, raw=b"OK")

    def on_version(self, c, *_):
        c.respond(200, {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})

    def on_info(self, c, *_):
        c.respond(200, {"ID": self.daemon, "Name": "fake", "ServerVersion": "20.10.24"})

    def on_image(self, c, name, *_):
        c.respond(200, {"Id": "sha256:" + "1" * 64, "RepoTags": [name], "Config": {}})

    def on_create(self, c, _, query, body):
        spec = json.loads(body)
        name = re.search(r"name=([^&]*)", query)
        new = secrets.token_hex(32)
        self.containers[new] = {
            "labels": spec.get("Labels") or {},
            "name": name.group(1) if name else "x",
            "running": False,
            "created": int(time.time()),
            "spec": spec,
        }
        c.respond(201, {"Id": new, "Warnings": []})

    def known(self, c, what):
        found = self.containers.get(what)
        if found and found.get("removed"):
            self.containers.pop(what, None)
            found = None
        if not found:
            c.respond(404, {"message": f"No such container: {what}"})
        return found

    def on_start(self, c, what, *_):
        found = self.known(c, what)
        if found:
            found["running"] = True
            c.respond(204)

    def on_attach(self, c, what, *_):
        found = self.known(c, what)
        if not found:
            return
        c.write(
            b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
            b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        )
        found.get("supervisor", self.supervisor)(c, found).serve()
        if found.get("removed"):
            self.containers.pop(what, None)
        raise Gone

    def on_inspect(self, c, what, *_):
        found = self.known(c, what)
        if found:
            c.respond(
                200,
                {
                    "Id": what,
                    "Name": "/" + found["name"],
                    "Config": {"Labels": found["labels"]},
                    "Created": time.strftime(
                        "%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(found["created"])
                    ),
                    "State": {
                        "Running": found["running"],
                        "Status": "running" if found["running"] else "created",
                    },
                },
            )

    def on_kill(self, c, what, *_):
        found = self.known(c, what)
        if found:
            found["removed"] = True
            c.respond(204)

    def on_remove(self, c, what, *_):
        if self.known(c, what):
            self.containers.pop(what, None)
            c.respond(204)

    def on_list(self, c, *_):
        c.respond(
            200,
            [
                {
                    "Id": i,
                    "Names": ["/" + f["name"]],
                    "Labels": f["labels"],
                    "Created": f["created"],
                    "State": "running" if f["running"] else "created",
                }
                for i, f in self.containers.items()
            ],
        )

    def on_wait(self, c, *_):
        c.respond(200, {"StatusCode": 0})
