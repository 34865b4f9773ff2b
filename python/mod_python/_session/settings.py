"""What the options of a request say about sessions, read once for each set of options. Used by all classes."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Optional

from mod_python import _options
from mod_python._apache import mp_request
from mod_python._session import place
from mod_python._session.format import KINDS

_SAMESITE = {"lax": "Lax", "strict": "Strict", "none": "None", "off": None}

#: Options of requests -> what they mean. Few sets are in use at a time; when there are more, all are read again.
_known: dict[tuple[tuple[str, Optional[str]], ...], Settings] = {}
_MOST = 64


def of(req: mp_request) -> Settings:
    """Return what the options of a request mean."""
    pairs = tuple(req.get_options().items())
    found = _known.get(pairs)
    if found is None:
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[pairs] = Settings(pairs)
    return found


class Settings:
    """The meaning of one set of options. Each part is read when it is asked for; ValueError if it means nothing."""

    def __init__(self, pairs: tuple[tuple[str, Optional[str]], ...]) -> None:
        self._pairs = {name.lower(): value for name, value in pairs}

    def get(self, key: str, /) -> Optional[str]:
        """Return the text of an option, as a table of httpd does; None where it is not set."""
        return self._pairs.get(key.lower())

    @cached_property
    def kind(self) -> Optional[str]:
        """The name of the class, None for the default."""
        return _options.text(self, _options.SESSION_TYPE)

    @cached_property
    def cookie_name(self) -> str:
        """The name of the cookie."""
        return _options.text(self, _options.SESSION_COOKIE_NAME) or ""

    @cached_property
    def path(self) -> Optional[str]:
        """The path of the cookie, None for the computed one."""
        return _options.text(self, _options.SESSION_PATH)

    @cached_property
    def domain(self) -> Optional[str]:
        """The domain of the cookie."""
        return _options.text(self, _options.SESSION_DOMAIN)

    @cached_property
    def httponly(self) -> bool:
        """Whether the cookie is hidden from scripts."""
        return _options.flag(self, _options.SESSION_HTTPONLY)

    @cached_property
    def secure(self) -> Optional[bool]:
        """Whether the cookie is for HTTPS only, None for what the request came over."""
        if (_options.text(self, _options.SESSION_SECURE) or "").lower() == "auto":
            return None
        return _options.flag(self, _options.SESSION_SECURE)

    @cached_property
    def samesite(self) -> Optional[str]:
        """The cookie's attribute, None for none."""
        text = _options.text(self, _options.SESSION_SAMESITE) or ""
        try:
            return _SAMESITE[text.lower()]
        except KeyError:
            raise ValueError(
                f"PythonOption {_options.SESSION_SAMESITE.name}: {text!r} is none of Lax, Strict, None, off"
            ) from None

    @cached_property
    def format(self) -> str:
        """How data is written: one of `format.KINDS`."""
        text = _options.text(self, _options.SESSION_FORMAT) or ""
        if text not in KINDS:
            raise ValueError(f"PythonOption {_options.SESSION_FORMAT.name}: {text!r} is neither json nor pickle")
        return text

    @cached_property
    def max_size(self) -> int:
        """The most bytes of a record."""
        return _options.number(self, _options.SESSION_MAX_SIZE)

    @cached_property
    def max_in_memory(self) -> int:
        """The most sessions in the memory of a child."""
        return max(1, _options.number(self, _options.MEMORY_SESSION_MOST))

    @cached_property
    def file_root(self) -> str:
        """The directory with the files, which is private; OSError if it cannot be."""
        return place.private(os.path.join(place.directory(self, _options.FILE_SESSION_DIRECTORY), "mp_sess"))

    @cached_property
    def file_cleanup(self) -> tuple[bool, bool, int, int]:
        """Whether young files are skipped, whether others are looked into, seconds of grace, seconds for a run."""
        return (
            _options.flag(self, _options.FILE_SESSION_FAST),
            _options.flag(self, _options.FILE_SESSION_VERIFY),
            _options.number(self, _options.FILE_SESSION_GRACE),
            _options.number(self, _options.FILE_SESSION_LIMIT),
        )

    @cached_property
    def dbm_file(self) -> str:
        """The file of the database."""
        named = _options.text(self, _options.DBM_SESSION_FILE)
        return named or os.path.join(place.directory(self, _options.DBM_SESSION_DIRECTORY), "mp_sess.dbm")
