# SPDX-License-Identifier: Apache-2.0
"""What user code tries against the supervisor and is refused: security 4.4.

Each probe runs as Python in the sandbox and prints one line per attempt that was not refused.
"""

import textwrap

from support import wire
from support.wire import Outcome

from .rows import row

PRELUDE = """
import ctypes, errno, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
PARENT = os.getppid()
VICTIMS = (1, PARENT)
def call(nr, *args):
    ctypes.set_errno(0)
    r = libc.syscall(nr, *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return r, ctypes.get_errno()
def refused(name, nr, *args, allow=(errno.EPERM,)):
    r, e = call(nr, *args)
    if r >= 0 or e not in allow: print("NOT REFUSED", name, args, r, errno.errorcode.get(e, e))
"""


def probe(box, code):
    r = box.run(PRELUDE + textwrap.dedent(code))
    assert r.exit.outcome == Outcome.EXITED and r.exit.status == 0, r
    assert r.out == b"", r.out.decode()
    box.answers()


@row("isolation: /proc/1 and the interpreter's are shut")
def proc(box):
    probe(box, """
        for pid in VICTIMS:
            for name in ("mem", "maps", "smaps", "environ", "auxv", "io", "stack", "syscall", "pagemap",
                         "personality", "numa_maps", "mountinfo", "clear_refs", "oom_score_adj"):
                for flags in (os.O_RDONLY, os.O_WRONLY):
                    try:
                        fd = os.open(f"/proc/{pid}/{name}", flags)
                        data = os.read(fd, 10) if flags == os.O_RDONLY else b"w"
                        if data and name not in ("oom_score_adj", "mountinfo") or flags == os.O_WRONLY:
                            print("open", pid, name, flags, data)
                    except OSError: pass
            for name in ("fd", "fdinfo", "ns", "map_files", "task"):
                try:
                    for entry in os.listdir(f"/proc/{pid}/{name}"):
                        if name != "task": print("list", pid, name, entry)
                except OSError: pass
            for name in ("exe", "root", "cwd", "fd/0", "fd/1", "fd/3", "ns/pid"):
                try: print("link", pid, name, os.readlink(f"/proc/{pid}/{name}"))
                except OSError: pass
        """)


@row("isolation: tracing and reading of other processes is refused")
def trace(box):
    probe(box, """
        buf = ctypes.create_string_buffer(64)
        for pid in VICTIMS:
            refused("PTRACE_ATTACH", 101, 16, pid, 0, 0)
            refused("PTRACE_SEIZE", 101, 0x4206, pid, 0, 0)
            refused("process_vm_readv", 310, pid, buf, 1, buf, 1, 0)
            refused("process_vm_writev", 311, pid, buf, 1, buf, 1, 0)
            refused("kcmp", 312, pid, os.getpid(), 0, 0, 0)
            refused("get_robust_list", 274, pid, buf, buf)
            refused("move_pages", 279, pid, 0, 0, 0, 0, 0)
            refused("migrate_pages", 256, pid, 8, buf, buf)
            fd, e = call(434, pid, 0)
            if fd >= 0:
                refused("pidfd_getfd", 438, fd, 1, 0)
                refused("pidfd_send_signal", 424, fd, 9, 0, 0)
                refused("process_madvise", 440, fd, 0, 0, 0, 0)
                refused("process_mrelease", 448, fd, 0)
        refused("PTRACE_TRACEME", 101, 0, 0, 0, 0)
        """)


@row("isolation: no signal reaches the supervisor or the interpreter")
def signals(box):
    probe(box, """
        info = ctypes.create_string_buffer(struct.pack("iii", 9, 0, -1), 128)
        for pid in VICTIMS:
            for s in range(1, 65):
                refused("kill", 62, pid, s)
                refused("kill group", 62, -pid, s)
                refused("kill, high bits", 62, pid | 7 << 32, s)
                refused("tkill", 200, pid, s)
                refused("tgkill", 234, pid, pid, s)
                refused("tgkill other", 234, os.getpid(), pid, s)
                refused("sigqueue", 129, pid, s, info)
                refused("tgsigqueue", 297, pid, pid, s, info)
        refused("kill all", 62, -1, 9)
        refused("kill all, low bits", 62, 0xffffffff, 9)
        refused("kill nobody", 62, 1, 0)
        """)


@row("isolation: no signal by way of a descriptor")
def owned(box):
    probe(box, """
        import fcntl
        a, b = socket.socketpair()
        for pid in VICTIMS:
            refused("F_SETOWN", 72, a.fileno(), 8, pid)
            refused("F_SETOWN group", 72, a.fileno(), 8, -pid)
            refused("F_SETOWN_EX", 72, a.fileno(), 15, struct.pack("ii", 1, pid))
            refused("FIOSETOWN", 16, a.fileno(), 0x8901, struct.pack("i", pid))
            refused("SIOCSPGRP", 16, a.fileno(), 0x8902, struct.pack("i", pid))
        refused("F_SETSIG", 72, a.fileno(), 10, 9)
        refused("TIOCSTI", 16, 0, 0x5412, b"x")
        refused("TIOCLINUX", 16, 0, 0x541c, b"x")
        """)


