"""Handlers of the connection itself together with mod_ssl and mod_http2."""

import socket
import ssl
import struct
import subprocess

import pytest

from harness import client
from harness.ports import hosts

HANDLERS = """
from mod_python import apache

counts = {"process": 0, "pre": 0}

def error(call, *args):
    try:
        return call(*args)
    except Exception as raised:
        return type(raised).__name__, str(raised)

def preconnectionhandler(conn):
    counts["pre"] += 1
    return apache.OK

def echo(conn):
    conn.write("ready\\n")
    try:
        while True:
            conn.write(conn.readline(50) + conn.readline())
    except OSError:
        return apache.OK

def everything(conn):
    conn.write("ready\\n")
    data = conn.read(-1)
    conn.write(repr((len(data), data[:3], error(conn.read))))
    return apache.OK

def large(conn):
    conn.readline()
    conn.write(bytes(range(256)) * 40960)
    return apache.OK

def silent(conn):
    conn.write("ready\\n")
    conn.write(repr(error(conn.read)) + "\\n")
    return apache.OK

def decline(conn):
    counts["process"] += 1
    return apache.DECLINED

def show(req):
    counts["seen"] = [error(req.connection.write, "raw")] if req.args else None
    req.write(repr((req.is_https(), req.protocol, counts)))
    return apache.OK
"""

TLS = 'SSLEngine on\nSSLCertificateFile "@ROOT@/tls.pem"\n'

HOSTS = {
    "echo": TLS + "PythonConnectionHandler conns::echo",
    "everything": TLS + "PythonConnectionHandler conns::everything",
    "large": TLS + "PythonConnectionHandler conns::large",
    "silent": TLS + "Timeout 1\nPythonConnectionHandler conns::silent",
    "decline": TLS + "PythonConnectionHandler conns::decline",
    "h2": TLS + "Protocols h2 http/1.1\nPythonPreConnectionHandler conns\nPythonConnectionHandler conns::decline",
    "h2c": "Protocols h2c http/1.1\nPythonConnectionHandler conns::decline",
}

CONFIG = """
SSLSessionCache none
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler conns::show
</Directory>
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The key and a certificate that it signed itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    return (folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes()


@pytest.fixture(scope="module")
def site(tree, mpm, certificate):
    modules = ("ssl", "socache_shmcb") + (() if mpm == "prefork" else ("http2",))
    chosen = {name: text for name, text in HOSTS.items() if mpm != "prefork" or not name.startswith("h2")}
    files = {"htdocs/conns.py": HANDLERS, "tls.pem": certificate}
    with hosts(tree, mpm, chosen, CONFIG, files, processes=1, modules=modules) as running:
        # mod_ssl's remarks at the start: the certificate's name, no session cache, another OpenSSL than at its build.
        running.log.allow(r"ssl:warn\].* AH(01906|01909|01873|01882): ", always=True)
        yield running


def encrypted(site, host, protocols=()):
    """Open a TLS connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", site.ports[host]), timeout=20))


def read_to_end(connection):
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


def test_echo(site):
    # spec: directives:9.10.3, api:7/read, api:7/readline, api:7/write
    with encrypted(site, "echo") as connection, connection.makefile("rb") as file:
        assert file.readline() == b"ready\n"
        for line in (b"x" * 60 + b"\n", b"y" * 40000 + b"\n"):
            connection.sendall(line)
            assert file.readline() == line


