"""Reads what callgrind wrote: totals of a dump, instructions per function.

Pure text work.  Used by measure.py.
"""

import re

_LABEL = re.compile(r"^desc: Trigger: Client Request: (.*)$", re.MULTILINE)
_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)
# "fn=(12) name", later only "fn=(12)"; cfn= and cob= name the callee.
_NAME = re.compile(r"^(ob|cob|fn|cfn)=(?:\((\d+)\))?\s*(.*)$")
# "+3 120": a line (absolute, relative or *) and the instructions.
_COST = re.compile(r"^(?:[+-]?\d+|\*)\s+(\d+)$")


class DumpError(Exception):
    """A dump is missing, doubled or not readable."""


def label(text):
    """Return the label that CALLGRIND_DUMP_STATS_AT gave this dump, or None."""
    found = _LABEL.search(text)
    return found.group(1).strip() if found else None


def total(text):
    """Return the instructions of a dump (int).  Raises DumpError if it names none."""
    found = _TOTAL.findall(text)
    if not found:
        raise DumpError("a callgrind dump without totals")
    return int(found[-1])


def dumps(folder):
    """Return {label: Path} of the labelled dumps in `folder`.  Raises DumpError for a doubled one."""
    result = {}
    for path in sorted(folder.glob("dump*")):
        name = label(path.read_text(errors="replace"))
        if name is None:
            continue
        if name in result:
            raise DumpError(f"two dumps are labelled {name}")
        result[name] = path
    return result


def parse_functions(text):
    """Return {(function, object): own instructions} of a dump.

    Code inlined into a function counts for that function.  Cost lines that belong to a call hold
    what the callee did, and are left out; so callgrind_annotate's trouble with calls that were open
    over the whole interval ("calls=0") does not arise.  The object is a base name.
    """
    names = {}
    costs = {}
    where = function = ""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("calls="):
            next(lines, None)
            continue
        found = _NAME.match(line)
        if found is not None:
            kind, number, name = found.groups()
            # Objects, and functions, have one number space each, whatever the prefix.
            key = (kind.removeprefix("c"), number)
            if number is not None and name:
                names[key] = name
            name = names.get(key, "?") if number is not None else name
            if kind == "ob":
                where = name.rsplit("/", 1)[-1]
            elif kind == "fn":
                function = name
            continue
        found = _COST.match(line)
        if found is not None:
            costs[function, where] = costs.get((function, where), 0) + int(found.group(1))
    return costs


def functions(path):
    """Return {(function, object): own instructions} of the dump in the file `path`.

    Raises DumpError if they do not add up to the total of the dump.
    """
    text = path.read_text(errors="replace")
    costs = parse_functions(text)
    if sum(costs.values()) != total(text):
        raise DumpError(f"{path}: functions have {sum(costs.values())} of {total(text)}")
    return costs
