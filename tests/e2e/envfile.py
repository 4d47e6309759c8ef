# SPDX-License-Identifier: Apache-2.0
"""The operator's env file in sessions that ask for it: contract 1.2.3, 1.2.6 step 9, 4.6."""

from support.gateway import Gateway, given
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, matches

SECRET = "SECRET_TOKEN=hunter2-of-the-operator\n"
DISABLED = "Sandbox env injection is disabled."
NO_SOURCE = (
    "Sandbox env injection was requested, but no readable env source file is configured."
)
FAILED = "Failed to copy the env file to container: "


def rows(tap):
    with scratch() as where, Redis(where).start() as redis, Gateway(where, redis) as gateway:

        @tap.row("env file: is off by default")
        def _():
            refused(gateway, DISABLED)

    with scratch() as where, Redis(where).start() as redis:
        source = where / "source"
        source.write_text(SECRET)
        with (
            Gateway(
                where,
                redis,
                ALLOW_SANDBOX_ENV_INJECTION="true",
                SANDBOX_ENV_SOURCE_PATH=source,
            ) as gateway,
            gateway.session(inject_sandbox_env=True) as session,
        ):
            is_there(tap, gateway, session)
            is_restored(tap, session, source)
            fails(tap, session, source)
    with scratch() as where, Redis(where).start() as redis:
        sources(tap, where, redis)


def refused(gateway, text):
    response = gateway.client().post("/containers", {"inject_sandbox_env": True})
    equal((response.status, response.detail), (400, text))
    equal(gateway.containers(), [])


def is_there(tap, gateway, session):
    @tap.row("env file: is there for Python and Bash, for its owner only")
    def _():
        equal(session.python("print(open('.env').read(), end='')").worked().stdout, SECRET)
        result = session.bash("stat -c '%a %u' ~/.env | sed \"s/ $(id -u)$/ me/\"; cat ~/.env")
        equal(result.stdout, f"600 me\n{SECRET}")

    @tap.row("env file: is in no session that did not ask")
    def _():
        with gateway.session() as other:
            equal(other.bash("ls -A ~").stdout, "")

    @tap.row("env file: its content is told to nobody else")
    def _():
        for text in (
            str(gateway.docker.inspect(session.id)),
            str(gateway.redis.dump()),
            str(session.inspect().json),
            gateway.logged(),
        ):
            ensure("hunter2" not in text, text)


def is_restored(tap, session, source):
    for name, command in (
        ("a change", "echo changed >~/.env"),
        ("a removal", "rm ~/.env"),
        ("other rights", "chmod 0 ~/.env"),
        ("a link", "echo mine >~/mine; ln -sf mine ~/.env"),
        ("a new name", "mv ~/.env ~/moved"),
    ):

        @tap.row(f"env file: undone is {name}")
        def _(command=command):
            session.bash(command)
            equal(session.bash("stat -c '%a %F' ~/.env; cat ~/.env").stdout, f"600 regular file\n{SECRET}")

    @tap.row("env file: what a link led to is left alone")
    def _():
        session.bash("echo mine >~/mine; ln -sf mine ~/.env")
        equal(session.bash("cat ~/mine").stdout, "mine\n")

    @tap.row("env file: what is new in it comes with the next execution")
    def _():
        source.write_text("NEW=1\n")
        equal(session.bash("cat ~/.env").stdout, "NEW=1\n")
        source.write_text(SECRET)
        equal(session.bash("cat ~/.env").stdout, SECRET)

    @tap.row("env file: a file of that name in the request comes after it")
    def _():
        equal(session.bash("cat ~/.env", files=[given(".env", "OWN=1")]).stdout, "OWN=1")
        equal(session.bash("cat ~/.env").stdout, SECRET)


def fails(tap, session, source):
    @tap.row("env file: an execution without it does not take place, and the session lives on")
    def _():
        source.rename(f"{source}.away")
        result = session.bash("echo ran")
        equal((result.stdout, result.error_type), ("", "EnvironmentProvisionError"))
        equal((result.error, result.outcome), (FAILED + "No such file or directory", "infra"))
        equal((result.timed_out, result.files), (False, []))
        count = session.inspect().json["execution_count"]
        source.with_name(f"{source.name}.away").rename(source)
        equal(session.bash("echo ran").stdout, "ran\n")
        equal(session.inspect().json["execution_count"], count + 1)

    @tap.row("env file: so it is where it cannot be written")
    def _():
        session.bash("rm ~/.env; mkdir ~/.env")
        for files in ([], [given("a.txt", "a")]):
            result = session.bash("echo ran", files=files)
            equal((result.stdout, result.error_type), ("", "EnvironmentProvisionError"))
            equal(result.error, FAILED + "Is a directory: .env")

    @tap.row("env file: another file that cannot be written is told as itself")
    def _():
        with session.client.session(inject_sandbox_env=True) as other:
            other.bash("mkdir ~/dir")
            result = other.bash("echo ran", files=[given("dir", "x")])
            equal((result.stdout, result.error_type), ("", "FileUploadError"))
            matches("Is a directory: dir$", result.error)


def sources(tap, where, redis):
    source, target = where / "source", "/home/sandbox/settings/mine/app.env"
    with Gateway(
        where,
        redis,
        ALLOW_SANDBOX_ENV_INJECTION="true",
        SANDBOX_ENV_SOURCE_PATH=source,
        SANDBOX_ENV_TARGET_PATH=target,
        CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW=1,
        CONTAINER_RATE_LIMIT_WINDOW_SECONDS=3600,
    ) as gateway:
        tap.row("env file: none is there")(lambda: refused(gateway, NO_SOURCE))

        @tap.row("env file: a directory is none")
        def _():
            source.mkdir()
            refused(gateway, NO_SOURCE)
            source.rmdir()

        @tap.row("env file: more than 64 KiB are none")
        def _():
            source.write_bytes(b"x" * 65537)
            refused(gateway, NO_SOURCE)

        @tap.row("env file: 64 KiB arrive whole, in directories made for it, and a refusal costs no rate")
        def _():
            text = "".join(f"NAME_{i}=value\n" for i in range(5000))[:65536]
            source.write_text(text)
            with gateway.session(inject_sandbox_env=True) as session:
                result = session.python(f"print(open('{target}').read(), end='')")
                equal(result.stdout, text)
                equal(session.bash(f"stat -c %a {target}").stdout, "600\n")
