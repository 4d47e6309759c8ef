# SPDX-License-Identifier: Apache-2.0
"""Which credential counts where, and with what the gateway does not start: contract 3.4, 8.3."""

import secrets
import subprocess

from support.gateway import NOWHERE, Gateway
from support.redis import Redis
from support.service import BUILD, Clean, scratch
from support.tap import ensure, equal
from support.tokens import SECRET, token

from e2e.tokens import KINDS, SMALL, pem_of

# What may come with a request.
GIVEN = {
    "nothing": lambda key: [],
    "a wrong token": lambda key: [("Authorization", "Bearer wrong")],
    "a key": lambda key: [("Authorization", f"Bearer {key}")],
    "a JWT": lambda key: [("Authorization", f"Bearer {token()}")],
    "an X-API-Key": lambda key: [("X-API-Key", key)],
}
# path, its success, then who gets in, in that order: where a key is asked for, where only
# metrics ask for one
# fmt: off
CLASSES = [
    ("/version",                 200, "yyyyy", "yyyyy"),
    ("/healthz",                 200, "yyyyy", "yyyyy"),
    (f"/containers/{NOWHERE}",   404, "nnyyn", "yyyyy"),
    ("/metrics/json",            200, "nnyyn", "yyyyy"),
    ("/health/details",          200, "nnyyn", "yyyyy"),
    ("/healthz/details",         200, "nnyyn", "yyyyy"),
    ("/internal/auth/apikey",    204, "nnyyy", "yyyyy"),
    ("/metrics",                 200, "yyyyy", "nnyyn"),
]
# fmt: on

SHORT = "short-secret"
PEM = pem_of(KINDS["P-256"][0]()).decode()
GUARDED = {
    "APP_ENV": "production",
    "API_KEYS": "a:" + "x" * 32,
    "SANDBOX_IMAGE": "code-sandbox:1.2",
    "DOCKER_HOST": "tcp://engine:2376",
    "DOCKER_TLS_VERIFY": "1",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "ENABLE_CORS": "false",
}
# settings, and what is said of them; None: fit to start
# fmt: off
STARTS = [
    ("a key", {"API_KEYS": "a:s"}, None),
    ("no key", {}, "REQUIRE_AUTH needs"),
    ("a name without a secret", {"API_KEYS": "local:"}, "REQUIRE_AUTH needs"),
    ("empty entries", {"API_KEYS": ",,local:,"}, "REQUIRE_AUTH needs"),
    ("JWT_SECRET in place of a key", {"JWT_SECRET": SHORT}, None),
    ("every HMAC", {"JWT_SECRET": SHORT, "JWT_ALGORITHMS": "HS256, HS384 ,HS512"}, None),
    ("algorithm none", {"JWT_SECRET": SHORT, "JWT_ALGORITHMS": "HS256,none"}, 'names "none"'),
    ("an algorithm in lower case", {"JWT_SECRET": SHORT, "JWT_ALGORITHMS": "hs256"}, 'names "hs256"'),
    ("HMAC and a public key", {"JWT_SECRET": PEM}, "HS256, which does not go with JWT_SECRET (EC, 256 bits)"),
    ("a secret and RS256", {"JWT_SECRET": SHORT, "JWT_ALGORITHMS": "RS256"}, "RS256, which does not go"),
    ("two families", {"JWT_SECRET": PEM, "JWT_ALGORITHMS": "ES256,HS256"}, "HS256, which does not go"),
    ("another curve", {"JWT_SECRET": PEM, "JWT_ALGORITHMS": "ES256,ES384"}, "ES384, which does not go"),
    ("a public key", {"JWT_SECRET": PEM, "JWT_ALGORITHMS": "ES256"}, None),
    ("half a public key", {"JWT_SECRET": PEM[:90], "JWT_ALGORITHMS": "ES256"}, "JWT_SECRET is PEM, but"),
    ("a key for SSH", {"JWT_SECRET": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"}, "JWT_SECRET is a key for SSH"),
    ("a file that is not there", {"JWT_SECRET_FILE": "/nowhere"}, "JWT_SECRET_FILE"),
    ("both forms", {"JWT_SECRET": SHORT, "JWT_SECRET_FILE": "/etc/hostname"}, "are both set"),
    ("production, a short secret", {**GUARDED, "JWT_SECRET": SHORT}, "JWT_SECRET is shorter than 32"),
    ("production, a long one", {**GUARDED, "JWT_SECRET": SECRET}, None),
    ("production, a public key", {**GUARDED, "JWT_SECRET": PEM, "JWT_ALGORITHMS": "ES256"}, None),
    ("production, a short key", {**GUARDED, "API_KEYS": f"a:{SHORT}"}, "API_KEYS: the secret of"),
]
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, **SMALL, JWT_SECRET=SECRET) as asks,
        Gateway(
            where,
            redis,
            **SMALL,
            JWT_SECRET=SECRET,
            REQUIRE_AUTH="false",
            METRICS_AUTH_REQUIRED="true",
        ) as open_to_all,
    ):
        for path, success, closed, free in CLASSES:
            classes(tap, asks, "a key is asked for", path, success, closed)
            classes(tap, open_to_all, "metrics alone ask", path, success, free)
        files(tap, where, redis)
    with scratch() as certificates:
        for name in ("ca", "cert", "key"):
            (certificates / f"{name}.pem").touch()
        tap.table("start", STARTS, lambda *row: starts(certificates, *row))


def classes(tap, gateway, where, path, success, admitted):
    @tap.row(f"{where}: {path.replace(NOWHERE, '{id}')}")
    def _():
        got = {}
        for name, headers in GIVEN.items():
            response = gateway.ask("GET", path, headers(gateway.tokens["alice"]))
            got[name] = response.status
            if response.status == 401:
                equal(response.header("WWW-Authenticate"), "Bearer")
        equal(got, dict(zip(GIVEN, (success if a == "y" else 401 for a in admitted))))


def files(tap, where, redis):
    key = secrets.token_hex(24)
    contents = {
        "API_KEYS": f"local:{key}\n",
        "JWT_SECRET": f"{SECRET}\n",
        "REDIS_URL": f"{redis.url}\n",
    }
    settings = {}
    for name, content in contents.items():
        (where / name).write_text(content)
        settings |= {name: None, f"{name}_FILE": where / name}

    @tap.row("each secret from a file: API_KEYS_FILE, JWT_SECRET_FILE, REDIS_URL_FILE")
    def _():
        with Gateway(where, redis, **SMALL, **settings) as gateway:
            for secret in (key, token()):
                client = gateway.client(token=secret)
                equal(client.get(f"/containers/{NOWHERE}").status, 404)
            equal(gateway.client(token=f"local:{key}").get("/internal/auth/apikey").status, 401)


def starts(certificates, settings, told):
    env = Clean(
        **{
            "APP_ENV": "development",
            "REQUIRE_AUTH": "true",
            "DOCKER_CERT_PATH": certificates,
            "RUN_DIR": certificates,
            **settings,
        }
    )
    checked = run(env, "--check")
    equal(checked.returncode, 78 if told else 0, checked.stdout)
    ensure(not told or told in checked.stdout, checked.stdout)
    started = run(env)
    equal(started.returncode, 78 if told else 1, started.stderr)
    ensure(not told or told in started.stderr, started.stderr)
    for text in (checked.stdout, checked.stderr, started.stdout, started.stderr):
        ensure(SHORT not in text and SECRET not in text and PEM[30:60] not in text, text)


def run(env, *arguments):
    return subprocess.run(
        [str(BUILD / "code-gateway"), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
