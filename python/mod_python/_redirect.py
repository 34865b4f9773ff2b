"""Answering a request with the address of another document.

Shown to users as ``util.redirect``.
"""

from __future__ import annotations

from typing import Any, NoReturn

from mod_python import _apache

__all__ = ["redirect"]

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
)


def redirect(
    req: Any, location: str, permanent: bool | int = 0, text: str | bytes | None = None
) -> NoReturn:
    """Send the client to ``location`` and end the request.

    The status is 302, with ``permanent`` 301. The body is ``text``, or a line of
    HTML with a link. Always raises: SERVER_RETURN(DONE), which ends the request
    without any later handler; OSError if part of a body is sent already;
    TypeError if ``location`` is not a str; ValueError if it has a line end or NUL.
    """
    if not isinstance(location, str):
        raise TypeError(f"location must be a str, not {type(location).__name__}")
    if any(character in location for character in "\r\n\0"):
        raise ValueError("location must not contain a line end or NUL")
    if req.sent_bodyct:
        raise OSError("cannot redirect: part of the response has been sent")
    req.err_headers_out["Location"] = location
    req.status = (
        _apache.HTTP_MOVED_PERMANENTLY if permanent else _apache.HTTP_MOVED_TEMPORARILY
    )
    if text is None:
        link = location.translate(_ESCAPES)
        text = f'<p>The document has moved <a href="{link}">here</a></p>\n'
    req.write(text)
    raise _apache.SERVER_RETURN(_apache.DONE)
