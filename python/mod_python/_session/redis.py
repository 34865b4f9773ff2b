"""``RedisSession``: sessions in a Redis or Valkey server, for sites on more than one machine.

Public through ``mod_python.Session``.
"""

from __future__ import annotations

import hashlib
import math
import random
import secrets
import time
from collections.abc import Callable
from typing import Any, Optional

from mod_python import _apache, _options
from mod_python._apache import mp_request
from mod_python._session import settings
from mod_python._session.identity import new_sid, outermost
from mod_python._session.redis_server import Server, server
from mod_python._session.report import complain
from mod_python._session.stored import StoredSession

#: The longest life of a record in ms: 100 years.
_LONGEST = 100 * 366 * 86_400_000

#: Seconds between two looks at a lock that somebody else has: the first, and the most.
_FIRST_LOOK, _LAST_LOOK = 0.002, 0.1

#: Notes of the outermost request, which all parts of a request see, in any interpreter: that the server could not be
#: used, and with an id behind it the lock of a session.
_GONE = "mod_python.redis_session.gone"
_LOCK = "mod_python.redis_session.lock."


class LockLostError(RuntimeError):
    """The session was locked for longer than its time limit, and somebody else has changed it or is about to.

    Nothing was stored: it would have undone what the other one did.
    """


class _Lock:
    """The lock of a session, as long as this request has it: given back once, at the end of the request at the latest."""

    def __init__(self, server: Server, key: str, token: str) -> None:
        self.server, self.key, self.token = server, key, token
        self.held = True

    def give_back(self) -> None:
        if self.held:
            self.held = False
            self.server.release([self.key], [self.token])

    @staticmethod
    def at_end(lock: _Lock) -> None:
        try:
            lock.give_back()
        except lock.server.error:
            # It ends by itself.
            pass


