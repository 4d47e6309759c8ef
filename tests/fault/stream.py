# SPDX-License-Identifier: Apache-2.0
"""A supervisor that misbehaves: torn, forged, late and missing frames: security.md 4.6."""

import concurrent.futures
import struct
import time

from support import wire
from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal
from support.wire import Kind, Outcome, Raised, Type

from . import fakedocker as fake
from .fakesupervisor import Supervisor, exited, file, frame, printed, ready
from .oracle import Oracle, typed

GOOD = exited(**printed(3))


def says(*pieces, then_close=False, pause=0):
    """A supervisor that answers a RUN with these bytes."""

    class Saying(Supervisor):
        def on_run(self, _):
            for piece in pieces:
                self.say(piece)
                time.sleep(pause)
            if then_close:
                raise fake.Gone

    return Saying


def raw(*pieces, then_close=False):
    """One that answers with bytes below Docker's stream headers."""

    class Raw(Supervisor):
        def on_run(self, _):
            for piece in pieces:
                self.stream.write(piece)
            if then_close:
                raise fake.Gone

    return Raw


def synced(*pieces, then_close=False):
    """One that answers SYNC with these; b"NONCE" stands for the nonce given."""

    class Synced(Supervisor):
        def on_sync(self, payload):
            self.nonce = wire.Sync.unpack(payload).nonce
            for piece in pieces:
                self.say(piece(self.nonce) if callable(piece) else piece)
            if then_close:
                raise fake.Gone

    return Synced


def mux(data, stream=1):
    return struct.pack(">B3xI", stream, len(data)) + data


# What arrives whole: name, supervisor, wanted members of the result
# fmt: off
WHOLE = [
    ("plain", says(frame(Type.STDOUT, b"a\n"), GOOD), {"stdout": "a\n", "error": None}),
    ("a byte at a time", says(*[bytes([b]) for b in frame(Type.STDOUT, b"ab") + frame(Type.STDERR,
     b"c") + GOOD]), {"stdout": "ab", "stderr": "c"}),
    ("all in one piece", says(frame(Type.STDOUT, b"a") + frame(Type.STDERR, b"b") + file("f",
     b"x") + GOOD), {"stdout": "a", "stderr": "b"}),
    ("stderr of PID 1 in between", raw(mux(b"panic", 2) + mux(frame(Type.STDOUT,
     b"a")[:5]) + mux(b"!!", 2) + mux(frame(Type.STDOUT, b"a")[5:] + GOOD)), {"stdout": "a"}),
    ("empty pieces", raw(mux(b"") + mux(frame(Type.STDOUT, b"a")) + mux(b"",
     2) + mux(b"") + mux(GOOD)), {"stdout": "a"}),
    ("pads between frames", says(bytes(100) + frame(Type.STDOUT, b"a") + bytes(3) + GOOD),
     {"stdout": "a"}),
    ("half a character per frame", says(frame(Type.STDOUT, b"\xf0\x9f"), frame(Type.STDOUT,
     b"\x98\x80"), GOOD), {"stdout": "\U0001f600"}),
    ("a dead worker's output before READY", synced(frame(Type.STDOUT,
     b"old") + exited(status=9) + file("old", b"x"), ready), {"stdout": "42\n", "error": None,
     "files": []}),
    ("another's READY before ours", synced(ready(b"x" * 16), ready), {"stdout": "42\n"}),
    ("noise of half a frame before READY", synced(frame(Type.STDOUT, bytes(9000))[4200:], ready),
     None),
    ("an exit code", says(exited(status=3)), {"error": "Python process exited with code 3",
     "error_type": "SystemExit"}),
    ("a signal", says(exited(Outcome.SIGNALED, status=9)),
     {"error": "Python process terminated by SIGKILL", "error_type": "ProcessSignalError"}),
    ("a signal without a name", says(exited(Outcome.SIGNALED, status=99)),
     {"error": "Python process terminated by signal 99"}),
    ("a status beyond all", says(exited(status=0xffffffff)), None),
    ("a run that never started", says(exited(Outcome.NO_START, reason=b"no python")),
     {"error_type": "GatewayError"}),
    ("files that could not be written", says(exited(Outcome.NO_FILES, reason=b"no room")),
     {"error_type": "FileUploadError",
     "error": "Failed to copy input files to container: no room"}),
    ("an hour of wall clock", says(exited(wall_us=3600 * 10**6)), None),
    ("counters at their ends", says(exited(
        wall_us=2**64 - 1, cpu_us=2**64 - 1, peak_bytes=2**64 - 1, stdout_bytes=2**64 - 1,
            stdout_chars=2**64 - 1,
        stderr_bytes=2**64 - 1, stderr_chars=2**64 - 1, survivors=2**32 - 1,
            files_skipped=2**32 - 1)), None),
    ("a reason with markup and line ends", says(exited(Outcome.NO_FILES,
     reason=b"a\r\nX-Evil: 1\r\n\r\n\"}\xff\0")), {"error_type": "FileUploadError"}),
    ("a type with line ends", says(frame(Type.STDERR, b"x"), exited(status=1,
     raised=Raised.EXCEPTION, type=b"Evil\r\nX: y\xff\0")), None),
    ("no time to answer the second question", says(GOOD, GOOD), {"error": None}),
    ("a hundred thousand tiny frames", says(frame(Type.STDOUT, b"x") * 100000, GOOD),
     {"error": None}),
    ("an output file", says(file("a/b.txt", b"content"), GOOD), {"files": [{"name": "a/b.txt",
     "content": "Y29udGVudA==", "mime_type": "text/plain", "size": 7, "error": None}]}),
    ("a link", says(file("l", kind=Kind.LINK), GOOD), {"files": [{"name": "l", "content": None,
     "mime_type": "application/octet-stream", "size": 0,
     "error": "Symlink outputs are not supported"}]}),
    ("a name that is no UTF-8", says(file(b"a\xff", b"x"), GOOD), None),
    ("names that climb", says(file("../../etc/passwd", b"x"), file("/abs", b"y"), file("a\r\nb\x1b",
     b"z"), GOOD), None),
]
# fmt: on

