"""What the native module calls, on cold paths only; nobody else does.

Every function is called with the GIL held, in the interpreter concerned, and
may raise anything that user code raises.
"""

import atexit
import functools
import gc
import linecache
import os
import sys
import threading

# linecache imports it for its first line of source. An interpreter with a GIL of
# its own cannot do so while somebody keeps the main one's.
import tokenize as tokenize
import traceback
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any

from mod_python import _importer, _modes, _signals, _streams, apache
from mod_python._current import get_current_config
from mod_python._refusal import report_refusal
from mod_python._resolve import method_of, resolve_object

__all__ = [
    "apply_python_path",
    "begin_call",
    "compile_element",
    "format_exception",
    "format_stack",
    "prepare",
    "prepare_stacks",
    "load_handler_module",
    "pdb_call",
    "method_of",
    "quote_element",
    "resolve_object",
    "run_exit_callbacks",
    "run_import",
]

sys.argv = ["mod_python"]

#: Parts of a traceback that are shown. Python's recursion limit of 1,000 calls fits; notes can be many more: from
#: Python 3.14 on json.dumps() adds one for each level of its data.
_LONGEST_TRACEBACK = 2_000

_path_lock = threading.RLock()
_applied_paths: set[str] = set()


def load_handler_module(
    name: str, directory: str | None, autoreload: bool, log: bool, importer: str
) -> ModuleType:
    """Import the module of a handler entry, or execute it again if it changed.

    directory: of the handler entry, None if there is none. The path importer
    searches it first. With importer ``''`` the caller has put it on ``sys.path``.
    Any other value means the default importer too.
    Every source module of the default importer gets ``__mtime__`` (float, equal to
    st_mtime) and ``__mp_stamp__`` (st_mtime_ns, st_size, st_ino) of what was
    executed.
    """
    if importer == "path":
        if not _modes.keeps_old_importer():
            from mod_python import _importer_path

            return _importer_path.import_handler(name, directory, autoreload, log)
    if importer:
        _add_directory(directory)
    return _importer.import_module(name, autoreload, log)


def _add_directory(directory: str | None) -> None:
    """Do where the option is set what the caller does where it is not."""
    if directory and get_current_config().get("PythonPath") is None:
        with _path_lock:
            if directory not in sys.path:
                sys.path.insert(0, directory)


def apply_python_path(text: str) -> None:
    """Replace the contents of ``sys.path`` by the value of ``text``.

    Once per text and interpreter, counted only if it succeeded. Raises
    TypeError unless the value is an iterable of str or path objects.
    """
    if text in _applied_paths:
        return
    with _path_lock:
        if text in _applied_paths:
            return
        # Bytes that are no UTF-8 came as lone surrogates: fine in a path, not in
        # Python source, where their escapes mean the same.
        value = eval(text.encode(errors="backslashreplace"), vars(apache))
        if isinstance(value, (str, bytes)):
            raise TypeError(f"PythonPath must give a list of strings: {text}")
        elements = [os.fspath(element) for element in value]
        if not all(isinstance(element, str) for element in elements):
            raise TypeError(f"PythonPath must give a list of strings: {text}")
        sys.path[:] = elements
        _applied_paths.add(text)


def run_import(text: str, log: bool) -> None:
    """Carry out ``PythonImport module[::function]``.

    The function is called without arguments. Raises AttributeError if it is
    missing.
    """
    name, separator, function = text.partition("::")
    module = _modes.import_module(name, log=log)
    if separator:
        # Only the first name needs care; no class is instantiated here.
        first, *rest = function.split(".")
        target = resolve_object(module, first)
        for attribute in rest:
            target = getattr(target, attribute)
        target()


def compile_element(source: bytes, name: str, expression: bool) -> CodeType:
    """Compile the code of an SSI element; ``name`` stands for it in tracebacks.

    Raises SyntaxError, also for bytes that are no UTF-8 (or what a coding comment
    says), with the line inside the element.
    """
    if len(source) > 65536:
        return _compile_element.__wrapped__(source, name, expression)
    return _compile_element(source, name, expression)


# Compiling takes several times as long as running. Pages may be made anew for each
# request, so what is kept has an end.
@functools.lru_cache(maxsize=256)
def _compile_element(source: bytes, name: str, expression: bool) -> CodeType:
    source = _element_source(source)
    if expression:
        source = source.lstrip(b" \t")
    return compile(source, name, "eval" if expression else "exec", dont_inherit=True)


def _element_source(source: bytes) -> bytes:
    return source.replace(b"\r\n", b"\n").rstrip()


def quote_element(source: bytes | None, name: str) -> None:
    """Let tracebacks show lines of an SSI element; None ends that."""
    linecache.cache.pop(name, None)
    if source is not None:
        lines = _element_source(source).decode(errors="replace").splitlines(True)
        linecache.cache[name] = (len(source), None, lines, name)


def prepare() -> None:
    """Do what an interpreter needs before any code of users: standard streams that log, and signals that stay httpd's."""
    _streams.install()
    _signals.install()


def format_exception(exc: BaseException) -> list[str]:
    """Return the traceback of ``exc`` in chunks without trailing newlines, its middle left out where it is very long."""
    report_refusal(exc, "an import")
    if isinstance(exc, MemoryError):
        _free(exc)
    chunks = traceback.format_exception(type(exc), exc, exc.__traceback__)
    more = len(chunks) - _LONGEST_TRACEBACK
    if more > 0:
        half = _LONGEST_TRACEBACK // 2
        chunks[half:-half] = [f"  [{more} more parts are left out]"]
    return [chunk.rstrip("\n") for chunk in chunks]


def _free(exc: MemoryError) -> None:
    """Let go of what the functions held that ``exc`` has ended, cycles too: httpd needs memory for its answer."""
    chain: BaseException | None = exc
    for _ in range(100):
        if chain is None:
            break
        traceback.clear_frames(chain.__traceback__)
        chain = chain.__context__
    gc.collect()


def format_stack(frame: FrameType) -> list[str]:
    """Return the lines of a stack, the innermost call last.

    As `traceback.format_stack`, which imports modules when it is first used
    in Python 3.15: that takes the main interpreter's GIL.
    """
    lines = []
    for inner, number in reversed([*traceback.walk_stack(frame)]):
        code = inner.f_code
        lines.append(f'  File "{code.co_filename}", line {number}, in {code.co_name}')
        linecache.checkcache(code.co_filename)
        if source := linecache.getline(code.co_filename, number, inner.f_globals).strip():
            lines.append(f"    {source}")
    return lines


def begin_call() -> None:
    """Do nothing: an exception that waits for this thread is raised here."""


def prepare_stacks(signal: tuple[int, int] | None) -> None:
    """Do in the main interpreter what those with a GIL of their own could not do while somebody keeps the main one's.

    From Python 3.12 on some functions of C that take keywords need the main
    interpreter when they are called for the first time in a process.

    signal: a signal, and the file to which it writes the stack of the thread
        that gets it.
    """
    format_stack(sys._getframe())
    if signal:
        import faulthandler

        faulthandler.register(signal[0], file=signal[1], all_threads=False, chain=False)


def pdb_call(function: Callable[[Any], Any], arg: Any) -> Any:
    """Return ``function(arg)`` run under pdb; quitting raises bdb.BdbQuit."""
    # pdb pulls in much of the library, so only where it is used.
    from mod_python import _debug

    return _debug.call(function, arg)


def run_exit_callbacks() -> None:
    """Run what was registered with ``atexit`` in this interpreter, once.

    Exceptions are reported on stderr; the other callbacks still run.
    """
    atexit._run_exitfuncs()
