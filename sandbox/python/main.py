# SPDX-License-Identifier: Apache-2.0
"""The warm interpreter: forks a spare child ahead of each run, and says how it ended.

PID 1 starts it confined (session, limits, filter), so every child is.  It never runs user code:
a spare reads its run from descriptor 4 by itself, and only the spare unpacks and executes it.
On descriptor 3 this process says SPARE or ENDED and is asked, by one byte, for the next spare.
"""

import sys

sys.path.insert(0, sys.argv[0].rpartition("/")[0])

import gc
import os
import struct

import _ctypes
import _socket

import child
import figures

del sys.path[0]

CONTROL, RUNS = 3, 4
SPARE, ENDED = 1, 2
PR_SET_DUMPABLE = 4


def libc(name):
    """A C function; the module ctypes would cost each session half a megabyte."""
    address = _ctypes.dlsym(_ctypes.dlopen(None, 0), name)
    return lambda *args: _ctypes.call_function(address, args)


def main():
    prctl = libc("prctl")
    prctl(PR_SET_DUMPABLE, 0)
    control = _socket.socket(fileno=CONTROL)
    runs = _socket.socket(fileno=RUNS)
    figures.install()
    child.warm_up()
    gc.collect()
    gc.freeze()
    while True:
        pid = os.fork()
        if pid == 0:
            child.main(runs, prctl, libc("fflush"))
        control.send(struct.pack(">BIIQQ", SPARE, pid, 0, 0, 0))
        _, status, used = os.wait4(pid, 0)
        cpu = round((used.ru_utime + used.ru_stime) * 1e6)
        control.send(struct.pack(">BIIQQ", ENDED, pid, status, cpu, used.ru_maxrss * 1024))
        if not control.recv(1):
            os._exit(0)


for module in ("child", "figures"):
    del sys.modules[module]
main()
