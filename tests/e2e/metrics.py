# SPDX-License-Identifier: Apache-2.0
"""What is counted: contract 7.4, 7.5, 10 D, and 3.4 for who may read it."""

import os
import signal

from support import pypi
from support.fastcgi import JSON
from support.gateway import NOWHERE, Gateway
from support.redis import Redis
from support.service import TOP, children, scratch
from support.tap import Background, ensure, equal, eventually, together

pypi.need()
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402


# fmt: off
FAMILIES = {
    "gateway_http_requests": "counter", "gateway_http_request_duration_seconds": "histogram",
    "gateway_executions": "counter", "gateway_execution_duration_seconds": "histogram",
    "gateway_active_executions": "gauge", "gateway_queued_executions": "gauge",
    "gateway_slide_renders": "counter", "gateway_slide_render_duration_seconds": "histogram",
    "gateway_active_slide_renders": "gauge", "gateway_queued_slide_renders": "gauge",
    "gateway_active_sessions": "gauge", "gateway_session_pool_claims": "counter",
    "gateway_session_pool_size": "gauge", "gateway_render_pool_claims": "counter",
    "gateway_render_pool_size": "gauge",
}
BOUNDS = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 180,
    300, float("inf"),
]
KEYS = [
    "_note", "total_executions", "successful_executions", "failed_executions",
    "timed_out_executions", "active_executions", "total_renders", "successful_renders",
    "failed_renders", "timed_out_renders", "active_renders",
]

# name, method, target, as whom, body, status, path label
REQUESTS = [
    ("the card", "GET", "/", None, b"", 200, "/"),
    ("a HEAD", "HEAD", "/version", None, b"", 200, "/version"),
    ("an OPTIONS", "OPTIONS", "/execute", None, b"", 405, "/execute"),
    ("an alias has a label of its own", "GET", "/readyz", None, b"", 200, "/readyz"),
    ("a slash too many", "GET", "/version/", None, b"", 307, "/version"),
    ("no token", "POST", "/containers", None, b"", 401, "/containers"),
    ("no such session", "GET", f"/containers/{NOWHERE}", "alice", b"", 404,
     "/containers/{container_id}"),
    ("an unknown path", "GET", "/nowhere", None, b"", 404, "__unmatched__"),
    ("a method it has not", "PUT", "/version", None, b"", 405, "/version"),
    ("a body too large", "POST", "/execute", "alice", bytes(1025), 413, "/execute"),
    ("broken JSON", "POST", "/execute", "alice", b"{", 422, "/execute"),
    ("a method made up", "BREW", "/livez", None, b"", 405, "/livez"),
]
# fmt: on


class Scrape(dict):
    """{(sample's name, its labels): value} as the parser of Prometheus' own client reads it."""

    def __init__(self, response):
        equal(
            (response.status, response.header("Content-Type")),
            (200, "text/plain; version=0.0.4; charset=utf-8"),
            repr(response),
        )
        self.families = list(text_string_to_metric_families(response.text))
        for family in self.families:
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                ensure(key not in self, key, "twice:")
                self[key] = sample.value

    def value(self, name, **labels):
        return self.get((name, tuple(sorted(labels.items()))))

    def settled(self):
        """Without what reading it changes."""
        return {k: v for k, v in self.items() if ("path", "/metrics") not in k[1]}


def scrape(gateway):
    return Scrape(gateway.client().get("/metrics"))


def requests(found, method, path, status):
    return found.value(
        "gateway_http_requests_total", method=method, path=path, status_code=str(status)
    )


def outcomes(found):
    return {
        k: found.value("gateway_executions_total", outcome=k)
        for k in ("successful", "failed", "timed_out", "rejected")
    }


def rows(tap):
    for part in (text, counting, everywhere, restarted, forgotten, gauges, pool, renders,
                 readers):
        with scratch() as where, Redis(where).start() as redis:
            part(tap, where, redis)


