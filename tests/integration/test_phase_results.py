"""What a handler's result becomes: integers, SERVER_RETURN, wrong types, and the response that follows."""

import pytest

from harness import server

RESULTS = '''
from mod_python import apache
from mod_python.apache import OK, DECLINED, DONE, SERVER_RETURN

class Int(int):
    pass

def handler(req):
    """Do what the file's name stands for."""
    name = req.filename.rsplit("/", 1)[1]
    return CASES[name](req)

def second(req):
    req.write("second")
    return OK

def raising(*args):
    def function(req):
        raise SERVER_RETURN(*args)
    return function

def bare(req):
    raise SERVER_RETURN

def returning(value):
    return lambda req: value

def error_headers(req):
    req.headers_out["X-Out"] = "dropped"
    req.err_headers_out["X-Err"] = "kept"
    return 404

def write_then(result):
    def function(req):
        req.write("written ")
        return result
    return function

def status_then(result):
    def function(req):
        req.status = 404
        req.write("own body ")
        return result
    return function

def redirect(req):
    req.headers_out["Location"] = "/elsewhere"
    return 302

def exit_(error):
    def function(req):
        raise error
    return function

CASES = {
    "ok": returning(OK),
    "declined": returning(DECLINED),
    "done": returning(DONE),
    "done-written": write_then(DONE),
    "404": returning(404),
    "http-ok": returning(200),
    "204": returning(204),
    "304": returning(304),
    "302": redirect,
    "999": returning(999),
    "-5": returning(-5),
    "error-headers": error_headers,
    "write-404": write_then(404),
    "status-ok": status_then(OK),
    "status-404": status_then(404),
    "declined.txt": lambda req: (req.write("before "), DECLINED)[1],
    "r-ok": raising(OK),
    "r-done": raising(DONE),
    "r-403": raising(403),
    "r-ok-404": raising(OK, 404),
    "r-done-404": raising(DONE, 404),
    "r-none": raising(403, None),
    "r-zero": raising(403, 0),
    "r-three": raising(403, 0, "more"),
    "r-tuple": raising((DONE, 404)),
    "r-text": raising(OK, "text"),
    "r-empty": raising(),
    "r-bare": bare,
    "r-not-int": raising("403"),
    "r-float": raising(403.0),
    "r-triple": raising((1, 2, 3)),
    "true": returning(True),
    "none": returning(None),
    "float": returning(0.0),
    "text": returning("ok"),
    "subclass": returning(Int(0)),
    "huge": returning(2 ** 70),
    "just-too-large": returning(2 ** 31),
    "very-negative": returning(-2 ** 70),
    "exit": exit_(SystemExit(3)),
    "keyboard": exit_(KeyboardInterrupt()),
    "generator": exit_(GeneratorExit()),
}

def kind(req):
    import _apache
    req.write(repr((SERVER_RETURN.__bases__, SERVER_RETURN.__module__, SERVER_RETURN.__qualname__,
                    SERVER_RETURN is _apache.SERVER_RETURN)))
    return OK
'''

CONFIG = """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler results results::second
</Directory>
<Directory "@DOCS@/kind">
    PythonHandler results::kind
</Directory>
"""

FILES = {"htdocs/results.py": RESULTS, "htdocs/declined.txt": "the file", "htdocs/kind/.keep": ""}

site = server(CONFIG, FILES)


@pytest.mark.parametrize(
    "name, status, body",
    [
        ("ok", 200, b"second"),
        ("declined", 200, b"second"),
        ("done", 200, b""),
        ("done-written", 200, b"written "),
        ("r-ok", 200, b"second"),
        ("r-done", 200, b""),
        ("204", 204, b""),
        ("304", 304, b""),
        ("r-ok-404", 404, b"second"),
        ("r-done-404", 404, b""),
        ("r-tuple", 404, b""),
        ("status-ok", 404, b"own body second"),
    ],
)
def test_result(site, name, status, body):
    # spec: directives:6.1/int, directives:6.1/server-return, directives:6.2/int, directives:6.2/int-status
    # spec: directives:6.2/tuple, directives:6.3/done, directives:6.3/no-body, directives:6.3/status-ok
    # spec: directives:6/step-9, directives:5/content-declined, directives:5/PythonHandler
    answer = site.get(f"/{name}")
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    "name, status", [("404", 404), ("r-403", 403), ("r-none", 403), ("r-zero", 403), ("r-three", 403)]
)
def test_error_result_gets_httpds_document(site, name, status):
    # spec: directives:6.2/int, directives:6.2/int-none, directives:6.2/three, directives:6.3/error
    answer = site.get(f"/{name}")
    assert answer.status == status
    assert b"<!DOCTYPE HTML" in answer.body and b"second" not in answer.body


