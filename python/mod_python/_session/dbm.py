"""``DbmSession``: all sessions in one database of the standard library's ``dbm``. Public through ``mod_python.Session``."""

from __future__ import annotations

import dbm
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Optional

from mod_python import _apache, _options
from mod_python._apache import mp_request, mp_server
from mod_python._session import format, place
from mod_python._session.report import complain
from mod_python._session.stored import StoredSession

#: The lock of whole databases.
_LOCK = 0

#: How many records a cleanup looks at before it lets others in, and how many seconds it may take.
_SLICE = 100
_LIMIT = 2.0


class DbmSession(StoredSession):
    """A session in a database that holds all sessions.

    dbm: the file; else what the options say, and in a directory ``mp_sess.dbm``. dbmtype: a module with
    ``open(file, flag, mode)``; the standard library's choice by default. Other arguments as BaseSession's. Errors of the
    database are raised, PermissionError where others could write to it.
    """

    def __init__(
        self,
        req: mp_request,
        dbm: Optional[str] = None,
        sid: Any = 0,
        secret: Any = None,
        dbmtype: Any = dbm,
        timeout: float = 0,
        lock: Any = 1,
    ) -> None:
        options = req.get_options()
        path = dbm or _options.text(options, _options.DBM_SESSION_FILE)
        if not path:
            folder = place.directory(options, _options.DBM_SESSION_DIRECTORY)
            path = os.path.join(folder, "mp_sess.dbm")
        place.trusted(os.path.dirname(os.path.abspath(path)))
        self._place = path
        self._database = Database(req.server, path, dbmtype)
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def read_record(self, limit: int) -> Optional[bytes]:
        with self._database.opened() as records:
            try:
                found: bytes = records[self._sid.encode()]
            except KeyError:
                return None
        return found

    def write_record(self, raw: bytes) -> None:
        with self._database.opened() as records:
            records[self._sid.encode()] = raw

    def remove_record(self) -> None:
        with self._database.opened() as records:
            try:
                del records[self._sid.encode()]
            except KeyError:
                pass

    def do_cleanup(self) -> None:
        self._req.register_cleanup(_clean_up, (self._req, self._database))


class Database:
    """A file of ``dbm``, opened for each use while no other process has it."""

    def __init__(self, server: mp_server, path: str, kind: Any) -> None:
        self.server = server
        self.path = path
        self.kind = kind

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Give the open database; it is closed, and the lock is given back, whatever happens."""
        _apache._global_lock(self.server, None, _LOCK)
        try:
            self._check_files()
            # Some kinds have no mode for a file of two parts, but obey the mask.
            records = self.kind.open(self.path, "c", 0o600)
            try:
                self._remember_kind()
                yield records
            finally:
                records.close()
        finally:
            _apache._global_unlock(self.server, None, _LOCK)

    def _check_files(self) -> None:
        for suffix in ("", ".db", ".dir", ".pag", ".dat", ".bak"):
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


def _clean_up(work: tuple[mp_request, Database]) -> None:
    """Remove expired records, some at a time; what goes wrong is logged."""
    req, database = work
    try:
        removed, total = _remove_expired(database)
    except Exception as error:
        # Each kind of database has errors of its own.
        complain(req, f"MPY0622: expired sessions could not be removed: {type(error).__name__}: {error}")
        return
    complain(req, f"MPY0624: {removed} of {total} sessions of the database were removed", _apache.APLOG_INFO)


def _remove_expired(database: Database) -> tuple[int, int]:
    end = time.monotonic() + _LIMIT
    with database.opened() as records:
        keys = list(records.keys())
    # Not always the same ones, where time does not suffice.
    first = int.from_bytes(os.urandom(4), "little") % max(len(keys), 1)
    keys = keys[first:] + keys[:first]
    removed = 0
    for at in range(0, len(keys), _SLICE):
        with database.opened() as records:
            for key in keys[at : at + _SLICE]:
                if _is_over(records, key):
                    del records[key]
                    removed += 1
        if time.monotonic() > end:
            break
    return removed, len(keys)


def _is_over(records: Any, key: bytes) -> bool:
    try:
        return format.head_of(records[key][: format.HEAD]).expired(time.time())
    except KeyError:
        return False
    except format.CorruptError:
        return True
