"""``PythonHandler mod_python.testhandler``: a page that shows what httpd and Python are, and what a request is.

``handler`` is called by httpd only. The page tells a lot about the server: for
one's own eyes.
"""

from __future__ import annotations

from mod_python import _apache, apache
from mod_python._test_log import last_lines
from mod_python._test_page import page

__all__ = ["handler"]


def handler(req: _apache.mp_request) -> int:
    """Answer with the page, or with the error log where the query has ``view_log``.

    The log is shown only with PythonDebug On, else 403.
    """
    req.headers_out["Cache-Control"] = "no-store"
    if _wants_log(req.args or ""):
        if req.get_config().get("PythonDebug") != "1":
            return apache.HTTP_FORBIDDEN
        text = last_lines(req.server.error_fname or apache.main_server.error_fname)
        req.content_type = "text/plain; charset=utf-8"
    else:
        text = page(req)
        req.content_type = "text/html; charset=utf-8"
    # Bytes that are no UTF-8 are lone surrogates in the texts.
    data = text.encode("utf-8", "backslashreplace")
    req.set_content_length(len(data))
    req.write(data, 0)
    return apache.OK


def _wants_log(args: str) -> bool:
    return any(name == "view_log" for name, value in _apache.parse_qsl(args) if value)
