"""The attributes of a cookie: their names, how they are kept in an instance, and what they may hold.

Used by ``plain``.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mod_python._cookie.plain import Cookie

#: Attribute -> its name in the header, in the order of the header.
ORDER = {
    "version": "version",
    "path": "path",
    "domain": "domain",
    "secure": "secure",
    "comment": "comment",
    "expires": "expires",
    "max_age": "max-age",
    "samesite": "samesite",
    "commentURL": "commentURL",
    "discard": "discard",
    "port": "port",
    "httponly": "httponly",
    "partitioned": "partitioned",
}

#: Those that stand there or not, without a value.
FLAGS = frozenset({"secure", "discard", "httponly", "partitioned"})

#: The attributes of a cookie that has none: not to be changed. One dict less for each cookie that comes.
NONE: dict[str, Any] = {}

#: Keyword in lower case -> attribute.
KEYWORDS = {name.lower(): name for name in ORDER}

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"(?:{'|'.join(_DAYS)}), (\d\d)([- ])({'|'.join(_MONTHS)})\2(\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")
_CONTROL_OR_END = re.compile(r"[\0-\x1f\x7f-\x9f;]")
_NOT_IN_NAME = re.compile(r"[\0-\x20\x7f-\x9f;=]")


class Attribute:
    """An attribute that exists once it was set to anything but None."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, cookie: Cookie | None, owner: type[Cookie] | None = None) -> Any:
        if cookie is None:
            return self
        try:
            return cookie._attributes[self.name]
        except KeyError:
            raise AttributeError(self.name) from None

    def __set__(self, cookie: Cookie, value: object) -> None:
        if cookie._attributes is NONE:
            cookie._attributes = {}
        set_attribute(cookie._attributes, self.name, value)

    def __delete__(self, cookie: Cookie) -> None:
        try:
            del cookie._attributes[self.name]
        except KeyError:
            raise AttributeError(self.name) from None


def set_attribute(attributes: dict[str, Any], name: str, value: object) -> None:
    """Store a value, take the attribute away for None; ValueError for a value that may not stand in a header."""
    if value is None:
        attributes.pop(name, None)
        return
    if name == "expires":
        value = date(value)
    elif name not in FLAGS:
        text = value if type(value) is str else str(value)
        if not (text.isascii() and text.isprintable() and ";" not in text) and (wrong := _CONTROL_OR_END.search(text)):
            raise ValueError(f"{wrong[0]!r} in the attribute {name} of a cookie")
    attributes[name] = value


def date(value: object) -> str:
    """Return a date for ``expires``: seconds since the epoch as a date, a date as it is; ValueError for other text."""
    if isinstance(value, str):
        if not (found := _DATE.fullmatch(value)):
            raise ValueError(f"expires: {value!r} is no date like 'Thu, 01-Jan-1970 00:00:00 GMT'")
        day, _, month, year, hour, minute, second = found.groups()
        datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
        return value
    if not isinstance(value, (int, float)):
        raise ValueError(f"expires: {value!r} is neither a number of seconds nor a date")
    try:
        at = time.gmtime(value)
    except (OverflowError, OSError) as error:
        raise ValueError(f"expires: {value!r}: {error}") from None
    # By hand: strftime would write the names of the process's locale.
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02}-{_MONTHS[at.tm_mon - 1]}-{at.tm_year:04} "
        f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
    )


def check_name(name: str) -> None:
    """Raise ValueError for a name that would not come back as it is."""
    # Identifiers have nothing in them that could be wrong, and this costs little.
    if name.isidentifier():
        return
    if not name:
        raise ValueError("a cookie needs a name")
    if wrong := _NOT_IN_NAME.search(name):
        raise ValueError(f"{wrong[0]!r} in the name {name!r} of a cookie")


def check_value(name: str, value: str) -> None:
    """Raise ValueError for control characters, and for a semicolon outside of double quotes."""
    if value.isascii() and value.isprintable() and ";" not in value:
        return
    if wrong := _CONTROL.search(value):
        raise ValueError(f"{wrong[0]!r} in the value of the cookie {name!r}")
    if ";" in value and not QUOTED.fullmatch(value):
        raise ValueError(f"';' in the value of the cookie {name!r}")


#: A value in double quotes, a backslash before a quote or a backslash inside.
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def check_promises(name: str, attributes: dict[str, Any]) -> None:
    """Raise ValueError for a cookie that browsers refuse: partitioned, or with a prefix in its name that promises more.

    Source: draft-ietf-httpbis-rfc6265bis, 4.1.3, and the CHIPS proposal for Partitioned.
    """
    secure = attributes.get("secure")
    if attributes.get("partitioned") and not secure:
        raise ValueError(f"the cookie {name!r} is partitioned, which needs secure")
    if name.startswith("__"):
        prefix = name[:9].lower()
        if prefix == "__secure-" and not secure:
            raise ValueError(f"the cookie {name!r} needs secure")
        if prefix.startswith("__host-"):
            if not secure or "domain" in attributes or attributes.get("path") != "/":
                raise ValueError(f"the cookie {name!r} needs secure, path='/' and no domain")
