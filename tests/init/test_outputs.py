# SPDX-License-Identifier: Apache-2.0
"""Files in and out, and the output streams: contract 5.2, 5.4, 5.7, 5.8."""

import textwrap

from support.wire import Kind, Outcome

from .rows import row


def py(box, code, **fields):
    return box.run(textwrap.dedent(code), **fields)


@row("outputs come in the order of their components")
def order(box):
    r = py(box, """
        import os
        os.chdir("/tmp/output"); os.makedirs("sub/deep"); os.makedirs("a/empty")
        for n in ("sub/x.py", "sub/deep/y.md", "sub.txt", "Z", ".hidden", "é", "sub-1", "a/b"):
            open(n, "w").write(n)
        """)
    assert r.names == [".hidden", "Z", "a/b", "sub/deep/y.md", "sub/x.py", "sub-1", "sub.txt", "é"], r
    assert all(f.kind == Kind.OUTPUT and data == f.name and f.size == len(data)
               for f, data in r.files), r
    assert box.run("import os; print(os.listdir('/tmp/output'))").out == b"[]\n"


@row("outputs other than regular files are no outputs")
def kinds(box):
    r = py(box, """
        import os, socket
        os.chdir("/tmp/output")
        os.mkfifo("fifo"); s = socket.socket(socket.AF_UNIX); s.bind("sock")
        open("real", "w").write("x"); os.link("real", "hard")
        os.symlink("real", "link"); os.symlink("/etc/passwd", "passwd")
        os.symlink("nowhere", "dangling"); os.symlink("/usr", "dir"); os.symlink("/dev/zero", "zero")
        os.symlink("/proc/1/environ", "environ"); os.symlink("loop", "loop"); os.symlink(".", "dot")
        """)
    kinds = {f.name.decode(): f.kind for f, _ in r.files}
    # The target of /proc/1/environ is a regular file that nobody can read.
    assert kinds.pop("environ", Kind.LINK) == Kind.LINK, r
    assert kinds == {"real": Kind.OUTPUT, "hard": Kind.OUTPUT, "link": Kind.LINK,
                     "passwd": Kind.LINK}, r
    assert all(f.size == 0 and not data for f, data in r.files if f.kind == Kind.LINK), r


@row("outputs have limits of size, total and number")
def limits(box):
    r = py(box, """
        for n, size in (("a", 101), ("b", 60), ("c", 60), ("d", 40), ("e", 0)):
            open("/tmp/output/" + n, "w").write("x" * size)
        """, max_file_bytes=100, max_files_bytes=100, max_files=4)
    assert [(f.name, f.kind, f.size, len(d)) for f, d in r.files] == [
        (b"a", Kind.TOO_LARGE, 101, 0), (b"b", Kind.OUTPUT, 60, 60),
        (b"c", Kind.OVER_TOTAL, 60, 0), (b"d", Kind.OUTPUT, 40, 40)], r
    assert r.exit.files_skipped == 1, r


@row("outputs of many megabytes come whole")
def large(box):
    r = py(box, """
        import os
        open("/tmp/output/a", "wb").write(bytes(range(256)) * 40960)
        open("/tmp/output/sparse", "wb").truncate(1 << 31)
        """)
    assert [(f.kind, f.size, len(d)) for f, d in r.files] == [
        (Kind.OUTPUT, 10485760, 10485760), (Kind.TOO_LARGE, 1 << 31, 0)], r.names
    assert r.files[0][1] == bytes(range(256)) * 40960


@row("outputs with odd names come as they are")
def odd_names(box):
    names = [b"\xff\xfe", b"a\nb", b"a b", b"-rf", b"\x01", b"N" * 255]
    r = py(box, f"""
        import os
        os.chdir(b"/tmp/output")
        for n in {names!r}: open(n, "w").close()
        """)
    assert [f.name for f, _ in r.files] == sorted(names), r


@row("outputs beyond depth and number are counted, and removed")
def hostile_tree(box):
    r = py(box, """
        import os
        os.chdir("/tmp/output")
        for i in range(600): open(f"f{i}", "w").close()
        for i in range(1000):
            os.mkdir("d"); os.chdir("d")
        open("deep", "w").close()
        """, max_files=10)
    assert len(r.files) == 10 and r.exit.files_skipped >= 590, r.exit
    r = box.bash("ls -A /tmp/output | wc -l; df --output=iused /tmp | tail -1")
    assert r.out.split()[0] == b"0" and int(r.out.split()[1]) < 10, r


