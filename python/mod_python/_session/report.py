"""Lines of sessions in the error log. Used by all parts that keep records."""

from __future__ import annotations

from mod_python import _apache
from mod_python._apache import mp_request


def complain(req: mp_request, text: str, level: int = _apache.APLOG_ERR) -> None:
    """Write a line to the request's error log."""
    req.log_error(f"{text} (interpreter '{_apache.interpreter}', phase {req.phase})", level)
