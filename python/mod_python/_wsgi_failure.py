"""What becomes of a WSGI application's exceptions.

Used by ``mod_python.wsgi``.
"""

from __future__ import annotations

import traceback

from mod_python import _apache, apache
from mod_python._options import WSGI_APPLICATION, text


def outside(req: _apache.mp_request) -> int:
    """Log that the URL does not belong to the application; DECLINED."""
    req.log_error(
        f"MPY0672: {req.uri} lies outside the base URI of the WSGI application"
        f" {_name(req)} (interpreter '{apache.interpreter}')",
        apache.APLOG_WARNING,
    )
    return apache.DECLINED


def settled(
    req: _apache.mp_request, response: _apache.wsgi_response, error: BaseException
) -> bool:
    """Deal with what the application raised; False: it is to be raised on.

    That is so as long as nothing was sent: then comes the report of any handler
    and a page with status 500. A response that has begun is cut. A client that is
    gone is nobody's fault.
    """
    if response.gone:
        return True
    if not response.begun:
        if not isinstance(error, apache.SERVER_RETURN):
            _log(req, f"has failed: {type(error).__name__}, status 500")
        return False
    if response.over:
        end = "in the end of a complete response"
    else:
        end = "in the middle of a response, the connection ends"
    _log(req, f"uncaught {type(error).__name__} {end}")
    chunks = traceback.format_exception(type(error), error, error.__traceback__)
    for chunk in chunks:
        line = chunk.rstrip("\n")
        req.log_error(f"WSGI application {_name(req)}: {line}")
    if not response.over:
        response.cut()
    return True


def _log(req: _apache.mp_request, what: str) -> None:
    req.log_error(
        f"MPY0673: WSGI application {_name(req)}: {what}"
        f" (interpreter '{apache.interpreter}')"
    )


def _name(req: _apache.mp_request) -> str:
    return text(req.get_options(), WSGI_APPLICATION) or ""
