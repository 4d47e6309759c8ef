# SPDX-License-Identifier: Apache-2.0
"""What Docker was really asked for: contract 4.4 and security.md 4.8, field by field."""

import re

from support.docker import cgroup_of
from support.gateway import Gateway, Session
from support.redis import Redis
from support.service import IMAGE, scratch
from support.tap import Failed, ensure, equal, eventually, matches

EMPTY = (None, [], {}, "", 0, False)

# path into the answer of inspect: wanted value; a tuple lists all that will do
# fmt: off
GOLDEN = {
    "Config.Image": IMAGE,
    "Config.WorkingDir": "/home/sandbox",
    "Config.Entrypoint": ["/usr/libexec/code-gateway/sandbox-init"],
    "Config.Tty": False,
    "Config.OpenStdin": True,
    "Config.StdinOnce": False,
    "Config.AttachStdin": True,
    "Config.AttachStdout": True,
    "Config.AttachStderr": True,
    "Config.ExposedPorts": EMPTY,
    "Config.Volumes": EMPTY,
    "Config.Healthcheck": (None, {"Test": ["NONE"]}),
    "Config.StopSignal": "SIGKILL",
    "Config.Domainname": "",
    "HostConfig.CapDrop": ["ALL"],
    "HostConfig.CapAdd": EMPTY,
    "HostConfig.Privileged": False,
    "HostConfig.SecurityOpt": ["no-new-privileges:true"],
    "HostConfig.ReadonlyRootfs": True,
    "HostConfig.NetworkMode": "none",
    "HostConfig.PidMode": "",
    "HostConfig.IpcMode": "private",
    "HostConfig.UTSMode": "",
    "HostConfig.UsernsMode": "",
    "HostConfig.CgroupnsMode": "private",
    "HostConfig.Cgroup": EMPTY,
    "HostConfig.CgroupParent": "",
    "HostConfig.Isolation": EMPTY,
    "HostConfig.Binds": EMPTY,
    "HostConfig.Mounts": EMPTY,
    "HostConfig.VolumesFrom": EMPTY,
    "HostConfig.VolumeDriver": "",
    "HostConfig.Devices": EMPTY,
    "HostConfig.DeviceRequests": EMPTY,
    "HostConfig.DeviceCgroupRules": EMPTY,
    "HostConfig.PortBindings": EMPTY,
    "HostConfig.PublishAllPorts": False,
    "HostConfig.Links": EMPTY,
    "HostConfig.Dns": EMPTY,
    "HostConfig.ExtraHosts": EMPTY,
    "HostConfig.GroupAdd": EMPTY,
    "HostConfig.Sysctls": EMPTY,
    "HostConfig.StorageOpt": EMPTY,
    "HostConfig.PidsLimit": 256,
    "HostConfig.Memory": 536870912,
    "HostConfig.MemorySwap": 536870912,
    "HostConfig.OomKillDisable": EMPTY,
    "HostConfig.OomScoreAdj": EMPTY,
    "HostConfig.CpuPeriod": 100000,
    "HostConfig.CpuQuota": 100000,
    "HostConfig.CpuRealtimePeriod": EMPTY,
    "HostConfig.NanoCpus": EMPTY,
    "HostConfig.ShmSize": 134217728,
    "HostConfig.LogConfig": {"Type": "none", "Config": {}},
    "HostConfig.RestartPolicy": ({"Name": "no", "MaximumRetryCount": 0}, {"Name": "",
        "MaximumRetryCount": 0}),
    "HostConfig.AutoRemove": True,
    "HostConfig.Init": (None, False),
    "HostConfig.Runtime": ("runc", "io.containerd.runc.v2"),
    "Mounts": [],
    "State.Running": True,
    "State.OOMKilled": False,
    "RestartCount": 0,
    "AppArmorProfile": ("", "docker-default"),
    "NetworkSettings.Ports": EMPTY,
}
# fmt: on

# What user code sees of it.
# fmt: off
INSIDE = {
    "no capabilities": ("grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | grep -vc "
        "0000000000000000", "0\n"),
    "no new privileges": ("grep NoNewPrivs /proc/self/status | cut -f2", "1\n"),
    "a seccomp filter": ("grep ^Seccomp: /proc/self/status | cut -f2", "2\n"),
    "no network but loopback": ("ls /sys/class/net; cat /proc/net/route | wc -l", "lo\n1\n"),
    "root is read-only": ("touch /x /usr/x /etc/x /var/x /root/x 2>&1 | grep -c -e 'Read-only' -e "
        "'denied'", "5\n"),
    "HOME is the user's alone": ("stat -c '%a %u' ~ | sed \"s/ $(id -u)$/ me/\"", "700 me\n"),
    "/tmp has its mode": ("stat -c %a /tmp", "1777\n"),
    "the user has a name": ("id -un", "sandbox\n"),
    "no other group": ("id -G", "10001\n"),
    "PID 1 is the supervisor": ("tr '\\0' '\\n' </proc/1/cmdline | head -n 1",
        "/usr/libexec/code-gateway/sandbox-init\n"),
    "oom_score_adj": ("cat /proc/self/oom_score_adj", "1000\n"),
    "no core files": ("ulimit -c; ulimit -Hc", "0\n0\n"),
}
# fmt: on