def test_headers_of_an_error(site):
    # spec: directives:6.3/error
    answer = site.get("/error-headers")
    assert (answer.status, answer.header("X-Err"), answer.header("X-Out")) == (404, "kept", None)


def test_output_then_an_error(site):
    # spec: directives:6.3/write-error, directives:6.3/status-error
    answer = site.get("/write-404")
    assert answer.status == 200
    assert answer.body.startswith(b"written <!DOCTYPE HTML") and b"second" not in answer.body
    answer = site.get("/status-404")
    assert answer.status == 404
    assert answer.body.startswith(b"own body <!DOCTYPE HTML")


def test_http_ok_is_not_ok(site):
    # spec: directives:6.3/http-ok
    answer = site.get("/http-ok")
    assert b"<title>200 OK</title>" in answer.body and b"second" not in answer.body


def test_redirect_takes_location(site):
    # spec: directives:6.3/no-body
    answer = site.get("/302")
    assert (answer.status, answer.header("Location")) == (302, "/elsewhere")


@pytest.mark.parametrize("name", ["999", "-5"])
def test_out_of_range(site, name):
    # spec: directives:6.3/out-of-range, directives:6/step-9
    site.log.allow(r"AH00\d+: .*(invalid|Custom error|status)")
    assert site.get(f"/{name}").status == 500


@pytest.mark.parametrize(
    "name, found",
    [
        ("true", "bool"), ("none", "NoneType"), ("float", "float"), ("text", "str"), ("subclass", "Int"),
        ("r-not-int", "str"), ("r-float", "float"), ("r-triple", "tuple"),
    ],
)  # fmt: skip
def test_result_of_a_wrong_type(site, name, found):
    # spec: directives:6.1/not-int, directives:6.2/not-int, directives:6/step-8
    site.log.expect(r"MPY0401: PythonHandler results: uncaught AssertionError \(phase PythonHandler, interpreter", 1)
    site.log.expect(rf"AssertionError: handler 'results' returned, .* a non-integer: found {found}, expected int", 1)
    answer = site.get(f"/{name}")
    assert (answer.status, b"second" in answer.body) == (500, False)


@pytest.mark.parametrize("name", ["huge", "just-too-large", "very-negative"])
def test_integer_that_fits_nowhere(site, name):
    # spec: directives:6.1/huge-int, directives:D-12
    before = site.get("/ok")
    site.log.expect("MPY0401", times=1)
    site.log.expect("OverflowError: handler 'results' returned an integer that is no status", times=1)
    assert site.get(f"/{name}").status == 500
    assert site.get("/ok").body == before.body


@pytest.mark.parametrize(
    "name, last",
    [
        ("r-text", "TypeError: "), ("r-empty", "IndexError: "), ("r-bare", "IndexError: "), ("exit", "SystemExit: 3"),
        ("keyboard", "KeyboardInterrupt"), ("generator", "GeneratorExit"),
    ],
)  # fmt: skip
def test_uncaught(site, name, last):
    # spec: directives:6.1/exception, directives:6.2/int-text, directives:6.2/empty
    # A note that Python adds to the TypeError of an attribute.
    site.log.allow("PythonHandler results: while processing")
    with site.connect() as connection:
        site.log.expect("MPY0401", times=1)
        site.log.expect_traceback(f"PythonHandler results: {last}", times=1)
        assert connection.request("GET", f"/{name}").status == 500
    assert site.get("/ok").body == b"second"


def test_the_class(site):
    # spec: directives:6.2/class
    assert site.get("/kind/x").text == "((<class 'Exception'>,), '_apache', 'SERVER_RETURN', True)"


declining = server(
    '<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler results\n</Directory>',
    {**FILES, "htdocs/.keep": ""},
    mpm="event",
)


def test_ok_and_nothing_written(declining):
    # spec: directives:6.3/ok-empty
    answer = declining.get("/ok")
    assert (answer.status, answer.body, answer.header("Content-Type")) == (200, b"", None)


def test_declined_leaves_it_to_httpd(declining):
    # spec: directives:6.3/declined
    assert declining.get("/declined").status == 404
    answer = declining.get("/declined.txt")
    assert (answer.status, answer.body) == (200, b"before the file")
