# SPDX-License-Identifier: Apache-2.0
"""Decks that should not be, and what becomes of them: a clear error, or slides and a remark."""

import struct

from support import tap as t

from . import box

CLIENT, TIMEOUT = 2, 3
SELECTOR = "'.slide'"


def size_of(png):
    return struct.unpack(">II", png[16:24])


def refused(exit_code, error, html, **job):
    outcome = box.render_html(html, **job)
    t.equal((outcome.exit, outcome.error), (exit_code, error), outcome.stderr)


def survived(html, slides=1, warned=None, **job):
    """Done, with so many previews; and kinds of warnings, if given."""
    outcome = box.render_html(html, **job)
    t.equal(outcome.exit, 0, outcome.stdout + outcome.stderr)
    t.equal(outcome.said["slides"], slides)
    previews = [name for name in outcome.files if name.startswith("slides/")]
    t.equal(previews, [f"slides/slide_{i + 1:03}.png" for i in range(slides)])
    kinds = {w["kind"] for w in outcome.report["warnings"]}
    if warned is not None:
        t.equal(kinds, set(warned))
    t.equal(outcome.said["warnings"], len(outcome.report["warnings"]))
    return outcome


SCRIPT = box.SLIDE + "<script>{}</script>"

REFUSED = [
    ("no slide", CLIENT, f"no slide elements found for selector {SELECTOR}",
     box.page("<p>nothing</p>"), {}),
    ("an empty page", CLIENT, f"no slide elements found for selector {SELECTOR}", "", {}),
    ("only hidden slides", CLIENT, f"no visible slide elements found for selector {SELECTOR}",
     box.page('<div class="slide" style="display:none">x</div>'), {}),
    ("one slide too many", CLIENT, "too many slides rendered (max 3)", box.page(box.SLIDE * 4),
     {"max_slides": 3}),
    ("more output than allowed", CLIENT,
     "render output exceeds max size of 4000 bytes while adding slides/slide_001.png",
     box.page(), {"max_output_bytes": 4000}),
    ("a presentation more than allowed", CLIENT,
     "render output exceeds max size of 40000 bytes while adding presentation.pptx",
     box.page(), {"max_output_bytes": 40000}),
    ("an endless script", TIMEOUT, "page did not load within 2 seconds",
     box.page(SCRIPT.format("for(;;);")), {"page_load_ms": 2000}),
    ("an endless script in a timer", TIMEOUT, "page did not come to rest within 2 seconds",
     box.page(SCRIPT.format("setTimeout(()=>{for(;;);},100)")), {"page_load_ms": 2000}),
    ("an endless script at the very end of the time", TIMEOUT, "render timed out after 2 seconds",
     box.page(SCRIPT.format("for(;;);")), {"timeout_ms": 2000}),
    ("endless promises", TIMEOUT, "page did not load within 2 seconds",
     box.page(SCRIPT.format("(function f(){Promise.resolve().then(f)})()")),
     {"page_load_ms": 2000}),
    ("talk without end", TIMEOUT, "page did not load within 5 seconds",
     box.page(SCRIPT.format("for(;;)console.log('x'.repeat(1e5))")), {"page_load_ms": 5000}),
    ("errors without end", TIMEOUT, "page did not load within 5 seconds",
     box.page(SCRIPT.format("for(;;)reportError(new Error('x'.repeat(1e5)))")),
     {"page_load_ms": 5000}),
    ("memory without end", CLIENT, "page crashed: it may need too much memory",
     box.page(SCRIPT.format("const a=[];for(;;)a.push(Array(1e6).fill({}))")),
     {"page_load_ms": 60000}),
    ("elements nested without end", CLIENT, "page crashed: it may need too much memory",
     box.page(SCRIPT.format(
         "let e=document.querySelector('.slide');for(let i=0;i<50000;i++)"
         "e=e.appendChild(document.createElement('b'));e.textContent='deep'")), {}),
    ("a page that goes away", CLIENT, "page left its document",
     box.page(SCRIPT.format("setTimeout(()=>location='about:blank',100)")), {}),
]

