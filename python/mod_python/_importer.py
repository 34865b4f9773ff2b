"""The default importer: modules by name in ``sys.modules``, reloaded in place.

``import_module`` is called by ``_modes`` for handlers, by httpd through
``_core``, and by user code as ``apache.ximport_module``. Reloading executes the
source again in the namespace of the existing module, so names that the new
source does not bind keep their values.
"""

import os
import sys
import time
from collections.abc import Sequence
from importlib.machinery import BuiltinImporter, ExtensionFileLoader, FrozenImporter
from types import ModuleType
from typing import Any

from mod_python import _apache
from mod_python._execute import execute, find_spec
from mod_python._import_lock import name_lock
from mod_python._refusal import report_refusal
from mod_python._stamp import Stamp, seconds, stamp_of

_NEVER_AGAIN = (BuiltinImporter, FrozenImporter, ExtensionFileLoader)

#: Names being executed; only the thread that holds a name's lock finds it here.
_loading: set[str] = set()


def import_module(
    module_name: str,
    autoreload: bool | int | None = None,
    log: bool | int | None = None,
    path: Sequence[str] | None = None,
) -> ModuleType:
    """Return the module ``module_name``, imported or executed again as needed.

    autoreload: execute it again if its file has changed; None means true.
    log: say so in the error log at level notice; None means false.
    path: directories to search for the first component instead of ``sys.path``.
    Raises ImportError, SyntaxError or whatever the module raises. A first
    import that fails leaves nothing behind; a failed reload leaves the module
    as it was, and the next call tries again.
    """
    if isinstance(path, str):
        path = [path]
    reload = autoreload is None or bool(autoreload)
    module = _present(module_name, reload, path)
    if module is not None:
        return module
    parts = module_name.split(".")
    if "" in parts or "/" in module_name:
        raise ModuleNotFoundError(
            f"{module_name!r} is not a module name", name=module_name
        )
    with name_lock(module_name) as locked:
        # Another thread may have done the work while this one waited.
        module = _present(module_name, reload, path)
        if module is None and (not locked or _is_being_made(module_name)):
            module = sys.modules.get(module_name)
        if module is not None:
            return module
        if log:
            _log_import(module_name, path)
        try:
            return _import_parts(parts, path)
        except BaseException as error:
            report_refusal(error, f"importing module {module_name!r}")
            raise


def module_mtime(module: ModuleType) -> float:
    """Return when the file of ``module`` was last modified, 0.0 if unknown.

    Seconds since the epoch; the newest of ``__file__`` and ``__file__`` without
    its last character (source of a ``.pyc``). Sets ``__mtime_check__`` to now.
    """
    module.__mtime_check__ = time.time()  # type: ignore[attr-defined]
    return seconds(stamp_of(getattr(module, "__file__", None)))


def _present(name: str, reload: bool, path: Sequence[str] | None) -> ModuleType | None:
    """Return the module if it is there, complete, and need not be executed."""
    module = sys.modules.get(name)
    if module is None or _is_first_load(module):
        return None
    return None if reload and _changed(module, path) else module


def _is_first_load(module: ModuleType) -> bool:
    # importlib's mark, which _execute sets as well.
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _is_being_made(name: str) -> bool:
    """Tell whether this thread, which holds the lock, is executing ``name``."""
    module = sys.modules.get(name)
    return module is not None and (name in _loading or _is_first_load(module))


def _changed(module: Any, path: Sequence[str] | None) -> bool:
    if _is_fixed(module):
        return False
    if path and not _is_below(module.__file__, path):
        return True
    stamp = stamp_of(module.__file__)
    module.__mtime_check__ = time.time()
    known = vars(module)
    return bool(
        known.get("__mtime__", 0) != seconds(stamp)
        or known.get("__mp_stamp__", stamp) != stamp
    )


def _is_fixed(module: Any) -> bool:
    """Tell whether executing ``module`` again is impossible or would break it."""
    if not isinstance(module, ModuleType) or not getattr(module, "__file__", None):
        return True
    name = module.__name__
    if name == "mod_python" or name.startswith("mod_python."):
        return True
    loader = getattr(module, "__loader__", None)
    return isinstance(loader, _NEVER_AGAIN) or loader in _NEVER_AGAIN


def _is_below(file: str, path: Sequence[str]) -> bool:
    file = os.path.abspath(file)
    return any(
        file.startswith(os.path.join(os.path.abspath(directory), ""))
        for directory in path
    )


def _import_parts(parts: list[str], path: Sequence[str] | None) -> ModuleType:
    """Import each component; the last one is executed even if it is there.

    A package on the way is executed again only if its own file has changed.
    """
    parent: ModuleType | None = None
    last = ".".join(parts)
    already = sys.modules.get(last)
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        search = getattr(parent, "__path__", None) if parent else path
        if parent is not None and search is None:
            raise ModuleNotFoundError(
                f"No module named {last!r}; {parent.__name__!r} is not a package",
                name=last,
            )
        module = sys.modules.get(name)
        with name_lock(name):
            if name != last:
                module = sys.modules.get(name)
                if module is None or _parent_changed(
                    module, search if count == 1 else None
                ):
                    module = _load(name, search)
            elif module is None or module is already:
                # A package that imports its submodule has just made it.
                module = _load(name, search)
            else:
                _remember(module, stamp_of(getattr(module, "__file__", None)))
        if parent is not None:
            setattr(parent, parts[count - 1], module)
        parent = module
    assert parent is not None
    return parent


def _parent_changed(package: ModuleType, path: Sequence[str] | None) -> bool:
    if _is_fixed(package) or _is_being_made(package.__name__):
        return False
    if path and not _is_below(package.__file__ or "", path):
        return True
    stamp = vars(package).get("__mp_stamp__")
    if stamp is None:
        _remember(package, stamp_of(package.__file__))
        return False
    return bool(stamp != stamp_of(package.__file__))


def _load(name: str, search: Sequence[str] | None) -> ModuleType:
    module = sys.modules.get(name)
    spec = find_spec(name, search)
    if spec is None and module is not None and search is None:
        # Its directory has left sys.path: PythonPath replaces the list.
        spec = getattr(module, "__spec__", None)
        if spec is not None and not os.path.exists(spec.origin or ""):
            spec = None
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    _loading.add(name)
    try:
        module, stamp = execute(spec, module)
    finally:
        _loading.discard(name)
    _remember(module, stamp)
    return module


def _remember(module: Any, stamp: Stamp | None) -> None:
    if _is_fixed(module):
        return
    module.__mp_stamp__ = stamp
    module.__mtime__ = seconds(stamp)
    module.__mtime_check__ = time.time()


def _log_import(name: str, path: Sequence[str] | None) -> None:
    where = f" with path set to '{path}'" if path else ""
    _apache.log_error(
        f"mod_python: (Re)importing module '{name}'{where}", _apache.APLOG_NOTICE
    )
