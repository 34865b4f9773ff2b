"""Reads the Markdown of docs/: headings, links, examples, and the names that have an entry. Used by the tests beside it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

#: A comment on the line before an example that cannot stand in a configuration as it is.
UNCHECKED = "<!-- not for httpd -t"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Example:
    """One fenced block; `line` is that of its first line of content."""

    page: str
    line: int
    language: str
    text: str
    checked: bool

    def __str__(self):
        return f"{self.page}:{self.line}"


def pages():
    """Return the paths of all pages for users and developers."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


def read(name):
    """Return the text of a page of docs/."""
    return (DOCS / name).read_text()


def examples(language):
    """Return all fenced blocks of a language, in all pages."""
    found = []
    for page in pages():
        text = page.read_text()
        for fence in _FENCE.finditer(text):
            before = text[: fence.start()].rstrip("\n").rpartition("\n")[2]
            line = text.count("\n", 0, fence.start()) + 2
            checked = not before.startswith(UNCHECKED)
            found.append(Example(page.name, line, fence[1], fence[2], checked))
    return [example for example in found if example.language == language]


def blocks(language, page, heading):
    """Return the texts of a page's blocks under a heading, in their order."""
    text = read(page)
    start = text.index(f"\n{heading}\n")
    level = heading.split()[0]
    end = text.find(f"\n{level} ", start + 1)
    first, last = text.count("\n", 0, start), text.count("\n", 0, end if end > 0 else None)
    return [block.text for block in examples(language) if block.page == page and first < block.line <= last]


def without_fences(text):
    """Return a page without its examples."""
    return _FENCE.sub("", text)


def headings(text, level=None):
    """Return the headings of a page, of one level or of all."""
    marks = "#" * level if level else "#+"
    return re.findall(rf"^{marks} (.+?) *$", without_fences(text), re.M)


def anchors(text):
    """Return the link targets that a page's headings make, as the usual renderers name them."""
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings(text)}


def section(text, heading):
    """Return what stands under a heading, with the headings below it."""
    text = without_fences(text)
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.M)
    assert found, f"there is no heading {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def entries(text):
    """Return the names with an entry: in the first cell of a table's row, or at the start of a list's item."""
    names = set()
    for line in text.splitlines():
        start = re.match(r"\| (`.+?) \||- (`[^`]+`)", line)
        if start:
            names.update(re.findall(r"`(\w+)[^`]*`", start[1] or start[2]))
    return names
