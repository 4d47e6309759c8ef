# SPDX-License-Identifier: Apache-2.0
"""Health and its details, with everything there and without: contract 7.3, 10 D2."""

import json
import os
import signal
import socket
import subprocess

from support import tokens
from support.docker import Docker
from support.gateway import Gateway
from support.redis import Redis
from support.service import BUILD, DOCKER_HOST, IMAGE, Clean, free_port, scratch
from support.tap import ensure, equal, eventually, matches, together
from support.toxic import Toxic

LIGHT = ("/health", "/healthz", "/readyz")
DETAILS = ("/health/details", "/healthz/details")

# fmt: off
KEYS = [
    "status", "app_env", "auth_mode", "docker_connected", "docker_daemon_id",
    "docker_daemon_name", "sandbox_image_available", "sandbox_image", "sandbox_runtime",
    "public_beta_mode", "strong_sandbox_isolation_required", "state_backend",
    "state_backend_healthy", "cors_enabled", "cors_origins_configured",
    "max_concurrent_executions", "max_concurrent_renders", "active_rendering_version",
    "render_timeout_seconds", "latex_render_max_request_body_bytes",
    "latex_render_timeout_seconds", "default_timeout", "session_timeout_seconds",
    "max_session_lifetime_seconds", "max_executions_per_session", "metrics",
]
METRICS = [
    "total_executions", "successful_executions", "failed_executions", "timed_out_executions",
    "active_executions", "total_renders", "successful_renders", "failed_renders",
    "timed_out_renders", "active_renders",
]
# fmt: on


def rows(tap):
    for part in (well, modes, no_image, without_redis, without_docker, healthcheck):
        with scratch() as where, Redis(where).start() as redis:
            part(tap, where, redis)


def well(tap, where, redis):
    with Gateway(where, redis, SESSION_TIMEOUT_SECONDS=77) as gateway:
        for path in DETAILS:

            @tap.row(f"GET {path}: every key in order")
            def _():
                response = gateway.client().get(path)
                equal(response.status, 200, repr(response))
                equal(list(response.json), KEYS)
                equal(list(response.json["metrics"]), METRICS)
                equal(
                    response.body,
                    json.dumps(response.json, ensure_ascii=False, separators=(",", ":")).encode(),
                )

        @tap.row("health details: what is configured, what the daemon is called")
        def _():
            details = gateway.client().get("/healthz/details").json
            info = gateway.docker.call("GET", "/info")
            wanted = {
                "status": "healthy",
                "app_env": "development",
                "auth_mode": "api_key",
                "docker_connected": True,
                "docker_daemon_id": info["ID"],
                "docker_daemon_name": info["Name"],
                "sandbox_image_available": True,
                "sandbox_image": IMAGE,
                "sandbox_runtime": "default",
                "public_beta_mode": False,
                "strong_sandbox_isolation_required": False,
                "state_backend": "RedisStateBackend",
                "state_backend_healthy": True,
                "max_concurrent_executions": 4,
                "default_timeout": 30,
                "session_timeout_seconds": 77,
                "max_session_lifetime_seconds": 3600,
                "max_executions_per_session": 100000,
            }
            equal({k: details[k] for k in wanted}, wanted)

        @tap.row("health details: the metrics are those of /metrics/json")
        def _():
            with gateway.session() as session:
                session.answers()
            alice = gateway.client()
            view = alice.get("/metrics/json").json
            view.pop("_note")
            equal(alice.get("/healthz/details").json["metrics"], view)
            equal(view["successful_executions"], 1)

        @tap.row("health details: neither keys nor secrets are among them")
        def _():
            text = gateway.client().get("/healthz/details").text
            equal([k for k, token in gateway.tokens.items() if token in text], [])


