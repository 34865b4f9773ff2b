"""Reading the request body: read, readline, readlines, iteration, discarding; chunks, limits, clients that leave."""

import json
import socket
import time

import pytest

from harness import server
from harness.client import compose, parse

CONFIG = """
Timeout 1
PythonPath "['@DOCS@', *sys.path]"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler reader
</Directory>
<Directory "@DOCS@/limited">
    LimitRequestBody 100
</Directory>
<Directory "@DOCS@/phases">
    PythonFixupHandler reader::first_line
</Directory>
<Directory "@DOCS@/uncaught">
    PythonHandler reader::uncaught
</Directory>
<Directory "@DOCS@/caught">
    PythonHandler reader::refused
</Directory>
<Directory "@DOCS@/caught/limited">
    LimitRequestBody 100
</Directory>
<Directory "@DOCS@/memory">
    PythonHandler reader::memory
    LimitRequestBody 0
</Directory>
<Directory "@DOCS@/redirected">
    PythonHandler reader::redirected
</Directory>
"""

# The URL's query is an expression over `req`; its value comes back as JSON, bytes as str.
#: apache.DONE
DONE = -2

READER = """
import json
import threading
import time
import urllib.parse

from mod_python import apache

ticks = []
kept = []

def tick():
    while True:
        ticks.append(time.monotonic())
        del ticks[:-100]
        time.sleep(0.02)

def start_ticking():
    if not ticks:
        ticks.append(time.monotonic())
        threading.Thread(target=tick, daemon=True).start()
    return True

def longest_pause(seconds):
    now = time.monotonic()
    moments = [moment for moment in list(ticks) if moment > now - seconds] + [now]
    return max(later - earlier for earlier, later in zip(moments, moments[1:]))

def caught(call, *args):
    try:
        return call(*args)
    except apache.SERVER_RETURN as error:
        return ["SERVER_RETURN", list(error.args)]
    except Exception as error:
        return [type(error).__name__, str(error)]

def answer(req, value):
    req.content_type = "application/json"
    req.write(json.dumps(value, default=lambda data: data.decode("latin-1")))
    return apache.OK

def handler(req):
    names = dict(globals(), req=req)
    return answer(req, eval(urllib.parse.unquote(req.args), names))

def uncaught(req):
    req.read()
    return apache.OK

def first_line(req):
    req.line_of_fixup = req.readline().decode()
    return apache.OK

def refused(req):
    outcomes = []
    for call in (req.read, req.readline, req.readlines):
        try:
            call()
        except apache.SERVER_RETURN as error:
            outcomes.append(list(error.args))
    req.log_error(f"outcomes {outcomes}")
    return apache.OK

def memory(req):
    def peak():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmPeak"))
    before = peak()
    outcome = caught(req.read if req.args == "read" else req.readlines)
    return answer(req, [outcome, peak() - before])

def redirected(req):
    line = req.readline().decode()
    req.internal_redirect("/read?" + urllib.parse.quote(f"[{line!r}, req.readline(), req.read()]"))
    return apache.OK
"""

FOLDERS = ("limited", "caught", "caught/limited", "phases", "uncaught", "memory", "redirected")

site = server(CONFIG, {"htdocs/reader.py": READER, **{f"htdocs/{folder}/x": "" for folder in FOLDERS}})


def quoted(expression):
    return "".join(char if char.isalnum() else "%%%02x" % ord(char) for char in expression)


def ask(site, expression, body=None, path="/read", method="POST", **options):
    """Return the value of an expression that the handler evaluates with this body."""
    answer = site.request(method, f"{path}?{quoted(expression)}", body=body, **options)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def chunks(*pieces, trailer=b""):
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return coded + b"0\r\n" + trailer + b"\r\n"


def test_no_body(site):
    # spec: api:6.4.2
    expression = "[req.read(), req.read(5), req.readline(), req.readlines(), list(req)]"
    nothing = ["", "", "", [], []]
    assert ask(site, expression, method="GET") == nothing
    assert ask(site, expression, b"") == nothing
    assert ask(site, expression, method="POST") == nothing


