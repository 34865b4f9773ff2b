"""Every constant of ``mod_python.apache``; only that module imports it.

What httpd's headers define comes from the native module, which takes it from
the headers it was built against. What httpd does not know is defined here.
"""

from typing import TYPE_CHECKING

from mod_python import _apache

if TYPE_CHECKING:
    from mod_python._apache_constants import *
else:
    # Also what a newer httpd than the stub's has.
    for _name, _value in vars(_apache).items():
        if _name.isupper() and isinstance(_value, (int, str)) and _name[0] != "_":
            globals()[_name] = _value
    # httpd 2.4 ignores this flag, and its own value would mean a trace level here.
    APLOG_NOERRNO = 0

# Other names for results, kept since the first releases.
REQ_PROCEED: int = OK
REQ_NOACTION: int = DECLINED
REQ_ABORTED: int = HTTP_INTERNAL_SERVER_ERROR
REQ_EXIT: str = "REQ_EXIT"
PROG_TRACEBACK: str = "PROG_TRACEBACK"

# RFC 2324; httpd has no name for it.
HTTP_IM_A_TEAPOT: int = 418

# Indexes into ``req.finfo``.
(
    FINFO_MODE,
    FINFO_INO,
    FINFO_DEV,
    FINFO_NLINK,
    FINFO_UID,
    FINFO_GID,
    FINFO_SIZE,
    FINFO_ATIME,
    FINFO_MTIME,
    FINFO_CTIME,
    FINFO_FNAME,
    FINFO_NAME,
    FINFO_FILETYPE,
) = range(13)

# Indexes into ``req.parsed_uri``.
(
    URI_SCHEME,
    URI_HOSTINFO,
    URI_USER,
    URI_PASSWORD,
    URI_HOSTNAME,
    URI_PORT,
    URI_PATH,
    URI_QUERY,
    URI_FRAGMENT,
) = range(9)

if not TYPE_CHECKING:
    # A checker knows no list that is made; without one it takes all that is imported by a star.
    __all__ = [_name for _name in list(globals()) if _name.isupper() and _name[0] != "_"]
