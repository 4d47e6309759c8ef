#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how faithfully a PPTX reproduces the HTML deck it was made from.

    fidelity.py DECK.html RESULT.zip|RESULT.pptx [--json] [--keep DIR]
    fidelity.py --lint RESULT.zip|RESULT.pptx [--json]

The first form renders the deck with Chromium (truth.js) and the PPTX with
LibreOffice and prints numbers per slide; the second checks the package for
what makes PowerPoint repair a file or is untidy, and exits with 1 if it finds
anything. README.md beside this file says what each number means.
"""
import argparse
import io
import json
import posixpath
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from lxml import etree
from PIL import Image
from skimage.feature import match_template
from skimage.metrics import structural_similarity

HERE = Path(__file__).resolve().parent

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
CT = "{http://schemas.openxmlformats.org/package/2006/content-types}"
REL = "{http://schemas.openxmlformats.org/package/2006/relationships}"

SEARCH_PX = 24        # a word is looked for this far from its true place
MATCH_NCC = 0.55      # correlation from which a word counts as found
GRID = (108, 192)     # rows and columns on which picture areas are counted


class Failure(Exception):
    """Something that ends the run with a message instead of numbers."""


# --- package ----------------------------------------------------------------

def parse_xml(data):
    """Parses a part without touching the network or expanding entities."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def relations_path(part):
    """Returns where the relationships of a part are stored."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", name + ".rels")


def relations_owner(path):
    """Returns the part that a .rels path belongs to ("" for the package)."""
    folder, name = posixpath.split(path)
    return posixpath.join(posixpath.dirname(folder), name[: -len(".rels")])


def target_part(part, target):
    """Resolves the target of an internal relationship of a part."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), unquote(target))).lstrip("/")


class Package:
    """A PPTX file, read part by part."""

    def __init__(self, data):
        self.data = data
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        self.names = [n for n in self.zip.namelist() if not n.endswith("/")]

    def read(self, part):
        """Returns the bytes of a part."""
        if part not in self.names:
            raise Failure(f"the PPTX lacks {part} (see --lint)")
        return self.zip.read(part)

    def xml(self, part):
        """Returns the parsed part without mc:Fallback, which repeats content."""
        try:
            root = parse_xml(self.read(part))
        except etree.XMLSyntaxError as error:
            raise Failure(f"{part} is not well-formed: {error}") from error
        for fallback in list(root.iter(MC + "Fallback")):
            fallback.getparent().remove(fallback)
        return root

    def relations(self, part):
        """Returns {id: (short type, target, external?)} of a part."""
        path = relations_path(part)
        if path not in self.names:
            return {}
        return {
            rel.get("Id"): (
                (rel.get("Type") or "").rsplit("/", 1)[-1],
                rel.get("Target") or "",
                rel.get("TargetMode") == "External",
            )
            for rel in parse_xml(self.read(path)).iter(REL + "Relationship")
        }

    def related(self, part, kind):
        """Returns the parts of one relationship type, such as "notesSlide"."""
        return [target_part(part, target) for type_, target, external in self.relations(part).values()
                if type_ == kind and not external]

    def presentation(self):
        """Returns the name of the main part."""
        found = self.related("", "officeDocument")
        if not found:
            raise Failure("the PPTX has no main part")
        return found[0]

    def slides(self):
        """Returns the slide parts in the order of the presentation."""
        main = self.presentation()
        targets = {id_: target for id_, (_, target, _) in self.relations(main).items()}
        return [target_part(main, targets.get(s.get(R + "id"), "")) for s in self.xml(main).iter(P + "sldId")]

    def slide_size(self):
        """Returns width and height of the slides in EMU."""
        size = self.xml(self.presentation()).find(P + "sldSz")
        if size is None:
            raise Failure("the presentation has no sldSz")
        return int(size.get("cx")), int(size.get("cy"))