def test_read(site):
    # spec: api:6.4.3, api:1.5
    assert ask(site, "[req.read(), req.read(), req.read(1)]", b"hello") == ["hello", "", ""]
    assert ask(site, "[req.read(-1), req.read(-7)]", b"hello") == ["hello", ""]
    assert ask(site, "[req.read(-7), req.read(-1)]", b"hello") == ["hello", ""]
    assert ask(site, "[req.read(0), req.read_length, req.read(2), req.read(0), req.read(10)]", b"hello") == [
        "", 0, "he", "", "llo"
    ]  # fmt: skip
    assert ask(site, "str(type(req.read()))", b"x") == "<class 'bytes'>"
    assert ask(site, "[req.read(1), req.read(1), req.read(2**40)]", b"\x00\xffz") == ["\x00", "\xff", "z"]


@pytest.mark.parametrize("size", [1, 8192, 65535, 65536, 65537, 131072, 131073, 3_000_000])
def test_large_bodies_arrive_whole(site, size):
    # spec: api:6.4.3
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    hashed = "__import__('hashlib').sha256({}).hexdigest()"
    expected = __import__("hashlib").sha256(body).hexdigest()
    assert ask(site, hashed.format("req.read()"), body) == expected
    pieces = "b''.join(iter(lambda: req.read(10007), b''))"
    assert ask(site, hashed.format(pieces), body) == expected
    chunked = chunks(*(body[at : at + 50000] for at in range(0, size, 50000)))
    headers = {"Transfer-Encoding": "chunked"}
    assert ask(site, hashed.format("req.read()"), chunked, headers=headers) == expected


def test_read_waits_for_what_it_was_asked_for(site):
    # spec: api:6.4.3
    with site.connect() as connection:
        request = compose("POST", f"/read?{quoted('[req.read(6), req.read()]')}", headers={"Content-Length": "9"})
        connection.send(request + b"abc")
        time.sleep(0.3)
        connection.send(b"defg")
        time.sleep(0.3)
        connection.send(b"hi")
        assert json.loads(connection.response().body) == ["abcdef", "ghi"]


def test_readline(site):
    # spec: api:6.4.5
    lines = "[req.readline(), req.readline(-1), req.readline(), req.readline(), req.readline()]"
    assert ask(site, lines, b"one\r\ntwo\n\nlast") == ["one\r\n", "two\n", "\n", "last", ""]
    limited = "[req.readline(2), req.readline(0), req.readline(2), req.readline(2), req.readline(100), req.readline(-5)]"
    assert ask(site, limited, b"abc\ndef\nghi") == ["ab", "", "c\n", "de", "f\n", "ghi"]
    long = b"x" * 300_000 + b"\n"
    assert ask(site, "[len(line) for line in req]", long + long + b"y") == [300_001, 300_001, 1]


def test_readline_does_not_wait_for_the_body(site):
    # spec: api:6.4.5
    with site.connect() as connection:
        expression = quoted("req.readline(), req.write('got '), req.readline()")
        connection.send(compose("POST", f"/read?{expression}", headers={"Content-Length": "8"}) + b"one\n")
        while (line := connection.read_line()) not in (b"4\r\n", b""):
            pass
        assert connection.read_line() == b"got \r\n" and line
        connection.send(b"two\n")
        assert b'["one\\n", null, "two\\n"]' in connection.read_to_end()


def test_readline_and_read_share_one_buffer(site):
    # spec: api:6.4.6, api:6.4.7, api:A-19
    expression = "[req.readline(), req.read(3), req.readline(), req.read(100000), req.readline()]"
    assert ask(site, expression, b"first\nsecond\n" + b"z" * 50_000) == ["first\n", "sec", "ond\n", "z" * 50_000, ""]
    # read(n) with n larger than what is in the buffer.
    body = b"a\n" + b"b" * 200_000
    assert ask(site, "[len(req.readline()), len(req.read(150000)), len(req.read())]", body) == [2, 150_000, 50_000]


