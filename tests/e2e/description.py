# SPDX-License-Identifier: Apache-2.0
"""/openapi.json and /docs: complete, valid, true of the live gateway, and only where wanted."""

import gzip
import os
import re
import subprocess
import sys

from support import fronts, pypi
from support.gateway import Gateway
from support.redis import Redis
from support.service import TOP, scratch
from support.tap import ensure, equal, matches

HIDDEN = {"/internal/auth/apikey", "/openapi.json", "/docs", "/docs/{file}"}
COMMON = {
    "X-Request-ID", "X-Code-Execution-Version", "X-Code-Execution-Version-Tag", "Cache-Control",
    "X-Content-Type-Options",
}  # fmt: skip
WRONG = [[]]                               # no member of any body may be that


def rows(tap):
    found = pypi.need()
    with scratch() as where, Redis(where).start() as redis:
        with Gateway(where, redis, ENABLE_DOCS="true", MAX_TIMEOUT=7, MAX_INPUT_FILES=3,
                     METRICS_AUTH_REQUIRED="true", APP_ENV="development",
                     RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW=4,
                     RENDER_RATE_LIMIT_WINDOW_SECONDS=600) as gateway:
            description(tap, gateway)
            viewer(tap, gateway)
            front = fronts.lighttpd(str(where), str(gateway.socket))
            try:
                explored(tap, gateway, front, where, found)
            finally:
                front.stop()
        with Gateway(where, redis, ENABLE_DOCS="true", MAX_TIMEOUT=7, METRICS_AUTH_REQUIRED="true",
                     MAX_CONTAINERS_PER_PRINCIPAL=3, SANDBOX_POOL_SIZE=2, CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW=8,
                     CONTAINER_RATE_LIMIT_WINDOW_SECONDS=600, RATE_LIMIT_REQUESTS_PER_WINDOW=5,
                     RATE_LIMIT_WINDOW_SECONDS=600, RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW=1,
                     RENDER_RATE_LIMIT_WINDOW_SECONDS=600) as gateway:
            front = fronts.lighttpd(str(where), str(gateway.socket))
            try:
                refused(tap, gateway, front, where, found)
            finally:
                front.stop()
        with Gateway(where, redis) as gateway:
            absent(tap, gateway)


def source(path):
    return (TOP / path).read_text()


def named(path, table):
    """The members that a table of fields has."""
    text = re.search(rf"field {table}\[\] = {{\n(.*?)\n}};", source(path), re.S).group(1)
    return re.findall(r'^\t{ "(\w+)"', text, re.M)


