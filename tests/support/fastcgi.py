# SPDX-License-Identifier: Apache-2.0
"""tests/e2e/fcgi.py for suites that also speak HTTP: one kind of answer, headers as pairs."""

import json

from e2e import fcgi
from e2e.fcgi import ABORT, BEGIN, PARAMS, STDIN, pair, record, stream  # noqa: F401


class Closed(Exception):
    """The connection ended before the exchange was over."""


class Response:
    """headers are (name, value) pairs, names in lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """Its value; None without it.  Sent twice, it is an error of the answer."""
        found = [v for k, v in self.headers if k == name.lower()]
        if len(found) > 1:
            raise ValueError(f"{name} comes {len(found)} times")
        return found[0] if found else None

    @property
    def text(self):
        return self.body.decode("utf-8", "backslashreplace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        try:
            return self.json["detail"]
        except (ValueError, KeyError, TypeError):
            return f"no detail: {self.text[:300]}"

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.text[:1000]}>"


def begin(params):
    return record(BEGIN, b"\0\1\0\0\0\0\0\0") + stream(
        PARAMS, b"".join(pair(k, v) for k, v in params)
    )


def params_for(method, target, headers=(), body=b"", length=None):
    """length: what CONTENT_LENGTH says instead of the truth.  A header may come twice."""
    names = {n.upper().replace("-", "_") for n, _ in headers}
    said = fcgi.Client("").params(method, target, body)
    said = [(k, v) for k, v in said if k.removeprefix("HTTP_") not in names]
    for name, value in headers:
        name = name.upper().replace("-", "_")
        said.append((name if name == "CONTENT_TYPE" else f"HTTP_{name}", value))
    return [(k, length if k == "CONTENT_LENGTH" and length is not None else v) for k, v in said]


class Exchange(fcgi.Exchange):
    """One connection: write() in any pieces, then answer(); close() is a web server that left."""

    def __init__(self, address, timeout=150):
        super().__init__(str(address), timeout)

    def answer(self):
        try:
            found = self.finish()
        except ConnectionError as error:
            raise Closed(str(error)) from None
        finally:
            self.close()
        headers = [
            (k, v)
            for k, values in found.headers.items()
            for v in (values if isinstance(values, list) else [values])
        ]
        return Response(found.status, headers, found.body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(address, method, target, headers=(), body=b"", timeout=150):
    with Exchange(address, timeout) as exchange:
        exchange.write(begin(params_for(method, target, headers, body)) + stream(STDIN, body))
        return exchange.answer()
