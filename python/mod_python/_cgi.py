"""CGI scripts inside httpd: environment, standard input and output.

Used through ``mod_python.apache`` by CGI handlers. Everything here changes the
state of the whole process (``os.environ``, ``sys.stdin``, ``sys.stdout``), so
two threads cannot use it at the same time.
"""

import io
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

#: Bytes asked from httpd at a time.
_BLOCK = 65536

#: What ends the headers of a script.
_BLANK_LINE = re.compile(rb"(?:\A|\r?\n)\r?\n")


def build_cgi_env(req: Any) -> Any:
    """Return the CGI variables of ``req`` as a table of its own (RFC 3875)."""
    req.add_cgi_vars()
    env = req.subprocess_env.copy()
    uri, path_info = req.uri, req.path_info
    if path_info and uri.endswith(path_info):
        uri = uri[: -len(path_info)]
    env["SCRIPT_NAME"] = _as_it_came(uri)
    env["GATEWAY_INTERFACE"] = "Python-CGI/1.1"
    authorization = req.headers_in.get("authorization")
    if authorization is not None:
        # httpd keeps this one from CGI scripts; Python code may see it.
        env["HTTP_AUTHORIZATION"] = _as_it_came(authorization)
    return env


def _as_it_came(text: str) -> bytes:
    """Return the bytes that httpd has shown as ``text``; it would take str for ISO-8859-1."""
    return text.encode("utf-8", "surrogateescape")


def setup_cgi(req: Any) -> tuple[dict[str, str], Any, Any]:
    """Make the process look like a CGI script's for ``req``.

    Returns what ``restore_nocgi`` needs: a copy of ``os.environ``, and the
    standard input and output of before.
    """
    before = dict(os.environ), sys.stdin, sys.stdout
    for name, value in build_cgi_env(req).items():
        if value is not None:
            os.environ[name] = value
    sys.stdin = CGIStdin(req)
    sys.stdout = CGIStdout(req)
    sys.argv = []
    return before


def restore_nocgi(env: dict[str, str], si: Any, so: Any) -> None:
    """Undo ``setup_cgi``; takes the three things it returned."""
    for name in list(os.environ):
        if name not in env:
            del os.environ[name]
    for name, value in env.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    sys.stdin = si
    sys.stdout = so


class NullIO:
    """A text file that is always empty and forgets what is written."""

    def tell(self) -> int:
        return 0

    def read(self, n: int = -1) -> str:
        return ""

    def readline(self, length: int | None = None) -> str:
        return ""

    def readlines(self) -> list[str]:
        return []

    def write(self, s: str) -> Any:
        return None

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        return None

    def close(self) -> None:
        return None

    def detach(self) -> None:
        return None

    def seek(self, pos: int, mode: int = 0) -> None:
        return None

    def isatty(self) -> int:
        return 0


class CGIStdin(NullIO):
    """The body of a request as standard input.

    Text is UTF-8 with ``surrogateescape`` and untranslated line ends; the bytes
    are in ``buffer``. As with any ``sys.stdin``, use one of the two: text reads
    ahead. Reading raises OSError when the client is gone.
    """

    def __init__(self, req: Any) -> None:
        self.req = req
        self.buffer = _Buffer(_RequestBody(req), _BLOCK)
        self._text = io.TextIOWrapper(
            self.buffer, encoding="utf-8", errors="surrogateescape", newline="\n"
        )

    def read(self, n: int | None = -1) -> str:
        return self._text.read(-1 if n is None else n)

    def readline(self, n: int | None = -1) -> str:
        return self._text.readline(-1 if n is None else n)

    def readlines(self) -> list[str]:
        return self._text.readlines()

    def __iter__(self) -> Any:
        return iter(self._text)


class _Buffer(io.BufferedReader):
    def close(self) -> None:
        """Stay open when the text in front of it goes away."""


class _RequestBody(io.RawIOBase):
    def __init__(self, req: Any) -> None:
        self._req = req

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        data = self._req.read(min(len(target), _BLOCK))
        target[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._req.read(_BLOCK), b""))


class CGIStdout(NullIO):
    """Standard output that sets the headers of ``req``, then writes its body.

    Output is collected up to the first blank line and taken as headers; a line
    without a colon there raises ValueError. ``buffer`` accepts bytes.
    """

    def __init__(self, req: Any) -> None:
        self.req = req
        self.pos = 0
        self.buffer = _Bytes(self)
        self._head: bytes | None = b""

    def write(self, s: str) -> int:
        self._send(s.encode("utf-8", "surrogateescape"))
        self.pos += len(s)
        return len(s)

    def tell(self) -> int:
        return self.pos

    def _send(self, data: bytes) -> None:
        if not data:
            return
        if self._head is None:
            self.req.write(data)
            return
        self._head += data
        blank = _BLANK_LINE.search(self._head)
        if blank is None:
            return
        head, body = self._head[: blank.start()], self._head[blank.end() :]
        self._head = None
        self._set_headers(head)
        if body:
            self.req.write(body)

    def _set_headers(self, head: bytes) -> None:
        # Bytes leave as the script has written them.
        for line in head.split(b"\n") if head else ():
            name, colon, value = line.rstrip(b"\r").partition(b":")
            if not colon:
                text = name.decode("utf-8", "surrogateescape")
                raise ValueError(f"not a CGI header line: {text!r}")
            name, value = name.strip(), value.strip()
            if name.lower() == b"status":
                self.req.status = int(value.split()[0])
                continue
            if name.lower() == b"content-type":
                self.req.content_type = value
                self.req.headers_out[name] = value
            else:
                self.req.headers_out.add(name, value)


class _Bytes(io.BufferedIOBase):
    """What ``sys.stdout.buffer`` is; text files can be made on top of it."""

    def __init__(self, out: CGIStdout) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._out._send(data)
        self._out.pos += len(data)
        return len(data)

    def close(self) -> None:
        """Stay open when the text in front of it goes away."""