def test_read_ahead_shows_in_read_length(site):
    # spec: api:6.4.6
    assert ask(site, "[req.readline(), req.read_length]", b"a\n" + b"b" * 7000) == ["a\n", 7002]
    assert ask(site, "[len(req.read(2)), req.read_length, req.remaining]", b"a" * 100) == [2, 2, 100]


def test_the_body_goes_on_in_the_next_phase(site):
    # spec: api:6.4.6
    body = b"line of the fixup phase\nand the rest\n"
    assert ask(site, "[req.line_of_fixup, req.read()]", body, path="/phases/x") == [
        "line of the fixup phase\n", "and the rest\n"
    ]  # fmt: skip


def test_the_body_goes_on_in_a_redirected_request(site):
    # spec: api:6.4.7
    answer = site.post("/redirected/x", b"one\ntwo\nthree")
    assert json.loads(answer.body) == ["one\n", "two\n", "three"]


def test_readlines(site):
    # spec: api:6.4.8
    body = b"ab\ncdefgh\ni\n\nlast"
    lines = ["ab\n", "cdefgh\n", "i\n", "\n", "last"]
    assert ask(site, "[req.readlines(), req.readlines()]", body) == [lines, []]
    assert ask(site, "req.readlines(-1)", body) == lines
    # The total reaches the hint with this line.
    assert ask(site, "[req.readlines(3), req.read()]", body) == [["ab\n"], "cdefgh\ni\n\nlast"]
    assert ask(site, "[req.readlines(8), req.read()]", body) == [["ab\n", "cdefgh\n"], "i\n\nlast"]
    assert ask(site, "req.readlines(100)", body) == lines
    # One line for 0 and other negative hints, however long it is.
    assert ask(site, "[req.readlines(0), req.readlines(-2), req.read()]", body) == [
        ["ab\n"], ["cdefgh\n"], "i\n\nlast"
    ]  # fmt: skip
    # A later line that is longer than the hint is cut there, and the rest stays.
    assert ask(site, "[req.readlines(4), req.read()]", body) == [["ab\n", "cdef"], "gh\ni\n\nlast"]


def test_iteration(site):
    # spec: api:6.4.11
    assert ask(site, "[line for line in req]", b"one\ntwo") == ["one\n", "two"]
    assert ask(site, "[next(iter(req)), req.read(1), list(req)]", b"one\ntwo") == ["one\n", "t", ["wo"]]
    assert ask(site, "[hasattr(req, name) for name in ('close', 'tell')]", b"") == [False, False]


def test_discard(site):
    # spec: api:6.4.9, api:6.2/discard_request_body
    expression = "[req.discard_request_body(), req.read(), req.readline(), req.readlines(), req.read(5)]"
    assert ask(site, expression, b"x\n" * 100_000) == [0, "", "", [], ""]
    assert ask(site, f"[req.readline()] + {expression}", b"x\n" * 100_000) == ["x\n", 0, "", "", [], ""]
    assert ask(site, expression, method="GET") == [0, "", "", [], ""]


def test_the_connection_goes_on_after_bodies(site):
    # spec: api:6.4.9
    with site.connect() as connection:
        for expression in ("req.read()", "req.read(3)", "req.readline()", "1", "req.discard_request_body()"):
            for options in ({}, {"headers": {"Transfer-Encoding": "chunked"}}):
                body = chunks(b"abc\nd", b"ef") if options else b"abc\ndef"
                answer = connection.request("POST", f"/read?{quoted(expression)}", body=body, **options)
                assert answer.status == 200


