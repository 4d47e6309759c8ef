# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens: contract 3.2 to 3.4, security.md 4.2."""

import contextlib
import hmac

from support.gateway import NOWHERE, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal
from support.tokens import ABSENT, FAR, MADE, SECRET, found_in, jwt, part, soon, token

# support.tokens has put it on the path
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

INVALID, MISSING = "Invalid or expired credentials", "Missing Bearer token"
ISSUER, AUDIENCE = "https://id.example/", "gateway"

# A few processes are enough for one caller.
SMALL = {
    "MAX_CONCURRENT_EXECUTIONS": 1,
    "WAITING_WORKERS": 0,
    "RESERVED_WORKERS": 1,
    "LOG_LEVEL": "DEBUG",
}

# name, claims
# fmt: off
GOOD_CLAIMS = [
    ("the least", {}),
    ("exp with a fraction", {"exp": FAR + 0.5}),
    ("exp in quotes", {"exp": str(FAR)}),
    ("exp is 2^53", {"exp": 2 ** 53}),
    ("nbf and iat in the past", {"nbf": soon(-5), "iat": soon(-5)}),
    ("iat with a fraction, in quotes", {"iat": soon(-5) + 0.9, "nbf": str(soon(-5))}),
    ("jti", {"jti": "1"}),
    ("any iss where none is asked for", {"iss": 7}),
    ("aud empty", {"aud": ""}),
    ("aud an empty list", {"aud": []}),
    ("sub with a colon", {"sub": "api-key:alice"}),
    ("sub not ASCII", {"sub": "Zo\u00eb \u4e16"}),
    ("a tenant", {"tenant_id": "t1"}),
    ("claims nobody asks for", {"scope": ["a"], "roles": {"x": [1, None, True]}}),
]
BAD_CLAIMS = [
    ("exp absent", {"exp": ABSENT}),
    ("exp null", {"exp": None}),
    ("exp true", {"exp": True}),
    ("exp a word", {"exp": "tomorrow"}),
    ("exp a list", {"exp": [FAR]}),
    ("exp negative", {"exp": -1}),
    ("exp zero", {"exp": 0}),
    ("exp 2^63", {"exp": 2 ** 63}),
    ("exp 1e309", '{"sub":"ann","exp":1e309}'),
    ("exp a second ago", {"exp": soon(-1)}),
    ("exp a second ago, in quotes", {"exp": str(soon(-1))}),
    ("exp a second ago, with a fraction", {"exp": soon(-1) + 0.5}),
    ("nbf to come", {"nbf": FAR}),
    ("nbf null", {"nbf": None}),
    ("nbf a word", {"nbf": "now"}),
    ("iat to come", {"iat": FAR}),
    ("iat a word", {"iat": "now"}),
    ("iat null", {"iat": None}),
    ("sub absent", {"sub": ABSENT}),
    ("sub null", {"sub": None}),
    ("sub empty", {"sub": ""}),
    ("sub a number", {"sub": 1}),
    ("sub a list", {"sub": ["ann"]}),
    ("sub of 5 KB", {"sub": "x" * 5000}),
    ("sub with a NUL", {"sub": "ann\0"}),
    ("tenant a number", {"tenant_id": 1}),
    ("tenant a list", {"tenant_id": ["t1"]}),
    ("tenant null", {"tenant_id": None}),
    ("jti a number", {"jti": 1}),
    ("jti null", {"jti": None}),
    ("aud where none is asked for", {"aud": AUDIENCE}),
    ("aud in a list where none is asked for", {"aud": [AUDIENCE]}),
    ("sub twice", f'{{"sub":"ann","exp":{FAR},"sub":"bob"}}'),
    ("exp twice, the second one written otherwise", f'{{"sub":"ann","exp":1,"\\u0065xp":{FAR}}}'),
    ("claims that are a list", "[]"),
    ("claims that are no JSON", "{"),
    ("claims with more behind", f'{{"sub":"ann","exp":{FAR}}}{{}}'),
    ("claims that are not UTF-8", b'{"sub":"\xff","exp":4000000000}'),
    ("claims 40 deep", f'{{"sub":"ann","exp":{FAR},"x":{"[" * 40}{"]" * 40}}}'),
]
BAD_HEADERS = [
    ("alg none", {"alg": "none"}),
    ("alg None", {"alg": "None"}),
    ("alg nOnE", {"alg": "nOnE"}),
    ("alg absent", {"alg": ABSENT}),
    ("alg null", {"alg": None}),
    ("alg a list", {"alg": ["HS256"]}),
    ("alg in lower case", {"alg": "hs256"}),
    ("alg another that is not ours", {"alg": "HS384"}),
    ("alg twice", '{"alg":"HS256","alg":"HS256"}'),
    ("crit", {"crit": ["x"], "x": 1}),
    ("crit of a known name", {"crit": ["exp"], "exp": FAR}),
    ("b64", {"b64": True}),
    ("kid a number", {"kid": 7}),
    ("kid null", {"kid": None}),
    ("a header that is a list", "[]"),
    ("a header that is no JSON", "HS256"),
]
# of the gateway that asks for both
BOUND = [
    ("aud as text", True, {}),
    ("aud in a list", True, {"aud": ["other", AUDIENCE]}),
    ("aud absent", False, {"aud": ABSENT}),
    ("aud empty", False, {"aud": ""}),
    ("aud another", False, {"aud": "other"}),
    ("aud a longer one", False, {"aud": AUDIENCE + "2"}),
    ("aud another in a list", False, {"aud": ["other"]}),
    ("aud in a list with a number", False, {"aud": [AUDIENCE, 1]}),
    ("iss absent", False, {"iss": ABSENT}),
    ("iss a part", False, {"iss": ISSUER[:-1]}),
    ("iss in a list", False, {"iss": [ISSUER]}),
    ("iss another", False, {"iss": "https://id.example.evil/"}),
]
# fmt: on

