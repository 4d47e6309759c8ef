# SPDX-License-Identifier: Apache-2.0
"""Who used how much: CPU seconds and memory of processes, containers, the machine."""

import os
import pathlib
import re
import socket
import struct

from support.docker import cgroup_of
from support.service import children, stat_fields

TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    found, todo = [pid], [pid]
    while todo:
        below = children(todo.pop())
        found += below
        todo += below
    return found


def cpu(pids):
    """Seconds of living processes, and of children they waited for."""
    total = 0
    for pid in pids:
        fields = stat_fields(pid)
        if fields:
            total += sum(map(int, fields[11:15]))
    return total / TICK


def machine_cpu():
    """Busy seconds of all cores together."""
    fields = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]))
    return (sum(fields[:3]) + sum(fields[5:8])) / TICK


def listener(path):
    """The process at the other end of a unix socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def parent(pid):
    """Of a container's PID 1: its shim."""
    return int(stat_fields(pid)[1])


def engine(docker):
    """dockerd and its containerd."""
    return family(listener(docker.socket))


def container_cpu(pid):
    directory = cgroup_of(pid, "cpuacct")
    if (directory / "cpuacct.usage").exists():
        return int((directory / "cpuacct.usage").read_text()) / 1e9
    usage = re.search(r"usage_usec (\d+)", (directory / "cpu.stat").read_text())
    return int(usage.group(1)) / 1e6


def anonymous(pid):
    """MiB of anonymous memory in a container's cgroup."""
    text = (cgroup_of(pid, "memory") / "memory.stat").read_text()
    found = re.search(r"^total_rss (\d+)", text, re.M) or re.search(r"^anon (\d+)", text, re.M)
    return int(found.group(1)) / (1 << 20)


def peak_file(pid):
    """Where its cgroup says how many bytes it had at most."""
    directory = cgroup_of(pid, "memory")
    first = directory / "memory.max_usage_in_bytes"
    return first if first.exists() else directory / "memory.peak"


def peak(pids):
    """KiB of resident memory the largest of them ever had."""
    texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(re.search(r"^VmHWM:\s+(\d+)", text, re.M).group(1)) for text in texts)


def pss(pids):
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss: +(\d+)", text, re.M).group(1))
    return total / 1024
