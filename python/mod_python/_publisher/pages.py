"""The modules that are published: one cache of them in each interpreter."""

from __future__ import annotations

import os
import stat
from types import ModuleType
from typing import Any, NamedTuple

from mod_python import _apache
from mod_python._cache.files import ModuleCache
from mod_python._cache.store import NOT_INITIALIZED, Entry
from mod_python._publisher.log import debugging, write

__all__ = ["load"]


class _Wanted(NamedTuple):
    """What a page is asked for with. ``reload``: look whether the file has changed."""

    file: str
    reload: bool
    req: Any


class _Pages(ModuleCache):
    def key(self, name: _Wanted) -> str:
        return name.file

    def check(self, key: str, name: _Wanted, entry: Entry) -> Any:
        known = entry.get() is not NOT_INITIALIZED
        if known and not name.reload:
            return None
        opened = super().check(key, name, entry)
        if opened is not None and debugging(name.req):
            verb = "reloading" if known else "loading"
            write(name.req, "MPY0650", _apache.APLOG_NOTICE, f"{verb} {key!r}")
        return opened


_pages = _Pages()
_entries = _pages._entries


def load(req: Any, file: str) -> ModuleType | None:
    """Return the module of ``file``, executed if it is new or has changed.

    None if there is no such file. Raises what executing it raises.
    """
    entry = _entries.get(file)
    if entry is not None:
        module: Any = entry._value
        if module is not NOT_INITIALIZED and req._is_current(file, module.__mp_stamp__):
            return module  # type: ignore[no-any-return]
    if not _is_file(file):
        return None
    reload = req.get_config().get("PythonAutoReload") != "0"
    try:
        return _pages[_Wanted(file, reload, req)]  # type: ignore[no-any-return]
    except FileNotFoundError as error:
        if error.filename == file and not _is_file(file):
            return None
        raise


def _is_file(file: str) -> bool:
    try:
        # Cheaper where there is nothing, as for each name that index.py has.
        return os.access(file, os.F_OK) and stat.S_ISREG(os.stat(file).st_mode)
    except (OSError, ValueError):
        return False