def open_result(path):
    """Returns the PPTX and the preview PNGs (in order) of a result file."""
    data = Path(path).read_bytes()
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Failure(f"{path} is neither a ZIP nor a PPTX") from error
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        return Package(data), []
    decks = [n for n in names if n.endswith(".pptx")]
    if len(decks) != 1:
        raise Failure(f"{path} holds {len(decks)} .pptx files instead of one")
    previews = sorted(n for n in names if re.fullmatch(r"slides/slide_\d+\.png", n))
    return Package(archive.read(decks[0])), [archive.read(n) for n in previews]


# --- the two renderings -----------------------------------------------------

def run(command, timeout, what):
    """Runs a program; its failure or absence becomes a Failure."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except FileNotFoundError as error:
        raise Failure(f"{command[0]} is not installed ({what})") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{what} took longer than {timeout} s") from error
    if done.returncode:
        raise Failure(f"{what} failed: {(done.stderr or done.stdout).strip()[-500:]}")


def render_truth(deck, folder):
    """Renders the deck with Chromium; returns descriptions and screenshots per slide."""
    if not Path(deck).is_file():
        raise Failure(f"no such deck: {deck}")
    run(["node", str(HERE / "truth.js"), str(deck), str(folder)], 300, "rendering the deck")
    slides = json.loads((folder / "truth.json").read_text())
    return slides, [Image.open(f).convert("RGB") for f in sorted(folder.glob("truth_*.png"))]


def render_pptx(package_bytes, size, folder):
    """Renders the PPTX with LibreOffice; returns one picture per slide."""
    source = folder / "result.pptx"
    source.write_bytes(package_bytes)
    with tempfile.TemporaryDirectory() as profile:
        run(["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "pdf",
             "--outdir", str(folder), str(source)], 300, "LibreOffice")
    pdf = folder / "result.pdf"
    if not pdf.exists():
        raise Failure("LibreOffice could not open the PPTX")
    width, height = size
    run(["pdftoppm", "-png", "-scale-to-x", str(width), "-scale-to-y", str(height), str(pdf),
         str(folder / "render")], 300, "pdftoppm")
    pages = sorted(folder.glob("render-*.png"), key=lambda f: int(f.stem.rsplit("-", 1)[1]))
    return [Image.open(f).convert("RGB") for f in pages]


# --- pixels -----------------------------------------------------------------

def pixels(image):
    """Returns a picture as a float array."""
    return np.asarray(image, dtype=np.float32)


def ssim(truth, other):
    """Structural similarity of two RGB arrays: luma, Gaussian window, sigma 1.5."""
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    return float(structural_similarity(truth @ luma, other @ luma, data_range=255, gaussian_weights=True,
                                       sigma=1.5, use_sample_covariance=False))


def compare_render(truth, render):
    """Compares a rendered slide with the truth."""
    a, b = pixels(truth), pixels(render.resize(truth.size))
    return {"ssim": ssim(a, b), "mad": float(np.abs(a - b).mean())}


def compare_preview(truth, png):
    """Compares a preview PNG with the truth; another size has no equal pixel."""
    preview = Image.open(io.BytesIO(png)).convert("RGB")
    a, b = pixels(truth), pixels(preview.resize(truth.size))
    equal = float((a == b).all(axis=2).mean()) if preview.size == truth.size else 0.0
    return {"preview_ssim": ssim(a, b), "preview_equal": equal}


def word_offset(truth, padded, word):
    """Finds one word of the truth in the rendering.

    Returns (correlation, distance in px) of the best match within SEARCH_PX,
    or None for a word too small or too faint to be looked for.
    """
    height, width = truth.shape
    x0, y0 = max(0, round(word["x0"] - 1)), max(0, round(word["y0"] - 1))
    x1, y1 = min(width, round(word["x1"] + 1)), min(height, round(word["y1"] + 1))
    if x1 - x0 < 6 or y1 - y0 < 6 or (len(word["t"]) < 2 and x1 - x0 < 10):
        return None
    crop = truth[y0:y1, x0:x1]
    if crop.std() < 4:
        return None
    region = padded[y0:y1 + 2 * SEARCH_PX, x0:x1 + 2 * SEARCH_PX]
    if region.std() < 1:
        return 0.0, 99.0
    scores = match_template(region, crop)
    dy, dx = np.mgrid[-SEARCH_PX:scores.shape[0] - SEARCH_PX, -SEARCH_PX:scores.shape[1] - SEARCH_PX]
    distance = np.hypot(dx, dy)
    best = np.unravel_index(np.argmax(scores - 0.002 * distance), scores.shape)  # nearer wins a tie
    return float(scores[best]), float(distance[best])


def compare_words(truth, render, words):
    """Returns the shares of words found, and found within 4 and 8 px of their place."""
    a = pixels(truth.convert("L"))
    padded = np.pad(pixels(render.convert("L").resize(truth.size)), SEARCH_PX, mode="edge")
    offsets = [o for o in (word_offset(a, padded, word) for word in words) if o]
    if not offsets:
        return {"words": 0, "found": None, "words_4px": None, "words_8px": None}
    distances = np.array([distance if ncc >= MATCH_NCC else np.inf for ncc, distance in offsets])
    return {
        "words": len(offsets),
        "found": float(np.isfinite(distances).mean()),
        "words_4px": float((distances <= 4).mean()),
        "words_8px": float((distances <= 8).mean()),
    }


# --- native objects ---------------------------------------------------------

def characters(text):
    """Counts the visible characters of a text, whatever their case; private ones are pictures of an icon font."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return Counter(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Co"))