def modes(tap, where, redis):
    for mode, settings in {
        "disabled": {"REQUIRE_AUTH": "false"},
        "jwt": {"API_KEYS": "", "JWT_SECRET": tokens.SECRET, "REQUIRE_AUTH": "true"},
        "jwt+api_key": {"JWT_SECRET": tokens.SECRET},
    }.items():

        @tap.row(f"health details: auth_mode {mode}")
        def _():
            with Gateway(where, redis, **settings) as gateway:
                ann = gateway.client(token=tokens.token())
                caller = ann if "jwt" in mode else gateway.stranger()
                equal(caller.get("/healthz/details").json["auth_mode"], mode)


def degraded(gateway, **wanted):
    """All answers are 503, and soon: each has a deadline, however long a call may take."""
    for path in LIGHT:
        response = gateway.ask("GET", path, timeout=20)
        equal((response.status, response.body), (503, b'{"status":"degraded"}'), path)
        equal(response.header("Retry-After"), "1")
    response = gateway.client().get("/healthz/details", timeout=20)
    equal((response.status, response.json["status"]), (503, "degraded"))
    equal(list(response.json), KEYS)
    equal({k: response.json[k] for k in wanted}, wanted)
    equal(gateway.ask("GET", "/livez", timeout=20).status, 200)
    return response.json


def lines_with(gateway, key, value):
    lines = [json.loads(line) for line in gateway.logged().splitlines()]
    return [line for line in lines if line.get(key) == value]


def no_image(tap, where, redis):
    @tap.row("health: without the sandbox image it is degraded, and says so")
    def _():
        gateway = Gateway(where, redis, SANDBOX_IMAGE="no-such-image:none", HEALTH_CACHE_SECONDS=0)
        try:
            gateway.start(ready=False)
            degraded(
                gateway,
                docker_connected=True,
                sandbox_image_available=False,
                sandbox_image="no-such-image:none",
                state_backend_healthy=True,
            )
            missing = "SANDBOX_IMAGE is not on the Docker host: no-such-image:none"
            eventually(lambda: lines_with(gateway, "message", missing), 30, "a warning")
            details = eventually(lambda: lines_with(gateway, "route", DETAILS[1]), 30, "a line")
            equal({line["outcome"] for line in details}, {"unavailable"})
        finally:
            gateway.stop()


def without_redis(tap, where, redis):
    with Toxic(where, "redis-toxic", redis.socket) as toxic:
        between = type("Between", (), {"url": toxic.url, "__call__": lambda _, *w: redis(*w)})()
        with Gateway(
            where, between, HEALTH_CACHE_SECONDS=0, REDIS_SOCKET_TIMEOUT=50,
            REDIS_SOCKET_CONNECT_TIMEOUT=50,
        ) as gateway:  # fmt: skip
            for name, mode in (("is gone", "refuse"), ("says nothing", "stall")):

                @tap.row(f"health: Redis {name}: degraded, and well again")
                def _():
                    toxic.be(mode, cut=True)
                    try:
                        found = degraded(
                            gateway, docker_connected=True, state_backend_healthy=False
                        )
                        equal(set(found["metrics"].values()), {None})
                    finally:
                        toxic.be("pass", cut=True)
                    eventually(
                        lambda: gateway.ask("GET", "/healthz").status == 200, 60, "healthy"
                    )


