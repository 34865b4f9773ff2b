"""``mod_python.Cookie``: cookies that a browser keeps, plain, signed, or with values of any plain type.

Owns no behaviour of its own: it names what is public of ``_cookie``. It can
be imported outside httpd as well.
"""

from __future__ import annotations

from mod_python._cookie.header import add_cookie, get_cookie, get_cookies
from mod_python._cookie.marshal import MarshalCookie
from mod_python._cookie.plain import Cookie
from mod_python._cookie.signed import SignedCookie
from mod_python._cookie.signature import CookieError

__all__ = [
    "Cookie",
    "CookieError",
    "MarshalCookie",
    "SignedCookie",
    "add_cookie",
    "get_cookie",
    "get_cookies",
]
