"""``Cookie``: one cookie, as text for the browser and from what the browser sent.

Public through ``mod_python.Cookie``; base of the other classes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, TypeVar

from mod_python._cookie.attributes import (
    FLAGS,
    KEYWORDS,
    NONE,
    ORDER,
    Attribute,
    check_name,
    check_promises,
    check_value,
    set_attribute,
)
from mod_python._cookie.parser import format_cookie, parse_cookies

AnyCookie = TypeVar("AnyCookie", bound="Cookie")


class _Slots(type):
    """Keeps subclasses from having attributes that no browser would ever see."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> _Slots:
        space.setdefault("__slots__", ())
        return super().__new__(cls, name, bases, space)


class Cookie(metaclass=_Slots):
    """A cookie: ``name``, ``value`` and its attributes.

    ``str()`` gives what stands in a ``Set-Cookie`` header and raises ValueError for what may not stand there.
    An attribute that was never set, or set to None, is an AttributeError; any other name is one as well.
    ``expires`` takes seconds since the epoch or a date as text, and is a date as text. ``__data__`` is a dict
    for what subclasses remember. Cookies compare by identity.
    """

    __slots__ = ("name", "value", "_attributes", "_data")

    #: What `parse` does with a cookie whose signature is wrong: hand it over as a plain Cookie, leave it out, raise.
    DOWNGRADE: ClassVar[int] = 0
    IGNORE: ClassVar[int] = 1
    EXCEPTION: ClassVar[int] = 3

    #: Whether the value stands in the header as it is.
    _is_text: ClassVar[bool] = True

    name: str
    value: Any
    _attributes: dict[str, Any]
    _data: dict[str, Any]

    version = Attribute("version")
    path = Attribute("path")
    domain = Attribute("domain")
    secure = Attribute("secure")
    comment = Attribute("comment")
    expires = Attribute("expires")
    max_age = Attribute("max_age")
    samesite = Attribute("samesite")
    commentURL = Attribute("commentURL")
    discard = Attribute("discard")
    port = Attribute("port")
    httponly = Attribute("httponly")
    partitioned = Attribute("partitioned")

    def __init__(self, name: str, value: Any, **attributes: Any) -> None:
        """Make a cookie; the keywords are its attributes, in any case.

        AttributeError for another keyword, ValueError for control characters, for ``;`` (in a value: outside of
        double quotes), and for a name that is empty or has a space or ``=`` in it.
        """
        check_name(name)
        if self._is_text and isinstance(value, str):
            check_value(name, value)
        self.name = name
        self.value = value
        self._attributes = kept = {} if attributes else NONE
        for keyword, given in attributes.items():
            attribute = keyword if keyword in ORDER else KEYWORDS.get(keyword.lower())
            if attribute is None:
                raise AttributeError(f"a cookie has no attribute {keyword!r}")
            set_attribute(kept, attribute, given)

    def __str__(self) -> str:
        return self._header(self.value)

    def __repr__(self) -> str:
        try:
            text = str(self)
        except Exception:
            text = f"{self.name}={self.value!r}"
        return f"<{type(self).__name__}: {text}>"

    @property
    def __data__(self) -> dict[str, Any]:
        """What subclasses remember, a dict of this cookie's own."""
        try:
            return self._data
        except AttributeError:
            self._data = {}
            return self._data

    def _header(self, value: Any) -> str:
        """Return the header's text with this value in the place of the cookie's own."""
        name, attributes = self.name, self._attributes
        text = format_cookie(name, value, attributes)
        if text is not None:
            return text
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        elif not isinstance(value, str):
            value = str(value)
        check_name(name)
        check_value(name, value)
        check_promises(name, attributes)
        parts = [f"{name}={value}"]
        for attribute, shown in ORDER.items():
            if attribute in attributes:
                given = attributes[attribute]
                if attribute not in FLAGS:
                    parts.append(f"{shown}={given}")
                elif given:
                    parts.append(shown)
        return "; ".join(parts)

    @classmethod
    def parse(cls, string: str, names: Collection[str] | None = None) -> dict[str, Cookie]:
        """Return {name: cookie} of a ``Cookie`` header; of a name that is there twice the last one counts.

        ``names``: those to keep, None for all. Values stay as they came, with their quotes and escapes.
        """
        return received(cls, parse_cookies(string, names))


_new = object.__new__

#: What the native module fills in a new cookie.
PLACES: tuple[Any, ...] = tuple(vars(Cookie)[name] for name in ("name", "value", "_attributes"))


def received(kind: type[AnyCookie], pairs: dict[str, str]) -> dict[str, AnyCookie]:
    """Make cookies that a client sent: they may have what no cookie of ours may, and must not fail for it.

    They take the places of the texts in `pairs`, which is returned: another dict would cost as much as a cookie.
    """
    found: dict[str, Any] = pairs
    for name, value in found.items():
        # A value may be replaced while one iterates, as long as no key comes or goes.
        found[name] = cookie = _new(kind)
        cookie.name = name
        cookie.value = value
        cookie._attributes = NONE
    return found