MANY_NODES = "<div class=slide>" + "<span>word </span>" * 5000 + "</div>"
HUGE_CANVAS = ('<div class="slide"><canvas id=c width=30000 height=30000></canvas></div>'
               "<script>c.getContext('2d').fillRect(0,0,30000,30000)</script>")
SPIN = ("<style>@keyframes s{to{transform:rotate(1turn)}}i{animation:s 1s linear infinite}</style>"
        '<div class="slide"><i>spinning</i></div>')

SURVIVED = [
    ("a slide of one pixel", box.page('<div class="slide" style="width:1px;height:1px"></div>'),
     1, [], {}),
    ("a slide without text", box.page('<div class="slide"></div>'), 1, [], {}),
    ("a hidden one among others", box.page(
        box.SLIDE + '<div class="slide" style="visibility:hidden">x</div>' + box.SLIDE),
     2, ["hidden-slide"], {}),
    ("as many slides as allowed", box.page(box.SLIDE * 3), 3, [], {"max_slides": 3}),
    ("slides on top of each other", box.page(
        "<style>.slide{position:absolute!important;top:0;left:0}</style>" + box.SLIDE * 2),
     2, ["overlap"], {}),
    ("slides within slides", box.page(f'<div class="slide">{box.SLIDE}</div>'), 2, ["overlap"], {}),
    ("an endless animation", box.page(SPIN), 1, [], {}),
    ("frames without end", box.page(SCRIPT.format(
        "let n=0;(function f(){document.title=++n;requestAnimationFrame(f)})()")),
     1, ["unsettled"], {}),
    ("timers that breed", box.page(SCRIPT.format(
        "(function f(){setTimeout(f,0)})();setInterval(()=>{},1)")), 1, [], {}),
    ("5000 nodes", box.page(MANY_NODES), 1, None, {}),
    ("a canvas of 30000 pixels", box.page(HUGE_CANVAS), 1, None, {}),
    ("a slide of 30000 pixels", box.page(
        '<div class="slide" style="width:30000px;height:200px">x</div>'), 1, ["scaled"], {}),
    ("a missing asset", box.page('<div class="slide"><img src="assets/no.png"></div>'),
     1, ["asset-missing"], {}),
    ("a slide that is SVG", box.page(
        '<svg class="slide" width="400" height="300"><text y="50">x</text></svg>'), 1, [], {}),
    ("no charset", '<div class="slide" style="width:99px;height:99px">\u00e9</div>', 1, [], {}),
    ("a failing script", box.page(SCRIPT.format("null.x")), 1, ["script-error"], {}),
    ("a page that rewrites its globals", box.page(SCRIPT.format(
        "Array.prototype.map=null;JSON.parse=null;Element.prototype.getBoundingClientRect=null;"
        "Object.prototype.toJSON=()=>7;document.querySelectorAll=()=>[];window.Promise=null;"
        "setTimeout(()=>document.title='x',9);window.requestAnimationFrame=null")), 1, None, {}),
    ("a page that leaves", box.page(SCRIPT.format("location='https://example.com/'")),
     1, ["capability-blocked"], {}),
    ("a page that reloads itself", box.page(SCRIPT.format("location.reload()")),
     1, ["capability-blocked"], {}),
    ("a refresh", '<meta http-equiv="refresh" content="0;url=/other">' + box.page(),
     1, ["capability-blocked"], {}),
    ("a frame within a frame within itself", box.page(
        box.SLIDE + '<iframe src="/"></iframe>'), 1, None, {}),
]


def used(capability, script):
    outcome = survived(box.page(SCRIPT.format(f"try{{{script}}}catch(e){{}}")))
    noted = [w.get("capability") for w in outcome.warned("capability-blocked")]
    t.ensure(capability in noted, noted, f"no remark on {capability}:")