BEARER = [
    ("scheme in lower case", "bearer {}", 204, None),
    ("blanks around it", "Bearer   {}  ", 204, None),
    ("another scheme", "Token {}", 401, MISSING),
    ("no scheme", "{}", 401, MISSING),
    ("two in one", "Bearer {0}, Bearer {0}", 401, INVALID),
    ("a blank inside", "Bearer {} x", 401, INVALID),
    ("not ASCII", "Bearer {}\u00e9", 401, INVALID),
    ("cut", "Bearer {:.100}", 401, INVALID),
    ("more behind it", "Bearer {}x", 401, INVALID),
    ("a fourth part", "Bearer {}.e30", 401, INVALID),
    ("padding", "Bearer {}=", 401, INVALID),
]


def rows(tap):
    with scratch() as where, Redis(where).start() as redis, contextlib.ExitStack() as stack:

        def start(**settings):
            return stack.enter_context(Gateway(where, redis, **SMALL, **settings))

        plain = start(JWT_SECRET=SECRET)
        bound = start(
            JWT_SECRET=SECRET,
            JWT_ALGORITHMS="HS256,HS384,HS512",
            JWT_ISSUER=ISSUER,
            JWT_AUDIENCE=AUDIENCE,
            JWT_TENANT_CLAIM="org",
            API_KEYS="",
        )
        parts(tap, plain)
        bindings(tap, bound)
        places(tap, plain)
        public_keys(tap, where, start)
        silence(tap, [plain, bound])


def answer(gateway, authorization, path="/internal/auth/apikey", method="GET"):
    headers = [] if authorization is None else [("Authorization", authorization)]
    response = gateway.ask(method, path, headers)
    if response.status == 401:
        equal(response.header("WWW-Authenticate"), "Bearer")
    return response.status, response.detail if response.body else None


def accepted(gateway, text):
    equal(answer(gateway, f"Bearer {text}"), (204, None))
    equal(answer(gateway, f"Bearer {text}", f"/containers/{NOWHERE}")[0], 404)


def refused(gateway, text):
    for method, path in (
        ("GET", "/internal/auth/apikey"),
        ("GET", f"/containers/{NOWHERE}"),
        ("POST", "/execute"),
    ):
        equal(answer(gateway, f"Bearer {text}", path, method), (401, INVALID))


def parts(tap, gateway):
    tap.table("token", GOOD_CLAIMS, lambda claims: accepted(gateway, token(claims)))
    tap.table("token, 401", BAD_CLAIMS, lambda claims: refused(gateway, token(claims)))
    tap.table("token, 401", BAD_HEADERS, lambda header: refused(gateway, token({}, header)))

    @tap.row("token: kid as text")
    def _():
        accepted(gateway, token({}, {"kid": "2026-11"}))

    @tap.row("token: as PyJWT itself writes one")
    def _():
        MADE.append(jwt.encode({"sub": "ann", "exp": soon(600)}, SECRET, "HS256"))
        accepted(gateway, MADE[-1])

    @tap.row("token, 401: another secret, or none")
    def _():
        for key in (SECRET + "x", SECRET[:-1], "x" * 64):
            refused(gateway, token(key=key))
        refused(gateway, ".".join([*token().split(".")[:2], ""]))
        refused(gateway, ".".join([*token({}, {"alg": "none"}).split(".")[:2], ""]))

    @tap.row("token, 401: another algorithm, well signed")
    def _():
        for alg in ("HS384", "HS512"):
            refused(gateway, token(alg=alg))

    @tap.row("token, 401: one bit of each part")
    def _():
        text = token()
        for at in (0, text.index(".") + 5, text.rindex(".") + 5):
            refused(gateway, text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])

    @tap.row("token: 8 KiB, and not a byte more")
    def _():
        for size, check in ((5900, accepted), (6100, refused)):
            text = token({"x": "y" * size})
            ensure((len(text) <= 8192) == (check is accepted), len(text))
            check(gateway, text)

    for name, header, status, detail in BEARER:

        @tap.row(f"bearer: {name}: {status}")
        def _():
            equal(answer(gateway, header.format(token())), (status, detail))


