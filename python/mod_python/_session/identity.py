"""Session ids: their shape, how they are made, and which one a request has been given.

Used by ``base`` and ``redis``.
"""

from __future__ import annotations

import secrets

from mod_python._apache import mp_request

_DIGITS = "0123456789abcdef"

#: A note of the outermost request, with the cookie's name behind it: the request's parts see it in any interpreter.
_GIVEN = "mod_python.session.id."


def new_sid() -> str:
    """Return 32 lower-case hex digits: 128 bits from the operating system's generator."""
    return secrets.token_hex(16)


def is_sid(text: object) -> bool:
    """Tell whether `text` has the shape of a session id, and nothing before or behind it."""
    # Nothing is left, if nothing else was there.
    return isinstance(text, str) and len(text) == 32 and not text.strip(_DIGITS)


def given(req: mp_request, cookie_name: str) -> str | None:
    """Return the id that this request was given by an earlier session object; None if there was none."""
    found = outermost(req).notes.get(_GIVEN + cookie_name)
    return found if found is not None and is_sid(found) else None


def give(req: mp_request, cookie_name: str, sid: str | None) -> None:
    """Remember the id that the client is being sent, so that the rest of the request uses it too; None forgets it."""
    notes = outermost(req).notes
    if sid is None:
        notes.pop(_GIVEN + cookie_name, None)
    else:
        notes[_GIVEN + cookie_name] = sid


def outermost(req: mp_request) -> mp_request:
    """Return the request that sub-requests and internal redirects began with."""
    while (outer := req.main or req.prev) is not None:
        req = outer
    return req
