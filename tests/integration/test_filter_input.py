"""Input filters: what they see of a body, what its reader gets, and that the connection goes on behind it."""

import json
import time

import pytest

from harness.cgi_scripts import CGI
from harness.client import compose
from harness.module_server import server
from harness.reading import chunks

_CONFIG = (
    CGI
    + """
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
Timeout 5
DavLockDB "@ROOT@/tmp/lock"
Alias "/dav" "@ROOT@/tmp"
ProxyPass "/proxied" "http://127.0.0.1:@PORT@/plain"
<Directory "@ROOT@">
    PythonInputFilter bodies::upper UPPER
    PythonInputFilter bodies::by_line by_line
    PythonInputFilter bodies::more more
    PythonInputFilter bodies::at_end at_end
    PythonInputFilter bodies::nothing nothing
    PythonInputFilter bodies::ending ending
    PythonInputFilter bodies::not_read not_read
    PythonInputFilter bodies::handed handed
    PythonInputFilter bodies::off off
    PythonInputFilter bodies::small small
    PythonInputFilter bodies::flushing flushing
    PythonInputFilter bodies::marks marks
    PythonInputFilter bodies::facts facts
    PythonInputFilter bodies::asking asking
    PythonInputFilter bodies
</Directory>
<Directory "@DOCS@">
    SetHandler mod_python
    PythonFixupHandler bodies::add_filters
    PythonHandler bodies
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
</Directory>
<Directory "@DOCS@/cgi">
    Options +ExecCGI
    SetHandler cgi-script
</Directory>
<Directory "@DOCS@/set">
    SetInputFilter upper
</Directory>
<Directory "@DOCS@/added">
    AddInputFilter upper;more .up
</Directory>
<Directory "@ROOT@/tmp">
    Require all granted
    Dav On
    SetInputFilter upper
</Directory>
<Location "/proxied">
    PythonInputFilter bodies::upper UPPER
    SetInputFilter upper
</Location>
"""
)

_BODIES = '''
import json

from mod_python import apache


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


inputfilter = upper


def by_line(filter):
    line = filter.readline()
    if line:
        filter.write(b"<" + line.rstrip(b"\\n") + b">\\n")
    elif line is None:
        filter.close()


def more(filter):
    data = filter.read()
    if data:
        filter.write(data)
        filter.write("+" * 70000)
    elif data is None:
        filter.write("end")


def at_end(filter):
    data = filter.read()
    filter.req.taken = getattr(filter.req, "taken", b"") + (data or b"")
    if data is None:
        filter.write(b"all:" + filter.req.taken)
        filter.close()


def nothing(filter):
    pass


def ending(filter):
    filter.write(filter.read(3))
    filter.close()


def not_read(filter):
    filter.write("instead")
    filter.close()


def handed(filter):
    filter.pass_on()


def off(filter):
    filter.write(b"[" + filter.read(3) + b"]")
    filter.disable()


def small(filter):
    filter.write(filter.read(2) or b"")


def flushing(filter):
    filter.flush()


def marks(filter):
    data = filter.read()
    if data:
        filter.write(data)
        filter.flush()
        filter.write("|")


def facts(filter):
    data = filter.read()
    if data:
        filter.write(json.dumps([filter.name, filter.handler, filter.dir, filter.is_input, filter.closed,
            filter.req.phase, repr(filter.read(0)), repr(filter.readline(0))]))


def asking(filter):
    """Asks for the body that it is to deliver itself."""
    try:
        filter.req.read()
    except Exception as raised:
        filter.write(type(raised).__name__ + ": " + str(raised))
    filter.close()


def add_filters(req):
    for name in req.headers_in.get("X-In", "").split():
        req.add_input_filter(name)
    return apache.OK


def handler(req):
    req.content_type = "application/octet-stream"
    what = req.args or "read"
    if what == "read":
        req.write(req.read())
    elif what == "pieces":
        piece = req.read(700)
        while piece:
            req.write(piece)
            piece = req.read(700)
    elif what == "lines":
        line = req.readline()
        while line:
            req.write(b"(" + line + b")")
            line = req.readline()
    elif what == "list":
        req.write(json.dumps([line.decode() for line in req.readlines()]))
    elif what == "first":
        req.write(req.read(1))
    elif what == "answering":
        for _ in range(2):
            req.write(req.read(4))
    elif what == "discard":
        req.write(str(req.discard_request_body()) + repr(req.read()))
    elif what == "ignore":
        req.write("ignored")
    elif what == "caught":
        try:
            req.read()
        except Exception as raised:
            req.write(repr(raised))
    return apache.OK
'''

