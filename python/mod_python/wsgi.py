"""``PythonHandler mod_python.wsgi``: WSGI applications (PEP 3333) in httpd.

``PythonOption mod_python.wsgi.application module::callable`` names the
application. ``handler`` is called by httpd only; ``FileWrapper`` is what an
application finds as ``environ["wsgi.file_wrapper"]``.
"""

from __future__ import annotations

from typing import Any

from mod_python import _apache
from mod_python._wsgi_application import find
from mod_python._wsgi_failure import outside, settled
from mod_python._wsgi_file import FileWrapper, send_file

__all__ = ["FileWrapper", "handler"]


def handler(req: _apache.mp_request) -> int:
    """Answer a request by the application that PythonOption names.

    Returns OK, DECLINED where there is no such callable or the URL lies outside
    the application's base, 500 without the option. Raises what the application
    raises, as long as nothing was sent; after that the connection is cut.
    """
    return _applications.serve(req)


def _send(response: _apache.wsgi_response, result: Any) -> None:
    """Send a result that is no list, and close it."""
    try:
        if type(result) is not FileWrapper or not send_file(response, result):
            response.send(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


_applications = _apache.wsgi_applications(FileWrapper, find, outside, _send, settled)
