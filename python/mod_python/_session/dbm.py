"""``DbmSession``: all sessions in one database of the standard library's ``dbm``. Public through ``mod_python.Session``."""

from __future__ import annotations

import dbm
import os
import time
from functools import partial
from typing import Any, Optional
from zlib import crc32

from mod_python import _apache
from mod_python._apache import mp_request
from mod_python._session import format, place, settings
from mod_python._session.database import Database
from mod_python._session.report import complain
from mod_python._session.stored import StoredSession

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
        self._settings = settings.of(req)
        path = dbm or self._settings.dbm_file
        place.trusted(os.path.dirname(os.path.abspath(path)))
        self._place = path
        self._database = Database(req.server, path, dbmtype, partial(complain, req))
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def read_record(self, limit: int) -> Optional[bytes]:
        found = self._database.get(self._sid.encode())
        if found is None:
            return None
        raw, _, check = found.rpartition(b"\n")
        if check != _check(raw):
            # Let the reason be the one that fits.
            format.head_of(found)
            raise format.CorruptError("it is not as it was saved")
        return raw

    def write_record(self, raw: bytes) -> None:
        self._database.put(self._sid.encode(), raw + b"\n" + _check(raw))

    def remove_record(self) -> None:
        self._database.remove(self._sid.encode())

    def do_cleanup(self) -> None:
        self._req.register_cleanup(_clean_up, (self._req, self._database))


def _check(raw: bytes) -> bytes:
    """Return what is behind a record: few kinds of databases change a value as a whole when a process is killed."""
    return b"%08x" % crc32(raw)


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
