"""mod_python.wsgi: what becomes of an application's response, the good ones and the bad ones."""

import re
import time

import pytest

from harness import server

CONFIG = """
<Location "/a">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonPath "sys.path + ['@ROOT@/lib']"
    PythonOption mod_python.wsgi.application app
</Location>
<Location "/debug">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonPath "sys.path + ['@ROOT@/lib']"
    PythonOption mod_python.wsgi.application app
    PythonDebug On
</Location>
<Location "/a/limited">
    LimitRequestBody 10
</Location>
"""

#: The application runs the function that the path names.
APP = '''
import io, os, sys, tempfile, time
from mod_python import apache

closed = []
PLAIN = [("Content-Type", "text/plain")]

class Body:
    """An iterable with close(), told apart by its name."""

    def __init__(self, name, items, fail=None):
        self.name, self.items, self.fail = name, items, fail

    def __iter__(self):
        return iter(self.items)

    def close(self):
        closed.append(self.name)
        if self.fail:
            raise self.fail

def application(environ, start_response):
    name = environ["PATH_INFO"].strip("/").split("/")[0]
    return globals()[name](environ, start_response)

def closings(environ, start_response):
    start_response("200 OK", PLAIN)
    names, closed[:] = ",".join(closed), []
    return [names.encode()]

def status(environ, start_response):
    line, headers = eval(environ["HTTP_X_HEAD"])
    start_response(line, headers)
    return [b"body"]

def listed(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"one ", b"", b"two ", "tr\\u00eas".encode()]

def stream(environ, start_response):
    start_response("200 OK", PLAIN)
    def items():
        yield b"first "
        yield b""
        end = time.monotonic() + 10
        while not os.path.exists("@ROOT@/tmp/goes_on"):
            assert time.monotonic() < end
            time.sleep(0.005)
        yield b"second"
    return items()

def late(environ, start_response):
    def items():
        yield b""
        start_response("203 Late", PLAIN)
        yield b"late"
    return items()

def no_items(environ, start_response):
    start_response("200 OK", [])
    return ()

def written(environ, start_response):
    write = start_response("200 OK", PLAIN)
    write(b"written ")
    write("and r\\u00e9turned ")
    return [b"returned"]

def text(environ, start_response):
    start_response("200 OK", PLAIN)
    return ["caf\\u00e9"]

def wrong(environ, start_response):
    start_response("200 OK", PLAIN)
    return Body("wrong", {"euro": ["\\u20ac"], "number": [5], "bytearray": [bytearray(b"x")]}[environ["QUERY_STRING"]])

def nothing(environ, start_response):
    start_response("200 OK", PLAIN)

def unstarted(environ, start_response):
    return {"list": [b"x"], "empty": [], "stream": Body("unstarted", [b"x"])}[environ["QUERY_STRING"]]

def raising(environ, start_response):
    start_response("200 OK", [("X-Left", "over")])
    raise KeyError("in the call")

def raising_first(environ, start_response):
    start_response("200 OK", [("X-Left", "over")])
    def items():
        yield b""
        raise KeyError("at the first")
    return Body("raising_first", items())

def raising_later(environ, start_response):
    start_response("200 OK", [("Content-Length", "100")] if environ["QUERY_STRING"] else [])
    def items():
        yield b"begun"
        raise KeyError("later")
    return Body("raising_later", items())

def closing_badly(environ, start_response):
    start_response("200 OK", [])
    return Body("closing_badly", [b"complete"], ValueError("in close"))

def length(environ, start_response):
    kind, _, length = environ["QUERY_STRING"].partition(",")
    start_response("200 OK", [("Content-Length", length)])
    items = [b"12345", b"67890"]
    return items if kind == "list" else Body("length", items)

def write_length(environ, start_response):
    write = start_response("200 OK", [("Content-Length", "3")])
    try:
        write(b"12345")
    except ValueError:
        closed.append("refused")
    return []

def twice(environ, start_response):
    start_response("200 OK", [("X-First", "1")])
    start_response("200 OK", [])

def replaced(environ, start_response):
    start_response("200 OK", [("X-First", "1"), ("Content-Type", "a/b"), ("Content-Length", "3")])
    try:
        raise KeyError("lost")
    except KeyError:
        start_response("500 Oops", [("X-Second", "2")], sys.exc_info())
    return [b"an error page"]

def replaced_late(environ, start_response):
    write = start_response("200 OK", [])
    write(b"sent")
    try:
        raise KeyError("too late")
    except KeyError:
        start_response("500 Oops", [], sys.exc_info())
    return [b"never"]

def exits(environ, start_response):
    raise SystemExit(3)

def limited(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"read"]

def endless(environ, start_response):
    start_response("200 OK", PLAIN)
    def items():
        while True:
            yield b"x" * 10000
    return Body("endless", items())

def empty(environ, start_response):
    start_response("200 OK", PLAIN)
    return []
'''

site = server(CONFIG, {"lib/app.py": APP}, processes=1)


def head(site, line, headers=(), method="GET"):
    """Return the response whose start is given by the request."""
    return site.request(method, "/a/status", headers={"X-Head": ascii((line, list(headers)))})


