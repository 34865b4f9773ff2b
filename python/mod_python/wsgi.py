"""``PythonHandler mod_python.wsgi``: WSGI applications (PEP 3333) in httpd.

``PythonOption mod_python.wsgi.application module::callable`` names the
application. ``handler`` is called by httpd only; ``FileWrapper`` is what an
application finds as ``environ["wsgi.file_wrapper"]``.
"""

from __future__ import annotations

from typing import Any

from mod_python import _apache, apache
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
    found = find(req)
    if isinstance(found, int):
        return found
    environ = req.build_wsgi_env()
    if environ is None:
        return outside(req)
    environ["wsgi.file_wrapper"] = FileWrapper
    # What the server hands over ends where the body ends, chunked or not.
    environ["wsgi.input_terminated"] = True
    response = _apache.wsgi_response(req)
    try:
        result = found(environ, response)
        if type(result) is list:
            response.send(result)
        else:
            _send(response, result)
    except BaseException as error:
        if not settled(req, response, error):
            raise
        return apache.DONE
    return apache.OK


def _send(response: _apache.wsgi_response, result: Any) -> None:
    try:
        if type(result) is not FileWrapper or not send_file(response, result):
            response.send(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