def without_docker(tap, where, redis):
    with Toxic(where, "docker-toxic", DOCKER_HOST.removeprefix("unix://")) as toxic:
        docker = Docker()
        with Gateway(
            where, redis, DOCKER_HOST=toxic.host, HEALTH_CACHE_SECONDS=0,
            DOCKER_CLIENT_TIMEOUT=50,
        ) as gateway:  # fmt: skip
            for name, mode in (("is gone", "refuse"), ("says nothing", "stall")):

                @tap.row(f"health: Docker {name}: degraded, and well again")
                def _():
                    name = docker.call("GET", "/info")["Name"]
                    toxic.be(mode, cut=True)
                    try:
                        degraded(
                            gateway,
                            docker_connected=False,
                            sandbox_image_available=False,
                            state_backend_healthy=True,
                        )
                    finally:
                        toxic.be("pass", cut=True)
                    eventually(
                        lambda: gateway.ask("GET", "/healthz").status == 200, 60, "healthy"
                    )
                    details = gateway.client().get("/healthz/details").json
                    equal(details["docker_daemon_name"], name)

            @tap.row("health: while Docker says nothing, one worker asks for all")
            def _():
                equal(gateway.ask("GET", "/healthz").status, 200)
                toxic.be("stall")
                try:
                    lines = len(gateway.logged())
                    calls = [lambda: gateway.ask("GET", "/healthz").status for _ in range(8)]
                    ensure(503 in together(calls), "nobody asked")

                    def logged():
                        """A line is there after its answer, and may be half written."""
                        whole = gateway.logged()[lines:].rpartition("\n")[0].splitlines()
                        found = [e for e in map(json.loads, whole) if e.get("route") == "/healthz"]
                        return len(found) >= 8 and found

                    asked = eventually(logged, 30, "eight lines")
                    ensure(1 <= len([e for e in asked if e["ms"] > 1000]) < 8, asked)
                finally:
                    toxic.be("pass", cut=True)
                eventually(lambda: gateway.ask("GET", "/healthz").status == 200, 60, "healthy")


def check(gateway, **settings):
    """(status, all it says) of code-gateway --healthcheck with that gateway's settings."""
    done = subprocess.run(
        [str(BUILD / "code-gateway"), "--healthcheck"],
        env=Clean(**{**gateway.settings, **settings}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout + done.stderr


def refused(gateway, words, **settings):
    status, said = check(gateway, **settings)
    equal((status, said.count("\n")), (1, 1), said)
    matches(words, said)


def healthcheck(tap, where, redis):
    with Gateway(where, redis, HEALTH_CACHE_SECONDS=0) as gateway:

        @tap.row("--healthcheck: a gateway that is well")
        def _():
            equal(check(gateway), (0, f"healthy: {gateway.socket}\n"))

        @tap.row("--healthcheck: one whose Redis is gone")
        def _():
            redis.stop(signal.SIGKILL)
            try:
                refused(gateway, '^unhealthy: .*: status 503: {"status":"degraded"}$')
            finally:
                redis.start()

        @tap.row("--healthcheck: one that hangs")
        def _():
            stopped = [gateway.pid, *gateway.workers()]
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            try:
                refused(gateway, "^unhealthy: .*: no answer in time$")
            finally:
                for pid in stopped:
                    os.kill(pid, signal.SIGCONT)
            # Who was stopped while it asked has found nobody in time, for as long as that is kept.
            eventually(lambda: check(gateway)[0] == 0, 30, "healthy")

        @tap.row("--healthcheck: one that has stopped")
        def _():
            equal(gateway.stop(), 0)
            refused(gateway, "^unhealthy: .*: cannot connect to .*: No such file or directory$")

        @tap.row("--healthcheck: none is known, or it is no address")
        def _():
            refused(gateway, "^unhealthy: FASTCGI_SOCKET: is not set", FASTCGI_SOCKET=None)
            refused(gateway, "neither a path nor a loopback address", FASTCGI_SOCKET="127.0.0.1")

        @tap.row("--healthcheck: something else answers there")
        def _():
            with socket.create_server(("127.0.0.1", 0)) as other:
                address = f"127.0.0.1:{other.getsockname()[1]}"
                refused(gateway, "no answer in time", FASTCGI_SOCKET=address)
                equal(other.accept()[0].recv(1), b"\1")

    @tap.row("--healthcheck: a gateway on a loopback port")
    def _():
        address = f"127.0.0.1:{free_port()}"
        gateway = Gateway(where, redis, FASTCGI_SOCKET=address)
        super(Gateway, gateway).start()
        try:
            eventually(lambda: check(gateway) == (0, f"healthy: {address}\n"), 30, "healthy")
        finally:
            gateway.stop()
        refused(gateway, "cannot connect to .*: Connection refused")
