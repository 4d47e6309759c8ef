# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens as PyJWT makes them, and as nobody should."""

import base64
import json
import secrets
import time

from . import pypi

pypi.need()

import jwt  # noqa: E402

SECRET = secrets.token_hex(32)
ABSENT = object()
FAR = 4000000000  # a time to come
MADE = []  # every token of ours, for the row that looks for them in logs


def part(content):
    content = content if isinstance(content, (str, bytes)) else json.dumps(content)
    content = content if isinstance(content, bytes) else content.encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def known(changes, base):
    return {k: v for k, v in {**base, **changes}.items() if v is not ABSENT}


def token(claims=None, header=None, key=SECRET, alg="HS256"):
    """claims, header: what is different from a good one, or the whole part as text."""
    if not isinstance(claims, (str, bytes)):
        claims = known(claims or {}, {"sub": "ann", "exp": int(time.time()) + 600})
    if not isinstance(header, (str, bytes)):
        header = known(header or {}, {"alg": alg, "typ": "JWT"})
    signed = part(header) + b"." + part(claims)
    signer = jwt.algorithms.get_default_algorithms()[alg]
    signature = signer.sign(signed, signer.prepare_key(key))
    MADE.append((signed + b"." + part(signature)).decode())
    return MADE[-1]


def soon(seconds):
    return int(time.time()) + seconds


def words():
    """What must be nowhere: claims and signatures of all of them, and the secret."""
    return {SECRET, *(w for text in MADE for w in text.split(".")[1:] if len(w) > 20)}


def found_in(text, *more):
    return sorted(w for w in words() | set(more) if w in text)
