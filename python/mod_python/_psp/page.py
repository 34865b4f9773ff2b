"""``PSP``: a page and how it runs. Public through ``mod_python.psp``."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from types import CodeType
from typing import Any, Optional, Union

from mod_python import Session, _options, apache
from mod_python._apache import OK, _psp_exec, _psp_state, mp_request
from mod_python._path_module import ModuleInfo
from mod_python._psp import cache, display
from mod_python._psp.cache import CURRENT, ESCAPES, MARKED, clock
from mod_python._psp.interface import PSPInterface, request_form
from mod_python._psp.markup import escaped_text, escaped_write
from mod_python._psp.source import directory_of, template


class PSP:
    """A page, compiled when the object is made.

    req: the request. filename: the page's file, beside ``req.filename`` if it is relative; or string: its text, str or
    bytes in UTF-8. Without both, ``req.filename``. vars: further names for the page.

    Raises ValueError for filename and string together, SERVER_RETURN with HTTP_NOT_FOUND or HTTP_FORBIDDEN if the file is
    missing or cannot be read, SyntaxError, UnicodeDecodeError, and OSError for an included file.
    """

    def __init__(
        self,
        req: mp_request,
        filename: Optional[str] = None,
        string: Union[str, bytes, None] = None,
        vars: Mapping[str, Any] = {},
    ) -> None:
        if filename and string:
            raise ValueError("either filename or string, not both")
        self.req = req
        self.vars = vars
        self.string = string
        #: Older releases kept compiled pages in a file of this name.
        self.dbmcache: Optional[str] = None
        if string:
            self.filename: Optional[str] = None
            self._page, self._state, new = cache.string_page(req, template(string))
        else:
            self.filename, self._page, self._state, new = _load(req, filename)
        if new:
            self._report()

    @property
    def code(self) -> CodeType:
        """The whole page as one code object; lines after an include are those of the generated program."""
        if len(self._page.parts) == 1:
            return self._page.parts[0]
        return compile(self._page.translation[0], self.filename or cache.STRING_NAME, "exec", dont_inherit=True)

    def run(self, vars: Mapping[str, Any] = {}, flush: int = 0) -> None:
        """Run the page, which writes to the request; with flush, send at its end what httpd has buffered.

        vars: further names for the page, which win over those of the constructor. An exception of the page is logged and
        handed to its error page, or raised as it is if it has none; SERVER_RETURN is always raised.
        """
        _run(self.req, self._page, self._state | MARKED, self.filename, (self.vars, vars), flush)

    def __str__(self) -> str:
        """Run the page as ``text/html`` and return ``''``: a published function may return its PSP object."""
        self.req.content_type = "text/html"
        self.run()
        return ""

    def display_code(self) -> None:
        """Write the generated program beside the page's text, as an HTML table. It shows all of the source."""
        if self.filename is None:
            text = template(self.string or "")
        else:
            with open(self.filename, encoding="utf-8", newline="") as file:
                text = file.read()
        source, lines, _, _ = self._page.translation
        self.req.write(display.table(source, lines, text))

    def _report(self) -> None:
        """Log what is strange about a page that was compiled just now."""
        for file, line, text in self._page.ignored:
            self.req.log_error(f"MPY0640: {file}, line {line}: <%@ {text} %> is no directive of a page", apache.APLOG_WARNING)
        self.dbmcache = _options.text(self.req.get_options(), _options.PSP_DBM_CACHE)
        if self.dbmcache and not _told:
            _told.append(True)
            message = f"MPY0642: PythonOption {_options.PSP_DBM_CACHE.name} is ignored: pages are cached in memory only"
            self.req.log_error(message, apache.APLOG_WARNING)


#: Not empty once it was said that there is no dbm cache.
_told: list[bool] = []


#: What pages may use without importing it: the names of the public module, and those that _run gives values.
_names: dict[str, Any] = {}

_Given = tuple[Mapping[str, Any], Mapping[str, Any]]

_known = cache.pages.get
_make = PSPInterface.__new__


def show(names: dict[str, Any]) -> None:
    """Let pages see the names of the public module, whose dict this is."""
    global _names
    own = ("req", "psp", "form", "session", "__file__", "__mp_info__", "__mp_path__", "_psp_write")
    # Tracebacks would show lines of the public module where a page is no file.
    fixed = {"__loader__": None, "__spec__": None, "_psp_str": str}
    _names = {**names, **dict.fromkeys(own), **fixed}


