# SPDX-License-Identifier: Apache-2.0
"""What a presentation and a document take: from a container made for it, and from the pool."""

import base64
import contextlib
import json
import os
import threading
import time

from support.service import TOP
from support.tap import eventually

from . import machine

DECK = TOP / "tests" / "render" / "decks" / "deck_24.html"
KEEP = """
<script>document.querySelectorAll('.slide').forEach((s, i) => { if (i >= %d) s.remove(); })</script>
"""
PAPER = "\\documentclass{article}\\begin{document}Hello \\LaTeX: $e^{i\\pi}+1=0$\\end{document}\n"
ROUNDS = 3
# slides: seconds from a container made for it, from the pool
GOALS = {1: (0.8, 0.5), 12: (2.5, 1.8), 24: (4.5, 3.2)}
PEAK_MIB, PAPER_S = 600, 1.5
LARGE = 100_000_000
SETTLED_S = 3  # a browser of the pool has started by then
SETTINGS = {
    "RENDER_RATE_LIMIT_REQUESTS_PER_WINDOW": 1000,
    "CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW": 0,
}


def deck(slides):
    return {"html": DECK.read_text() + KEEP % slides}


def post(b, path, body, slides=None):
    answer = b.client.post(path, body)
    if answer.status != 200 or slides and answer.header("X-Slide-Count") != str(slides):
        raise RuntimeError(repr(answer))
    return answer


@contextlib.contextmanager
def another(b, **settings):
    with contextlib.ExitStack() as stack:
        yield type(b)(stack, b.table, **SETTINGS, **settings)


def ready(b):
    key = f"cg:{{{b.gateway.deployment}}}:render-pool"
    eventually(lambda: b.redis("ZCARD", key) == 1, 60, "a full pool")
    time.sleep(SETTLED_S)


def seconds(b, path, body, slides=None, pooled=False):
    found = []
    for _ in range(ROUNDS):
        if pooled:
            ready(b)
        took, _ = b.timed(lambda: post(b, path, body, slides))
        found.append(took / 1000)
    return found


class Peak:
    """MiB that the cgroups of a gateway's containers had at most, page cache included."""

    def __init__(self, b):
        self.b, self.mib, self.over = b, 0.0, False
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over:
            with contextlib.suppress(Exception):  # one that has just ended
                for container in self.b.gateway.containers():
                    self.follow(machine.peak_file(self.b.docker.pid(container)))
            time.sleep(0.02)

    def follow(self, file):
        while not self.over:
            self.mib = max(self.mib, int(file.read_text()) / (1 << 20))
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


def slides(b, version):
    with another(b, SLIDE_RENDERING_VERSION=version) as one:
        for n, (goal, _) in GOALS.items():
            found = seconds(one, "/api/render", deck(n), n)
            b.table.add(f"{version}: {n} slides, cold", "s", found, goal)
        peaks = []
        for _ in range(ROUNDS):
            with Peak(one) as peak:
                post(one, "/api/render", deck(24), 24)
            peaks.append(peak.mib)
        b.table.add("  its container with 24 slides, at most", "MiB", peaks, PEAK_MIB)
    with another(b, SLIDE_RENDERING_VERSION=version, RENDER_POOL_SIZE=1) as one:
        for n, (_, goal) in GOALS.items():
            found = seconds(one, "/api/render", deck(n), n, pooled=True)
            b.table.add(f"{version}: {n} slides, from the pool", "s", found, goal)


def large(b):
    """What a worker keeps of a deck that brings a hundred million bytes."""
    parts, size = 5, LARGE // 5
    body = deck(1) | {
        "input_files": [
            {"file_name": f"{i}.bin", "base64": base64.b64encode(os.urandom(size)).decode()}
            for i in range(parts)
        ]
    }
    with another(b) as one:
        post(one, "/api/render", deck(1), 1)
        workers = one.gateway.workers()
        before = machine.peak(workers)
        took, _ = b.timed(lambda: post(one, "/api/render", body, 1))
        grown = (machine.peak(workers) - before) / 1024
        b.table.add("a deck with files of 100 MB", "s", [took / 1000])
        note = f"its body has {len(json.dumps(body)) / (1 << 20):.0f}, mapped from a file"
        b.table.add("  what its worker's resident memory grew by", "MiB", [grown], note=note)


def paper(b):
    with another(b, RENDER_POOL_SIZE=1) as one:
        found = seconds(one, "/api/latex/render", {"tex": PAPER}, pooled=True)
        b.table.add("LaTeX: one page, from the pool", "s", found, PAPER_S)
    with another(b) as one:
        b.table.add("LaTeX: one page, cold", "s", seconds(one, "/api/latex/render", {"tex": PAPER}))


def rendering(b):
    with another(b) as one:
        if one.client.post("/api/render", deck(1)).status == 500:
            print("the image has no renderer: rendering is not measured")
            return
    for version in "v1", "v2":
        slides(b, version)
    large(b)
    paper(b)
