# SPDX-License-Identifier: Apache-2.0
"""What must be refused: security.md 4.4.  Signals only ever leave a sandbox's user code."""

import platform

from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import Skipped, ensure, equal, eventually

# Before every Python probe. A probe prints what it got away with, then "done".
PRELUDE = r"""
import ctypes, errno, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
buf = ctypes.create_string_buffer(65536)
WARM = os.getppid()

def call(name, number, *args):
    ctypes.set_errno(0)
    got = libc.syscall(number, *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if got != -1:
        print("ALLOWED", name, got)
    return got

def tried(name, function, *args):
    try:
        got = function(*args)
    except (OSError, ValueError) as e:
        return
    print("ALLOWED", name, got)
"""

# fmt: off
PYTHON = {
    "files of PID 1 and of the warm interpreter": r'''
for pid in (1, WARM):
    for name in "mem maps environ exe root cwd fd fdinfo ns/pid ns/mnt ns/user map_files auxv io stack syscall smaps pagemap personality".split():
        path = f"/proc/{pid}/{name}"
        try:
            if name in ("exe", "root", "cwd") or name.startswith("ns/"):
                os.readlink(path)
            elif name in ("fd", "fdinfo", "map_files"):
                os.listdir(path)
            else:
                os.read(os.open(path, os.O_RDONLY), 16)
        except OSError:
            continue
        print("ALLOWED", path)
    for fd in range(20):
        tried(f"/proc/{pid}/fd/{fd}", os.open, f"/proc/{pid}/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK)
    for name, text in (("oom_score_adj", "0"), ("mem", "x"), ("comm", "x"), ("clear_refs", "1"), ("coredump_filter", "ff"), ("timerslack_ns", "1"), ("autogroup", "19")):
        try:
            with open(f"/proc/{pid}/{name}", "w") as f:
                f.write(text)
        except OSError:
            continue
        print("ALLOWED write", pid, name)
''',
    "ptrace and its kin": r'''
for pid in (1, WARM):
    for request in (0x4206, 16, 0):                                 # SEIZE, ATTACH, TRACEME
        call(f"ptrace {request:#x} {pid}", 101, request, pid, 0, 0)
    vec = struct.pack("QQ", ctypes.addressof(buf), 16)
    call("process_vm_readv", 310, pid, vec, 1, struct.pack("QQ", 0x400000, 16), 1, 0)
    call("process_vm_writev", 311, pid, vec, 1, struct.pack("QQ", 0x400000, 16), 1, 0)
    call("kcmp", 312, pid, os.getpid(), 0, 0, 0)
    call("get_robust_list", 274, pid, buf, buf)
    fd = libc.syscall(434, pid, 0)                                  # pidfd_open
    if fd >= 0:
        call("pidfd_getfd", 438, fd, 0, 0)
        for number in (9, 15, 19, 10, 0):
            call(f"pidfd_send_signal {number}", 424, fd, number, 0, 0)
        call("process_madvise", 440, fd, vec, 1, 21, 0)
        call("process_mrelease", 448, fd, 0)
        call("setns", 308, fd, 0x20000000)
    call("migrate_pages", 256, pid, 1, buf, buf)
    call("move_pages", 279, pid, 0, 0, 0, 0, 0)
''',
    "signals to what is not the run's own": r'''
for pid in (1, WARM, -WARM, -1):
    for number in range(1, 65):
        tried(f"kill {pid} {number}", os.kill, pid, number)
for pid in (1, WARM):
    for number in (1, 2, 9, 10, 15, 17, 18, 19, 34, 64):
        call(f"tkill {pid} {number}", 200, pid, number)
        call(f"tgkill {pid} {number}", 234, pid, pid, number)
        call(f"rt_sigqueueinfo {pid} {number}", 129, pid, number, buf)
        call(f"rt_tgsigqueueinfo {pid} {number}", 297, pid, pid, number, buf)
    # the upper half of the register is not part of a pid
    call(f"kill, high bits {pid}", 62, (1 << 32) | pid, 9)
    call(f"kill, negative high bits {pid}", 62, -(1 << 32) | pid, 9)
tried("killpg", os.killpg, os.getpgid(WARM) if WARM > 1 else 1, 9)
''',
    "signals by way of descriptors": r'''
import fcntl
r, w = os.pipe()
for pid in (1, WARM, -WARM):
    for command in (8, 15):                                         # F_SETOWN, F_SETOWN_EX
        arg = struct.pack("ii", 1, abs(pid)) if command == 15 else pid
        tried(f"fcntl {command} {pid}", fcntl.fcntl, r, command, arg)
    for request in (0x8901, 0x8902):                                # FIOSETOWN, SIOCSPGRP
        s = socket.socket(socket.AF_UNIX)
        tried(f"ioctl {request:#x} {pid}", fcntl.ioctl, s, request, struct.pack("i", pid))
tried("F_SETSIG", fcntl.fcntl, r, 10, 9)
tried("TIOCSTI", fcntl.ioctl, 0, 0x5412, b"x")
''',
    "limits and scheduling of others": r'''
import resource
for pid in (1, WARM):
    for which in range(16):
        call(f"prlimit {pid} {which}", 302, pid, which, struct.pack("QQ", 3, 3), 0)
    tried("setpriority", os.setpriority, os.PRIO_PROCESS, pid, 19)
    tried("setpriority group", os.setpriority, os.PRIO_PGRP, pid, 19)
    tried("sched_setaffinity", os.sched_setaffinity, pid, {0})
    tried("sched_setscheduler", os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))
    call("sched_setattr", 314, pid, struct.pack("IIQiIQQQ", 48, 5, 0, 0, 0, 0, 0, 0), 0)
    call("ioprio_set", 251, 1, pid, 3 << 13)
tried("setpriority user", os.setpriority, os.PRIO_USER, os.getuid(), 19)
call("ioprio_set user", 251, 3, os.getuid(), 3 << 13)
tried("a lower oom_score_adj", lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1"))
''',
    "namespaces, mounts, devices": r'''
for name, flag in dict(NEWUSER=0x10000000, NEWNS=0x20000, NEWPID=0x20000000, NEWNET=0x40000000, NEWIPC=0x8000000, NEWUTS=0x4000000, NEWCGROUP=0x2000000, NEWTIME=0x80).items():
    call(f"unshare {name}", 272, flag)
    if name == "NEWTIME":
        continue                                                    # clone() takes it for a signal
    pid = libc.syscall(56, flag | 17, 0, 0, 0, 0)                   # clone
    if pid == 0:
        os._exit(0)
    if pid > 0:
        print("ALLOWED clone", name)
call("clone CLONE_PARENT", 56, 0x8000 | 17, 0, 0, 0, 0)
call("clone3", 435, struct.pack("QQQQQQQQ", 0x10000000, 0, 0, 0, 17, 0, 0, 0), 64)
call("mount", 165, b"none", b"/tmp", b"tmpfs", 0, 0)
call("umount", 166, b"/tmp", 2)
call("pivot_root", 155, b"/tmp", b"/tmp")
call("chroot", 161, b"/tmp")
call("open_tree", 428, -100, b"/", 1)
call("fsopen", 430, b"tmpfs", 0)
call("move_mount", 429, -100, b"/tmp", -100, b"/tmp", 0)
tried("mknod", os.mknod, "/tmp/dev", 0o600 | 0o020000, os.makedev(1, 3))
call("swapon", 167, b"/tmp/x", 0)
call("sethostname", 170, b"x", 1)
call("quotactl", 179, 0, 0, 0, 0)
call("name_to_handle_at", 303, -100, b"/tmp", struct.pack("II", 128, 0) + bytes(128), buf, 0)
call("open_by_handle_at", 304, 3, struct.pack("II", 8, 1) + bytes(8), 0)
call("personality", 135, 0x0400000)
''',
    "kernel interfaces user code has no use for": r'''
call("bpf", 321, 0, buf, 48)
call("perf_event_open", 298, buf, 0, -1, -1, 0)
call("userfaultfd", 323, 0)
call("userfaultfd user mode", 323, 1)
call("keyctl", 250, 0, -3, 1)
call("add_key", 248, b"user", b"x", b"y", 1, -3)
call("request_key", 249, b"user", b"x", 0, -3)
call("io_uring_setup", 425, 4, buf)
call("io_uring_enter", 426, 0, 0, 0, 0, 0)
call("shmget", 29, 0, 4096, 0o1600)
call("semget", 64, 0, 1, 0o1600)
call("msgget", 68, 0, 0o1600)
call("mq_open", 240, b"x", 0o102, 0o600, 0)
call("kexec_load", 246, 0, 0, 0, 0)
call("init_module", 175, buf, 16, b"")
call("finit_module", 313, 0, b"", 0)
call("reboot", 169, 0xfee1dead, 672274793, 0, 0)
call("syslog", 103, 3, buf, 100)
call("acct", 163, b"/tmp/x")
call("settimeofday", 164, struct.pack("QQ", 0, 0), 0)
call("clock_settime", 227, 0, struct.pack("QQ", 0, 0))
call("iopl", 172, 3)
call("ioperm", 173, 0, 8, 1)
call("modify_ldt", 154, 1, buf, 16)
call("lookup_dcookie", 212, 0, buf, 100)
call("fanotify_init", 300, 0, 0)
call("seccomp listener", 317, 1, 8, struct.pack("HxxxxxxQ", 1, ctypes.addressof(ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000)))))
for family in (38, 40, 17, 15, 16, 29, 31, 3, 9, 44):               # ALG VSOCK PACKET KEY NETLINK CAN BLUETOOTH AX25 X25 XDP
    tried(f"socket {family}", socket.socket, family, socket.SOCK_DGRAM if family != 17 else socket.SOCK_RAW)
    tried(f"socket {family} stream", socket.socket, family, 5 if family == 38 else socket.SOCK_STREAM)
tried("raw socket", socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
''',
    "32-bit and x32 system calls": r'''
call("x32 kill", 0x40000000 | 62, 1, 9)
call("x32 ptrace", 0x40000000 | 521, 0x4206, 1, 0, 0)
call("x32 getpid", 0x40000000 | 39)
code = bytes.fromhex("53 b8 25 00 00 00 bb 01 00 00 00 b9 00 00 00 00 cd 80 5b c3")   # int 0x80: kill(1, 0)
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
pid = os.fork()
if not pid:
    os._exit(1 if function() == 0 else 0)
_, status = os.waitpid(pid, 0)
if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1:
    print("ALLOWED int 0x80 kill(1, 0)")
''',
    "writes to /proc and /sys": r'''
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/kcore", "/proc/irq/0/smp_affinity",
             "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max",
             "/sys/fs/cgroup/cgroup.procs", "/sys/kernel/mm/transparent_hugepage/enabled", "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda",
             "/etc/passwd", "/usr/bin/python3", "/usr/libexec/code-gateway/sandbox-init", "/usr/libexec/code-gateway"):
    tried(path, os.open, path, os.O_WRONLY)
for path in ("/proc/kcore", "/dev/mem", "/sys/firmware/x", "/proc/keys", "/proc/timer_list", "/proc/sched_debug"):
    try:
        if os.read(os.open(path, os.O_RDONLY), 8):
            print("ALLOWED read", path)
    except OSError:
        pass
for path in ("/sys/fs/cgroup/x", "/sys/fs/cgroup/pids/x", "/sys/fs/cgroup/memory/x", "/x", "/usr/x", "/run/x", "/dev/x"):
    tried(f"mkdir {path}", os.mkdir, path)
''',
    "descriptors that are not the run's": r'''
for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        target = os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        continue                                                    # the one listdir used
    if not (fd == 0 and target == "/dev/null" or fd in (1, 2) and target.startswith("pipe:")):
        print("ALLOWED", fd, target)
''',
    "the run's own standing": r'''
status = dict(line.rstrip().split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
for key, want in dict(NoNewPrivs="1", Seccomp="2", CapEff="0" * 16, CapPrm="0" * 16, CapBnd="0" * 16, CapAmb="0" * 16, SigBlk="0" * 16, TracerPid="0").items():
    if status[key].strip() != want:
        print("ALLOWED", key, status[key])
if int(status["SigIgn"], 16) & ~(1 << 12 | 1 << 24):                # Python ignores SIGPIPE and SIGXFSZ
    print("ALLOWED SigIgn", status["SigIgn"])
''',
    "secrets in the container": r'''
import glob
words = [w.encode() for w in ("API_KEY", "JWT", "redis:", "DEPLOYMENT", "docker.sock", "FASTCGI")]
for path in ["/proc/1/cmdline", "/proc/self/environ", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", *glob.glob("/run/**", recursive=True), *glob.glob("/usr/libexec/code-gateway/**", recursive=True)]:
    try:
        text = open(path, "rb").read(10_000_000)
    except OSError:
        continue
    for word in words:
        if word in text:
            print("ALLOWED", path, word)
if socket.gethostname() and len(socket.gethostname()) >= 12 and all(c in "0123456789abcdef" for c in socket.gethostname()):
    print("ALLOWED the container's id as host name")
''',
}
# fmt: on

