# SPDX-License-Identifier: Apache-2.0
"""The gateway as a process, with neither Redis nor Docker behind it: starting, answering,
replacing its dead, draining.  Prints TAP; $GATEWAY is the program."""

import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.dont_write_bytecode = True

from support import fastcgi  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("GATEWAY", "./code-gateway"))
KEY = "a-secret-that-is-long-enough-for-anyone"
KNOWN = [("Authorization", f"Bearer {KEY}")]
NOWHERE = "/containers/" + 64 * "0"
HOME = tempfile.TemporaryDirectory(prefix="test-gateway-")
SOCKET = os.path.join(HOME.name, "gateway.sock")
SETTINGS = {
    "APP_ENV": "development", "API_KEYS": "test:" + KEY, "REQUIRE_AUTH": "true",
    "FASTCGI_SOCKET": SOCKET, "FASTCGI_SOCKET_MODE": "0600", "RUN_DIR": HOME.name,
    "DOCKER_HOST": f"unix://{HOME.name}/no-docker.sock", "WORKERS": "7", "RESERVED_WORKERS": "4",
    "MAX_CONCURRENT_EXECUTIONS": "1", "MAX_CONCURRENT_RENDERS": "1", "WAITING_WORKERS": "2",
    "REDIS_URL": f"unix://{HOME.name}/no-redis.sock", "MAX_REQUEST_BODY_SIZE": "1000000",
    "MAX_INPUT_TOTAL_SIZE": "900000", "MAX_INPUT_FILE_SIZE": "900000", "DRAIN_SECONDS": "20",
}


