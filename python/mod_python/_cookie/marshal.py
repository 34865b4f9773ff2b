"""``MarshalCookie``: a signed cookie whose value is any plain data.

Public through ``mod_python.Cookie``.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, ClassVar

from mod_python._cookie.marshal2 import loads
from mod_python._cookie.signature import CookieError
from mod_python._cookie.signed import SignedCookie
from mod_python._session.packing import UnfitError, pack, unpack_object

#: Base64 that is read as marshal data, in characters: more than any browser keeps in a cookie.
_LEGACY_LIMIT = 8192
#: The alphabet for URLs as the ordinary one, of which the two other characters are no part here.
_ORDINARY = str.maketrans("-_+/", "+/..")


class MarshalCookie(SignedCookie):
    """A signed cookie with a value of str, bytes, int, float, bool, None, and lists, tuples, dicts and sets of these.

    Dates and times of `datetime` and `decimal.Decimal` are plain data too. The value goes out as JSON in base64 for URLs
    (RFC 4648, section 5). The name is that of the format which release 3 wrote; such cookies are read only if `parse` or
    `unsign` is asked to, with ``legacy=True``.
    """

    purpose: ClassVar[str] = "MarshalCookie"
    _is_text: ClassVar[bool] = False

    def _encode(self) -> str:
        """Return the value as text; TypeError for other data."""
        try:
            text = json.dumps(pack(self.value), separators=(",", ":"))
        except UnfitError as error:
            raise TypeError(f"the cookie {self.name!r}: {error}") from None
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _decode(self, text: str) -> Any:
        try:
            data = base64.b64decode(text.translate(_ORDINARY) + "=" * (-len(text) % 4), validate=True)
            return json.loads(data, object_hook=unpack_object)
        except (ValueError, TypeError, RecursionError) as error:
            raise CookieError(f"the cookie {self.name!r} has no readable value: {error}") from None

    def _decode_legacy(self, text: str) -> Any:
        if len(text) > _LEGACY_LIMIT:
            raise CookieError(f"the cookie {self.name!r} is too long: {len(text)} characters")
        try:
            return loads(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            raise CookieError(f"the cookie {self.name!r} has no readable value: {error}") from None
