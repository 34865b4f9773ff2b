"""Finding a module and executing its source, never a compiled file's.

Used by the default importer. A ``.pyc`` is trusted by its source's size and
whole seconds, so an edit within the same second could be missed.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from mod_python._stamp import Stamp, stamp_from, stamp_of


def find_spec(name: str, search: Sequence[str] | None) -> ModuleSpec | None:
    """Find ``name`` in the directories ``search``, None: wherever Python looks.

    For a submodule ``search`` is the ``__path__`` of its package.
    """
    for attempt in range(2):
        if search is not None and "." not in name:
            spec = PathFinder.find_spec(name, list(search))
            if spec is not None:
                return spec
        else:
            for finder in list(sys.meta_path):
                find = getattr(finder, "find_spec", None)
                spec = find(name, search) if find else None
                if spec is not None:
                    found: ModuleSpec = spec
                    return found
        if attempt == 0:
            # Directory listings are cached by the directory's date, which a
            # file made within one tick of the clock does not change.
            importlib.invalidate_caches()
    return None


def execute(
    spec: ModuleSpec, module: ModuleType | None
) -> tuple[ModuleType, Stamp | None]:
    """Execute ``spec`` in ``module``, or in a new module if that is None.

    Returns the module found in ``sys.modules`` afterwards (one may replace
    itself) and the stamp of exactly what was executed. If it raises, a new
    module is gone from ``sys.modules`` and an old one has its old contents.
    """
    fresh = module is None
    if module is None:
        module = module_from_spec(spec)
        # Makes other threads wait for the lock, from the moment they can see it.
        spec._initializing = True  # type: ignore[attr-defined]
        sys.modules[spec.name] = module
        before: dict[str, Any] = {}
    else:
        before = dict(vars(module))
    code: Any = None
    stamp: Stamp | None
    try:
        if spec.loader is None and spec.submodule_search_locations is None:
            raise ImportError(f"module {spec.name!r} has no loader", name=spec.name)
        if isinstance(spec.loader, SourceFileLoader):
            code, stamp = _compile(spec.loader, os.fspath(spec.origin or ""))
        else:
            stamp = stamp_of(spec.origin) if spec.has_location else None
        if not fresh:
            _adopt(spec, module)
        if code is not None:
            exec(code, vars(module))
        elif spec.loader is not None:
            spec.loader.exec_module(module)
    except BaseException:
        if fresh:
            sys.modules.pop(spec.name, None)
        else:
            _restore(vars(module), before)
        raise
    finally:
        spec._initializing = False  # type: ignore[attr-defined]
    return sys.modules.get(spec.name, module), stamp


def _compile(loader: SourceFileLoader, file: str) -> tuple[Any, Stamp]:
    with open(file, "rb") as source:
        stamp = stamp_from(os.fstat(source.fileno()))
        return loader.source_to_code(source.read(), file), stamp


def _adopt(spec: ModuleSpec, module: Any) -> None:
    """Tell an existing module where its new source lies."""
    module.__spec__ = spec
    module.__loader__ = spec.loader
    if spec.has_location:
        module.__file__ = spec.origin
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations


def _restore(names: dict[str, Any], before: dict[str, Any]) -> None:
    names.update(before)
    for name in [name for name in names if name not in before]:
        del names[name]
