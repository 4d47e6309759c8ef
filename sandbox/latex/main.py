# SPDX-License-Identifier: Apache-2.0
"""A LaTeX document into a PDF: one job in a sandbox of its own.

In HOME: job.json {"compiler": ..., "timeout_ms": ...} and tex/main.tex with its assets.
Exit 0: /tmp/output has document.pdf, compiler.log (of the last pass) and result.json.
Exit 1, 2: one line of JSON on standard output, {"message", "error_type", "log_excerpt", "errors"};
1 is a document that does not compile, 2 a request that makes no sense. Anything else is our fault,
and standard error says which.

The PDF carries the time it was made: SOURCE_DATE_EPOCH is not set, as a date in it that is not
today's would be a lie, and today's would make nothing reproducible.
"""

import sys

sys.path.insert(0, sys.argv[0].rpartition("/")[0])

import json
import pathlib
import shutil
import tempfile
import time

import complaints
import passes
import tools

HOME = pathlib.Path("/home/sandbox")
OUTPUT = pathlib.Path("/tmp/output")
COMPILERS = ("pdflatex", "xelatex", "lualatex")
EXCERPT = 4000                             # characters of the log that an error shows
LOG_MAX = 2 << 20                          # bytes of the log that come along
ERRORS_MAX = 50
FAILED, REFUSED = 1, 2


class Refused(Exception):
    """A job that cannot be started."""


def read_job(home):
    job = json.loads((home / "job.json").read_text("utf-8"))
    if job["compiler"] not in COMPILERS:
        raise Refused(f"compiler must be one of {', '.join(COMPILERS)}")
    if not (home / "tex/main.tex").is_file():
        raise Refused("tex is required")
    return job["compiler"], job["timeout_ms"] / 1000


def make_workdir(home):
    """A copy: TeX writes beside its sources, and stale results must not look like ours."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="latex-", dir="/tmp"))
    shutil.copytree(home / "tex", work, dirs_exist_ok=True)
    for suffix in ("pdf", "log", "aux"):
        (work / f"main.{suffix}").unlink(missing_ok=True)
    return work


def tail(path, size):
    """Its end, as bytes; nothing where there is no such file."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read(size)
    except OSError:
        return b""


def deliver(work, output, seconds):
    output.mkdir(parents=True, exist_ok=True)
    shutil.move(work / "main.pdf", output / "document.pdf")
    (output / "compiler.log").write_bytes(tail(work / "main.log", LOG_MAX))
    (output / "result.json").write_text(json.dumps({"execution_time": round(seconds, 3)}))


def tell(message, error_type, log="", errors=()):
    """The one line, without anything that a terminal or a reader of lines would act on."""
    said = {"message": message, "error_type": error_type}
    if log.strip():
        said["log_excerpt"] = log[-EXCERPT:]
    said["errors"] = list(errors)[:ERRORS_MAX]
    print(json.dumps(said), flush=True)


def tell_failure(work, failure):
    log = tail(work / failure.log, LOG_MAX).decode("utf-8", "replace")
    errors = complaints.found(failure.program, log, work)
    if failure.cause and not errors:
        errors = [{"file": None, "line": None, "message": failure.cause}]
    tell(failure.message, "LatexExecutionError", log or failure.said, errors)


def main(home=HOME, output=OUTPUT):
    started = time.monotonic()
    try:
        compiler, seconds = read_job(home)
    except Refused as error:
        tell(str(error), "LatexValidationError")
        return REFUSED
    work = make_workdir(home)
    try:
        passes.make(tools.Tools(work, started, seconds), compiler)
    except tools.Failure as failure:
        tell_failure(work, failure)
        return FAILED
    deliver(work, output, time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