def handler(req: mp_request) -> int:
    """Run the page ``req.filename`` as ``text/html`` (PythonHandler mod_python.psp).

    With PythonDebug On the name with ``_`` behind it shows the page's source instead.
    """
    req.content_type = "text/html"
    filename = req.filename
    page = _known(filename)  # type: ignore[arg-type]
    if page is not None and not page.underscored:
        state = _psp_state(req, page.files)
        if state & CURRENT:
            page.used = next(clock)
            _run(req, page, state, filename, None, 0)
            return OK
    if filename and filename.endswith("_") and req.get_config().get("PythonDebug") == "1":
        PSP(req, filename[:-1]).display_code()
    else:
        PSP(req).run()
    return OK


def _run(
    req: mp_request, page: cache.Page, state: int, filename: Optional[str], given: Optional[_Given], flush: int
) -> None:
    """Run a page, see PSP.run. filename: of the page. given: what the constructor and run were given as vars.

    state: signs of `_apache._psp_state`; CURRENT alone if the page is the one of the request's file.
    """
    special = state != CURRENT or page.special
    session, made = _session(req, page, state) if special else (None, False)
    try:
        if page.base is not _names:
            page.show(_names)
        names = page.names.copy()
        names["req"] = req
        interface = names["psp"] = _make(PSPInterface)
        interface.req = req
        interface.filename = filename
        interface.error_page = None
        interface.form = None
        if special:
            if page.form:
                names["form"] = interface.form = request_form(req)
            names["session"] = session
            if given:
                names.update(given[0])
                names.update(given[1])
            file = names["__file__"] = req.filename
            names["__mp_info__"] = page.info if file == page.name else ModuleInfo(file or page.name, file or page.name)
        names["__mp_path__"] = []
        names["_psp_write"] = req._psp_write
        if state & ESCAPES and _options.flag(req.get_options(), _options.PSP_AUTOESCAPE):
            names["_psp_write"] = escaped_write(req.write)
            names["_psp_str"] = escaped_text
        try:
            marked = _psp_exec(req, page.parts, names)
        except apache.SERVER_RETURN:
            raise
        except BaseException as error:
            if interface.error_page is None:
                raise
            _log(req, filename, error)
            interface.error_page.run({"exception": (type(error), error, error.__traceback__)}, flush)
        else:
            if flush:
                req.flush()
            if marked and (session := getattr(req, "session", None)) is not None:
                _save(session)
    finally:
        if made:
            _leave(req)


def _session(req: mp_request, page: cache.Page, state: int) -> tuple[Any, bool]:
    """Return the request's session, made if the page uses one and there is none, and whether it was made now."""
    session = getattr(req, "session", None) if state & MARKED else None
    if session is not None or not page.session:
        return session, False
    req.session = Session.Session(req)
    return req.session, True


def _load(req: mp_request, filename: Optional[str]) -> tuple[str, cache.Page, int, bool]:
    path = filename or req.filename
    if not path:
        raise apache.SERVER_RETURN(apache.HTTP_NOT_FOUND)
    if filename and not path.startswith("/"):
        path = directory_of(req.filename or "") + path
    try:
        return (path, *cache.file_page(req, path))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        if error.filename != path:
            # An included file.
            raise
        forbidden = isinstance(error, PermissionError)
        raise apache.SERVER_RETURN(apache.HTTP_FORBIDDEN if forbidden else apache.HTTP_NOT_FOUND) from None


def _log(req: mp_request, filename: Optional[str], error: BaseException) -> None:
    where = filename or cache.STRING_NAME
    req.log_error(f"MPY0641: {where}: uncaught {type(error).__name__}; its error page runs")
    for chunk in traceback.format_exception(type(error), error, error.__traceback__):
        for line in chunk.rstrip("\n").split("\n"):
            req.log_error(f"{where}: {line}")


def _save(session: Any) -> None:
    """Save a session where that makes a difference; what is no session of this package is always saved."""
    due = getattr(session, "save_due", None)
    if due is None or due():
        session.save()


def _leave(req: mp_request) -> None:
    """Give back the session that was made for the page."""
    session = getattr(req, "session", None)
    if session is not None:
        del req.session
        session.unlock()
