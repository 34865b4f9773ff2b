"""conn.read, conn.readline and conn.write: what they give, what they wait for, and what a lost peer raises."""

import socket
import struct
import time
from contextlib import contextmanager

import pytest

from harness import client
from harness.ports import hosts

HANDLERS = r"""
import threading, time
from mod_python import apache

def error(call, *args, **named):
    try:
        return call(*args, **named)
    except Exception as raised:
        return [c.__name__ for c in type(raised).__mro__ if c in (type(raised), OSError)], str(raised)

def run(conn):
    "Runs the first line, which is Python."
    scope = {"conn": conn, "error": error, "apache": apache, "time": time}
    exec(conn.readline().replace(b";;", b"\n"), scope)
    if "result" in scope:
        conn.write(repr(scope["result"]))
    return scope.get("answer", apache.OK)

def store(conn):
    "A small protocol of lines."
    values = {}
    conn.write("220 store\r\n")
    try:
        while True:
            word, _, rest = conn.readline(1000).rstrip(b"\r\n").partition(b" ")
            if word == b"SET":
                name, size = rest.split()
                wanted, data = int(size), b""
                while len(data) < wanted:
                    data += conn.read(wanted - len(data))
                values[name] = data
                conn.write("250 stored\r\n")
            elif word == b"GET":
                data = values.get(rest, b"")
                conn.write(b"250 %d\r\n" % len(data) + data)
            elif word == b"QUIT":
                conn.write("221 bye\r\n")
                return apache.OK
            else:
                conn.write("500 what?\r\n")
    except OSError:
        return apache.OK

seen = []

def uncaught(conn):
    while True:
        conn.write(conn.readline())

def upgrade(req):
    "Another protocol after an HTTP request."
    conn = req.connection
    conn.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\n")
    try:
        while True:
            conn.write(conn.readline().upper())
    except OSError as error:
        seen.append(str(error))
    return apache.DONE

def ask(req):
    "Tries the connection in the phase that the directive stands for."
    conn = req.connection
    seen.append((req.phase, req.uri, [error(conn.read), error(conn.readline), error(conn.write, "x")]))
    return apache.OK

loghandler = cleanuphandler = ask

def outputfilter(filter):
    conn = filter.req.connection
    if (data := filter.read()) is not None:
        filter.write(repr([error(conn.read), error(conn.readline), error(conn.write, "x")]) if data else b"")
    else:
        filter.close()

def plain(req):
    req.write("plain")
    return apache.OK

def show(req):
    req.write(repr(seen))
    seen.clear()
    return apache.OK
"""

HOSTS = {
    "run": "PythonConnectionHandler conns::run",
    "impatient": "PythonConnectionHandler conns::run\nTimeout 1",
    "store": "PythonConnectionHandler conns::store",
    "uncaught": "PythonConnectionHandler conns::uncaught",
}

CONFIG = """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler conns::show
    PythonInterpreter requests
</Directory>
<Location "/upgrade">
    SetHandler mod_python
    PythonHandler conns::upgrade
    PythonInterpreter requests
</Location>
<Location "/late">
    SetHandler mod_python
    PythonHandler conns::plain
    PythonInterpreter requests
    PythonLogHandler conns
    PythonCleanupHandler conns
</Location>
<Directory "@DOCS@/filtered">
    SetHandler none
    PythonOutputFilter conns TRY
    SetOutputFilter TRY
</Directory>
<Directory "@DOCS@/sub">
    SetHandler none
    Options +Includes
    SetOutputFilter INCLUDES
    <Files "part">
        SetHandler mod_python
        PythonHandler conns::ask
    </Files>
</Directory>
"""


FILES = {
    "htdocs/conns.py": HANDLERS,
    "htdocs/sub/page.html": 'a<!--#include virtual="part" -->b',
    "htdocs/sub/part": "",
    "htdocs/filtered/file.txt": "text",
}


@pytest.fixture(scope="module")
def site(tree, mpm):
    with hosts(tree, mpm, HOSTS, CONFIG, FILES, processes=1, modules=("include",)) as running:
        yield running


def code(text):
    """One line that runs a program there."""
    return text.strip("\n").replace("\n", ";;").encode() + b"\n"


def run(site, text, *pieces, host="run", finish=True):
    """Run a program on a connection, send pieces with pauses between them, and return its result."""
    with site.at(host) as connection:
        connection.send(code(text))
        for piece in pieces:
            time.sleep(0.1)
            connection.send(piece)
        if finish:
            connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.read_to_end()
    return eval(answer) if answer else None