def closed(site):
    """Return whose close() was called since the last look."""
    return site.get("/a/closings").text


def test_status_and_headers(site):
    # spec: library:H-39, library:H-40, library:H-42, library:H-43, library:D-42
    answer = head(site, "404 Nothing Here", [("X-A", "1"), ("x-a", "2"), ("Content-Type", "x/y"), ("Set-Cookie", "a=b")])
    assert (answer.status, answer.reason, answer.body) == (404, "Nothing Here", b"body")
    assert answer.header_all("X-A") == ["1", "2"]
    assert answer.header_all("Content-Type") == ["x/y"]
    assert answer.header_all("Content-Length") == ["4"]
    assert (head(site, "299 \xe9trange").status, head(site, "200").status) == (299, 200)
    answer = head(site, "204 No Content")
    assert (answer.status, answer.body, answer.header("Content-Length")) == (204, b"", None)
    answer = head(site, "304 Not Modified", [("ETag", '"x"')])
    assert (answer.status, answer.body, answer.header("ETag")) == (304, b"", '"x"')
    answer = head(site, "200 OK", [("Content-Length", "4")], "HEAD")
    assert (answer.status, answer.header_all("Content-Length"), answer.body) == (200, ["4"], b"")
    assert site.request("HEAD", "/a/listed").header("Content-Length") == "13"
    answer = site.request("HEAD", "/a/empty")
    assert (answer.status, answer.header("Content-Length")) == (200, None)


@pytest.mark.parametrize(
    "line, headers, name",
    [
        ("OK", [], "ValueError"), ("99 Low", [], "ValueError"), ("100 Continue", [], "ValueError"),
        ("200 O\r\nX: y", [], "ValueError"), (b"200 OK", [], "TypeError"),
        ("200 OK", [("X", "a\r\nb")], "ValueError"), ("200 OK", [("X\n", "a")], "ValueError"),
        ("200 OK", [("X Y", "a")], "ValueError"), ("200 OK", [["X", "a"]], "TypeError"),
        ("200 OK", [("X", 1)], "TypeError"), ("200 OK", [("X", "\u20ac")], "TypeError"),
        ("200 OK", [("Connection", "close")], "ValueError"), ("200 OK", [("transfer-encoding", "chunked")], "ValueError"),
        ("200 OK", [("Content-Length", "x")], "ValueError"),
        ("200 OK", [("Content-Length", "1"), ("content-length", "1")], "ValueError"),
    ],
)  # fmt: skip
def test_refused_head(site, line, headers, name):
    # spec: library:H-39
    assert head(site, line, headers).status == 500
    site.log.allow("PythonHandler mod_python.wsgi: while processing 'status'$")
    site.log.expect(rf"MPY0673: WSGI application app: has failed: {name}, status 500 \(interpreter 'localhost'\)", times=1)
    site.log.expect_traceback(rf"PythonHandler mod_python.wsgi: {name}: ")


def test_bodies(site):
    # spec: library:H-43, library:H-45, library:D-42
    answer = site.get("/a/listed")
    assert (answer.body, answer.header("Content-Length")) == ("one two três".encode(), "13")
    answer = site.get("/a/written")
    assert (answer.body, answer.header("Transfer-Encoding")) == (b"written and r\xe9turned returned", "chunked")
    answer = site.get("/a/text")
    assert (answer.body, answer.header("Content-Length")) == (b"caf\xe9", "4")
    answer = site.get("/a/late")
    assert (answer.status, answer.reason, answer.body) == (203, "Late", b"late")
    answer = site.get("/a/no_items")
    assert (answer.status, answer.body, answer.header("Content-Length")) == (200, b"", "0")
    for kind in ("euro", "number", "bytearray"):
        assert site.get(f"/a/wrong?{kind}").status == 500
    site.log.expect_traceback("TypeError: a WSGI application must give bytes, not (str|int|bytearray)", times=3)
    assert site.get("/a/nothing").status == 500
    site.log.expect_traceback("TypeError: 'NoneType' object is not iterable")
    site.log.expect("MPY0673: .* has failed: TypeError", times=4)
    assert closed(site) == "wrong,wrong,wrong"


def test_streaming(site):
    # spec: library:H-43
    goes_on = site.root / "tmp/goes_on"
    goes_on.unlink(missing_ok=True)
    with site.connect() as connection:
        site.get("/a/empty")
        connection.send(b"GET /a/stream HTTP/1.1\r\nHost: h\r\n\r\n")
        while connection.read_line() != b"\r\n":
            pass
        # The first item is here while the application waits for a file.
        assert (connection.read_line(), connection.read(8)) == (b"6\r\n", b"first \r\n")
        goes_on.touch()
        assert (connection.read_line(), connection.read(8)) == (b"6\r\n", b"second\r\n")
        assert connection.read_line() == b"0\r\n"


