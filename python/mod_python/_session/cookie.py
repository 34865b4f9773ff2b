"""The cookie that carries a session's id: its name, path and flags by PythonOption, reading and sending it.

Used by ``base``. Written with ``mod_python.Cookie``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Optional, Union
from urllib.parse import quote

from mod_python import Cookie, _apache, _options
from mod_python._apache import mp_request
from mod_python._session.identity import is_sid
from mod_python._session.settings import Settings

#: The cookie's name, where no option says another.
COOKIE_NAME = _options.SESSION_COOKIE_NAME.default or ""

AnyCookie = Union[Cookie.Cookie, Cookie.SignedCookie]


def read(req: mp_request, name: str, secret: Any) -> Optional[str]:
    """Return the session id that the client sent, None if there is none, or none that `secret` has signed."""
    if secret:
        found = Cookie.get_cookie(req, name, Cookie.SignedCookie, secret=secret, mismatch=Cookie.Cookie.IGNORE)
        return found.value if isinstance(found, Cookie.SignedCookie) and is_sid(found.value) else None
    # What Cookie.get_cookie does, without making a cookie.
    return _apache._session_id(req, name)


def make(req: mp_request, settings: Settings, sid: str, secret: Any) -> AnyCookie:
    """Return the cookie for `sid`, signed if there is a secret; ValueError for options that mean nothing."""
    name = settings.cookie_name
    made = Cookie.SignedCookie(name, sid, secret) if secret else Cookie.Cookie(name, sid)
    made.path = settings.path or _path(req)
    if settings.domain:
        made.domain = settings.domain
    if req.is_https() if settings.secure is None else settings.secure:
        made.secure = True
    if settings.httponly:
        made.httponly = True
    if settings.samesite:
        made.samesite = settings.samesite
    return made


def send(req: mp_request, cookie: AnyCookie) -> None:
    """Have the client told, whatever the response becomes: a redirect or an error page too."""
    Cookie.add_cookie(req, cookie, err_headers_out=True)


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