class RedisSession(StoredSession):
    """A session that any machine finds which asks the same server.

    The options of `mod_python.redis_session` say where the server is and what happens without it. Arguments as
    BaseSession's. ImportError without the package redis, ValueError for options that mean nothing.
    SERVER_RETURN(HTTP_SERVICE_UNAVAILABLE), which is status 503, where the server can't be used, and where the lock is
    not free in time.
    """

    def __init__(self, req: mp_request, sid: Any = 0, secret: Any = None, timeout: float = 0, lock: Any = 1) -> None:
        options = req.get_options()
        failure = _options.text(options, _options.REDIS_SESSION_FAILURE) or ""
        if failure not in ("unavailable", "new"):
            raise ValueError(
                f"PythonOption {_options.REDIS_SESSION_FAILURE.name}: {failure!r} is neither unavailable nor new"
            )
        self._goes_on = failure == "new"
        self._prefix = _options.text(options, _options.REDIS_SESSION_PREFIX) or ""
        self._place = f"Redis, in keys {self._prefix}*,"
        self._limit = 1000 * _at_least_one(options, _options.REDIS_SESSION_LOCK_LIMIT)
        self._patience = _options.number(options, _options.REDIS_SESSION_LOCK_WAIT)
        self._server = server(
            _options.text(options, _options.REDIS_SESSION_URL) or "",
            _at_least_one(options, _options.REDIS_SESSION_CONNECT_TIMEOUT),
            _at_least_one(options, _options.REDIS_SESSION_SOCKET_TIMEOUT),
        )
        self._gone = _GONE in outermost(req).notes
        self._held: Optional[_Lock] = None
        #: The record as this object has loaded or stored it, told by its digest.
        self._seen = ""
        self._settings = settings.of(req)
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def lock(self) -> None:
        """Wait until nobody else has the session; again, begin the time limit of the lock anew.

        SERVER_RETURN(HTTP_SERVICE_UNAVAILABLE) if that takes longer than `lock_wait`, LockLostError if the lock has
        ended meanwhile.
        """
        if not self._lock or self._gone:
            return
        if self._held:
            if self._ask(self._server.extend, [self._held.key], [self._held.token, self._limit]) == 0:
                raise LockLostError(f"the lock of the session {self._sid[:8]}... has ended")
            return
        outer = outermost(self._req)
        token, count = _held_by(outer, self._sid)
        held = _Lock(self._server, self._lock_key, token or secrets.token_hex(16))
        if count == 0:
            if not self._wait(held):
                return
            outer.register_cleanup(_Lock.at_end, held)
        _hold(outer, self._sid, held.token, count + 1)
        self._held = held
        self._locked = True

    def unlock(self) -> None:
        """Let others have the session. The end of the request does so at the latest."""
        held, self._held, self._locked = self._held, None, False
        if held is None:
            return
        outer = outermost(self._req)
        token, count = _held_by(outer, self._sid)
        if token == held.token:
            _hold(outer, self._sid, token, count - 1)
            if count > 1:
                return
        try:
            held.give_back()
        except self._server.error as error:
            complain(
                self._req,
                f"MPY0631: the lock of the session {self._sid[:8]}... could not be given back; it ends within "
                f"{self._limit // 1000} s: {self._server.reason(error)}",
                _apache.APLOG_WARNING,
            )

    def read_record(self, limit: int) -> Optional[bytes]:
        found: Optional[bytes] = self._ask(self._server.read, self._key, limit + 1)
        self._seen = _digest(found)
        return found

    def write_record(self, raw: bytes) -> None:
        if self._timeout <= 0:
            self.remove_record()
            return
        life = math.ceil(min(1000 * self._timeout, _LONGEST))
        if self._held is None:
            self._ask(self._server.client.set, self._key, raw, px=life)
        else:
            given = [self._held.token, self._limit, raw, life, self._seen]
            if self._ask(self._server.store, [self._held.key, self._key], given) == 0:
                raise LockLostError(
                    f"the session {self._sid[:8]}... was not stored: it was locked for more than {self._limit // 1000} s, "
                    "and another request has changed it or is about to"
                )
        self._seen = _digest(raw)

    def remove_record(self) -> None:
        token = self._held.token if self._held else ""
        self._ask(self._server.remove, [self._lock_key, self._key], [token])
        self._seen = ""

    def do_cleanup(self) -> None:
        """Do nothing: the server drops what has expired."""

    @property
    def _key(self) -> str:
        return self._prefix + self._sid

    @property
    def _lock_key(self) -> str:
        return f"{self._prefix}{self._sid}:lock"

    def _begin(self) -> None:
        if self._gone:
            # The client keeps the id that it has: its session is there again when the server is.
            self._sid = new_sid()
        else:
            super()._begin()

    def _wait(self, lock: _Lock) -> bool:
        """Take a lock; False where the request goes on without the server."""
        end = time.monotonic() + self._patience
        pause = _FIRST_LOOK
        while not self._ask(self._server.take, [lock.key], [lock.token, self._limit]):
            if self._gone:
                return False
            left = end - time.monotonic()
            if left <= 0:
                complain(
                    self._req,
                    f"MPY0632: the session {self._sid[:8]}... was not free within {self._patience} s",
                    _apache.APLOG_WARNING,
                )
                raise _apache.SERVER_RETURN(_apache.HTTP_SERVICE_UNAVAILABLE)
            time.sleep(min(left, pause * random.uniform(0.5, 1.5)))
            pause = min(_LAST_LOOK, 1.5 * pause)
        return True

    def _ask(self, call: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Return what the server answers; None where the request goes on without it."""
        if self._gone:
            return None
        try:
            return call(*args, **keywords)
        except self._server.error as error:
            complain(self._req, f"MPY0630: the server of sessions cannot be used: {self._server.reason(error)}")
            if not self._goes_on:
                raise _apache.SERVER_RETURN(_apache.HTTP_SERVICE_UNAVAILABLE) from None
            self._gone = True
            outermost(self._req).notes[_GONE] = "1"
            return None


def _at_least_one(options: Any, option: _options.Option) -> int:
    value = _options.number(options, option)
    if value < 1:
        raise ValueError(f"PythonOption {option.name}: {value} is less than one second")
    return value


def _digest(record: Optional[bytes]) -> str:
    """Return what `Server.store` compares: SHA-1 as the server's scripts have it, "" for no record."""
    return hashlib.sha1(record, usedforsecurity=False).hexdigest() if record else ""


def _held_by(outer: mp_request, sid: str) -> tuple[str, int]:
    """Return the token of a lock that the request has, and how many of its session objects share it; "" and 0 for none."""
    token, _, count = (outer.notes.get(_LOCK + sid) or "").partition(" ")
    return token, int(count or 0)


def _hold(outer: mp_request, sid: str, token: str, count: int) -> None:
    if count:
        outer.notes[_LOCK + sid] = f"{token} {count}"
    else:
        outer.notes.pop(_LOCK + sid, None)
