# SPDX-License-Identifier: Apache-2.0
"""A redis-server of our own, and just enough of its protocol to look inside."""

import socket

from .service import Clean, Program, connects


class RedisError(Exception):
    pass


class Redis(Program):
    """Listens on a unix socket only, keeps nothing on disk."""

    def __init__(self, where, name="redis", options=()):
        self.socket = where / f"{name}.sock"
        self.options = list(options)
        super().__init__(
            [
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                str(self.socket),
                "--unixsocketperm",
                "777",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(where),
                *self.options,
            ],
            where / f"{name}.log",
            env=Clean(),
        )

    @property
    def url(self):
        return f"unix://{self.socket}"

    def start(self):
        super().start()
        return self.until(lambda: connects(self.socket) and self("PING") == "PONG")

    def __call__(self, *words):
        """One command over a connection of its own."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.socket))
            out = b"*%d\r\n" % len(words)
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                out += b"$%d\r\n%s\r\n" % (len(word), word)
            s.sendall(out)
            with s.makefile("rb") as lines:
                return reply(lines)

    def keys(self, pattern="*"):
        return sorted(self("KEYS", pattern))

    def dump(self, pattern="*"):
        """Everything, readable: {key: (ttl ms, value)}."""
        read = {
            "string": lambda k: self("GET", k),
            "hash": lambda k: pairs(self("HGETALL", k)),
            "set": lambda k: sorted(self("SMEMBERS", k)),
            "zset": lambda k: self("ZRANGE", k, 0, -1, "WITHSCORES"),
            "list": lambda k: self("LRANGE", k, 0, -1),
        }
        found = {}
        for key in self.keys(pattern):
            kind = self("TYPE", key)
            if kind in read:
                found[key] = (self("PTTL", key), read[kind](key))
        return found


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def reply(lines):
    line = lines.readline()
    if not line.endswith(b"\r\n"):
        raise RedisError("connection closed")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if rest == b"-1":
            return None
        return lines.read(int(rest) + 2)[:-2].decode(errors="backslashreplace")
    if kind == b"*":
        return None if rest == b"-1" else [reply(lines) for _ in range(int(rest))]
    raise RedisError(f"not RESP: {line!r}")
