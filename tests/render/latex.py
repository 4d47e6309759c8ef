# SPDX-License-Identifier: Apache-2.0
"""LaTeX documents of the kinds people write, and those that should not be."""

import json
import os
import re
import subprocess

from support import tap as t

from . import box

DOCUMENTS = box.TOP / "tests/render/latex"
DRIVER = "/usr/libexec/code-gateway/latex"
FAILED, REFUSED = 1, 2
UNDONE = r"(?m)undefined (?:references|citations)|Rerun to get|Label\(s\) may have changed"


def compile_tex(tex, compiler="pdflatex", seconds=60, assets=None):
    """The job as the gateway hands it over; the outcome's files are read before the folders go."""
    with box.Workspace() as work:
        home, out = work.folder("home"), work.folder("out")
        (home / "job.json").write_text(json.dumps({"compiler": compiler, "timeout_ms": seconds * 1000}))
        folder = work.folder("home", "tex")
        for name, data in {"main.tex": tex, **(assets or {})}.items():
            (folder / name).write_text(data)
        command = box.docker(
            ["-v", f"{box.TOP}/sandbox/latex:{DRIVER}:ro", "-v", f"{home}:/home/sandbox:ro",
             "-v", f"{out}:/tmp/output"], ["/usr/bin/python3", "-I", f"{DRIVER}/main.py"])
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=False)
        outcome = box.Outcome(out, done)
        outcome.kept = outcome.files
    return box.Kept(outcome)


def whole(body, preamble=""):
    return f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def compiled(outcome):
    t.equal((outcome.exit, outcome.stdout), (0, ""), outcome.stdout + outcome.stderr)
    t.equal(sorted(outcome.files), ["compiler.log", "document.pdf", "result.json"])
    t.equal(outcome.files["document.pdf"][:5], b"%PDF-")
    t.ensure(json.loads(outcome.files["result.json"])["execution_time"] > 0)
    return outcome.files["compiler.log"].decode("utf-8", "replace")


def failed(outcome, message, file, line, error):
    """Says so in one line of JSON, with the place."""
    t.equal((outcome.exit, outcome.files), (FAILED, {}), outcome.stdout + outcome.stderr)
    said = outcome.said
    t.equal((said["message"], said["error_type"]), (message, "LatexExecutionError"))
    t.ensure(len(said.get("log_excerpt", "")) <= 4000)
    t.ensure(said["errors"], said, "no error")
    first = said["errors"][0]
    t.equal((first["file"], first["line"]), (file, line), first)
    t.matches(error, first["message"])