def text(tap, where, redis):
    with Gateway(where, redis) as gateway:
        found = scrape(gateway)

        @tap.row("metrics: each family once, with help and type")
        def _():
            equal({f.name: f.type for f in found.families}, FAMILIES)
            equal([f.name for f in found.families if not f.documentation], [])
            named = (TOP / "README.md").read_text()
            equal([f.name for f in found.families if f"`{f.name}" not in named], [], "README:")

        @tap.row("metrics: all outcomes are zero from the start, nothing says when it was created")
        def _():
            equal(set(outcomes(found).values()), {0})
            for outcome in ("successful", "failed", "timed_out", "rejected"):
                equal(found.value("gateway_slide_renders_total", outcome=outcome), 0)
            for result in ("hit", "miss"):
                for pool in ("session", "render"):
                    equal(found.value(f"gateway_{pool}_pool_claims_total", result=result), 0)
            for name in ("execution", "slide_render"):
                equal(found.value(f"gateway_{name}_duration_seconds_count"), 0)
            equal([k for k, _ in found if "_created" in k], [])

        @tap.row("metrics: the buckets reach to five minutes and add up")
        def _():
            for family in found.families:
                if family.type != "histogram":
                    continue
                series = {}
                for sample in family.samples:
                    labels = tuple((k, v) for k, v in sample.labels.items() if k != "le")
                    series.setdefault((sample.name[len(family.name) :], labels), []).append(sample)
                for (kind, labels), samples in series.items():
                    if kind == "_bucket":
                        equal([float(s.labels["le"]) for s in samples], BOUNDS)
                        values = [s.value for s in samples]
                        equal(values, sorted(values))
                        equal(values[-1], series["_count", labels][0].value)


def counting(tap, where, redis):
    with Gateway(where, redis, MAX_REQUEST_BODY_SIZE=1024, MAX_INPUT_TOTAL_SIZE=0,
                 MAX_INPUT_FILE_SIZE=0) as gateway:
        for name, method, target, who, body, status, path in REQUESTS:

            @tap.row(f"metrics: {name} counts as {method} {path} {status}")
            def _():
                label = method if method != "BREW" else "other"
                before = scrape(gateway)
                ask = gateway.client(who).request if who else gateway.stranger().request
                equal(ask(method, target, body, headers=JSON).status, status)
                after = scrape(gateway)
                equal(
                    requests(after, label, path, status),
                    (requests(before, label, path, status) or 0) + 1,
                )
                changed = {
                    k for k, v in after.settled().items()
                    if v != before.settled().get(k) and k[0] == "gateway_http_requests_total"
                }
                equal(len(changed), 1, f"{changed}")
                name = "gateway_http_request_duration_seconds_count"
                equal(
                    after.value(name, method=label, path=path),
                    (before.value(name, method=label, path=path) or 0) + 1,
                )

        @tap.row("metrics: each outcome of an execution")
        def _():
            alice, before = gateway.client(), outcomes(scrape(gateway))
            with alice.session() as session:
                session.python("print(1)").worked()
                equal(session.python("1/0").error_type, "ZeroDivisionError")
                equal(session.bash("exit 3").error_type, "BashExitError")
                equal(session.python("while True: pass", timeout=1).timed_out, True)
            equal(alice.execute(NOWHERE, "print(1)").status, 404)
            equal(alice.execute(NOWHERE, "").status, 422)
            found = scrape(gateway)
            after = outcomes(found)
            equal(
                {k: after[k] - before[k] for k in after},
                {"successful": 1, "failed": 2, "timed_out": 1, "rejected": 1},
            )
            equal(found.value("gateway_execution_duration_seconds_count"), 4)
            ensure(found.value("gateway_execution_duration_seconds_sum") >= 1)
            ensure(found.value("gateway_execution_duration_seconds_bucket", le="300.0") == 4)

        @tap.row("metrics: the JSON view says the same, its keys in order")
        def _():
            view = gateway.client().get("/metrics/json").json
            equal(list(view), KEYS)
            found = scrape(gateway)
            equal(
                [view[f"{k}_executions"] for k in ("successful", "failed", "timed_out")],
                list(outcomes(found).values())[:3],
            )
            equal(view["total_executions"], sum(outcomes(found).values()))
            ensure("replica-local" not in view["_note"], view["_note"])


