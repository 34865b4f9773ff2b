"""Fills the test column of rows.tsv from the comments in the tests.

    collect.py --write   rewrite rows.tsv
    collect.py --check   say what is wrong with it; exit status 1 if anything is

A comment ``# spec: directives:4.1.1, api:6.4.3`` (``// spec:`` in Rust) names
rows. The number of a table, ``api:6.1``, stands for those of its rows whose
member the test itself uses: ``api:6.1/clength`` if it says ``.clength``.
"""

from __future__ import annotations

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from rows import KINDS, ROOT, ROWS, Row, dump, load
from scan import Mention, Test, scan

# Tables of members, and the objects a test reaches these members through;
# a directive or an option stands in the configuration as a bare word.
MEMBERS = {
    "api:2": r"(?:apache|_apache)\.{}\b",
    "api:3": r"(?:apache|_apache)\.{}\b",
    "api:5": r"\.{}\(",
    "api:6.1": r"\b(?:req|r|request)\.{}\b",
    "api:6.2": r"\b(?:req|r|request)\.{}\(",
    "api:7": r"\b(?:conn|connection|c)\.{}\b",
    "api:8": r"\b(?:filter|flt|f)\.{}\b",
    "api:9": r"\b(?:server|main_server|s)\.{}\b",
    "api:10": r"\bhlist\.{}\b",
    "directives:1": r"\b{}\b",
    "directives:5": r"\b{}\b",
    "directives:10": r"\b{}\b",
}


def rows_named(row: str, test: Test, by_id: dict[str, Row], tables: dict[str, list[Row]]) -> list[Row]:
    """The rows that an id in a comment of this test stands for."""
    if row in by_id:
        return [by_id[row]]
    table = tables.get(row, [])
    if len(table) == 1:
        return table
    pattern = MEMBERS.get(row)
    if pattern is None:
        return []
    return [r for r in table if re.search(pattern.format(re.escape(r.slug)), test.text)]


def filled(rows: list[Row], mentions: list[Mention]) -> list[Row]:
    """The rows with the tests that the comments give them."""
    by_id = {r.id: r for r in rows}
    tables = tables_of(rows)
    tests: dict[str, set[str]] = {r.id: set() for r in rows}
    for mention in mentions:
        if mention.test is not None:
            for row in rows_named(mention.row, mention.test, by_id, tables):
                tests[row.id].add(mention.test.name)
    return [r.with_tests(tuple(sorted(tests[r.id]))) for r in rows]


def tables_of(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows with slugs by the id of their table."""
    tables: dict[str, list[Row]] = {}
    for row in rows:
        if row.section:
            tables.setdefault(row.section, []).append(row)
    return tables


def problems(rows: list[Row], tests: list[Test], mentions: list[Mention]) -> list[str]:
    """What is wrong, one sentence each; empty when all is well."""
    found = []
    known = {r.id for r in rows} | set(tables_of(rows))
    if len({r.id for r in rows}) != len(rows):
        found.append("rows.tsv: an id stands there twice")
    for mention in mentions:
        if mention.row not in known:
            found.append(f"{mention.where}: no row is called {mention.row}")
        if mention.test is None:
            found.append(f"{mention.where}: no test follows this comment")
    names = {t.name for t in tests}
    for row in rows:
        found += [f"{row.id}: its test {t} does not exist" for t in row.tests if t not in names]
        if not row.fact:
            found.append(f"{row.id}: says nothing")
        if row.reason and not row.reason.startswith(KINDS):
            found.append(f"{row.id}: a reason begins with one of {', '.join(KINDS)}")
        if not row.tests and not row.reason:
            found.append(f"{row.id}: has neither a test nor a reason")
    if filled(rows, mentions) != rows:
        found.append("rows.tsv is not up to date: run tests/spec/collect.py --write")
    return found


def notes(rows: list[Row], mentions: list[Mention]) -> list[str]:
    """Comments that name a table but prove none of its rows."""
    by_id, tables = {r.id: r for r in rows}, tables_of(rows)
    return [
        f"note: {m.where}: {m.row} stands for no row here, name one such as {tables[m.row][0].id}"
        for m in mentions
        if m.test and m.row in tables and not rows_named(m.row, m.test, by_id, tables)
    ]


def main(arguments: list[str]) -> int:
    if arguments not in (["--write"], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    rows = load()
    tests, mentions = scan(ROOT)
    if arguments == ["--write"]:
        rows = filled(rows, mentions)
        ROWS.write_text(dump(rows), "utf-8")
    wrong = problems(rows, tests, mentions)
    print(*wrong, *notes(rows, mentions), sep="\n", file=sys.stderr)
    proved = sum(bool(r.tests) for r in rows)
    print(f"{proved} of {len(rows)} rows have a test")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
