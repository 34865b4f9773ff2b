"""Removes the files of expired sessions, a part of them each time. Used by ``file``, at the end of a request.

One process at a time does it, with ``.mp_sess.lck`` in the root; ``fs_status.txt`` there says where the next one goes on.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass

from mod_python import _apache
from mod_python._apache import mp_request
from mod_python._session import format
from mod_python._session.base import DFT_TIMEOUT
from mod_python._session.identity import is_sid
from mod_python._session.report import complain

#: What the options say by default.
DFT_FAST_CLEANUP = True
DFT_VERIFY_CLEANUP = True
DFT_GRACE_PERIOD = 240
DFT_CLEANUP_TIME_LIMIT = 2

_LOCK = ".mp_sess.lck"
_STATUS = "fs_status.txt"
_VERSION = "MPFS_4.0"
_LINE = re.compile(rf"{_VERSION} (\d{{1,3}}) (\d{{1,15}}) (\d{{1,15}}) (\d{{1,9}}\.\d{{1,6}})\s*", re.ASCII)

#: Seconds after which a lock file, or a file whose writer died, is nobody's.
_STALE = 3600


@dataclass(frozen=True)
class Plan:
    """How to clean: the root; whether young files are skipped by their date; whether others are looked into; the
    timeout that dates are compared with, the seconds that are granted beyond any timeout, and those that a run may take
    (0: all it needs)."""

    root: str
    fast: bool
    verify: bool
    timeout: float
    grace: float
    limit: float


@dataclass
class _Status:
    """Where to go on, and what was found since the first folder."""

    folder: int = 0
    expired: int = 0
    total: int = 0
    seconds: float = 0.0


def run(work: tuple[mp_request, Plan]) -> None:
    """Clean as planned, unless another process does. What goes wrong is logged."""
    req, plan = work
    lock = os.path.join(plan.root, _LOCK)
    try:
        if not _take(req, lock):
            return
        try:
            _clean(req, plan)
        finally:
            os.unlink(lock)
    except OSError as error:
        complain(req, f"MPY0622: expired sessions could not be removed: {error}")


def _take(req: mp_request, lock: str) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return True
    except FileExistsError:
        pass
    try:
        age = time.time() - os.lstat(lock).st_mtime
        if age > _STALE:
            os.unlink(lock)
            complain(req, "MPY0623: a lock file of a cleanup that has not ended was removed", _apache.APLOG_WARNING)
            return False
    except FileNotFoundError:
        return False
    complain(req, "MPY0623: another process is removing expired sessions", _apache.APLOG_INFO)
    return False


def _clean(req: mp_request, plan: Plan) -> None:
    begin = time.time()
    status = _read_status(plan.root)
    while True:
        _clean_folder(req, plan, os.path.join(plan.root, f"{status.folder:02x}"), status)
        status.folder = (status.folder + 1) % 256
        spent = time.time() - begin
        if status.folder == 0 or 0 < plan.limit < spent:
            break
    status.seconds += spent
    if status.folder == 0:
        complain(
            req,
            f"MPY0624: {status.expired} of {status.total} files of sessions were removed in {status.seconds:.3f} s",
            _apache.APLOG_NOTICE,
        )
        status = _Status()
    _write_status(plan.root, status)


def _clean_folder(req: mp_request, plan: Plan, folder: str, status: _Status) -> None:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        path = os.path.join(folder, name)
        try:
            status.total += 1
            if _is_over(plan, path, name) and _remove(req, plan, path, name):
                status.expired += 1
        except FileNotFoundError:
            # Its request has ended the session meanwhile.
            continue
        except OSError as error:
            complain(req, f"MPY0622: the file of a session could not be removed: {error}")


def _remove(req: mp_request, plan: Plan, path: str, name: str) -> bool:
    """Remove a file unless it is in use or has been saved again; what is no session has no lock."""
    sid = name.partition(".")[0]
    if not _apache._session_trylock(req, sid):
        return False
    try:
        over = _is_over(plan, path, name)
        if over:
            os.unlink(path)
        return over
    finally:
        _apache._session_unlock(req, sid)


def _is_over(plan: Plan, path: str, name: str) -> bool:
    now = time.time()
    age = now - os.lstat(path).st_mtime
    if not is_sid(name):
        # What is left of a save that was killed.
        return age > _STALE
    if plan.fast:
        if age < plan.timeout + plan.grace:
            return False
        if not plan.verify:
            return True
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        begin = os.read(fd, format.HEAD)
    finally:
        os.close(fd)
    try:
        return format.head_of(begin).expired(now, plan.grace)
    except format.CorruptError:
        return age > max(plan.timeout, DFT_TIMEOUT) + plan.grace


def _read_status(root: str) -> _Status:
    try:
        with open(os.path.join(root, _STATUS), "rb") as file:
            found = _LINE.fullmatch(file.read(200).decode("ascii"))
    except (OSError, ValueError):
        return _Status()
    if found is None or int(found[1]) > 255:
        return _Status()
    return _Status(int(found[1]), int(found[2]), int(found[3]), float(found[4]))


def _write_status(root: str, status: _Status) -> None:
    path = os.path.join(root, _STATUS)
    new = f"{path}.new"
    line = f"{_VERSION} {status.folder} {status.expired} {status.total} {status.seconds:.6f}\n"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(fd, line.encode("ascii"))
    finally:
        os.close(fd)
    os.rename(new, path)