def everywhere(tap, where, redis):
    with Gateway(where, redis) as gateway:
        together([lambda: gateway.ask("GET", "/livez") for _ in range(24)])
        with gateway.session() as session:
            session.answers()

        @tap.row("metrics: every worker tells the same numbers")
        def _():
            answers = together([lambda: scrape(gateway).settled() for _ in range(24)])
            equal([a for a in answers if a != answers[0]], [])
            equal(
                requests(Scrape(gateway.client().get("/metrics")), "GET", "/livez", 200), 24
            )

        @tap.row("metrics: another gateway on this Redis tells them, too, and they add up")
        def _():
            with Gateway(where, redis, like=gateway) as other:
                before = requests(scrape(gateway), "GET", "/livez", 200)
                for one in (gateway, other, other):
                    one.ask("GET", "/livez")
                eventually(
                    lambda: all(
                        requests(scrape(g), "GET", "/livez", 200) == before + 3
                        for g in (gateway, other)
                    ),
                    20,
                    "told by both",
                )
                eventually(
                    lambda: scrape(gateway).settled() == scrape(other).settled(), 20, "the same"
                )

        @tap.row("metrics: nothing is lost with processes that are killed, whichever")
        def _():
            gateway.ask("GET", "/nowhere")
            before = scrape(gateway).settled()
            gateway.ask("GET", "/nowhere")
            old = gateway.workers()
            for pid in old:
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: not set(old) & set(children(gateway.pid)), 30, "replaced")
            after = scrape(gateway).settled()
            changed = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k)}
            key = ("gateway_http_requests_total",
                   (("method", "GET"), ("path", "__unmatched__"), ("status_code", "404")))
            equal(changed.pop(key), 1)
            equal([k for k in changed if "duration" not in k[0]], [])


def restarted(tap, where, redis):
    @tap.row("metrics: a restart keeps them, the last request included")
    def _():
        with Gateway(where, redis) as gateway:
            for _ in range(5):
                equal(gateway.ask("GET", "/version").status, 200)
            equal(gateway.stop(), 0)
            gateway.start(ready=False)
            equal(requests(scrape(gateway), "GET", "/version", 200), 5)
            equal(gateway.ask("GET", "/version").status, 200)
            equal(requests(scrape(gateway), "GET", "/version", 200), 6)


def forgotten(tap, where, redis):
    @tap.row("metrics: what Redis lost is told again; without it they are a 503")
    def _():
        with Gateway(where, redis) as gateway:
            for _ in range(5):
                equal(gateway.ask("GET", "/version").status, 200)
            equal(requests(scrape(gateway), "GET", "/version", 200), 5)
            redis("FLUSHALL")
            equal(requests(scrape(gateway), "GET", "/version", 200), 5)
            redis.stop(signal.SIGKILL)
            response = gateway.client().get("/metrics")
            equal((response.status, bool(response.header("Retry-After"))), (503, True))
            equal(gateway.ask("GET", "/version").status, 200)
            redis.start()
            equal(requests(scrape(gateway), "GET", "/version", 200), 6)


def gauges(tap, where, redis):
    with Gateway(where, redis) as gateway:

        def now():
            found = scrape(gateway)
            return [
                found.value(f"gateway_{name}")
                for name in ("active_executions", "queued_executions", "active_sessions")
            ]

        @tap.row("metrics: what runs, what waits, and the sessions there are")
        def _():
            equal(now(), [0, 0, 0])
            with gateway.session() as session:
                equal(now(), [0, 0, 1])
                waiting = "while [ ! -e go ]; do sleep 0.05; done"
                runs = [Background(lambda: session.ask(waiting, "bash")) for _ in range(2)]
                eventually(lambda: now() == [1, 1, 1], 30, "one running, one waiting")
                equal(gateway.client().get("/metrics/json").json["active_executions"], 1)
                home = gateway.docker.inspect(session.id)["Config"]["WorkingDir"]
                gateway.docker.command("exec", session.id, "touch", f"{home}/go")
                equal([r.answer().status for r in runs], [200, 200])
                eventually(lambda: now() == [0, 0, 1], 30, "nothing running")
            equal(now(), [0, 0, 0])


