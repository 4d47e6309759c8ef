# SPDX-License-Identifier: Apache-2.0
"""The web servers, started with the configurations as shipped and nothing but environment."""

import contextlib
import os
import signal
import subprocess

from .service import TOP, connects, free_port
from .tap import Failed, eventually

CORS = {
    "CORS_ALLOW_ORIGINS": "http://one.example, https://two.example:8443",
    "CORS_ALLOW_METHODS": "GET,POST,DELETE,OPTIONS",
    "CORS_ALLOW_HEADERS": "Authorization,Content-Type,X-Request-ID,X-API-Key",
    "CORS_ALLOW_CREDENTIALS": "true",
}


class Front:
    """One running web server: its port, its process, its log."""

    def __init__(self, name, command, directory, environment):
        self.name = name
        self.port = free_port()
        self.log = os.path.join(directory, name.replace(" ", "-") + ".log")
        environment = {**os.environ, **CORS, **environment, "GATEWAY_PORT": str(self.port),
                       "GATEWAY_BIND": "127.0.0.1"}
        environment["PATH"] += ":/usr/sbin"
        environment = {name: value for name, value in environment.items() if value is not None}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        with contextlib.suppress(Failed):
            eventually(lambda: self.accepts() or self.process.poll() is not None)
        if self.process.poll() is not None or not self.accepts():
            self.stop()
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise RuntimeError(f"{name} did not start: {log.read()[-2000:]}")

    def accepts(self):
        with contextlib.suppress(OSError):
            return connects(self.port)
        return False

    def stop(self, number=signal.SIGTERM):
        """Its exit status; killed after ten seconds."""
        self.process.send_signal(number)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def lighttpd(directory, sock, configuration="lighttpd.conf", environment=None):
    uploads = os.path.join(directory, "uploads")
    os.makedirs(uploads, exist_ok=True)
    own = {"FASTCGI_SOCKET": sock, "UPLOAD_DIRECTORY": uploads, "LIGHTTPD_USER": "root"}
    path = os.path.join(TOP, "lighttpd", configuration)
    name = "lighttpd" if configuration == "lighttpd.conf" else "lighttpd spawning"
    return Front(name, ["lighttpd", "-D", "-f", path], directory, {**own, **(environment or {})})


def caddy(directory, sock, environment=None):
    home = os.path.join(directory, "caddy")
    own = {"GATEWAY_SOCKETS": "unix/" + sock, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
    path = os.path.join(TOP, "caddy", "Caddyfile")
    return Front("caddy", ["caddy", "run", "--config", path, "--adapter", "caddyfile"], directory,
                 {**own, **(environment or {})})