def rows(tap):
    with scratch() as where, Redis(where).start() as redis, Gateway(where, redis) as gateway:
        with gateway.session() as one, gateway.session("bob", enable_network=True) as other:
            look(tap, gateway, one, other)
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            SANDBOX_MEM_LIMIT="256m",
            SANDBOX_PIDS_LIMIT=64,
            SANDBOX_CPU_QUOTA=50000,
            SANDBOX_CPU_PERIOD=50000,
            SANDBOX_TMP_ROOT_SIZE="32m",
            SANDBOX_HOME_TMPFS_SIZE="16m",
            SANDBOX_SHM_SIZE="8m",
            SANDBOX_UID=20000,
            SANDBOX_UID_RANGE=16,
            SANDBOX_GID=10001,
            JANITOR_INTERVAL_SECONDS=5,
            SANDBOX_READ_ONLY_ROOTFS="true",
        ) as gateway,
    ):
        with gateway.session() as session:
            settings(tap, gateway, session)

    profile(tap)

def look(tap, gateway, one, other):
    seen = gateway.docker.inspect(one.id)
    for path, want in GOLDEN.items():

        @tap.row(f"inspect: {path}")
        def _():
            found = seen
            for part in path.split("."):
                found = found.get(part)
            if isinstance(want, tuple):
                ensure(found in want, found)
            else:
                equal(found, want)

    @tap.row("inspect: no field of HostConfig is on that the table does not know")
    def _():
        known = {p.split(".")[1] for p in GOLDEN if p.startswith("HostConfig.")} | {
            "Tmpfs",
            "Ulimits",
            "ConsoleSize",
            "MaskedPaths",
            "ReadonlyPaths",
        }
        equal(
            {k: v for k, v in seen["HostConfig"].items() if k not in known and v not in EMPTY}, {}
        )

    @tap.row("inspect: what Docker masks stays masked")
    def _():
        ensure(
            "/proc/kcore" in seen["HostConfig"]["MaskedPaths"]
            and "/proc/sys" in seen["HostConfig"]["ReadonlyPaths"],
            seen["HostConfig"],
        )

    @tap.row("inspect: labels are exactly two")
    def _():
        labels = seen["Config"]["Labels"]
        own = {
            k: v
            for k, v in labels.items()
            if k
            not in (gateway.docker.call("GET", f"/images/{IMAGE}/json")["Config"]["Labels"] or {})
        }
        equal(sorted(own), ["deployment", "managed-by"])
        equal(own["managed-by"], "code-gateway")
        matches(r"^[0-9a-f-]{12,64}$", own["deployment"])
        ensure(gateway.deployment not in own["deployment"], own)

    @tap.row("inspect: the name says nothing")
    def _():
        matches(r"^/sandbox-[0-9a-f]{8}-[0-9a-f]{3}$", seen["Name"])

    @tap.row("inspect: a user of its own for each container")
    def _():
        users = [gateway.docker.inspect(s.id)["Config"]["User"] for s in (one, other)]
        ensure(users[0] != users[1], users)
        for user in users:
            uid, gid = map(int, user.split(":"))
            ensure(10001 <= uid < 10001 + 1024 and gid == 10001, user)

    @tap.row("inspect: tmpfs with owner, mode, size and inodes")
    def _():
        tmpfs, uid = seen["HostConfig"]["Tmpfs"], seen["Config"]["User"].split(":")[0]
        equal(sorted(tmpfs), ["/home/sandbox", "/tmp"])
        for path, size, mode in (("/home/sandbox", "256m", "0700"), ("/tmp", "512m", "1777")):
            options = dict(o.partition("=")[::2] for o in tmpfs[path].split(","))
            equal(
                (options["uid"], options["gid"], options["mode"]),
                (uid, "10001", mode),
                str(options),
            )
            ensure(options["size"] in (size, str(int(size[:-1]) << 20)), options)
            ensure(1000 <= int(options["nr_inodes"]) <= 100000, options)
            ensure("exec" not in options, options)

    @tap.row("inspect: ulimits")
    def _():
        limits = {u["Name"]: (u["Soft"], u["Hard"]) for u in seen["HostConfig"]["Ulimits"]}
        equal(limits["core"], (0, 0))
        ensure(256 <= limits["nofile"][1] <= 65536, limits)

    @tap.row("inspect: the environment holds nothing of ours")
    def _():
        names = {e.split("=")[0] for e in seen["Config"]["Env"]}
        ensure(
            {
                "HOME",
                "MPLBACKEND",
                "PYTHONDONTWRITEBYTECODE",
                "PYTHONIOENCODING",
                "PYTHONUNBUFFERED",
                "TMPDIR",
                "XDG_CACHE_HOME",
            }
            <= names,
            names,
        )
        text = str(seen)
        secrets = [*gateway.tokens.values(), "alice", "bob", str(gateway.socket), gateway.redis.url]
        equal([s for s in secrets if s in text], [])

    @tap.row("inspect: asking for network under mode none gives none")
    def _():
        equal(gateway.docker.inspect(other.id)["HostConfig"]["NetworkMode"], "none")

    for name, (command, want) in INSIDE.items():
        tap.row(f"inside: {name}")(lambda: equal(one.bash(command).stdout, want))

    @tap.row("inside: it is the container's own uid")
    def _():
        equal(one.bash("id -u").stdout.strip(), seen["Config"]["User"].split(":")[0])

    @tap.row("inside: mounts are noexec, nosuid, nodev")
    def _():
        lines = one.bash(
            "grep -e ' /tmp ' -e ' /home/sandbox ' -e ' /dev/shm ' /proc/mounts"
        ).stdout.splitlines()
        equal(len(lines), 3, str(lines))
        for line in lines:
            ensure({"noexec", "nosuid", "nodev"} <= set(line.split()[3].split(",")), line)

    @tap.row("inside: nothing is on disk of the host")
    def _():
        equal(gateway.docker.inspect(one.id)["LogPath"], "")