class HalfClosed:
    """A TLS client that says that it will send no more, and goes on reading."""

    def __init__(self, port):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.arriving, self.leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.arriving, self.leaving)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.run(self.tls.do_handshake)

    def run(self, call, *args):
        """Call a method of the TLS object until it has what it waits for."""
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(65536)
                self.arriving.write(data) if data else self.arriving.write_eof()

    def flush(self):
        """Send what the TLS object has made."""
        self.socket.sendall(self.leaving.read())

    def finish(self):
        """Send TLS's notice of the end, without waiting for the other side's."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()


def test_everything(site):
    # spec: api:7/read
    peer = HalfClosed(site.ports["everything"])
    with peer.socket:
        assert peer.run(peer.tls.read, 6) == b"ready\n"
        peer.run(peer.tls.write, b"abc" * 100_000)
        peer.finish()
        answer = peer.run(peer.tls.read, 1000)
    ended = ("ConnectionAbortedError", "Connection read error: the peer has closed the connection")
    assert eval(answer) == (300_000, b"abc", ended)


def test_large_write(site):
    # spec: api:7/write, api:A-24
    with encrypted(site, "large") as connection:
        connection.sendall(b"go\n")
        assert read_to_end(connection) == bytes(range(256)) * 40960


def test_timeout(site):
    # spec: api:7/read
    with encrypted(site, "silent") as connection, connection.makefile("rb") as file:
        assert file.readline() == b"ready\n"
        assert file.readline().startswith(b"('TimeoutError', 'Connection read error: ")


def https(connection, path="/x"):
    connection.sendall(client.compose("GET", path))
    return eval(client.parse(read_to_end(connection)).text)


def test_declined(site):
    # spec: directives:9.10.3
    with encrypted(site, "decline") as connection:
        first = https(connection)
    with encrypted(site, "decline") as connection:
        second = https(connection)
    assert first[:2] == second[:2] == (1, "HTTP/1.1")
    assert second[2]["process"] == first[2]["process"] + 1


@pytest.mark.parametrize("host", ["echo", "decline"])
def test_no_handshake(site, host):
    # spec: directives:9.10.3
    # A peer that speaks in the clear gets mod_ssl's answer, and never a word of the protocol.
    answer = client.parse(client.exchange(site.ports[host], client.compose("GET", "/x")))
    assert answer.status == 400 and "SSL-enabled server port" in answer.text
    for data in (b"\x00\x01 no TLS at all\n", b"\x16\x03\x01\x00\x05hello", b""):
        assert b"ready" not in client.exchange(site.ports[host], data, finish=True)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    """A frame of HTTP/2 (RFC 9113, section 4.1)."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def get(stream, path, scheme):
    """HEADERS that end their stream: GET, without the table of RFC 7541 for values."""
    block = bytes([0x82, scheme, 0x04, len(path)]) + path + bytes([0x41, 9]) + b"localhost"
    return frame(1, 0x5, stream, block)


def http2(connection, paths, scheme):
    """Ask for each path on a stream of its own, one after the other, and return the bodies."""
    connection.sendall(PREFACE + frame(4, 0, 0))
    file, bodies = connection.makefile("rb"), []
    with file:
        for number, path in enumerate(paths):
            stream, body, ended = 2 * number + 1, b"", False
            connection.sendall(get(stream, path, scheme))
            while not ended:
                head = file.read(9)
                payload = file.read(int.from_bytes(head[:3], "big"))
                kind, flags, of = head[3], head[4], int.from_bytes(head[5:], "big")
                if kind == 4 and not flags & 1:
                    connection.sendall(frame(4, 1, 0))
                if kind == 0 and of == stream:
                    body += payload
                assert kind not in (3, 7), (kind, payload)
                ended = of == stream and kind in (0, 1) and flags & 1
            bodies.append(eval(body))
    return bodies


@pytest.mark.parametrize("host", ["h2", "h2c"])
def test_http2(site, host):
    # spec: directives:9.10.1
    if site.mpm == "prefork":
        assert "h2" not in site.ports, "mod_http2 does not work with prefork"
        return
    scheme = 0x87 if host == "h2" else 0x86
    for count in (1, 2):
        if host == "h2":
            connection = encrypted(site, host, ["h2"])
            assert connection.selected_alpn_protocol() == "h2"
        else:
            connection = socket.create_connection(("127.0.0.1", site.ports[host]), timeout=20)
        with connection:
            bodies = http2(connection, [b"/a", b"/b", b"/c?raw"], scheme)
        assert [body[:2] for body in bodies] == [(int(host == "h2"), "HTTP/2.0")] * 3
        # Once for the connection, never for its streams.
        assert [body[2]["process"] for body in bodies] == [count] * 3
        if host == "h2":
            assert [body[2]["pre"] for body in bodies] == [count] * 3
        # A stream has no connection of its own.
        assert bodies[2][2]["seen"][0][0] == "RuntimeError"