# name, compiler, source, assets, message, file, line, error
BROKEN = [
    ("an unknown command", "pdflatex", whole("\\foo"), {},
     "pdflatex failed", "main.tex", 3, r"^Undefined control sequence\.$"),
    ("an unknown command, xelatex", "xelatex", whole("\\foo"), {},
     "xelatex failed", "main.tex", 3, r"^Undefined control sequence\.$"),
    ("an unknown command, lualatex", "lualatex", whole("\\foo"), {},
     "lualatex failed", "main.tex", 3, r"^Undefined control sequence\.$"),
    ("an error in an asset", "pdflatex", whole("\\input{part}"), {"part.tex": "fine\n\n\\foo\n"},
     "pdflatex failed", "part.tex", 3, r"^Undefined control sequence\.$"),
    ("a missing package", "pdflatex", whole("x", "\\usepackage{nothere}\n"), {},
     "pdflatex failed", "main.tex", 3, r"File `nothere\.sty' not found"),
    ("a missing class", "pdflatex", "\\documentclass{nothere}\n\\begin{document}x\\end{document}\n", {},
     "pdflatex failed", "main.tex", 2, r"File `nothere\.cls' not found"),
    ("a missing file", "pdflatex", whole("\\input{nothere}"), {},
     "pdflatex failed", "main.tex", 3, r"File `nothere\.tex' not found"),
    ("a missing picture", "pdflatex", whole("\\includegraphics{nothere}", "\\usepackage{graphicx}\n"), {},
     "pdflatex failed", "main.tex", 4, r"File `nothere' not found"),
    ("a missing $", "pdflatex", whole("a_b"), {},
     "pdflatex failed", "main.tex", 3, r"^Missing \$ inserted\.$"),
    ("a runaway argument", "pdflatex", whole("\\x{a\n\nb}", "\\def\\x#1{#1}\n"), {},
     "pdflatex failed", "main.tex", 5, r"^Paragraph ended before \\x was complete\.$"),
    ("an argument without an end", "pdflatex", "\\documentclass{article}\n\\newcommand{\\x}{", {},
     "pdflatex failed", None, None, r"^File ended while scanning"),
    ("a document without an end", "pdflatex", "\\documentclass{article}\n\\begin{document}\nx\n", {},
     "pdflatex failed", None, None, r"^Emergency stop\. The document ends without"),
    ("an environment without an end", "pdflatex", whole("\\begin{itemize}\\item x"), {},
     "pdflatex failed", "main.tex", 4, r"\\begin\{itemize\} on input line 3 ended by \\end\{document\}"),
    ("a font that is not there", "xelatex", whole("x", "\\usepackage{fontspec}\n\\setmainfont{Not Here}\n"),
     {}, "xelatex failed", "main.tex", 4, r'The font "Not Here" cannot be found'),
    ("a bibliography that is not there", "pdflatex",
     whole("\\cite{a}\\printbibliography", "\\usepackage[backend=biber]{biblatex}\n\\addbibresource{no.bib}\n"),
     {}, "biber failed", None, None, r"Cannot find 'no\.bib'"),
    ("a bibliography with an error", "pdflatex",
     whole("\\cite{a}\\printbibliography", "\\usepackage[backend=biber]{biblatex}\n\\addbibresource{r.bib}\n"),
     {"r.bib": "@book{a,\n title = {x\n}\n"}, "biber failed", "r.bib", 4, r"syntax error"),
    ("a database that is not there", "pdflatex",
     whole("\\cite{a}\\bibliographystyle{plain}\\bibliography{no}"), {},
     "bibtex failed", "main.aux", 4, r"I couldn't open database file no\.bib"),
    ("no page", "pdflatex", whole(""), {},
     "pdflatex completed but did not produce a PDF", None, None, r"^No pages of output\.$"),
]

# What TeX must not do: name, compiler, body, error
REFUSALS = [
    ("reading /etc/passwd", "pdflatex", "\\input{/etc/passwd}", r"File `/etc/passwd\.tex' not found"),
    ("reading /etc/passwd, xelatex", "xelatex", "\\input{/etc/passwd}", r"File `/etc/passwd\.tex' not found"),
    ("reading /etc/passwd, lualatex", "lualatex", "\\input{/etc/passwd}", r"File `/etc/passwd\.tex' not found"),
    ("reading above", "pdflatex", "\\input{../../etc/passwd}", r"not found"),
    ("a pipe", "pdflatex", "\\input{|id}", r"can't find file `\|id'"),
    ("writing above", "pdflatex", "\\newwrite\\w\\immediate\\openout\\w=../x.tex", r"write on file `\.\./x\.tex'"),
    ("writing to HOME", "pdflatex", "\\newwrite\\w\\immediate\\openout\\w=/home/sandbox/x.tex",
     r"write on file `/home/sandbox/x\.tex'"),
    ("Lua's own reading", "lualatex", "\\directlua{assert(io.open('/etc/passwd'))}", r"assertion failed"),
    ("Lua's programs", "lualatex", "\\directlua{assert(os.execute('id'))}", r"\[\\directlua\]:1: "),
]

