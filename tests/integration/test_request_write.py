"""Writing the response: write, flush, sendfile, what httpd makes of it, clients that leave; internal redirects, log lines."""

import hashlib
import json
import socket
import time

import pytest

from harness import server
from harness.client import compose

CONFIG = """
Timeout 4
PythonPath "['@DOCS@', *sys.path]"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler writer
</Directory>
<Directory "@DOCS@/typed">
    AddType text/x-typed .typed
</Directory>
"""

# The URL's query is statements over `req`; `out` is what the handler sends as JSON, unless it stays None.
WRITER = """
import json
import os
import threading
import time
import urllib.parse

from mod_python import apache

FILE = "@ROOT@/data.bin"
EMPTY = "@ROOT@/empty.bin"

def caught(call, *args, **options):
    try:
        return call(*args, **options)
    except Exception as error:
        return [type(error).__name__, str(error)]

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def until_failure(req, call, limit=2000):
    for _ in range(limit):
        outcome = caught(call)
        if outcome is not None and not isinstance(outcome, int):
            return outcome
    return None

def wait_for_the_client():
    end = time.monotonic() + 10
    while not os.path.exists("@ROOT@/tmp/read"):
        assert time.monotonic() < end, "the client has not read"
        time.sleep(0.01)

def handler(req):
    names = dict(globals(), req=req, out=None)
    exec(urllib.parse.unquote(req.args), names)
    if names["out"] is not None:
        req.content_type = "application/json"
        req.write(json.dumps(names["out"]), 0)
    return apache.OK
"""

DATA = bytes(range(256)) * 1000

site = server(
    CONFIG, {"htdocs/writer.py": WRITER, "htdocs/typed/page.typed": "", "data.bin": DATA, "empty.bin": b""},
    processes=1,
)  # fmt: skip


def quoted(code):
    return "".join(char if char.isalnum() else f"%{ord(char):02x}" for char in code)


def run(site, code, path="/page", **options):
    return site.get(f"{path}?{quoted(code)}", **options)


def ask(site, code):
    """Return the value that the code leaves in `out`."""
    answer = run(site, code)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_bytes_and_text(site):
    # spec: api:1.5, api:6.2/write
    assert run(site, "req.write(b'\\x00\\xff')").body == b"\x00\xff"
    assert run(site, "req.write('\\xe9\\u20ac')").text == "\xe9\u20ac"
    refused = "out = [caught(req.write, value)[0] for value in (bytearray(b'x'), memoryview(b'x'), 1, None, ['x'])]"
    assert ask(site, refused) == ["TypeError"] * 5
    assert ask(site, "out = caught(req.write, '\\ud800')[0]") == "UnicodeEncodeError"
    assert ask(site, "out = [caught(req.write)[0], caught(req.write, 'x', 1, 2)[0]]") == ["TypeError"] * 2


def test_keywords(site):
    # spec: api:1.9
    assert run(site, "req.write('a', flush=0); req.write(data='b')").body == b"ab"
    code = "req.sendfile(FILE, offset=3, len=2)"
    assert run(site, code).body == DATA[3:5]


def test_the_first_flushed_byte_sends_the_headers(site):
    # spec: api:6.5.1
    answer = run(site, "req.content_type = 'text/one'; req.write('x'); req.content_type = 'text/two'; req.status = 404")
    assert (answer.status, answer.header("Content-Type"), answer.body) == (200, "text/one", b"x")
    answer = run(site, "req.write('x', 0); req.content_type = 'text/two'; req.status = 404; req.write('y', 0)")
    assert (answer.status, answer.header("Content-Type"), answer.body) == (404, "text/two", b"xy")
    answer = run(site, "req.write('x', 0); req.status = 201; req.flush(); req.status = 404")
    assert (answer.status, answer.body) == (201, b"x")


def test_flushing_makes_chunks(site):
    # spec: api:6.5.2, api:6.2/write
    answer = run(site, "req.write('one'); req.write('two')")
    assert answer.header("Transfer-Encoding") == "chunked" and answer.header("Content-Length") is None
    answer = run(site, "req.write('one', 0); req.write('two', 0)")
    assert answer.header("Content-Length") == "6" and answer.header("Transfer-Encoding") is None
    answer = run(site, "req.write('x' * 100000, 0)")
    assert answer.body == b"x" * 100000


def test_unflushed_pieces_keep_their_order(site):
    # spec: api:6.5.2
    code = """
expected = b""
for n in range(2000):
    piece = b"%d;" % n * (n % 37 * (40 if n % 5 else 1))
    expected += piece
    req.write(piece, int(n % 100 == 99))
    if n % 400 == 7:
        req.sendfile(FILE, n, 9)
        expected += open(FILE, "rb").read()[n:n + 9]
import hashlib
req.write("=" + hashlib.sha256(expected).hexdigest(), 0)
"""
    body, _, digest = run(site, code).body.rpartition(b"=")
    assert hashlib.sha256(body).hexdigest() == digest.decode()


