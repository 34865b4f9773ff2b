"""A file of ``dbm`` in which all processes keep records: one at a time, checked, and replaced when it is damaged.

Used by ``dbm``. What the libraries below do not promise is looked after here: room on the disk, and that a record is
there when it was stored.
"""

from __future__ import annotations

import dbm
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Optional, TypeVar

from mod_python import _apache
from mod_python._apache import mp_server
from mod_python._session import place

#: The lock of whole databases.
_LOCK = 0

#: What the kinds of databases add to the name of their file.
_SUFFIXES = ("", ".db", ".dir", ".pag", ".dat", ".bak", "-wal", "-shm")

#: Bytes that a change may need for the database's own sake.
_ROOM = 1 << 18

#: Module of an exception -> what its text says about a file that is damaged.
_DAMAGE = {
    "dbm": ("type could not be determined",),
    "sqlite3": ("malformed", "not a database"),
    "dbm.sqlite3": ("malformed", "not a database"),
    "_gdbm": ("bad magic", "malformed", "needs recovery", "unexpected eof"),
}

_T = TypeVar("_T")


class Database:
    """A file of ``dbm``, opened for each use while no other process has it.

    kind: a module with ``open(file, flag, mode)``; its errors are raised. report: called with a line for the log.
    """

    def __init__(self, server: mp_server, path: str, kind: Any, report: Callable[[str], None]) -> None:
        self.server = server
        self.path = path
        self.kind = kind
        self._report = report

    def get(self, key: bytes) -> Optional[bytes]:
        """Return the value of a key, None if there is none."""
        with self._alone():
            return self._mended(lambda records: _get(records, key))

    def put(self, key: bytes, value: bytes) -> None:
        """Store a value; OSError where the disk is full, or where it is not there afterwards."""
        with self._alone():
            self._check_room(len(value))
            self._mended(lambda records: records.__setitem__(key, value))
            # Berkeley DB writes when it is closed, and tells nobody what went wrong there.
            if self._mended(lambda records: _get(records, key)) != value:
                raise OSError(errno.EIO, "the database has not kept what was stored", self.path)

    def remove(self, key: bytes) -> None:
        """Remove a key, if it is there."""
        with self._alone():
            self._mended(lambda records: _remove(records, key))

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Give the open database; it is closed, and the lock is given back, whatever happens."""
        with self._alone(), self._records() as records:
            yield records

    @contextmanager
    def _alone(self) -> Iterator[None]:
        _apache._global_lock(self.server, None, _LOCK)
        try:
            yield
        finally:
            _apache._global_unlock(self.server, None, _LOCK)

    @contextmanager
    def _records(self) -> Iterator[Any]:
        self._check_files()
        # Some kinds have no mode for a file of two parts, but obey the mask.
        records = self.kind.open(self.path, "c", 0o600)
        try:
            self._remember_kind()
            yield records
        finally:
            records.close()

    def _mended(self, work: Callable[[Any], _T]) -> _T:
        """Do something with the records; if their file is damaged, with a new one."""
        try:
            with self._records() as records:
                return work(records)
        except Exception as error:
            if not self._is_damaged(error):
                raise
            self._set_aside()
            self._report(
                f"MPY0627: the database {self.path} is damaged, and has been renamed to end in .damaged: "
                f"{type(error).__name__}: {error}"
            )
        with self._records() as records:
            return work(records)

    def _is_damaged(self, error: Exception) -> bool:
        module = type(error).__module__
        text = str(error).lower()
        if module == "_dbm":
            berkeley = getattr(import_module("dbm.ndbm"), "library", "") == "Berkeley DB"
            # Others have no room for a long record, and say the same.
            return getattr(error, "errno", None) == errno.EINVAL or (berkeley and "cannot add item" in text)
        if isinstance(error, (ValueError, SyntaxError)):
            # What dbm.dumb makes of its list of keys.
            return getattr(self.kind, "__name__", "") in ("dbm", "dbm.dumb")
        return any(words in text for words in _DAMAGE.get(module, ()))

    def _set_aside(self) -> None:
        for suffix in _SUFFIXES:
            try:
                os.replace(self.path + suffix, f"{self.path}{suffix}.damaged")
            except FileNotFoundError:
                pass

    def _check_room(self, size: int) -> None:
        """Refuse a change for which the disk has no room: some kinds would be damaged by it."""
        found = os.statvfs(os.path.dirname(os.path.abspath(self.path)))
        needed = 2 * size + _ROOM
        try:
            # The list of keys of dbm.dumb, which is written anew.
            needed += os.stat(self.path + ".dir").st_size
        except FileNotFoundError:
            pass
        if found.f_blocks and found.f_bavail * found.f_frsize < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)

    def _check_files(self) -> None:
        for suffix in _SUFFIXES:
            path = self.path + suffix
            try:
                found = os.lstat(path)
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                raise place.refusal("it is no file of this user", path)
            if found.st_mode & 0o077:
                os.chmod(path, 0o600)

    def _remember_kind(self) -> None:
        """Next time open the file with the module that made it, without asking again which one that is."""
        if self.kind is dbm:
            name = dbm.whichdb(self.path)
            if name:
                self.kind = import_module(name)


def _get(records: Any, key: bytes) -> Optional[bytes]:
    try:
        found: bytes = records[key]
    except KeyError:
        return None
    return found


def _remove(records: Any, key: bytes) -> None:
    try:
        del records[key]
    except KeyError:
        pass
