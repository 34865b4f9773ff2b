"""A lean keep-alive client: what the mixed requests are sent with. harness.client takes answers apart more thoroughly, and slower.

A connection that the server closed between two requests is ordinary HTTP. So a request is sent again, on a new connection,
if it went out on a connection that had been used before and not one byte of an answer came. Anything else is an error.
"""

import socket

#: Requests after which a client opens a new connection, so that the work reaches all children.
LIFE = 100
TIMEOUT = 60


class Answer:
    """A response: its status, its head as text, its body as bytes."""

    __slots__ = ("_head", "body", "status")

    def __init__(self, status, head, body):
        self.status, self._head, self.body = status, head, body

    def header(self, name):
        """Return the first value of a header, or None."""
        name = name.lower()
        for line in self._head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None


class CutOffError(OSError):
    """The connection ended where an answer was due."""


class Wire:
    """One client's connection. `reopened` counts requests that were sent again as the module's text says.

    patient: False where the server may cut off a request that it has carried out, so that none may be sent again.
    """

    def __init__(self, port, patient=True):
        self.port, self.patient, self.reopened = port, patient, 0
        self._socket, self._buffer, self._used = None, b"", 0

    def close(self):
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer, self._used = None, b"", 0

    def ask(self, method, path, headers=None, body=b"", host="localhost"):
        """Send a request and return its Answer; raises OSError (CutOffError, TimeoutError) or ValueError for what is no HTTP."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        request = "\r\n".join([*lines, "", ""]).encode() + body
        if self._used >= LIFE:
            self.close()
        try:
            return self._exchange(request)
        except OSError as error:
            answered, reused = bool(self._buffer), self._used
            self.close()
            if answered or not (reused and self.patient) or isinstance(error, TimeoutError):
                raise
        except BaseException:
            self.close()
            raise
        self.reopened += 1
        try:
            return self._exchange(request)
        except BaseException:
            self.close()
            raise

    def _exchange(self, request):
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._socket.sendall(request)
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._more()
        head = self._buffer[:end].decode("latin-1")
        position = end + 4
        if not head.startswith("HTTP/1.1 "):
            raise ValueError(f"no HTTP: {head[:80]!r}")
        answer = Answer(int(head[9:12]), head, b"")
        length, coding = answer.header("Content-Length"), answer.header("Transfer-Encoding")
        if coding == "chunked":
            answer.body, position = self._chunks(position)
        elif length is not None:
            answer.body, position = self._exactly(position, int(length))
        else:
            raise ValueError(f"neither a length nor chunks: {head!r}")
        if len(self._buffer) != position:
            raise ValueError(f"more than one answer: {self._buffer[position : position + 80]!r}")
        self._used += 1
        if answer.header("Connection") == "close":
            self.close()
        return answer

    def _more(self):
        data = self._socket.recv(65536)
        if not data:
            raise CutOffError(f"the connection ended after {len(self._buffer)} bytes of an answer")
        self._buffer += data

    def _exactly(self, start, size):
        while len(self._buffer) < start + size:
            self._more()
        return self._buffer[start : start + size], start + size

    def _chunks(self, position):
        body = b""
        while True:
            while (end := self._buffer.find(b"\r\n", position)) < 0:
                self._more()
            size = int(self._buffer[position:end], 16)
            data, position = self._exactly(end + 2, size)
            body += data
            line_end, position = self._exactly(position, 2)
            if line_end != b"\r\n":
                raise ValueError(f"a chunk ends with {line_end!r}")
            if not size:
                return body, position
