# SPDX-License-Identifier: Apache-2.0
"""Files into a sandbox and out of it: contract 1.2.6 steps 10 and 11, 1.4 FileInput, 5.8."""

from support.gateway import Gateway, given
from support.redis import Redis
from support.service import scratch
from support.tap import ensure, equal, matches
from support.tokens import SECRET, token

OUT = "/tmp/output"
OCTET = "application/octet-stream"
LONG = "/".join(["\U0001f600" * 63] * 2)
TWICE = [given("a", "1"), given("a", "2")]
TOLD_TWICE = "Duplicate input file name 'a' is not allowed"

# fmt: off
MIME = {
    "a.txt": "text/plain", "a.csv": "text/csv", "a.tsv": "text/tab-separated-values",
        "a.md": "text/markdown",
    "a.html": "text/html", "a.py": "text/x-python", "a.c": "text/x-csrc", "a.sh": "text/x-sh",
    "a.js": "text/javascript", "a.json": "application/json", "a.xml": "application/xml",
        "a.sql": "application/sql",
    "a.png": "image/png", "UP.PNG": "image/png", "a.jpg": "image/jpeg", "a.gif": "image/gif",
        "a.svg": "image/svg+xml",
    "a.webp": "image/webp", "a.avif": "image/avif", "a.mp4": "video/mp4", "a.ttf": "font/ttf",
    "a.wasm": "application/wasm", "a.pdf": "application/pdf", "a.zip": "application/zip",
    "a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "a.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "a.pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "a.tar.gz": "application/x-tar", "a.log": OCTET, "a.ipynb": OCTET, "a.parquet": OCTET,
        "a.feather": OCTET,
    "a.yaml": OCTET, "a.toml": OCTET, ".hidden": OCTET, "none": OCTET,
}
# fmt: on

# name, the list of files, status, detail (or the msg of a 422)
# fmt: off
REFUSED = [
    ("eleven files", [given(f"f{i}", "x") for i in range(11)], 422,
     "Value error, Too many input files (max 10)"),
    ("the same name twice", TWICE, 400, TOLD_TWICE),
    ("base64 without padding", [{"name": "a", "content": "aGk"}], 400,
     "File 'a' content is not valid base64"),
    ("base64 with a blank", [{"name": "a", "content": "aG k="}], 400,
     "File 'a' content is not valid base64"),
    ("base64 with a line end", [{"name": "a", "content": "aGk=\n"}], 400,
     "File 'a' content is not valid base64"),
    ("base64 for URLs", [{"name": "a", "content": "-_-_"}], 400,
     "File 'a' content is not valid base64"),
    ("base64 with = inside", [{"name": "a", "content": "aG==aGk="}], 400,
     "File 'a' content is not valid base64"),
    ("base64 that is not ASCII", [{"name": "a", "content": "aGk\u00e9"}], 400,
     "File 'a' content is not valid base64"),
    ("a long name told whole", [{"name": LONG, "content": "!"}], 400,
     f"File '{LONG}' content is not valid base64"),
    ("a long name twice", [given(LONG, "x"), given(LONG, "y")], 400,
     f"Duplicate input file name '{LONG}' is not allowed"),
    ("a data: URI", [{"name": "a", "content": "data:;base64,aGk="}], 400,
     "File 'a' content is not valid base64"),
    ("a file too large", [given("a", bytes(65537))], 400,
     "File 'a' too large (65537 bytes, max 65536)"),
    ("all files too large", [given(f"f{i}", bytes(60000)) for i in range(4)], 400,
     "Total size of uploaded files exceeds limit"),
    ("the first fault counts", [given("ok", "x"), {"name": "b", "content": "!"}, given("ok", "y")],
     400,
     "File 'b' content is not valid base64"),
    ("no name", [given("", "x")], 422, "Value error, File name cannot be empty"),
    ("a blank name", [given("  ", "x")], 422, "Value error, File name cannot be empty"),
    ("a name of Unicode's blanks", [given("\u3000\u00a0", "x")], 422,
     "Value error, File name cannot be empty"),
    ("129 characters", [given("n" * 129, "x")], 422,
     "Value error, File name too long (max 128 chars)"),
    ("..", [given("..", "x")], 422, "Value error, File name contains invalid path segments"),
    ("../x", [given("../x", "x")], 422, "Value error, File name contains invalid path segments"),
    ("a/../b", [given("a/../b", "x")], 422,
     "Value error, File name contains invalid path segments"),
    ("a..b", [given("a..b", "x")], 422, "Value error, File name contains invalid path segments"),
    ("/x", [given("/x", "x")], 422, "Value error, File name contains invalid path segments"),
    ("a backslash", [given("a\\b", "x")], 422,
     "Value error, File name contains invalid path segments"),
    ("a//b", [given("a//b", "x")], 422, "Value error, File name contains invalid components"),
    ("a/", [given("a/", "x")], 422, "Value error, File name contains invalid components"),
    ("./a", [given("./a", "x")], 422, "Value error, File name contains invalid components"),
    (".", [given(".", "x")], 422, "Value error, File name contains invalid components"),
    ("a NUL", [given("a\0b", "x")], 422, "Value error, File name contains invalid components"),
    ("a line end inside", [given("a\nb", "x")], 422,
     "Value error, File name contains invalid components"),
    ("a component of 256 bytes", [given("a/" + "\U0001f600" * 64, "x")], 422,
     "Value error, File name contains invalid components"),
    ("an escape", [given("a\x1b[1mb", "x")], 422,
     "Value error, File name contains invalid components"),
]
# fmt: on


