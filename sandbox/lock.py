# SPDX-License-Identifier: Apache-2.0
"""Lock requirements: read names from NAME.in, write the whole closure to NAME.txt.

Runs inside the image's Python ("sandbox/build.sh lock"), so that markers mean what they will
mean at build time. Only wheels are listed, one hash for each machine we build on: pip refuses
everything else, and a source package can never run its own code in a build.
"""
import json
import subprocess
import sys
from pathlib import Path

MACHINES = ("x86_64", "aarch64")
NEWEST_GLIBC = 41  # of Debian 13


def platforms(machine):
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, 16, -1)]
    tags.append(f"manylinux2014_{machine}")
    return [f"--platform={tag}" for tag in tags]


def closure(wanted, machine):
    report = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
         "--only-binary=:all:", "--target=/nowhere", "--report=-", *platforms(machine),
         "--requirement", str(wanted)],
        check=True, stdout=subprocess.PIPE).stdout
    for item in json.loads(report)["install"]:
        meta = item["metadata"]
        name = meta["name"].lower().replace("_", "-").replace(".", "-")
        yield (name, meta["version"]), item["download_info"]["archive_info"]["hashes"]["sha256"]


def lock(wanted):
    hashes = {}
    for machine in MACHINES:
        for pinned, sha256 in closure(wanted, machine):
            hashes.setdefault(pinned, set()).add(sha256)
    versions = dict(hashes)
    if len({name for name, _ in versions}) != len(versions):
        sys.exit(f"{wanted}: the machines would get different versions")
    lines = [f"# From {wanted.name} by sandbox/build.sh lock, for {' and '.join(MACHINES)}."]
    for (name, version), digests in sorted(hashes.items()):
        pin = [f"{name}=={version}", *(f"    --hash=sha256:{d}" for d in sorted(digests))]
        lines.append(" \\\n".join(pin))
    wanted.with_suffix(".txt").write_text("\n".join(lines) + "\n")


for argument in sys.argv[1:]:
    lock(Path(argument))
