"""``sys.stdout`` and ``sys.stderr`` of an interpreter: the error log, line by line.

Put in place by ``_core`` at the interpreter's start. What was written is kept by
the native module until a line is complete; nothing here has state.
"""

import io
import sys
from collections.abc import Iterable
from typing import Any

from mod_python import _apache

#: As file descriptors: what processes started from here inherit.
_STDOUT, _STDERR = 1, 2


def install() -> None:
    """Replace ``sys.stdout`` and ``sys.stderr``.

    ``sys.__stdout__`` and ``sys.__stderr__`` stay the process's own. In ``httpd
    -X`` so does ``sys.stdout``: a debugger and its user talk through it.
    """
    if not any(map(_apache.exists_config_define, ("DEBUG", "ONE_PROCESS"))):
        sys.stdout = LogStream(_STDOUT, "<stdout>")
    sys.stderr = LogStream(_STDERR, "<stderr>")


class LogStream(io.TextIOBase):
    """A text file whose lines go to the error log.

    Text goes out as UTF-8, lone surrogates as their escapes, so writing never
    fails. A line is written when it is complete, by ``flush()``, when it gets too
    long for httpd, and when the handler that began it returns.
    """

    encoding = "utf-8"
    errors = "backslashreplace"
    line_buffering = True
    write_through = False
    mode = "w"

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.buffer = _Bytes(descriptor, name)

    def __repr__(self) -> str:
        return f"<mod_python log stream {self.name}>"

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            kind = type(text).__name__
            raise TypeError(f"write() argument must be str, not {kind}")
        return _apache._write_stream(self._descriptor, text)

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        _apache._flush_stream(self._descriptor)

    def close(self) -> None:
        """Flush only: the rest of the interpreter still writes here."""
        self.flush()

    def reconfigure(self, **settings: Any) -> None:
        """Flush only: encoding and line ends of the log cannot be changed."""
        self.flush()

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True


class _Bytes(io.BufferedIOBase):
    """The bytes behind a LogStream; both share the line that was begun."""

    mode = "wb"

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name

    def write(self, data: Any, /) -> int:
        return _apache._write_stream(self._descriptor, memoryview(data).tobytes())

    def flush(self) -> None:
        _apache._flush_stream(self._descriptor)

    def close(self) -> None:
        self.flush()

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True
