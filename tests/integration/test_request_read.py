"""Reading the request body: read, readline, readlines, iteration, discarding, chunks."""

import hashlib
import json
import time

import pytest

from harness.client import compose
from harness.reading import ask, chunks, quoted, reading_site

site = reading_site()


def test_no_body(site):
    # spec: api:6.4.2
    expression = "[req.read(), req.read(5), req.readline(), req.readlines(), list(req)]"
    nothing = ["", "", "", [], []]
    assert ask(site, expression, method="GET") == nothing
    assert ask(site, expression, b"") == nothing
    assert ask(site, expression, method="POST") == nothing


def test_read(site):
    # spec: api:6.4.3, api:1.5, api:6.2/read
    assert ask(site, "[req.read(), req.read(), req.read(1)]", b"hello") == ["hello", "", ""]
    assert ask(site, "[req.read(-1), req.read(-7)]", b"hello") == ["hello", ""]
    assert ask(site, "[req.read(-7), req.read(-1)]", b"hello") == ["hello", ""]
    assert ask(site, "[req.read(0), req.read(2), req.read(0), req.read(10)]", b"hello") == ["", "he", "", "llo"]
    assert ask(site, "str(type(req.read()))", b"x") == "<class 'bytes'>"
    assert ask(site, "[req.read(1), req.read(1), req.read(2**40)]", b"\x00\xffz") == ["\x00", "\xff", "z"]


@pytest.mark.parametrize("size", [1, 8192, 65535, 65536, 65537, 131072, 131073, 3_000_000])
def test_large_bodies_arrive_whole(site, size):
    # spec: api:6.4.3
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    hashed = "__import__('hashlib').sha256({}).hexdigest()"
    expected = hashlib.sha256(body).hexdigest()
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
    # spec: api:6.4.5, api:6.2/readline
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
    # spec: api:6.4.8, api:6.2/readlines
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
    assert ask(site, "[req.read(), req.readlines()]", chunks(), headers=headers) == ["", []]


def test_chunks_that_come_slowly(site):
    # spec: api:6.4.1
    with site.connect() as connection:
        headers = {"Transfer-Encoding": "chunked"}
        connection.send(compose("POST", f"/read?{quoted('req.read()')}", headers=headers))
        for byte in b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n":
            connection.send(bytes([byte]))
            time.sleep(0.01)
        assert json.loads(connection.response().body) == "hello!"


def test_expect_100_continue(site):
    # spec: api:6.4.3
    with site.connect() as connection:
        headers = {"Content-Length": "5", "Expect": "100-continue"}
        expression = quoted("req.read()")
        connection.send(compose("POST", f"/read?{expression}", headers=headers, close=False))
        assert connection.read_line() == b"HTTP/1.1 100 Continue\r\n"
        assert connection.read_line() == b"\r\n"
        connection.send(b"hello")
        answer = connection.response()
        assert json.loads(answer.body) == "hello"
        # Nobody reads: no interim answer, the final one comes at once. Reading nothing does not touch the connection.
        connection.send(compose("POST", f"/read?{quoted('[req.read(0), req.readline(0)]')}", headers=headers))
        assert connection.read_line() == b"HTTP/1.1 200 OK\r\n"
