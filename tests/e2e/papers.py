# SPDX-License-Identifier: Apache-2.0
"""POST /api/latex/render over FastCGI: contract 1.2.8, 1.4, 2.3, 6.7.  What compiles is tests/render's."""

import base64
import io
import json
import zipfile

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, eventually, matches

LATEX = "/api/latex/render"
PAPER = "\\documentclass{article}\\begin{document}Hello \\LaTeX\\end{document}\n"
RATE = "LaTeX render rate limit exceeded for this principal."


def asset(name, content=b"x", member="base64_content"):
    return {"file_name": name, member: base64.b64encode(content).decode()}


def paper(tex=PAPER, **more):
    return {"tex": tex, **more}


def faults(response):
    return [(f["type"], f["loc"], f["msg"]) for f in response.json["detail"]]


def name_fault(text):
    return [("value_error", ["body", "input_files", 0, "file_name"], f"Value error, {text}")]


# name, body, its faults
# fmt: off
INVALID = [
    ("no tex", {}, [("missing", ["body", "tex"], "Field required")]),
    ("tex too long", paper("x" * 1001),
     [("string_too_long", ["body", "tex"], "String should have at most 1000 characters")]),
    ("unknown members", paper(engine="tex"),
     [("extra_forbidden", ["body", "engine"], "Extra inputs are not permitted")]),
    ("another compiler", paper(compiler="tex"),
     [("literal_error", ["body", "compiler"], "Input should be 'pdflatex', 'xelatex' or 'lualatex'")]),
    ("an empty name", paper(input_files=[asset("  ")]), name_fault("file_name cannot be empty")),
    ("a directory", paper(input_files=[asset("a/b")]),
     name_fault("file_name must be a same-directory asset name")),
    ("a dot", paper(input_files=[asset(" .. ")]), name_fault("invalid file_name")),
    ("a control character", paper(input_files=[asset("a\tb")]),
     name_fault("file_name must not contain control characters")),
    ("the document's own name", paper(input_files=[asset("main.tex")]),
     name_fault("file_name main.tex is the document's own")),
    ("twice the same, once trimmed", paper(input_files=[asset("a b"), asset(" a b ")]),
     [("value_error", ["body"], "Value error, duplicate input file name: a b")]),
    ("a job of dots", paper(job_name=" ._- "),
     [("value_error", ["body", "job_name"], "Value error, job_name cannot be empty")]),
    ("a job too long", paper(job_name="a" * 81),
     [("string_too_long", ["body", "job_name"], "String should have at most 80 characters")]),
]

# job_name, what becomes of it
NAMES = [
    ("thesis", "thesis"), ("my  report / v2", "my-report-v2"), ("..hidden..", "hidden"), ("Ä", None),
    ("a" * 80, "a" * 64), ("über", "ber"), ("x_.-", "x"),
]

# name, body, text
REFUSED = [
    ("too many files", paper(input_files=[asset("a"), asset("b"), asset("c")]), "too many input_files (max 2)"),
    ("no base64", paper(input_files=[{"file_name": "a b", "base64": "data:,eA=="}]), "invalid base64 for a b"),
    ("a file too large", paper(input_files=[asset("a", bytes(1025))]), "input file a is too large"),
    ("files too large together", paper(input_files=[asset("a", bytes(1000)), asset("b", bytes(1000))]),
     "input files exceed total size limit"),
    ("nothing but blanks", paper(" \n\t "), {"message": "tex is required", "error_type": "LatexValidationError"}),
]
# fmt: on


def rows(tap):
    with scratch() as where, Redis(where).start() as redis:
        tight = {
            "LATEX_MAX_TEX_CHARS": 1000, "LATEX_MAX_INPUT_FILES": 2, "LATEX_MAX_ASSET_BYTES": 1024,
            "LATEX_MAX_TOTAL_ASSET_BYTES": 1500,
        }  # fmt: skip
        with Gateway(where, redis, **tight) as gateway:
            refused(tap, gateway)
        with Gateway(where, redis, RENDER_POOL_SIZE=1) as gateway:
            compiled(tap, gateway)
            failed(tap, gateway)
        ends(tap, where, redis)


def refused(tap, gateway):
    for name, body, expected in INVALID:

        @tap.row(f"latex: 422: {name}")
        def _():
            response = gateway.client().post(LATEX, body)
            equal((response.status, faults(response)), (422, expected))

    for name, body, detail in REFUSED:

        @tap.row(f"latex: 400: {name}")
        def _():
            response = gateway.client().post(LATEX, body)
            equal((response.status, response.detail), (400, detail))


