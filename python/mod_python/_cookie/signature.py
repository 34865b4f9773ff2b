"""Signatures of cookies: HMAC-SHA-256 as ``v2.<64 hexadecimal digits>.<text>``, and HMAC-MD5 of older releases.

Used by ``signed`` and ``marshal``.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Union

#: One secret or several: the first one signs, each is good for checking.
Secret = Union[str, bytes, Sequence[Union[str, bytes]], None]

#: What a signed value begins with. An older one begins with a hexadecimal digit.
_MARK = "v2."
_DIGITS = 64
_LEGACY_DIGITS = 32


class CookieError(Exception):
    """A signature is missing or wrong, the data behind it can't be read, or there is no secret."""


def keys(secret: Secret) -> list[bytes]:
    """Return the secrets as bytes (str as UTF-8); CookieError where there is none or one is empty."""
    every = [secret] if isinstance(secret, (str, bytes)) else list(secret or ())
    found = [_bytes(one) if isinstance(one, str) else one for one in every]
    if not found or not all(found):
        raise CookieError("a signed cookie needs a secret that is not empty")
    return found


def digest(purpose: str, name: str, text: str, key: bytes) -> str:
    """Return the 64 hexadecimal digits for a cookie of this name.

    ``purpose`` keeps a value signed for one class from being taken for another's.
    """
    label, name_bytes = _bytes(purpose), _bytes(name)
    # Lengths, so that no part can be mistaken for a piece of its neighbour.
    prefix = b"mod_python cookie 2:%d:%d:" % (len(label), len(name_bytes))
    return hmac.digest(key, prefix + label + name_bytes + _bytes(text), "sha256").hex()


def sign(purpose: str, name: str, text: str, secret: Secret) -> str:
    """Return the signed value; CookieError without a secret."""
    return f"{_MARK}{digest(purpose, name, text, keys(secret)[0])}.{text}"


def verified(purpose: str, name: str, value: str, secret: Secret) -> str | None:
    """Return the text of a signed value; None where the signature is missing or wrong."""
    end = len(_MARK) + _DIGITS
    if not value.startswith(_MARK) or value[end : end + 1] != ".":
        return None
    given, text = _bytes(value[len(_MARK) : end]), value[end + 1 :]
    good = [hmac.compare_digest(given, digest(purpose, name, text, key).encode()) for key in keys(secret)]
    return text if any(good) else None


def verified_legacy(name: str, value: str, secret: Secret) -> str | None:
    """Return the text of a value that release 3 signed, by HMAC-MD5; None where the signature is missing or wrong."""
    given, text = _bytes(value[:_LEGACY_DIGITS]), value[_LEGACY_DIGITS:]
    message = _bytes(name + text)
    good = [hmac.compare_digest(given, hmac.digest(key, message, "md5").hex().encode()) for key in keys(secret)]
    return text if any(good) else None


def _bytes(text: str) -> bytes:
    """Return text of a header as the bytes that it came as; any str has some."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
