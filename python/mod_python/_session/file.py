"""``FileSession``: a file for each session. Public through ``mod_python.Session``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

from mod_python import _apache
from mod_python._apache import mp_request
from mod_python._session import cleanup, format, place, settings
from mod_python._session.base import DFT_TIMEOUT, Record
from mod_python._session.report import complain
from mod_python._session.stored import StoredSession


class FileSession(StoredSession):
    """A session in a file of its own: DIRECTORY/mp_sess/, the first two digits of its id, the id.

    fast_cleanup, verify_cleanup: -1 for what the options say, anything else as a bool. Other arguments as
    BaseSession's. Raises OSError where the directory cannot be used, ValueError for options that mean nothing.
    """

    __slots__ = ("_fast", "_verify", "_asked_timeout")

    _fast: bool
    _verify: bool
    _asked_timeout: float

    def __init__(
        self,
        req: mp_request,
        sid: Any = 0,
        secret: Any = None,
        timeout: float = 0,
        lock: Any = 1,
        fast_cleanup: Any = -1,
        verify_cleanup: Any = -1,
    ) -> None:
        known = self._settings = settings.of(req)
        self._place = known.file_root
        fast, verify, _, _ = known.file_cleanup
        self._fast = bool(fast if fast_cleanup == -1 else fast_cleanup)
        self._verify = bool(verify if verify_cleanup == -1 else verify_cleanup)
        self._asked_timeout = timeout
        StoredSession.__init__(self, req, sid, secret, timeout, lock)

    def _load_parts(self) -> Optional[format.Parts]:
        # What is plain is done at once.
        found = _apache._session_load(self._place, self._sid, self._max_size) if self._locked else None
        return StoredSession._load_parts(self) if found is None else found

    def do_save(self, dict: Record) -> None:
        if self._locked and self._format == "json":
            stored = _apache._session_store(self._place, self._sid, dict, self._max_size)
            if stored is not None:
                self._stored = stored
                return
        StoredSession.do_save(self, dict)

    def _path(self) -> str:
        return f"{self._place}/{self._sid[:2]}/{self._sid}"

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock for one operation, if the session does not for longer."""
        if self._locked:
            yield
            return
        _apache._session_lock(self._req, self._sid)
        try:
            yield
        finally:
            _apache._session_unlock(self._req, self._sid)

    def read_record(self, limit: int) -> Optional[bytes]:
        if self._locked:
            return self._read(limit)
        with self._held():
            return self._read(limit)

    def _read(self, limit: int) -> Optional[bytes]:
        try:
            return _apache._session_read(self._path(), limit)
        except OSError as error:
            complain(self._req, f"MPY0621: the file of the session {self._sid[:8]}... cannot be read: {error.strerror}")
            return None

    def write_record(self, raw: bytes) -> None:
        if self._locked:
            self._write(raw)
            return
        with self._held():
            self._write(raw)

    def _write(self, raw: bytes) -> None:
        """Put a whole file in the place of the old one: who reads sees one of them, also after a crash."""
        path = self._path()
        try:
            try:
                _apache._session_write(path, raw)
            except FileNotFoundError:
                self._make_folders()
                _apache._session_write(path, raw)
        except OSError as error:
            raise self._nameless(error) from None

    def _nameless(self, error: OSError) -> OSError:
        """Return an error that names the directory: the file's own name has the id, which is nothing for a log."""
        return OSError(error.errno, error.strerror, self._place)

    def _make_folders(self) -> None:
        root = self._place
        place.unsafe(root)
        place.private(root)
        for number in range(256):
            try:
                os.mkdir(f"{root}/{number:02x}", 0o700)
            except FileExistsError:
                pass

    def remove_record(self) -> None:
        with self._held():
            try:
                os.unlink(self._path())
            except FileNotFoundError:
                pass
            except OSError as error:
                raise self._nameless(error) from None

    def do_cleanup(self) -> None:
        self._req.register_cleanup(cleanup.run, (self._req, self._plan()))

    def _plan(self) -> cleanup.Plan:
        _, _, grace, limit = settings.of(self._req).file_cleanup
        return cleanup.Plan(
            root=self._place,
            fast=self._fast,
            verify=self._verify or not self._fast,
            timeout=self._asked_timeout or DFT_TIMEOUT,
            grace=grace,
            limit=limit,
        )
