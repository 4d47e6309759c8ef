# SPDX-License-Identifier: Apache-2.0
"""POST /api/render over FastCGI: contract 1.2.7, 1.4, 2.3, 6.  What a deck looks like is tests/render's."""

import base64
import io
import json
import re
import zipfile

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import Background, ensure, equal, eventually, matches

RENDER = "/api/render"
STYLE = '<meta charset="utf-8"><style>.slide{width:1920px;height:1080px}</style>'
HELLO = STYLE + '<div class="slide">Hello slides é</div>'
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOO_MANY = "Render rate limit exceeded for this principal."
CREATIONS = "Container creation rate limit exceeded for this principal."
BUSY = "renderer is busy, please retry shortly"
FAILED = "rendering failed"


def asset(name, content=PIXEL, member="base64_content"):
    return {"file_name": name, member: content}


def deck(html=HELLO, **more):
    return {"html": html, **more}


def faults(response):
    return [(f["type"], f["loc"], f["msg"]) for f in response.json["detail"]]


def archive(response):
    ensure(response.status == 200, response)
    return zipfile.ZipFile(io.BytesIO(response.body))


# name, body, its faults
# fmt: off
INVALID = [
    ("no html", {}, [("missing", ["body", "html"], "Field required")]),
    ("empty html", deck(""), [("string_too_short", ["body", "html"], "String should have at least 1 character")]),
    ("html that is no text", deck(5), [("string_type", ["body", "html"], "Input should be a valid string")]),
    ("unknown members, after the rest, in their order", {"b": 1, "html": "", "a": 2},
     [("string_too_short", ["body", "html"], "String should have at least 1 character"),
      ("extra_forbidden", ["body", "b"], "Extra inputs are not permitted"),
      ("extra_forbidden", ["body", "a"], "Extra inputs are not permitted")]),
    ("rendering_version of a client", deck(rendering_version="v2"),
     [("extra_forbidden", ["body", "rendering_version"], "Extra inputs are not permitted")]),
    ("no list", deck(input_files=None), [("list_type", ["body", "input_files"], "Input should be a valid list")]),
    ("a file that is no object", deck(input_files=[1]),
     [("model_attributes_type", ["body", "input_files", 0],
       "Input should be a valid dictionary or object to extract fields from")]),
    ("a file without content", deck(input_files=[{"file_name": "a"}]),
     [("missing", ["body", "input_files", 0, "base64_content"], "Field required")]),
    ("content twice", deck(input_files=[asset("a") | {"base64": "aGk="}]),
     [("extra_forbidden", ["body", "input_files", 0, "base64"], "Extra inputs are not permitted")]),
    ("an error of the alias", deck(input_files=[asset("a", "", "base64")]),
     [("string_too_short", ["body", "input_files", 0, "base64"], "String should have at least 1 character")]),
    ("more in a file", deck(input_files=[asset("a") | {"x": 1}]),
     [("extra_forbidden", ["body", "input_files", 0, "x"], "Extra inputs are not permitted")]),
    ("a name with a slash", deck(input_files=[asset("a/b")]),
     [("value_error", ["body", "input_files", 0, "file_name"],
       "Value error, file_name must not contain path separators")]),
    ("a name with a backslash", deck(input_files=[asset("a\\b")]),
     [("value_error", ["body", "input_files", 0, "file_name"],
       "Value error, file_name must not contain path separators")]),
    ("a name with a blank", deck(input_files=[asset("a b")]),
     [("value_error", ["body", "input_files", 0, "file_name"],
       "Value error, file_name may only contain letters, numbers, dots, underscores and hyphens")]),
    ("a name that ends a line", deck(input_files=[asset("a\n")]),
     [("value_error", ["body", "input_files", 0, "file_name"],
       "Value error, file_name may only contain letters, numbers, dots, underscores and hyphens")]),
    ("a name that goes up", deck(input_files=[asset("..")]),
     [("value_error", ["body", "input_files", 0, "file_name"], "Value error, invalid file_name")]),
    ("a name too long", deck(input_files=[asset("a" * 129)]),
     [("string_too_long", ["body", "input_files", 0, "file_name"],
       "String should have at most 128 characters")]),
    ("a name twice", deck(input_files=[asset("a.png"), asset("b"), asset("a.png")]),
     [("value_error", ["body"], "Value error, duplicate input file name: a.png")]),
]

