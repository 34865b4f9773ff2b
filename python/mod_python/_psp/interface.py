"""``psp`` inside a page. Made by ``page``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from mod_python import util
from mod_python._apache import mp_request
from mod_python._psp import markup
from mod_python._psp.source import directory_of

if TYPE_CHECKING:
    from mod_python._psp.page import PSP


class PSPInterface:
    """What a page can say about itself.

    req: the request. filename: the page's file, None for a template that is a string. form: the FieldStorage, None if the
    page has not used one. error_page: the PSP object that runs if the page raises.
    """

    # Made for every request.
    __slots__ = ("error_page", "filename", "form", "req")

    def __init__(self, req: mp_request, filename: Optional[str], form: Any) -> None:
        self.req = req
        self.filename = filename
        self.error_page: Optional[PSP] = None
        self.form = form

    def set_error_page(self, filename: str) -> None:
        """Have another page run if this one raises; it finds ``(type, value, traceback)`` in ``exception``.

        A name that begins with ``/`` is below the document root, any other is beside this page. The page is loaded at once:
        SERVER_RETURN(HTTP_NOT_FOUND) if it is missing, SyntaxError if it is wrong.
        """
        from mod_python._psp.page import PSP

        if filename.startswith("/"):
            path = self.req.document_root() + filename
        else:
            path = directory_of(self.filename or self.req.filename or "") + filename
        self.error_page = PSP(self.req, path)

    def apply_data(self, object: Any, **kw: Any) -> Any:
        """Call ``object`` with the form's fields, ``req`` and ``kw`` as arguments, as util.apply_fs_data does."""
        if self.form is None:
            self.form = request_form(self.req)
        return util.apply_fs_data(object, self.form, **{"req": self.req, **kw})

    def redirect(self, location: str, permanent: bool = False) -> None:
        """End the page with a redirect, as util.redirect does; OSError once part of the page was sent."""
        util.redirect(self.req, location, permanent)

    def escape(self, value: Any) -> str:
        """Return ``str(value)`` as HTML text, see psp.escape."""
        return markup.escape(value)

    def raw(self, value: Any) -> markup.Raw:
        """Return ``str(value)`` marked as HTML, see psp.raw."""
        return markup.raw(value)


def request_form(req: mp_request) -> Any:
    """Return ``req.form``, made if the request has none yet, with blank values."""
    form = getattr(req, "form", None)
    if form is None:
        form = req.form = util.FieldStorage(req, keep_blank_values=1)
    return form
