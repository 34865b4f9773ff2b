"""Keeps Python code from taking httpd's signals away from it.

Used by ``_core`` when an interpreter begins. Only the main thread of the main
interpreter could: that is where handlers run under prefork.
"""

import _signal  # type: ignore[import-not-found]
from collections.abc import Callable
from typing import Any

#: What httpd ends, restarts and watches its processes with.
_OF_HTTPD = frozenset(
    int(getattr(_signal, name))
    for name in (
        "SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1", "SIGWINCH", "SIGCHLD", "SIGPIPE",
        "SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE",
    )
)  # fmt: skip


def install() -> None:
    """Have ``signal.signal`` raise ValueError for httpd's signals in this interpreter."""
    _signal.signal = _refusing(_signal.signal)


def _refusing(own: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def signal(signalnum: Any, handler: Any, /) -> Any:
        if signalnum in _OF_HTTPD:
            raise ValueError(f"signal {int(signalnum)} belongs to httpd")
        return own(signalnum, handler)

    signal.__doc__ = own.__doc__
    return signal
