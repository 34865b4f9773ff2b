"""Cookies of a request and its response: ``add_cookie``, ``get_cookies``, ``get_cookie``.

Public through ``mod_python.Cookie``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mod_python._cookie.attributes import NONE
from mod_python._cookie.parser import add_plain, received_cookies
from mod_python._cookie.plain import PLACES, Cookie

if TYPE_CHECKING:
    from mod_python._apache import mp_request


def add_cookie(
    req: mp_request,
    cookie: Cookie | str,
    value: Any = "",
    *,
    err_headers_out: bool = False,
    **attributes: Any,
) -> None:
    """Add a ``Set-Cookie`` header to the response; before the first one ``Cache-Control: no-cache="set-cookie"``.

    ``cookie`` is a cookie, or the name of one that is made of ``value`` and the attributes. With
    ``err_headers_out`` the header is sent also where the request ends in an error document of httpd's, as after
    `SERVER_RETURN(HTTP_FORBIDDEN)`; otherwise it is lost there. ValueError, AttributeError and CookieError as
    making the cookie and its `str()`.
    """
    if add_plain(req, err_headers_out, cookie, value, attributes):
        return
    if isinstance(cookie, str):
        cookie = Cookie(cookie, value, **attributes)
    text = str(cookie)
    headers = req.err_headers_out if err_headers_out else req.headers_out
    if "Set-Cookie" not in headers:
        headers.add("Cache-Control", 'no-cache="set-cookie"')
    # The server sends str as ISO-8859-1, but what it reads is taken for UTF-8.
    headers.add("Set-Cookie", text if text.isascii() else text.encode("utf-8", "surrogateescape"))


def get_cookies(req: mp_request, Class: type[Cookie] = Cookie, **kw: Any) -> dict[str, Cookie]:  # noqa: N803
    """Return {name: cookie} of the cookies that came with a request; the keywords go to ``Class.parse``."""
    if Class is Cookie and not kw:
        # What Cookie.parse does, for the most frequent case.
        found: dict[str, Cookie] | None = received_cookies(req, Cookie, PLACES, NONE)
        if found is not None:
            return found
    try:
        header = req.headers_in["Cookie"]
    except KeyError:
        return {}
    if type(header) is not str:
        header = "; ".join(header or ())
    return Class.parse(header, **kw)


def get_cookie(req: mp_request, name: str, Class: type[Cookie] = Cookie, **kw: Any) -> Cookie | None:  # noqa: N803
    """Return one of the cookies that came with a request, None if it is not there; else as `get_cookies`.

    A signed class gives a plain Cookie where the signature is wrong, unless ``mismatch`` says another: see
    `SignedCookie.parse`.
    """
    return get_cookies(req, Class, names=[name], **kw).get(name)
