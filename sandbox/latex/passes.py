# SPDX-License-Identifier: Apache-2.0
"""As many passes as references need, with bibliographies and indexes in between."""

import hashlib
import re

import tools

PASSES_MAX = 5
OPTIONS = ("-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape")
RERUN = re.compile(rb"[Rr]erun (?:to get|LaTeX)|[Pp]lease rerun|\(re\)run LaTeX")

# What a pass writes for the next one to read, besides main.aux.
CARRIED = {".toc", ".lof", ".lot", ".loa", ".lol", ".out", ".nav", ".brf", ".bbl", ".ind", ".gls",
           ".acr", ".nls", ".mtc", ".thm", ".tdo"}
# Lines of an .aux file that no pass would be another for.
IDLE = re.compile(rb"\\(?:relax|gdef|global|@writefile|providecommand|babel@aux|@nameuse|"
                  rb"citation|bibstyle|bibdata|abx@aux|HyPL@Entry|catcode|selectlanguage)")

# glossaries says which of its files are made from which.
GLOSSARY = re.compile(r"\\@newglossary\{[^}]*\}\{(\w+)\}\{(\w+)\}\{(\w+)\}")


def digest(path):
    data = path.read_bytes()
    if path.suffix == ".aux":
        data = b"\n".join(line for line in data.splitlines() if not IDLE.match(line))
    return hashlib.blake2b(data).digest() if data.strip() else None


def state(work):
    """What a pass would find; files that say nothing are as good as none."""
    found = {path.name: digest(path) for path in sorted(work.iterdir())
             if path.is_file() and (path.suffix in CARRIED or path.suffix == ".aux")}
    return {name: value for name, value in found.items() if value}


def read(path):
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


class Document:
    def __init__(self, runner, compiler):
        self.tools = runner
        self.work = runner.work
        self.compiler = compiler
        self.own_bbl = (self.work / "main.bbl").exists()
        self.done = {}                     # by helper: the input it has had

    def compile(self):
        status, said = self.tools.run(self.compiler, *OPTIONS, "main.tex", log="main.log")
        if status != 0:
            raise tools.Failure(f"{self.compiler} failed", self.compiler, "main.log",
                                f"{self.compiler} ended with status {status}", said)

    def is_new(self, helper, text):
        """Once for each input, so that a document which changes with each pass ends."""
        known, self.done[helper] = self.done.get(helper), text
        return text != known

    def help(self):
        """True when something was made that the next pass reads."""
        made = [self.biber(), self.bibtex(), self.index("main.idx", "main.ind", "main.ilg"),
                self.index("main.nlo", "main.nls", "main.nlg", style="nomencl.ist"),
                self.glossaries()]
        return any(made)

    def biber(self):
        control = self.work / "main.bcf"
        if self.own_bbl or not control.exists() or not self.is_new("biber", control.read_bytes()):
            return False
        status, said = self.tools.run("biber", "--noconf", "--nolog", "main", log="main.blg")
        if status != 0:
            (self.work / "main.blg").write_text(said)
            raise tools.Failure("biber failed", "biber", "main.blg", None, said)
        return True

    def bibtex(self):
        """For each list of sources; one that nothing of is cited would be an error."""
        if self.own_bbl or (self.work / "main.bcf").exists():
            return False
        texts = {path: read(path) for path in sorted(self.work.glob("*.aux"))}
        cited = any("\\citation{" in text for text in texts.values())
        made = False
        for path, text in texts.items():
            asked = "\n".join(line for line in text.splitlines()
                              if line.startswith(("\\citation", "\\bibdata", "\\bibstyle", "\\@input")))
            if cited and "\\bibdata{" in asked and self.is_new(path.name, asked):
                self.run_bibtex(path.stem)
                made = True
        return made

    def run_bibtex(self, name):
        """Errors in one entry leave the others: only a list with nothing in it is none."""
        status, said = self.tools.run("bibtex", name, log=f"{name}.blg")
        if status >= 2 and "\\bibitem" not in read(self.work / f"{name}.bbl"):
            raise tools.Failure("bibtex failed", "bibtex", f"{name}.blg", None, said)

    def index(self, source, target, log, style=None):
        text = read(self.work / source)
        if not text.strip() or not self.is_new(source, text):
            return False
        options = ("-s", style) if style else ()
        status, said = self.tools.run("makeindex", "-q", *options, "-t", log, "-o", target, source,
                                      log=log)
        if status != 0:
            raise tools.Failure("makeindex failed", "makeindex", log, None, said)
        return True

    def glossaries(self):
        if not (self.work / "main.ist").exists():
            return False
        made = [self.index(f"main.{source}", f"main.{target}", f"main.{log}", style="main.ist")
                for log, target, source in GLOSSARY.findall(read(self.work / "main.aux"))]
        return any(made)

    def wants_another(self, before):
        log = (self.work / "main.log").read_bytes()
        return state(self.work) != before or RERUN.search(log) is not None


def make(runner, compiler):
    """work/main.pdf, or Failure."""
    document = Document(runner, compiler)
    for _ in range(PASSES_MAX):
        before = state(runner.work)
        document.compile()
        helped = document.help()
        if not helped and not document.wants_another(before):
            break
    if not (runner.work / "main.pdf").exists():
        raise tools.Failure(f"{compiler} completed but did not produce a PDF", compiler, "main.log",
                            "No pages of output.")
