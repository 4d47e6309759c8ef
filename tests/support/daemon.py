# SPDX-License-Identifier: Apache-2.0
"""A Docker daemon of our own, for what nobody may do to the one that others use."""

import os
import shutil
import signal
import subprocess

from .docker import Docker
from .service import IMAGE, Program


def missing():
    """(the image it should load, why there can be none)"""
    if not shutil.which("dockerd") or os.geteuid() != 0:
        return None, "starting a dockerd of our own needs root and dockerd"
    for image in (IMAGE.rsplit(":", 1)[0] + ":core", IMAGE):
        if Docker().has_image(image):
            return image, None
    return None, f"no image {IMAGE}"


class Daemon(Program):
    """
    dockerd with its own directories, one image, and interfaces apart from the machine's: even one
    that is told to make no bridge would take docker0 away from another.
    """

    def __init__(self, where, *options, bridge=False):
        self.where = where / "docker"
        self.where.mkdir(exist_ok=True)
        self.host = f"unix://{self.where}/d.sock"
        super().__init__(
            [
                "unshare",
                "--net",
                "dockerd",
                "--host",
                self.host,
                "--data-root",
                str(self.where / "data"),
                "--exec-root",
                str(self.where / "exec"),
                "--pidfile",
                str(self.where / "pid"),
                "--shutdown-timeout",
                "5",
                *([] if bridge else ["--bridge=none", "--iptables=false", "--ip-masq=false"]),
                *options,
            ],
            where / "dockerd.log",
        )

    def start(self):
        super().start()
        return self.until(lambda: Docker(self.host).available(), 40, "answering")

    def kill(self):
        """As the kernel's out-of-memory killer would: the shims live on."""
        self.process.kill()
        self.process.wait()
        # Its containerd dies with it; where nobody reaps that, its pid would seem to be in use.
        for left in (self.where / "pid", self.where / "exec/containerd/containerd.pid"):
            left.unlink(missing_ok=True)

    def load(self, image):
        save = subprocess.Popen(
            ["docker", "-H", Docker().host, "save", image], stdout=subprocess.PIPE
        )
        subprocess.run(
            ["docker", "-H", self.host, "load", "--quiet"],
            stdin=save.stdout,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=240,
        )
        save.wait(10)

    def stop(self, number=signal.SIGTERM, seconds=30):
        status = super().stop(number, seconds)
        for line in subprocess.run(
            ["ps", "-eo", "pid=,args="], capture_output=True, text=True
        ).stdout.splitlines():
            pid, _, args = line.strip().partition(" ")
            if str(self.where) in args and ("containerd" in args):
                os.kill(int(pid), signal.SIGKILL)
        with open("/proc/mounts") as mounts:
            below = [m.split()[1] for m in mounts if m.split()[1].startswith(str(self.where))]
        for path in sorted(below, reverse=True):
            subprocess.run(["umount", "-l", path], check=False)
        return status