def description(tap, gateway):
    spec = gateway.ask("GET", "/openapi.json").json

    @tap.row("description: it is valid OpenAPI 3.1")
    def _():
        from openapi_spec_validator import OpenAPIV31SpecValidator

        equal((spec["openapi"], spec["info"]["title"]), ("3.1.0", "Code Execution Gateway"))
        equal([e.message for e in OpenAPIV31SpecValidator(spec).iter_errors()], [])
        equal(spec["info"]["version"], source("VERSION").strip())
        equal(list(spec["components"]["securitySchemes"]), ["HTTPBearer", "APIKeyHeader"])

    @tap.row("description: every route is in it, and nothing else")
    def _():
        routes = set(re.findall(r'^ROUTE\("(\w+)", *"([^"]+)"', source("fcgi-app/route.def"), re.M))
        want = {(m.lower(), p) for m, p in routes if p not in HIDDEN}
        got = {(m, p) for p, item in spec["paths"].items() for m in item if m != "parameters"}
        equal(got, want)

    @tap.row("description: operation ids are short, of one kind and used once")
    def _():
        ids = [o["operationId"] for item in spec["paths"].values() for m, o in item.items() if m != "parameters"]
        equal(len(ids), len(set(ids)))
        ensure(all(re.fullmatch("[a-z]+(_[a-z]+){0,2}", i) for i in ids), ids)

    @tap.row("description: what goes well has an example, and every answer its headers")
    def _():
        for path, item in spec["paths"].items():
            for method, operation in item.items():
                if method == "parameters":
                    continue
                for status, answer in operation["responses"].items():
                    answer = spec["components"]["responses"][answer["$ref"].split("/")[-1]] if "$ref" in answer else answer
                    (content,) = answer["content"].values()
                    ensure("example" in content or "examples" in content or status == "503", (path, status))
                    ensure(COMMON <= set(answer["headers"]), (path, status))
        live = {name.lower() for name, _ in gateway.ask("GET", "/livez").headers}
        equal(live - {"content-type", "content-length", "status"}, {name.lower() for name in COMMON})

    @tap.row("description: limits are those of the settings")
    def _():
        members = spec["components"]["schemas"]["ExecuteRequest"]["properties"]
        equal(members["timeout"]["anyOf"][0]["maximum"], 7)
        equal(members["files"]["maxItems"], 3)
        members = spec["components"]["schemas"]["RenderRequest"]["properties"]
        equal((members["html"]["maxLength"], members["input_files"]["maxItems"]), (2000000, 32))
        members = spec["components"]["schemas"]["LatexRenderRequest"]["properties"]
        equal((members["tex"]["maxLength"], members["input_files"]["maxItems"]), (250000, 20))

    for path, schema, table, fields in (
        ("/containers", "CreateContainerRequest", "fcgi-app/api/session.c", "create_fields"),
        ("/execute", "ExecuteRequest", "fcgi-app/api/execute.c", "execute_fields"),
        ("/api/render", "RenderRequest", "fcgi-app/api/slides.c", "fields"),
        ("/api/latex/render", "LatexRenderRequest", "fcgi-app/api/latex.c", "fields"),
    ):

        @tap.row(f"description: the members of {schema} are those the gateway looks at")
        def _():
            members = spec["components"]["schemas"][schema]["properties"]
            body = {name: WRONG for name in members}
            answer = gateway.client().post(path, body)
            equal(answer.status, 422)
            equal({fault["loc"][1] for fault in answer.json["detail"]}, set(members))
            equal(set(named(table, fields)), set(members))

    for path, schema, table in (
        ("/api/render", "RenderFile", "fcgi-app/api/slides.c"),
        ("/api/latex/render", "LatexFile", "fcgi-app/api/latex.c"),
    ):

        @tap.row(f"description: the members of {schema} are those the gateway looks at, and no others")
        def _():
            shape = spec["components"]["schemas"][schema]
            equal(set(shape["properties"]), set(named(table, "asset_fields")) | {"base64"})
            equal(shape["additionalProperties"], False)
            for name in shape["properties"]:
                faults = gateway.client().post(path, {"input_files": [{name: WRONG}]}).json["detail"]
                ensure(["body", "input_files", 0, name] in [f["loc"] for f in faults], name, faults)


def viewer(tap, gateway):
    for path, kind, what in (
        ("/docs", "text/html", "swagger-ui"),
        ("/docs/start.js", "text/javascript", "openapi.json"),
        ("/docs/swagger-ui-bundle.js", "text/javascript", "SwaggerUIBundle"),
        ("/docs/swagger-ui.css", "text/css", ".swagger-ui"),
        ("/docs/oauth2-redirect", "text/html", "oauth2-redirect.js"),
        ("/docs/oauth2-redirect.js", "text/javascript", "opener"),
    ):

        @tap.row(f"viewer: GET {path}")
        def _():
            answer = gateway.ask("GET", path)
            equal((answer.status, answer.header("content-type")), (200, f"{kind}; charset=utf-8"))
            zipped = answer.header("content-encoding") == "gzip"
            matches(what, (gzip.decompress(answer.body) if zipped else answer.body).decode())
            matches("default-src 'none'", answer.header("content-security-policy"))
            equal(gateway.ask("HEAD", path).body, b"")

    @tap.row("viewer: every file it names is there, and none is elsewhere")
    def _():
        page = gateway.ask("GET", "/docs").body.decode()
        for name in re.findall('(?:src|href)="([^"]+)"', page):
            equal(gateway.ask("GET", f"/{name}").status, 200, name)
        equal(gateway.ask("GET", "/docs/other.js").status, 404)
        equal(gateway.ask("GET", "/docs/").status, 307)


