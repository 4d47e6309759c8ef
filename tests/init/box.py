# SPDX-License-Identifier: Apache-2.0
"""A real sandbox-init to talk to: PID 1 of a hardened container, or of a namespace of its own.

Nothing here may start sandbox-init otherwise: it kills every process it can see.
"""

import dataclasses
import os
import pathlib
import select
import subprocess
import time

from support import wire

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LIBEXEC = "/usr/libexec/code-gateway"
UID, GID = 20001, 10001
LIFETIME = "600"

# Mounts what a container would have, then becomes an unprivileged PID 1.
NAMESPACE = """
set -e
mount -t tmpfs -o mode=0755 tmpfs /usr/libexec
mkdir -p {libexec}/python
cp {init} {libexec}/sandbox-init
cp {python}/*.py {libexec}/python
{renderer}
mount -t tmpfs -o mode=0755 tmpfs /home
mkdir /home/sandbox
mount -t tmpfs -o size=64m,nr_inodes=4096,mode=0700,uid={uid},gid={gid} tmpfs /home/sandbox
mount -t tmpfs -o size=64m,nr_inodes=4096,mode=1777 tmpfs /tmp
mount -t tmpfs -o size=64m,mode=1777 tmpfs /dev/shm
exec setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all "$@"
"""

# For rows with a renderer: the machine's programs, and among them this node.
RENDERER = """
mkdir {libexec}/render {libexec}/node
cp {renderer.main} {libexec}/render/main.js
cp {renderer.node} {libexec}/node/node
mount -t overlay -o lowerdir={libexec}/node:/usr/bin overlay /usr/bin
"""


@dataclasses.dataclass
class Renderer:
    """Files that take the place of the image's: main.js, and node or the image's own."""

    main: str
    node: str = ""

    def mounts(self):
        files = {f"{LIBEXEC}/render/main.js": self.main, "/usr/bin/node": self.node}
        return [arg for to, file in files.items() if file for arg in ("-v", f"{file}:{to}:ro")]


# More for Docker: no renderer, whatever the image has.
NO_RENDERER = ["--mount", f"type=tmpfs,dst={LIBEXEC}/render"]


@dataclasses.dataclass
class Place:
    """Where boxes are started."""

    image: str = "code-sandbox:latest"     # "" for a namespace without Docker
    init: str = ""                         # empty: the image's own supervisor
    python: str = str(TOP / "sandbox/python")

    @property
    def in_docker(self):
        return bool(self.image)

    def command(self, args, memory, extra, image, renderer):
        if self.in_docker:
            mounts = renderer.mounts() if renderer else []
            return self.docker(args, memory, [*mounts, *extra], image or self.image)
        script = NAMESPACE.format(uid=UID, gid=GID, libexec=LIBEXEC, init=self.init,
                                  python=self.python, renderer=RENDERER.format(
                                      libexec=LIBEXEC, renderer=renderer) if renderer else "")
        return ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child", "--net",
                "sh", "-c", script, "sh", f"{LIBEXEC}/sandbox-init", *args]

    def docker(self, args, memory, extra, image):
        owner = f"uid={UID},gid={GID}"
        ours = []
        if self.init:
            ours = ["-v", f"{self.init}:{LIBEXEC}/sandbox-init:ro",
                    "-v", f"{self.python}:{LIBEXEC}/python:ro"]
        return ["docker", "run", "-i", "--rm", "--read-only", "--cap-drop", "ALL",
                "--security-opt", "no-new-privileges", "--network", "none",
                "--user", f"{UID}:{GID}", "--pids-limit", "256",
                "--memory", memory, "--memory-swap", memory, "--shm-size", "32m",
                "--tmpfs", f"/tmp:size=64m,nr_inodes=4096,mode=1777,{owner}",
                "--tmpfs", f"/home/sandbox:size=64m,nr_inodes=4096,mode=0700,{owner}",
                "--log-driver", "none", "--cgroupns", "private", *ours, *extra, image, *args]


PLACE = Place()


@dataclasses.dataclass
class Result:
    """What one run has sent."""

    out: bytes = b""
    err: bytes = b""
    tail: bytes = None
    files: list = dataclasses.field(default_factory=list)
    exit: wire.Exit = None

    @property
    def names(self):
        return [file.name.decode() for file, _ in self.files]


class Box:
    """One sandbox.  Its methods speak for a gateway worker."""

    def __init__(self, lifetime=LIFETIME, args=None, memory="512m", extra=(), image="",
                 renderer=None):
        args = ["--lifetime", lifetime] if args is None else args
        self.process = subprocess.Popen(PLACE.command(args, memory, extra, image, renderer),
                                        bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.decoder = wire.Decoder()
        self.queue = []
        self.epoch = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def send(self, data):
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view):]

    def next(self, timeout=15):
        """The next frame.  EOFError with the exit status once the sandbox has ended."""
        until = time.monotonic() + timeout
        while not self.queue:
            left = max(0, until - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError(f"no frame within {timeout} s")
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise EOFError(self.process.wait(30))
            self.queue.extend(self.decoder.feed(data))
        return self.queue.pop(0)

    def silent(self, seconds):
        """True when no frame comes for so long."""
        try:
            self.next(seconds)
        except TimeoutError:
            return True
        return False

    def status(self, timeout=30):
        """How the sandbox ends, whatever it still says."""
        try:
            while True:
                self.next(timeout)
        except EOFError as end:
            return end.args[0]

    def sync(self, **fields):
        """Begins a conversation and waits for its READY; what came before that."""
        self.epoch = fields.pop("epoch", self.epoch + 1)
        nonce = os.urandom(16)
        self.send(wire.begin(wire.Sync(epoch=self.epoch, nonce=nonce, **fields)))
        before = []
        while True:
            kind, payload = self.next()
            if kind == wire.Type.READY and wire.Ready.unpack(payload).nonce == nonce:
                return before
            before.append((kind, payload))

    def start(self, code, language=wire.Language.PYTHON, files=(), **fields):
        self.send(wire.put_run(code, wire.Run(language=language, **fields), files))

    def collect(self, timeout=30):
        """Everything up to EXIT."""
        result = Result()
        while True:
            kind, payload = self.next(timeout)
            if kind == wire.Type.STDOUT:
                result.out += payload
            elif kind == wire.Type.STDERR:
                result.err += payload
            elif kind == wire.Type.TAIL:
                result.tail = payload
            elif kind == wire.Type.FILE:
                result.files.append([wire.File.unpack(payload), b""])
            elif kind == wire.Type.DATA:
                result.files[-1][1] += payload
            elif kind == wire.Type.EXIT:
                result.exit = wire.Exit.unpack(payload)
                return result
            else:
                raise AssertionError(f"{kind!r} within a run")

    def run(self, code, language=wire.Language.PYTHON, files=(), **fields):
        self.sync()
        self.start(code, language, files, **fields)
        return self.collect()

    def bash(self, code, **fields):
        return self.run(code, wire.Language.BASH, **fields)

    def answers(self):
        """The positive twin of every refusal: the session still works."""
        result = self.run("print(1)")
        assert (result.out, result.err, result.exit.status) == (b"1\n", b"", 0), result
        assert result.exit.outcome == wire.Outcome.EXITED, result