def compare_text(truth, text):
    """Returns the share of true characters that are text in the PPTX, and of surplus ones."""
    want, have = characters(truth["text"] + truth["pseudo"]), characters(text)
    total = sum(want.values())
    if not total:
        return {"editable": None, "extra_text": None}
    return {"editable": sum((want & have).values()) / total, "extra_text": sum((have - want).values()) / total}


def text_of(element):
    """Returns all text below an element."""
    return "".join(t.text or "" for t in element.iter(A + "t"))


def box_of(frame, position="off", size="ext"):
    """Returns x, y, width, height of an a:xfrm, or None if it lacks one of them."""
    off, ext = (None, None) if frame is None else (frame.find(A + position), frame.find(A + size))
    if off is None or ext is None:
        return None
    values = off.get("x"), off.get("y"), ext.get("cx"), ext.get("cy")
    return tuple(map(int, values)) if all(re.fullmatch(r"-?\d+", v or "") for v in values) else None


def shape_box(shape):
    """Returns x, y, width, height of a shape on the slide in EMU, or None."""
    box = box_of(shape.find(f"{P}spPr/{A}xfrm"))
    if box is None:
        return None
    x, y, w, h = box
    for group in shape.iterancestors(P + "grpSp"):
        frame = group.find(f"{P}grpSpPr/{A}xfrm")
        outer, inner = box_of(frame), box_of(frame, "chOff", "chExt")
        if outer and inner and inner[2] and inner[3]:
            sx, sy = outer[2] / inner[2], outer[3] / inner[3]
            x, y, w, h = outer[0] + (x - inner[0]) * sx, outer[1] + (y - inner[1]) * sy, w * sx, h * sy
    return x, y, w, h


def cover(mask, x0, y0, x1, y1):
    """Marks a box, given in shares of the slide, on a grid."""
    rows, columns = mask.shape
    top, bottom = max(0, int(y0 * rows)), max(0, int(y1 * rows + 0.5))
    left, right = max(0, int(x0 * columns)), max(0, int(x1 * columns + 0.5))
    mask[top:bottom, left:right] = True


