"""The compiled pages of this interpreter. Used by ``page``."""

from __future__ import annotations

import threading
from collections import OrderedDict
from types import CodeType
from typing import Generic, NamedTuple, Optional, TypeVar

from mod_python import _apache
from mod_python._psp.compiled import Translation, compile_program, file_of
from mod_python._psp.source import Dependency, Reader, directory_of, is_fresh

#: Entries of each of the two caches.
SIZE = 512

#: What string templates are called in tracebacks.
STRING_NAME = "__psp__"


class Page(NamedTuple):
    """A compiled page.

    parts: code to execute in this order. session, form: the page's top level uses the name. translation: of the page's
    text. files: the page, unless it was a string, and what it includes. ignored: file, line and text of directives that
    mean nothing.
    """

    parts: tuple[CodeType, ...]
    session: bool
    form: bool
    translation: Translation
    files: tuple[Dependency, ...]
    ignored: list[tuple[str, int, str]]


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Recent(Generic[_Key, _Value]):
    """The entries that were used last; may be used by several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Optional[_Value]:
        """Return an entry, None if there is none."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found

    def put(self, key: _Key, value: _Value) -> None:
        """Keep an entry, and forget the one that was not used for longest."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)


_pages: Recent[str, Page] = Recent(SIZE)
_templates: Recent[str, Page] = Recent(SIZE)


def file_page(path: str, look: bool) -> tuple[Page, bool]:
    """Return the compiled page of a file, and whether it was compiled just now.

    look: whether the file, or one that it includes, has changed since. Raises OSError for a file that cannot be read,
    SyntaxError, UnicodeDecodeError.
    """
    found = _pages.get(path)
    if found is not None and not (look and not is_fresh(found.files)):
        return found, False
    reader = Reader(directory_of(path))
    made = _compile(reader.page(path), path, reader)
    _pages.put(path, made)
    return made, True


def string_page(template: str) -> tuple[Page, bool]:
    """Return the compiled page of a template, as file_page does; included files are always looked at."""
    found = _templates.get(template)
    if found is not None and is_fresh(found.files):
        return found, False
    made = _compile(template, STRING_NAME, Reader(""))
    _templates.put(template, made)
    return made, True


def translate(text: str, name: str, reader: Reader) -> Translation:
    """Return the program of a page's text; raises SyntaxError that names the file."""
    try:
        return _apache._psp_translate(text, reader.included)
    except SyntaxError as error:
        error.filename = name if error.filename is None else reader.path(error.filename)
        raise


def _compile(text: str, name: str, reader: Reader) -> Page:
    translation = translate(text, name, reader)
    source, lines, included, ignored = translation
    paths = [reader.path(name) for name in included]
    parts = compile_program(source, lines, [file_of(name, text), *(file_of(path, reader.texts[path]) for path in paths)])
    used = {name for part in parts for name in part.co_names}
    told = [([name, *paths][file], line, text) for file, line, text in ignored]
    return Page(parts, "session" in used, "form" in used, translation, tuple(reader.read_files), told)