# name, settings, body, text
REFUSED = [
    ("html too long", {"RENDER_MAX_HTML_CHARS": 1000}, deck("é" * 1001), "html is too large (>1000 characters)"),
    ("too many files", {"RENDER_MAX_INPUT_FILES": 1}, deck(input_files=[asset("a"), asset("b")]),
     "too many input_files (max 1)"),
    ("no base64", {}, deck(input_files=[asset("a.png", "no base64")]),
     "input file 'a.png' has invalid base64 content"),
    ("a data: URI with no base64", {}, deck(input_files=[asset("a.png", "data:image/png;base64,?")]),
     "input file 'a.png' has invalid base64 content"),
    ("a file too large", {"RENDER_MAX_ASSET_BYTES": 1024},
     deck(input_files=[asset("a.png", base64.b64encode(bytes(1025)).decode())]),
     "input file 'a.png' exceeds max size of 1024 bytes"),
    ("files too large together", {"RENDER_MAX_ASSET_BYTES": 1024, "RENDER_MAX_TOTAL_ASSET_BYTES": 1500},
     deck(input_files=[asset(n, base64.b64encode(bytes(1000)).decode()) for n in ("a", "b")]),
     "input_files exceed max combined size of 1500 bytes"),
    ("no slide", {}, deck("<p>nothing</p>"), "no slide elements found for selector '.slide'"),
    ("too many slides", {"RENDER_MAX_SLIDES": 2}, deck(STYLE + '<div class="slide">x</div>' * 3),
     "too many slides rendered (max 2)"),
]
# fmt: on


def rows(tap):
    with scratch() as where, Redis(where).start() as redis:
        with Gateway(where, redis, CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW=0) as gateway:
            access(tap, gateway)
            invalid(tap, gateway)
            rendered(tap, gateway)
            sandboxes(tap, gateway)
        refused(tap, where, redis)
        limits(tap, where, redis)
        versions(tap, where, redis)


def access(tap, gateway):
    for path in RENDER, "/api/v1/render":

        @tap.row(f"render: {path} wants a key, in either header")
        def _():
            key = gateway.tokens["alice"]
            ask = [("Content-Type", "application/json")]
            for headers, status in (
                ([], 401),
                ([("X-API-Key", "wrong")], 401),
                ([("X-API-Key", key)], 422),
                ([("Authorization", f"Bearer {key}")], 422),
                ([("X-API-Key", "wrong"), ("Authorization", f"Bearer {key}")], 422),
            ):
                equal(gateway.ask("POST", path, ask + headers, b"{}").status, status, headers)
            equal(gateway.ask("GET", path).status, 405)


def invalid(tap, gateway):
    for name, body, expected in INVALID:

        @tap.row(f"render: 422: {name}")
        def _():
            response = gateway.client().post(RENDER, body)
            equal((response.status, faults(response)), (422, expected))