def picture_area(slide, size, truth):
    """Returns the share of the slide under pictures, and that where the deck has none.

    Pictures are picture shapes, shapes filled with a picture, and a picture
    background. The deck's own ones are img, canvas, video, SVG image and CSS url().
    """
    width, height = size
    mask = np.zeros(GRID, bool)
    for shape in slide.iter(P + "pic", P + "sp"):
        box = shape_box(shape)
        if box and (shape.tag == P + "pic" or shape.find(f"{P}spPr/{A}blipFill") is not None):
            x, y, w, h = box
            cover(mask, x / width, y / height, (x + w) / width, (y + h) / height)
    if slide.find(f"{P}cSld/{P}bg//{A}blipFill") is not None:
        mask[:] = True
    own = np.zeros(GRID, bool)
    margin_x, margin_y = 1 / GRID[1], 1 / GRID[0]
    for box in truth["pictures"]:
        cover(own, box["x0"] / truth["width"] - margin_x, box["y0"] / truth["height"] - margin_y,
              box["x1"] / truth["width"] + margin_x, box["y1"] / truth["height"] + margin_y)
    return {"picture_area": float(mask.mean()), "picture_extra": float((mask & ~own).mean())}


def has_notes(package, part):
    """Tells whether a slide has speaker notes with text in them."""
    for notes in package.related(part, "notesSlide"):
        for shape in package.xml(notes).iter(P + "sp"):
            holder = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
            if holder is not None and holder.get("type") == "body" and text_of(shape).strip():
                return True
    return False


def count_objects(package, part, slide):
    """Counts what PowerPoint users can edit on a slide."""
    def number(*tags):
        return sum(1 for _ in slide.iter(*tags))

    descriptions = [e.get("descr", "").strip() for e in slide.iter(P + "cNvPr")]
    tables = number(A + "tbl")
    return {
        "text_shapes": sum(1 for s in slide.iter(P + "sp") if text_of(s).strip()),
        "runs": sum(1 for r in slide.iter(A + "r") if text_of(r).strip()),
        "shapes": sum(1 for s in slide.iter(P + "sp") if not text_of(s).strip()),
        "connectors": number(P + "cxnSp"),
        "groups": number(P + "grpSp"),
        "pictures": number(P + "pic"),
        "tables": tables,
        "charts": number(P + "graphicFrame") - tables,
        "gradients": number(A + "gradFill"),
        "shadows": number(A + "outerShdw", A + "innerShdw"),
        "bullets": number(A + "buChar", A + "buAutoNum", A + "buBlip"),
        "links": number(A + "hlinkClick"),
        "titles": sum(1 for e in slide.iter(P + "ph") if e.get("type") in ("title", "ctrTitle")),
        "notes": int(has_notes(package, part)),
        # A bare file name is filler, not a description.
        "alt_texts": sum(1 for d in descriptions if d and not re.search(r"\.(png|jpe?g|gif|svg|webp)$", d, re.I)),
    }


# --- measuring --------------------------------------------------------------

MISSING = {"ssim": 0.0, "mad": 255.0, "editable": 0.0, "words_4px": 0.0, "words_8px": 0.0, "found": 0.0}
MEANS = ("ssim", "mad", "editable", "extra_text", "found", "words_4px", "words_8px", "picture_area",
         "picture_extra", "preview_ssim", "preview_equal")
TOTALS = ("words", "text_shapes", "runs", "shapes", "connectors", "groups", "pictures", "tables", "charts",
          "gradients", "shadows", "bullets", "links", "titles", "notes", "alt_texts")


def measure(deck, result, folder):
    """Measures a result against its deck; returns the whole report."""
    package, previews = open_result(result)
    truths, screenshots = render_truth(deck, folder)
    if not truths:
        raise Failure("the deck has no visible .slide")
    parts = package.slides()
    renders = render_pptx(package.data, screenshots[0].size, folder)
    slides = []
    for index, (truth, screenshot) in enumerate(zip(truths, screenshots)):
        row = {"slide": index + 1}
        if index < min(len(parts), len(renders)):
            slide = package.xml(parts[index])
            row.update(compare_render(screenshot, renders[index]))
            row.update(compare_text(truth, text_of(slide)))
            row.update(compare_words(screenshot, renders[index], truth["words"]))
            row.update(picture_area(slide, package.slide_size(), truth))
            row.update(count_objects(package, parts[index], slide))
        else:
            row.update(MISSING)
        if index < len(previews):
            row.update(compare_preview(screenshot, previews[index]))
        elif previews:
            row.update(preview_ssim=0.0, preview_equal=0.0)
        slides.append(row)

    def column(key):
        return [s[key] for s in slides if s.get(key) is not None]

    return {
        "deck": Path(deck).name,
        "slides_in_deck": len(truths),
        "slides_in_pptx": len(parts),
        "previews": len(previews),
        "pptx_bytes": len(package.data),
        "slides": slides,
        "mean": {key: float(np.mean(column(key))) for key in MEANS if column(key)},
        "total": {key: sum(column(key)) for key in TOTALS},
    }