CAPABILITIES = [
    ("alert", "alert(1)"),
    ("confirm", "if(confirm('?'))for(;;);"),
    ("prompt", "prompt('?')"),
    ("print", "print()"),
    ("open", "for(let i=0;i<1000;i++)open('https://example.com/')"),
    ("WebSocket", "new WebSocket('ws://127.0.0.1:80/')"),
    ("EventSource", "new EventSource('https://127.0.0.1/')"),
    ("RTCPeerConnection", "new RTCPeerConnection({iceServers:[{urls:'stun:127.0.0.1'}]})"),
    ("Worker", "new Worker(URL.createObjectURL(new Blob(['for(;;);'])))"),
    ("SharedWorker", "new SharedWorker('/assets/w.js')"),
    ("serviceWorker", "navigator.serviceWorker.register('/assets/w.js')"),
    ("sendBeacon", "navigator.sendBeacon('https://example.com/','x')"),
    ("download", "let a=document.createElement('a');a.download='x';"
     "a.href=URL.createObjectURL(new Blob(['x']));a.click()"),
]

# What a page may ask for, and nobody may answer: the picture of the slide stays as it is.
FOREIGN = [
    "http://127.0.0.1:6379/", "http://[::1]/", "http://0.0.0.0/", "http://2130706433/",
    "http://017700000001/", "http://169.254.169.254/latest/meta-data/", "https://example.com/x.png",
    "https://deck.local:444/x.png", "http://deck.local/x.png", "//example.com/x.png",
    "http:\\\\example.com\\x.png",
]
LOCAL = [
    "file:///etc/passwd", "FILE:///proc/self/environ", "\\\\\\\\localhost\\\\etc\\\\passwd",
    "file:///home/sandbox/index.html", "chrome://version", "view-source:file:///etc/passwd",
    "filesystem:https://deck.local/temporary/x", "/../../etc/passwd", "/assets/../index.html",
    "/assets/..%2f..%2f..%2fetc/passwd", "/index.html", "/assets/%00", "/assets/",
]
FETCH = ('<div class="slide"><p id=p></p></div><script>const urls={};'
         "Promise.all(urls.map(u=>fetch(u).then(r=>r.text().then(x=>r.ok?u+x:''),()=>'')))"
         ".then(all=>{{p.textContent=all.filter(Boolean).join()||'nothing'}})"
         "</script>")


def unreached(urls):
    """fetch() gets nothing from any, and neither do a picture, a frame, an object and a style."""
    for html in (FETCH.format(urls), "".join(
            f'<img src="{u}"><iframe src="{u}"></iframe><object data="{u}"></object>'
            f'<embed src="{u}"><link rel=stylesheet href="{u}"><link rel=preconnect href="{u}">'
            f'<style>@import "{u}"</style>' for u in urls) + box.SLIDE):
        outcome = survived(box.page(html))
        t.ensure(b"root:" not in outcome.files["presentation.pptx"], "", "a file of the system")
    outcome = survived(box.page(FETCH.format(urls)), version="v1")
    title = outcome.report["slides"][0]["text"]["characters"]
    t.equal(title, len("nothing"), "characters that came back")


def rows(tap):
    tap.table("hostile", REFUSED, lambda code, error, html, job: (
        refused(code, error, html, **job)), seconds=120)
    tap.table("hostile", SURVIVED, lambda html, slides, warned, job: (
        survived(html, slides, warned, **job)), seconds=120)
    for name, script in CAPABILITIES:
        tap.row(f"hostile: {name} is refused and noted")(
            lambda name=name, script=script: used(name, script))
    tap.row("hostile: no address of another host answers", seconds=120)(lambda: unreached(FOREIGN))
    tap.row("hostile: no file answers but the deck's own", seconds=120)(lambda: unreached(LOCAL))

    @tap.row("hostile: the next job is not affected", seconds=120)
    def _():
        alone = box.render_html(box.page())
        refused(TIMEOUT, "page did not load within 1 second",
                box.page(SCRIPT.format("for(;;);")), page_load_ms=1000)
        t.equal(box.render_html(box.page()).files, alone.files)