ENDED = (["ConnectionAbortedError", "OSError"], "Connection read error: the peer has closed the connection")


def test_read_gives_what_arrives(site):
    # spec: api:7/read
    with site.at("run") as connection:
        connection.send(code("result = []\nfor size in (), (0,), ():\n    conn.write('.')\n    result.append(conn.read(*size))"))
        for piece in (b"a", b"bc"):
            assert connection.read(1) == b"."
            connection.send(piece)
        assert connection.read(1) == b"."
        connection.socket.shutdown(socket.SHUT_WR)
        assert eval(connection.read_to_end()) == [b"a", b"bc", None]


def test_read_at_most(site):
    # spec: api:7/read
    text = "conn.write('ready')\nresult = [conn.read(2), conn.read(len=1), conn.read(100), conn.read(10)]"
    with site.at("run") as connection:
        connection.send(code(text))
        assert connection.read(5) == b"ready"
        connection.send(b"abcdef")
        connection.socket.shutdown(socket.SHUT_WR)
        assert eval(connection.read_to_end()) == [b"ab", b"c", b"def", None]


def test_end_is_told_once(site):
    # spec: api:7/read, api:7/readline
    text = "result = [conn.read(), error(conn.read), error(conn.read, -1), error(conn.readline)]"
    assert run(site, text) == [None, ENDED, ENDED, ENDED]
    assert run(site, "result = [conn.read(-1), error(conn.read)]") == [None, ENDED]
    assert run(site, "result = [error(conn.readline), error(conn.read)]") == [ENDED, ENDED]


