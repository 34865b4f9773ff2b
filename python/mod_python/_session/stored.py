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

    Arguments as BaseSession's. ValueError for options that mean nothing.
    """

    #: Where records are kept, for the log; each class sets its own.
    _place: str = ""
    #: Places with records of classic mod_python, of which the log was told.
    _older: ClassVar[set[str]] = set()

    def __init__(
        self, req: mp_request, sid: Any = 0, secret: Any = None, timeout: float = 0, lock: Any = 1
    ) -> None:
        options = req.get_options()
        self._format = _options.text(options, _options.SESSION_FORMAT) or ""
        if self._format not in format.KINDS:
            raise ValueError(
                f"PythonOption {_options.SESSION_FORMAT.name}: {self._format!r} is neither json nor pickle"
            )
        self._max_size = _options.number(options, _options.SESSION_MAX_SIZE)
        #: The data as it is stored.
        self._stored: Optional[bytes] = None
        super().__init__(req, sid=sid, secret=secret, lock=lock, timeout=timeout)

    def read_record(self, limit: int) -> Optional[bytes]:
        """Return the bytes stored under the id, None if there are none; `limit` + 1 of them are enough."""
        raise NotImplementedError

    def write_record(self, raw: bytes) -> None:
        """Store bytes under the id, all of them or none."""
        raise NotImplementedError

    def remove_record(self) -> None:
        """Remove what is stored under the id."""
        raise NotImplementedError

    def do_load(self) -> Optional[Record]:
        raw = self.read_record(self._max_size)
        if raw is None:
            return None
        try:
            if len(raw) > self._max_size:
                raise format.CorruptError(
                    f"it has more than the {self._max_size} bytes that {_options.SESSION_MAX_SIZE.name} allows"
                )
            head, data = format.split(raw)
            if head.kind == "pickle" != self._format:
                raise format.CorruptError("it is a pickle, and mod_python.session.format does not allow that")
            found = format.read_data(data, head.kind)
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
        self._stored = data if head.kind == self._format else None
        return {
            "_data": found,
            "_created": head.created,
            "_accessed": head.accessed,
            "_timeout": head.timeout,
        }

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

