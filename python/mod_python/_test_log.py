"""The end of the error log. Used by ``mod_python.testhandler``."""

from __future__ import annotations

import os

from mod_python import apache

#: How many lines are shown, and how many bytes at most are looked at for them.
_LINES = 100
_BYTES = 256 * 1024


def last_lines(name: str | None) -> str:
    """Return the last lines of the log file ``name``, or why they cannot be shown.

    A relative name is one below ServerRoot.
    """
    if not name or name.startswith(("|", "syslog")):
        return f"The error log is no file: {name}\n"
    path = os.path.join(apache.server_root(), name)
    try:
        with open(path, "rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(size - _BYTES, 0))
            lines = log.read(_BYTES).splitlines(keepends=True)
    except OSError as error:
        return f"The error log {path} cannot be read by httpd's children: {error.strerror}\n"
    return b"".join(lines[-_LINES:]).decode("utf-8", "replace")
