# SPDX-License-Identifier: Apache-2.0
"""What decks/extras.html asks for: charts, drawings, round tables, pictures of other kinds."""

import io
import re
import struct
import zipfile

from support import tap as t

from . import box
from .hostile import survived


class Pack:
    """The presentation, as parts."""

    def __init__(self):
        assets = {p.name: p.read_bytes() for p in (box.DECKS / "assets").iterdir()}
        html = (box.DECKS / "extras.html").read_text()
        outcomes = [box.render_html(html, assets, version="v2") for _ in range(2)]
        for outcome in outcomes:
            t.equal(outcome.exit, 0, outcome.stdout + outcome.stderr)
        t.equal(outcomes[0].files == outcomes[1].files, True, "same bytes")
        self.report = outcomes[0].report
        with zipfile.ZipFile(io.BytesIO(outcomes[0].files["presentation.pptx"])) as pack:
            self.parts = {name: pack.read(name) for name in pack.namelist()}

    def slide(self, number):
        return self.parts[f"ppt/slides/slide{number}.xml"].decode()

    def count(self, number, what):
        return len(re.findall(what, self.slide(number)))

    def media(self, number, ending):
        """Pictures that a slide refers to."""
        links = self.parts[f"ppt/slides/_rels/slide{number}.xml.rels"].decode()
        names = re.findall(rf'Target="\.\./(media/\w+\.{ending})"', links)
        return [self.parts[f"ppt/{name}"] for name in names]


def charts(pack):
    t.equal((pack.count(1, "<c:chart "), pack.count(1, "<p:pic>")), (4, 0))
    t.equal((pack.count(2, "<c:chart "), pack.count(2, "<p:pic>")), (3, 2))
    kinds = [re.search(rb"<c:plotArea>.*?<c:(\w+Chart)>", pack.parts[name]).group(1).decode()
             for name in sorted(pack.parts) if re.fullmatch(r"ppt/charts/chart.*\.xml", name)]
    t.equal(kinds, ["barChart", "lineChart", "barChart", "scatterChart", "pieChart",
                    "doughnutChart", "areaChart"])
    for alt in ("Revenue by quarter", "Line chart: Visits, Sales"):
        t.ensure(f'descr="{alt}"' in pack.slide(1), alt)
    reasons = [w["reason"] for w in pack.report["warnings"] if w["slide"] == 2]
    t.equal(reasons, ["chart: mixed types"])


def workbooks(pack):
    names = [name for name in pack.parts if name.startswith("ppt/embeddings/")]
    t.ensure(len(names) >= 5, names)
    sheets = []
    for name in names:
        with zipfile.ZipFile(io.BytesIO(pack.parts[name])) as book:
            t.equal(book.testzip(), None)
            sheets.append(book.read("xl/worksheets/sheet1.xml").decode())
    t.ensure(any("Visits" in sheet and "<v>2400</v>" in sheet for sheet in sheets), sheets)


def drawings(pack):
    vectors = [svg.decode() for svg in pack.media(3, "svg")]
    t.equal((pack.count(3, "<p:pic>"), pack.count(3, "svgBlip "), len(vectors)), (4, 4, 4))
    t.ensure(not any("<script" in v or "class=" in v for v in vectors), vectors)
    blurred = next(v for v in vectors if "feGaussianBlur" in v)
    t.ensure('fill="rgb(148, 163, 184)"' in blurred, "what a style sheet says", blurred)
    t.ensure('descr="A soft shadow"' in pack.slide(3))
    sizes = sorted(struct.unpack(">II", png[16:24]) for png in pack.media(3, "png"))
    t.equal(sizes, [(600, 600), (800, 600), (1000, 800), (1000, 800)], "twice their size")
    t.ensure('<a:srgbClr val="F59E0B"/>' in pack.slide(3), "a symbol in the colour of its place")


def tables(pack):
    slide = pack.slide(4)
    t.equal((pack.count(4, "<a:tbl>"), pack.count(4, "<a:custGeom>")), (2, 8))
    first = slide[slide.index("<a:tbl>"):slide.index("</a:tbl>")]
    t.equal(len(re.findall("</a:lnB><a:noFill/></a:tcPr>", first)), 4, "cells in the corners")


def words(pack):
    slide = pack.slide(5)
    runs = {text: props for props, text in
            re.findall(r"<a:r><a:rPr(.*?)</a:rPr><a:t>([^<]*)</a:t>", slide)}
    t.ensure("<a:gradFill" in runs["Window of colour"], runs)
    t.ensure("<a:outerShdw" in runs["Shadow of light"], runs)
    t.ensure("<a:alpha" not in runs["Half of white"], "flattened", runs)


def pictures(pack):
    t.equal((pack.count(5, "<p:pic>"), len(pack.media(5, "png")), len(pack.media(5, "jpeg"))),
            (3, 2, 1))
    t.equal(pack.media(5, "jpeg")[0], (box.DECKS / "assets/photo.jpg").read_bytes(), "as it was")
    t.ensure(all(png.startswith(b"\x89PNG") for png in pack.media(5, "png")))


CANVAS = '<div class="slide"><canvas data-pptx-chart width="90" height="60"></canvas></div>'
LIES = CANVAS + "<script>window.Chart={{getChart:()=>{}}}</script>"
USES = "".join(f'<g id="u{i}">' + f'<use href="#u{i - 1}"/>' * 10 + "</g>" for i in range(1, 5))

# What it is, the slide, the kinds of warnings.
HOSTILE = [
    ("a chart of something else", CANVAS, ["rasterized"]),
    ("a chart that fails", LIES.format("null.x"), ["rasterized"]),
    ("a chart of nonsense", LIES.format("({config:{type:'bar'},data:{datasets:[{}]}})"),
     ["rasterized"]),
    ("a page with a JSON of its own", LIES.format("(JSON.stringify=()=>'<')"), []),
    ("drawings of drawings of drawings",
     f'<div class="slide"><svg><g id="u0"><rect width="9" height="9"/></g>{USES}</svg></div>',
     ["rasterized"]),
    ("a drawing of itself", '<div class="slide"><svg><g id="u"><use href="#u"/></g></svg></div>',
     ["rasterized"]),
]


def hostile(html, warned):
    survived(box.page(html), warned=warned, version="v2")


ROWS = [charts, workbooks, drawings, tables, words, pictures]


def rows(tap):
    packs = []

    def pack():
        if not packs:
            packs.append(Pack())
        return packs[0]

    for check in ROWS:
        @tap.row(f"extras: {check.__name__}", seconds=300)
        def _(check=check):
            check(pack())

    for name, html, warned in HOSTILE:
        @tap.row(f"extras: {name}", seconds=120)
        def _(html=html, warned=warned):
            hostile(html, warned)
