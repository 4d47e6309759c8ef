# SPDX-License-Identifier: Apache-2.0
"""Sessions with a network, on a daemon and interfaces of our own: contract 4.5, what they reach."""

import contextlib
import pathlib
import re
import subprocess
import sys

from support.daemon import Daemon, missing
from support.docker import Docker
from support.gateway import Gateway
from support.index import Index
from support.redis import Redis
from support.service import TOP, Program, scratch
from support.tap import Skipped, ensure, equal, eventually

METADATA = "169.254.169.254"
HOST = "172.17.0.1"  # as sandboxes see it

# Takes connections and says so; told where by its arguments.
LISTENER = """
import selectors, socket, sys
wait = selectors.DefaultSelector()
for where in sys.argv[1:]:
    host, _, port = where.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, int(port)))
    s.listen()
    wait.register(s, selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in wait.select():
        key.fileobj.accept()[0].close()
"""

# What becomes of a connection to host and port.
CONNECT = """
import socket
for host, port in {targets}:
    try:
        socket.create_connection((host, port), 2).close()
        print("open")
    except OSError as error:
        print("closed", error)
"""


def rows(tap):
    image, reason = missing()
    if reason:
        tap.row("network")(lambda: skip(reason))
        return
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Daemon(where, bridge=True) as daemon,
    ):
        daemon.start()
        daemon.load(image)
        with (
            Index(Docker(daemon.host), "bridge", image) as index,
            Gateway(
                where,
                redis,
                index.docker,
                SANDBOX_IMAGE=image,
                SANDBOX_NETWORK_MODE="bridge",
                ALLOW_PIP_INSTALLS="true",
                PIP_INDEX_URL=f"http://{index.address()}:8000/simple",
            ) as gateway,
        ):
            with gateway.session(enable_network=True) as there, gateway.session() as none:
                modes(tap, gateway, there, none)
                reached(tap, index, there, none)
                host(tap, where, daemon, there)
                link_local(tap, where, daemon, there)


def skip(reason):
    raise Skipped(reason)


def connects(session, *targets):
    """"open" or "closed" for each (host, port)."""
    result = session.python(CONNECT.format(targets=list(targets))).worked()
    return [line.split()[0] for line in result.stdout.splitlines()]


def modes(tap, gateway, there, none):
    @tap.row("network: a session that asked for one says so, one that did not says no")
    def _():
        for session, enabled in ((there, True), (none, False)):
            equal(session.created["network_enabled"], enabled)
            equal(session.inspect().json["network_enabled"], enabled)

    @tap.row("network: Docker was asked for what the session says")
    def _():
        for session, mode in ((there, "bridge"), (none, "none")):
            equal(gateway.docker.inspect(session.id)["HostConfig"]["NetworkMode"], mode)

    @tap.row("network: an execution cannot ask for one, nor do without")
    def _():
        look = "ls /sys/class/net"
        equal(none.bash(look, enable_network=True).stdout, "lo\n")
        equal(there.bash(look, enable_network=False).stdout, "eth0\nlo\n")

    @tap.row("network: a session has no rights over it")
    def _():
        result = there.python(
            "import socket\n"
            "for family, kind in ((socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW),\n"
            "                     (socket.AF_NETLINK, socket.SOCK_RAW)):\n"
            "    try: socket.socket(family, kind, 1 if family == socket.AF_INET else 0); print('made')\n"
            "    except OSError as error: print('refused')\n"
        )
        equal(result.stdout, "refused\n" * 3)


def reached(tap, index, there, none):
    @tap.row("network: one that has it reaches others on the bridge, one without nobody")
    def _():
        target = (index.address(), 8000)
        equal(connects(there, target), ["open"])
        equal(connects(none, target, (HOST, 1), (METADATA, 80)), ["closed"] * 3)

    @tap.row("network: pip installs from the index by its address")
    def _():
        result = there.python(
            "import cg_fast; print(cg_fast.answer())", pip_packages=["cg-fast==1.0"]
        )
        equal((result.stdout, result.stderr, result.error), ("42\n", "", None))


@contextlib.contextmanager
def listening(where, daemon, *places):
    """On interfaces of the machine that runs the daemon, as it were."""
    log = pathlib.Path(where / "listener.log")
    log.unlink(missing_ok=True)
    argv = ["nsenter", f"--net=/proc/{daemon.pid}/ns/net", sys.executable, "-c", LISTENER, *places]
    with Program(argv, log) as listener:
        listener.start().until(lambda: "listening" in listener.logged())
        yield


def inside(daemon, *words):
    subprocess.run(
        ["nsenter", f"--net=/proc/{daemon.pid}/ns/net", *words],
        check=True,
        timeout=30,
        stdout=subprocess.DEVNULL,
    )


def host(tap, where, daemon, there):
    inside(daemon, "ip", "link", "set", "lo", "up")

    @tap.row("network: the host's loopback is closed")
    def _():
        with listening(where, daemon, "127.0.0.1:7001", "::1:7001", f"{HOST}:7002"):
            equal(
                connects(there, ("127.0.0.1", 7001), ("::1", 7001), (HOST, 7001)), ["closed"] * 3
            )
            equal(connects(there, (HOST, 7002)), ["open"])  # the listener is one

    @tap.row("network: the Docker API is closed")
    def _():
        equal(connects(there, (HOST, 2375), (HOST, 2376), (HOST, 2377)), ["closed"] * 3)
        sockets = there.bash("find / -xdev -type s 2>/dev/null; ls /var/run/docker* /run/docker*")
        equal(sockets.stdout, "")


def rules():
    """The commands README.md has for what Docker leaves open."""
    found = re.findall(r"^    (iptables .*)$", (TOP / "README.md").read_text(), re.M)
    ensure(len(found) == 2, found)
    return [words.split() for words in found]


@contextlib.contextmanager
def cloud(where, daemon):
    """A metadata service beyond the machine, as clouds have them."""
    with Program(["unshare", "--net", "sleep", "600"], where / "cloud.log") as far:
        far.start()
        net = ["nsenter", f"--net=/proc/{far.pid}/ns/net"]
        eventually(lambda: pathlib.Path(f"/proc/{far.pid}/comm").read_text() == "sleep\n", 10)
        inside(daemon, "ip", "link", "add", "cloud", "type", "veth", "peer", "name", "end")
        inside(daemon, "ip", "link", "set", "end", "netns", str(far.pid))
        inside(daemon, "ip", "address", "add", "169.254.0.1/16", "dev", "cloud")
        inside(daemon, "ip", "link", "set", "cloud", "up")
        for words in (
            ["address", "add", f"{METADATA}/16", "dev", "end"],
            ["link", "set", "end", "up"],
        ):
            subprocess.run([*net, "ip", *words], check=True, timeout=30)
        log = where / "metadata.log"
        argv = [*net, sys.executable, "-c", LISTENER, f"{METADATA}:80"]
        with Program(argv, log) as listener:
            listener.start().until(lambda: "listening" in listener.logged())
            yield


def link_local(tap, where, daemon, there):
    @tap.row("network: what Docker leaves open is closed by the rules of the README")
    def _():
        with cloud(where, daemon), listening(where, daemon, f"{HOST}:7003"):
            open_to = [(METADATA, 80), (HOST, 7003)]
            equal(connects(there, *open_to), ["open"] * 2)
            for words in rules():
                inside(daemon, *words)
            equal(connects(there, *open_to), ["closed"] * 2)
        there.answers()
