"""``mod_python.cache``: values, files, modules and results that are made once.

A cache belongs to the interpreter that made it: each child, and each interpreter
in it, has its own.
"""

from __future__ import annotations

from mod_python._cache.files import FileCache, ModuleCache
from mod_python._cache.functions import FunctionCache
from mod_python._cache.store import NOT_INITIALIZED, Cache, Entry, WeakCache

__all__ = [
    "NOT_INITIALIZED",
    "Cache",
    "Entry",
    "FileCache",
    "FunctionCache",
    "ModuleCache",
    "WeakCache",
    "parseRFC822Time",
]


def parseRFC822Time(t: str) -> float:
    """Return the time in a date of HTTP or mail, seconds since the epoch.

    A date without a zone is UTC. Raises ValueError if ``t`` is not a date.
    """
    # Loads much of the package email.
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(t)
    if parsed is None:
        raise ValueError(f"not a date: {t!r}")
    return float(mktime_tz((*parsed[:9], parsed[9] or 0)))