def test_never_started(site):
    # spec: library:H-44, library:H-45
    for kind in ("list", "empty", "stream"):
        assert site.get(f"/a/unstarted?{kind}").status == 500
    site.log.expect_traceback("AssertionError: the application did not call start_response", times=3)
    site.log.expect("MPY0673: .* has failed: AssertionError", times=3)
    assert closed(site) == "unstarted"


def test_failures_before_the_response(site):
    # spec: library:H-45, library:H-39, library:H-41
    for path in ("raising", "raising_first"):
        answer = site.get(f"/a/{path}")
        assert (answer.status, answer.header("X-Left")) == (500, None)
        assert b"KeyError" not in answer.body
    site.log.expect_traceback("KeyError: '(in the call|at the first)'", times=3)
    assert closed(site) == "raising_first"
    answer = site.get("/debug/raising")
    assert (answer.status, answer.header("X-Left")) == (500, None)
    assert b"KeyError: &#x27;in the call&#x27;" in answer.body
    site.log.expect("MPY0673: .* has failed: KeyError, status 500", times=3)
    assert site.get("/a/exits").status == 500
    site.log.expect_traceback("SystemExit: 3")
    site.log.expect("MPY0673: .* has failed: SystemExit", times=1)
    assert site.get("/a/twice").status == 500
    site.log.expect_traceback("AssertionError: a second call of start_response needs exc_info")
    site.log.expect("MPY0673: .* has failed: AssertionError", times=1)


def test_error_pages_of_the_application(site):
    # spec: library:H-39, library:H-41
    answer = site.get("/a/replaced")
    assert (answer.status, answer.reason, answer.body) == (500, "Oops", b"an error page")
    seen = [answer.header(name) for name in ("X-First", "X-Second", "Content-Type", "Content-Length")]
    assert seen == [None, "2", None, "13"]


def raw(site, path, version="1.1"):
    return site.raw(f"GET {path} HTTP/{version}\r\nHost: h\r\n\r\n".encode())


@pytest.mark.smoke
def test_failures_in_the_response(site):
    # spec: library:H-45, library:H-41
    # The connection ends without the last chunk.
    for path, sent in (("raising_later", b"5\r\nbegun\r\n"), ("replaced_late", b"4\r\nsent\r\n")):
        answer = raw(site, f"/a/{path}")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n" + sent)
    answer = raw(site, "/a/raising_later?length")
    assert b"Content-Length: 100\r\n" in answer and answer.endswith(b"\r\n\r\nbegun")
    answer = raw(site, "/debug/raising_later")
    assert answer.endswith(b"\r\n\r\n5\r\nbegun\r\n")
    site.log.expect(r"MPY0673: .* uncaught KeyError in the middle of a response, the connection ends \(interp", times=4)
    site.log.expect_traceback("WSGI application app: KeyError: '(later|too late)'", times=4)
    assert closed(site) == "raising_later,raising_later,raising_later"
    # What comes behind a complete response cannot harm it.
    answer = site.get("/a/closing_badly")
    assert (answer.status, answer.body) == (200, b"complete")
    site.log.expect("MPY0673: .* uncaught ValueError in the end of a complete response", times=1)
    site.log.expect_traceback("WSGI application app: ValueError: in close")
    assert closed(site) == "closing_badly"


def test_content_length(site):
    # spec: library:H-43, library:H-38
    for kind in ("list", "stream"):
        assert site.get(f"/a/length?{kind},10").body == b"1234567890"
        assert site.get(f"/a/length?{kind},7").body == b"1234567"
        assert site.request("HEAD", f"/a/length?{kind},99").header("Content-Length") == "99"
    site.log.expect("warn.*MPY0675: the WSGI application sends more than its Content-Length", times=2)
    assert site.get("/a/length?list,12").status == 500
    site.log.expect_traceback("RuntimeError: Content-Length is 12, but the body has 10 bytes")
    site.log.expect("MPY0673: .* has failed: RuntimeError", times=1)
    answer = raw(site, "/a/length?stream,12")
    assert b"Content-Length: 12\r\n" in answer and answer.endswith(b"\r\n\r\n1234567890")
    site.log.expect("error.*MPY0674: the WSGI application has sent 10 bytes, not the 12 of its Content-Length", times=1)
    assert site.get("/a/write_length").body == b"123"
    assert closed(site) == "length,length,length,length,refused"


def test_refused_request_body(site):
    # spec: library:H-38
    assert site.request("POST", "/a/limited", body=b"x" * 10).body == b"read"
    assert site.request("POST", "/a/limited", body=b"x" * 11).status == 413
    site.log.allow("AH01588|AH01589|AH00589|larger than")


def test_client_that_leaves(site):
    # spec: library:H-45
    with site.connect() as connection:
        connection.send(b"GET /a/endless HTTP/1.1\r\nHost: h\r\n\r\n")
        assert re.match(rb"HTTP/1.1 200 ", connection.read_line())
    assert site.request("HEAD", "/a/endless").status == 200
    names, end = [], time.monotonic() + 10
    while len(names) < 2 and time.monotonic() < end:
        names += [name for name in closed(site).split(",") if name]
        time.sleep(0.02)
    assert names == ["endless", "endless"]
