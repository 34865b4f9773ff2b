"""HTTP as bytes on a socket: what was sent and what came back, exactly. Used through Httpd's methods."""

import http.client
import io
import socket
from dataclasses import dataclass, field

from harness import launch


@dataclass(frozen=True)
class Response:
    """One parsed response. `headers` keeps httpd's order and repetitions; `body` is without the chunked coding."""

    status: int
    reason: str
    version: str
    headers: list = field(repr=False)
    body: bytes

    def header(self, name):
        """Return the first value of a header, or None."""
        return next(iter(self.header_all(name)), None)

    def header_all(self, name):
        """Return all values of a header in their order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self):
        """The body as str, decoded as UTF-8."""
        return self.body.decode()


class _Replay:
    """What http.client takes for a socket, so that it parses bytes that were read already."""

    def __init__(self, file):
        self._file = file

    def makefile(self, *_args, **_options):
        return self._file


def parse(data, method="GET"):
    """Parse one response from bytes; raises http.client.HTTPException where it is not HTTP or ends early."""
    return _read(_Replay(io.BytesIO(data)), method)


def _read(sock, method):
    answer = http.client.HTTPResponse(sock, method=method)
    answer.begin()
    body = answer.read()
    version = "HTTP/1.1" if answer.version == 11 else "HTTP/1.0"
    return Response(answer.status, answer.reason, version, answer.getheaders(), body)


def compose(method, path, headers=None, body=None, host="localhost", version="HTTP/1.1", close=True):
    """Return the bytes of a request. A header of the caller replaces the one that would be added."""
    pairs = list(headers.items() if hasattr(headers, "items") else headers or [])
    given = {name.lower() for name, _ in pairs}
    if host is not None and "host" not in given:
        pairs.insert(0, ("Host", host))
    if body is not None and not given & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(body))))
    if close and "connection" not in given:
        pairs.append(("Connection", "close"))
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


class Connection:
    """A connection that stays open; a context manager. Every wait ends after `timeout` seconds, times the run's
    patience, with TimeoutError.
    """

    def __init__(self, port, timeout=20, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port), timeout=timeout * launch.patience)
        self._file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def send(self, data):
        """Send bytes as they are."""
        self.socket.sendall(data)

    def response(self, method="GET"):
        """Read one response and leave the connection open for the next one."""
        kept = _Replay(_KeptOpen(self._file))
        return _read(kept, method)

    def request(self, method, path, **options):
        """Send one keep-alive request (see compose) and return its response."""
        self.send(compose(method, path, **{"close": False, **options}))
        return self.response(method)

    def read_line(self):
        """Read up to the next line end; b"" at the end of the connection."""
        return self._file.readline()

    def read(self, size):
        """Read exactly so many bytes, fewer only at the end of the connection."""
        return self._file.read(size)

    def read_to_end(self):
        """Read everything up to the end of the connection."""
        return self._file.read()

    def close(self):
        """Close the connection; may be called twice."""
        self._file.close()
        self.socket.close()


class _KeptOpen(io.BufferedIOBase):
    """Passes reads on and ignores close(), which http.client calls at the end of each response."""

    def __init__(self, file):
        self._file = file

    def readable(self):
        return True

    def read(self, size=-1):
        return self._file.read(size)

    def read1(self, size=-1):
        return self._file.read1(size)

    def readinto(self, buffer):
        return self._file.readinto(buffer)

    def readline(self, size=-1):
        return self._file.readline(size)

    def peek(self, size=0):
        return self._file.peek(size)

    def close(self):
        self._file.flush()


def exchange(port, data, timeout=20, finish=False, address="127.0.0.1"):
    """Send bytes, read to the end of the connection, return the bytes; `finish` ends our side after sending."""
    with Connection(port, timeout, address) as connection:
        connection.send(data)
        if finish:
            connection.socket.shutdown(socket.SHUT_WR)
        return connection.read_to_end()