def rendered(tap, gateway):
    @tap.row("render: a deck becomes an archive with the headers of the contract")
    def _():
        response = gateway.client().post(RENDER, deck())
        with archive(response) as found:
            stem = re.search(
                r'^attachment; filename="(presentation_v1_\d{8}T\d{6}Z)\.zip"$',
                response.header("Content-Disposition"),
            ).group(1)
            equal(
                sorted(found.namelist()),
                [f"{stem}.pptx", "report.json", "slides/slide_001.png"],
            )
            equal(found.testzip(), None)
            equal(found.read("slides/slide_001.png")[:8], b"\x89PNG\r\n\x1a\n")
            with zipfile.ZipFile(io.BytesIO(found.read(f"{stem}.pptx"))) as pptx:
                ensure("ppt/slides/slide1.xml" in pptx.namelist(), pptx.namelist())
            json.loads(found.read("report.json"))
        equal(response.header("Content-Type"), "application/zip")
        equal(response.header("X-Rendering-Version"), "v1")
        equal(response.header("X-Slide-Count"), "1")
        version = response.header("X-Code-Execution-Version")
        equal(response.header("X-Renderer-Version"), version)
        equal(response.header("X-Renderer-Version-Tag"), f"v{version}")
        matches(r"^[0-9a-f-]{12}$", response.header("X-Render-ID"))
        matches(r"^\d+$", response.header("X-Render-Warnings"))

    @tap.row("render: files come as base64, under its alias, as data: URI")
    def _():
        images = "".join(f'<img src="{at}" width="9" height="9">' for at in ("assets/a.png", "/assets/b.png", "assets/c.png"))
        body = deck(
            f'{STYLE}<div class="slide">{images}</div>',
            input_files=[
                asset("a.png"),
                asset("b.png", PIXEL, "base64"),
                asset("c.png", f"data:image/png;base64,{PIXEL}"),
            ],
        )
        response = gateway.client().post("/api/v1/render", body)
        with archive(response) as found:
            report = json.loads(found.read("report.json"))
        equal((response.header("X-Render-Warnings"), report.get("warnings", [])), ("0", []))

    @tap.row("render: slides are numbered from 001, in document order, nested ones too")
    def _():
        body = deck(STYLE + '<div class="slide">' * 2 + "</div>" * 2 + '<div class="slide"></div>' * 9)
        with archive(gateway.client().post(RENDER, body)) as found:
            slides = sorted(n for n in found.namelist() if n.startswith("slides/"))
        equal(slides, [f"slides/slide_{n:03}.png" for n in range(1, 12)])


def sandboxes(tap, gateway):
    @tap.row("render: nothing is left of one, and no session of the caller's was taken")
    def _():
        eventually(lambda: gateway.containers() == [] and ["yes"], 30, "no container left")
        keys = gateway.redis("KEYS", f"cg:{{{gateway.deployment}}}:session:*")
        equal(keys or [], [])
        equal(gateway.redis("ZCARD", f"cg:{{{gateway.deployment}}}:render-slots"), 0)

    @tap.row("render: the sandbox is like no session's: limits of its own, no network, a uid")
    def _():
        body = deck(STYLE + "<script>for(;;);</script>" + HELLO)
        running = Background(lambda: gateway.client().post(RENDER, body, timeout=300))
        (container,) = eventually(gateway.containers, 30, "a sandbox")
        found = gateway.docker.inspect(container)
        host = found["HostConfig"]
        equal(host["Memory"], 2 << 30)
        equal((host["NetworkMode"], host["PidsLimit"], host["ShmSize"]), ("none", 512, 512 << 20))
        equal((host["CapDrop"], host["ReadonlyRootfs"], host["AutoRemove"]), (["ALL"], True, True))
        matches("^/render-[0-9a-f-]{12}$", found["Name"])
        equal(gateway.client().get(f"/containers/{container}").status, 404)
        gateway.docker.remove(container)
        answer = running.answer()
        equal((answer.status, answer.detail), (500, FAILED))

    @tap.row("render: the next one works")
    def _():
        archive(gateway.client().post(RENDER, deck())).close()


def refused(tap, where, redis):
    for name, settings, body, text in REFUSED:

        @tap.row(f"render: 400: {name}")
        def _():
            with Gateway(where, redis, **settings) as gateway:
                response = gateway.client().post(RENDER, body)
                equal((response.status, response.detail), (400, text))


