# SPDX-License-Identifier: Apache-2.0
"""The warm interpreter: forks a spare child ahead of each run, and says how it ended.

PID 1 starts it confined (session, limits, filter), so every child is.  It never runs user code:
a spare reads its run from descriptor 4 by itself, and only the spare unpacks and executes it.
On descriptor 3 this process says SAFE once, then SPARE and ENDED in turn, and is asked, by one
byte, for the next spare.  Its argument names what to import first (preload.py).
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
import preload

del sys.path[0]

CONTROL, RUNS = 3, 4
SPARE, ENDED, SAFE = 1, 2, 3
PR_SET_DUMPABLE = 4


def libc(name):
    """A C function; the module ctypes would cost each session half a megabyte."""
    address = _ctypes.dlsym(_ctypes.dlopen(None, 0), name)
    return lambda *args: _ctypes.call_function(address, args)


def message(kind, pid=0, status=0, cpu_us=0, peak_bytes=0):
    return struct.pack(">BIIQQ", kind, pid, status, cpu_us, peak_bytes)


def serve(control, spare):
    """A spare at a time, each for one run."""
    while True:
        pid = os.fork()
        if pid == 0:
            spare()
        control.send(message(SPARE, pid))
        _, status, used = os.wait4(pid, 0)
        cpu_us = round((used.ru_utime + used.ru_stime) * 1e6)
        control.send(message(ENDED, pid, status, cpu_us, used.ru_maxrss * 1024))
        if not control.recv(1):
            return


def main():
    prctl, fflush = libc("prctl"), libc("fflush")
    prctl(PR_SET_DUMPABLE, 0)              # no other process of our user may look into this one
    control = _socket.socket(fileno=CONTROL)
    runs = _socket.socket(fileno=RUNS)
    control.send(message(SAFE))
    figures.install()
    preload.load(sys.argv[1])
    child.warm_up()
    gc.collect()
    gc.freeze()
    serve(control, lambda: child.main(runs, prctl, fflush))
    os._exit(0)


for module in ("child", "figures", "preload"):
    del sys.modules[module]
main()
