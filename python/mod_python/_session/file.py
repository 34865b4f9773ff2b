"""``FileSession``: a file for each session. Public through ``mod_python.Session``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

from mod_python import _apache, _options
from mod_python._apache import mp_request
from mod_python._session import cleanup, place
from mod_python._session.base import DFT_TIMEOUT
from mod_python._session.report import complain
from mod_python._session.stored import StoredSession

#: The most that is read at once.
_BLOCK = 1 << 16


class FileSession(StoredSession):
    """A session in a file of its own: DIRECTORY/mp_sess/, the first two digits of its id, the id.

    fast_cleanup, verify_cleanup: -1 for what the options say, anything else as a bool. Other arguments as
    BaseSession's. Raises OSError where the directory cannot be used, ValueError for options that mean nothing.
    """

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
        options = req.get_options()
        root = place.private(os.path.join(place.directory(options, _options.FILE_SESSION_DIRECTORY), "mp_sess"))
        self._place = root
        if fast_cleanup == -1:
            fast_cleanup = _options.flag(options, _options.FILE_SESSION_FAST)
        if verify_cleanup == -1:
            verify_cleanup = _options.flag(options, _options.FILE_SESSION_VERIFY)
        self._plan = cleanup.Plan(
            root=root,
            fast=bool(fast_cleanup),
            verify=bool(verify_cleanup) or not fast_cleanup,
            timeout=timeout or DFT_TIMEOUT,
            grace=_options.number(options, _options.FILE_SESSION_GRACE),
            limit=_options.number(options, _options.FILE_SESSION_LIMIT),
        )
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def _path(self) -> str:
        return f"{self._plan.root}/{self._sid[:2]}/{self._sid}"

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
            fd = os.open(self._path(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            complain(self._req, f"MPY0621: the file of the session {self._sid[:8]}... cannot be opened: {error}")
            return None
        try:
            raw = os.read(fd, _BLOCK)
            if len(raw) == _BLOCK:
                blocks, size = [raw], _BLOCK
                while size <= limit and (block := os.read(fd, _BLOCK)):
                    blocks.append(block)
                    size += len(block)
                raw = b"".join(blocks)
            # For the fast cleanup, which looks at the date alone.
            os.utime(fd)
        except OSError as error:
            complain(self._req, f"MPY0621: the file of the session {self._sid[:8]}... cannot be read: {error}")
            return None
        finally:
            os.close(fd)
        return raw

    def write_record(self, raw: bytes) -> None:
        if self._locked:
            self._write(raw)
            return
        with self._held():
            self._write(raw)

    def _write(self, raw: bytes) -> None:
        """Put a whole file in the place of the old one: who reads sees one of them, also after a crash."""
        path = self._path()
        new = f"{path}.{os.urandom(4).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            fd = os.open(new, flags, 0o600)
        except FileNotFoundError:
            self._make_folders()
            fd = os.open(new, flags, 0o600)
        try:
            try:
                rest = memoryview(raw)
                while rest:
                    rest = rest[os.write(fd, rest) :]
            finally:
                os.close(fd)
            os.rename(new, path)
        except BaseException:
            os.unlink(new)
            raise

    def _make_folders(self) -> None:
        root = self._plan.root
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

    def do_cleanup(self) -> None:
        self._req.register_cleanup(cleanup.run, (self._req, self._plan))


