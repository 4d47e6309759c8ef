# SPDX-License-Identifier: Apache-2.0
"""Frames and messages of lib/wire, for tests that play one end of the conversation.

The classes have the fields of lib/wire/message.h in their order; pack() gives a payload,
unpack() reads one and raises ValueError for anything but exactly one whole message.
"""

import dataclasses
import enum
import struct

PROTOCOL = 1
HEADER = 8
MAX_IN = 4096
MAX_OUT = 65536
FLUSH = bytes(MAX_IN + HEADER)
JOB_MAX = 16384
SEAL = 0xA5


class Type(enum.IntEnum):
    SYNC = 1
    FILE = 2
    DATA = 3
    RUN = 4
    LEASE = 5
    CANCEL = 6
    BYE = 7
    READY = 8
    STDOUT = 9
    STDERR = 10
    TAIL = 11
    EXIT = 12


class Kind(enum.IntEnum):
    INPUT = 1
    CODE = 2
    OUTPUT = 3
    LINK = 4
    TOO_LARGE = 5
    OVER_TOTAL = 6
    UNREADABLE = 7


class Language(enum.IntEnum):
    PYTHON = 1
    BASH = 2
    RENDER = 3


class Outcome(enum.IntEnum):
    EXITED = 1
    SIGNALED = 2
    TIMED_OUT = 3
    OUTPUT_LIMIT = 4
    CANCELLED = 5
    NO_FILES = 6
    NO_START = 7


class Raised(enum.IntEnum):
    NOTHING = 0
    EXCEPTION = 1
    EXIT = 2


def frame(kind, payload=b""):
    return struct.pack(">BxxxI", kind, len(payload)) + payload


class Decoder:
    """Bytes in any pieces -> (Type, payload) pairs."""

    def __init__(self, max_payload=MAX_OUT):
        self.max_payload = max_payload
        self.bytes = bytearray()

    def feed(self, data):
        self.bytes += data
        while True:
            pads = len(self.bytes) - len(self.bytes.lstrip(b"\0"))
            del self.bytes[:pads]
            if len(self.bytes) < HEADER:
                return
            kind, zero, length = struct.unpack(">B3sI", self.bytes[:HEADER])
            if zero != b"\0\0\0" or length > self.max_payload:
                raise ValueError(f"broken frame: {bytes(self.bytes[:HEADER])!r}")
            if len(self.bytes) < HEADER + length:
                return
            payload = bytes(self.bytes[HEADER:HEADER + length])
            del self.bytes[:HEADER + length]
            yield Type(kind), payload


class _Message:
    """Fields are described by LAYOUT: a struct letter, a count of raw bytes, or a string's max."""

    LAYOUT = {}

    def pack(self):
        out = bytearray()
        for name, form in self.LAYOUT.items():
            value = getattr(self, name)
            if form == "str":
                value = value.encode() if isinstance(value, str) else value
                out += struct.pack(">H", len(value)) + value
            elif form == "list":
                out += struct.pack(">B", len(value))
                for item in value:
                    item = item.encode() if isinstance(item, str) else item
                    out += struct.pack(">H", len(item)) + item
            else:
                out += struct.pack(">" + form, value)
        out.append(SEAL)
        return bytes(out)

    @classmethod
    def unpack(cls, data):
        at = 0

        def take(form):
            nonlocal at
            size = struct.calcsize(">" + form)
            if at + size > len(data):
                raise ValueError(f"short {cls.__name__}: {data!r}")
            (value,) = struct.unpack(">" + form, data[at:at + size])
            at += size
            return value

        values = {}
        for name, form in cls.LAYOUT.items():
            if form == "str":
                values[name] = take(f"{take('H')}s")
            elif form == "list":
                values[name] = [take(f"{take('H')}s") for _ in range(take("B"))]
            else:
                values[name] = take(form)
        if data[at:] != bytes([SEAL]):
            raise ValueError(f"no seal: {data!r}")
        return cls(**values)


@dataclasses.dataclass
class Sync(_Message):
    epoch: int = 1
    nonce: bytes = bytes(range(16))
    protocol: int = PROTOCOL
    lease_ms: int = 0
    idle_ms: int = 0
    lifetime_ms: int = 0
    warm_ms: int = 60000
    cpus: int = 1
    preload: bytes = b"none"
    LAYOUT = dict(epoch="Q", nonce="16s", protocol="H", lease_ms="I", idle_ms="I",
                  lifetime_ms="I", warm_ms="I", cpus="H", preload="str")


@dataclasses.dataclass
class Ready(_Message):
    nonce: bytes = bytes(range(16))
    protocol: int = PROTOCOL
    LAYOUT = dict(nonce="16s", protocol="H")


@dataclasses.dataclass
class File(_Message):
    kind: int = Kind.INPUT
    size: int = 0
    name: bytes = b""
    LAYOUT = dict(kind="B", size="Q", name="str")


@dataclasses.dataclass
class Run(_Message):
    language: int = Language.PYTHON
    id: bytes = b"e1"
    timeout_ms: int = 10000
    max_chars: int = 100000
    max_output_bytes: int = 1 << 30
    max_files: int = 1000
    max_file_bytes: int = 10485760
    max_files_bytes: int = 26214400
    argv: list = dataclasses.field(default_factory=list)
    LAYOUT = dict(language="B", id="str", timeout_ms="I", max_chars="I", max_output_bytes="Q",
                  max_files="I", max_file_bytes="Q", max_files_bytes="Q", argv="list")


@dataclasses.dataclass
class Exit(_Message):
    outcome: int = Outcome.EXITED
    status: int = 0
    oom: int = 0
    wall_us: int = 0
    cpu_us: int = 0
    peak_bytes: int = 0
    stdout_bytes: int = 0
    stdout_chars: int = 0
    stderr_bytes: int = 0
    stderr_chars: int = 0
    survivors: int = 0
    files_skipped: int = 0
    raised: int = Raised.NOTHING
    type: bytes = b""
    reason: bytes = b""
    LAYOUT = dict(outcome="B", status="I", oom="B", wall_us="Q", cpu_us="Q", peak_bytes="Q",
                  stdout_bytes="Q", stdout_chars="Q", stderr_bytes="Q", stderr_chars="Q",
                  survivors="I", files_skipped="I", raised="B", type="str", reason="str")


def put_file(kind, name, content):
    """FILE, its DATA and the empty DATA that ends it."""
    out = [frame(Type.FILE, File(kind, len(content), name).pack())]
    for at in range(0, len(content), MAX_IN):
        out.append(frame(Type.DATA, content[at:at + MAX_IN]))
    out.append(frame(Type.DATA))
    return b"".join(out)


def put_run(code, run, files=()):
    """Everything a run needs, to be sent behind SYNC.  files: (name, content) pairs."""
    code = code.encode() if isinstance(code, str) else code
    out = [put_file(Kind.INPUT, name, content) for name, content in files]
    out.append(put_file(Kind.CODE, b"", code))
    out.append(frame(Type.RUN, run.pack()))
    return b"".join(out)


def begin(sync):
    """The start of a conversation: completes any half frame of a dead predecessor."""
    return FLUSH + frame(Type.SYNC, sync.pack())
