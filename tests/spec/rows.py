"""The rows of behaviour: one line of rows.tsv each, read and written here only.

collect.py fills in the tests, compat.py makes the page for users.
"""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, replace

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROWS = HERE / "rows.tsv"
HEADER = ("id", "fact", "test", "reason")

# What a reason for having no test begins with.
OPEN, LATER, NOT_APPLICABLE = "open:", "later:", "n/a:"
KINDS = (OPEN, LATER, NOT_APPLICABLE)


@dataclass(frozen=True)
class Row:
    """One fact about the module's behaviour.

    ``id`` is ``file:section.number`` or ``file:section/slug``; ``tests`` are
    ``path::name`` with the path below the repository's root; ``reason`` says
    why nothing, or only a part, is proved.
    """

    id: str
    fact: str
    tests: tuple[str, ...]
    reason: str

    @property
    def file(self) -> str:
        return self.id.partition(":")[0]

    @property
    def number(self) -> str:
        return self.id.partition(":")[2]

    @property
    def section(self) -> str:
        """The id of the table a row with a slug stands in, else ``''``."""
        head, slash, _ = self.id.partition("/")
        return head if slash else ""

    @property
    def slug(self) -> str:
        return self.id.partition("/")[2]

    @property
    def state(self) -> str:
        """``works``, ``in part``, ``no test yet``, ``not yet`` or ``not applicable``."""
        if self.tests:
            return "in part" if self.reason.startswith(LATER) else "works"
        if self.reason.startswith(LATER):
            return "not yet"
        if self.reason.startswith(NOT_APPLICABLE):
            return "not applicable"
        return "no test yet"

    def with_tests(self, tests: tuple[str, ...]) -> Row:
        """This row with other tests; a test ends the reason ``open:``."""
        keep = "" if tests and self.reason.startswith(OPEN) else self.reason
        return replace(self, tests=tests, reason=keep)


def load(path: pathlib.Path = ROWS) -> list[Row]:
    """Read the file; ValueError names the line that is not four columns."""
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        cells = tuple(line.split("\t"))
        if len(cells) != len(HEADER):
            raise ValueError(f"{path.name}:{number}: {len(cells)} columns instead of {len(HEADER)}")
        if number == 1:
            if cells != HEADER:
                raise ValueError(f"{path.name}: the header must be {' '.join(HEADER)}")
            continue
        ident, fact, tests, reason = cells
        rows.append(Row(ident, fact, tuple(t for t in tests.split(" ") if t), reason))
    return rows


def dump(rows: list[Row]) -> str:
    """The text of the file for these rows."""
    lines = ["\t".join(HEADER)]
    lines += ["\t".join((r.id, r.fact, " ".join(r.tests), r.reason)) for r in rows]
    return "\n".join(lines) + "\n"
