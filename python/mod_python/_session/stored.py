"""``StoredSession``: base of the sessions whose records are bytes in a file, a database or a server.

Its subclasses move bytes; what is in them is decided here. Used by ``file`` and ``dbm``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Optional

from mod_python import _options
from mod_python._apache import mp_request
from mod_python._session import format
from mod_python._session.base import BaseSession, Record
from mod_python._session.report import complain


class StoredSession(BaseSession):
    """A session with `read_record`, `write_record` and `remove_record` in the place of do_load, do_save and do_delete.

    They set `_settings` before its constructor is called. Arguments as BaseSession's. ValueError for options that mean nothing.
    """

    __slots__ = ("_format", "_max_size", "_stored", "_place")

    _format: str
    _max_size: int
    #: The data as it is stored.
    _stored: Optional[bytes]
    #: Where records are kept, for the log; each class sets its own.
    _place: str
    #: Places with records of classic mod_python, of which the log was told.
    _older: ClassVar[set[str]] = set()

    def __init__(
        self, req: mp_request, sid: Any = 0, secret: Any = None, timeout: float = 0, lock: Any = 1
    ) -> None:
        known = self._settings
        self._format = known.format
        self._max_size = known.max_size
        self._stored = None
        BaseSession.__init__(self, req, sid, secret, lock, timeout)

    def read_record(self, limit: int) -> Optional[bytes]:
        """Return the bytes stored under the id, None if there are none; `limit` + 1 of them are enough.

        Raises CorruptError if they are not what was stored.
        """
        raise NotImplementedError

    def write_record(self, raw: bytes) -> None:
        """Store bytes under the id, all of them or none."""
        raise NotImplementedError

    def remove_record(self) -> None:
        """Remove what is stored under the id."""
        raise NotImplementedError

    def do_load(self) -> Optional[Record]:
        try:
            parts = self._load_parts()
            if parts is None:
                return None
            kind, created, accessed, timeout, data = parts
            if kind == "pickle" != self._format:
                raise format.CorruptError("it is a pickle, and mod_python.session.format does not allow that")
            found = format.read_data(data, kind)
        except format.OlderError:
            if self._place not in self._older:
                self._older.add(self._place)
                complain(
                    self._req,
                    f"MPY0626: {self._place} has sessions of classic mod_python, which are pickles and never read: "
                    "clients get new ones",
                )
            return None
        except format.CorruptError as error:
            complain(self._req, f"MPY0620: the stored session {self._sid[:8]}... is not used: {error}")
            return None
        # In the other format every save makes a difference, which changes it.
        self._stored = data if kind == self._format else None
        return {
            "_data": found,
            "_created": created,
            "_accessed": accessed,
            "_timeout": timeout,
        }

    def _load_parts(self) -> Optional[format.Parts]:
        """Return a stored record in its parts, None if there is none; raises CorruptError."""
        raw = self.read_record(self._max_size)
        if raw is None:
            return None
        if len(raw) > self._max_size:
            raise format.CorruptError(
                f"it has more than the {self._max_size} bytes that {_options.SESSION_MAX_SIZE.name} allows"
            )
        return format.parts(raw)

    def do_save(self, dict: Record) -> None:
        data = format.write_data(dict["_data"], self._format)
        raw = format.join(dict["_created"], dict["_accessed"], dict["_timeout"], self._format, data)
        if len(raw) > self._max_size:
            raise format.TooLargeError(
                f"the session has {len(raw)} bytes, {_options.SESSION_MAX_SIZE.name} allows {self._max_size}"
            )
        self.write_record(raw)
        self._stored = data

    def do_delete(self) -> None:
        self.remove_record()
        self._stored = None

    def is_changed(self) -> bool:
        """Tell whether the data differs from what is stored; what cannot be stored does."""
        try:
            return self._stored is None or format.write_data(dict(self), self._format) != self._stored
        except TypeError:
            return True
