# SPDX-License-Identifier: Apache-2.0
"""What went wrong and where, from the logs that TeX and its helpers leave."""

import hashlib
import re

# "./main.tex:3: Undefined control sequence.", what -file-line-error makes of "! ...".
PLACED = re.compile(r"^(?P<file>(?:\./|/)?[^:\n]*?\.\w+):(?P<line>\d+): (?P<message>.*)$")
BARE = re.compile(r"^(?:! ?|(?=\[\\(?:direct|late)lua\]:\d+: ))(?P<message>.*)$")
# "(fontspec)                find it": the message goes on; "*** (job aborted, ...)" says why.
MORE = re.compile(r"^\([\w.-]+\) {2,}(?P<message>.*)$")
WHY = re.compile(r"^\*\*\* (?P<message>.*)$")
SEEN = re.compile(r"^l\.(?P<line>\d+) ")
ENDED = re.compile(r"^<\*> ")
FATAL = "==> Fatal error occurred"
STOP = "Emergency stop."
LOOKAHEAD = 40                             # lines after a message that may belong to it

BIBER = re.compile(r"^ERROR - (?P<message>.*)$")
BIBER_PLACE = re.compile(r"^BibTeX subsystem: \S*?(?P<file>[^/\s]+?)_\d+\.utf8, line (?P<line>\d+), "
                         r"(?P<message>.*)$")
BIBTEX_PLACE = re.compile(r"^(?P<message>.*?)---?line (?P<line>\d+) of file (?P<file>\S+)$")
BIBTEX = re.compile(r"^(?P<message>(?:I couldn't open|I found no|Illegal|Repeated entry|I was expecting"
                    r"|Sorry|This database file|You're missing|Aborted at).*)$")
MAKEINDEX = re.compile(r"^(?:!!|##) (?P<message>.*)$")


def entry(file, line, message):
    return {"file": file, "line": int(line) if line else None, "message": " ".join(message.split())}


def shown(file, work):
    """As the document knows it."""
    return file.removeprefix("./").removeprefix(f"{work}/")


def rest(lines, at):
    """What the lines after a message add to it."""
    words = []
    for line in lines[at + 1:at + 1 + LOOKAHEAD]:
        more = MORE.match(line)
        if not more:
            break
        words.append(more["message"])
    return " ".join(words)


def first(pattern, lines, at):
    """The first match behind it, before the next message."""
    for line in lines[at + 1:at + 1 + LOOKAHEAD]:
        if BARE.match(line) or PLACED.match(line):
            return None
        match = pattern.match(line)
        if match:
            return match
    return None


def of_tex(lines, work):
    for at, text in enumerate(lines):
        placed, bare = PLACED.match(text), BARE.match(text)
        match = placed or bare
        if not match or match["message"].strip().startswith(FATAL) or not match["message"].strip():
            continue
        message = f"{match['message']} {rest(lines, at)}"
        why = first(WHY, lines, at)
        if why:
            message = f"{message} {why['message']}"
        elif match["message"] == STOP and first(ENDED, lines, at):
            message = f"{message} The document ends without \\end{{document}}."
        if placed:
            yield entry(shown(placed["file"], work), placed["line"], message)
        else:
            seen = first(SEEN, lines, at)
            yield entry("main.tex" if seen else None, seen and seen["line"], message)


def of_biber(lines, work):
    """Biber reads copies, which it calls by the digest of the name."""
    names = {hashlib.md5(path.name.encode(), usedforsecurity=False).hexdigest(): path.name
             for path in work.iterdir()}
    for text in lines:
        match = BIBER.match(text)
        if match:
            placed = BIBER_PLACE.match(match["message"])
            yield (entry(names.get(placed["file"]), placed["line"], placed["message"]) if placed
                   else entry(None, None, match["message"]))


def of_bibtex(lines, work):
    """"...---line 9 of file refs.bib", on the line of the message or alone on the next one."""
    for at, text in enumerate(lines):
        placed, bare = BIBTEX_PLACE.match(text), BIBTEX.match(text)
        if placed and placed["message"]:
            yield entry(placed["file"], placed["line"], placed["message"])
        elif bare:
            there = at + 1 < len(lines) and BIBTEX_PLACE.match(lines[at + 1])
            yield (entry(there["file"], there["line"], bare["message"]) if there
                   else entry(None, None, bare["message"]))


def of_makeindex(lines, work):
    for text in lines:
        match = MAKEINDEX.match(text)
        if match:
            yield entry(None, None, match["message"])


READERS = {"biber": of_biber, "bibtex": of_bibtex, "makeindex": of_makeindex}


def found(program, log, work):
    """The list that a client gets, each once.

    A missing package is told without a place, and then where TeX has stopped for it.
    """
    errors = []
    for error in READERS.get(program, of_tex)(log.splitlines(), work):
        if errors and error["message"] == STOP and errors[-1]["line"] is None:
            errors[-1] |= {"file": error["file"], "line": error["line"]}
        elif error not in errors:
            errors.append(error)
    return errors