@row("isolation: limits and priorities of others are out of reach")
def limits(box):
    probe(box, """
        low = struct.pack("QQ", 1, 1)
        for pid in VICTIMS:
            for resource in range(16): refused("prlimit", 302, pid, resource, low, 0)
            refused("prlimit get", 302, pid, 7, 0, ctypes.create_string_buffer(16))
            refused("setpriority", 141, 0, pid, 19)
            refused("setpriority group", 141, 1, pid, 19)
            refused("sched_setscheduler", 144, pid, 5, bytes(4))
            refused("sched_setparam", 142, pid, bytes(4))
            refused("sched_setattr", 314, pid, bytes(64), 0)
            refused("sched_setaffinity", 203, pid, 8, struct.pack("Q", 1))
            refused("ioprio_set", 251, 1, pid, 3 << 13)
        refused("setpriority user", 141, 2, 0, 19)
        refused("ioprio_set user", 251, 3, 0, 3 << 13)
        assert os.nice(0) == 0
        """)


@row("isolation: no namespaces, no foreign parents, no mounts")
def namespaces(box):
    probe(box, """
        for bit in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x8000):
            refused("clone", 56, bit | 17, 0, 0, 0, 0)
            refused("unshare", 272, bit)
        refused("clone3", 435, ctypes.create_string_buffer(88), 88, allow=(errno.ENOSYS,))
        refused("setns", 308, 0, 0)
        for name, nr in dict(mount=165, umount2=166, pivot_root=155, chroot=161, move_mount=429, open_tree=428,
                             fsopen=430, fsconfig=431, fsmount=432, fspick=433, mount_setattr=442,
                             name_to_handle_at=303, open_by_handle_at=304, quotactl=179,
                             fanotify_init=300).items():
            refused(name, nr, b"/", b"/", b"tmpfs", 0, 0)
        """)


@row("isolation: the kernel's rarely used parts are shut")
def rare(box):
    probe(box, """
        for name, nr in dict(bpf=321, userfaultfd=323, io_uring_setup=425, io_uring_enter=426,
                             io_uring_register=427, perf_event_open=298, add_key=248, request_key=249,
                             keyctl=250, shmget=29, semget=64, msgget=68, mq_open=240, modify_ldt=154,
                             iopl=172, ioperm=173).items():
            refused(name, nr, 0, 0, 0, 0, 0)
        refused("personality", 135, 0x0040000)
        for domain in range(64):
            allowed = domain in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
            r, e = call(41, domain, 1, 0)
            if (r >= 0) != allowed: print("socket", domain, r, e)
            if r >= 0: os.close(r)
        for kind, protocol in ((3, 1), (3, 255), (5, 132), (6, 33), (1, 262), (2, 136)):
            r, e = call(41, socket.AF_INET, kind, protocol)
            if r >= 0: print("socket", kind, protocol)
        refused("x32 kill", 62 | 0x40000000, 1, 9, allow=(errno.ENOSYS, errno.EPERM))
        """)


@row("isolation: a call of the other architecture ends the program")
def other_architecture(box):
    r = box.run("""
import ctypes, mmap
# mov eax, 20 (getpid of i386); int 0x80; ret
code = b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3"
m = mmap.mmap(-1, 4096, prot=7); m.write(code)
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
print(f())
""")
    assert (r.exit.outcome, r.exit.status, r.out) == (Outcome.SIGNALED, 31, b""), r
    box.answers()


@row("isolation: the control groups and the kernel's settings cannot be written")
def read_only(box):
    probe(box, """
        for path in ("/sys/fs/cgroup/pids/cgroup.procs", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                     "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/usr/bin/x", "/etc/x",
                     "/proc/self/setgroups", "/proc/1/oom_score_adj", "/dev/mem", "/proc/kcore"):
            try:
                fd = os.open(path, os.O_WRONLY | os.O_CREAT)
                if os.write(fd, b"0") and "setgroups" not in path: print("wrote", path)
            except OSError: pass
        try: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1"); print("oom_score_adj")
        except OSError: pass
        """)


@row("isolation: kill(0) is the run's own end")
def kill_own_group(box):
    r = box.run("import os; os.kill(0, 9)")
    assert (r.exit.outcome, r.exit.status) == (Outcome.SIGNALED, 9), r
    box.answers()


