"""A CGI script: which file it is, and its surroundings while it runs.

Used by ``mod_python.cgihandler``, which holds the lock of the process: all of
this belongs to the process or the interpreter, not to the request.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import (
    ExtensionFileLoader,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import module_from_spec, spec_from_file_location
from types import CodeType, ModuleType

from mod_python import _apache, apache
from mod_python._stamp import Stamp, stamp_from

_LOADERS = {".py": SourceFileLoader, ".pyc": SourcelessFileLoader}


def script_of(req: _apache.mp_request) -> str | None:
    """Return the path of the script that ``req`` asks for, None where there is none.

    SCRIPT_FILENAME of ``subprocess_env`` wins over the file that httpd found.
    """
    path = req.subprocess_env.get("SCRIPT_FILENAME") or req.filename
    if not path or os.path.splitext(path)[1] not in _LOADERS:
        return None
    path = os.path.abspath(path)
    real = os.path.realpath(path)
    if os.path.dirname(real) != os.path.realpath(os.path.dirname(path)):
        req.log_error(
            f"MPY0660: {path} is not run: it leads to {real}, outside of its folder"
            f" (interpreter '{apache.interpreter}')"
        )
        return None
    return path if os.path.isfile(real) else None


def run(req: _apache.mp_request, script: str) -> None:
    """Run a script for ``req``; everything is as it was afterwards.

    SystemExit is a normal end; its text, if any, goes to ``sys.stderr``.
    """
    folder, base = os.path.split(script)
    name = os.path.splitext(base)[0]
    _forget(folder)
    with _inside(folder), _as_script(req), _named(name, script) as module:
        try:
            exec(_code(script), vars(module))
        except SystemExit as end:
            if end.code is not None and not isinstance(end.code, int):
                print(end.code, file=sys.stderr)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()


@contextmanager
def _inside(folder: str) -> Iterator[None]:
    """Work in a folder, where imports look first."""
    before = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir(folder)
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            if folder in sys.path:
                sys.path.remove(folder)
            # A script that adds folders adds them each time.
            sys.path[:] = dict.fromkeys(sys.path)
            os.fchdir(before)
    finally:
        os.close(before)


@contextmanager
def _as_script(req: _apache.mp_request) -> Iterator[None]:
    argv = sys.argv
    saved = apache.setup_cgi(req)
    try:
        yield
    finally:
        apache.restore_nocgi(*saved)
        sys.argv = argv


@contextmanager
def _named(name: str, script: str) -> Iterator[ModuleType]:
    """Give a new module for the script, in ``sys.modules`` unless the name is another module's."""
    loader = _LOADERS[os.path.splitext(script)[1]](name, script)
    spec: ModuleSpec | None = spec_from_file_location(name, script, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    if sys.modules.setdefault(name, module) is not module:
        yield module
        return
    try:
        yield module
    finally:
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _code(script: str) -> CodeType:
    with open(script, "rb") as file:
        stamp = stamp_from(os.fstat(file.fileno()))
    return _compiled(script, stamp)


# A changed file has another stamp.
@functools.lru_cache(maxsize=256)
def _compiled(script: str, stamp: Stamp) -> CodeType:
    if script.endswith("c"):
        code = SourcelessFileLoader("script", script).get_code("script")
        if code is None:
            raise ImportError(f"{script} holds no code", path=script)
        return code
    with open(script, "rb") as file:
        return compile(file.read(), script, "exec", dont_inherit=True)


def _forget(folder: str) -> None:
    """Take the modules beside the script out of ``sys.modules``: they are imported anew.

    Packages go as a whole, but not those with extension modules, which cannot be
    loaded twice.
    """
    beside: set[str] = set()
    fixed: set[str] = set()
    for name, module in list(sys.modules.items()):
        if not isinstance(module, ModuleType):
            continue
        top = name.partition(".")[0]
        names = vars(module)
        if isinstance(names.get("__loader__"), ExtensionFileLoader):
            fixed.add(top)
        if name == top and _folder(names.get("__file__"), "__path__" in names) == folder:
            beside.add(top)
    for name in list(sys.modules):
        if name.partition(".")[0] in beside - fixed:
            sys.modules.pop(name, None)


def _folder(file: object, is_package: bool) -> str | None:
    """Return the folder in which a module was found."""
    if not isinstance(file, str):
        return None
    folder = os.path.dirname(file)
    return os.path.dirname(folder) if is_package else folder
