"""The ``Cookie`` header outside httpd, by the rule of src/parse/cookies.rs, which says it in words.

Used by ``plain`` where there is no native module. A test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Collection

#: Marks to skip, a name, and what may stand between it and its value.
_NAME = re.compile(r"[ ,;=]*([^ ,;=][^ ;=]*) *(?:= *)?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(r"[^;]*")


def parse_cookies(header: str, names: Collection[str] | None = None, /) -> dict[str, str]:
    """Return {name: value}; of a name that is there twice the last value counts. ``names``: those to keep."""
    found: dict[str, str] = {}
    at = 0
    while name := _NAME.match(header, at):
        value = _QUOTED.match(header, name.end()) or _PLAIN.match(header, name.end())
        assert value is not None  # _PLAIN matches anywhere.
        at = value.end()
        if name[1][0] != "$" and (names is None or name[1] in names):
            found[name[1]] = value[0]
    return found
