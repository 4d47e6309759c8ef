# SPDX-License-Identifier: Apache-2.0
"""What must hold after every fault: security.md 5."""

from support.gateway import fds
from support.tap import Failed, equal, eventually


class Oracle:
    """Knows a gateway at rest; sound() compares."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.workers = gateway.complement()

    def sound(self, sessions=(), seconds=30, descriptors=12):
        gateway = self.gateway
        eventually(gateway.healthy, seconds, "healthy again")
        eventually(
            lambda: len(gateway.workers()) == self.workers,
            seconds,
            f"{self.workers} processes again",
        )
        wanted = sorted(s.id for s in sessions)
        try:
            eventually(lambda: gateway.containers() == wanted, seconds)
        except Failed:
            raise Failed(f"containers are {gateway.containers()}, sessions {wanted}") from None
        keys = gateway.redis.dump(f"cg:{{{gateway.deployment}}}:*")
        equal([k for k, (ttl, _) in keys.items() if ttl < 0], [], "keys without a time to live:")
        for session in sessions:
            session.answers()
        eventually(lambda: not stray(gateway), seconds, "no file left in RUN_DIR")
        eventually(
            lambda: max(fds(p) for p in gateway.workers()) <= descriptors,
            seconds,
            f"at most {descriptors} descriptors",
        )
        equal(gateway.sanitizer_reports(), "")


def stray(gateway):
    return [
        p.name
        for p in gateway.run_dir.iterdir()
        if p.name != gateway.socket.name and not p.name.startswith("sanitizer")
    ]


def typed(response, *statuses):
    """An answer of ours with one of these statuses; 503 and 429 say when to come again."""
    if response.status not in statuses:
        raise Failed(f"wanted {statuses}, got {response!r}")
    if response.status != 200:
        if not isinstance(response.detail, str) or response.detail.startswith("no detail"):
            raise Failed(f"no detail of ours: {response!r}")
    if response.status in (429, 503) and not (response.header("Retry-After") or "").isdigit():
        raise Failed(f"no Retry-After: {response!r}")
    return response
