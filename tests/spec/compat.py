"""Makes docs/compatibility.md from rows.tsv.

    compat.py --write   write the page
    compat.py --check   exit status 1 if the page is not what --write would make
"""

from __future__ import annotations

import pathlib
import re
import sys
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from rows import ROOT, Row, load

PAGE = ROOT / "docs" / "compatibility.md"

FILES = {
    "directives": "Directives",
    "api": "The apache module and its objects",
    "interpreters": "Interpreters, threads and imports",
    "library": "The library",
}

# What each group of rows is about: the number or letter its rows begin with.
GROUPS = {
    "directives": {
        "1": "The directives", "2": "Arguments", "3": "Storing and merging", "4": "Handlers",
        "5": "Phases", "6": "Running a phase and its result", "7": "Uncaught exceptions",
        "8": "Filters", "9": "Single directives", "10": "Reserved options",
        "11": "Interpreter by directive", "12": "Server-side includes", "13": "Start",
        "D": "Defects of the classic module, avoided",
    },
    "api": {
        "1": "Text and bytes", "2": "Constants", "3": "Functions", "4": "CGI support",
        "5": "Tables", "6": "The request", "7": "The connection", "8": "Filter objects",
        "9": "Servers and file information", "10": "The list of handlers",
        "11": "For other modules", "A": "Defects of the classic module, avoided",
    },
    "interpreters": {
        "1": "Names", "2": "Life", "3": "Surroundings", "4": "Threads", "5": "Order of start",
        "6": "Import and reload", "7": "sys.path", "8": "Cleanups", "9": "Global locks",
        "10": "Signals", "I": "Defects of the classic module, avoided",
    },
    "library": {
        "U": "Forms: util", "C": "Cookie", "S": "Session", "P": "PSP pages", "B": "Publisher",
        "H": "Other handlers", "K": "cache", "G": "httpdconf and the command",
        "D": "Defects of the classic library, avoided", "O": "Options",
        "T": "Whole applications", "Q": "Choices made",
    },
}

STATES = ("works", "in part", "no test yet", "not yet", "not applicable")
MEANINGS = {
    "works": "a test in this repository proves it with a running server or the code itself",
    "in part": "a test proves a part, the rest is still to be built",
    "no test yet": "meant to hold, but no test names it; do not rely on it unseen",
    "not yet": "to be built later",
    "not applicable": "nothing this module could do; the row says why",
}


def group(row: Row) -> str:
    """The key in GROUPS that a row belongs to: ``4`` for 4.1.1, ``D`` for D-4."""
    match = re.match(r"\d+|[A-Z]", row.number)
    return match.group() if match else ""


def cell(text: str) -> str:
    """Text that can stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def state(row: Row) -> str:
    """The last cell: the mark, and the first test or the reason."""
    why = row.reason.partition(":")[2].strip()
    if not row.tests:
        return row.state if row.state == "no test yet" else f"{row.state}: {cell(why)}"
    more = f" and {len(row.tests) - 1} more" if len(row.tests) > 1 else ""
    part = f" ({cell(why)})" if row.state == "in part" else ""
    return f"{row.state}{part}: `{row.tests[0]}`{more}"


def counts(rows: list[Row]) -> list[str]:
    """The table of figures at the top."""
    lines = ["| | " + " | ".join(STATES) + " | all |", "|---" * (len(STATES) + 2) + "|"]
    for file, title in [*FILES.items(), ("", "**together**")]:
        chosen = [r for r in rows if not file or r.file == file]
        count = Counter(r.state for r in chosen)
        figures = [str(count[s]) for s in STATES] + [str(len(chosen))]
        lines.append(f"| {title} | " + " | ".join(figures) + " |")
    return lines


def page(rows: list[Row]) -> str:
    """The whole page; KeyError if a row belongs to no group."""
    lines = [
        "# Compatibility, row by row", "",
        "What this module does, fact by fact, and which test proves it.",
        "How it differs from classic mod_python on purpose is told in [porting.md](porting.md).",
        "This page is made by `tests/spec/compat.py`; change `tests/spec/rows.tsv` instead.", "",
        *counts(rows), "",
        *(f"- **{s}**: {MEANINGS[s]}" for s in STATES),
    ]
    for file, title in FILES.items():
        lines += ["", f"## {title}"]
        last = ""
        for row in (r for r in rows if r.file == file):
            if group(row) != last:
                last = group(row)
                lines += ["", f"### {GROUPS[file][last]}", "",
                          "| row | what it does | state |", "|---|---|---|"]
            lines.append(f"| {cell(row.number)} | {cell(row.fact)} | {state(row)} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    if arguments not in (["--write"], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    text = page(load())
    if arguments == ["--write"]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, "utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text("utf-8") != text:
        print("docs/compatibility.md is old: run tests/spec/compat.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
