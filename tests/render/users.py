# SPDX-License-Identifier: Apache-2.0
"""What user code finds in the image of stage full, in sessions of the default limits."""

from support import tap as t
from support.gateway import Gateway
from support.redis import Redis
from support.service import scratch

from . import box

PNG, ZIP = b"\x89PNG", b"PK\x03\x04"
PAGE = "<h1 style='font-family:Segoe UI'>Hello</h1>"

PLAYWRIGHT = f"""
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    browser = p.chromium.launch()
    page = browser.new_page(viewport={{"width": 800, "height": 600}})
    page.set_content("{PAGE}")
    page.screenshot(path="/tmp/output/shot.png")
    print(page.inner_text("h1"))
    browser.close()
"""

NODE_PLAYWRIGHT = f"""
import {{ chromium }} from 'playwright';
const browser = await chromium.launch();
const page = await browser.newPage();
await page.setContent("{PAGE}");
await page.screenshot({{ path: '/tmp/output/shot.png' }});
console.log(await page.innerText('h1'));
await browser.close();
"""

PPTX = """
const deck = new PptxGenJS();
deck.addSlide().addText('Hello', { x: 1, y: 1 });
deck.writeFile({ fileName: '/tmp/output/deck.pptx' }).then(() => console.log('written'));
"""
REQUIRE, IMPORT = "const PptxGenJS = require('pptxgenjs');", "import PptxGenJS from 'pptxgenjs';"

LATEX = r"""
printf '%s\n' '\documentclass{article}' '\begin{document}' 'Hello' '\end{document}' >a.tex
for compiler in pdflatex xelatex lualatex; do
  $compiler -interaction=batchmode -jobname $compiler a.tex >&2 && cp $compiler.pdf /tmp/output || exit
done
ls ~/.texlive* 2>/dev/null
echo compiled
"""


def node(directory, kind, source):
    return f"cd {directory} && cat >script.{kind} <<'END' && exec node script.{kind}\n{source}\nEND\n"


# name, language, code, what it says, the file it makes, how that begins
CASES = [
    ("Playwright in Python", "python", PLAYWRIGHT, "Hello\n", "shot.png", PNG),
    ("Playwright in Node", "bash", node("/home/sandbox", "mjs", NODE_PLAYWRIGHT), "Hello\n", "shot.png", PNG),
    ("pptxgenjs required at home", "bash", node("/home/sandbox", "cjs", REQUIRE + PPTX), "written\n",
     "deck.pptx", ZIP),
    ("pptxgenjs imported at home", "bash", node("/home/sandbox", "mjs", IMPORT + PPTX), "written\n",
     "deck.pptx", ZIP),
    ("pptxgenjs required in /tmp", "bash", node("/tmp", "cjs", REQUIRE + PPTX), "written\n",
     "deck.pptx", ZIP),
    ("pptxgenjs imported in /tmp", "bash", node("/tmp", "mjs", IMPORT + PPTX), "written\n",
     "deck.pptx", ZIP),
    ("TeX", "bash", LATEX, "compiled\n", "lualatex.pdf", b"%PDF"),
]


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(where, redis, SANDBOX_IMAGE=box.IMAGE) as gateway,
    ):
        for name, language, code, said, file, beginning in CASES:

            @tap.row(f"users: {name}", seconds=120)
            def _():
                with gateway.session() as session:
                    result = session.run(code, language, timeout=100).worked()
                    t.equal(result.stdout, said, result.stderr[-800:])
                    t.ensure(result.content(file).startswith(beginning), file)
