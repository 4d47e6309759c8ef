# SPDX-License-Identifier: Apache-2.0
"""One run: what a fresh `python main.py` would do, in a child that was forked ahead of it."""

import atexit
import builtins
import gc
import itertools
import json  # noqa: F401
import mmap
import os
import site
import sys
import traceback
import types

import _socket

import preload

HOME = "/home/sandbox"
MAIN = "/tmp/code/main.py"                 # does not exist
SOURCE_NAME = "<user_code>"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
FDS = 4                                    # standard output and error, source, note
FD_LIMIT = 1024                            # RLIMIT_NOFILE
PR_SET_DUMPABLE = 4
OOM_SCORE = b"1000"
USER_PACKAGES = f"{HOME}/.local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

# Each spare plays this to /dev/null: a page that is written to for the first time after the fork
# costs microseconds, and so it is not the run that pays for them.
REHEARSAL = "print(1)"

ours = 0                                   # modules that were there before user code

# The note: see sandbox/init/note.h.
NOTE_SIZE = 4096
NAME_MAX = 128
MASK_AT = 2 + NAME_MAX
EXCEPTION, EXIT = 1, 2


def warm_up():
    """Pays for everything that is slow the first time, once for all children."""
    sys.stdout.reconfigure(encoding="utf-8", errors="strict")
    sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    sys.argv[:] = [MAIN]
    sys.orig_argv[:] = [sys.executable, MAIN]
    error = caught(exec, compile("raise KeyError", SOURCE_NAME, "exec"), {})
    traceback.format_exception(error)
    global ours
    ours = len(sys.modules)


def read_run(runs):
    """The next run: its words and its descriptors."""
    room = _socket.CMSG_LEN(FDS * 4)
    data, messages, _, _ = runs.recvmsg(4096, room)
    if not messages:
        os._exit(0)                        # PID 1 has closed its end
    fds = memoryview(messages[0][2]).cast("i")
    cpus, *argv = data.decode("utf-8", "surrogateescape").split("\0")
    return cpus, argv, fds


def prepare(prctl):
    """What need not wait for the run."""
    os.setsid()
    preload.reseed()
    sys.path.insert(0, HOME)
    play(REHEARSAL, None)


def take(runs, prctl):
    """Becomes the run: its output, and nothing of ours within reach."""
    cpus, argv, (out, err, code, note) = read_run(runs)
    os.dup2(out, 1)
    os.dup2(err, 2)
    source = os.pread(code, os.fstat(code).st_size, 0)
    keep = {"trackfd": False} if sys.version_info >= (3, 13) else {}
    memory = mmap.mmap(note, NOTE_SIZE, **keep)
    runs.detach()
    os.closerange(3, FD_LIMIT)
    for name in THREADS:
        if os.environ[name] != cpus:
            os.environ[name] = cpus
    sys.argv[1:] = argv
    sys.orig_argv[2:] = argv
    try:
        os.chdir(HOME)
    except OSError:
        pass
    add_user_packages()
    preload.personalise()
    open_up(prctl)
    return source.decode("utf-8", "replace"), memory


def open_up(prctl):
    """From here on we are user code: other processes of the run may look, memory counts first."""
    prctl(PR_SET_DUMPABLE, 1)
    fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(fd, OOM_SCORE)
    os.close(fd)


def add_user_packages():
    """Before the image's own, as always: what is installed at home is what is meant."""
    path = sys.path[:]
    try:
        os.stat(USER_PACKAGES)
    except OSError:
        added = [USER_PACKAGES]
    else:
        site.addsitedir(USER_PACKAGES)
        added = [p for p in sys.path if p not in path]
    at = next((i for i, p in enumerate(path) if p.endswith("-packages")), len(path))
    sys.path[:] = path[:at] + added + path[at:]


def caught(function, *args):
    """What it raises, without this frame, or None."""
    try:
        function(*args)
    except BaseException as error:
        error.__traceback__ = error.__traceback__.tb_next
        return error
    return None


def name_of(cls):
    """The name of a class, not what its metaclass says it is."""
    return type.__dict__["__name__"].__get__(cls)


