"""The publisher's lines in the error log."""

from __future__ import annotations

from typing import Any

from mod_python import _apache

__all__ = ["debugging", "write"]


def write(req: Any, code: str, level: int, text: str) -> None:
    """Log ``text`` with its code; what came from a client must be in it as ``!a``."""
    req.log_error(
        f"{code}: interpreter={_apache.interpreter!r} phase={req.phase!r}: {text}",
        level,
    )


def debugging(req: Any) -> bool:
    """Tell whether PythonDebug is On for the request."""
    return bool(req.get_config().get("PythonDebug") == "1")