# A program that lies to its surroundings: name, language, code, wanted members of the result.
# fmt: off
LIES = [
    ("frames on stdout are output", "python",
     "import os, struct\nos.write(1, bytes(4104) + b''.join(struct.pack('>B3xI', t, 4) + b'\\xff' "
     "* 4 for t in range(1, 20)))",
     {"error": None, "timed_out": False}),
    ("a closed stdout and stderr", "python",
     "import os\nos.close(1); os.close(2); os.closerange(3, 1024)", {"error": None, "stdout": ""}),
    ("the note overwritten, then a good end", "python",
     "import ctypes\nfor line in open('/proc/self/maps'):\n    if 'memfd' in line or 'dev/zero' in "
     "line:\n"
     "        a, b = (int(x, 16) for x in line.split()[0].split('-'))\n"
     "        if 'w' in line.split()[1]: ctypes.memset(a, 0xff, b - a)\n"
     "print('end')", {"error": None, "stdout": "end\n"}),
    ("the note overwritten, then an exception", "python",
     "import ctypes, os\nfor line in open('/proc/self/maps'):\n    if 'memfd' in line or "
     "'dev/zero' in line:\n"
     "        a, b = (int(x, 16) for x in line.split()[0].split('-'))\n"
     "        if 'w' in line.split()[1]: ctypes.memset(a, 0x41, b - a)\n"
     "os._exit(7)", {"timed_out": False}),
    ("the note with a false type", "python",
     "import ctypes\nfor line in open('/proc/self/maps'):\n    if 'memfd' in line:\n"
     "        a, b = (int(x, 16) for x in line.split()[0].split('-'))\n"
     "        if 'w' in line.split()[1]: ctypes.memmove(a, b'KeyError\\r\\nX: y\\0' * 100, 1500)\n"
     "import os; os._exit(0)", {"error": None}),
    ("sys.excepthook, builtins and exit replaced", "python",
     "import sys, builtins, os\nsys.excepthook = None\nsys.exit = builtins.exit = lambda *a: None\n"
     "builtins.print = None\n"
     "os._exit = lambda *a: None\nsys.stdout = sys.stderr = None\nraise ValueError('x')",
         {"timed_out": False}),
    ("a signal handler for everything", "python",
     "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
     "    except (OSError, ValueError): pass\nprint('on')",
     {"stdout": "on\n", "error": None}),
    ("the process name of PID 1", "bash",
     "exec -a /usr/libexec/code-gateway/sandbox-init bash -c 'echo me'", {"stdout": "me\n",
     "error": None}),
    ("kill 0 ends only the run", "bash", "kill -9 0", {"error_type": "BashExitError"}),
    ("kill -1 ends at most the run", "bash", "sleep 50 & kill -9 -1; echo here; kill %1",
     {"timed_out": False}),
    ("output after the end", "bash", "(sleep 0.2; echo late) & echo early", {"stdout": "early\n",
     "error": None}),
]
# fmt: on