@pytest.mark.parametrize("size", [1, 8191, 8192, 8193, 3_000_000])
def test_read_everything(site, size):
    # spec: api:7/read
    data = bytes(range(256)) * (size // 256 + 1)
    answer = run(site, "d = conn.read(-1)\nresult = (len(d), hash(d) == hash(bytes(range(256)) * (len(d) // 256)), error(conn.read))", data)
    assert answer == (len(data), True, ENDED)


def test_lines(site):
    # spec: api:7/readline
    text = "result = [conn.readline(), conn.readline(0), conn.readline(), conn.readline(), error(conn.readline)]"
    assert run(site, text, b"one\n\ntwo\r\nthree") == [b"one\n", b"\n", b"two\r\n", b"three", ENDED]
    assert run(site, "result = conn.readline()", b"in ", b"three ", b"pieces\n") == b"in three pieces\n"


def test_lines_with_a_limit(site):
    # spec: api:7/readline
    text = "result = [conn.readline(3), conn.readline(len=1), conn.readline(100), conn.readline(2), conn.read(1), conn.readline(9), conn.readline(9)]"
    assert run(site, text, b"abcdef\nghijkl\nend") == [b"abc", b"d", b"ef\n", b"gh", b"i", b"jkl\n", b"end"]
    assert run(site, "result = conn.readline(8)", b"a", b"b", b"c\nrest") == b"abc\n"
    assert run(site, "result = conn.readline(5)", b"a", b"b", b"cdefgh") == b"abcde"


@pytest.mark.parametrize("size", [8190, 8191, 8192, 8193, 100_000, 2_000_000])
def test_long_lines(site, size):
    # spec: api:7/readline
    text = "a = conn.readline()\nb = conn.readline(100000)\nresult = (len(a), a[-2:], b)"
    assert run(site, text, b"x" * size + b"\nrest\n") == (size + 1, b"x\n", b"rest\n")


def test_what_was_not_taken_is_left(site):
    # spec: directives:9.10.3, api:7/readline
    rest = client.compose("GET", "/nothing/here")
    for take in ("conn.readline()", "conn.readline(100)", "conn.read(6)", "conn.read(2); conn.readline(3); conn.readline()"):
        with site.at("run") as connection:
            connection.send(code(f"answer = apache.DECLINED\n{take}") + b"taken\n" + rest)
            assert client.parse(connection.read_to_end()).status == 200


def test_arguments(site):
    # spec: api:7/write, api:1.5, api:1.9
    text = """
result = [error(conn.write, what)[0] for what in (1, None, bytearray(b"x"), memoryview(b"x"), "\\udc80")]
result += [error(conn.write)[0], error(conn.read, "1")[0], error(conn.readline, None)[0], error(conn.read, 1, 2)[0]]
"""
    assert [names[0] for names in run(site, text)] == ["TypeError"] * 4 + ["UnicodeEncodeError"] + ["TypeError"] * 4


def test_write(site):
    # spec: api:7/write, api:1.5
    with site.at("run") as connection:
        connection.send(code(r"conn.write('caf\xe9 \u20ac')" + "\n" + r"conn.write(b'\xff\0')" + "\nconn.write('')\nconn.write(data=b'.')\nresult = 1"))
        assert connection.read_to_end() == "café €".encode() + b"\xff\0" + b".1"


def test_write_is_sent_at_once(site):
    # spec: api:7/write
    with site.at("run") as connection:
        connection.send(code("conn.write('now')\nconn.readline()"))
        assert connection.read(3) == b"now"
        connection.send(b"\n")
        assert connection.read_to_end() == b""


def test_large_write(site):
    # spec: api:7/write, api:A-24
    text = "data = bytes(range(256)) * 40960\nconn.write(data)\nconn.write(data.hex().upper())"
    with site.at("run") as connection:
        connection.send(code(text))
        found = connection.read_to_end()
    data = bytes(range(256)) * 40960
    assert len(data) == 10 * 1024 * 1024
    assert found[: len(data)] == data and found[len(data) :] == data.hex().upper().encode()


def test_slow_reader_gets_everything(site):
    # spec: api:7/write
    with site.at("run") as connection:
        connection.send(code("conn.write(b'x' * 6_000_000)"))
        count = 0
        while data := connection.read(1_500_000):
            count += len(data)
            time.sleep(0.3)
    assert count == 6_000_000


def test_others_run_meanwhile(site):
    # spec: interpreters:4.3, api:A-28
    with site.at("store") as waiting:
        assert waiting.read_line() == b"220 store\r\n"
        started = time.monotonic()
        if site.mpm != "prefork":
            for _ in range(3):
                assert run(site, "result = 1") == 1
        assert site.mpm == "prefork" or time.monotonic() - started < 5
        waiting.send(b"GET nothing\r\n")
        assert waiting.read_line() == b"250 0\r\n"


def test_timeout_of_a_silent_peer(site):
    # spec: api:7/read, api:7/readline
    text = "t = time.time()\nresult = [error(conn.{0}, *{1}), time.time() - t]"
    for call, args in (("read", ()), ("read", (10,)), ("read", (-1,)), ("readline", ()), ("readline", (5,))):
        (names, message), seconds = run(site, text.format(call, args), host="impatient", finish=False)
        assert names == ["TimeoutError", "OSError"]
        assert message == "Connection read error: The timeout specified has expired"
        assert 0.9 < seconds < 3


@pytest.mark.parametrize("call", ["readline", "read"])
def test_nothing_is_lost_by_a_timeout(site, call):
    # spec: api:7/readline
    with site.at("impatient") as connection:
        text = f"a = error(conn.{call}, -1)[0][0]\nconn.write('again')\nresult = [a, conn.{call}(-1)]"
        connection.send(code(text) + b"first ")
        assert connection.read(5) == b"again"
        connection.send(b"second\n")
        connection.socket.shutdown(socket.SHUT_WR)
        assert eval(connection.read_to_end()) == ["TimeoutError", b"first second\n"]


def test_timeout_of_a_peer_that_does_not_take_it(site):
    # spec: api:7/write
    with noted(site, "error(conn.write, b'x' * 50_000_000)", "impatient") as (connection, notes):
        [(names, message)] = notes()
    assert names == ["TimeoutError", "OSError"]
    assert message == "Connection write error: The timeout specified has expired"


@contextmanager
def noted(site, expression, host="run"):
    """Evaluate an expression on a connection; yields it and a function that waits for the values so far."""
    with site.at(host) as connection:
        text = f"import conns\nconns.seen.clear()\nconn.write('ready')\nconns.seen.append({expression})"
        connection.send(code(text))
        assert connection.read(5) == b"ready"

        def notes():
            end = time.monotonic() + 10
            while not (found := run(site, "import conns\nresult = conns.seen", host=host)) and time.monotonic() < end:
                time.sleep(0.05)
            return found

        yield connection, notes


def test_proxy_protocol(tree, mpm):
    # spec: api:7/read, api:7/client_ip
    own = {"run": "RemoteIPProxyProtocol On\nPythonConnectionHandler conns::run"}
    with hosts(tree, mpm, own, "", {"htdocs/conns.py": HANDLERS}, modules=("remoteip",)) as running:
        for call in ("readline()", "readline(20)", "read(6)"):
            with running.at("run") as connection:
                text = f"result = (conn.{call}, conn.client_ip)"
                connection.send(b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 80\r\n" + code(text) + b"hello\n")
                assert eval(connection.read_to_end()) == (b"hello\n", "127.0.0.1")


def reset(connection):
    """Leave without a word."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("call", ["conn.read", "conn.readline", "conn.read, -1", "conn.readline, 10"])
def test_peer_leaves(site, call):
    # spec: api:7/read, api:7/readline
    with noted(site, f"error({call})") as (connection, notes):
        reset(connection)
        [(names, message)] = notes()
    assert names == ["ConnectionResetError", "OSError"]
    assert message == "Connection read error: Connection reset by peer"


def test_write_to_a_peer_that_left(site):
    # spec: api:7/write
    writes = "error(lambda: [conn.write(b'x' * 100000) for _ in range(100)])"
    with noted(site, f"[conn.read(-1), {writes}, error(conn.write, 'more'), conn.aborted]") as (connection, notes):
        connection.close()
        [(rest, first, second, aborted)] = notes()
    assert rest is None
    assert first[0][0] in ("ConnectionResetError", "ConnectionAbortedError") and first[0][1] == "OSError"
    assert first[1].startswith("Connection write error: ")
    assert second[0] == ["ConnectionAbortedError", "OSError"]
    assert aborted == 1


def test_uncaught(site):
    # spec: api:7/readline, directives:9.10.5
    site.log.expect("MPY0416: PythonConnectionHandler conns::uncaught: uncaught ConnectionAbortedError", 1)
    site.log.expect_traceback("ConnectionHandler conns::uncaught: ConnectionAbortedError: Connection read error: ", 1)
    with site.at("uncaught") as connection:
        connection.send(b"line\n")
        assert connection.read_line() == b"line\n"
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read_to_end() == b""


def test_protocol(site):
    # spec: api:7/read, api:7/readline, api:7/write
    data = bytes(range(256)) * 1000
    with site.at("store") as connection:
        # The server speaks first.
        assert connection.read_line() == b"220 store\r\n"
        for value in (b"x", b"line\nline\n", data):
            connection.send(b"SET a %d\r\n" % len(value) + value + b"GET a\r\nHELP\r\n")
            assert connection.read_line() == b"250 stored\r\n"
            assert connection.read_line() == b"250 %d\r\n" % len(value)
            assert connection.read(len(value)) == value
            assert connection.read_line() == b"500 what?\r\n"
        connection.send(b"QUIT\r\n")
        assert connection.read_to_end() == b"221 bye\r\n"


def test_closed_in_order(site):
    # spec: directives:9.10.3
    # What the peer has sent and nobody read must not turn the answer into a reset.
    for _ in range(20):
        with site.at("run") as connection:
            connection.send(code("conn.write(b'x' * 100000)") + b"unread " * 10000)
            assert len(connection.read_to_end()) == 100000


def test_another_protocol_after_a_request(site):
    # spec: api:7/read, api:7/write
    with site.connect() as connection:
        connection.send(client.compose("GET", "/upgrade", {"Connection": "Upgrade", "Upgrade": "lines"}, close=False))
        assert connection.read_line() == b"HTTP/1.1 101 Switching Protocols\r\n"
        assert connection.read_line() + connection.read_line() + connection.read_line() == (
            b"Upgrade: lines\r\nConnection: Upgrade\r\n\r\n"
        )
        for line in (b"one\n", b"two\n"):
            connection.send(line)
            assert connection.read_line() == line.upper()
        connection.socket.shutdown(socket.SHUT_WR)
        # httpd ends the response that it knows of, and the connection.
        assert connection.read_to_end().startswith(b"HTTP/1.1 200 OK\r\n")
    assert eval(site.get("/show").text) == [ENDED[1]]


FORBIDDEN = (
    ["RuntimeError"],
    "the connection itself can be read and written in connection handlers, and in handlers of a main request over "
    "HTTP/1 before its response ends; not in filters, log handlers and cleanups",
)


def test_the_next_request_is_left_alone(site):
    # spec: api:7/read
    with site.connect() as connection:
        assert connection.request("GET", "/late").text == "plain"
        assert eval(connection.request("GET", "/show").text) == [
            (phase, "/late", [FORBIDDEN] * 3) for phase in ("PythonLogHandler", "PythonCleanupHandler")
        ]


def test_sub_requests_have_no_connection(site):
    # spec: api:7/write
    assert site.get("/sub/page.html").text == "ab"
    assert eval(site.get("/show").text) == [("PythonHandler", "/sub/part", [FORBIDDEN] * 3)]


def test_filters_leave_the_connection_alone(site):
    # spec: api:7/read, api:7/write
    assert eval(site.get("/filtered/file.txt").text) == [FORBIDDEN] * 3
