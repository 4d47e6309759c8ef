# SPDX-License-Identifier: Apache-2.0
"""Web server and gateway that stop, die and start again, each with the other at work."""
import os
import signal
import time

from support import fronts, http
from support.gateway import Client, Gateway, serving
from support.redis import Redis
from support.service import BUILD, children, lives, scratch
from support.tap import Background, ensure, equal, eventually

SLOW = "import time; time.sleep(1.5); print('whole')"


def client_of(front, gateway):
    def ask(method, target, headers=(), body=b"", **more):
        return http.ask(front.port, method, target, headers, body, **more)
    return Client(ask, gateway.tokens["alice"])


def underway(session, code=SLOW):
    """A run that has begun."""
    before = session.inspect().json["execution_count"]
    run = Background(lambda: session.ask(code))
    eventually(lambda: session.inspect().json["execution_count"] > before, 30, "running")
    time.sleep(0.2)
    return run


def whole(run):
    response = run.answer(30)
    equal((response.status, response.json["stdout"]), (200, "whole\n"))


def healthy(client):
    return eventually(lambda: client.get("/healthz").status == 200, 30, "healthy", 0.1)


def restarts(tap, front, gateway):
    client = client_of(front, gateway)

    @tap.row("a gateway told to stop answers what it has begun; the next one goes on")
    def _():
        with client.session() as session:
            run = underway(session)
            gateway.send(signal.SIGTERM)
            whole(run)
            equal(gateway.wait(40), 0)
            response = client.get("/livez")
            ensure(response.status in (502, 503) and response.detail, response)
            gateway.start()
            healthy(client)
            session.answers()

    @tap.row("workers that die amid a run: an error at once, then all is well")
    def _():
        with client.session() as session:
            run = underway(session)
            for pid in serving(gateway):
                os.kill(pid, signal.SIGKILL)
            response = run.answer(30)
            ensure(response.status in (500, 502, 503) and response.detail, response)
            healthy(client)
            session.answers()


def spawned(front):
    """The gateway's master, below the script that lighttpd started."""
    return next((pid for script in children(front.process.pid) for pid in children(script)
                 if children(pid)), None)


def spawning(tap, front, gateway):
    client = client_of(front, gateway)

    @tap.row("the gateway is there, as it was configured")
    def _():
        healthy(client)
        with client.session() as session:
            session.python("open('a', 'w').write('from python')").worked()
            equal(session.bash("cat a").stdout, "from python")

    @tap.row("a gateway that dies is started again; the session is still there")
    def _():
        with client.session() as session:
            master = spawned(front)
            os.kill(master, signal.SIGKILL)
            eventually(lambda: spawned(front) not in (None, master), 30, "another")
            healthy(client)
            session.answers()

    @tap.row("SIGINT ends both when the runs are answered")
    def _():
        session = client.session()
        run = underway(session)
        master = spawned(front)
        front.process.send_signal(signal.SIGINT)
        whole(run)
        equal(front.process.wait(30), 0)
        eventually(lambda: not lives(master), 30, "gone")
        eventually(lambda: not list(gateway.run_dir.glob("*.sock*")), 30, "without sockets")


def rows(tap):
    with scratch() as where, Redis(where).start() as redis:
        with Gateway(where, redis, RUN_LEASE_SECONDS=5) as gateway:
            for start in fronts.lighttpd, fronts.caddy:
                front = start(str(where), str(gateway.socket))
                tap.prefix = f"{front.name}: "
                try:
                    restarts(tap, front, gateway)
                finally:
                    tap.prefix = ""
                    front.stop()
        configured = Gateway(where, redis, RUN_LEASE_SECONDS=5)
        environment = {name: str(value) for name, value in configured.settings.items()}
        del environment["FASTCGI_SOCKET"]
        environment["GATEWAY_PROGRAM"] = str(BUILD / "code-gateway")
        front = fronts.lighttpd(str(where), str(configured.socket), "spawn.conf", environment)
        tap.prefix = f"{front.name}: "
        try:
            spawning(tap, front, configured)
        finally:
            tap.prefix = ""
            front.stop()
            configured.remove_containers()
