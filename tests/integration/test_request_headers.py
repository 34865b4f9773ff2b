"""What the request carries besides its body: headers in and out, notes, the connection, attributes of one's own."""

import pytest

from harness import server
from harness.asking import HANDLER, ask, ask_response, request_headers
from harness.client import compose, parse

CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler probe
    PythonFixupHandler probe::other
</Directory>
<Directory "@DOCS@/app/ranged">
    PythonHandler ranged
    PythonLogHandler ranged
</Directory>
<Directory "@DOCS@/app/types">
    AddType text/plain;charset=utf-8 .one
    AddLanguage de .two
</Directory>
<Directory "@DOCS@/app/failing">
    PythonHandler failing
</Directory>
ErrorDocument 410 /error.txt
"""

RANGED = """
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.early = repr(req.range)
    req.write(b"0123456789", 0)
    return apache.OK

def loghandler(req):
    req.log_error("RANGE %s then %r" % (req.early, req.range), apache.APLOG_NOTICE)
    return apache.OK
"""

FAILING = """
def handler(req):
    req.headers_out["X-Out"] = "out"
    req.err_headers_out["X-Always"] = "always"
    return int(req.args)
"""

FILES = {
    "htdocs/error.txt": "the page",
    "htdocs/app/failing/failing.py": FAILING,
    "htdocs/app/probe.py": HANDLER,
    "htdocs/app/ranged/ranged.py": RANGED,
    "htdocs/app/types/x.two.one": "",
}

site = server(CONFIG, FILES, processes=1)


def test_headers_in(site):
    # spec: api:6.1/headers_in
    pairs = request_headers("result = [req.headers_in['x-twice'], req.headers_in.get('X-None'), req.headers_in['HOST']]")
    request = compose("GET", "/app/x", headers=[("X-Twice", "one"), *pairs, ("X-Twice", "two")])
    assert parse(site.raw(request)).text == '["one, two", null, "localhost"]'
    assert ask(site, "result = type(req.headers_in).__name__") == "mp_table"
    # What an earlier phase changes, the later ones see.
    code = "req.headers_in['X-Phase'] = 'PythonHandler'; req.headers_in['X-Code'] = 'result%20%3D%207'"
    assert ask_response(site, code, phase="PythonFixupHandler").text == "7"


def test_headers_out(site):
    # spec: api:6.1/headers_out, api:6.1/err_headers_out
    code = "req.headers_out['X-Out'] = 'out'; req.err_headers_out['X-Always'] = 'always'"
    answer = ask_response(site, code)
    assert (answer.header("X-Out"), answer.header("X-Always")) == ("out", "always")
    # httpd's own page for an error has only the second, and so has the one that an ErrorDocument's redirect makes.
    for status, body in ((409, "<title>409 Conflict</title>"), (410, "the page")):
        answer = site.get(f"/app/failing/x?{status}")
        assert answer.status == status and body in answer.text
        assert (answer.header("X-Out"), answer.header("X-Always")) == (None, "always")


def test_set_cookie_lines_stay_apart(site):
    # spec: api:6.5.7
    code = "[table.add('Set-Cookie', value) for table in (req.headers_out, req.err_headers_out) for value in 'ab']"
    answer = ask_response(site, code)
    assert sorted(answer.header_all("Set-Cookie")) == ["a", "a", "b", "b"]


def test_notes(site):
    # spec: api:6.1/notes
    code = "req.notes['k'] = 'v'; result = [req.notes['K'], req.notes is req.notes, type(req.notes).__name__]"
    assert ask(site, code) == ["v", True, "mp_table"]
    # Bytes that are no text, as other modules leave them, do not hinder reading the rest.
    code = "req.notes['raw'] = b'\\xff\\x01'; req.notes['k'] = 'v'; result = [dict(req.notes.items())['k'], len(list(req.notes))]"
    value, count = ask(site, code, path="/app/types/x.two.one")
    assert value == "v" and count >= 2
    assert ask(site, "req.notes['raw'] = b'\\xff'; result = [req.notes['raw'] == '\\udcff', '\\\\xff' in repr(req.notes)]") == [
        True, True,
    ]  # fmt: skip


def test_notes_last_through_the_phases(site):
    # spec: api:6.1/notes
    code = "req.notes['from'] = req.phase; req.headers_in['X-Phase'] = 'PythonHandler';"
    code += "req.headers_in['X-Code'] = 'result%3Dreq.notes%5B%22from%22%5D'"
    assert ask_response(site, code, phase="PythonFixupHandler").text == '"PythonFixupHandler"'


def test_connection(site):
    # spec: api:6.1/connection
    code = "c = req.connection; result = [c is req.connection, type(c).__name__, c.id == req.connection.id]"
    assert ask(site, code) == [True, "mp_conn", True]


def test_expecting_100(site):
    # spec: api:6.1/expecting_100
    assert ask(site, "result = req.expecting_100") == 0
    with site.connect() as connection:
        pairs = request_headers("before = req.expecting_100; req.read(); result = [before, req.expecting_100]")
        connection.send(compose("POST", "/app/x", [*pairs, ("Content-Length", "2"), ("Expect", "100-continue")]))
        assert connection.read_line() == b"HTTP/1.1 100 Continue\r\n"
        connection.read_line()
        connection.send(b"ab")
        assert connection.response().text == "[1, 0]"


@pytest.mark.parametrize(
    ("sent", "status", "body", "seen"),
    [("bytes=2-5", 206, b"2345", "'2-5'"), (None, 200, b"0123456789", "None")],
)
def test_range(site, sent, status, body, seen):
    # spec: api:6.1/range
    answer = site.get("/app/ranged/x", headers={"Range": sent} if sent else {})
    assert (answer.status, answer.body) == (status, body)
    # httpd looks at the header where the response leaves, so a handler sees nothing of it yet.
    site.log.wait_for(rf"RANGE None then {seen}")


def test_attributes_by_convention(site):
    # spec: api:6.1/ssi_globals
    for name in ("ssi_globals", "form"):
        assert ask(site, f"result = req.{name}")["error"] == "AttributeError"
        assert ask(site, f"req.{name} = {{'a': 1}}; req.{name}['b'] = 2; result = req.{name}") == {"a": 1, "b": 2}
