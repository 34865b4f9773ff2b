"""``BaseSession``: a dict that belongs to a client, with its id, its times and its lock.

Where records are kept is the business of subclasses: ``memory`` for one,
``stored`` for those that keep bytes. Public through ``mod_python.Session``.
"""

from __future__ import annotations

import time
from random import random
from typing import Any, ClassVar, Optional

from mod_python import _apache
from mod_python._apache import _session_id, mp_request
from mod_python._session import cookie, settings
from mod_python._session.identity import give, given, is_sid, new_sid

#: What `do_load` returns and `do_save` takes: ``_data`` (dict), ``_created`` and ``_accessed`` (seconds since the epoch,
#: float), ``_timeout`` (seconds).
Record = dict[str, Any]

DFT_TIMEOUT = 1800
DFT_LOCK = True
CLEANUP_CHANCE = 1000

#: Which part of the timeout may pass before a session whose data stayed the same is due to be saved.
_FRACTION = 10


class BaseSession(dict[Any, Any]):
    """A session of the client that sent ``req``: a dict whose content is kept from request to request by `save`.

    req: the request. sid: the id (32 lower-case hex digits) instead of the one in the cookie; ValueError for any other
    text. secret: signs the cookie; a cookie without a right signature does not count. lock: false for a session that
    several requests may use at once. timeout: seconds for a new session, 0 for 1800.

    A subclass has do_load, do_save, do_delete and do_cleanup, and may have init_lock.
    """

    #: One of so many session objects starts a cleanup of the store.
    cleanup_chance: ClassVar[int] = CLEANUP_CHANCE

    #: Slots cost less than attributes; users may set others.
    __slots__ = (
        "_req", "_secret", "_lock", "_settings", "_sid", "_locked", "_invalid", "_new", "_created", "_accessed", "_timeout",
        "_previous", "__dict__", "__weakref__",
    )  # fmt: skip

    _req: mp_request
    _secret: Any
    _lock: Any
    _settings: settings.Settings
    _sid: str
    _locked: bool
    _invalid: bool
    _new: bool
    _created: float
    _accessed: float
    _timeout: float
    _previous: Optional[float]

    def __init__(
        self, req: mp_request, sid: Any = None, secret: Any = None, lock: Any = 1, timeout: float = 0
    ) -> None:
        self._req = req
        self._secret = secret
        self._lock = lock
        self._locked = self._invalid = False
        self._new = True
        self._created = self._accessed = 0.0
        self._timeout = 0
        self._previous = None
        try:
            name = self._settings.cookie_name
        except AttributeError:
            # Classes that ask for them before have set them.
            self._settings = settings.of(req)
            name = self._settings.cookie_name
        asked = bool(sid)
        if not asked:
            # The second is what the first one does, without a call.
            sid = cookie.read(req, name, secret) if secret else _session_id(req, name)
        elif not is_sid(sid):
            raise ValueError(f"Invalid Session ID: sid={sid!r}")

        self._sid = ""
        self.init_lock()
        if sid is None or not self._take(sid):
            self._begin_or_join(None if asked else given(req, name), timeout or DFT_TIMEOUT)
        self._accessed = _now()
        if random() * self.cleanup_chance < 1:
            self.cleanup()

    def _take(self, sid: str) -> bool:
        """Lock and load a session; False, and no lock, if it is not there."""
        self._sid = sid
        self.lock()
        if self.load():
            self._new = False
            return True
        self.unlock()
        return False

    def _begin_or_join(self, sid: Optional[str], timeout: float) -> None:
        """Make a session, or be the one that this request has begun already under the id, saved or not."""
        if sid and self._take(sid):
            return
        self._created = _now()
        self._timeout = timeout
        if sid:
            self.lock()
        else:
            self._begin()

    def _begin(self) -> None:
        """Go on under a new id, which the client is told. The session is not locked."""
        self._sid = new_sid()
        self.lock()
        cookie.send(self._req, self.make_cookie())
        give(self._req, self._settings.cookie_name, self._sid)

    def make_cookie(self) -> cookie.AnyCookie:
        """Return the cookie for this session, as the options say; nothing is sent."""
        return cookie.make(self._req, self._settings, self._sid, self._secret)

    def is_new(self) -> bool:
        """Tell whether the client had no session that could be loaded."""
        return self._new

    def id(self) -> str:
        """Return the session id, 32 hex digits."""
        return self._sid

    def created(self) -> float:
        """Return when the session was made, in seconds since the epoch."""
        return self._created

    def last_accessed(self) -> float:
        """Return when this object was made, in seconds since the epoch: the access that is going on."""
        return self._accessed

    def previous_access(self) -> Optional[float]:
        """Return when the session was in use before, as it was last saved; None for a new one."""
        return self._previous

    def timeout(self) -> float:
        """Return how many seconds after its last saved access the session ends."""
        return self._timeout

    def set_timeout(self, secs: float) -> None:
        """Set the timeout in seconds, for what is saved from now on; TypeError if it is no number, ValueError for NaN."""
        if not isinstance(secs, (int, float)):
            raise TypeError(f"a timeout is a number of seconds, not {type(secs).__name__!r}")
        if secs != secs:
            raise ValueError("a timeout that is no number")
        self._timeout = secs

    def load(self) -> bool:
        """Merge the stored data into this dict and take over its times; False if there are none or they have expired."""
        record = self.do_load()
        if record is None or time.time() - record["_accessed"] > record["_timeout"]:
            return False
        self._created = record["_created"]
        self._accessed = self._previous = record["_accessed"]
        self._timeout = record["_timeout"]
        self.update(record["_data"])
        return True

    def save(self) -> None:
        """Store the data and the times; nothing after `invalidate`. What cannot be stored raises."""
        if self._invalid:
            return
        self.do_save(
            {
                "_data": dict(self),
                "_created": self._created,
                "_accessed": self._accessed,
                "_timeout": self._timeout,
            }
        )
        self._previous = self._accessed

    def is_changed(self) -> bool:
        """Tell whether the data may differ from what is stored. A subclass that cannot know says True."""
        return True

    def save_due(self) -> bool:
        """Tell whether `save` has something to do.

        That is so for a new session, for changed data, and where the stored time of access is older than a tenth of the
        timeout. Who saves only then has sessions that end up to a tenth of the timeout early.
        """
        if self._invalid:
            return False
        if self._new or self._previous is None:
            return True
        return (self._accessed - self._previous) * _FRACTION > self._timeout or self.is_changed()

    def delete(self) -> None:
        """Remove the stored data and clear this dict. The session stays locked; a later `save` stores it again."""
        self.do_delete()
        self.clear()
        self._previous = None

    def invalidate(self) -> None:
        """End the session: the client is told to forget its id, the data is removed, and `save` does nothing."""
        ended = self.make_cookie()
        ended.expires = 0
        cookie.send(self._req, ended)
        give(self._req, self._settings.cookie_name, None)
        self.delete()
        self._invalid = True

    def regenerate(self) -> None:
        """Go on with the same data under a new id, at once: the stored session gets it, and the client is told.

        For use where the client's rights change, at login above all: an id that somebody else knew or planted is worth
        nothing afterwards. ValueError after `invalidate`; what `save` raises.
        """
        if self._invalid:
            raise ValueError("the session has been invalidated")
        self.do_delete()
        self.unlock()
        self._begin()
        self.save()

    def init_lock(self) -> None:
        """Prepare locking: called once by the constructor, for subclasses that have locks of their own."""

    def lock(self) -> None:
        """Wait until no other request has the session; again in the same request it does nothing.

        Raises TimeoutError if this request has another session, whose lock the holder of this one may be waiting for.
        """
        if self._lock and not self._locked:
            _apache._session_lock(self._req, self._sid)
            self._locked = True

    def unlock(self) -> None:
        """Let other requests have the session. The end of the request does so at the latest."""
        if self._locked:
            self._locked = False
            _apache._session_unlock(self._req, self._sid)

    def cleanup(self) -> None:
        """Remove expired sessions from the store, when the request has ended."""
        self.do_cleanup()

    def do_load(self) -> Optional[Record]:
        """Return the stored record of the id, None if there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no do_load")

    def do_save(self, dict: Record) -> None:
        """Store a record under the id."""
        raise NotImplementedError(f"{type(self).__name__} has no do_save")

    def do_delete(self) -> None:
        """Remove the record of the id, if there is one."""
        raise NotImplementedError(f"{type(self).__name__} has no do_delete")

    def do_cleanup(self) -> None:
        """Register a cleanup of the request that removes expired records."""
        raise NotImplementedError(f"{type(self).__name__} has no do_cleanup")

    def __del__(self) -> None:
        try:
            if not self._locked:
                return
        except AttributeError:
            # Its constructor has raised.
            return
        try:
            self.unlock()
        except (_apache.ExpiredError, ValueError):
            # The request has ended, and has given the lock back.
            pass


def _now() -> float:
    """Return the time in whole microseconds, which come back from a record as they were."""
    return int(time.time() * 1e6) / 1e6