def gone(redis, record, session):
    session.delete()


def elsewhere(redis, record, session):
    redis("HSET", record, "daemon", "another")


def too_old(redis, record, session):
    redis("HSET", record, "expires", 1)


def used_up(redis, record, session):
    session.answers()


def beside_another(redis, record, session):
    with session.client.session() as other:
        other.answers()


# what is wrong with a session, how that comes about, who asks, what he is told
# fmt: off
BEFORE = [
    ("gone", gone, {}, 404,
     "Container session not found, or it was shut down due to inactivity."),
    ("another's", None, {"sub": "bob"}, 403, "Container session belongs to another principal"),
    ("another tenant's", None, {"tenant_id": "t"}, 403,
     "Container session belongs to another tenant"),
    ("another node's", elsewhere, {}, 409,
     "Container session is attached to a different execution node. Route follow-up requests to "
     "the original node or use a shared Docker daemon."),
    ("too old", too_old, {}, 404,
     "Container session expired after reaching its maximum lifetime."),
    ("used up", used_up, {}, 429, "Container session reached its maximum number of executions."),
    ("of one who asks too often", beside_another, {}, 429,
     "Rate limit exceeded for this principal. Please slow down."),
]
# fmt: on

# fmt: off
LANDS = [
    ("ten files", {f"f{i}": b"%d" % i for i in range(10)}),
    ("nested", {"a/b/c.txt": b"deep", "a/d": b"near"}),
    ("empty", {"empty": b""}),
    ("binary", {"bin": bytes(range(256)) * 9}),
    ("names of all kinds", {"-rf": b"1", " x".strip(): b"2", "h\u00e9 \u2603.txt": b"3",
     "a b'c\"d$(e)": b"4"}),
    ("128 characters of four bytes, in pieces", {"/".join(["\U0001f600" * 60,
     "\U0001f601" * 60]): b"5"}),
    ("a component of 255 bytes", {"\U0001f600" * 63 + "abc": b"6"}),
    ("a name from right to left", {"annual\u202excod.py": b"6", "\u2067x\u2069": b"7", "\u200f": b"8"}),
    ("one name composed and decomposed", {"\u00e9/\u1ebf": b"9", "e\u0301/e\u0302\u0301": b"10"}),
    ("hidden", {".bashrc": b"echo no", ".config/x": b"1"}),
    ("one at the limit", {"big": bytes(65536)}),
    ("all at the limit", {f"b{i}": bytes([i]) * 65536 for i in range(3)}),
]
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            MAX_INPUT_FILE_SIZE=65536,
            MAX_INPUT_TOTAL_SIZE=3 * 65536,
            MAX_OUTPUT_FILES=20,
            MAX_OUTPUT_FILE_SIZE=100000,
            MAX_OUTPUT_TOTAL_SIZE=250000,
        ) as gateway,
    ):
        with gateway.session() as session:
            going_in(tap, session)
            coming_out(tap, session)
    with scratch() as where, Redis(where).start() as redis, Gateway(where, redis) as gateway:
        with gateway.session() as session:
            contract_limits(tap, session)
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, MAX_INPUT_FILES=1000) as gateway,
        gateway.session() as session,
    ):

        @tap.row("in: as many as a setting may allow")
        def _():
            files = [given(f"{i:03}-{'x' * 100}", "x") for i in range(1000)]
            equal(session.bash("ls | wc -l", files=files).stdout, "1000\n")
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            JWT_SECRET=SECRET,
            MAX_EXECUTIONS_PER_SESSION=1,
            RATE_LIMIT_REQUESTS_PER_WINDOW=1,
        ) as gateway,
    ):
        before_files(tap, redis, gateway)


