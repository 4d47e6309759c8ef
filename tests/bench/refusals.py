# SPDX-License-Identifier: Apache-2.0
"""What bad input costs: strangers with large bodies, JSON that is none, keys that fit nowhere."""

import json
import statistics
import time

from support import fastcgi, http
from support.fastcgi import JSON

from . import machine

BODY = 32 << 20
DEPTH = 100000

# What "not read", "in microseconds", "without memory" and "of a C program" are in numbers.
SHARE_US = 500  # the gateway's own of any request: design.md 8
UNREAD_MIB = 0.5  # the socket's own buffers hold as much
UNREAD_KIB = 64  # security.md 4.1
KEPT_KIB = 256  # the body, and what it is read into
OF_A_CORE = 20000  # half of it is the web server's and its client's: those of design.md 8 twice
A_SECOND = 10000  # design.md 8, idle
ALIKE_PERCENT = 5


def told(b, at):
    """Microseconds of each request, as the access log from there on has them."""
    with open(b.gateway.log, "rb") as log:
        log.seek(at)
        lines = [json.loads(line) for line in log.read().splitlines()]
    return [e["ms"] * 1000 for e in lines if e.get("event") == "request"]


def measured(b, count, call):
    """(microseconds of the calls, those of the gateway's log, KiB its largest worker grew by)"""
    call()  # its connections and buffers are there now
    workers = b.gateway.workers()
    at, before, times = b.gateway.log.stat().st_size, machine.peak(workers), []
    for _ in range(count):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e6)
    time.sleep(0.2)  # for the last line
    return times, told(b, at), machine.peak(workers) - before


def pour(connection):
    """As much of the body as anybody takes."""
    piece = fastcgi.record(fastcgi.STDIN, bytes(65528))
    connection.setblocking(False)
    sent = 0
    try:
        while sent < BODY:
            sent += connection.send(piece)
    except OSError:
        pass  # nobody takes more
    connection.settimeout(20)
    return sent


def unread(b):
    taken = []

    def stranger():
        with fastcgi.Exchange(b.gateway.socket, 20) as exchange:
            params = fastcgi.params_for("POST", "/execute", JSON, length=BODY)
            exchange.write(fastcgi.begin(params))
            taken.append(pour(exchange.socket))
            if exchange.answer().status != 401:
                raise RuntimeError("no 401")

    times, _, grown = measured(b, 200, stranger)
    times = [statistics.median(times)]
    b.table.add("32 MiB without a token, over FastCGI: 401 after", "µs", times, SHARE_US)
    left = statistics.median(taken) / (1 << 20)
    b.table.add("  MiB of it that left the client", "MiB", [left], UNREAD_MIB)
    b.table.add("  memory of the largest worker grew by", "KiB", [grown], UNREAD_KIB)

    def through_lighttpd():
        answer = http.ask(b.front.port, "POST", "/execute", JSON, bytes(BODY))
        if answer.status != 401:
            raise RuntimeError(repr(answer))

    times, own, _ = measured(b, 5, through_lighttpd)
    b.table.add("  through lighttpd, which takes all of it", "ms", [t / 1000 for t in times])
    b.table.add("  the gateway's own share of that", "µs", [statistics.median(own)], SHARE_US)


def deep(b):
    """Beside it the same number of bytes, which are a sound text but no request."""
    shallow = b'"' + b"x" * (DEPTH - 2) + b'"'
    for name, body in (
        (f"JSON of {DEPTH:,} brackets: 422, the gateway's own time", b"[" * DEPTH),
        ("  beside it: as many bytes of one string", shallow),
    ):

        def ask():
            answer = b.gateway.client().post("/execute", body, headers=JSON)
            if answer.status != 422:
                raise RuntimeError(repr(answer))

        _, own, grown = measured(b, 200, ask)
        b.table.add(name, "µs", [statistics.median(own)], SHARE_US)
        b.table.add("  memory of the largest worker grew by", "KiB", [grown], KEPT_KIB)


def per_second(b, path, **environment):
    """Answers per second of the gateway's own CPU, and of the clock."""
    before = machine.cpu(machine.family(b.gateway.pid))
    found = b.wrk("get.lua", 16, 4, path, **environment)
    spent = machine.cpu(machine.family(b.gateway.pid)) - before
    return found["requests"] / spent, found["requests"] / found["seconds"]


def rates(b):
    for what, path, environment in (
        ("GET /healthz", "/healthz", {}),
        ("GET /livez", "/livez", {}),
        ("401 to GET /containers/{id}", f"/containers/{'0' * 64}", {"REFUSED": "yes"}),
    ):
        rounds = [per_second(b, path, **environment) for _ in range(3)]
        b.table.add(f"{what} per second of CPU", "/s", [r[0] for r in rounds], OF_A_CORE, True)
        through = [r[1] for r in rounds]
        b.table.add("  with lighttpd and wrk on this machine", "/s", through, A_SECOND, True)


def comparison(b):
    """A key that is wrong from the start and one that is right up to its end, taken in turns."""
    right = b.gateway.tokens["alice"]
    other = {c: "0" if c != "0" else "1" for c in right}
    wrong = (other[right[0]] + right[1:], right[:-1] + other[right[-1]])

    def refused(token):
        headers = [("Authorization", f"Bearer {token}")]
        began = time.perf_counter()
        answer = fastcgi.ask(b.gateway.socket, "GET", f"/containers/{'0' * 64}", headers)
        took = (time.perf_counter() - began) * 1e6
        if answer.status != 401:
            raise RuntimeError(repr(answer))
        return took

    pairs = [[refused(token) for token in wrong] for _ in range(4000)]
    first, last = (statistics.median(times) for times in zip(*pairs))
    b.table.add("a key that is wrong in its first character: 401 after", "µs", [first])
    b.table.add("  in its last one", "µs", [last])
    b.table.add("  the difference", "%", [abs(last / first - 1) * 100], ALIKE_PERCENT)


def refusals(b):
    unread(b)
    deep(b)
    comparison(b)
    rates(b)