_ECHO = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
# mod_cgi reads nothing before it has written everything.
cat >"@ROOT@/tmp/$$" && cat "@ROOT@/tmp/$$"
"""

site = server(
    _CONFIG,
    {
        "htdocs/bodies.py": _BODIES,
        "htdocs/static/a.txt": "static\n",
        "htdocs/cgi/echo": _ECHO,
        "htdocs/set/x": "",
        "htdocs/added/x.up": "",
    },
    modules=["proxy", "proxy_http", "dav", "dav_fs"],
    processes=None,
)


def sent(connection, filters, body, path="/x", method="POST", **headers):
    return connection.request(method, path, body=body, headers={"X-In": filters, **headers})


def next_is_right(connection):
    """The connection stands exactly behind the body."""
    answer = connection.request("POST", "/plain", body=b"next body")
    assert (answer.status, answer.body) == (200, b"next body")


@pytest.mark.parametrize(
    ("filters", "body", "expected"),
    [
        ("upper", b"some body", b"SOME BODY"),
        ("bodies", b"named by its handler", b"NAMED BY ITS HANDLER"),
        ("by_line", b"one\ntwo\nthree", b"<one>\n<two>\n<three>\n"),
        ("by_line upper", b"one\ntwo\n", b"<ONE>\n<TWO>\n"),
        ("more", b"ab", b"ab" + b"+" * 70000 + b"end"),
        ("more upper", b"ab", b"AB" + b"+" * 70000 + b"end"),
        ("at_end", b"some body" * 50000, b"all:" + b"some body" * 50000),
        ("nothing", b"some body" * 50000, b""),
        ("ending", b"some body" * 50000, b"som"),
        ("not_read", b"some body" * 50000, b"instead"),
        ("handed", b"some body" * 50000, b"some body" * 50000),
        ("off", b"some body", b"[som]e body"),
        ("off upper", b"some body" * 50000, b"[SOM]" + (b"SOME BODY" * 50000)[3:]),
        ("small", b"some body", b"some body"),
        ("marks", b"some", b"some|"),
        ("flushing", b"some body" * 20, b""),
    ],
)
@pytest.mark.parametrize("how", ["read", "pieces", "discard", "ignore", "static"])
@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_what_the_reader_gets(site, filters, body, expected, how, coding):
    # spec: directives:8.1.2, directives:8.1.4, directives:8.2.3, directives:8.2.6, directives:8.2.1
    # spec: api:8/read, api:8/readline, api:8/write, api:8/close, api:8/flush, api:8/pass_on, api:8/disable
    # spec: api:8.2, api:8.4, api:A-23, api:6.2/add_input_filter
    if coding == "chunked":
        middle = len(body) // 2
        body = chunks(body[:middle], body[middle:], trailer=b"X-Trailer: some\r\n")
    headers = {"Transfer-Encoding": "chunked"} if coding == "chunked" else {}
    path, method = ("/static/a.txt", "GET") if how == "static" else (f"/x?{how}", "POST")
    with site.connect(timeout=10) as connection:
        answer = sent(connection, filters, body, path, method, **headers)
        assert answer.status == 200
        # What these do with each piece shows how many there were, which is the reader's and the network's affair.
        by_piece = filters in ("by_line", "by_line upper", "more", "more upper", "marks")
        if how == "read" and (coding == "length" or not by_piece) or how == "pieces" and not by_piece:
            assert (len(answer.body), answer.body) == (len(expected), expected)
        if how == "discard":
            assert answer.body == b"0b''"
        if how == "static":
            assert answer.text == "static\n"
        next_is_right(connection)


def test_lines(site):
    # spec: api:8/readline, api:A-23
    with site.connect() as connection:
        assert sent(connection, "by_line", b"a\nb\n", "/x?lines").body == b"(<a>\n)(<b>\n)"
        assert sent(connection, "small upper", b"ab\ncd\ne", "/x?lines").body == b"(AB\n)(CD\n)(E)"
        assert json.loads(sent(connection, "by_line", b"a\n\nb", "/x?list").body) == ["<a>\n", "<>\n", "<b>\n"]
        # The reader takes one byte and leaves the rest to httpd.
        assert sent(connection, "by_line", b"a\nb\n" * 1000, "/x?first").body == b"<"
        next_is_right(connection)


def test_what_a_filter_knows(site):
    # spec: api:8/name, api:8/handler, api:8/dir, api:8/is_input, api:8/closed, api:8/read-len, directives:8.2.9
    with site.connect() as connection:
        facts = json.loads(sent(connection, "facts", b"x").body)
    assert facts == ["facts", "bodies::facts", f"{site.root}/", 1, 0, "PythonHandler", "b''", "b''"]


def test_set_and_added_by_directives(site):
    # spec: directives:8.1.4
    with site.connect() as connection:
        assert connection.request("POST", "/set/x", body=b"body").body == b"BODY"
        assert connection.request("POST", "/added/x.up", body=b"body").body == b"BODY" + b"+" * 70000 + b"END"
        next_is_right(connection)


def test_other_readers_of_the_body(site):
    # spec: directives:8.1.4
    with site.connect() as connection:
        for body in (b"short body", b"a long body " * 30000):
            assert connection.request("POST", "/proxied", body=body).body == body.upper()
            assert sent(connection, "upper", body, "/cgi/echo").body == body.upper()
            assert connection.request("PUT", "/dav/put.txt", body=body).status in (201, 204)
            assert (site.root / "tmp/put.txt").read_bytes() == body.upper()
            coded = connection.request(
                "POST", "/proxied", body=chunks(body), headers={"Transfer-Encoding": "chunked"}
            )
            assert coded.body == body.upper()
        next_is_right(connection)


def test_continue_is_sent_when_the_filter_asks(site):
    # spec: directives:8.2.1
    with site.connect() as connection:
        head = compose("POST", "/x", headers={"X-In": "upper", "Expect": "100-continue", "Content-Length": "4"}, close=False)
        connection.send(head)
        assert connection.read_line() == b"HTTP/1.1 100 Continue\r\n" and connection.read_line() == b"\r\n"
        connection.send(b"body")
        assert connection.response().body == b"BODY"
        next_is_right(connection)


def test_a_client_that_waits_is_not_asked_for_what_nobody_wants(site):
    # spec: directives:8.2.1
    with site.connect() as connection:
        headers = {"X-In": "not_read", "Expect": "100-continue", "Content-Length": "4"}
        connection.send(compose("POST", "/x", headers=headers, close=False))
        answer = connection.response()
        assert (answer.status, answer.body, answer.header("Connection")) == (200, b"instead", "close")
        assert connection.read_to_end() == b""


def test_an_early_end_does_not_wait_for_more_than_the_body(site):
    # spec: api:8/close
    with site.connect() as connection:
        connection.send(compose("POST", "/x", headers={"X-In": "ending", "Content-Length": "8"}, close=False) + b"abcd")
        time.sleep(0.1)
        connection.send(b"efgh" + compose("POST", "/plain", body=b"next", close=False))
        assert connection.response().body == b"abc"
        assert connection.response().body == b"next"


def test_data_reaches_the_reader_as_it_comes(site):
    # spec: directives:8.2.1
    with site.connect() as connection:
        headers = {"X-In": "upper", "Content-Length": "8"}
        connection.send(compose("POST", "/x?answering", headers=headers, close=False) + b"abcd")
        assert connection.read_line().startswith(b"HTTP/1.1 200 ")
        while connection.read_line() != b"\r\n":
            pass
        assert connection.read(9) == b"4\r\nABCD\r\n"
        connection.send(b"efgh")
        assert connection.read(14) == b"4\r\nEFGH\r\n0\r\n\r\n"
        next_is_right(connection)


def test_asking_for_its_own_data(site):
    # spec: directives:8.2.7
    answer = site.post("/x", b"body", headers={"X-In": "asking"})
    assert answer.text == "RuntimeError: the request body is being read already"
    # Where nobody reads through the request, the filter itself is asked again.
    site.log.expect(r"MPY0408: an input filter asks for the data that it is to deliver itself \(filter asking\)", times=1)
    with site.connect() as connection:
        assert sent(connection, "asking", b"body", "/cgi/echo").status == 200