class Run:
    def __init__(self, memory):
        self.pid = os.getpid()
        self.memory = memory

    def note(self, kind, name=""):
        """Tells PID 1 how we end; a forked child of the run has no say in it."""
        if os.getpid() != self.pid:
            return
        text = name.encode("utf-8", "replace")[:NAME_MAX]
        self.memory[0:2 + len(text)] = bytes((kind, len(text))) + text

    def note_modules(self):
        """What a next run may want as well."""
        if os.getpid() == self.pid and len(sys.modules) > ours:
            self.memory[MASK_AT:MASK_AT + 4] = preload.used().to_bytes(4, "big")

    def exit_status(self, error):
        """sys.exit(x), as the interpreter itself understands it."""
        code = error.code
        if code is None:
            return 0
        if isinstance(code, int):
            return code & 0xff if -2**63 <= code < 2**63 else 0xff
        self.note(EXIT)
        if sys.stderr is not None:
            print(code, file=sys.stderr)
        return 1

    def display(self, error, frames):
        """The traceback behind our own frames, through whatever hook user code has set."""
        cls = type(error)
        group = isinstance(error, BaseExceptionGroup)
        self.note(EXIT if group else EXCEPTION, "" if group else name_of(cls))
        error.__traceback__ = frames
        if frames is None and sys.stderr is not None:
            sys.stderr.write("Traceback (most recent call last):\n")
        again = caught(sys.excepthook, cls, error, frames)
        if isinstance(again, SystemExit):
            return self.exit_status(again)
        if again:
            print("Error in sys.excepthook:", file=sys.stderr)
            sys.__excepthook__(type(again), again, again.__traceback__)
            print("\nOriginal exception was:", file=sys.stderr)
            sys.__excepthook__(cls, error, frames)
        return 1

    def call(self, function, *args):
        """Its exit status, once whatever it has raised was displayed."""
        error = caught(function, *args)
        if error is None:
            return 0
        if isinstance(error, SystemExit):
            return self.exit_status(error)
        return self.display(error, error.__traceback__)

    def execute(self, source, names):
        code = []
        error = caught(lambda: code.append(compile(source, SOURCE_NAME, "exec", dont_inherit=True)))
        return self.display(error, None) if error else self.call(exec, code[0], names)


def flush(stream):
    """False when what was written cannot be delivered."""
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except BaseException:
        return False
    return True


def drop_names(names):
    """As the interpreter takes a module apart: private names first, the builtins last."""
    for private in (True, False):
        for name in list(names):
            if isinstance(name, str) and name.startswith("_") == private and name != "__builtins__":
                names[name] = None


def drop_modules():
    """Those of user code, which are newer than ours; libraries keep what they have."""
    for module in itertools.islice(reversed(sys.modules.values()), len(sys.modules) - ours):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.startswith(("/home/", "/tmp/")) and "-packages/" not in file:
            drop_names(module.__dict__)


def end_threads(run):
    """What can be done once: a rehearsal must not, with libraries loaded that wait for it."""
    threading = sys.modules.get("threading")
    if threading:
        run.call(threading._shutdown)
    atexit._run_exitfuncs()


def finish(run, status, names):
    """The interpreter's own end, without taking apart what user code has not made."""
    if run.memory:
        run.note_modules()
        end_threads(run)
    flushed = flush(sys.stdout) and flush(sys.stderr)
    drop_names(names)
    drop_modules()
    gc.collect()
    return status if flush(sys.stdout) and flush(sys.stderr) and flushed else 120


def play(source, memory):
    """Executes it as the main module; returns its exit status."""
    run = Run(memory)
    module = types.ModuleType("__main__")
    names = module.__dict__
    names.clear()
    names.update(__name__="__main__", __builtins__=builtins, __file__=MAIN)
    sys.modules["__main__"] = module
    return finish(run, run.execute(source, names), names)


def main(runs, prctl, fflush):
    prepare(prctl)
    status = play(*take(runs, prctl))
    fflush(0)
    os._exit(status)