def limits(tap, where, redis):
    @tap.row("render: 413 above RENDER_MAX_REQUEST_BODY_BYTES, not above MAX_REQUEST_BODY_SIZE")
    def _():
        sizes = {
            "MAX_INPUT_FILE_SIZE": 1000, "MAX_INPUT_TOTAL_SIZE": 1000, "MAX_REQUEST_BODY_SIZE": 2000,
            "RENDER_MAX_REQUEST_BODY_BYTES": 8000, "RENDER_MAX_HTML_CHARS": 5000,
            "RENDER_MAX_ASSET_BYTES": 1024, "RENDER_MAX_TOTAL_ASSET_BYTES": 4000,
        }  # fmt: skip
        with Gateway(where, redis, **sizes) as gateway:
            client = gateway.client()
            equal(client.post(RENDER, deck("x" * 6000)).status, 400)
            equal(client.post(RENDER, deck("x" * 8000)).status, 413)
            equal(client.post(f"{RENDER}/", deck("x" * 3000)).status, 413)

    @tap.row("render: its own rate, told with Retry-After; a bad request spends nothing")
    def _():
        with Gateway(where, redis, RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW=1) as gateway:
            client = gateway.client()
            for _ in range(3):
                equal(client.post(RENDER, deck(input_files=[asset("a", "?")])).status, 400)
            archive(client.post(RENDER, deck())).close()
            response = client.post(RENDER, deck())
            equal((response.status, response.detail), (429, TOO_MANY))
            matches(r"^\d+$", response.header("Retry-After"))
            equal(client.post(RENDER, deck(input_files=[asset("a", "?")])).status, 429)
            equal(gateway.client("bob").post(RENDER, deck("<p>")).status, 400)

    @tap.row("render: it counts as a creation for that rate, not as a session for its quota")
    def _():
        settings = {"CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW": 2, "MAX_CONTAINERS_PER_PRINCIPAL": 1}
        with Gateway(where, redis, **settings) as gateway:
            with gateway.session():
                archive(gateway.client().post(RENDER, deck())).close()
                response = gateway.client().post(RENDER, deck())
                equal((response.status, response.detail), (429, CREATIONS))

    @tap.row("render: a slot for each, over two gateways; the others wait shortly, then 429")
    def _():
        with Gateway(where, redis, RENDER_QUEUE_TIMEOUT_MS=300) as one:
            with Gateway(where, redis, like=one, RENDER_QUEUE_TIMEOUT_MS=300) as two:
                body = deck(STYLE + "<script>for(;;);</script>" + HELLO)
                running = Background(lambda: one.client().post(RENDER, body, timeout=300))
                (container,) = eventually(one.containers, 30, "a sandbox")
                response = two.client().post(RENDER, deck())
                equal((response.status, response.detail), (429, BUSY))
                equal(response.header("Retry-After"), "1")
                one.docker.remove(container)
                running.answer()
                archive(two.client().post(RENDER, deck())).close()

    @tap.row("render: 504 when the time is over, and the sandbox is gone")
    def _():
        with Gateway(where, redis, RENDER_TIMEOUT_SECONDS=5, PAGE_LOAD_TIMEOUT_MS=5000) as gateway:
            body = deck(STYLE + "<script>for(;;);</script>" + HELLO)
            response = gateway.client().post(RENDER, body)
            equal(response.status, 504)
            matches("timeout exceeded after", response.detail)
            eventually(lambda: gateway.containers() == [] and ["yes"], 30, "no container left")

    @tap.row("render: more output than RENDER_MAX_OUTPUT_BYTES is a 400 that says so")
    def _():
        settings = {"RENDER_MAX_OUTPUT_BYTES": 4096, "RENDER_MAX_ASSET_BYTES": 1024}
        with Gateway(where, redis, **settings) as gateway:
            response = gateway.client().post(RENDER, deck())
            equal(response.status, 400)
            matches("^render output exceeds max size of 4096 bytes while adding ", response.detail)


def versions(tap, where, redis):
    @tap.row("render: SLIDE_RENDERING_VERSION=v2 gives text to edit, the pool gives sandboxes")
    def _():
        settings = {"SLIDE_RENDERING_VERSION": "v2", "RENDER_POOL_SIZE": 1}
        with Gateway(where, redis, **settings) as gateway:
            eventually(gateway.containers, 60, "a member of the pool")
            for _ in range(2):
                response = gateway.client().post(RENDER, deck())
                equal(response.header("X-Rendering-Version"), "v2")
                matches('filename="presentation_v2_', response.header("Content-Disposition"))
                with archive(response) as found:
                    (name,) = [n for n in found.namelist() if n.endswith(".pptx")]
                    with zipfile.ZipFile(io.BytesIO(found.read(name))) as pptx:
                        ensure(b"Hello slides" in pptx.read("ppt/slides/slide1.xml"), "no text")
            counted = gateway.ask("GET", "/metrics").body.decode()
            matches(r"gateway_render_pool_claims_total\{result=\"hit\"\} [12]", counted)

    @tap.row("render: one of the pool that died there costs its time, not the render")
    def _():
        with Gateway(where, redis, RENDER_POOL_SIZE=1) as gateway:
            (member,) = eventually(gateway.containers, 60, "a member of the pool")
            gateway.docker.remove(member)
            archive(gateway.client().post(RENDER, deck())).close()
