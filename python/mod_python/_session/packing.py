"""Plain Python values as what JSON can hold, and back. Used by ``format``, and by cookies that hold data.

A value that JSON has no form for becomes an object with one key that begins with ``!``; a dict that would look like
that, or has keys that are no str, becomes one too.
"""

from __future__ import annotations

import sys
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

#: How deep values may be nested.
DEEPEST = 100

_PLAIN = frozenset({str, int, float, bool, type(None)})


class UnfitError(Exception):
    """A value that cannot be packed; the text says which."""


def pack(value: Any, depth: int = 0) -> Any:
    """Return `value` as str, int, float, bool, None, list and dict with str keys; raises UnfitError.

    Subclasses of str, bytes, int and float are taken for what they are derived from. Other classes are not: what comes
    back would not be what was stored.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > DEEPEST:
        raise UnfitError(f"it is nested deeper than {DEEPEST} levels, or contains itself")
    depth += 1
    if kind is dict:
        return _pack_dict(value, depth)
    if kind is list:
        return [item if type(item) in _PLAIN else pack(item, depth) for item in value]
    if kind is tuple:
        return {"!tuple": [pack(item, depth) for item in value]}
    if kind is set or kind is frozenset:
        # In the same order each time, so that unchanged data is the same text.
        return {f"!{kind.__name__}": [pack(item, depth) for item in sorted(value, key=repr)]}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return {"!bytes": b2a_base64(memoryview(value), newline=False).decode("ascii")}
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    write = _WRITERS.get(kind)
    if write:
        return {f"!{kind.__name__}": write(value)}
    decimal = sys.modules.get("decimal")
    if decimal and kind is decimal.Decimal:
        return {"!Decimal": str(value)}
    raise UnfitError(
        f"a value of type {kind.__module__}.{kind.__qualname__} cannot be stored; store plain values, "
        "or see PythonOption mod_python.session.format"
    )


def unpack_object(found: dict[str, Any]) -> Any:
    """Return what an object of JSON stands for, whose parts were unpacked before; ValueError for an unknown tag."""
    if len(found) == 1:
        ((tag, value),) = found.items()
        if tag[:1] == "!":
            read = _READERS.get(tag)
            if read is None:
                raise ValueError(f"{tag!r} is unknown")
            return read(value)
    return found


def _pack_dict(value: dict[Any, Any], depth: int) -> Any:
    packed = {}
    for key, item in value.items():
        if type(key) is not str or (key[:1] == "!" and len(value) == 1):
            return {"!dict": [[pack(key, depth), pack(item, depth)] for key, item in value.items()]}
        packed[key] = item if type(item) in _PLAIN else pack(item, depth)
    return packed


def _read_decimal(text: str) -> Any:
    # Not every server has use for it.
    from decimal import Decimal

    return Decimal(text)


_WRITERS: dict[type, Callable[[Any], Any]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: [value.days, value.seconds, value.microseconds],
}

_READERS: dict[str, Callable[[Any], Any]] = {
    "!tuple": tuple,
    "!set": set,
    "!frozenset": frozenset,
    "!bytes": a2b_base64,
    "!dict": dict,
    "!datetime": datetime.fromisoformat,
    "!date": date.fromisoformat,
    "!time": time.fromisoformat,
    "!timedelta": lambda value: timedelta(*value),
    "!Decimal": _read_decimal,
}