def test_pipelined_bodies(site):
    # spec: api:6.4.3
    target = f"/read?{quoted('[req.readline(), req.read()]')}"
    requests = [compose("POST", target, body=b"%d\nrest%d" % (n, n), close=False) for n in range(20)]
    with site.connect() as connection:
        connection.send(b"".join(requests))
        for n in range(20):
            assert json.loads(connection.response().body) == [f"{n}\n", f"rest{n}"]


def test_arguments(site):
    # spec: api:6.4.10, api:1.9
    for method in ("read", "readline", "readlines"):
        for arguments in ("'1'", "None", "1.0", "b'1'", "1, 2"):
            expression = f"caught(lambda: req.{method}({arguments}))"
            assert ask(site, expression, b"x")[0] == "TypeError", (method, arguments)
    assert ask(site, "[req.read(len=2), req.readline(len=1), req.readlines(sizehint=1)]", b"abcd\n") == [
        "ab", "c", ["d\n"]
    ]  # fmt: skip
    assert ask(site, "caught(lambda: req.discard_request_body(1))", b"x")[0] == "TypeError"


def test_chunked(site):
    # spec: api:6.4.1
    headers = {"Transfer-Encoding": "chunked"}
    body = chunks(b"one\ntw", b"o", b"\nthree", trailer=b"X-Trailer: t\r\n")
    assert ask(site, "[req.readline(), req.read(), req.read()]", body, headers=headers) == ["one\n", "two\nthree", ""]
    assert ask(site, "[req.read(2), req.readlines()]", body, headers=headers) == ["on", ["e\n", "two\n", "three"]]
    assert ask(site, "[req.read(), req.read_chunked]", chunks(), headers=headers) == ["", 1]


def test_chunks_that_come_slowly(site):
    # spec: api:6.4.1
    with site.connect() as connection:
        headers = {"Transfer-Encoding": "chunked"}
        connection.send(compose("POST", f"/read?{quoted('req.read()')}", headers=headers))
        for byte in b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n":
            connection.send(bytes([byte]))
            time.sleep(0.01)
        assert json.loads(connection.response().body) == "hello!"


def test_broken_chunks_are_bad_requests(site):
    # spec: api:6.4.1
    site.log.allow("AH01590")
    headers = {"Transfer-Encoding": "chunked"}
    for path in ("uncaught", "caught"):
        assert site.post(f"/{path}/x", b"3\r\nabc\r\nno chunk\r\n", headers=headers).status == 400
    assert site.log.wait_for("outcomes .*", times=1)[0].endswith(f"outcomes {[[DONE, 400]] * 3}")


def test_unknown_transfer_encoding(site):
    # spec: api:6.4.1
    site.log.allow("AH01592|AH02002|AH10242|Unknown Transfer-Encoding")
    answer = site.post("/uncaught/x", b"abc", headers={"Transfer-Encoding": "rot13", "Connection": "close"})
    assert answer.status in (400, 501)


def test_limit_request_body(site):
    # spec: api:6.4.4
    site.log.allow("AH01587|AH01588|AH01591|AH10243")
    assert site.post("/caught/limited/x", b"x" * 101).status == 413
    chunked = chunks(b"x" * 60, b"x" * 60)
    assert site.post("/caught/limited/x", chunked, headers={"Transfer-Encoding": "chunked"}).status == 413
    announced, arrived = site.log.wait_for("outcomes .*", times=2)
    assert announced.endswith(f"outcomes {[[413]] * 3}")
    # In the middle of the body httpd answers by itself; the handler that catches the refusal learns of it.
    assert arrived.endswith(f"outcomes {[[DONE, 413]] * 3}")
    assert ask(site, "req.read()", b"x" * 100, path="/limited/x") == "x" * 100


def test_uncaught_refusal_is_its_status(httpd):
    # spec: api:6.4.4
    started = httpd(
        config='LimitRequestBody 100\n<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler reader::uncaught\n'
        "</Directory>",
        files={"htdocs/reader.py": READER},
    )
    started.log.allow("AH01587|AH01588|AH01591|AH10243")
    assert started.post("/x", b"x" * 101).status == 413
    assert started.post("/x", chunks(b"x" * 101), headers={"Transfer-Encoding": "chunked"}).status == 413
    assert started.post("/x", b"x").status == 200