def bindings(tap, gateway):
    good = {"iss": ISSUER, "aud": AUDIENCE, "org": "t1"}
    for name, well, claims in BOUND:

        @tap.row(f"token, bound{'' if well else ', 401'}: {name}")
        def _():
            (accepted if well else refused)(gateway, token({**good, **claims}))

    @tap.row("token, bound: the tenant is another claim's")
    def _():
        accepted(gateway, token({**good, "tenant_id": 7}))
        refused(gateway, token({**good, "org": 7}))

    @tap.row("token, bound: every HMAC of the list, with no key but JWT_SECRET")
    def _():
        for alg in ("HS256", "HS384", "HS512"):
            accepted(gateway, token(good, alg=alg))


def places(tap, gateway):
    alice = gateway.tokens["alice"]
    api = f"/containers/{NOWHERE}"

    # path, X-API-Key, Authorization, status; api is the class of sessions
    # fmt: off
    table = [
        ("a key, nothing else", "render", alice, None, 204),
        ("a key with blanks around it", "render", f"  {alice} ", None, 204),
        ("a wrong key, nothing else", "render", "wrong", None, 401),
        ("the key's name with it", "render", f"alice:{alice}", None, 401),
        ("a wrong key, a good token", "render", "wrong", "Bearer {}", 204),
        ("a wrong key, a good Bearer key", "render", "wrong", f"Bearer {alice}", 204),
        ("a good key, a wrong Bearer", "render", alice, "Bearer wrong", 204),
        ("a token as a key", "render", "{}", None, 401),
        ("empty", "render", "", None, 401),
        ("a Bearer key alone", "render", None, f"Bearer {alice}", 204),
        ("nothing", "render", None, None, 401),
        ("a good key, elsewhere", "api", alice, None, 401),
        ("a good key and a wrong Bearer, elsewhere", "api", alice, "Bearer wrong", 401),
        ("a wrong key and a good token, elsewhere", "api", "wrong", "Bearer {}", 404),
    ]
    # fmt: on
    for name, where, key, bearer, status in table:

        @tap.row(f"X-API-Key: {name}: {status}")
        def _():
            text = token()
            headers = [
                (n, v.format(text))
                for n, v in (("X-API-Key", key), ("Authorization", bearer))
                if v is not None
            ]
            path = "/internal/auth/apikey" if where == "render" else api
            equal(gateway.ask("GET", path, headers).status, status)

    @tap.row("/internal/auth/apikey: 204 has no body; HEAD is the same; POST is 405")
    def _():
        key = [("X-API-Key", alice)]
        for method in ("GET", "HEAD"):
            response = gateway.ask(method, "/internal/auth/apikey", key)
            equal((response.status, response.body), (204, b""))
        equal(gateway.ask("POST", "/internal/auth/apikey", key).status, 405)

    @tap.row("open routes look at no token")
    def _():
        for path in ("/", "/version", "/livez", "/healthz"):
            equal(gateway.ask("GET", path, [("Authorization", "Bearer wrong")]).status, 200)


def pem_of(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


# name: maker, algorithms
KINDS = {
    "RSA": (
        lambda: rsa.generate_private_key(65537, 2048),
        "RS256 RS384 RS512 PS256 PS384 PS512",
    ),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), "ES384"),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()), "ES512"),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, "EdDSA"),
    "Ed448": (ed448.Ed448PrivateKey.generate, "EdDSA"),
}


def public_keys(tap, where, start):
    for name, (make, algorithms) in KINDS.items():
        key, stranger = make(), make()
        (where / f"{name}.pem").write_bytes(pem_of(key))
        algorithms = algorithms.split()
        gateway = start(
            JWT_SECRET_FILE=where / f"{name}.pem", JWT_ALGORITHMS=",".join(algorithms)
        )
        for alg in algorithms:

            @tap.row(f"public key: {name}: {alg}")
            def _():
                accepted(gateway, token(key=key, alg=alg))
                accepted(gateway, token({}, {"typ": "at+jwt"}, key, alg))
                refused(gateway, token({"exp": soon(-1)}, key=key, alg=alg))
                refused(gateway, token(key=stranger, alg=alg))
                refused(gateway, token({}, {"alg": "none"}, key, alg))

        @tap.row(f"public key, 401: {name}: taken for a secret of HMAC")
        def _():
            signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"sub": "a", "exp": FAR})
            for secret in (pem_of(key), pem_of(key).strip(), b""):
                mac = hmac.digest(secret, signed, "sha256")
                MADE.append((signed + b"." + part(mac)).decode())
                refused(gateway, MADE[-1])


def silence(tap, gateways):
    @tap.row("no token, part of one, secret or key is in a log")
    def _():
        logged = "\n".join(g.logged() for g in gateways)
        ensure("token: expired" in logged, logged[-2000:], "the log tells why,")
        ensure(logged.count('"principal":"') > 20, logged[-2000:], "the log tells who,")
        equal(found_in(logged, *(v for g in gateways for v in g.tokens.values())), [])