def compiled(tap, gateway):
    for compiler in "pdflatex", "xelatex", "lualatex":

        @tap.row(f"latex: {compiler} makes an archive with the headers of the contract")
        def _():
            body = paper(job_name="my paper", compiler=compiler)
            response = gateway.client().post("/api/v1/latex/render", body, timeout=150)
            ensure(response.status == 200, response)
            with zipfile.ZipFile(io.BytesIO(response.body)) as found:
                equal(
                    sorted(found.namelist()),
                    [f"logs/{compiler}.log", "metadata.json", "my-paper.pdf", "source/main.tex"],
                )
                pdf, said = found.read("my-paper.pdf"), json.loads(found.read("metadata.json"))
                equal((pdf[:5], found.read("source/main.tex")), (b"%PDF-", PAPER.encode()))
            equal(
                list(said),
                ["file_name", "media_type", "compiler", "compiled_at", "execution_time", "pdf_size"],
            )
            equal((said["file_name"], said["compiler"]), ("my-paper.pdf", compiler))
            equal((said["media_type"], said["pdf_size"]), ("application/pdf", len(pdf)))
            equal(response.header("Content-Type"), "application/zip")
            equal(response.header("Content-Disposition"), 'attachment; filename="my-paper.zip"')
            equal(response.header("X-PDF-File-Name"), "my-paper.pdf")
            equal(response.header("X-LaTeX-Compiler"), compiler)
            equal(response.header("X-Renderer-Version"), response.header("X-Code-Execution-Version"))
            matches("^[0-9a-f-]{12}$", response.header("X-Render-ID"))

    for given, name in NAMES:

        @tap.row(f"latex: the job {given[:20]!r} is called {name and name[:20]!r}")
        def _():
            response = gateway.client().post(LATEX, paper(job_name=given))
            if name is None:
                equal(faults(response)[0][2], "Value error, job_name cannot be empty")
            else:
                equal(response.header("X-PDF-File-Name"), f"{name}.pdf")

    @tap.row("latex: files lie beside the document, whatever they are called")
    def _():
        tex = PAPER.replace("Hello", "\\input{part (ü).tex}")
        body = paper(tex, input_files=[asset("part (ü).tex", b"Part")])
        ensure(gateway.client().post(LATEX, body).status == 200)


def failed(tap, gateway):
    @tap.row("latex: what does not compile is a 422 that says where")
    def _():
        tex = "\\documentclass{article}\n\\begin{document}\n\\nosuchthing\n\\end{document}\n"
        response = gateway.client().post(LATEX, paper(tex))
        equal(response.status, 422)
        detail = response.detail
        equal((detail["message"], detail["error_type"]), ("pdflatex failed", "LatexExecutionError"))
        ensure("Undefined control sequence" in detail["log_excerpt"], detail)
        ensure(len(detail["log_excerpt"]) <= 4000, len(detail["log_excerpt"]))
        equal((detail["errors"][0]["file"], detail["errors"][0]["line"]), ("main.tex", 3))
        ensure("Undefined control sequence" in detail["errors"][0]["message"], detail["errors"])

    for name, tex in (
        ("a file of the system", "\\input{/etc/passwd}"),
        ("a file above it", "\\input{../job.json}"),
        ("a pipe", '\\input{|"id"}'),
    ):

        @tap.row(f"latex: {name} is not read")
        def _():
            response = gateway.client().post(LATEX, paper(PAPER.replace("Hello", tex)))
            equal(response.status, 422)
            ensure("root:" not in response.body.decode(), response)

    @tap.row("latex: no shell")
    def _():
        tex = PAPER.replace("Hello", "\\immediate\\write18{touch shell.tex}\\IfFileExists{shell.tex}{\\nosuch}{}")
        ensure(gateway.client().post(LATEX, paper(tex)).status == 200)


def ends(tap, where, redis):
    @tap.row("latex: an endless one is told what took so long, and its sandbox is gone")
    def _():
        with Gateway(where, redis, LATEX_RENDER_TIMEOUT_SECONDS=5) as gateway:
            tex = PAPER.replace("Hello", "\\loop\\iftrue\\repeat")
            response = gateway.client().post(LATEX, paper(tex))
            equal(response.status, 422)
            equal(response.detail["message"], "pdflatex timed out after 5 seconds")
            eventually(lambda: gateway.containers() == [] and ["yes"], 30, "no container left")

    @tap.row("latex: a rate of its own")
    def _():
        with Gateway(where, redis, RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW=1) as gateway:
            ensure(gateway.client().post(LATEX, paper()).status == 200)
            response = gateway.client().post(LATEX, paper())
            equal((response.status, response.detail), (429, RATE))
            ensure(gateway.client().post("/api/render", {"html": "<p>"}).status != 429)

    @tap.row("latex: a document above LATEX_MAX_OUTPUT_BYTES is refused")
    def _():
        settings = {"LATEX_MAX_OUTPUT_BYTES": 2048, "LATEX_MAX_ASSET_BYTES": 1024}
        with Gateway(where, redis, **settings) as gateway:
            response = gateway.client().post(LATEX, paper())
            equal(response.status, 422)
            equal(response.detail["message"], "rendered PDF exceeds output size limit")