def before_files(tap, redis, gateway):
    """The order of contract 1.2.6: whoever may not use the session hears that first."""

    def client(**claims):
        return gateway.client(token=token(claims))

    for name, spoil, claims, status, text in BEFORE:

        @tap.row(f"order: bad files and a session that is {name}: {status}")
        def _():
            with client(sub=name).session() as session:
                if spoil:
                    spoil(redis, f"cg:{{{gateway.deployment}}}:session:{session.id}", session)
                asked = client(**{"sub": name, **claims}).execute(session.id, "1", files=TWICE)
                equal((asked.status, asked.detail), (status, text))

    @tap.row("order: bad files spend nothing, neither of the only run nor of the only request")
    def _():
        with client(sub="patient").session() as session:
            for _ in range(3):
                asked = session.ask("1", files=TWICE)
                equal((asked.status, asked.detail), (400, TOLD_TWICE))
            session.answers()


def going_in(tap, session):
    def refused(files, status, text):
        before = session.inspect().json["execution_count"]
        response = session.ask("print(1)", files=files)
        equal(response.status, status, repr(response))
        equal(response.detail if status == 400 else response.detail[0]["msg"], text)
        equal(session.inspect().json["execution_count"], before, "a refusal spends no budget:")

    def lands(files):
        code = (
            "import os, sys\nfor n in sorted(sys.argv[1:] or [os.path.join(d, f)[14:] for d, _, fs in "
            "os.walk('/home/sandbox') for f in fs]):\n    import hashlib\n"
            "    print(ascii(n), hashlib.sha256(open(n, 'rb').read()).hexdigest()[:16], oct(os.stat(n).st_mode & 0o777))"
        )
        result = session.python(code, files=[given(n, c) for n, c in files.items()]).worked()
        import hashlib

        want = "".join(
            f"{ascii(n)} {hashlib.sha256(files[n]).hexdigest()[:16]} 0o600\n" for n in sorted(files)
        )
        equal(result.stdout, want)
        session.bash("find ~ -mindepth 1 -delete").worked()

    tap.table("in", REFUSED, refused)
    tap.table("in", LANDS, lands)

    @tap.row("in: names are trimmed")
    def _():
        equal(session.bash("ls", files=[given("  a b  ", "x")]).worked().stdout, "a b\n")
        session.bash("rm *")

    @tap.row("in: bits left over in base64 are tolerated")
    def _():
        equal(session.bash("cat a", files=[{"name": "a", "content": "aGl="}]).worked().stdout, "hi")

    @tap.row("in: a file is there for both languages and for later runs")
    def _():
        session.bash("true", files=[given("stay", "here")]).worked()
        equal(session.python("print(open('stay').read())").stdout, "here\n")

    @tap.row("in: an existing file is replaced, its mode too")
    def _():
        session.bash("echo old >x; chmod 444 x", files=[])
        equal(
            session.bash("cat x; stat -c %a x", files=[given("x", "new")]).worked().stdout,
            "new600\n",
        )

    @tap.row("in: a link in the way is not followed out of HOME")
    def _():
        session.bash("ln -sf /tmp/outside link; ln -sfn /tmp dir; rm -f /tmp/outside").worked()
        result = session.bash(
            "ls /tmp/outside /tmp/in 2>&1 | grep -c 'No such'; true",
            files=[given("link", "x"), given("dir/in", "y")],
        )
        if result.error is None:
            equal(result.stdout, "2\n")
        else:
            equal(result.error_type, "FileUploadError")
            matches("^Failed to copy input files to container: ", result.error)
        equal(session.bash("ls /tmp/outside /tmp/in 2>/dev/null").stdout, "")
        session.bash("rm -rf ~/*")

    @tap.row("in: a directory in the way is told, nothing is half done, the session goes on")
    def _():
        session.bash("mkdir -p d/e").worked()
        result = session.bash("echo ran", files=[given("first", "1"), given("d", "x")])
        equal(result.error_type, "FileUploadError", str(dict(result)))
        matches("^Failed to copy input files to container: ", result.error)
        equal(result.stdout, "")
        ensure("/usr/" not in result.error and "Traceback" not in result.error, result.error)
        equal(session.bash("ls").stdout, "d\n")
        session.answers()
        session.bash("rm -rf ~/*")

    @tap.row("in: a and a/b together cannot be")
    def _():
        result = session.bash("ls -R", files=[given("a", "1"), given("a/b", "2")])
        equal(result.error_type, "FileUploadError", str(dict(result)))
        session.answers()
        session.bash("rm -rf ~/*")

    @tap.row("in: a full HOME is told, and the session goes on")
    def _():
        session.bash("dd if=/dev/zero of=fill bs=1M 2>/dev/null; true")
        result = session.bash("echo ran", files=[given("late", bytes(60000))])
        equal((result.error_type, result.stdout), ("FileUploadError", ""), str(dict(result))[:500])
        session.bash("rm fill")
        equal(session.bash("cat late", files=[given("late", "x")]).worked().stdout, "x")
        session.bash("rm late")


    @tap.row("in and out: names that look alike or mislead come back byte by byte")
    def _():
        sent = {
            "\u00c5": b"composed",
            "A\u030a": b"decomposed",
            "\u212b": b"the sign of the unit",
            "\u202egnp.exe": b"right to left",
            "\u2066a\u2069": b"isolated",
            "a\u200b": b"a blank of no width",
            "\ufeffa": b"a mark in front",
            "\u0430": b"Cyrillic",
        }
        files = [given(name, content) for name, content in sent.items()]
        result = session.bash(f"mv ~/* {OUT}", files=files).worked()
        equal({f["name"]: result.content(f["name"]) for f in result.files}, sent)
        equal(names(result), sorted(sent, key=str.encode))


