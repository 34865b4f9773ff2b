"""Session ids: their shape, how they are made, and which one a request has been given.

Used by ``base``.
"""

from __future__ import annotations

import re
import secrets

from mod_python._apache import mp_request

_SID = re.compile("[0-9a-f]{32}")


def new_sid() -> str:
    """Return 32 lower-case hex digits: 128 bits from the operating system's generator."""
    return secrets.token_hex(16)


def is_sid(text: object) -> bool:
    """Tell whether `text` has the shape of a session id, and nothing before or behind it."""
    return isinstance(text, str) and _SID.fullmatch(text) is not None


def given(req: mp_request, cookie_name: str) -> str | None:
    """Return the id that this request was given by an earlier session object; None if there was none."""
    found = getattr(_outermost(req), _attribute(cookie_name), None)
    return found if isinstance(found, str) else None


def give(req: mp_request, cookie_name: str, sid: str | None) -> None:
    """Remember the id that the client is being sent, so that the rest of the request uses it too; None forgets it."""
    setattr(_outermost(req), _attribute(cookie_name), sid)


def _attribute(cookie_name: str) -> str:
    # A plain str attribute is carried to the other interpreters of the request.
    return f"_session_id_{cookie_name}"


def _outermost(req: mp_request) -> mp_request:
    while (outer := req.main or req.prev) is not None:
        req = outer
    return req
