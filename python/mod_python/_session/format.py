"""How a session is written: a line of text with its times, then its data as JSON, or as a pickle where that is asked for.

The first line is ``mod_python-session 1 KIND CREATED ACCESSED TIMEOUT``, so that expiry can be told without reading
data: the first two in microseconds since the epoch, the last in seconds. Nothing in a JSON record can make the reader
run code. Used by ``stored`` and the cleanups.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from json import JSONDecoder, JSONEncoder, encoder
from typing import Any, Optional

from mod_python import _apache
from mod_python._session.packing import UnfitError, pack, unpack_object

#: Kinds of data that can be written, as the option names them.
KINDS = ("json", "pickle")

#: A record: kind, created, accessed, timeout and data.
Parts = tuple[str, float, float, float, bytes]

#: No first line is longer.
HEAD = 160

_MICRO = 1_000_000
_MAGIC = b"mod_python-session 1 "
_encoder = JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_decode: Callable[[str, int], tuple[Any, int]] = getattr(JSONDecoder(object_hook=unpack_object), "scan_once")


def _encode_quickly() -> Callable[[Any], str]:
    """Return what does the same as the encoder, but is made once and not for each call."""
    make = getattr(encoder, "c_make_encoder", None)
    if make is not None:
        chunks = make(None, _encoder.default, encoder.encode_basestring, None, ":", ",", False, False, True)
        return lambda value: "".join(chunks(value, 0))
    return _encoder.encode


_encode = _encode_quickly()


class CorruptError(Exception):
    """Bytes that are no record that may be read; the text says why."""


class OlderError(CorruptError):
    """A record of classic mod_python, a pickle."""


class TooLargeError(ValueError):
    """A record has more bytes than `mod_python.session.max_size`."""


class Head:
    """The first line of a record: kind of data, and the times as in `base.Record`."""

    __slots__ = ("kind", "created", "accessed", "timeout")

    def __init__(self, line: bytes) -> None:
        """Parse a line without its end; raises CorruptError."""
        try:
            kind, created, accessed, timeout = line.removeprefix(_MAGIC).decode("ascii").split(" ")
            # Text to float and back costs ten times as much.
            self.created = int(created) / _MICRO
            self.accessed = int(accessed) / _MICRO
            self.timeout: float = int(timeout) if timeout.isdecimal() else float(timeout)
        except ValueError:
            self._refuse(line)
        if kind not in KINDS or not line.startswith(_MAGIC):
            self._refuse(line)
        self.kind = kind

    @staticmethod
    def _refuse(line: bytes) -> None:
        if line.startswith(b"\x80"):
            raise OlderError("it is a pickle of classic mod_python") from None
        raise CorruptError("it does not begin as a session does") from None

    def expired(self, now: float, grace: float = 0) -> bool:
        """Tell whether the session has ended `grace` seconds before `now`."""
        return now - self.accessed > self.timeout + grace


def head_of(raw: bytes) -> Head:
    """Return the first line of the beginning of a record; raises CorruptError."""
    line, end, _ = raw[:HEAD].partition(b"\n")
    if not end:
        # Let the reason be the one that fits.
        Head(line)
        raise CorruptError("its first line has no end")
    return Head(line)


def split(raw: bytes) -> tuple[Head, bytes]:
    """Return the first line and the data of a record; raises CorruptError."""
    head = head_of(raw)
    return head, raw[raw.index(b"\n") + 1 :]


def parts(raw: bytes) -> Parts:
    """Return kind, created, accessed, timeout and data of a record; raises CorruptError."""
    found = _apache._session_split(raw)
    if found is None:
        head, data = split(raw)
        return head.kind, head.created, head.accessed, head.timeout, data
    return found


def write_data(data: dict[Any, Any], kind: str) -> bytes:
    """Return a session's data as bytes; TypeError names the key of what cannot be written."""
    if kind == "pickle":
        return pickle.dumps(data, pickle.HIGHEST_PROTOCOL)
    try:
        return _encode(pack(data)).encode("utf-8", "surrogatepass")
    except (UnfitError, ValueError, RecursionError) as error:
        raise _blame(data, error) from None


def read_data(data: bytes, kind: str) -> dict[Any, Any]:
    """Return what `write_data` was given; raises CorruptError."""
    try:
        if kind == "pickle":
            found = pickle.loads(data)
        else:
            text = data.decode("utf-8", "surrogatepass")
            found, end = _decode(text, 0)
            if end != len(text):
                raise ValueError("there is something behind its data")
    except Exception as error:
        # Unpickling calls whatever it finds.
        raise CorruptError(f"its data cannot be read: {type(error).__name__}: {error}") from error
    if type(found) is not dict:
        raise CorruptError(f"its data is no dict but a {type(found).__name__!r}")
    return found


def join(created: float, accessed: float, timeout: float, kind: str, data: bytes) -> bytes:
    """Return a record."""
    head = f"mod_python-session 1 {kind} {round(created * _MICRO)} {round(accessed * _MICRO)} {timeout!r}\n"
    return head.encode() + data


def _blame(data: dict[Any, Any], error: Exception) -> Exception:
    """Return the exception for data that cannot be written, with the key it stands under."""
    reason: Optional[Exception] = None
    name = ""
    for key, value in data.items():
        for part, place in ((key, f"the key {key!r}"), (value, f"[{key!r}]")):
            try:
                _encode(pack(part, 1))
            except (UnfitError, ValueError, RecursionError) as found:
                reason, name = found, place
                break
        if reason:
            break
    return TypeError(f"session {name}: {reason or error}")