def names(result):
    return [f["name"] for f in result.files]


def coming_out(tap, session):
    for name, mime in MIME.items():

        @tap.row(f"out: mime type of {name}")
        def _():
            result = session.bash(f"printf x >{OUT}/{name}").worked()
            equal(
                result.files,
                [{"name": name, "content": "eA==", "mime_type": mime, "size": 1, "error": None}],
            )

    @tap.row("out: members of an entry in order")
    def _():
        result = session.bash(f"printf x >{OUT}/a")
        equal(list(result.files[0]), ["name", "content", "mime_type", "size", "error"])

    @tap.row("out: order by components, hidden ones and nested ones too")
    def _():
        result = session.bash(
            f"cd {OUT}; mkdir -p sub/deep Z; touch sub/x.py sub/deep/y.md sub.txt Z/b B a .h"
        ).worked()
        equal(names(result), [".h", "B", "Z/b", "a", "sub/deep/y.md", "sub/x.py", "sub.txt"])

    @tap.row("out: bytes come back as they were")
    def _():
        result = session.python(f"open('{OUT}/b', 'wb').write(bytes(range(256)) * 300)").worked()
        equal(result.content("b"), bytes(range(256)) * 300)
        equal(result.file("b")["size"], 76800)

    @tap.row("out: an empty file has empty content")
    def _():
        equal(session.bash(f"touch {OUT}/e").files[0]["content"], "")

    @tap.row("out: what is no regular file is skipped")
    def _():
        result = session.python(
            f"import os, socket\nos.chdir('{OUT}')\nos.mkfifo('fifo'); os.mkdir('dir'); os.symlink('nowhere', 'dangling')\n"
            "os.symlink('dir', 'dirlink'); os.symlink('.', 'loop'); s = socket.socket(socket.AF_UNIX); s.bind('sock')\n"
            "os.symlink('/tmp', 'up'); open('real', 'w').close()"
        ).worked()
        equal(names(result), ["real"])

    @tap.row("out: links to files are told, never followed")
    def _():
        result = session.bash(
            f"cd {OUT}; echo x >real; ln -s real in; ln -s /etc/passwd away; ln -s /dev/zero zero; true"
        ).worked()
        ensure(set(names(result)) >= {"away", "in", "real"}, names(result))
        for name in ("in", "away"):
            entry = result.file(name)
            equal((entry["content"], entry["mime_type"], entry["size"]), (None, OCTET, 0))
            equal(entry["error"], "Symlink outputs are not supported")
        equal(result.content("real"), b"x\n")

    @tap.row("out: hard links are files")
    def _():
        result = session.bash(f"cd {OUT}; echo x >a; ln a b").worked()
        equal([result.content(n) for n in ("a", "b")], [b"x\n", b"x\n"])

    @tap.row("out: a file too large")
    def _():
        result = session.bash(
            f"head -c 100001 /dev/zero >{OUT}/big; head -c 100000 /dev/zero >{OUT}/fits"
        ).worked()
        equal(
            result.file("big"),
            {
                "name": "big",
                "content": None,
                "mime_type": OCTET,
                "size": 100001,
                "error": "File too large (100001 bytes, max 100000)",
            },
        )
        equal(len(result.content("fits")), 100000)

    @tap.row("out: total size, first fit")
    def _():
        result = session.bash(
            f"cd {OUT}; for n in 1 2 3; do head -c 90000 /dev/zero >$n; done; head -c 60000 /dev/zero >4"
        ).worked()
        equal(
            [f["error"] for f in result.files], [None, None, "Total file size limit exceeded", None]
        )
        equal(
            result.file("3"),
            {
                "name": "3",
                "content": None,
                "mime_type": OCTET,
                "size": 90000,
                "error": "Total file size limit exceeded",
            },
        )

    @tap.row("out: a sparse giant costs nothing")
    def _():
        result = session.bash(
            f"truncate -s 200G {OUT}/sparse || truncate -s 200M {OUT}/sparse"
        ).worked()
        equal(result.files[0]["content"], None)
        matches("^File too large", result.files[0]["error"])

    @tap.row("out: no more files than MAX_OUTPUT_FILES")
    def _():
        result = session.bash(f"cd {OUT}; for n in $(seq 100 160); do echo $n >$n; done").worked()
        equal(names(result), [str(n) for n in range(100, 120)])

    @tap.row("out: a name that is no UTF-8")
    def _():
        result = session.python(f"open(b'{OUT}/a\\xffb', 'w').write('x')").worked()
        equal(len(result.files), 1)
        equal(result.files[0]["content"], "eA==")
        equal(result.files[0]["name"], "a\ufffdb")

    @tap.row("out: names with control characters stay data")
    def _():
        result = session.python(f"open('{OUT}/a\\nb\\x1b\\x7f\"', 'w').write('x')").worked()
        equal([f["content"] for f in result.files], ["eA=="])

    @tap.row("out: a file that cannot be read is told by itself")
    def _():
        result = session.bash(
            f"cd {OUT}; echo x >a; chmod 0 a; mkdir d; echo y >d/f; chmod 0 d; echo z >z; true"
        ).worked()
        equal(result.content("z"), b"z\n")
        for entry in result.files:
            ensure(entry["error"] is None or isinstance(entry["error"], str), entry)
        session.answers()

    @tap.row("out: the directory replaced by a file")
    def _():
        result = session.bash(f"rm -rf {OUT}; echo x >{OUT}; echo said")
        equal((result.stdout, result.error, result.files), ("said\n", None, []))
        equal(names(session.bash(f"echo y >{OUT}/y").worked()), ["y"])

    @tap.row("out: the directory replaced by a link")
    def _():
        result = session.bash(f"echo secret >~/s; rm -rf {OUT}; ln -s ~ {OUT}; echo said")
        equal((result.stdout, result.files), ("said\n", []))
        equal(session.bash("cat ~/s").stdout, "secret\n", "what it pointed at must stay:")
        equal(names(session.bash(f"echo y >{OUT}/y; rm ~/s").worked()), ["y"])

    @tap.row("out: the directory removed")
    def _():
        equal(session.bash(f"rm -rf {OUT}; echo said").worked().stdout, "said\n")
        equal(names(session.bash(f"echo y >{OUT}/y").worked()), ["y"])

    @tap.row("out: a thousand levels deep")
    def _():
        result = session.python(
            f"import os\nos.chdir('{OUT}')\nfor i in range(1000):\n    os.mkdir('d'); os.chdir('d')\nopen('f', 'w').close()\nprint('made')"
        )
        equal(result.stdout, "made\n")
        session.answers()
        equal(session.bash(f"ls -A {OUT}").stdout, "")

    @tap.row("out: thousands of names")
    def _():
        result = session.python(
            f"for i in range(3000): open(f'{OUT}/{{i:05}}', 'w').close()\nprint('made')"
        ).worked()
        equal((result.stdout, len(result.files)), ("made\n", 20))
        equal(session.bash(f"ls -A {OUT}").stdout, "")

    @tap.row("out: files of a failed run come, too")
    def _():
        result = session.python(f"open('{OUT}/a', 'w').write('x'); 1/0")
        equal((result.error_type, names(result)), ("ZeroDivisionError", ["a"]))


