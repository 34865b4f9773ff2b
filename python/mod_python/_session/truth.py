"""``true_or_false``: what a text of a configuration means. Public through ``mod_python.Session``."""

from __future__ import annotations

_TRUE = ("yes", "true", "on", "1")
_FALSE = ("no", "false", "off", "0", "none")


def true_or_false(item: object) -> bool:
    """Return True for yes, true, on and 1 in any case, False for no, false, off, 0 and None; Exception for the rest."""
    text = str(item).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise Exception(f"true_or_false: {item!r} is neither true nor false")