def eventually(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def answers():
    try:
        return fastcgi.ask(SOCKET, "GET", "/livez", timeout=10).status == 200
    except (OSError, fastcgi.Closed):
        return False


def begun(params):
    """A request of which only the parameters are sent."""
    exchange = fastcgi.Exchange(SOCKET, 30)
    exchange.write(fastcgi.begin(params))
    return exchange


class Gateway:
    """One that runs; its log is read when it has ended."""

    def __init__(self, wait=True, stdin=subprocess.DEVNULL, **settings):
        self.log = tempfile.TemporaryFile()
        environment = {k: v for k, v in {**SETTINGS, **settings}.items() if v is not None}
        self.process = subprocess.Popen([PROGRAM], env=environment, stdin=stdin,
                                        stderr=self.log, start_new_session=True)
        if wait:
            eventually(lambda: answers() or self.process.poll() is not None)

    def workers(self):
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            pids = [int(pid) for pid in file.read().split()]
        return [pid for pid in pids if name_of(pid) == "gateway-worker"]

    def get(self, path, headers=()):
        return self.ask("GET", path, headers)

    def post(self, path, body=b"", length=None):
        return self.ask("POST", path, fastcgi.JSON, body, length)

    def ask(self, method, path, headers=(), body=b"", length=None):
        return self.raw(fastcgi.params_for(method, path, [*KNOWN, *headers], body, length), body)

    def raw(self, params, body=b""):
        """Exactly these parameter pairs."""
        with begun(params) as exchange:
            exchange.write(fastcgi.stream(fastcgi.STDIN, body))
            return exchange.answer()

    def slow_request(self):
        """One whose body is on its way."""
        return begun(fastcgi.params_for("POST", "/containers", KNOWN + fastcgi.JSON, b"{}"))

    def end(self, signal_number=signal.SIGTERM, seconds=30):
        self.process.send_signal(signal_number)
        return self.process.wait(seconds)

    def lines(self):
        self.log.seek(0)
        return [json.loads(line) for line in self.log.read().splitlines()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            workers = self.workers()
            self.process.kill()
            self.process.wait()
            eventually(lambda: not any(name_of(pid) for pid in workers))
        self.log.close()


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def call(*arguments, **settings):
    environment = {k: v for k, v in {**SETTINGS, **settings}.items() if v is not None}
    return subprocess.run([PROGRAM, *arguments], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30, check=False)


def it_answers_for_itself_with_nothing_behind_it():
    with Gateway() as gateway:
        assert gateway.get("/").json["message"] == "Code Execution Gateway"
        version = gateway.get("/version")
        assert version.json["tag"] == version.header("x-code-execution-version-tag")
        assert version.header("cache-control") == "no-store"
        assert gateway.get("/healthz").status == 503
        assert gateway.get("/readyz").json == {"status": "degraded"}
        assert gateway.ask("HEAD", "/version").body == b""
        assert gateway.get("/version/").header("location") == "http://gateway.test/version"


def what_needs_redis_is_unavailable_for_now():
    with Gateway() as gateway:
        run = json.dumps({"container_id": 64 * "0", "code": "1"}).encode()
        for answer in (gateway.post("/containers"), gateway.get(NOWHERE),
                       gateway.post("/execute", run)):
            assert answer.status == 503, answer
            assert int(answer.header("retry-after")) >= 1


def who_is_not_known_sends_no_body():
    with Gateway() as gateway:
        answer = begun(fastcgi.params_for("POST", "/execute", body=bytes(500000))).answer()
        assert answer.status == 401 and answer.header("www-authenticate") == "Bearer"
        params = fastcgi.params_for("POST", "/execute", fastcgi.JSON, length=1000001)
        assert gateway.raw(params).status == 413


def a_body_is_counted_as_it_arrives():
    with Gateway() as gateway:
        params = fastcgi.params_for("POST", "/execute", KNOWN + fastcgi.JSON)
        none = [(k, v) for k, v in params if k != "CONTENT_LENGTH"]
        for length in ([], *([("CONTENT_LENGTH", said)] for said in ("", "-1", "0"))):
            answer = gateway.raw(none + length, bytes(1000001))
            assert answer.status == 413, answer
            assert answer.detail == "Request body too large. Maximum size is 1000000 bytes."


def two_of_one_header_are_refused():
    with Gateway() as gateway:
        params = fastcgi.params_for("GET", NOWHERE, KNOWN)
        assert gateway.raw(params + [("CONTENT_LENGTH", "0")]).status == 400
        assert gateway.raw(params + [("HTTP_AUTHORIZATION", "Bearer x")]).status == 401


def a_path_does_not_end_at_a_nul():
    with Gateway() as gateway:
        assert gateway.get("/version\0").status == 404


def bodies_wait_only_where_there_is_room():
    with Gateway() as gateway:
        # There is room for three; which of the four finds none is the gateway's choice.
        waiting = [gateway.slow_request() for _ in range(4)]
        refused, _, _ = select.select([exchange.socket for exchange in waiting], [], [], 30)
        assert len(refused) == 1
        for exchange in waiting:
            if exchange.socket in refused:
                answer = exchange.answer()
                assert answer.status == 503 and answer.detail.startswith("The gateway is busy")
        assert gateway.get("/livez").status == 200
        for exchange in waiting:
            exchange.close()


def a_worker_that_dies_is_replaced():
    with Gateway() as gateway:
        before = eventually(lambda: len(gateway.workers()) == 7 and gateway.workers())
        exchange = gateway.slow_request()
        os.kill(before[0], signal.SIGKILL)
        exchange.close()
        eventually(lambda: len(set(gateway.workers()) - set(before)) == 1)
        assert gateway.end() == 0


def it_finishes_what_it_began(signal_number=signal.SIGTERM, group=False):
    with Gateway() as gateway:
        exchange = gateway.slow_request()
        time.sleep(0.2)
        if group:
            os.killpg(gateway.process.pid, signal_number)
        else:
            gateway.process.send_signal(signal_number)
        eventually(lambda: not os.path.exists(SOCKET))
        assert gateway.process.poll() is None
        exchange.write(fastcgi.stream(fastcgi.STDIN, b"{}"))
        assert exchange.answer().status == 503
        assert gateway.process.wait(30) == 0


def every_signal_to_end_drains():
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
        it_finishes_what_it_began(number)


def a_signal_to_all_of_them_cuts_nothing():
    it_finishes_what_it_began(signal.SIGTERM, group=True)


def who_has_connected_is_served():
    with Gateway(WORKERS="5") as gateway:
        eventually(lambda: len(gateway.workers()) == 5)
        for pid in gateway.workers():
            os.kill(pid, signal.SIGSTOP)
        waiting = [begun(fastcgi.params_for("GET", "/livez")) for _ in range(20)]
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: not os.path.exists(SOCKET))
        for pid in gateway.workers():
            os.kill(pid, signal.SIGCONT)
        for exchange in waiting:
            exchange.write(fastcgi.record(fastcgi.STDIN))
            assert exchange.answer().status == 200
        assert gateway.process.wait(30) == 0


def who_is_told_again_and_again_ends_at_once():
    with Gateway(DRAIN_SECONDS="600") as gateway:
        exchange = gateway.slow_request()
        time.sleep(0.2)
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: not os.path.exists(SOCKET))
        eventually(lambda: gateway.process.send_signal(signal.SIGTERM)
                   or gateway.process.poll() is not None)
        assert gateway.process.returncode == 1
        exchange.close()


