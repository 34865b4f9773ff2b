"""What a PythonErrorLogHandler gets: one line of httpd's error log.

For user code that wants to name the type; the native module makes the objects.
"""

from typing import NamedTuple

from mod_python import _apache

__all__ = ["ErrorLine"]


class ErrorLine(NamedTuple):
    """A line that httpd has written. It is a copy: nothing in it expires."""

    #: The message without date, level and client, as httpd writes it: control characters are escaped.
    message: str
    #: APLOG_*.
    level: int
    #: The level as LogLevel and the log spell it: "error", "warn" ...
    level_name: str
    #: When it was written, in seconds since 1970.
    time: float
    #: The httpd module without "mod_": "core", "python" ...; None if unknown.
    module: str | None
    #: The source file that wrote the line, mostly one of httpd's own; None if unknown.
    file: str | None
    #: The line in it, 0 if unknown.
    line: int
    #: APR's number of what went wrong, errno for most; 0 for nothing.
    status: int
    #: The process.
    pid: int
    #: The thread, by the system's number.
    tid: int
    #: (address, port) of the client; None where the line belongs to no connection.
    client: tuple[str, int] | None
    #: The request's method; None where the line belongs to no request.
    method: str | None
    #: The request's path; None where the line belongs to no request.
    uri: str | None
    #: What %L shows in the error log and in access logs; None where the line belongs to no connection.
    log_id: str | None
    #: The server; the main one where the line belongs to none.
    server: _apache.mp_server
