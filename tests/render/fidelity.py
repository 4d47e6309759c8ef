# SPDX-License-Identifier: Apache-2.0
"""The gates of decks/README.md: presentations and previews against what Chromium shows.

The judge is an image with LibreOffice; it is built here when it is not there.
"""

import functools
import json
import os
import subprocess
import zipfile

from support import tap as t
from support.docker import Docker

from . import box

KINDS = sorted(p.name for p in box.DECKS.glob("[0-9][0-9]_*.html"))
FAST = ["01_title.html", "05_image.html", "09_i18n.html", "deck_vh.html"]
OWN = sorted(f"own/{p.name}" for p in (box.DECKS / "own").glob("*.html"))
MORE = ["deck_24.html", "deck_vh.html", *OWN]
ALL = bool(os.environ.get("RENDER_ALL"))

# Of each version, for every slide and for the mean of all kinds: the least of each measure...
LEAST = {
    "v1": {"ssim": 0.965},
    "v2": {"ssim": 0.91, "editable": 0.98},
}
MEANS = {
    "v1": {"ssim": 0.98},
    "v2": {"ssim": 0.955, "editable": 0.99, "words_4px": 0.95},
}
# ...and the most.
MOST = {
    "v1": {},
    "v2": {"extra_text": 0.02, "picture_extra": 0.05},
}
OF_DECK = {
    ("v2", "09_i18n.html"): {"words_4px": 0.75},
    ("v2", "own/dark_title.html"): {"picture_extra": 0.25},  # a conic gradient
}


@functools.cache
def judge():
    """The image that judges; one for each image of the sandboxes."""
    told = Docker().command("image", "inspect", "--format", "{{.Id}}", box.IMAGE, seconds=60)
    name = f"code-sandbox-judge:{told.strip().removeprefix('sha256:')[:12]}"
    if not Docker().has_image(name):
        folder = box.TOP / "tests/render/judge"
        network = os.environ.get("BUILD_NETWORK", "host")  # as sandbox/build.sh
        Docker().command("build", "-q", "--network", network, "-t", name,
                         "--build-arg", f"FULL={box.IMAGE}", str(folder), seconds=1800)
    return name


def convert(work, deck, version):
    """Renders a deck twice; the ZIP as a client gets it."""
    assets = {p.name: p.read_bytes() for p in (box.DECKS / deck).parent.glob("assets/*")}
    home = work.put((box.DECKS / deck).read_text(), assets)
    outcomes = [box.render(work, home, {"version": version}, out) for out in ("one", "two")]
    for outcome in outcomes:
        t.equal(outcome.exit, 0, outcome.stdout + outcome.stderr)
    t.equal(outcomes[0].files == outcomes[1].files, True, f"{deck}: same bytes")
    path = work.folder("judge") / "result.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in outcomes[0].files.items():
            archive.writestr(name, data)
    path.chmod(0o644)
    return path


def ask_judge(options, *words, seconds=600):
    command = box.docker(["-v", f"{box.DECKS}:/decks:ro", "-e", "HOME=/tmp", "-w", "/tmp",
                          "-v", f"{box.TOP}/sandbox/render:/render:ro",
                          "-e", "FIDELITY_CDN=/render/cdn/shim.js", *options],
                         ["/usr/bin/python3", "/decks/fidelity.py", *words], judge())
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    t.equal(done.returncode, 0, done.stdout + done.stderr)
    return done.stdout


def measure(deck, version):
    """The report of fidelity.py, after its lint found nothing."""
    with box.Workspace() as work:
        path = convert(work, deck, version)
        mount = ["-v", f"{path}:/result.zip:ro"]
        ask_judge(mount, "--lint", "/result.zip")
        return json.loads(ask_judge(mount, f"/decks/{deck}", "/result.zip", "--json"))


def previews_are_exact(report):
    t.equal(report["slides_in_pptx"], report["slides_in_deck"])
    t.equal([s["preview_equal"] for s in report["slides"]], [1.0] * report["slides_in_deck"],
            "share of equal pixels")


def holds(slide, version, deck):
    own = OF_DECK.get((version, deck), {})
    least = LEAST[version] | {k: v for k, v in own.items() if k not in MOST[version]}
    most = MOST[version] | {k: v for k, v in own.items() if k in MOST[version]}
    wrong = [f"{key} {slide[key]:.3f} < {gate}" for key, gate in least.items() if slide[key] < gate]
    wrong += [f"{key} {slide[key]:.3f} > {gate}" for key, gate in most.items() if slide[key] > gate]
    t.equal(wrong, [])


def rows(tap):
    decks = KINDS + MORE if ALL else FAST

    @tap.row("fidelity: there is a judge", seconds=1800)
    def _():
        judge()

    for version in LEAST:
        reports = {}
        for deck in decks:
            @tap.row(f"{version}: {deck} is faithful, the same twice, and well-formed", seconds=600)
            def _(deck=deck):
                report = reports[deck] = measure(deck, version)
                previews_are_exact(report)
                for slide in report["slides"]:
                    holds(slide, version, deck)

        if ALL:
            @tap.row(f"{version}: means of all kinds")
            def _():
                for key, gate in MEANS[version].items():
                    every = [s[key] for deck in KINDS for s in reports[deck]["slides"]]
                    mean = sum(every) / len(every)
                    tap.say(f"{version} {key}: mean {mean:.4f}, least {min(every):.4f}")
                    t.ensure(mean >= gate, mean, key)