def test_unflushed_pieces_do_not_follow_a_redirect(site):
    # spec: api:6.2/internal_redirect
    inner = quoted("req.write('inner', 0)")
    # httpd drops what it has not begun to send; it must not come behind the other response.
    answer = run(site, f"req.write('outer ', 0); req.internal_redirect('/page?{inner}')")
    assert (answer.body, answer.header("Content-Length")) == (b"inner", "5")


def test_each_write_reaches_the_client(site):
    # spec: api:6.5.2
    with site.connect() as connection:
        code = "req.write('one'); wait_for_the_client(); req.write('two', 0); time.sleep(0.1); req.flush()"
        connection.send(compose("GET", f"/page?{quoted(code)}"))
        while connection.read_line() != b"3\r\n":
            pass
        assert connection.read(3) == b"one"
        site.write("tmp/read", "")
        assert connection.read_to_end() == b"\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_empty_data_does_nothing(site):
    # spec: api:6.5.3
    answer = run(site, "req.write(''); req.write(b''); req.write('', 0); req.status = 404; req.write('x')")
    assert (answer.status, answer.body) == (404, b"x")


def test_head(site):
    # spec: api:6.5.4
    code = quoted("req.write('x' * 100000); req.sendfile(FILE); req.flush()")
    with site.connect() as connection:
        for _ in range(3):
            answer = connection.request("HEAD", f"/page?{code}")
            assert (answer.status, answer.body) == (200, b"")
        assert connection.request("GET", f"/page?{quoted('req.write(bytes(3))')}").body == bytes(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("lambda: req.write('x' * 100000)", "Write failed, client closed connection."),
        ("lambda: req.write('x' * 100000, 0)", "Write failed, client closed connection."),
        ("lambda: req.sendfile(FILE)", "Write failed, client closed connection."),
        ("lambda: req.write('x' * 8000, 0) or req.flush()", "closed connection."),
    ],
)
def test_a_client_that_leaves(site, call, message):
    # spec: api:6.5.4, api:6.2/flush
    code = f"req.write('begin'); outcome = until_failure(req, {call}); req.log_error(f'outcome {{outcome}}')"
    connection = site.connect()
    connection.send(compose("GET", f"/page?{quoted(code)}"))
    assert connection.read(4) == b"HTTP"
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    line = site.log.wait_for("outcome ")[0]
    assert "outcome ['OSError', '" in line and message in line


def test_flush_after_the_client_left(site):
    # spec: api:6.2/flush
    code = (
        "req.write('begin'); until_failure(req, lambda: req.write('x' * 100000)); "
        "req.log_error(f'outcome {caught(req.flush)} {caught(req.write, bytes(1))}')"
    )
    connection = site.connect()
    connection.send(compose("GET", f"/page?{quoted(code)}"))
    assert connection.read(4) == b"HTTP"
    connection.close()
    line = site.log.wait_for("outcome ")[0]
    assert line.endswith(
        "outcome ['OSError', 'Flush failed, client closed connection.'] "
        "['OSError', 'Write failed, client closed connection.']"
    )


def test_a_client_that_does_not_read(site):
    # spec: api:6.5.4, interpreters:4.3
    with site.connect() as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        code = "outcome = until_failure(req, lambda: req.write('x' * 1000000)); req.log_error(f'outcome {outcome}')"
        slow.send(compose("GET", f"/page?{quoted(code)}"))
        time.sleep(0.5)
        if site.mpm != "prefork":
            # The slow one waits without the interpreter.
            assert run(site, "req.write('quick')").body == b"quick"
            assert not site.log.find("outcome ")
        line = site.log.wait_for("outcome ")[0]
        assert line.endswith("outcome ['OSError', 'Write failed, client closed connection.']")


def test_no_content_type(site):
    # spec: api:6.5.5
    assert run(site, "req.write('x')").header("Content-Type") is None
    assert run(site, "req.write('x')", path="/typed/page.typed").header("Content-Type") == "text/x-typed"
    code = "req.headers_out['Content-Type'] = 'text/table'; req.write('x')"
    assert run(site, code).header("Content-Type") == "text/table"
    assert run(site, "req.content_type = 'text/own'; " + code).header("Content-Type") == "text/own"


def test_memory_does_not_grow(site):
    # spec: api:6.5.6
    code = (
        "\nfor _ in range(2000): req.write('x')\nbefore = resident()\n"
        "for _ in range(100000): req.write('x')\nreq.write('=%d' % (resident() - before))"
    )
    grown = int(run(site, code).body.partition(b"=")[2])
    assert grown < 2000, f"{grown} KB"


def test_bytes_queued(site):
    # spec: api:6.1/_bytes_queued
    code = (
        "counts = [req._bytes_queued]\n"
        "for call in (lambda: req.write('abc'), lambda: req.write('\\u20ac', 0), lambda: req.write(''), req.flush,\n"
        "        lambda: req.sendfile(FILE, 10, 5), lambda: req.sendfile(FILE, len(open(FILE, 'rb').read()) - 1)):\n"
        "    call(); counts.append(req._bytes_queued)\n"
        "req.write('=%r' % counts)"
    )
    assert run(site, code).body.partition(b"=")[2] == b"[0, 3, 6, 6, 6, 11, 12]"
    assert ask(site, "out = caught(setattr, req, '_bytes_queued', 1)")[0] == "AttributeError"


