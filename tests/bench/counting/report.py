"""Prints the measurements: text table, Markdown, JSON, functions.  Used by run.py."""

import json
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Row:
    """One measured row; counts are instructions per request (float), `same` None if not measured.

    `counted` is None where mod_python was not measured, `base` too where even that failed;
    `failure` says why a measurement failed.
    """

    name: str
    title: str
    bar: Optional[int]
    base: Optional[float]
    same: Optional[float]
    counted: Optional[float]
    failure: Optional[str] = None

    @property
    def above(self):
        """Instructions of mod_python above the base (float), or None."""
        if self.counted is None or self.base is None:
            return None
        return self.counted - self.base

    @property
    def verdict(self):
        """'ok', 'OVER', 'FAILED' or 'not measured'."""
        if self.failure is not None:
            return "FAILED"
        if self.above is None or self.bar is None:
            return "not measured"
        return "ok" if self.above <= self.bar else "OVER"


HEADINGS = ["scenario", "base in C", "same work in C", "mod_python", "above base", "bar", "verdict"]


def number(value):
    """Return a count with thousands separated, '-' for None."""
    return "-" if value is None else f"{value:,.0f}"


def cells(row):
    """Return the cells of a Row as a list of str, in the order of HEADINGS."""
    counts = (row.base, row.same, row.counted, row.above, row.bar)
    return [row.title, *map(number, counts), row.verdict]


def text_table(rows):
    """Return the rows as an aligned table."""
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    result = []
    for line in lines:
        parts = [line[0].ljust(widths[0])]
        parts += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        result.append("  ".join(parts).rstrip())
    result.insert(1, "-" * len(result[0]))
    return "\n".join(result)


def markdown_table(rows):
    """Return the rows as the Markdown table of docs/performance.md."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---" + "|---:" * 5 + "|---|"]
    for row in rows:
        # A bar within a cell would end it.
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells(row)) + " |")
    return "\n".join(lines)


def json_text(rows, facts):
    """Return the rows and `facts` (a dict: versions, plan) as JSON."""
    items = []
    for row in rows:
        item = dict(vars(row), above=row.above, verdict=row.verdict)
        items.append(item)
    return json.dumps({"facts": facts, "rows": items}, indent=2)


def function_table(counted, base, limit=30):
    """Return the functions in which two counts differ most, per request.

    `counted` and `base` are {(function, object): instructions}.  First the sums per shared object,
    then the `limit` largest differences either way.
    """
    keys = counted.keys() | base.keys()
    differences = {key: counted.get(key, 0) - base.get(key, 0) for key in keys}
    objects = {}
    for (_, where), cost in differences.items():
        objects[where] = objects.get(where, 0) + cost
    lines = ["above base, by shared object (instructions per request)"]
    for where, cost in sorted(objects.items(), key=lambda item: -abs(item[1])):
        if abs(cost) >= 0.5:
            lines.append(f"{cost:12,.0f}  {where or '?'}")
    lines += ["", "above base     counted        base  function"]
    ranked = sorted(keys, key=lambda key: (-abs(differences[key]), key))
    for key in ranked[:limit]:
        costs = f"{differences[key]:10,.0f}  {counted.get(key, 0):10,.0f}  {base.get(key, 0):10,.0f}"
        lines.append(f"{costs}  {key[0]} [{key[1]}]")
    return "\n".join(lines)
