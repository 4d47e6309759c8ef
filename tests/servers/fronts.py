# SPDX-License-Identifier: Apache-2.0
"""The web servers, started with the configurations as shipped and nothing but environment."""
import os
import signal
import socket
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORS = {
    "CORS_ALLOW_ORIGINS": "http://one.example, https://two.example:8443",
    "CORS_ALLOW_METHODS": "GET,POST,DELETE,OPTIONS",
    "CORS_ALLOW_HEADERS": "Authorization,Content-Type,X-Request-ID,X-API-Key",
    "CORS_ALLOW_CREDENTIALS": "true",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=20):
    """Calls what until it is true; False when the time is over."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


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
        if not wait_for(lambda: accepts(self.port) or self.process.poll() is not None) \
                or self.process.poll() is not None:
            self.stop()
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise RuntimeError(f"{name} did not start: {log.read()[-2000:]}")

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
