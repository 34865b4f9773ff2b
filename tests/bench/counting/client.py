"""A keep-alive HTTP/1.1 client over one raw socket.

It sends exactly the bytes it is given and one request at a time, so that the server does the same
work in every run.  Used by run.py and parallel.py.
"""

import socket


class ProtocolError(Exception):
    """The server's answer is not a complete HTTP/1.1 response."""


class Response:
    """Status (int), headers (dict, lower-case names, last value wins) and body (bytes)."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


def parse_head(head):
    """Return (status, headers) of a response head given as bytes without the empty line."""
    first, *rest = head.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise ProtocolError(f"bad status line {first!r}")
    headers = {}
    for line in rest:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(parts[1]), headers


class Client:
    """One connection to 127.0.0.1:`port`; a context manager.  Times out after `timeout` seconds."""

    def __init__(self, port, timeout=120):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def ask(self, request):
        """Send the bytes `request`, return the Response.  Raises ProtocolError and OSError."""
        self.socket.sendall(request)
        head = self._until(b"\r\n\r\n")
        status, headers = parse_head(head)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        else:
            raise ProtocolError("neither Content-Length nor chunks: the connection would close")
        if self.buffer:
            raise ProtocolError(f"bytes after the response: {bytes(self.buffer[:80])!r}")
        return Response(status, headers, body)

    def _more(self):
        data = self.socket.recv(1 << 20)
        if not data:
            raise ProtocolError("the server closed the connection within a response")
        self.buffer += data

    def _until(self, mark):
        while (end := self.buffer.find(mark)) < 0:
            self._more()
        data = bytes(self.buffer[:end])
        del self.buffer[: end + len(mark)]
        return data

    def _exactly(self, size):
        while len(self.buffer) < size:
            self._more()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def _chunks(self):
        body = []
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            body.append(self._exactly(size))
            if self._exactly(2) != b"\r\n":
                raise ProtocolError("a chunk does not end with CRLF")
        while self._until(b"\r\n"):
            pass
        return b"".join(body)