def created(gateway):
    """A session, or None where there is no room for one yet."""
    response = gateway.client().post("/containers")
    if response.status not in (200, 503):
        raise Failed(repr(response))
    return Session(gateway.client(), response.json) if response.status == 200 else None


# Everything but symbolic links: that this profile is in force can be seen.
NO_LINKS = """{"defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
"""


def profile(tap):
    with scratch() as where, Redis(where).start() as redis:
        path = where / "profile.json"
        path.write_text(NO_LINKS)
        with (
            Gateway(
                where, redis, USE_DOCKER_DEFAULT_SECCOMP="false", SECCOMP_PROFILE_FILE=path
            ) as gateway,
            gateway.session() as session,
        ):

            @tap.row("profile: a file of the gateway's is what Docker enforces")
            def _():
                options = gateway.docker.inspect(session.id)["HostConfig"]["SecurityOpt"]
                equal([o.partition("=")[0] for o in options], ["no-new-privileges:true", "seccomp"])
                result = session.bash("touch a && ln a b && echo linked; ln -s a c")
                equal(result.stdout, "linked\n")
                matches(".*Operation not supported", result.stderr.strip())


def settings(tap, gateway, session):
    seen = gateway.docker.inspect(session.id)["HostConfig"]
    tap.row("settings: limits reach Docker")(
        lambda: equal(
            [
                seen[k]
                for k in ("Memory", "MemorySwap", "PidsLimit", "CpuQuota", "CpuPeriod", "ShmSize")
            ],
            [268435456, 268435456, 64, 50000, 50000, 8388608],
        )
    )

    @tap.row("settings: sizes of tmpfs, and they hold")
    def _():
        result = session.bash("df --output=target,size -B1 /tmp ~ /dev/shm | tail -n +2")
        equal(
            [line.split() for line in result.stdout.splitlines()],
            [["/tmp", "33554432"], ["/home/sandbox", "16777216"], ["/dev/shm", "8388608"]],
        )

    @tap.row("settings: uids from SANDBOX_UID, each its own, given back")
    def _():
        uids = []
        while len(uids) < 20:
            # 503 until the janitor has heard from Docker that the earlier ones are gone
            with eventually(lambda: created(gateway), 30, "a uid given back", 0.5) as other:
                uids.append(int(gateway.docker.inspect(other.id)["Config"]["User"].split(":")[0]))
        ensure(all(20000 <= u < 20016 for u in uids), uids)

    @tap.row("settings: cgroup limits are the kernel's")
    def _():
        pid = gateway.docker.pid(session.id)
        memory, pids = cgroup_of(pid, "memory"), cgroup_of(pid, "pids")
        read = [p for p in (memory / "memory.limit_in_bytes", memory / "memory.max") if p.exists()]
        equal(int(read[0].read_text()), 268435456)
        equal(int((pids / "pids.max").read_text()), 64)
        ensure(re.fullmatch(r"\d+\n", (pids / "pids.current").read_text()))