COLUMNS = [  # heading, key, format
    ("ssim", "ssim", "{:.3f}"), ("mad", "mad", "{:.2f}"), ("edit", "editable", "{:.3f}"),
    ("extra", "extra_text", "{:.3f}"), ("<=4px", "words_4px", "{:.3f}"), ("<=8px", "words_8px", "{:.3f}"),
    ("pic", "picture_area", "{:.3f}"), ("pic+", "picture_extra", "{:.3f}"),
    ("words", "words", "{}"), ("text", "text_shapes", "{}"), ("runs", "runs", "{}"), ("pics", "pictures", "{}"),
    ("tbl", "tables", "{}"), ("grad", "gradients", "{}"), ("shad", "shadows", "{}"), ("bull", "bullets", "{}"),
    ("link", "links", "{}"), ("titl", "titles", "{}"), ("note", "notes", "{}"), ("alt", "alt_texts", "{}"),
    ("p.ssim", "preview_ssim", "{:.4f}"), ("p.equal", "preview_equal", "{:.4f}"),
]


def print_report(report):
    """Prints a report as a table: one line per slide, then means and sums."""
    columns = [c for c in COLUMNS if any(s.get(c[1]) is not None for s in report["slides"])]

    def line(label, row):
        cells = ("-" if row.get(key) is None else form.format(row[key]) for _, key, form in columns)
        widths = (max(5, len(heading)) for heading, _, _ in columns)
        print(f"{label:>8}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths)))

    print(f"{report['deck']}: {report['slides_in_deck']} slides in the deck, {report['slides_in_pptx']} in the PPTX,"
          f" {report['previews']} previews, PPTX {report['pptx_bytes']} bytes")
    print(f"{'slide':>8}", *(f"{heading:>{max(5, len(heading))}}" for heading, _, _ in columns))
    for row in report["slides"]:
        line(row["slide"], row)
    line("mean/sum", {**report["total"], **report["mean"]})


def rounded(value):
    """Rounds the floats of a report for printing."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value


# --- lint -------------------------------------------------------------------

IMAGE_TYPES = {  # first bytes of a picture that PowerPoint reads -> its content type
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}
NEEDED_RELATIONS = {  # parts in this folder need a relationship of each of these types
    "ppt/slides": ("slideLayout",),
    "ppt/slideLayouts": ("slideMaster",),
    "ppt/slideMasters": ("slideLayout", "theme"),
    "ppt/notesSlides": ("notesMaster", "slide"),
    "ppt/notesMasters": ("theme",),
}
FILLS = "noFill solidFill gradFill blipFill pattFill grpFill"
LINE_ORDER = f"{FILLS} prstDash custDash round bevel miter headEnd tailEnd extLst"
RUN_ORDER = (f"ln {FILLS} effectLst effectDag highlight uLnTx uLn uFillTx uFill latin ea cs sym "
             "hlinkClick hlinkMouseOver rtl extLst")
PARAGRAPH_ORDER = ("lnSpc spcBef spcAft buClrTx buClr buSzTx buSzPct buSzPts buFontTx buFont "
                   "buNone buAutoNum buChar buBlip tabLst defRPr extLst")
CHILD_ORDER = {  # the schema's order of children; PowerPoint repairs files that break it
    "spPr": f"xfrm custGeom prstGeom {FILLS} ln effectLst effectDag scene3d sp3d extLst",
    **dict.fromkeys("ln lnL lnR lnT lnB uLn".split(), LINE_ORDER),
    **dict.fromkeys("rPr defRPr endParaRPr".split(), RUN_ORDER),
    **dict.fromkeys(["pPr"] + [f"lvl{n}pPr" for n in range(1, 10)], PARAGRAPH_ORDER),
    "tcPr": f"lnL lnR lnT lnB lnTlToBr lnBlToTr cell3D {FILLS} headers extLst",
    "txBody": "bodyPr lstStyle p",
    "tc": "txBody tcPr extLst",
    "tbl": "tblPr tblGrid tr",
    "gradFill": "gsLst lin path tileRect",
    "blipFill": "blip srcRect tile stretch",
    "effectLst": "blur fillOverlay glow innerShdw outerShdw prstShdw reflection softEdge",
    "sp": "nvSpPr spPr style txBody extLst",
    "pic": "nvPicPr blipFill spPr style extLst",
    "cxnSp": "nvCxnSpPr spPr style extLst",
    "graphicFrame": "nvGraphicFramePr xfrm graphic extLst",
    "cSld": "bg spTree custDataLst controls extLst",
    "sld": "cSld clrMapOvr transition timing extLst",
    "presentation": ("sldMasterIdLst notesMasterIdLst handoutMasterIdLst sldIdLst sldSz notesSz smartTags "
                     "embeddedFontLst custShowLst photoAlbum custDataLst kinsoku defaultTextStyle modifyVerifier extLst"),
}
CHILD_ORDER = {tag: order.split() for tag, order in CHILD_ORDER.items()}
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffe\uffff]")


def image_type(data):
    """Returns the content type of picture bytes, or None if PowerPoint cannot read them."""
    for start, kind in IMAGE_TYPES.items():
        if data.startswith(start):
            return kind
    if data[40:44] == b" EMF":
        return "image/x-emf"
    if data.startswith((b"\xd7\xcd\xc6\x9a", b"\x01\x00\x09\x00")):
        return "image/x-wmf"
    if re.match(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<svg", data, re.S):
        return "image/svg+xml"
    return None


def content_types(package):
    """Returns the Default and Override tables of the package."""
    root = parse_xml(package.read("[Content_Types].xml"))
    defaults = [(e.get("Extension", "").lower(), e.get("ContentType")) for e in root.iter(CT + "Default")]
    overrides = [(e.get("PartName", ""), e.get("ContentType")) for e in root.iter(CT + "Override")]
    return defaults, overrides


def lint_content_types(package):
    """Yields parts without a type, types without a part, and wrong picture types."""
    defaults, overrides = content_types(package)
    for what, pairs in (("Default", defaults), ("Override", overrides)):
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                yield f"[Content_Types].xml: {count} {what} entries for {name}"
    types, extensions = dict(overrides), dict(defaults)
    for name in types:
        if name.lstrip("/") not in package.names:
            yield f"[Content_Types].xml: Override without part: {name}"
    for part in package.names:
        extension = part.rpartition(".")[2].lower()
        if part == "[Content_Types].xml":
            continue
        if extension == "xml" and part.startswith(("ppt/", "docProps/")) and "/" + part not in types:
            yield f"{part}: no Override"
        type_ = types.get("/" + part, extensions.get(extension))
        if type_ is None:
            yield f"{part}: no content type"
        elif part.startswith("ppt/media/") or type_.startswith("image/"):
            real = image_type(package.read(part))
            if real != type_ and (real or type_.startswith("image/")):
                yield f"{part}: declared as {type_}, contains {real or 'something PowerPoint cannot show'}"


def lint_relations(package, trees):
    """Yields relationships that lead nowhere, and parts that nothing leads to."""
    reached = {""}
    for path, tree in trees.items():
        if not path.endswith(".rels"):
            continue
        owner = relations_owner(path)
        if owner and owner not in package.names:
            yield f"{path}: relationships of a missing part"
        ids = Counter(e.get("Id") for e in tree.iter(REL + "Relationship"))
        for id_, count in ids.items():
            if count > 1:
                yield f"{path}: relationship {id_} is defined {count} times"
        for id_, (_, target, external) in package.relations(owner).items():
            if external:
                continue
            part = target_part(owner, target)
            reached.add(part)
            if part not in package.names:
                yield f"{path}: {id_} leads to the missing part {part}"
    for part, tree in trees.items():
        if part.endswith(".rels"):
            continue
        known = package.relations(part)
        for element in tree.iter(etree.Element):
            for name, value in element.attrib.items():
                if name.startswith(R) and value and value not in known:
                    yield f"{part}: {etree.QName(element).localname} refers to the unknown relationship {value}"
        types = {type_ for type_, _, _ in known.values()}
        for type_ in NEEDED_RELATIONS.get(posixpath.dirname(part), ()):
            if type_ not in types:
                yield f"{part}: no relationship to a {type_}"
    for part in package.names:
        if part != "[Content_Types].xml" and not part.endswith(".rels") and part not in reached:
            yield f"{part}: nothing refers to this part"


def lint_presentation(package, trees):
    """Yields slide and master ids out of range or used twice."""
    def numbers(*elements):
        return [int(e.get("id")) if (e.get("id") or "").isdigit() else -1 for e in elements]

    main = trees.get(next(iter(package.related("", "officeDocument")), None))
    if main is None:
        yield "the package has no main part"
        return
    slides = numbers(*main.iter(P + "sldId"))
    if len(set(slides)) < len(slides) or any(not 256 <= i < 2 ** 31 for i in slides):
        yield "slide ids are not unique numbers from 256 on"
    masters = numbers(*(e for tree in trees.values() for e in tree.iter(P + "sldMasterId", P + "sldLayoutId")))
    if len(set(masters)) < len(masters) or any(i < 2 ** 31 for i in masters):
        yield "master and layout ids are not unique numbers from 2147483648 on"
    if any(n.startswith("ppt/notesSlides/") for n in package.names) and main.find(P + "notesMasterIdLst") is None:
        yield "there are notes, but the presentation names no notes master"


def shape_id(shape):
    """Returns the id of a shape, or "without id"."""
    properties = shape.find(f"*/{P}cNvPr")
    return "without id" if properties is None else properties.get("id")


def lint_shapes(part, tree):
    """Yields what is wrong with the shapes of a slide, layout, master or notes page."""
    ids = Counter(e.get("id") for e in tree.iter(P + "cNvPr"))
    for id_, count in ids.items():
        if count > 1 or not re.fullmatch(r"[1-9]\d*", id_ or ""):
            yield f"{part}: shape id {id_} is used {count} times" if count > 1 else f"{part}: bad shape id {id_}"
    for shape in tree.iter(P + "sp"):
        holder = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")  # the slide image on notes pages has no text
        if shape.find(P + "txBody") is None and (holder is None or holder.get("type") != "sldImg"):
            yield f"{part}: shape {shape_id(shape)} has no txBody"
    for body in tree.iter(P + "txBody", A + "txBody"):
        if body.find(A + "bodyPr") is None or body.find(A + "p") is None:
            yield f"{part}: txBody without bodyPr or paragraph"
    for background in tree.iter(P + "bgPr"):
        if background.find(A + "effectLst") is None:
            yield f"{part}: bgPr without effectLst"


def lint_elements(part, tree):
    """Yields bad values and badly ordered children in any part."""
    for element in tree.iter(etree.Element):
        tag = etree.QName(element).localname
        if not element.tag.startswith((A, P)):
            continue
        for name in ("cx", "cy", "x", "y") if tag in ("ext", "chExt", "off", "chOff", "sldSz", "notesSz") else ():
            value = element.get(name)
            if value is not None and not re.fullmatch(r"-?\d+", value):
                yield f"{part}: {tag} {name}={value!r} is not a whole number"
            elif value is not None and name in ("cx", "cy") and int(value) < 0:
                yield f"{part}: {tag} {name}={value} is negative"
        if tag in ("bodyPr", "tcPr") and element.get("anchor", "t") not in ("t", "ctr", "b"):
            yield f"{part}: {tag} anchor={element.get('anchor')!r}"
        if tag in ("rPr", "defRPr", "endParaRPr") and element.get("sz") is not None:
            if not re.fullmatch(r"\d+", element.get("sz")) or not 100 <= int(element.get("sz")) <= 400000:
                yield f"{part}: font size sz={element.get('sz')!r}"
        if tag == "ln" and not len(element) and not element.attrib:
            yield f"{part}: empty a:ln"
        if tag == "gsLst" and len(element) < 2:
            yield f"{part}: gradient with fewer than two stops"
        if tag == "t" and CONTROL.search(element.text or ""):
            yield f"{part}: control character in the text {element.text[:40]!r}"
        yield from lint_order(part, element, tag)


def lint_order(part, element, tag):
    """Yields children that the schema wants elsewhere or does not know."""
    order = CHILD_ORDER.get(tag)
    if not order:
        return
    last = -1
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if child.tag.startswith(MC):
            continue
        if name not in order:
            yield f"{part}: {name} cannot be a child of {tag}"
        elif order.index(name) < last:
            yield f"{part}: {name} comes too late in {tag}"
        else:
            last = order.index(name)


def lint(package):
    """Returns all findings about a package."""
    findings = [f"{name}: {count} ZIP entries of this name"
                for name, count in Counter(package.names).items() if count > 1]
    if "[Content_Types].xml" not in package.names:
        return findings + ["no [Content_Types].xml"]
    trees = {}
    for part in package.names:
        if not part.endswith((".xml", ".rels")):
            continue
        data = package.read(part)
        if b"<!DOCTYPE" in data:
            findings.append(f"{part}: has a DOCTYPE")
        try:
            trees[part] = parse_xml(data)
        except etree.XMLSyntaxError as error:
            findings.append(f"{part}: not well-formed: {error}")
            continue
        for fallback in list(trees[part].iter(MC + "Fallback")):
            fallback.getparent().remove(fallback)
    if "[Content_Types].xml" not in trees or any(p.endswith(".rels") and p not in trees for p in package.names):
        return findings
    findings += lint_content_types(package)
    findings += lint_relations(package, trees)
    findings += lint_presentation(package, trees)
    for part, tree in trees.items():
        if part.startswith("ppt/"):
            findings += lint_shapes(part, tree)
            findings += lint_elements(part, tree)
    return findings


# --- command line -----------------------------------------------------------

def run_lint(args):
    """Carries out --lint; returns the exit status."""
    package, _ = open_result(args.paths[0])
    findings = lint(package)
    if args.json:
        print(json.dumps({"findings": findings}, indent=1, ensure_ascii=False))
    else:
        print(*findings, f"{len(findings)} findings", sep="\n")
    return 1 if findings else 0


def run_measure(args):
    """Carries out a measurement; returns the exit status."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(args.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("truth_*.png"), *folder.glob("render-*.png"), *folder.glob("result.p*")):
            old.unlink()
        report = rounded(measure(args.paths[0], args.paths[1], folder))
        report["lint_findings"] = len(lint(open_result(args.paths[1])[0]))
        report["seconds"] = round(time.monotonic() - started, 1)
        if args.keep:
            (folder / "report.json").write_text(json.dumps(report, indent=1))
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print_report(report)
        print(f"lint: {report['lint_findings']} findings; measured in {report['seconds']} s")
    return 0


def main():
    """Reads the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Measures an HTML deck's PPTX against the deck.",
        usage="%(prog)s DECK.html RESULT.zip|RESULT.pptx [--json] [--keep DIR]\n"
              "       %(prog)s --lint RESULT.zip|RESULT.pptx [--json]")
    parser.add_argument("paths", nargs="+", metavar="FILE", help="deck and result, or with --lint the result alone")
    parser.add_argument("--lint", action="store_true", help="check the package; exit with 1 if there are findings")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--keep", metavar="DIR", help="keep screenshots, renderings and report there")
    args = parser.parse_args()
    if len(args.paths) != (1 if args.lint else 2):
        parser.error("needs one file with --lint, else two")
    try:
        return run_lint(args) if args.lint else run_measure(args)
    except (Failure, OSError) as error:
        print(f"fidelity.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