@row("outputs that nobody may read are told of")
def unreadable(box):
    r = py(box, """
        import os
        os.chdir("/tmp/output")
        open("secret", "w").write("x"); os.chmod("secret", 0)
        os.mkdir("shut"); open("shut/in", "w").write("y"); os.chmod("shut", 0)
        os.mkdir("list"); open("list/in", "w").write("y"); os.chmod("list", 0o444)
        os.chmod(".", 0)
        """)
    assert {f.name.decode(): f.kind for f, _ in r.files} == {
        "secret": Kind.UNREADABLE, "shut/in": Kind.OUTPUT, "list/in": Kind.OUTPUT}, r
    assert box.run("import os; print(os.listdir('/tmp/output'))").out == b"[]\n"


REPLACED = [
    ("a file", "open('/tmp/output', 'w').write('x')"),
    ("a link to HOME", "os.symlink('/home/sandbox', '/tmp/output')"),
    ("a link to nowhere", "os.symlink('/nowhere', '/tmp/output')"),
    ("nothing", "pass"),
    ("a fifo", "os.mkfifo('/tmp/output')"),
]


def declare(what, code):
    @row(f"outputs directory replaced by {what} is put right")
    def check(box):
        box.run("open('/home/sandbox/keep', 'w').write('k')")
        r = box.run("import os, shutil\nshutil.rmtree('/tmp/output'); shutil.rmtree('/tmp/misc')\n" + code)
        assert (r.exit.status, r.files) == (0, []), r
        r = box.run("import os\nopen('/tmp/output/new', 'w').close(); os.remove('/home/sandbox/keep')\n"
                    "print(os.path.isdir('/tmp/misc/e1'), oct(os.stat('/tmp/output').st_mode))")
        assert r.names == ["new"] and r.out == b"True 0o40755\n", r


for replaced in REPLACED:
    declare(*replaced)


@row("directory of the run is there for it alone")
def own_directory(box):
    r = box.run("import os; os.makedirs('/tmp/misc/e9/a/b'); os.makedirs('/tmp/keep'); "
                "open('/tmp/misc/other', 'w').close()", id="e8")
    assert r.exit.status == 0, r
    r = box.bash("ls /tmp/misc; ls -d /tmp/keep; rm -r /tmp/keep /tmp/misc/other /tmp/misc/e9", id="e7")
    assert r.out == b"e7\ne9\nother\n/tmp/keep\n", r


@row("shared memory files do not outlive the run")
def dev_shm(box):
    box.bash("mkdir /dev/shm/d && echo x >/dev/shm/d/x; echo y >/dev/shm/y")
    assert box.bash("ls -A /dev/shm").out == b""


@row("inputs land in HOME with their parents")
def inputs(box):
    r = box.bash("cat d/e/f g; stat -c '%a %n' d d/e d/e/f; rm -r d g",
                 files=[("d/e/f", b"1"), ("g", b"x" * 90000), ("d/h", b"")])
    assert r.out == b"1" + b"x" * 90000 + b"755 d\n755 d/e\n600 d/e/f\n", r.out[-100:]


@row("inputs replace files and links")
def replace_inputs(box):
    box.bash("echo old >a; echo target >t; ln -s t l; ln -s /tmp/outside m")
    r = box.bash("cat a l m; cat t; ls /tmp/outside; rm a l m t",
                 files=[("a", b"A\n"), ("l", b"L\n"), ("m", b"M\n")])
    assert r.out == b"A\nL\nM\ntarget\n", r


REFUSED = [
    ("a link out of HOME", "ln -s /tmp esc", [("ok", b"1"), ("esc/x", b"2")], b"Permission denied: esc/x"),
    ("a link with dots", "mkdir -p p; ln -s ../../tmp p/esc", [("p/esc/x", b"2")], b"Permission denied"),
    ("a directory", "mkdir dir", [("ok", b"1"), ("dir", b"2")], b"Is a directory: dir"),
    ("a file for a directory", "echo >file", [("ok", b"1"), ("new/x", b"1"), ("file/x", b"2")], b"Not a directory: file/x"),
    ("each other", "true", [("ok", b"1"), ("ab", b"1"), ("ab/c", b"2")], b": ab"),
    ("a directory that is shut", "mkdir -m 0 shut", [("ok", b"1"), ("shut/x", b"2")], b"Permission denied: shut/x"),
]


def declare_refused(what, before, files, reason):
    @row(f"inputs in the way of {what} change nothing")
    def check(box):
        box.bash(before)
        listing = box.bash("ls -AR").out
        r = box.bash("echo ran", files=files)
        assert r.exit.outcome == Outcome.NO_FILES and reason in r.exit.reason, r
        assert r.out == b"" and box.bash("ls -AR; ls /tmp/x 2>/dev/null").out == listing, listing
        box.bash("chmod 700 shut 2>/dev/null; rm -rf ok esc p dir file ab shut")


for refused in REFUSED:
    declare_refused(*refused)


