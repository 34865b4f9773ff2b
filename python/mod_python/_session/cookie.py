"""The cookie that carries a session's id: its name, path and flags by PythonOption, reading and sending it.

Used by ``base``. Written with ``mod_python.Cookie``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Union
from urllib.parse import quote

from mod_python import Cookie, _options
from mod_python._apache import mp_request, mp_table

#: The cookie's name, where no option says another.
COOKIE_NAME = _options.SESSION_COOKIE_NAME.default or ""

AnyCookie = Union[Cookie.Cookie, Cookie.SignedCookie]

_SAMESITE = {"lax": "Lax", "strict": "Strict", "none": "None", "off": None}


def name(req: mp_request) -> str:
    """Return the name of the session cookie."""
    return _options.text(req.get_options(), _options.SESSION_COOKIE_NAME) or ""


def read(req: mp_request, name: str, secret: Any) -> str | None:
    """Return what the client sent as its session id, None if nothing, or nothing that `secret` has signed."""
    if secret:
        found = Cookie.get_cookie(
            req, name, Cookie.SignedCookie, secret=secret, mismatch=Cookie.Cookie.IGNORE
        )
        if not isinstance(found, Cookie.SignedCookie):
            return None
    else:
        found = Cookie.get_cookie(req, name)
    return None if found is None else str(found.value)


def make(req: mp_request, name: str, sid: str, secret: Any) -> AnyCookie:
    """Return the cookie for `sid`, signed if there is a secret; ValueError for options that mean nothing."""
    options = req.get_options()
    made = Cookie.SignedCookie(name, sid, secret) if secret else Cookie.Cookie(name, sid)
    made.path = _options.text(options, _options.SESSION_PATH) or _path(req)
    domain = _options.text(options, _options.SESSION_DOMAIN)
    if domain:
        made.domain = domain
    if _is_secure(req, options):
        made.secure = True
    if _options.flag(options, _options.SESSION_HTTPONLY):
        made.httponly = True
    samesite = _options.text(options, _options.SESSION_SAMESITE) or ""
    try:
        if flag := _SAMESITE[samesite.lower()]:
            made.samesite = flag
    except KeyError:
        raise ValueError(
            f"PythonOption {_options.SESSION_SAMESITE.name}: {samesite!r} is none of Lax, Strict, None, off"
        ) from None
    return made


def send(req: mp_request, cookie: AnyCookie) -> None:
    """Have the client told, whatever the response becomes: a redirect or an error page too."""
    Cookie.add_cookie(req, cookie, err_headers_out=True)


def _is_secure(req: mp_request, options: mp_table) -> bool:
    if (_options.text(options, _options.SESSION_SECURE) or "").lower() == "auto":
        return bool(req.is_https())
    return _options.flag(options, _options.SESSION_SECURE)


def _path(req: mp_request) -> str:
    """Return the path of the directory whose handler runs, if the client sees it below the document root, else /."""
    directory = req.hlist.directory
    if not directory:
        return "/"
    plain, sent = _below(directory, req.document_root())
    return sent if req.uri.startswith(plain) else "/"


@lru_cache(maxsize=64)
def _below(directory: str, root: str) -> tuple[str, str]:
    """Return the rest of `directory` below `root`, as it is in a decoded URI and as browsers compare it."""
    rest = directory.removeprefix(root) if directory.startswith(root) else ""
    if not rest.startswith("/"):
        return "/", "/"
    return rest, quote(rest, "/!$&'()*+,=:@~", errors="surrogateescape")