# A program that ruins what its own next run would need.
# fmt: off
RUINS = {
    "/tmp and all in it closed": "exec 0<&-; chmod 0 /tmp/output /tmp/misc /tmp; echo x",
    "/tmp/output closed": "chmod 0 /tmp/output; echo x",
    "/tmp/output and files in it "
        "closed": "mkdir -p /tmp/output/a/b; chmod 0 /tmp/output/a/b /tmp/output/a /tmp/output; "
        "echo x",
    "/tmp/misc closed": "chmod 0 /tmp/misc; echo x",
    "/tmp/misc replaced by a link": "rm -rf /tmp/misc; ln -s /etc /tmp/misc; echo x",
    "/tmp/misc replaced by a FIFO": "rm -rf /tmp/misc; mkfifo /tmp/misc; echo x",
    "/tmp/output replaced by a FIFO": "rm -rf /tmp/output; mkfifo /tmp/output; echo x",
    "/tmp/output replaced by a link to "
        "itself": "rm -rf /tmp/output; ln -s output /tmp/output; echo x",
    "/tmp emptied and closed": "rm -rf /tmp/* /tmp/.[a-z]*; chmod 555 /tmp; echo x",
    "HOME closed": "chmod 0 ~; echo x",
    "/dev/shm closed": "chmod 0 /dev/shm 2>/dev/null; echo x",
}
# fmt: on


