# SPDX-License-Identifier: Apache-2.0
"""The programs of TeX, each under the job's one deadline and a limit of what it may write."""

import os
import resource
import signal
import subprocess
import time

FILE_MAX = 256 << 20                       # bytes of any one file
SAID_MAX = 1 << 20                         # of what a program prints, those that are looked at
MARGIN = 1.0                               # seconds for telling how it ended

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # Files below the document's own directory and those of TeX, no others and no programs.
    "openin_any": "p",
    "openout_any": "p",
    "shell_escape": "f",
    # LuaTeX asks for its fonts by whole names: the one directory where "p" allows those. What is
    # there belongs to root.
    "TEXMFOUTPUT": "/usr/share",
    # A message is one line, however long.
    "max_print_line": "10000",
    "error_line": "254",
    "half_error_line": "238",
    "FONTCONFIG_FILE": "/etc/fonts/tex.conf",
}


class Failure(Exception):
    """A program did not do its work: what the client is told, and where more of it is."""

    def __init__(self, message, program, log, cause=None, said=""):
        super().__init__(message)
        self.message = message
        self.program = program
        self.log = log
        self.cause = cause
        self.said = said


def confine():
    """In the child: an end by SIGXFSZ tells a file that is too large from all other errors."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_of(status):
    """Why a signal ended it, in words."""
    if status == -signal.SIGXFSZ:
        return f"a file has grown beyond {FILE_MAX >> 20} MiB"
    if status == -signal.SIGKILL:
        return "the document needs more memory than there is"
    return f"ended by signal {-status}" if status < 0 else None


class Tools:
    def __init__(self, work, started, seconds):
        self.work = work
        self.seconds = seconds
        self.deadline = started + seconds - min(MARGIN, seconds / 10)
        self.environment = ENVIRONMENT | {
            "HOME": str(work), "TMPDIR": str(work), "VARTEXFONTS": str(work / "texfonts"),
            "TEXMFVAR": str(work / "texmf"), "TEXMFHOME": str(work / "texmf"),
        }

    def run(self, program, *arguments, log):
        """Its exit status and what it printed; log is where it writes what went wrong."""
        said = self.work / "said.txt"
        try:
            with open(said, "wb") as out:
                process = subprocess.Popen(
                    [program, *arguments], cwd=self.work, env=self.environment,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                    start_new_session=True, preexec_fn=confine)
        except FileNotFoundError:
            raise Failure(f"{program} is not installed in the sandbox image", program, log) from None
        status = self.wait(process, program, log)
        text = said.read_bytes()[-SAID_MAX:].decode("utf-8", "replace")
        if status < 0:
            raise Failure(f"{program} failed", program, log, end_of(status), text)
        return status, text

    def wait(self, process, program, log):
        try:
            return process.wait(max(0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            message = f"{program} timed out after {self.seconds:g} seconds"
            raise Failure(message, program, log, message) from None
