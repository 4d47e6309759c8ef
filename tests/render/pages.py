# SPDX-License-Identifier: Apache-2.0
"""What a page gets: its assets, time, chance, libraries; and what it is in the end."""

import io
import subprocess
import zipfile

from support import tap as t

from . import box
from .hostile import size_of, survived

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'

# The page says what it found out by its title, which ends up in core.xml.
SAY = '<div class="slide"><p id=p>-</p></div><script>{}</script>'

PAGES = [
    ("assets, relative and absolute", "200 200 404",
     "Promise.all(['assets/a.svg','/assets/a.svg','/a.svg'].map(u=>fetch(u)))"
     ".then(r=>{document.title=r.map(x=>x.status).join(' ')})"),
    ("the viewport", "1920x1080x1",
     "document.title=`${innerWidth}x${innerHeight}x${devicePixelRatio}`"),
    ("the date", "2026-01-01T00:00:00.000Z", "document.title=new Date().toISOString()"),
    ("dates as they are", "true 5 2024",
     "document.title=[new Date() instanceof Date,new Date(5).getTime(),"
     "new Date('2024-06-01').getFullYear()].join(' ')"),
    ("timers in order", "a b c d",
     "const s=[];setTimeout(()=>s.push('c'),900);setTimeout(()=>s.push('a'),0);"
     "setTimeout(x=>s.push(x),10,'b');setTimeout(()=>{s.push('d');document.title=s.join(' ')},901)"),
    ("an interval until it is cleared", "3",
     "let n=0;const i=setInterval(()=>{if(++n===3)clearInterval(i);document.title=n},50)"),
    ("promises between timers", "1 2 3",
     "const s=[];setTimeout(async()=>{s.push(1);await null;await null;s.push(2)},5);"
     "setTimeout(()=>{s.push(3);document.title=s.join(' ')},5)"),
    ("an animation of two seconds", "done",
     "let t0=0;requestAnimationFrame(function f(t){t0=t0||t;p.textContent=t;"
     "if(t-t0<2000)requestAnimationFrame(f);else document.title='done'})"),
    ("a fetch after a timer", "svg",
     "setTimeout(()=>fetch('/assets/a.svg').then(r=>r.text()).then(x=>{document.title=x.slice(1,4)}),"
     "800)"),
    ("what waits for being seen", "seen",
     "onload=()=>new IntersectionObserver(e=>{if(e[0].isIntersecting)document.title='seen'})"
     ".observe(document.querySelectorAll('.slide')[1])"),
]


# Kind of warning, selector and font that it names; None: nothing to say.
REPORTS = [
    ("text beyond the slide", "overflow", ".slide > p", None,
     '<div class="slide"><p style="position:absolute;left:1800px;white-space:nowrap">'
     'far too far away to be read</p></div>'),
    ("text below the slide", "overflow", "#a", None,
     '<div class="slide"><p id="a" style="margin-top:1070px">low</p></div>'),
    ("text that its box cuts off", "clipping", ".slide > div", None,
     '<div class="slide"><div style="height:20px;overflow:hidden">one<br>two<br>three</div></div>'),
    ("text that fits", None, None, None,
     '<div class="slide"><div style="overflow:hidden">one</div></div>'),
    ("a hidden text beyond", None, None, None,
     '<div class="slide"><p style="visibility:hidden;margin-left:3000px">x</p></div>'),
    ("a typeface that nobody has", "font-missing", None, "Imaginary Sans",
     '<div class="slide" style="font-family:Imaginary Sans,Inter">x</div>'),
    ("a typeface that stands in", "font-substituted", None, "Segoe UI",
     '<div class="slide" style="font-family:Segoe UI,sans-serif">x</div>'),
    ("typefaces that are there", None, None, None,
     '<div class="slide" style="font-family:Poppins">x<b style="font-family:Arial">y</b></div>'),
]


def reported(kind, selector, font, html):
    warnings = survived(box.page(html)).report["warnings"]
    t.equal([(w["kind"], w["slide"], w.get("selector"), w.get("font")) for w in warnings],
            [(kind, 1, selector, font)] if kind else [])


def core_of(outcome):
    with zipfile.ZipFile(io.BytesIO(outcome.files["presentation.pptx"])) as pack:
        return pack.read("docProps/core.xml").decode()


def title_of(text, script):
    body = SAY.format(script) + '<div style="height:3000px"></div>' + box.SLIDE
    outcome = box.render_html(box.page(body), {"a.svg": SVG})
    t.equal(outcome.exit, 0, outcome.stdout + outcome.stderr)
    t.matches(f"<dc:title>{text}</dc:title>", core_of(outcome))


def rows(tap):
    tap.table("pages", PAGES, title_of)

    @tap.row("pages: same deck, same bytes", seconds=120)
    def _():
        body = SAY.format(
            "p.textContent=[Math.random(),crypto.randomUUID(),Date.now(),performance.now()].join()")
        first, second = (box.render_html(box.page(body)) for _ in range(2))
        t.equal(first.exit, 0, first.stderr)
        t.equal(first.files, second.files)

    @tap.row("pages: previews have the sizes of the slides")
    def _():
        sizes = [(1920, 1080), (800, 600), (1080, 1920), (3000, 100), (10, 2000)]
        body = "".join(f'<div class="slide" style="width:{w}px;height:{h}px">x</div>'
                       for w, h in sizes)
        outcome = survived(box.page(body), len(sizes))
        previews = [data for name, data in outcome.files.items() if name.startswith("slides/")]
        t.equal([size_of(png) for png in previews], sizes)
        t.equal([(s["width"], s["height"]) for s in outcome.report["slides"]], sizes)

    @tap.row("pages: no charset is UTF-8")
    def _():
        html = '<title>\u00e9\u2014\u65e5</title>' + box.SLIDE
        t.matches("<dc:title>\u00e9\u2014\u65e5</dc:title>", core_of(box.render_html(html)))

    tap.table("report", REPORTS, reported)

    @tap.row("pages: compiled code from a cache, or a broken one, makes no difference", seconds=120)
    def _():
        script = (f"cd {box.RENDERER} && echo {{}} >/tmp/job && node playwright.js /tmp/code &&"
                  " export RENDER_CODE_CACHE=/tmp/none && for way in none cache broken; do"
                  " node main.js --job /tmp/job --in /home/sandbox --out /tmp/$way || exit;"
                  " export RENDER_CODE_CACHE=/tmp/code; [ $way = none ] ||"
                  " for f in /tmp/code/*; do echo x >$f; done; done; ls /tmp/code | wc -l;"
                  " cd /tmp && for way in cache broken; do diff -r none $way; done")
        with box.Workspace() as work:
            home = ["-v", f"{work.put(box.page())}:/home/sandbox:ro"]
            done = subprocess.run(box.docker(home, ["sh", "-c", script]), capture_output=True,
                                  text=True, check=False)
        t.equal((done.returncode, done.stdout.split("\n")[3:]), (0, ["2", ""]), done.stdout)

    @tap.row("pages: libraries of CDNs are there", seconds=120)
    def _():
        html = (box.DECKS.parent / "cdn.html").read_text()
        outcome = box.render_html(html)
        t.equal(outcome.exit, 0, outcome.stderr)
        t.matches("<dc:title>tailwind chart echarts katex lucide mermaid fa icons</dc:title>",
                  core_of(outcome))
        about = {w["kind"] for w in outcome.report["warnings"] if w["kind"].startswith("asset-")}
        t.equal(about, {"asset-version"})