# What is no conversation: the session is gone or in error, the worker is not.
# fmt: off
BROKEN = [
    ("an unknown type", says(frame(77, b"x"), GOOD)),
    ("a header that is none", says(b"\x09\1\2\3" + struct.pack(">I", 3) + b"abc", GOOD)),
    ("2^32-1 bytes announced", says(b"\x09\0\0\0\xff\xff\xff\xff" + bytes(1000))),
    ("65537 bytes announced", says(struct.pack(">B3xI", Type.STDOUT, 65537) + bytes(65537), GOOD)),
    ("text", says(b"Segmentation fault (core dumped)\n" * 50)),
    ("HTTP", raw(b"HTTP/1.1 500 Internal Server Error\r\n\r\n")),
    ("random bytes", says(bytes((i * 7919 >> 3) & 255 for i in range(100000)))),
    ("a stream type of Docker's that is none", raw(b"\3\0\0\0\0\0\0\5hello" + mux(GOOD))),
    ("Docker's header cut", raw(b"\1\0\0", then_close=True)),
    ("Docker's piece cut", raw(b"\1\0\0\0\0\0\1\0abc", then_close=True)),
    ("the end before any answer", says(then_close=True)),
    ("the end in the middle of output", says(frame(Type.STDOUT, b"partial\n"), then_close=True)),
    ("the end in the middle of a frame", says(frame(Type.STDOUT, b"partial\n")[:11],
     then_close=True)),
    ("the end in the middle of a file", says(file("f", bytes(100000))[:50000], then_close=True)),
    ("the end before EXIT", says(frame(Type.STDOUT, b"a"), file("f", b"x"), then_close=True)),
    ("an EXIT that is not sealed", says(GOOD[:-1] + b"\0")),
    ("an EXIT cut short", says(frame(Type.EXIT, GOOD[8:40]))),
    ("an EXIT too long", says(frame(Type.EXIT, GOOD[8:] + b"x"))),
    ("an EXIT with an outcome that is none", says(exited(outcome=99))),
    ("an empty EXIT", says(frame(Type.EXIT))),
    ("a FILE that is not sealed", says(frame(Type.FILE, wire.File(Kind.OUTPUT, 1,
     b"f").pack()[:-1]), GOOD)),
    ("a FILE of a kind that is none", says(file("f", kind=9), GOOD)),
    ("a FILE of input", says(file("f", kind=Kind.INPUT), GOOD)),
    ("DATA without a FILE", says(frame(Type.DATA, b"x"), GOOD)),
    ("DATA beyond the FILE's size", says(frame(Type.FILE, wire.File(Kind.OUTPUT, 1,
     b"f").pack()) + frame(Type.DATA, bytes(60000)) * 300, GOOD)),
    ("a FILE of 2^64-1 bytes", says(frame(Type.FILE, wire.File(Kind.OUTPUT, 2**64 - 1,
     b"f").pack()) + frame(Type.DATA, b"x") + frame(Type.DATA), GOOD)),
    ("a FILE in a FILE", says(frame(Type.FILE, wire.File(Kind.OUTPUT, 5, b"f").pack()) * 2, GOOD)),
    ("EXIT in the middle of a FILE", says(frame(Type.FILE, wire.File(Kind.OUTPUT, 5, b"f").pack()),
     GOOD)),
    ("more files than asked for", says(b"".join(file(f"f{i}", b"x") for i in range(3000)), GOOD)),
    ("a TAIL nobody needs", says(frame(Type.TAIL, b"x" * 60000), GOOD)),
    ("more output than any ceiling", says(*[frame(Type.STDOUT, b"x" * 60000)] * 200, GOOD)),
    ("a READY in the middle", says(ready(b"y" * 16), GOOD)),
    ("a SYNC from there", says(frame(Type.SYNC, bytes(60)), GOOD)),
    ("a BYE in the middle", says(frame(Type.BYE), then_close=True)),
    ("READY with another nonce only", synced(ready(b"x" * 16))),
    ("READY with another protocol", synced(lambda nonce: ready(nonce, 2))),
    ("READY not sealed", synced(lambda nonce: frame(Type.READY, nonce + b"\0\1\0"))),
    ("READY too short", synced(frame(Type.READY, b"x"))),
    ("no READY", synced()),
    ("the end instead of READY", synced(then_close=True)),
    ("garbage instead of READY", synced(b"\xff" * 5000)),
]
# fmt: on


