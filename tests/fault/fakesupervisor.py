# SPDX-License-Identifier: Apache-2.0
"""The far end of an attach stream that says what a row wants said, true or not."""

import struct

from support import wire
from support.wire import Kind, Outcome, Type, frame

from .fakedocker import Gone


def ready(nonce, protocol=wire.PROTOCOL):
    return frame(Type.READY, wire.Ready(nonce, protocol).pack())


def file(name, content=b"", kind=Kind.OUTPUT):
    """Its FILE; of an output also its DATA and the empty one that ends it."""
    name = name if isinstance(name, bytes) else name.encode()
    if kind == Kind.OUTPUT:
        return wire.put_file(kind, name, content)
    return frame(Type.FILE, wire.File(kind, len(content), name).pack())


def exited(outcome=Outcome.EXITED, wall_us=1000, **more):
    return frame(Type.EXIT, wire.Exit(outcome, wall_us=wall_us, **more).pack())


def printed(n):
    """The counters of n bytes, all ASCII, on stdout."""
    return {"stdout_bytes": n, "stdout_chars": n}


class Supervisor:
    """One conversation per attach; a row's own class overrides what it says."""

    def __init__(self, stream, container):
        self.stream, self.container = stream, container
        self.nonce = bytes(16)

    def serve(self):
        try:
            for kind, payload in self.frames():
                getattr(
                    self,
                    {
                        Type.SYNC: "on_sync",
                        Type.RUN: "on_run",
                        Type.BYE: "on_bye",
                        Type.CANCEL: "on_cancel",
                    }.get(kind, "on_other"),
                )(payload)
        except Gone:
            pass

    def frames(self):
        while True:
            kind = self.stream.read(1)[0]
            if kind == 0:
                continue  # a pad
            (length,) = struct.unpack(">3xI", self.stream.read(7))
            yield kind, self.stream.read(length)

    def say(self, data, stream=1):
        self.stream.write(struct.pack(">B3xI", stream, len(data)) + data)

    def on_sync(self, payload):
        sync = wire.Sync.unpack(payload)
        self.epoch, self.nonce = sync.epoch, sync.nonce
        self.say(ready(self.nonce))

    def on_run(self, payload):
        self.container["runs"] = self.container.get("runs", 0) + 1
        self.say(frame(Type.STDOUT, b"42\n") + exited(**printed(3)))

    def on_bye(self, _):
        self.say(frame(Type.BYE))
        self.container["running"] = False
        self.stream.end()
        self.container["removed"] = True
        raise Gone

    def on_cancel(self, _):
        self.say(exited(Outcome.CANCELLED))

    def on_other(self, _):
        pass
