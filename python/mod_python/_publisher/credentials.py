"""The name and the password of ``Authorization: Basic``.

Used by ``auth`` alone.
"""

from __future__ import annotations

import binascii
from typing import Any

from mod_python import _apache

__all__ = ["read_credentials", "same_password"]


def read_credentials(req: Any) -> tuple[str | None, str | None]:
    """Return user and password, None twice if the request has none of that scheme.

    They are UTF-8, or Latin-1 where they are not. Raises SERVER_RETURN(400) if
    the header is Basic but is not base64 with a colon inside.
    """
    header = req.headers_in.get("Authorization")
    if header is None:
        return None, None
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        # Any other character, or one too few, is an error.
        data = binascii.a2b_base64(encoded.strip().encode("ascii"))
        if binascii.b2a_base64(data, newline=False) != encoded.strip().encode("ascii"):
            raise ValueError("not base64")
    except ValueError:
        raise _apache.SERVER_RETURN(_apache.HTTP_BAD_REQUEST) from None
    user, colon, password = data.partition(b":")
    if not colon:
        raise _apache.SERVER_RETURN(_apache.HTTP_BAD_REQUEST)
    try:
        return user.decode(), password.decode()
    except UnicodeDecodeError:
        return user.decode("latin-1"), password.decode("latin-1")


def same_password(stored: Any, given: str | None) -> bool:
    """Tell whether ``stored``, a str or bytes, is ``given``; takes the same time."""
    # Loads OpenSSL, so only where passwords are compared.
    from hmac import compare_digest

    if isinstance(stored, str):
        stored = stored.encode("utf-8", "surrogatepass")
    if not isinstance(stored, bytes) or given is None:
        return False
    return compare_digest(stored, given.encode("utf-8", "surrogatepass"))