# What would never end, or be too large: name, compiler, body, seconds, message
ENDLESS = [
    ("a loop", "pdflatex", "\\loop\\iftrue\\repeat", 5, r"^pdflatex timed out after 5 seconds$"),
    ("a loop in Lua", "lualatex", "\\directlua{while true do end}", 6, r"^lualatex timed out after 6 seconds$"),
    ("a loop that says so", "pdflatex", "\\loop\\typeout{x}\\iftrue\\repeat", 8,
     r"^pdflatex (?:failed|timed out after 8 seconds)$"),
    ("a thousand million pages", "pdflatex",
     "\\newcount\\n\\loop x\\newpage\\advance\\n 1 \\ifnum\\n<1000000000\\repeat", 8,
     r"^pdflatex (?:failed|timed out after 8 seconds)$"),
    ("names without end", "pdflatex",
     "\\newcount\\n\\loop\\expandafter\\gdef\\csname a\\the\\n\\endcsname{x}\\advance\\n 1 \\iftrue\\repeat", 20,
     r"^pdflatex (?:failed|timed out after 20 seconds)$"),
    ("a definition that doubles", "pdflatex",
     "\\def\\a{xx}\\loop\\edef\\a{\\a\\a}\\iftrue\\repeat", 20, r"^pdflatex (?:failed|timed out)"),
]


def jobs():
    for path in sorted(DOCUMENTS.glob("*.tex")):
        text = path.read_text()
        compilers = re.match(r"% compilers: (.*)", text)[1].split()
        for compiler in compilers if os.environ.get("RENDER_ALL") else compilers[:1]:
            yield path.stem, compiler, text


def document_row(tap, name, compiler, text):
    @tap.row(f"latex: {name}, {compiler}", seconds=180)
    def _():
        log = compiled(compile_tex(text, compiler, 140, assets={"refs.bib": (DOCUMENTS / "refs.bib").read_text()}))
        t.ensure(not re.search(UNDONE, log), log[-2000:], "references are not settled")


def broken_row(tap, name, compiler, tex, assets, *expected):
    @tap.row(f"latex: {name}", seconds=90)
    def _():
        failed(compile_tex(tex, compiler, assets=assets), *expected)


def refusal_row(tap, name, compiler, body, error):
    @tap.row(f"latex: {name} is refused", seconds=90)
    def _():
        outcome = compile_tex(whole(body), compiler)
        t.equal(outcome.exit, FAILED, outcome.stderr)
        t.matches(error, outcome.said["errors"][0]["message"])
        t.ensure("root:" not in outcome.stdout, outcome.stdout, "told what is there:")


def endless_row(tap, name, compiler, body, seconds, message):
    @tap.row(f"latex: {name} ends", seconds=90)
    def _():
        outcome = compile_tex(whole(body), compiler, seconds)
        t.equal(outcome.exit, FAILED, outcome.stderr)
        t.matches(message, outcome.said["message"])
        t.ensure(outcome.said["errors"], outcome.said)


def rows(tap):
    for job in jobs():
        document_row(tap, *job)
    for case in BROKEN:
        broken_row(tap, *case)
    for case in REFUSALS:
        refusal_row(tap, *case)
    for case in ENDLESS:
        endless_row(tap, *case)

    @tap.row("latex: no shell, and the document goes on")
    def _():
        log = compiled(compile_tex(whole("x\\immediate\\write18{touch /tmp/output/made}")))
        t.matches(r"runsystem\(touch /tmp/output/made\)\.\.\.disabled", log)

    @tap.row("latex: an old bibliography of the client's is taken as it is")
    def _():
        bbl = "\\begin{thebibliography}{1}\\bibitem{a} Somebody.\\end{thebibliography}\n"
        log = compiled(compile_tex(whole("\\cite{a}\\bibliographystyle{plain}\\bibliography{no}"),
                                   assets={"main.bbl": bbl}))
        t.ensure(not re.search(UNDONE, log), log[-2000:])

    @tap.row("latex: a document is required")
    def _():
        with box.Workspace() as work:
            home = work.folder("home")
            (home / "job.json").write_text('{"compiler": "pdflatex", "timeout_ms": 9000}')
            done = subprocess.run(
                box.docker(["-v", f"{box.TOP}/sandbox/latex:{DRIVER}:ro", "-v", f"{home}:/home/sandbox:ro"],
                           ["/usr/bin/python3", "-I", f"{DRIVER}/main.py"]),
                capture_output=True, text=True, check=False)
        t.equal((done.returncode, json.loads(done.stdout)),
                (REFUSED, {"message": "tex is required", "error_type": "LatexValidationError",
                           "errors": []}))
