"""What the native module does for cookies, and what stands for it outside httpd. Used by the classes and functions."""

from __future__ import annotations

from typing import Any

try:
    from mod_python._apache import add_cookie as add_plain
    from mod_python._apache import format_cookie, parse_cookies, received_cookies
except ImportError:
    from mod_python._cookie.pairs import parse_cookies

    def format_cookie(name: object, value: object, attributes: dict[str, Any], /) -> str | None:
        """Leave every cookie to the caller."""
        return None

    def add_plain(
        req: object, on_errors: object, name: object, value: object, attributes: dict[str, Any], /
    ) -> bool:
        """Leave every cookie to the caller."""
        return False

    def received_cookies(
        req: object, kind: type, places: tuple[Any, ...], attributes: dict[str, Any], /
    ) -> dict[str, Any] | None:
        """Leave every request to the caller."""
        return None


__all__ = ["add_plain", "format_cookie", "parse_cookies", "received_cookies"]
