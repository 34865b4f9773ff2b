"""``PSP``: a page and how it runs. Public through ``mod_python.psp``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from types import CodeType
from typing import Any, Optional, Union

from mod_python import Session, _options, apache
from mod_python._apache import mp_request
from mod_python._path_module import ModuleInfo
from mod_python._psp import cache, display
from mod_python._psp.interface import PSPInterface, request_form
from mod_python._psp.markup import escaped_text
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
            raise ValueError("Must specify either filename or string")
        self.req = req
        self.vars = vars
        self.string = string
        #: Older releases kept compiled pages in a file of this name.
        self.dbmcache: Optional[str] = None
        if string:
            self.filename: Optional[str] = None
            self._page, new = cache.string_page(template(string))
        else:
            self.filename, self._page, new = _load(req, filename)
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
        req, page = self.req, self._page
        session = getattr(req, "session", None)
        made = page.session and session is None
        if made:
            session = req.session = Session.Session(req)
        try:
            form = request_form(req) if page.form else None
            interface = PSPInterface(req, self.filename, form)
            names = _module_names().copy()
            # Tracebacks would show lines of that module where a page is no file.
            names["__loader__"] = names["__spec__"] = None
            names["req"] = req
            names["psp"] = interface
            names["form"] = form
            names["session"] = session
            names.update(self.vars)
            names.update(vars)
            path = req.filename or self.filename or ""
            names["__file__"] = req.filename
            names["__mp_info__"] = ModuleInfo(path, path)
            names["__mp_path__"] = []
            names["_psp_write"] = req.write
            names["_psp_str"] = escaped_text if _options.flag(req.get_options(), _options.PSP_AUTOESCAPE) else str
            try:
                for part in page.parts:
                    exec(part, names)
            except apache.SERVER_RETURN:
                raise
            except BaseException as error:
                if interface.error_page is None:
                    raise
                _log(req, self.filename, error)
                interface.error_page.run({"exception": (type(error), error, error.__traceback__)}, flush)
            else:
                if flush:
                    req.flush()
                session = getattr(req, "session", None)
                if session is not None:
                    _save(session)
        finally:
            if made:
                _leave(req)

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


def _module_names() -> dict[str, Any]:
    """Return the names of the public module, which pages may use without importing them."""
    return vars(sys.modules["mod_python.psp"])


def _load(req: mp_request, filename: Optional[str]) -> tuple[str, cache.Page, bool]:
    own = req.filename
    path = filename or own
    if not path:
        raise apache.SERVER_RETURN(apache.HTTP_NOT_FOUND)
    if not path.startswith("/") and filename:
        path = directory_of(own or "") + path
    look = req.get_config().get("PythonAutoReload") != "0"
    try:
        return (path, *cache.file_page(path, look))
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
