# SPDX-License-Identifier: Apache-2.0
"""One render in one container, as confined as the gateway's, with the renderer of this tree."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from support.service import DOCKER_HOST, IMAGE

TOP = pathlib.Path(__file__).resolve().parents[2]
DECKS = TOP / "tests/render/decks"
RENDERER = "/usr/libexec/code-gateway/render"
UID = 10001

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Deck</title>
<style>body{{margin:0}}.slide{{width:1920px;height:1080px;position:relative;overflow:hidden}}</style>
</head><body>{}</body></html>"""
SLIDE = '<section class="slide"><h1>Hello slides</h1></section>'


def page(body=SLIDE):
    return PAGE.format(body)


class Outcome:
    """What a render has left behind."""

    def __init__(self, folder, done):
        self.folder = folder
        self.exit = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr

    @property
    def said(self):
        """The one line of standard output."""
        return json.loads(self.stdout) if self.stdout.count("\n") == 1 else self.stdout

    @property
    def error(self):
        return self.said.get("error") if isinstance(self.said, dict) else self.said

    @property
    def files(self):
        found = (f for f in self.folder.rglob("*") if f.is_file())
        return {str(f.relative_to(self.folder)): f.read_bytes() for f in sorted(found)}

    @property
    def report(self):
        return json.loads((self.folder / "report.json").read_text())

    def warned(self, kind):
        return [w for w in self.report["warnings"] if w["kind"] == kind]


class Workspace:
    """Folders for a container to read and to write, gone at the end."""

    def __init__(self):
        (TOP / ".run").mkdir(exist_ok=True)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="render-", dir=TOP / ".run"))
        self.path.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # What the renderer wrote belongs to its user.
        subprocess.run(docker(["-v", f"{self.path}:/w"], ["chmod", "-R", "a+rwX", "/w"]),
                       capture_output=True, check=False)
        shutil.rmtree(self.path, ignore_errors=True)

    def folder(self, *names):
        made = self.path.joinpath(*names)
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(0o777)
        return made

    def put(self, html, assets=None):
        home = self.folder("home")
        (home / "index.html").write_text(html)
        folder = self.folder("home", "assets")
        for name, data in (assets or {}).items():
            (folder / name).write_bytes(data)
        return home


def docker(options, command, image=IMAGE, interactive=False):
    return ["docker", "-H", DOCKER_HOST, "run", "--rm", *(["-i"] if interactive else []),
            "--network", "none", "--read-only", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--user", f"{UID}:{UID}",
            "--tmpfs", "/tmp:mode=1777", "--shm-size", "512m", "--memory", "2g",
            "--memory-swap", "2g", "--pids-limit", "512", "--cpus", "2",
            "-v", f"{TOP}/sandbox/render:{RENDERER}:ro", *options,
            "--entrypoint", command[0], image, *command[1:]]


def render(work, home, job=None, out="out", seconds=150):
    """The standby's way: HOME as delivered, the job on standard input until its end."""
    folder = work.folder(out)
    command = docker(["-v", f"{home}:/home/sandbox:ro", "-v", f"{folder}:/tmp/output"],
                     ["node", f"{RENDERER}/main.js"], interactive=True)
    done = subprocess.run(command, input=json.dumps(job or {}), capture_output=True, text=True,
                          timeout=seconds, check=False)
    return Outcome(folder, done)


def render_html(html, assets=None, seconds=150, **job):
    """Renders a page; the outcome's files are read before the folders go."""
    with Workspace() as work:
        outcome = render(work, work.put(html, assets), job, seconds=seconds)
        outcome.kept = outcome.files
    return Kept(outcome)


class Kept(Outcome):
    """An outcome whose folder is gone."""

    def __init__(self, outcome):
        self.__dict__.update(outcome.__dict__)

    @property
    def files(self):
        return self.kept

    @property
    def report(self):
        return json.loads(self.kept["report.json"])