ERROR = ["OSError", "Client read error (Timeout?)"]


def test_a_slow_client_is_an_error(site):
    # spec: api:6.4.4
    with site.connect() as connection:
        expression = quoted("[caught(req.read), caught(req.read), caught(req.readline), caught(req.readlines)]")
        connection.send(compose("POST", f"/read?{expression}", headers={"Content-Length": "10"}) + b"abc")
        started = time.monotonic()
        answer = connection.response()
        assert json.loads(answer.body) == [ERROR] * 4
        # One Timeout, not one for each call.
        assert 0.9 < time.monotonic() - started < 2.5
        assert connection.read_to_end() == b""


def test_others_run_while_a_client_is_slow(site):
    # spec: api:6.4.4, interpreters:4.3
    with site.connect() as connection:
        expression = quoted("[start_ticking(), caught(req.read), longest_pause(0.9) < 0.4]")
        connection.send(compose("POST", f"/read?{expression}", headers={"Content-Length": "10"}) + b"abc")
        assert json.loads(connection.response().body) == [True, ERROR, True]


def test_a_client_that_ends_its_side_too_early(site):
    # spec: api:6.4.4
    target = f"/read?{quoted('[caught(req.read, 2), caught(req.read), caught(req.readline)]')}"
    data = site.raw(compose("POST", target, headers={"Content-Length": "10"}) + b"abcd", finish=True)
    assert json.loads(parse(data).body) == ["ab", ERROR, ERROR]
    coded = compose("POST", target, headers={"Transfer-Encoding": "chunked"}) + b"4\r\nabcd\r\n"
    assert json.loads(parse(site.raw(coded, finish=True)).body) == ["ab", ERROR, ERROR]


def test_a_client_that_leaves_in_the_middle(site):
    # spec: api:6.4.4
    site.log.expect_traceback(r"OSError: Client read error \(Timeout\?\)", times=3)
    for ending in (b"", b"abc", b"abc" * 50_000):
        connection = site.connect()
        connection.send(compose("POST", "/uncaught/x", headers={"Content-Length": "1000000"}) + ending)
        # A reset instead of an orderly end.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert ask(site, "req.read()", b"still here") == "still here"


def test_expect_100_continue(site):
    # spec: api:6.4.3
    with site.connect() as connection:
        headers = {"Content-Length": "5", "Expect": "100-continue"}
        expression = quoted("[req.expecting_100, req.read()][1]")
        connection.send(compose("POST", f"/read?{expression}", headers=headers, close=False))
        assert connection.read_line() == b"HTTP/1.1 100 Continue\r\n"
        assert connection.read_line() == b"\r\n"
        connection.send(b"hello")
        answer = connection.response()
        assert json.loads(answer.body) == "hello"
        # Nobody reads: no interim answer, the final one comes at once.
        connection.send(compose("POST", f"/read?{quoted('1')}", headers=headers))
        assert connection.read_line() == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("method", ["read", "readlines"])
def test_memory_grows_with_what_arrives(site, method):
    # spec: api:A-27
    data = compose("POST", f"/memory/x?{method}", headers={"Content-Length": "4000000000"}) + b"x" * 1000
    outcome, kilobytes = json.loads(parse(site.raw(data, finish=True)).body)
    assert outcome == ERROR
    assert kilobytes < 20_000


def test_after_the_request(site):
    # spec: api:A-12
    assert ask(site, "kept.append(req)", b"x") is None
    expression = "[caught(call)[0] for old in kept for call in (old.read, old.readline, old.readlines, old.flush)]"
    answers = {tuple(ask(site, expression)) for _ in range(10)}
    assert ("ExpiredError",) * 4 in answers
    assert answers <= {(), ("ExpiredError",) * 4}
