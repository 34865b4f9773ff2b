"""HTML escaping of values, and text that is exempt from it. Public through ``mod_python.psp``."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, Optional


class Raw(str):
    """Text that is HTML already; made by `raw`."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def raw(value: Any) -> Raw:
    """Return ``str(value)``, marked as HTML that pages with autoescape write as it is."""
    return Raw(value)


def escape(value: Any) -> str:
    """Return ``str(value)`` with ``& < > " '`` as HTML needs them.

    What is HTML already comes back as it is: `raw` text, and objects with a method ``__html__``.
    """
    if type(value) is not str and (render := getattr(type(value), "__html__", None)) is not None:
        # An exact str, whatever class of its own a template library uses.
        return "".join([render(value)])
    return html.escape(str(value))


def escaped_text(*values: Any) -> str:
    """Do what ``str`` does with the values of an expression, and escape that."""
    return escape(*values) if len(values) == 1 else html.escape(str(*values))


def escaped_write(write: Callable[[str, int], None]) -> Callable[..., None]:
    """Return what a page with autoescape writes with, as ``req._psp_write`` but with values escaped."""

    def escaped(data: Any, text: Optional[str] = None, before: str = "") -> None:
        if text is None:
            write(data, 0)
        else:
            write(before, 0)
            write(escape(data) + text, 0)

    return escaped