DECK = {"html": '<meta charset="utf-8"><div class="slide">Hello slides</div>'}


def pool_now(gateway, kind):
    found = scrape(gateway)
    return [
        found.value(f"gateway_{kind}_pool_size"),
        found.value(f"gateway_{kind}_pool_claims_total", result="hit"),
        found.value(f"gateway_{kind}_pool_claims_total", result="miss"),
    ]


def pool(tap, where, redis):
    with Gateway(where, redis, SANDBOX_POOL_SIZE=1, RENDER_POOL_SIZE=1) as gateway:

        @tap.row("metrics: the size of the pool, what it could give and what it could not")
        def _():
            eventually(lambda: pool_now(gateway, "session") == [1, 0, 0], 30, "full")
            sessions = together([gateway.session for _ in range(4)])
            hits, misses = pool_now(gateway, "session")[1:]
            equal(hits + misses, 4)
            ensure(hits >= 1, hits)
            for session in sessions:
                session.delete()
            eventually(lambda: pool_now(gateway, "session") == [1, hits, misses], 30, "full again")

        @tap.row("metrics: the same of the pool of renders")
        def _():
            eventually(lambda: pool_now(gateway, "render") == [1, 0, 0], 60, "full")
            gateway.client().post("/api/render", DECK)
            eventually(lambda: pool_now(gateway, "render") == [1, 1, 0], 60, "full again")


def renders(tap, where, redis):
    @tap.row("metrics: each outcome of a render; one that was refused has failed")
    def _():
        with Gateway(where, redis, RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW=1) as gateway:
            ask = gateway.client().post
            equal(ask("/api/render", {}).status, 422)
            bad = [{"file_name": "a", "base64": "?"}]
            equal(ask("/api/render", {**DECK, "input_files": bad}).status, 400)
            equal(ask("/api/latex/render", {"tex": " "}).status, 400)
            equal(ask("/api/render", DECK).status, 200)
            equal(ask("/api/render", DECK).status, 429)
            found = scrape(gateway)
            counted = {
                outcome: found.value("gateway_slide_renders_total", outcome=outcome)
                for outcome in ("successful", "failed", "timed_out", "rejected")
            }
            equal(counted, {"successful": 1, "failed": 3, "timed_out": 0, "rejected": 0})
            equal(found.value("gateway_slide_render_duration_seconds_count"), 1)
            equal(found.value("gateway_active_slide_renders"), 0)
            view = gateway.client().get("/metrics/json").json
            equal([view[f"{k}_renders"] for k in ("total", "successful", "failed")], [4, 1, 3])


def readers(tap, where, redis):
    # METRICS_AUTH_REQUIRED, REQUIRE_AUTH, path, status for a stranger
    for metrics, api, path, status in (
        ("true", "true", "/metrics", 401),
        ("true", "false", "/metrics", 401),
        ("false", "true", "/metrics", 200),
        ("false", "true", "/metrics/json", 401),
        ("true", "false", "/metrics/json", 200),
        ("false", "true", "/healthz/details", 401),
        ("true", "false", "/health/details", 200),
    ):

        @tap.row(f"metrics: METRICS_AUTH_REQUIRED={metrics} REQUIRE_AUTH={api}: {path} {status}")
        def _():
            with Gateway(
                where, redis, METRICS_AUTH_REQUIRED=metrics, REQUIRE_AUTH=api
            ) as gateway:
                equal(gateway.ask("GET", path).status, status)
                equal(gateway.client().get(path).status, 200)
                equal(gateway.client(token="wrong").get(path).status, status)
