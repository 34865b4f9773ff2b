"""The program of a page beside its text, for people who look for an error."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Optional


def table(source: str, lines: Sequence[tuple[int, int]], text: str) -> str:
    """Return an HTML table: number, line of the program, line of the page.

    lines: what the lines of the program come from. An included file's are shown without the text of the page.
    """
    page = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = ["<table>\n<tr><th>Line<th>Python<th>Page\n"]
    last = 0
    for number, (line, (file, place)) in enumerate(zip(source.split("\n"), lines), 1):
        shown = page[last:place] if file == 0 else []
        last = max(last, place) if file == 0 else last
        rows.append(_row(number, line, "\n".join(shown)))
    if last < len(page):
        rows.append(_row(None, "", "\n".join(page[last:])))
    return "".join([*rows, "</table>\n"])


def _row(number: Optional[int], program: str, page: str) -> str:
    return f"<tr><td>{number or ''}<td><pre>{escape(program)}</pre><td><pre>{escape(page)}</pre>\n"
