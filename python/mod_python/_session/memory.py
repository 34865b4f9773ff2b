"""``MemorySession``: sessions in the memory of one child. Public through ``mod_python.Session``."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar, Optional

from mod_python import _apache
from mod_python._apache import mp_request
from mod_python._session import settings
from mod_python._session.base import BaseSession, Record
from mod_python._session.report import complain

#: Seconds between two looks at the whole store, and where it is full.
_PERIOD = 60
_PERIOD_FULL = 1


class MemorySession(BaseSession):
    """A session that ends with its child, and that other children and interpreters do not see.

    Arguments as BaseSession's. Any value can be stored; it is the same object in the next request, not a copy.
    """

    #: The store: sid -> record, the one that was saved last at the end. Held with `_guard`.
    sdict: ClassVar[dict[str, Record]] = {}
    _guard: ClassVar[threading.Lock] = threading.Lock()
    _last_look: ClassVar[float] = 0.0
    _next_complaint: ClassVar[float] = 0.0

    def __init__(
        self, req: mp_request, sid: Any = 0, secret: Any = None, timeout: float = 0, lock: Any = 1
    ) -> None:
        self._settings = settings.of(req)
        self._most = self._settings.max_in_memory
        super().__init__(req, sid=sid, secret=secret, lock=lock, timeout=timeout)

    def do_load(self) -> Optional[Record]:
        with self._guard:
            return self.sdict.get(self._sid)

    def do_save(self, dict: Record) -> None:
        now = time.time()
        store = self.sdict
        dropped = 0
        with self._guard:
            store.pop(self._sid, None)
            period = _PERIOD_FULL if len(store) >= self._most else _PERIOD
            if not 0 <= now - MemorySession._last_look < period:
                MemorySession._last_look = now
                _expire(store, now)
            while len(store) >= self._most:
                del store[next(iter(store))]
                dropped += 1
            store[self._sid] = dict
            complains = dropped and now >= MemorySession._next_complaint
            if complains:
                MemorySession._next_complaint = now + _PERIOD
        if complains:
            complain(
                self._req,
                f"MPY0625: there are {self._most} sessions in memory: those that were saved longest ago are dropped",
                _apache.APLOG_WARNING,
            )

    def do_delete(self) -> None:
        with self._guard:
            self.sdict.pop(self._sid, None)

    def do_cleanup(self) -> None:
        self._req.register_cleanup(_clean_up, MemorySession)

    def is_changed(self) -> bool:
        """Tell whether this dict differs from the stored one; values that were changed in place are in both."""
        record = self.do_load()
        return record is None or record["_data"] != self


def _clean_up(kind: type[MemorySession]) -> None:
    with kind._guard:
        _expire(kind.sdict, time.time())


def _expire(store: dict[str, Record], now: float) -> None:
    for sid in [sid for sid, record in store.items() if now - record["_accessed"] > record["_timeout"]]:
        del store[sid]
