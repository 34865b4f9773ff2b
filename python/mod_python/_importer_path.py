"""The path importer: modules by file, each reload a new module object.

Selected by ``PythonOption mod_python.importer path``; called by ``_modes`` and
``_core``. A module is known by its file, so equal names in different directories
do not meet. Its ``__name__`` is ``_mp_`` and the MD5 sum of the path, always the
same for one file, and under that name only it is in ``sys.modules``, for pickle
and dataclasses.

Import statements inside such a module come here through the ``__import__`` of
its own ``__builtins__``: it tells which module asks, and puts nothing into
``sys.modules`` under the plain name.
"""

import builtins
import importlib
import itertools
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from mod_python import _apache
from mod_python._current import RequestNotes, flag, request_notes
from mod_python._import_lock import name_lock
from mod_python._path_module import (
    CacheEntry,
    ModuleInfo,
    label_of,
    make_module,
    write_log,
)
from mod_python._path_search import Origin, find_file, is_file_form
from mod_python._refusal import report_refusal
from mod_python._stamp import stamp_from, stamp_of


class _Loading(threading.local):
    """The modules this thread is executing, outermost first."""

    def __init__(self) -> None:
        self.stack: list[ModuleType] = []


_cache: dict[str, CacheEntry] = {}
_loading = _Loading()
_pending: dict[str, ModuleType] = {}
_generations = itertools.count(1)
_frozen = False


def import_module(
    name: str,
    autoreload: bool | int | None,
    log: bool | int | None,
    path: Sequence[str] | None,
    caller: Mapping[str, Any],
) -> ModuleType:
    """Import ``name`` for the module with the globals ``caller``.

    What is not found by file is imported the standard way, without reloading.
    """
    return _import(name, autoreload, log, path, _origin_of(caller))


def import_handler(
    name: str, directory: str | None, autoreload: bool, log: bool
) -> ModuleType:
    """Import the module of a handler entry that belongs to ``directory``."""
    req, notes = _apache.current_request(), request_notes()
    if req is not None and notes is not None:
        notes.enter_handler(req.phase, directory)
    path = None if directory is None or is_file_form(name) else [directory]
    return _import(name, autoreload, log, path, Origin(directory))


def freeze_modules() -> None:
    """Keep every loaded module of this interpreter from now on."""
    global _frozen
    _frozen = True


def module_info(label: str) -> CacheEntry:
    """Return the entry of the module called ``label``; KeyError if none."""
    for entry in list(_cache.values()):
        if entry.label == label:
            return entry
    raise KeyError(label)


def entries() -> list[CacheEntry]:
    """Return all entries, in the order of first loading."""
    return list(_cache.values())


def _origin_of(caller: Mapping[str, Any]) -> Origin:
    info = caller.get("__mp_info__")
    if not isinstance(info, ModuleInfo):
        return Origin()
    return Origin(os.path.dirname(info.file), caller.get("__mp_path__") or ())


def _import(
    name: str,
    autoreload: bool | int | None,
    log: bool | int | None,
    path: Sequence[str] | None,
    origin: Origin,
) -> ModuleType:
    path = [path] if isinstance(path, str) else list(path or ())
    file = find_file(name, path, origin, _cache)
    if file is not None:
        return _load(file, path if is_file_form(name) else (), autoreload, log)
    if "/" in name:
        raise ModuleNotFoundError(f"No module file named {name!r}", name=name)
    try:
        return importlib.import_module(name)
    except BaseException as error:
        report_refusal(error, f"importing module {name!r}")
        raise


def _import_statement(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    if level == 0 and "." not in name and globals is not None:
        file = find_file(name, (), _origin_of(globals), _cache)
        if file is not None:
            return _load(file, (), None, None)
    return builtins.__import__(name, globals, locals, fromlist or (), level)


def _load(
    file: str,
    path: Sequence[str],
    autoreload: bool | int | None,
    log: bool | int | None,
) -> ModuleType:
    stack = _loading.stack
    if not stack:
        return _load_for_request(file, path, autoreload, log)
    info = stack[-1].__mp_info__
    if info.file == file:
        raise AssertionError(f"Import cycle: {file!r} imports itself")
    info.uses[file] = 0
    module = _load_for_request(file, path, autoreload, log)
    entry: CacheEntry | None = module.__mp_info__.cache
    if entry is not None:
        info.uses[file] = entry.generation
    return module


def _load_for_request(
    file: str,
    path: Sequence[str],
    autoreload: bool | int | None,
    log: bool | int | None,
) -> ModuleType:
    """Return one module for ``file`` as long as the request lasts."""
    stack = _loading.stack
    notes: RequestNotes | None = request_notes()
    if notes is not None and file in notes.modules:
        return notes.modules[file]
    for module in stack:
        if module.__file__ == file:
            write_log("WARNING", f"Module '{file}' is imported by one that it imports")
            return module
    if log is None:
        log = flag("PythonDebug", False)
    if autoreload is None:
        autoreload = flag("PythonAutoReload", True)
    with name_lock(label_of(file)) as locked:
        entry = _cache.get(file)
        if not locked and (entry or file in _pending):
            return entry.module if entry else _pending[file]
        if entry is None or _is_outdated(entry, bool(autoreload)):
            entry = _execute(file, path, entry, bool(log))
    loaded: ModuleType = entry.module
    if notes is not None:
        notes.modules[file] = loaded
    return loaded


def _is_outdated(entry: CacheEntry, autoreload: bool) -> bool:
    if _frozen or not autoreload:
        return False
    if stamp_of(entry.file) is None:
        write_log(
            "WARNING", f"File of module '{entry.file}' is gone; keeping the module"
        )
        return False
    return _has_changed(entry, set())


def _has_changed(entry: CacheEntry, seen: set[str]) -> bool:
    seen.add(entry.file)
    stamp = stamp_of(entry.file)
    if entry.failed or stamp not in (None, entry.stamp):
        return True
    for file, used in list(entry.module.__mp_info__.uses.items()):
        child = _cache.get(file)
        if child is None or child.generation != used:
            return True
        if file not in seen and _has_changed(child, seen):
            return True
    return False


def _execute(
    file: str, path: Sequence[str], old: CacheEntry | None, log: bool
) -> CacheEntry:
    label = label_of(file)
    try:
        with open(file, "rb") as source:
            stamp = stamp_from(os.fstat(source.fileno()))
            code = compile(source.read(), file, "exec", dont_inherit=True)
        if log:
            verb = "Importing" if old is None else "Reimporting"
            write_log("NOTICE", f"{verb} module '{file}'")
            if _is_in_sys_path(os.path.dirname(file)):
                write_log(
                    "WARNING", f"Directory of module '{file}' is in sys.path as well"
                )
        module = make_module(label, file, path, old, log, _import_statement)
        sys.modules[label] = _pending[file] = module
        _loading.stack.append(module)
        try:
            exec(code, vars(module))
        finally:
            _loading.stack.pop()
            del _pending[file]
    except BaseException as error:
        if old is None:
            sys.modules.pop(label, None)
        else:
            old.failed = True
            sys.modules[label] = old.module
        report_refusal(error, f"importing module {file!r}")
        if isinstance(error, FileNotFoundError) and error.filename == file:
            raise ModuleNotFoundError(f"No module file {file!r}", path=file) from error
        raise
    entry = CacheEntry(label, file, module, stamp, next(_generations))
    module.__mp_info__.cache = _cache[file] = entry
    return entry


def _is_in_sys_path(directory: str) -> bool:
    return any(os.path.abspath(element) == directory for element in sys.path)
