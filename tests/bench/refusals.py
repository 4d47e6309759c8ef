# SPDX-License-Identifier: Apache-2.0
"""What bad input costs: strangers with large bodies, JSON that is none, keys that fit nowhere."""

import time

from support import fastcgi

from . import machine

MIB = 1 << 20
JSON = [("Content-Type", "application/json")]


def unread(b):
    """A 401 while the body has yet to come: nothing of it can have been read."""
    params = fastcgi.params_for("POST", "/execute", JSON, length=32 * MIB)
    began = time.perf_counter()
    with fastcgi.Exchange(b.gateway.socket, 10) as exchange:
        exchange.write(fastcgi.begin(params))
        response = exchange.answer()
        took = (time.perf_counter() - began) * 1000
    if response.status != 401:
        raise RuntimeError(repr(response))
    return took


def refused(b, body):
    def call():
        return b.client.request("POST", "/execute", body, headers=JSON)

    took, response = b.timed(call)
    if response.status != 422:
        raise RuntimeError(repr(response))
    return took


def per_second(b, path, **environment):
    """Answers per second of the gateway's own CPU, and of the clock."""
    before = machine.cpu(machine.family(b.gateway.pid))
    found = b.wrk("get.lua", 16, 4, path, **environment)
    spent = machine.cpu(machine.family(b.gateway.pid)) - before
    return found["requests"] / spent, found["requests"] / found["seconds"]


def refusals(b):
    b.table.add("401 to 32 MiB of which nothing has come yet", "ms", [unread(b) for _ in range(200)])
    small = [refused(b, b"[") for _ in range(200)]
    before = machine.pss(machine.family(b.gateway.pid))
    deep = [refused(b, b"[" * 100000) for _ in range(200)]
    grown = machine.pss(machine.family(b.gateway.pid)) - before
    b.table.add("422 to JSON of one byte, through lighttpd", "ms", small)
    b.table.add("422 to JSON of 100,000 levels, through lighttpd", "ms", deep)
    b.table.add("  memory of the gateway after 200 of them, more", "MiB", [grown])
    for what, path, environment in (
        ("GET /healthz", "/healthz", {}),
        ("GET /livez", "/livez", {}),
        ("401 to GET /containers/{id}", f"/containers/{'0' * 64}", {"REFUSED": "yes"}),
    ):
        rounds = [per_second(b, path, **environment) for _ in range(3)]
        b.table.add(f"{what} per second of CPU", "/s", [r[0] for r in rounds])
        b.table.add("  with lighttpd and wrk on this machine", "/s", [r[1] for r in rounds])