@row("inputs on a full disk change nothing, and say so")
def inputs_on_full_disk(box):
    box.bash("head -c 100m /dev/zero >full")
    r = box.bash("echo ran", files=[("a", b"1"), ("b", b"x" * 100000)])
    assert (r.exit.outcome, r.exit.reason) == (Outcome.NO_FILES, b"No space left on device"), r
    assert box.bash("ls -A; rm full").out == b"full\n"
    assert box.bash("cat b; rm b", files=[("b", b"x")]).out == b"x"


@row("inputs may be many")
def many_inputs(box):
    files = [(f"in/{i}", b"%d" % i) for i in range(50)]
    assert box.bash("ls in | wc -l; rm -r in", files=files).out == b"50\n"


@row("output of exactly the limit is whole")
def exact(box):
    r = box.run('print("x" * 100000, end="")')
    assert r.out == b"x" * 100000 and r.exit.stdout_chars == 100000, r.exit


@row("output beyond the limit is cut and counted")
def cut(box):
    r = box.run('print("x" * 100005, end="")')
    assert r.out == b"x" * 100000 and r.exit.stdout_chars == r.exit.stdout_bytes == 100005, r.exit
    assert r.tail is None


@row("output is counted in characters, not bytes")
def characters(box):
    r = box.run('import sys\nfor i in range(10): print("😀é" * 10, end="")', max_chars=33)
    assert r.out.decode() == ("😀é" * 17)[:33], r
    assert (r.exit.stdout_chars, r.exit.stdout_bytes) == (200, 600), r.exit


@row("output that is not UTF-8 comes as it is")
def invalid(box):
    r = box.run(r'import os; os.write(1, b"a\xff\xc3"); os.write(2, b"\xe2\x82")')
    assert (r.out, r.err) == (b"a\xff\xc3", b"\xe2\x82"), r
    assert (r.exit.stdout_chars, r.exit.stderr_chars) == (3, 1), r.exit


@row("output on stderr that was cut has a tail")
def tail(box):
    r = box.run('import sys\nsys.stderr.write("".join(f"{i:07}\\n" for i in range(20000)))\n1/0',
                max_chars=100)
    assert len(r.err) == 100 and len(r.tail) == 65536, len(r.tail)
    assert r.tail.endswith(b"0019999\n" + b"Traceback (most recent call last):\n"
                           b'  File "<user_code>", line 3, in <module>\n'
                           b"ZeroDivisionError: division by zero\n"), r.tail[-200:]
    r = box.run('import sys; sys.stderr.write("abc"); sys.stderr.write("def")', max_chars=4)
    assert (r.err, r.tail) == (b"abcd", b"abcdef"), r


@row("output of a flood is drained, counted and ended at the byte limit")
def flood(box):
    r = box.bash("yes", max_output_bytes=50 << 20)
    assert r.exit.outcome == Outcome.OUTPUT_LIMIT and len(r.out) == 100000, r.exit
    assert 50 << 20 < r.exit.stdout_bytes < 60 << 20, r.exit
    box.answers()
    r = box.bash("head -c 200000000 /dev/zero")
    assert (r.exit.outcome, r.exit.stdout_bytes) == (Outcome.EXITED, 200000000), r.exit


@row("output of 0 characters can be asked for")
def nothing(box):
    r = box.run("print('x')", max_chars=0)
    assert r.out == b"" and r.exit.stdout_chars == 2, r


FAKE_PYPLOT = '''
import sys, types
from pathlib import Path
p = Path("/home/sandbox/matplotlib"); p.mkdir(exist_ok=True)
(p / "__init__.py").write_text("")
(p / "pyplot.py").write_text("""
figures = {2: "two", 1: "one"}
class Figure:
    def __init__(self, text): self.text = text
    def get_facecolor(self): return "w"
    def savefig(self, path, **how): open(path, "w").write(self.text + str(sorted(how.items())))
def get_fignums(): return sorted(figures)
def figure(n): return Figure(figures[n])
def close(what): assert what == "all"; figures.clear()
def show(): raise SystemExit("not replaced")
""")
'''


@row("figures are saved in order by show()")
def figures(box):
    box.run(FAKE_PYPLOT)
    r = box.run("import matplotlib.pyplot as plt\nplt.show(block=True)\nplt.figures[3] = 'three'\n"
                "plt.show()\nplt.show()")
    box.bash("rm -r matplotlib")
    how = ("[('bbox_inches', 'tight'), ('dpi', 150), ('edgecolor', 'none'), ('facecolor', 'w'), "
           "('format', 'png')]")
    assert [(f.name.decode(), d.decode()) for f, d in r.files] == [
        (f"figure_{k}.png", text + how)
        for k, text in ((1, "one"), (2, "two"), (3, "three"))], r
    r = box.run("import sys; print('matplotlib' in sys.modules)")
    assert r.out == b"False\n", r
