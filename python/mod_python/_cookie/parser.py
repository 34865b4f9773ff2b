"""The parser of the ``Cookie`` header: the native one inside httpd, ``pairs`` outside. Used by the classes."""

from __future__ import annotations

try:
    from mod_python._apache import parse_cookies
except ImportError:
    from mod_python._cookie.pairs import parse_cookies

__all__ = ["parse_cookies"]
