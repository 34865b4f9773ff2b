"""Reads the data that Python 2's ``marshal`` wrote, without ``marshal``: data types only, nothing that could crash.

Used by ``marshal`` for the cookies of release 3, which ran on Python 2. The format is that of marshal's version 2,
https://github.com/python/cpython/blob/2.7/Python/marshal.c.
"""

from __future__ import annotations

import struct
from typing import Any

#: How deep values may be nested.
_DEPTH = 100
_CONSTANTS = {b"N": None, b"F": False, b"T": True, b".": ...}


def loads(data: bytes) -> Any:
    """Return the value; ValueError for what is no data of Python 2. Its ``str`` is bytes, its ``unicode`` str."""
    reader = _Reader(data)
    try:
        value = reader.value(_DEPTH)
    except (struct.error, TypeError, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(f"bad marshal data: {error}") from None
    if value is _NULL:
        raise ValueError("bad marshal data: no value")
    return value


#: Ends a dict.
_NULL: Any = object()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.interned: list[bytes] = []

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if size < 0 or len(part) != size:
            raise ValueError("bad marshal data: it ends early")
        self.at += size
        return part

    def unpack(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def items(self, depth: int) -> list[Any]:
        count = self.unpack("<i")
        if not 0 <= count <= len(self.data):
            raise ValueError("bad marshal data: a wrong length")
        found = [self.value(depth - 1) for _ in range(count)]
        if _NULL in found:
            raise ValueError("bad marshal data: a value is missing")
        return found

    def mapping(self, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while (key := self.value(depth - 1)) is not _NULL:
            value = self.value(depth - 1)
            if value is _NULL:
                raise ValueError("bad marshal data: a value is missing")
            found[key] = value
        return found

    def long(self) -> int:
        digits = self.unpack("<i")
        number = 0
        for place in range(abs(digits)):
            number |= self.unpack("<H") << (15 * place)
        return number if digits >= 0 else -number

    def value(self, depth: int) -> Any:
        if depth == 0:
            raise ValueError("bad marshal data: nested too deeply")
        kind = self.take(1)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == b"0":
            return _NULL
        if kind in b"iIg":
            return self.unpack({b"i": "<i", b"I": "<q", b"g": "<d"}[kind])
        if kind == b"f":
            return float(self.take(self.unpack("<B")))
        if kind == b"y":
            return complex(self.unpack("<d"), self.unpack("<d"))
        if kind == b"l":
            return self.long()
        if kind in b"st":
            text = self.take(self.unpack("<i"))
            if kind == b"t":
                self.interned.append(text)
            return text
        if kind == b"R":
            place = self.unpack("<i")
            if not 0 <= place < len(self.interned):
                raise ValueError("bad marshal data: a wrong reference")
            return self.interned[place]
        if kind == b"u":
            return self.take(self.unpack("<i")).decode("utf-8", "surrogatepass")
        if kind in b"([<>":
            return {b"(": tuple, b"[": list, b"<": set, b">": frozenset}[kind](self.items(depth))
        if kind == b"{":
            return self.mapping(depth)
        raise ValueError(f"bad marshal data: {kind!r} is no data")