@row("isolation: a script cannot signal them either")
def bash_signals(box):
    r = box.bash("kill -9 1; kill -9 -1; kill -STOP 1; "
                 "for p in $(pgrep -o python3); do kill -9 $p; kill -STOP $p; kill -9 -- -$p; done; echo hi")
    assert r.out == b"hi\n" and r.exit.outcome == Outcome.EXITED, r
    assert r.err.count(b"Operation not permitted") >= 3, r
    box.answers()


@row("isolation: a note can lie about the error's name and nothing else")
def forged_note(box):
    r = box.run("""
import ctypes, os, sys
maps = [l for l in open("/proc/self/maps") if "memfd:note" in l]
start, end = (int(x, 16) for x in maps[0].split()[0].split("-"))
ctypes.memset(start, 0xff, end - start)
os._exit(0)
""")
    assert (r.exit.outcome, r.exit.status, r.exit.raised, r.exit.type) == (Outcome.EXITED, 0, 0, b""), r
    r = box.run("""
import ctypes, os
start = int([l for l in open("/proc/self/maps") if "memfd:note" in l][0].split("-")[0], 16)
ctypes.memmove(start, b"\\1\\x0bForgedError", 13)
os._exit(4)
""")
    assert (r.exit.status, r.exit.raised, r.exit.type) == (4, 1, b"ForgedError"), r
    r = box.run("""
import ctypes, os
start = int([l for l in open("/proc/self/maps") if "memfd:note" in l][0].split("-")[0], 16)
ctypes.memmove(start, b"\\1\\x80" + b"A\\r\\nX: y" + b"\\0" * 120, 130)
os._exit(4)
""")
    assert (r.exit.status, r.exit.raised, r.exit.type) == (4, 0, b""), r


@row("isolation: frames on standard output are only output")
def forged_frames(box):
    forged = wire.frame(wire.Type.EXIT, wire.Exit(status=42).pack()) + wire.frame(wire.Type.BYE)
    r = box.run(f"import os; os.write(1, {forged!r}); os._exit(1)")
    assert (r.out, r.exit.status) == (forged, 1), r
    box.answers()


@row("isolation: no descriptor of another process, by any path")
def descriptors(box):
    probe(box, """
        import glob
        for path in glob.glob("/proc/[0-9]*/fd/*"):
            pid = int(path.split("/")[2])
            if pid != os.getpid(): print(path)
        held = sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1]
        if held != [0, 1, 2]: print(held)
        if not os.readlink("/proc/self/fd/1").startswith("pipe:"): print(os.readlink("/proc/self/fd/1"))
        """)


@row("isolation: the socket's request cannot be read by the interpreter's other children")
def strangers(box):
    probe(box, """
        for pid in (int(p) for p in os.listdir("/proc") if p.isdigit()):
            if pid in (1, PARENT, os.getpid()): continue
            print("who is", pid, open(f"/proc/{pid}/cmdline").read())
        """)


@row("isolation: children of every kind are gone when the next run starts")
def survivors(box):
    r = box.run("""
import ctypes, os, signal, sys, time
libc = ctypes.CDLL(None)
def child(f):
    if os.fork() == 0:
        os.close(1); os.close(2)
        f(); time.sleep(1000)
def orphan():
    os.setsid()
    if os.fork(): os._exit(0)
child(lambda: None)
child(os.setsid)
child(orphan)
child(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)))
child(lambda: os.kill(os.getpid(), signal.SIGSTOP))
child(lambda: libc.prctl(36, 1) or (os.fork() or os._exit(0)))
child(lambda: [signal.signal(s, signal.SIG_IGN) for s in range(1, 32) if s not in (9, 19)])
os.fork() or os._exit(0)                   # a zombie
time.sleep(.05)
""")
    assert r.exit.outcome == Outcome.EXITED and r.exit.survivors >= 7, r
    r = box.bash("ps -A -o pid=,args= | grep -v -e 'ps -A' -e grep -e script.sh -e sandbox-init -e main.py")
    assert r.out == b"", r
    box.answers()


@row("isolation: a run cannot hide behind a stopped or vanished main process")
def stopped(box):
    r = box.run("import os; print('x'); os.kill(os.getpid(), 19)", timeout_ms=400)
    assert (r.out, r.exit.outcome) == (b"x\n", Outcome.TIMED_OUT), r
    r = box.bash("kill -STOP $$", timeout_ms=400)
    assert r.exit.outcome == Outcome.TIMED_OUT, r
    box.answers()


@row("isolation: pipes held by in-flight descriptors do not hold up the end")
def in_flight(box):
    r = box.run("""
import array, os, socket
a, b = socket.socketpair()
c, d = socket.socketpair()
send = lambda s, *fds: s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
send(a, 1, 2, d.fileno(), c.fileno()); send(c, a.fileno(), b.fileno(), 1)
print("ok")
""")
    assert r.out == b"ok\n" and r.exit.outcome == Outcome.EXITED and r.exit.wall_us < 1000000, r
    box.answers()