def its_socket_is_its_own():
    with Gateway() as gateway:
        assert stat.S_IMODE(os.stat(SOCKET).st_mode) == 0o600
        second = call()
        assert second.returncode == 1 and "in use by another process" in second.stderr
        workers = gateway.workers()
        gateway.process.kill()
        gateway.process.wait()
        eventually(lambda: not any(name_of(pid) for pid in workers))
        with Gateway() as successor:
            assert successor.get("/livez").status == 200


def a_socket_may_be_given():
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(SOCKET)
        given.listen()
        with Gateway(stdin=given, FASTCGI_SOCKET=None) as gateway:
            given.close()
            assert gateway.get("/livez").status == 200
            assert gateway.end() == 0
            assert os.path.exists(SOCKET)
    os.unlink(SOCKET)
    none = call(FASTCGI_SOCKET=None)
    assert none.returncode == 1 and "FASTCGI_SOCKET" in none.stderr


def each_request_is_one_line_of_the_log():
    with Gateway() as gateway:
        gateway.get("/version", [("X-Request-ID", "mine")])
        gateway.get("/nosuch")
        gateway.get("/containers/" + 64 * "a")
        gateway.end()
        requests = {line["request_id"]: line for line in gateway.lines()
                    if line["event"] == "request" and line.get("route") != "/livez"}
        assert len(requests) == 3
        mine = requests.pop("mine")
        assert (mine["route"], mine["status"], mine["outcome"]) == ("/version", 200, "ok")
        assert mine["ms"] >= 0
        unknown, refused = sorted(requests.values(), key=lambda line: line["status"])
        assert "route" not in unknown and unknown["status"] == 404
        assert refused["route"] == "/containers/{container_id}" and refused["session"] == 12 * "a"
        assert len(refused["principal"]) == 12
        assert refused["outcome"] == "unavailable" and refused["detail"]
        self_told = json.dumps(gateway.lines())
        assert KEY not in self_told


def the_command_line_explains_itself():
    help_text = call("--help")
    assert help_text.returncode == 0
    for option in ("--env-file", "--check", "--healthcheck", "--print-env", "--version"):
        assert option in help_text.stdout
    assert call("--version").stdout.startswith("code-gateway ")
    assert "MAX_REQUEST_BODY_SIZE" in call("--print-env").stdout
    assert call("--nosuch").returncode == 64 and call("nosuch").returncode == 64


def unfit_settings_end_with_78():
    wrong = call(WORKERS="many", MAX_TIMEOUT="0")
    assert wrong.returncode == 78
    assert "WORKERS" in wrong.stderr and "MAX_TIMEOUT" in wrong.stderr
    assert call("--check").returncode == 0
    assert KEY not in call("--check").stdout
    for setting in ({"REDIS_URL": "http://x"}, {"API_KEYS": ""}, {"DOCKER_HOST": "ftp://x"}):
        assert call("--check", **setting).returncode == 78, setting
    assert call("--env-file", HOME.name + "/nosuch").returncode == 78


def what_the_machine_lacks_is_told_by_name():
    for name, value in [("FASTCGI_SOCKET", "0.0.0.0:9000"), ("FASTCGI_SOCKET", "/" + 120 * "x"),
                        ("FASTCGI_SOCKET_GROUP", "no-such-group"), ("GATEWAY_USER", "no-such-user"),
                        ("RUN_DIR", "/dev/null"), ("RUN_DIR", "/nonexistent/run")]:
        started, checked = call(**{name: value}), call("--check", **{name: value})
        assert started.returncode == 78 and started.stderr.startswith(name), started
        assert checked.returncode == 78 and f"\nunfit: {name}" in checked.stdout, checked
        assert f"\n{name}={value}\t(environment)\tunfit\n" in checked.stdout, checked
    fresh = os.path.join(HOME.name, "run")
    assert call("--check", RUN_DIR=fresh).returncode == 0 and not os.path.exists(fresh)


def a_run_directory_is_for_the_user_it_becomes():
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory() as there:
        refused = call("--check", GATEWAY_USER="nobody", RUN_DIR=there)
        assert refused.returncode == 78, refused
        assert "\nunfit: RUN_DIR is no directory that nobody can write to" in refused.stdout
        os.chmod(there, 0o777)
        assert call("--check", GATEWAY_USER="nobody", RUN_DIR=there).returncode == 0


def a_misspelt_setting_is_told():
    line = "MAX_TIMEOUTS (environment) is no setting; MAX_TIMEOUT is one"
    assert f"\nwarning: {line}\n" in call("--check", MAX_TIMEOUTS="1").stdout
    with Gateway(MAX_TIMEOUTS="1") as gateway:
        gateway.end()
        told = [one["message"] for one in gateway.lines() if one["event"] == "settings"]
        assert told == [line], told