def contract_limits(tap, session):
    @tap.row("in: a file of 5 MiB")
    def _():
        result = session.bash("sha256sum <big", files=[given("big", bytes(5242880))]).worked()
        equal(
            result.stdout, "c036cbb7553a909f8b8877d4461924307f27ecb66cff928eeeafd569c3887e29  -\n"
        )

    @tap.row("in: one byte more")
    def _():
        response = session.ask("true", "bash", files=[given("big", bytes(5242881))])
        equal(
            (response.status, response.detail),
            (400, "File 'big' too large (5242881 bytes, max 5242880)"),
        )

    @tap.row("in: 20 MiB in all")
    def _():
        result = session.bash(
            "cat f? | wc -c", files=[given(f"f{i}", bytes([i]) * 5242880) for i in range(4)]
        ).worked()
        equal(result.stdout, "20971520\n")
        session.bash("rm f?")

    @tap.row("out: 25 MiB in all, 10 MiB each")
    def _():
        result = session.bash(
            f"cd {OUT}; for n in 1 2; do head -c 10485760 /dev/urandom >$n; done; sha256sum 1 2; "
            "head -c 5242880 /dev/zero >3; echo x >4; head -c 10485761 /dev/zero >5"
        ).worked()
        equal(
            [f["error"] for f in result.files],
            [
                None,
                None,
                None,
                "Total file size limit exceeded",
                "File too large (10485761 bytes, max 10485760)",
            ],
        )
        import hashlib

        equal(
            result.stdout,
            "".join(f"{hashlib.sha256(result.content(n)).hexdigest()}  {n}\n" for n in "12"),
        )
