# SPDX-License-Identifier: Apache-2.0
"""Programs a suite starts for itself, and ends; where everything is."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .tap import Failed

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR") or TOP).resolve()
IMAGE = os.environ.get("SANDBOX_IMAGE") or "code-sandbox:latest"
DOCKER_HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def die_with_us():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def scratch():
    """A directory of our own: short, because socket paths are."""
    path = tempfile.mkdtemp(prefix="cg-", dir="/tmp")
    os.chmod(path, 0o755)
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Program:
    """One process with its log; ends with the `with` it was started in."""

    def __init__(self, argv, log, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.argv, self.log, self.env, self.cwd = argv, pathlib.Path(log), env, cwd
        self.stdin = stdin
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                stdin=self.stdin,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=die_with_us,
            )
        return self

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        if self.alive():
            self.process.send_signal(number)

    def wait(self, seconds):
        """Its exit status; None when it still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, number=signal.SIGTERM, seconds=15):
        if not self.process:
            return None
        children = descendants(self.pid) if self.alive() else []
        self.send(signal.SIGCONT)
        self.send(number)
        status = self.wait(seconds)
        if status is None:
            self.process.kill()
            self.process.wait(5)
        for pid, began in children:  # whatever it left behind
            if started(pid) == began:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return status

    def logged(self):
        return self.log.read_text(errors="backslashreplace") if self.log.exists() else ""

    def last_words(self, lines=15):
        return "\n".join(self.logged().splitlines()[-lines:])

    def until(self, probe, seconds=20, what="ready"):
        end = time.monotonic() + seconds
        while True:
            if not self.alive():
                raise Failed(
                    f"{self.argv[0]} ended with {self.process.poll()}:\n{self.last_words()}"
                )
            with contextlib.suppress(OSError):
                if probe():
                    return self
            if time.monotonic() > end:
                raise Failed(f"{self.argv[0]} not {what} in {seconds} s:\n{self.last_words()}")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def stat_fields(pid):
    """/proc/PID/stat from the state on; None when there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def started(pid):
    fields = stat_fields(pid)
    return fields and fields[19]


def called(pid):
    """The name a process has given itself."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def lives(pid):
    fields = stat_fields(pid)
    return bool(fields and fields[0] not in "ZX")


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat_fields(name)
            if fields and int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(name))
    return found


def descendants(pid):
    """[(pid, when it began)], so that a number used again is not taken for the old one."""
    found, todo = [], [pid]
    while todo:
        for child in children(todo.pop()):
            found.append((child, started(child)))
            todo.append(child)
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connects(path_or_port):
    unix = not isinstance(path_or_port, int)
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as s:
        s.settimeout(2)
        s.connect(str(path_or_port) if unix else ("127.0.0.1", path_or_port))
    return True


class Clean:
    """An environment that holds nothing of the caller's but the way to programs."""

    def __new__(cls, **more):
        env = {k: os.environ[k] for k in ("PATH", "HOME", "LANG") if k in os.environ}
        env.update({k: str(v) for k, v in more.items() if v is not None})
        return env
