# SPDX-License-Identifier: Apache-2.0
"""The Docker Engine API over its unix socket: what is really there, and ways to disturb it."""

import http.client
import json
import pathlib
import socket
import subprocess
import urllib.parse

from .service import DOCKER_HOST


class DockerError(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status} {text}")
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("docker", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Docker:
    def __init__(self, host=DOCKER_HOST):
        self.host = host
        self.socket = host.removeprefix("unix://")

    def ask(self, method, path, body=None, timeout=30):
        """(status, answer)"""
        connection = UnixConnection(self.socket, timeout)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(
                method, "/v1.41" + path, None if body is None else json.dumps(body), headers
            )
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text

    def call(self, method, path, body=None, timeout=30):
        status, answer = self.ask(method, path, body, timeout)
        if status >= 400:
            raise DockerError(status, answer)
        return answer

    def available(self):
        try:
            return self.ask("GET", "/_ping", timeout=5)[0] == 200
        except OSError:
            return False

    def has_image(self, name):
        return self.ask("GET", f"/images/{name}/json")[0] == 200

    def inspect(self, container):
        """None when there is no such container."""
        status, answer = self.ask("GET", f"/containers/{container}/json")
        if status not in (200, 404):
            raise DockerError(status, answer)
        return answer if status == 200 else None

    def exists(self, container):
        return self.inspect(container) is not None

    def running(self, container):
        found = self.inspect(container)
        return bool(found and found["State"]["Running"])

    def list(self, *labels):
        wanted = urllib.parse.quote(json.dumps({"label": list(labels)}))
        return self.call("GET", f"/containers/json?all=1&filters={wanted}")

    def ids(self, *labels):
        return sorted(c["Id"] for c in self.list(*labels))

    def remove(self, container):
        self.ask("DELETE", f"/containers/{container}?force=1")

    def kill(self, container, signal="KILL"):
        self.call("POST", f"/containers/{container}/kill?signal={signal}")

    def pause(self, container):
        self.call("POST", f"/containers/{container}/pause")

    def unpause(self, container):
        self.ask("POST", f"/containers/{container}/unpause")

    def create(self, name="", **spec):
        query = f"?name={name}" if name else ""
        return self.call("POST", f"/containers/create{query}", spec)["Id"]

    def start(self, container):
        self.call("POST", f"/containers/{container}/start")

    def pid(self, container):
        """Of its PID 1, as the host counts."""
        return self.inspect(container)["State"]["Pid"]

    def command(self, *words, seconds=60, check=True):
        """The docker program: exec, save, load."""
        done = subprocess.run(
            ["docker", "-H", self.host, *words],
            capture_output=True,
            text=True,
            timeout=seconds,
            errors="backslashreplace",
        )
        if check and done.returncode:
            raise DockerError(done.returncode, done.stderr)
        return done.stdout


def cgroup_of(pid, controller):
    """The directory of its cgroup, version 1 or 2."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return pathlib.Path(f"/sys/fs/cgroup/{controller}{path}")
        if names == "":
            unified = pathlib.Path(f"/sys/fs/cgroup{path}")
    return unified
