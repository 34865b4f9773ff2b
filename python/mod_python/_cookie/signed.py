"""``SignedCookie``: a cookie that can't be changed by the browser's user, who can read it.

Public through ``mod_python.Cookie``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from mod_python._cookie import signature
from mod_python._cookie.parser import parse_cookies
from mod_python._cookie.plain import Cookie, received
from mod_python._cookie.signature import CookieError, Secret
from mod_python._cookie.warn import warn_downgraded


class SignedCookie(Cookie):
    """A cookie whose header has a signature of its name and value before the value.

    The signature covers neither the attributes nor the time: who has a cookie can send it for as long as the
    secret is used. ``__data__["secret"]`` is the secret.
    """

    #: Part of what is signed: a value of one class is none of another. Subclasses may set their own.
    purpose: ClassVar[str] = "SignedCookie"

    def __init__(self, name: str, value: Any, secret: Secret = None, **attributes: Any) -> None:
        """Make a cookie; ``str()`` signs it with ``secret``, or with the first one of a list."""
        super().__init__(name, value, **attributes)
        self.__data__["secret"] = secret

    def __str__(self) -> str:
        """Return the header's text; CookieError without a secret, else as Cookie."""
        return self._header(signature.sign(self.purpose, self.name, self._encode(), self.__data__.get("secret")))

    def hexdigest(self, text: str) -> str:
        """Return the 64 hexadecimal digits that sign ``text`` as the value of this cookie; CookieError as str()."""
        key = signature.keys(self.__data__.get("secret"))[0]
        return signature.digest(self.purpose, self.name, text, key)

    def unsign(self, secret: Secret, legacy: bool = False) -> None:
        """Check the signature in ``value`` and leave there what was signed; CookieError if it is missing or wrong.

        ``legacy`` accepts the HMAC-MD5 signatures of release 3 as well.
        """
        keys = signature.keys(secret)
        value = self.value if isinstance(self.value, str) else str(self.value)
        text = signature.verified(self.purpose, self.name, value, keys)
        if text is not None:
            self.value = self._decode(text)
        elif legacy and (text := signature.verified_legacy(self.name, value, keys)) is not None:
            self.value = self._decode_legacy(text)
        else:
            raise CookieError(f"the cookie {self.name!r} has no valid signature")
        self.__data__["secret"] = secret

    @classmethod
    def parse(  # type: ignore[override]  # The secret has always been the second argument.
        cls,
        string: str,
        secret: Secret,
        mismatch: int = Cookie.DOWNGRADE,
        names: Collection[str] | None = None,
        legacy: bool = False,
    ) -> dict[str, Cookie]:
        """Return {name: cookie} of the cookies in a ``Cookie`` header, with their signatures checked and taken off.

        ``mismatch`` says what becomes of a cookie without a valid one: IGNORE leaves it out, EXCEPTION raises
        CookieError, DOWNGRADE returns it as a plain Cookie with all that was sent, and logs MPY0610: **look at
        the type** of what you get. ``legacy``: see `unsign`. CookieError if there is no secret.
        """
        if mismatch not in (Cookie.DOWNGRADE, Cookie.IGNORE, Cookie.EXCEPTION):
            raise ValueError(f"mismatch: {mismatch!r} is none of DOWNGRADE, IGNORE and EXCEPTION")
        keys = signature.keys(secret)
        found: dict[str, Cookie] = {}
        downgraded = []
        sent = parse_cookies(string, names)
        for name, cookie in received(cls, dict(sent)).items():
            try:
                cookie.unsign(keys, legacy)
            except CookieError:
                if mismatch == Cookie.EXCEPTION:
                    raise
                if mismatch == Cookie.DOWNGRADE:
                    downgraded.append(name)
            else:
                cookie.__data__["secret"] = secret
                found[name] = cookie
        if downgraded:
            found.update(received(Cookie, {name: sent[name] for name in downgraded}))
            warn_downgraded(cls.__name__, downgraded)
        return found

    def _encode(self) -> str:
        """Return the value as text."""
        value = self.value
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        return str(value)

    def _decode(self, text: str) -> Any:
        """Return the value of a text that `_encode` made; CookieError if it can't be."""
        return text

    def _decode_legacy(self, text: str) -> Any:
        """Return the value of a text of release 3; CookieError if it can't be read."""
        return text
