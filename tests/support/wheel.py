# SPDX-License-Identifier: Apache-2.0
"""Wheels by hand.  Nothing but the standard library: a source package takes this file along."""

import base64
import hashlib
import io
import zipfile


def wheel(name, version, files, tag="py3-none-any", more=""):
    """(file name, bytes); more: further lines of its metadata."""
    info = f"{name}-{version}.dist-info"
    pure = str(tag.endswith("any")).lower()
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
    }
    files = {path: c if isinstance(c, bytes) else c.encode() for path, c in files.items()}
    record = "".join(f"{path},sha256={digest(c)},{len(c)}\n" for path, c in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return f"{name}-{version}-{tag}.whl", out.getvalue()


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