def rows(tap):
    if platform.machine() != "x86_64":
        tap.row("probes")(lambda: skip("their system call numbers are those of x86_64"))
        return
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, TIMEOUT_ACTION="keep", MAX_TIMEOUT=20) as gateway,
        gateway.session() as session,
    ):
        for name, code in PYTHON.items():

            @tap.row(f"refused: {name}")
            def _():
                result = session.python(PRELUDE + code + "\nprint('done')", timeout=20)
                equal((result.stdout, result.error), ("done\n", None), result.stderr[-800:])
                session.answers()

        @tap.row("the same session answered all through")
        def _():
            ensure(session.inspect().json["execution_count"] >= 2 * len(PYTHON))

        @tap.row("neighbours: nothing of one uid's budget is taken from another session")
        def _():
            with gateway.session() as other:
                before = other.python(NEIGHBOUR).worked().stdout
                session.python(GREEDY + NEIGHBOUR, timeout=10)
                equal(other.python(NEIGHBOUR).worked().stdout, before)

        for name, language, code, want in LIES:

            @tap.row(f"survived: {name}")
            def _():
                with gateway.session() as one:
                    result = one.run(code, language, timeout=5)
                    equal({k: result[k] for k in want}, want, str(dict(result))[:800])
                    one.answers()
                    one.bash("echo x >f; cat f").worked()

        for name, code in RUINS.items():

            @tap.row(f"survived, or gone and says so: {name}")
            def _():
                with gateway.session() as one:
                    result = one.bash(code, timeout=5)
                    if result.error is None:
                        equal(result.stdout, "x\n")
                    else:
                        equal(result.error_type, "GatewayError", str(dict(result)))
                    again = one.ask("print(6 * 7)")
                    if again.status == 200 and again.json["error"] is None:
                        equal(again.json["stdout"], "42\n")
                        return
                    eventually(lambda: one.ask("print(1)").status == 404, 30, "404")
                    eventually(lambda: not gateway.docker.exists(one.id), 30, "removed")


NEIGHBOUR = r"""
import ctypes, fcntl, os
libc = ctypes.CDLL(None)
held = []
for _ in range(100):
    fd = libc.inotify_init()
    if fd < 0:
        break
    held.append(fd)
r, w = os.pipe()
print(len(held), fcntl.fcntl(w, 1032))
"""

GREEDY = r"""
import os, resource
pipes = []
try:
    while True:
        pipes.append(os.pipe())
        __import__("fcntl").fcntl(pipes[-1][1], 1031, 1 << 20)
except OSError:
    pass
"""


def skip(reason):
    raise Skipped(reason)
