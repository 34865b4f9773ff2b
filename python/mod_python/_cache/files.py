"""Caches of what files hold: their contents, or the modules that they are.

Shown to users by ``mod_python.cache``; the publisher keeps its modules in one.
"""

from __future__ import annotations

import os
import re
from types import ModuleType
from typing import Any

from mod_python._cache.store import NOT_INITIALIZED, Cache, Entry
from mod_python._refusal import report_refusal
from mod_python._stamp import stamp_from, stamp_of

__all__ = ["FileCache", "ModuleCache", "module_name"]

_NOT_WORD = re.compile(r"\W+")


class FileCache(Cache):
    """``cache[file]`` is the contents of ``file``, read again if it has changed.

    mode: as for ``open``: bytes with ``'rb'``, text with ``'r'``. A missing file
    raises OSError. Files are known by their absolute path.
    """

    def __init__(self, max_size: int = 0, mode: str = "rb") -> None:
        super().__init__(max_size)
        self._mode = mode

    def key(self, name: Any) -> Any:
        return os.path.abspath(name)

    def check(self, key: Any, name: Any, entry: Entry) -> Any:
        # A time in whole seconds, or of a file that was put back, is not enough.
        if entry.get() is not NOT_INITIALIZED:
            stamp = getattr(entry, "stamp", None)
            if stamp is None or stamp == stamp_from(os.stat(key)):
                return None
        return open(key, self._mode)

    def build(self, key: Any, name: Any, opened: Any, entry: Any) -> Any:
        with opened:
            stamp = stamp_from(os.fstat(opened.fileno()))
            value = self._read(key, name, opened, stamp)
        entry.stamp = stamp
        return value

    def _read(self, key: Any, name: Any, opened: Any, stamp: Any) -> Any:
        return opened.read()


class ModuleCache(FileCache):
    """``cache[file]`` is a module: ``file`` executed, again if it has changed.

    Each time in a new module object, which is not in ``sys.modules``. Its name is
    the path with ``_`` for what is no letter or digit, so equal names in
    different directories do not meet. Raises OSError, SyntaxError, and what the
    code raises, again and again until the file is better: an old module does not
    come back.
    """

    def __init__(self, max_size: int = 0) -> None:
        super().__init__(max_size)

    def _read(self, key: Any, name: Any, opened: Any, stamp: Any) -> Any:
        module: Any = ModuleType(module_name(key))
        module.__file__ = key
        # What the file was, in the module itself: no thread can see the one
        # without the other.
        module.__mp_stamp__ = stamp
        try:
            code = compile(opened.read(), key, "exec", dont_inherit=True)
            exec(code, vars(module))
        except BaseException as error:
            report_refusal(error, f"executing {key!r}")
            raise
        return module


def module_name(file: str) -> str:
    """Return the ``__name__`` of the module in ``file``."""
    return _NOT_WORD.sub("_", file)


def is_current(module: Any) -> bool:
    """Tell whether the file of a module of a ModuleCache is what was executed."""
    return bool(module.__mp_stamp__ == stamp_of(module.__file__))
