"""The modules of the path importer: how they are made, labelled and logged.

Used by ``_importer_path`` and, for pictures, ``_path_graph``.
"""

import builtins
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from mod_python import _apache
from mod_python._stamp import Stamp, seconds


@dataclass(eq=False)
class CacheEntry:
    """A loaded file. ``generation`` counts loads; ``failed``: its reload did."""

    label: str
    file: str
    module: Any
    stamp: Stamp
    generation: int
    failed: bool = False

    @property
    def mtime(self) -> float:
        """Modification time of what was executed, seconds since the epoch."""
        return seconds(self.stamp)

    @property
    def children(self) -> set[str]:
        """Files of the modules imported while this one was loaded."""
        info: ModuleInfo = self.module.__mp_info__
        return info.children


@dataclass(eq=False)
class ModuleInfo:
    """``__mp_info__`` of a module; ``cache`` is None until it is loaded.

    ``uses``: the files that it imported, each with the generation it got; 0 where
    that one was not loaded, or not yet, so that the next request loads it again.
    """

    label: str
    file: str
    cache: CacheEntry | None = None
    uses: dict[str, int] = field(default_factory=dict)

    @property
    def children(self) -> set[str]:
        """Files of the modules imported while this one was loaded."""
        return set(self.uses)


def make_module(
    label: str,
    file: str,
    path: Sequence[str],
    old: CacheEntry | None,
    log: bool,
    import_statement: Callable[..., Any],
) -> Any:
    """Return a new module for ``file``, not executed yet.

    ``__mp_clone__`` of the module it replaces may put state into it.
    ``import_statement`` is what ``import`` calls in its code.
    """
    module = _new(label, file, path, import_statement)
    clone = getattr(old.module, "__mp_clone__", None) if old else None
    if clone is None:
        return module
    try:
        if log:
            write_log("NOTICE", f"Cloning module '{file}'")
        clone(module)
    except Exception:
        _log_failure(f"Cloning module '{file}' failed")
        purge = getattr(old.module, "__mp_purge__", None) if old else None
        if purge is not None:
            try:
                if log:
                    write_log("NOTICE", f"Purging module '{file}'")
                purge()
            except Exception:
                _log_failure(f"Purging module '{file}' failed")
        module = _new(label, file, path, import_statement)
    return module


def _new(
    label: str, file: str, path: Sequence[str], import_statement: Callable[..., Any]
) -> Any:
    module: Any = ModuleType(label)
    module.__file__ = file
    module.__mp_info__ = ModuleInfo(label, file)
    module.__mp_path__ = list(path)
    module.__builtins__ = {**vars(builtins), "__import__": import_statement}
    return module


def label_of(file: str) -> str:
    """Return the ``__name__`` of the module in ``file``."""
    # Loads OpenSSL, so only where this importer is used.
    import hashlib

    digest = hashlib.md5(os.fsencode(file), usedforsecurity=False)
    return "_mp_" + digest.hexdigest()


def _log_failure(text: str) -> None:
    write_log("ERR", text)
    for line in traceback.format_exc().splitlines():
        write_log("ERR", line)


def write_log(level: str, text: str) -> None:
    """Log ``text``; ``level`` is the name behind ``APLOG_``."""
    _apache.log_error(
        f"mod_python (pid={os.getpid()}, interpreter={_apache.interpreter!r}): {text}",
        getattr(_apache, f"APLOG_{level}"),
    )