# The contract takes more than JSON Schema can say ("1" for true) and less (names of files).
SKIPPED = "positive_data_acceptance,negative_data_rejection"


def tester(gateway, front, where, packages, **environment):
    """A property-based tester makes requests of the description, right and wrong ones."""
    # fmt: off
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run",
         f"http://127.0.0.1:{front.port}/openapi.json",
         "--header", f"Authorization: Bearer {gateway.tokens['alice']}",
         "--checks", "all", "--exclude-checks", SKIPPED, "--max-examples", "40", "--seed", "1",
         "--no-color", "--request-timeout", "30", "--generation-database", "none"],
        cwd=where, env={**os.environ, "PYTHONPATH": packages, **environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280)
    # fmt: on
    equal(done.returncode, 0, f"\n{done.stdout[-6000:]}\nits status:")
    tested = int(re.search(r"(\d+) generated", done.stdout).group(1))
    ensure(tested > 200, tested, "cases were tested:")


def answers(gateway, path, status):
    """How many there were of this status."""
    text = gateway.client().get("/metrics").text
    counted = rf'^gateway_http_requests_total{{.*path="{path}".*status_code="{status}".*}} (\d+)'
    return sum(int(n) for n in re.findall(counted, text, re.M))


def explored(tap, gateway, front, where, packages):
    @tap.row("description: a tester finds no undocumented answer, no wrong shape and no 500", seconds=300)
    def _():
        tester(gateway, front, where, packages)
        for path in "/api/render", "/api/latex/render":
            for status in 200, 400, 401, 422, 429:
                ensure(answers(gateway, path, status) >= 1, f"{path} never answered {status}")


# What it runs, it runs in a session that is there.
HOOK = """
import os
import schemathesis

@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and "container_id" in body:
        body["container_id"] = os.environ["SESSION"]
    return body
"""


def retried(spec):
    """All answers of 429 and 503."""
    found = [o["responses"] for item in spec["paths"].values() for m, o in item.items() if m != "parameters"]
    found = [a for answers in found for status, a in answers.items() if status in ("429", "503")]
    shared = spec["components"]["responses"]
    return [shared[a["$ref"].split("/")[-1]] if "$ref" in a else a for a in found]


def refused(tap, gateway, front, where, packages):
    (where / "hook.py").write_text(HOOK)

    @tap.row("description: nor where quotas and rates refuse: 429 is as it says", seconds=300)
    def _():
        with gateway.session() as session:
            tester(gateway, front, where, packages, SESSION=session.id, SCHEMATHESIS_HOOKS="hook",
                   PYTHONPATH=f"{packages}:{where}")
            for path in "/containers", "/execute":
                ensure(answers(gateway, path, 200) >= 1, f"{path} never answered 200")
                ensure(answers(gateway, path, 429) >= 10, f"{path} seldom answered 429")
            said = gateway.client().execute(session.id, "1")
            equal(said.status, 429)
            matches("^[1-9][0-9]*$", said.header("Retry-After"))
        spec = gateway.ask("GET", "/openapi.json").json
        equal(spec["components"]["headers"]["Retry-After"]["required"], True)
        ensure(all("Retry-After" in answer["headers"] for answer in retried(spec)), retried(spec))


def absent(tap, gateway):
    for path in ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/docs/swagger-ui.css"):

        @tap.row(f"description: GET {path} is nothing where ENABLE_DOCS is not set")
        def _():
            for method in "GET", "POST", "OPTIONS":
                answer = gateway.ask(method, path)
                equal((answer.status, answer.json), (404, {"detail": "Not Found"}), method)
            equal(gateway.ask("GET", f"{path}/").status, 404)