def test_sendfile(site):
    # spec: api:6.2/sendfile
    assert run(site, "req.sendfile(FILE)").body == DATA
    assert run(site, "req.sendfile(FILE, 100)").body == DATA[100:]
    assert run(site, "req.sendfile(FILE, 100, 7)").body == DATA[100:107]
    assert run(site, "req.write('<'); req.sendfile(FILE, 0, 3); req.write('>')").body == b"<" + DATA[:3] + b">"
    assert run(site, "req.sendfile(FILE, 5, 2); req.sendfile(FILE, 1, 1)").body == DATA[5:7] + DATA[1:2]
    counts = "out = [req.sendfile(FILE, 0, 0), req.sendfile(EMPTY)]"
    assert ask(site, counts) == [0, 0]


def test_sendfile_stays_inside_the_file(site):
    # spec: api:A-16, api:6.2/sendfile
    size = len(DATA)
    for arguments, expected in (
        (f"{size - 5}, -1", DATA[-5:]),
        (f"{size - 5}, 100", DATA[-5:]),
        (f"0, {size + 1}", DATA),
        (f"{size}, -1", b""),
        (f"{size + 100}, 5", b""),
        (f"5, {2**62}", DATA[5:]),
        ("3, -7", DATA[3:]),
    ):
        code = f"count = req.sendfile(FILE, {arguments}); req.write('|%d' % count)"
        assert run(site, code).body == expected + b"|%d" % len(expected), arguments


def test_sendfile_errors(site):
    # spec: api:6.2/sendfile
    assert ask(site, "out = caught(req.sendfile, '/does/not/exist')") == ["OSError", "Could not stat file for reading"]
    refused = ["OSError", "Could not open file for reading"]
    assert ask(site, "out = caught(req.sendfile, '/')") == refused
    assert ask(site, "out = caught(req.sendfile, '/dev/zero')") == refused
    secret = site.write("secret.bin", b"x")
    secret.chmod(0)
    assert ask(site, f"out = caught(req.sendfile, {str(secret)!r})") == refused
    types = "out = [caught(req.sendfile, *args)[0] for args in ((b'/x',), (1,), (None,), (), ('/x', 'y'), ('/x', 0, 'y'))]"
    assert ask(site, types) == ["TypeError"] * 6
    assert ask(site, "out = [caught(req.sendfile, FILE, -1)[0], caught(req.sendfile, 'a\\0b')[0]]") == ["ValueError"] * 2


def test_sendfile_keeps_no_files_open(site):
    # spec: api:6.2/sendfile
    code = (
        "\nreq.sendfile(FILE, 0, 10)\nreq.flush()\nbefore = descriptors()\n"
        "for _ in range(100): req.sendfile(FILE, 0, 10); req.flush()\nreq.write('=%d' % (descriptors() - before))"
    )
    assert int(run(site, code).body.rpartition(b"=")[2]) <= 2
    # Unflushed: what httpd keeps for later it keeps right.
    assert run(site, "\nfor n in range(300): req.sendfile(FILE, n, 100)").body == b"".join(
        DATA[n : n + 100] for n in range(300)
    )


def test_internal_redirect(site):
    # spec: api:6.2/internal_redirect
    code = f"req.headers_out['X-First'] = '1'; out = req.internal_redirect('/page?{quoted('req.write(bytes(3))')}')"
    answer = run(site, code)
    assert (answer.status, answer.body) == (200, bytes(3))
    inner = quoted("req.status = 404; req.write('inner')")
    answer = run(site, f"req.internal_redirect('/page?{inner}'); req.log_error('back again')")
    assert (answer.status, answer.body) == (404, b"inner")
    assert site.log.wait_for("back again")
    errors = "out = [caught(req.internal_redirect, value)[0] for value in (None, b'/x', 1)]"
    assert ask(site, errors) == ["TypeError"] * 3
    errors = "out = [caught(req.internal_redirect, value)[0] for value in ('/a\\0b', '/a\\r\\nb', '/a\\nb', '/a\\rb')]"
    assert ask(site, errors) == ["ValueError"] * 4


def test_log_error(site):
    # spec: api:6.2/log_error
    run(site, "req.log_error('first %s %d'); req.log_error('second', apache.APLOG_WARNING); req.log_error('third', level=6)")
    for text, level in (("first %s %d", "error"), ("second", "warn"), ("third", "info")):
        line = site.log.wait_for(f"{text}$")[0]
        assert f"[python:{level}]" in line and "[client 127.0.0.1:" in line
    errors = "out = [caught(req.log_error, *args) for args in ((None,), (b'x',), (1,), ())]"
    nothing, *wrong = ask(site, errors)
    assert nothing is None and [kind for kind, _ in wrong] == ["TypeError"] * 3
