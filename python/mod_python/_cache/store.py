"""A cache of values by name, each built once: the base of all caches.

Shown to users by ``mod_python.cache``.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["NOT_INITIALIZED", "Cache", "Entry", "WeakCache"]


class _NotInitialized:
    def __repr__(self) -> str:
        return "NOT_INITIALIZED"


#: What an entry without a value has instead.
NOT_INITIALIZED: Final[Any] = _NotInitialized()


class Entry:
    """What a cache keeps for a key. ``check`` and ``build`` may set attributes.

    ``lock`` is held while they run.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._value: Any = NOT_INITIALIZED
        self._building = False
        self._dropped = False

    def get(self) -> Any:
        """Return the value, NOT_INITIALIZED if there is none."""
        return self._value

    def set(self, value: Any) -> None:
        """Make ``value`` the value."""
        self._value = value


class Cache:
    """Values that ``cache[name]`` finds or builds; subclasses say how.

    max_size: how many values are kept; then the one that was used longest ago
    goes. 0: all of them. Several threads may use a cache: one builds a value,
    others that want the same wait for it, others do not.
    """

    def __init__(self, max_size: int = 0) -> None:
        self._max_size = max_size
        self._entries: OrderedDict[Any, Entry] = OrderedDict()
        self._lock = threading.RLock()

    def key(self, name: Any) -> Any:
        """Return what ``name`` is kept under, something hashable; itself by default."""
        return name

    def check(self, key: Any, name: Any, entry: Entry) -> Any:
        """Return None if the value of ``entry`` is still good.

        Otherwise whatever ``build`` needs to make it, an open file for instance.
        Asked at each access, also for an entry without a value. None by default.
        """
        return None

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """Return the value for ``name``; ``opened`` is what ``check`` returned."""
        raise NotImplementedError(f"{type(self).__name__} has no method build")

    def commit(self) -> None:
        """Called when an entry has come, gone or changed; does nothing by default."""

    def __getitem__(self, name: Any) -> Any:
        """Return the value for ``name``.

        Raises what ``check`` and ``build`` raise; what could not be built is not
        kept, and is tried again at the next access.
        """
        key = self.key(name)
        while True:
            entry = self._entry(key)
            with entry.lock:
                if not entry._dropped:
                    return self._current(key, name, entry)

    def __setitem__(self, name: Any, value: Any) -> None:
        key = self.key(name)
        while True:
            entry = self._entry(key)
            with entry.lock:
                if not entry._dropped:
                    entry.set(value)
                    break
        self.commit()

    def __delitem__(self, name: Any) -> None:
        key = self.key(name)
        with self._lock:
            self._entries.pop(key)._dropped = True
        self.commit()

    def __contains__(self, name: Any) -> bool:
        entry = self._entries.get(self.key(name))
        return entry is not None and entry.get() is not NOT_INITIALIZED

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def keys(self) -> list[Any]:
        """Return the keys; with a ``max_size`` the one used last comes last."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for entry in self._entries.values():
                entry._dropped = True
            self._entries.clear()
        self.commit()

    def mru(self) -> Any:
        """Return the key used last, None if ``max_size`` is 0 or nothing is kept."""
        return self._end(last=True)

    def lru(self) -> Any:
        """Return the key used longest ago, None as for ``mru``."""
        return self._end(last=False)

    def _end(self, last: bool) -> Any:
        with self._lock:
            if not self._max_size or not self._entries:
                return None
            return next(reversed(self._entries) if last else iter(self._entries))

    def _make_entry(self, key: Any) -> Entry:
        return Entry()

    def _entry(self, key: Any) -> Entry:
        """Return the entry of ``key``, a new one if need be, as the one used last."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                if self._max_size:
                    self._entries.move_to_end(key)
                return entry
            entry = self._entries[key] = self._make_entry(key)
            if 0 < self._max_size < len(self._entries):
                # Not marked as dropped: who builds its value may go on.
                self._entries.popitem(last=False)
        self.commit()
        return entry

    def _current(self, key: Any, name: Any, entry: Entry) -> Any:
        if entry._building:
            raise RuntimeError(f"the value for {name!r} needs itself to be built")
        entry._building = True
        try:
            opened = self.check(key, name, entry)
            value = entry.get()
            if opened is None and value is not NOT_INITIALIZED:
                return value
            # Should building fail, the old value is not to be served.
            entry.set(NOT_INITIALIZED)
            value = self.build(key, name, opened, entry)
            entry.set(value)
        except BaseException:
            if entry.get() is NOT_INITIALIZED:
                self._drop(key, entry)
            raise
        finally:
            entry._building = False
        self.commit()
        return value

    def _drop(self, key: Any, entry: Entry) -> None:
        with self._lock:
            entry._dropped = True
            if self._entries.get(key) is entry:
                del self._entries[key]


class _WeakEntry(Entry):
    def __init__(self, key: Any, dead: deque[tuple[Any, Entry]]) -> None:
        super().__init__()
        self._note = lambda _: dead.append((key, self))

    def get(self) -> Any:
        if self._value is NOT_INITIALIZED:
            return NOT_INITIALIZED
        value = self._value()
        return NOT_INITIALIZED if value is None else value

    def set(self, value: Any) -> None:
        if value is not NOT_INITIALIZED:
            value = weakref.ref(value, self._note)
        self._value = value


class WeakCache(Cache):
    """A cache that keeps a value only as long as somebody else does.

    Values must take weak references: instances of classes do, numbers and
    strings do not (TypeError).
    """

    def __init__(self, max_size: int = 0) -> None:
        super().__init__(max_size)
        # A value may die anywhere, also inside a method of this cache: its entry
        # is taken out at the next access.
        self._dead: deque[tuple[Any, Entry]] = deque()

    def __len__(self) -> int:
        self._bury()
        return super().__len__()

    def keys(self) -> list[Any]:
        self._bury()
        return super().keys()

    def _make_entry(self, key: Any) -> Entry:
        self._bury()
        return _WeakEntry(key, self._dead)

    def _bury(self) -> None:
        while self._dead:
            try:
                key, entry = self._dead.popleft()
            except IndexError:
                return
            if entry.lock.acquire(blocking=False):
                try:
                    if entry.get() is NOT_INITIALIZED and not entry._building:
                        self._drop(key, entry)
                finally:
                    entry.lock.release()
