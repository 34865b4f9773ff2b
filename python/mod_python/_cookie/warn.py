"""The log line for cookies that are handed over without a valid signature. Used by ``signed``."""

from __future__ import annotations

import logging
from collections.abc import Sequence

try:
    from mod_python import _apache
except ImportError:  # Outside httpd.
    _apache = None  # type: ignore[assignment]

#: How many names a line shows, and how much of each: a client chooses them.
_SHOWN = 5
_LENGTH = 40


def warn_downgraded(kind: str, names: Sequence[str]) -> None:
    """Log MPY0610, one line for all cookies of a header; to ``logging`` outside httpd."""
    shown = ", ".join(ascii(name[:_LENGTH]) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    what = f"no valid signature for {shown}{more}: {kind}.parse with DOWNGRADE hands over what the client sent"
    if _apache is None:
        logging.getLogger("mod_python.Cookie").warning("MPY0610: %s", what)
        return
    req = _apache.current_request()
    phase = (req.phase if req is not None else None) or "-"
    _apache._log(_apache.APLOG_WARNING, f"MPY0610: interpreter={_apache.interpreter!r} phase={phase!r}: {what}")
