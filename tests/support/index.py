# SPDX-License-Identifier: Apache-2.0
"""A small package index in a container, on a Docker network made for it; the packages, too."""

import contextlib
import io
import os
import pathlib
import secrets
import subprocess
import tarfile
import tempfile

from . import wheel
from .docker import Docker
from .service import IMAGE
from .tap import eventually

# Who asks for "slow" waits.
SERVER = """
import functools, http.server, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if "/slow" in self.path:
            time.sleep(600)
        super().do_GET()
make = functools.partial(Handler, directory="/srv")
http.server.ThreadingHTTPServer(("", 8000), make).serve_forever()
"""
URL = "http://index:8000/simple"

# An extension module without Python.h, which a machine that runs tests need not have.
FAST = """
#include <stddef.h>
typedef struct object object;
static struct {
	struct { ptrdiff_t references; void *type, *init; ptrdiff_t index; void *copy; } base;
	const char *name, *doc;
	ptrdiff_t size;
	void *methods, *slots, *traverse, *clear, *free;
} module;
object *PyLong_FromLong(long);
object *PyModule_Create2(void *, int);
static object *answer(object *self, object *nothing)
{
	(void)self;
	(void)nothing;
	return PyLong_FromLong(42);
}
static struct { const char *name; void *call; int flags; const char *doc; } methods[] = {
	{ "answer", answer, 4, NULL }, { NULL, NULL, 0, NULL },
};
object *PyInit_cg_fast(void)
{
	module.base.references = 1;
	module.name = "cg_fast";
	module.size = -1;
	module.methods = methods;
	return PyModule_Create2(&module, 1013);
}
"""

# A build backend of its own, so that nothing else is needed: what it sees while it is installed.
WITNESS = '''
import os
import wheel
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open("/proc/self/status") as status:
        seen = dict(line.rstrip().split(":\\t", 1) for line in status if ":\\t" in line)
    words = [seen[k] for k in ("Seccomp", "NoNewPrivs", "CapEff")] + [seen["Uid"].split()[0]]
    words.append(open("/proc/self/oom_score_adj").read().strip())
    words.append(os.readlink("/proc/self/ns/pid"))
    name, content = wheel.wheel("cg_witness", "1.0", {"cg_witness.py": f"SEEN = {words}\\n"})
    with open(os.path.join(directory, name), "wb") as f:
        f.write(content)
    return name
'''


def fast():
    with tempfile.TemporaryDirectory() as where:
        source, made = pathlib.Path(where, "fast.c"), pathlib.Path(where, "fast.so")
        source.write_text(FAST)
        subprocess.run(["cc", "-shared", "-fPIC", "-O", "-o", made, source], check=True)
        return made.read_bytes()


def witness():
    toml = (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "cg_witness"\nversion = "1.0"\n'
    )
    files = {
        "pyproject.toml": toml,
        "PKG-INFO": "Metadata-Version: 2.1\nName: cg_witness\nVersion: 1.0\n",
        "backend.py": WITNESS,
        "wheel.py": pathlib.Path(wheel.__file__).read_text(),
    }
    return "cg_witness-1.0.tar.gz", tar({f"cg_witness-1.0/{k}": v for k, v in files.items()}, "gz")


def packages():
    """{file name: bytes}"""
    extra = "Provides-Extra: more\nRequires-Dist: cg_more; extra == 'more'\n"
    made = [
        wheel.wheel("cg_pure", v, {"cg_pure.py": f"VERSION = {v!r}\n"}, more=extra)
        for v in ("1.0", "1.5", "1.5+local.1", "2.0")
    ]
    tag = f"cp313-abi3-linux_{os.uname().machine}"
    made += [
        wheel.wheel("cg_more", "1.0", {"cg_more.py": "THERE = True\n"}),
        wheel.wheel("cg_fast", "1.0", {"cg_fast.abi3.so": fast()}, tag),
        wheel.wheel("yaml", "0.0.1", {"yaml.py": "VERSION = 'from the index'\n"}),
        witness(),
    ]
    return dict(made)


def tar(files, how=""):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{how}") as archive:
        for name, content in files.items():
            content = content if isinstance(content, bytes) else content.encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def site():
    """The simple index as files: a page for each project beside its packages."""
    files, pages = {}, {}
    for name, content in packages().items():
        project = name.split("-")[0].replace("_", "-")
        files[f"srv/simple/{project}/{name}"] = content
        pages.setdefault(project, []).append(f'<a href="{name.replace("+", "%2B")}">{name}</a>')
    for project, links in pages.items():
        files[f"srv/simple/{project}/index.html"] = "<!DOCTYPE html>" + "\n".join(links)
    return files


class Index:
    """Ends with its `with`, the network too."""

    def __init__(self, docker=None, network=None, image=IMAGE):
        """network: one that is there already."""
        self.docker, self.image = docker or Docker(), image
        self.name = network or f"cg-{secrets.token_hex(6)}"
        self.own = network is None
        self.container = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        if self.own:
            self.docker.call("POST", "/networks/create", {"Name": self.name, "Internal": True})
        ends = {self.name: {"Aliases": ["index"]} if self.own else {}}
        self.container = self.docker.create(
            Image=self.image,
            Entrypoint=["/usr/bin/python3", "-u", "-c", SERVER],
            User="10001:10001",
            HostConfig={"NetworkMode": self.name},
            NetworkingConfig={"EndpointsConfig": ends},
        )
        subprocess.run(
            ["docker", "-H", self.docker.host, "cp", "-", f"{self.container}:/"],
            input=tar(site()),
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )
        self.docker.start(self.container)
        eventually(self.answers, 20, "an index that answers")

    def answers(self):
        ask = "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/simple/')"
        words = ["exec", self.container, "python3", "-c", ask]
        return subprocess.run(
            ["docker", "-H", self.docker.host, *words], stderr=subprocess.DEVNULL, timeout=60
        ).returncode == 0

    def address(self):
        networks = self.docker.inspect(self.container)["NetworkSettings"]["Networks"]
        return networks[self.name]["IPAddress"]

    def take_in(self, container):
        """A session without a network gets this one."""
        self.docker.call("POST", "/networks/none/disconnect", {"Container": container})
        self.docker.call("POST", f"/networks/{self.name}/connect", {"Container": container})

    def __exit__(self, *_):
        if self.container:
            self.docker.remove(self.container)
        if self.own:
            with contextlib.suppress(OSError):
                self.docker.ask("DELETE", f"/networks/{self.name}")
