"""The compiled pages of this interpreter. Used by ``page``."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from types import CodeType
from typing import Any, Generic, Optional, TypeVar

from mod_python import _apache
from mod_python._apache import mp_request
from mod_python._path_module import ModuleInfo
from mod_python._psp.compiled import Translation, compile_program, file_of
from mod_python._psp.source import Dependency, Reader, directory_of

#: Entries of each of the two caches.
SIZE = 512

#: What string templates are called in tracebacks.
STRING_NAME = "__psp__"

#: Signs of `_apache._psp_state`.
CURRENT, ESCAPES, MARKED = 1, 2, 4

#: Its numbers tell which page was used last.
clock = itertools.count()


class Page:
    """A compiled page. Nothing of it changes but ``used``, which tells when it was used last, and ``names`` with ``base``.

    name: of the page in tracebacks. parts: code to execute in this order. session, form: the page's top level uses the name.
    translation: of the page's text. files: the page, unless it was a string, and what it includes. ignored: file, line and
    text of directives that mean nothing. info: ``__mp_info__`` for requests for this file. special: it uses one of the two
    names. underscored: its name ends so. names: what it begins with if the request is for this file; base: what they were made of.
    """

    __slots__ = (
        "base", "files", "form", "ignored", "info", "name", "names", "parts", "session", "special", "translation",
        "underscored", "used",
    )  # fmt: skip

    def __init__(self, name: str, text: str, reader: Reader) -> None:
        """Compile a page; raises SyntaxError, and OSError and UnicodeDecodeError for what it includes."""
        self.translation = translate(text, name, reader)
        source, lines, included, ignored = self.translation
        paths = [reader.path(file) for file in included]
        files = [file_of(name, text), *(file_of(path, reader.texts[path]) for path in paths)]
        self.parts: tuple[CodeType, ...] = compile_program(source, lines, files)
        used = {name for part in self.parts for name in part.co_names}
        self.session = "session" in used
        self.form = "form" in used
        self.ignored = [([name, *paths][file], line, text) for file, line, text in ignored]
        self.files: tuple[Dependency, ...] = tuple(reader.read_files)
        self.name = name
        self.info = ModuleInfo(name, name)
        self.used = next(clock)
        self.underscored = name.endswith("_")
        self.special = self.session or self.form
        self.show({})

    def show(self, names: dict[str, Any]) -> None:
        """Make these the names that the page may use without importing them."""
        self.names = {**names, "__file__": self.name, "__mp_info__": self.info}
        self.base = names


_Key = TypeVar("_Key")


class Recent(Generic[_Key]):
    """The pages that were used last. Reading takes no lock."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self.pages: dict[_Key, Page] = {}
        #: Returns a page, None if there is none. Whoever uses it sets ``used``.
        self.get: Callable[[_Key], Optional[Page]] = self.pages.get

    def put(self, key: _Key, page: Page) -> None:
        """Keep a page, and forget the one that was not used for longest."""
        with self._lock:
            self.pages[key] = page
            if len(self.pages) > self._size:
                del self.pages[min(self.pages, key=lambda key: self.pages[key].used)]


pages: Recent[str] = Recent(SIZE)
_templates: Recent[str] = Recent(SIZE)


def file_page(req: mp_request, path: str) -> tuple[Page, int, bool]:
    """Return the compiled page of a file, signs of `_apache._psp_state`, and whether it was compiled just now.

    Unless PythonAutoReload is Off, it is compiled again if the file, or one that it includes, has changed. Raises OSError
    for a file that cannot be read, SyntaxError, UnicodeDecodeError.
    """
    page = pages.get(path)
    if page is not None:
        state = _apache._psp_state(req, page.files)
        if state & CURRENT:
            page.used = next(clock)
            return page, state, False
    reader = Reader(directory_of(path))
    page = Page(path, reader.page(path), reader)
    pages.put(path, page)
    return page, _apache._psp_state(req, ()), True


def string_page(req: mp_request, template: str) -> tuple[Page, int, bool]:
    """Return the compiled page of a template, as file_page does."""
    page = _templates.get(template)
    if page is not None:
        state = _apache._psp_state(req, page.files)
        if state & CURRENT:
            page.used = next(clock)
            return page, state, False
    page = Page(STRING_NAME, template, Reader(""))
    _templates.put(template, page)
    return page, _apache._psp_state(req, ()), True


def translate(text: str, name: str, reader: Reader) -> Translation:
    """Return the program of a page's text; raises SyntaxError that names the file."""
    try:
        return _apache._psp_translate(text, reader.included)
    except SyntaxError as error:
        error.filename = name if error.filename is None else reader.path(error.filename)
        raise