# older name: the setting, a value
ALIASES = {
    "API_KEY": ("API_KEYS", "a:" + KEY), "GATEWAY_DOCKER_HOST": ("DOCKER_HOST", "tcp://a:2376"),
    "SECCOMP_PROFILE_PATH": ("SECCOMP_PROFILE_DAEMON_PATH", "/profile.json"),
    "RENDERING_VERSION": ("SLIDE_RENDERING_VERSION", "v2"),
    "ACTIVE_RENDERING_VERSION": ("SLIDE_RENDERING_VERSION", "v2"),
    "MAX_RENDER_REQUEST_BODY_BYTES": ("RENDER_MAX_REQUEST_BODY_BYTES", "190000000"),
    "MAX_RENDER_HTML_CHARS": ("RENDER_MAX_HTML_CHARS", "2000"),
    "MAX_HTML_CHARS": ("RENDER_MAX_HTML_CHARS", "2000"),
    "MAX_RENDER_INPUT_FILES": ("RENDER_MAX_INPUT_FILES", "7"),
    "MAX_RENDER_SLIDES": ("RENDER_MAX_SLIDES", "7"), "MAX_SLIDES": ("RENDER_MAX_SLIDES", "7"),
    "MAX_RENDER_ASSET_BYTES": ("RENDER_MAX_ASSET_BYTES", "2000"),
    "MAX_ASSET_BYTES": ("RENDER_MAX_ASSET_BYTES", "2000"),
    "MAX_RENDER_TOTAL_ASSET_BYTES": ("RENDER_MAX_TOTAL_ASSET_BYTES", "30000000"),
    "MAX_TOTAL_ASSET_BYTES": ("RENDER_MAX_TOTAL_ASSET_BYTES", "30000000"),
    "MAX_RENDER_OUTPUT_BYTES": ("RENDER_MAX_OUTPUT_BYTES", "30000000"),
    "ALLOWED_HOSTS": ("RENDER_ALLOWED_HOSTS", "localhost"),
    "ALLOW_INSECURE_PRODUCTION_CONFIGURATION":
        ("RENDER_ALLOW_INSECURE_PRODUCTION_CONFIGURATION", "true"),
    "LATEX_TIMEOUT_SECONDS": ("LATEX_RENDER_TIMEOUT_SECONDS", "77"),
    "MAX_LATEX_RENDER_REQUEST_BODY_BYTES": ("LATEX_RENDER_MAX_REQUEST_BODY_BYTES", "2000"),
}


def every_older_name_counts_where_the_newer_is_absent():
    for alias, (name, value) in ALIASES.items():
        shown = "(set)" if name == "API_KEYS" else value
        lines = call("--check", **{name: None, alias: value}).stdout.splitlines()
        assert f"{name}={shown}\t(environment, as {alias})\tok" in lines, alias
        lines = call("--check", **{name: value, alias: "old"}).stdout.splitlines()
        assert f"{name}={shown}\t(environment)\twarning" in lines, alias
        assert f"warning: {name} is set, so {alias} (environment) is not heard" in lines, alias


TESTS = [
    it_answers_for_itself_with_nothing_behind_it, what_needs_redis_is_unavailable_for_now,
    who_is_not_known_sends_no_body, a_body_is_counted_as_it_arrives, two_of_one_header_are_refused,
    a_path_does_not_end_at_a_nul,
    bodies_wait_only_where_there_is_room, a_worker_that_dies_is_replaced, it_finishes_what_it_began,
    every_signal_to_end_drains, a_signal_to_all_of_them_cuts_nothing,
    who_has_connected_is_served, who_is_told_again_and_again_ends_at_once,
    its_socket_is_its_own, a_socket_may_be_given, each_request_is_one_line_of_the_log,
    the_command_line_explains_itself, unfit_settings_end_with_78,
    what_the_machine_lacks_is_told_by_name, a_run_directory_is_for_the_user_it_becomes,
    a_misspelt_setting_is_told,
    every_older_name_counts_where_the_newer_is_absent,
]


def main():
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - gateway: {name}", flush=True)
        except Exception as error:  # a test may fail in any way
            frame = error.__traceback__
            while frame.tb_next and frame.tb_next.tb_frame.f_code.co_filename == __file__:
                frame = frame.tb_next
            print(f"not ok {number} - gateway: {name}", flush=True)
            print(f"# line {frame.tb_lineno}: {error!r}", flush=True)


if __name__ == "__main__":
    main()