class Endless(Supervisor):
    def on_run(self, _):
        end = time.monotonic() + 40
        while time.monotonic() < end:
            self.say(frame(Type.STDOUT, b"x" * 1000))
            time.sleep(0.001)


# Nobody speaks; only a deadline helps.
# fmt: off
SILENT = [
    ("nothing at all", says()),
    ("output, but no end", says(frame(Type.STDOUT, b"partial\n"))),
    ("half an EXIT", says(GOOD[:20])),
    ("a stream that never pauses and never ends", Endless),
]
# fmt: on


class Talk:
    """One run in a session of its own, and what becomes of that session afterwards."""

    def __init__(self, client, docker, supervisor):
        with client.session() as session:
            docker.containers[session.id]["supervisor"] = supervisor
            began = time.monotonic()
            self.response = session.ask("print(6 * 7)", timeout=1)
            self.took = time.monotonic() - began
            if session.id in docker.containers:
                docker.containers[session.id]["supervisor"] = Supervisor
            self.again = session.ask("print(6 * 7)")

    def is_sound(self, *statuses):
        """A deadline of ours ended it, not its client's; the session tells the truth of itself."""
        ensure(self.took < 75, f"{self.took:.1f} s for {self.response!r}"[:500])
        typed(self.response, *statuses)
        equal([v for k, v in self.response.headers if k == "x-evil"], [])
        if self.again.status == 200:
            equal(self.again.json["stdout"], "42\n", "a session that answers must answer rightly:")
        else:
            typed(self.again, 404, 503)
        return self


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        fake.FakeDocker(where, Supervisor) as docker,
        Gateway(
            where,
            redis,
            docker,
            DOCKER_CLIENT_TIMEOUT=2,
            RUN_LEASE_SECONDS=5,
            MAX_TIMEOUT=5,
            MAX_CONCURRENT_EXECUTIONS=24,
        ) as gateway,
        concurrent.futures.ThreadPoolExecutor(20) as pool,
    ):
        oracle = Oracle(gateway)
        alice = gateway.client()

        def started(supervisor):
            return pool.submit(Talk, alice, docker, supervisor)

        # Many of them end by a deadline only: all are under way before the first is looked at.
        silent = [(name, started(supervisor)) for name, supervisor in SILENT]
        broken = [(name, started(supervisor)) for name, supervisor in BROKEN]
        cut = [
            (at, started(says(frame(Type.STDOUT, b"a") + GOOD[:at], then_close=True)))
            for at in range(1, len(GOOD))
        ]
        whole = [(name, started(supervisor), want) for name, supervisor, want in WHOLE]

        @tap.row("stream: every talk comes to its end", seconds=300)
        def _():
            everything = [talk for _, talk, *_ in silent + broken + cut + whole]
            _, late = concurrent.futures.wait(everything, 280)
            equal(len(late), 0, "talks go on:")

        for name, talk, want in whole:

            @tap.row(f"frames: {name}")
            def _():
                if want is None:
                    talk.result().is_sound(200, 404, 503, 500)
                else:
                    response = talk.result().is_sound(200).response
                    equal({k: response.json[k] for k in want}, want)

        for name, talk in broken:

            @tap.row(f"broken: {name}")
            def _():
                response = talk.result().is_sound(200, 404, 503, 500).response
                if response.status == 200:
                    result = response.json
                    ensure(len(result["stdout"]) <= 100200 and len(result["files"]) <= 1000, result)

        @tap.row("broken: what was cut off is never told as a success")
        def _():
            for at, talk in cut:
                response = talk.result().is_sound(200, 404, 503).response
                ensure(
                    response.status != 200 or response.json["error"], f"cut at {at}: {response!r}"
                )

        for name, talk in silent:

            @tap.row(f"silent: {name}")
            def _():
                response = talk.result().is_sound(200, 404, 503, 504).response
                if response.status == 200:
                    ensure(response.json["error"], response.json)

        conversation(tap, alice, docker)
        tap.row("stream: all is well after it")(oracle.sound)


def conversation(tap, alice, docker):
    @tap.row("frames: what the gateway sends, and that no frame is above 4 KiB")
    def _():
        seen = []

        class Listening(Supervisor):
            def frames(self):
                seen.append(("pads", self.stream.read(len(wire.FLUSH)).count(0)))
                for kind, payload in super().frames():
                    seen.append((kind, len(payload)))
                    yield kind, payload

        talk = Talk(alice, docker, Listening)
        equal(talk.response.status, 200)
        equal(seen[0], ("pads", len(wire.FLUSH)))
        kinds = [k for k, _ in seen[1:] if k != Type.LEASE]
        equal(kinds, [Type.SYNC, Type.FILE, Type.DATA, Type.DATA, Type.RUN])
        equal([n for _, n in seen[1:] if n > wire.MAX_IN], [])

    @tap.row("frames: epochs only rise")
    def _():
        epochs = []

        class Noting(Supervisor):
            def on_sync(self, payload):
                super().on_sync(payload)
                epochs.append(self.epoch)

        with alice.session() as session:
            docker.containers[session.id]["supervisor"] = Noting
            for _ in range(5):
                session.answers()
        equal(epochs, sorted(set(epochs)))
        equal(len(epochs), 6, "five runs and the removal:")
