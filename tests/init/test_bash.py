# SPDX-License-Identifier: Apache-2.0
"""What Bash user code sees, and how it can end: contract 5.6, 5.13."""

import time

from support.wire import Outcome

from .rows import row

SCRIPT = "/tmp/misc/e1/script.sh"

# sentence, code, stdout, stderr, status
OUTCOMES = [
    ("prints", "echo hi; echo err >&2; exit 3", "hi\n", "err\n", 3),
    ("does not find a command", "nosuchcmd", "", SCRIPT + ": line 1: nosuchcmd: command not found\n", 127),
    ("finds an empty input", 'read x; echo "got:$x:$?"', "got::1\n", "", 0),
    ("prints NUL", r'printf "a\0b"', "a\0b", "", 0),
    ("goes on after a failure", "false; echo x", "x\n", "", 0),
    ("exits with 256 as the kernel sees it", "exit 256", "", "", 0),
    ("meets a syntax error", "if", "", None, 2),
    ("has its own name", "echo $0", SCRIPT + "\n", "", 0),
    ("is at home", "pwd; echo $HOME", "/home/sandbox\n/home/sandbox\n", "", 0),
    ("has a script that can be executed", f"stat -c %a {SCRIPT}", "755\n", "", 0),
    ("is not interactive", "echo $-", "hB\n", "", 0),
    ("has three descriptors", "ls /proc/self/fd", "0\n1\n2\n3\n", "", 0),
    ("runs jobs", "sleep 0.1 & wait; jobs; timeout 5 echo t; ulimit -n", "t\n1024\n", "", 0),
    ("runs pipelines", "seq 3 | tac | tr '\\n' ' '", "3 2 1 ", "", 0),
    ("substitutes processes", "cat <(echo a) <(echo b)", "a\nb\n", "", 0),
    ("lets a substituted process finish", "echo z > >(sleep 0.05; cat)", "z\n", "", 0),
    ("traps", "trap 'echo bye' EXIT; kill -TERM $BASHPID; sleep 1", None, None, None),
]


def declare(sentence, code, out, err, status):
    @row("bash " + sentence)
    def check(box):
        r = box.bash(code)
        assert out is None or r.out.decode() == out, r
        assert err is None or r.err.decode() == err, r
        assert status is None or (r.exit.outcome, r.exit.status) == (Outcome.EXITED, status), r


for outcome in OUTCOMES:
    declare(*outcome)


@row("bash dies by a signal")
def signal(box):
    r = box.bash("kill -9 $$")
    assert (r.exit.outcome, r.exit.status) == (Outcome.SIGNALED, 9), r


@row("bash gets arguments")
def arguments(box):
    r = box.bash('printf "%s|" "$#" "$@"', argv=["a b", "", "é", "-x"])
    assert r.out.decode() == "4|a b||é|-x|", r


@row("bash reads an input file")
def input_file(box):
    assert box.bash("cat a", files=[("a", b"hi")]).out == b"hi"


@row("bash script is gone afterwards")
def script_is_gone(box):
    assert box.bash("ls /tmp/misc", id="e2").out == b"e2\n"


@row("bash leaves no background job behind")
def background(box):
    began = time.monotonic()
    r = box.bash("sleep 60 & echo hi")
    assert (r.out, r.exit.survivors) == (b"hi\n", 1) and time.monotonic() - began < 30, r
    r = box.bash("(setsid sleep 61 >/dev/null 2>&1 &) ; (trap '' TERM HUP; sleep 62) & echo ho")
    assert r.out == b"ho\n" and r.exit.survivors >= 2, r
    r = box.bash("ps -A -o args= | grep sleep | grep -v grep | wc -l")
    assert r.out == b"0\n", r


@row("bash works on a full disk")
def full_disk(box):
    r = box.bash("head -c 100m /dev/zero >/tmp/full; head -c 100m /dev/zero >~/full; true")
    assert b"No space left" in r.err, r
    r = box.bash("echo hi; rm /tmp/full ~/full; echo $?")
    assert r.out == b"hi\n0\n", r
    box.answers()
