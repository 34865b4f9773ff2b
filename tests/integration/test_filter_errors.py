"""Filters that fail: an error page while there is time for one, later an end that no client takes for a whole response."""

import http.client

import pytest

from harness.client import compose, parse
from harness.module_server import server

_CONFIG = """
Timeout 5
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
ErrorDocument 410 "own gone page"
<Directory "@DOCS@">
    PythonOutputFilter failing::at_once at_once
    PythonOutputFilter failing::at_end at_end
    PythonOutputFilter failing::after_write after_write
    PythonOutputFilter failing::after_flush after_flush
    PythonOutputFilter failing::in_second in_second
    PythonOutputFilter failing::passing_then passing_then
    PythonOutputFilter failing::returned returned
    PythonOutputFilter failing::exits exits
    PythonOutputFilter failing::upper upper
    PythonOutputFilter failing::itself itself
    PythonOutputFilter failing::quiet quiet
    PythonOutputFilter failing::counts counts
    PythonOutputFilter failing::wrong_type wrong_type
    PythonOutputFilter no_such_module missing_module
    PythonOutputFilter failing::no_such_function missing_function
    PythonOutputFilter failing::number not_callable
    SetHandler mod_python
    PythonHandler failing
    PythonLogHandler failing
</Directory>
<Directory "@DOCS@/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
    PythonFixupHandler failing::add_filter
</Directory>
<Directory "@DOCS@/static/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/only_here">
    PythonOutputFilter failing::upper only_here
    PythonInputFilter failing::upper only_here_in
</Directory>
"""

_FAILING = '''
from mod_python import apache

number = 7


class Ouch(Exception):
    pass


def copy(filter):
    data = filter.read()
    while data:
        filter.write(data)
        data = filter.read()
    return data


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def at_once(filter):
    raise Ouch("<at once>")


def at_end(filter):
    if copy(filter) is None:
        raise Ouch("at the end")


def after_write(filter):
    filter.write("written before ")
    raise Ouch("after writing")


def after_flush(filter):
    filter.write("sent before ")
    filter.flush()
    raise Ouch("<after> sending")


def in_second(filter):
    filter.req.calls = getattr(filter.req, "calls", 0) + 1
    if filter.req.calls == 2:
        raise Ouch("in the second call")
    copy(filter)


def passing_then(filter):
    filter.req.calls = getattr(filter.req, "calls", 0) + 1
    if filter.req.calls == 2:
        raise Ouch("later")
    filter.pass_on()


def returned(filter):
    args = {"404": (404,), "500": (500,), "status": (apache.HTTP_GONE,), "ok": (apache.OK,), "declined": (apache.DECLINED,), "redirect": (302,),
            "text": ("x",), "pair": (apache.DONE, apache.HTTP_FORBIDDEN), "tuple": ((apache.DONE, 404),), "none": ()}
    what = filter.req.headers_in.get("X-What", "none")
    if filter.req.headers_in.get("X-First"):
        filter.write("first ")
        filter.flush()
    raise apache.SERVER_RETURN(*args[what])


def exits(filter):
    raise SystemExit(3)


def itself(filter):
    """Causes output for itself without end."""
    data = filter.read()
    if data:
        filter.req.write("again")
        filter.write(data)


def quiet(filter):
    """As itself, and takes no notice of the failure."""
    data = filter.read()
    if data:
        try:
            filter.req.write("again")
        except Exception as raised:
            filter.req.log_error("caught " + type(raised).__name__, apache.APLOG_INFO)
        filter.write(data)


def counts(filter):
    """Writes with its request once, which it sees itself, further in."""
    data = filter.read()
    if data and not hasattr(filter.req, "inside"):
        filter.req.inside = True
        filter.req.write("inner")
        filter.write("|")
    if data:
        filter.write(data)


def wrong_type(filter):
    filter.read()
    filter.write(5)


def add_filter(req):
    req.add_output_filter(req.args)
    return apache.OK


def handler(req):
    name, _, rest = req.args.partition("=")
    req.content_type = "text/plain"
    req.add_output_filter(name)
    try:
        for piece in rest.split(","):
            if piece == "-":
                req.flush()
            elif piece == "stubborn":
                for size in (3, 100_000, 3):
                    try:
                        req.write("again" * size)
                    except OSError:
                        req.log_error("caught OSError in stubborn", apache.APLOG_INFO)
            elif piece == "length":
                req.set_content_length(100)
            else:
                req.write(piece, 0)
    except Exception as raised:
        req.caught = type(raised).__name__ + ": " + str(raised)
    return apache.OK


def loghandler(req):
    if hasattr(req, "caught"):
        req.log_error("the handler caught " + req.caught, apache.APLOG_INFO)
    return apache.OK
'''

site = server(
    _CONFIG,
    {
        "htdocs/failing.py": _FAILING,
        "htdocs/static/a.txt": "some text\n",
        "htdocs/static/big.txt": b"0123456789abcdef" * 65536,
        "htdocs/debug/a.txt": "",
        "htdocs/static/debug/a.txt": "some text\n",
        "htdocs/only_here/a.txt": "x",
    },
    processes=1,
)


def expect_uncaught(site, name, last, times=1):
    site.log.expect(rf"MPY0401: {name} \S+: uncaught \w+ \(phase PythonOutputFilter, interpreter 'one'\)", times=times)
    site.log.expect_traceback(rf"{name} \S+: {last}", times=times)


def goes_on(site):
    """The same child, its interpreter and its filters serve on."""
    answer = site.get("/x?upper=goes,on")
    assert (answer.status, answer.text) == (200, "GOESON")


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("at_once", "failing.Ouch: <at once>"),
        ("at_end", "failing.Ouch: at the end"),
        ("after_write", "failing.Ouch: after writing"),
        ("wrong_type", "TypeError: "),
        ("missing_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("missing_function", "AttributeError: "),
        ("not_callable", "TypeError: "),
        ("exits", "SystemExit: 3"),
    ],
)
def test_error_page_while_nothing_was_sent(site, name, last):
    # spec: directives:8.2.7, directives:8.1.2
    expect_uncaught(site, name, last, times=3)
    answer = site.get(f"/static/a.txt?{name}")
    assert answer.status == 500 and "Internal Server Error" in answer.text
    assert "some text" not in answer.text and "Traceback" not in answer.text
    answer = site.get(f"/x?{name}=some,more")
    assert answer.status == 500 and "some" not in answer.text and "Traceback" not in answer.text
    # httpd ends the connection of every 500, with the whole page.
    with site.connect() as connection:
        assert connection.request("GET", "/x?upper=before").text == "BEFORE"
        answer = connection.request("GET", f"/static/a.txt?{name}")
        assert (answer.status, answer.header("Connection")) == (500, "close")
        assert answer.text.endswith("</html>\n") and connection.read_to_end() == b""
    goes_on(site)


@pytest.mark.parametrize("path", ["/debug/a.txt?at_once=some,more", "/static/debug/a.txt?at_once"])
def test_debug_page(site, path):
    # spec: directives:8.2.7
    expect_uncaught(site, "at_once", "failing.Ouch: <at once>", times=2)
    answer = site.get(path)
    assert answer.status == 500 and answer.header("Content-Type").startswith("text/html")
    assert 'Mod_python error: &quot;' not in answer.text
    assert 'Mod_python error: "PythonOutputFilter failing::at_once"' in answer.text
    assert answer.text.count("failing.Ouch: &lt;at once&gt;") == 1 and "<at once>" not in answer.text
    assert "some" not in answer.text
    with site.connect() as connection:
        again = connection.request("GET", path)
        assert (again.text, again.header("Connection")) == (answer.text, "close")
        assert connection.read_to_end() == b""


def test_debug_page_is_no_end_of_a_begun_response(site):
    # spec: directives:8.2.7
    expect_uncaught(site, "after_flush", "failing.Ouch: <after> sending")
    data = site.raw(compose("GET", "/debug/a.txt?after_flush=some,more", close=False))
    assert b"sent before " in data and b"&lt;after&gt;" in data and b"<after>" not in data
    assert not data.endswith(b"0\r\n\r\n")
    with pytest.raises(http.client.IncompleteRead):
        parse(data)


@pytest.mark.parametrize(
    ("query", "last", "sent"),
    [
        ("after_flush=some,more", "<after> sending", b"sent before "),
        ("in_second=some,-,more,-,end", "in the second call", b"some"),
        ("passing_then=some,-,more,-,end", "later", b"some"),
    ],
)
def test_begun_chunked_response_has_no_last_chunk(site, query, last, sent):
    # spec: directives:8.2.7
    name = query.partition("=")[0]
    expect_uncaught(site, name, f"failing.Ouch: {last}")
    # Without "Connection: close" of the client: httpd ends the connection, or the client would wait.
    data = site.raw(compose("GET", f"/x?{query}", close=False))
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ") and b"Transfer-Encoding: chunked" in head
    assert body == b"%x\r\n%s\r\n" % (len(sent), sent)
    goes_on(site)


def test_begun_response_with_a_length_stays_short(site):
    # spec: directives:8.2.7
    expect_uncaught(site, "passing_then", "failing.Ouch: later", times=2)
    data = site.raw(compose("GET", "/x?passing_then=length,some,-,more", close=False))
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"Content-Length: 100" in head and body == b"some"
    data = site.raw(compose("GET", "/x?passing_then=length,some,-,more", version="HTTP/1.0"))
    assert b"Content-Length: 100" in data and data.endswith(b"\r\n\r\nsome")


def test_large_file_whose_filter_fails_after_the_first_window(site):
    # spec: directives:8.2.7
    expect_uncaught(site, "in_second", "failing.Ouch: in the second call")
    with pytest.raises(http.client.IncompleteRead):
        site.get("/static/big.txt?in_second")
    goes_on(site)


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("status", 410), ("ok", 500), ("declined", 500), ("redirect", 500), ("text", 500), ("pair", 403), ("tuple", 404),
        ("none", 500),
    ],
)
def test_server_return(site, what, status):
    # spec: directives:8.2.8
    site.log.expect(
        rf"MPY0412: returned failing::returned: SERVER_RETURN ends the response with status {status} \(interpreter 'one'\)",
        times=3,
    )
    headers = {"X-What": what}
    answer = site.get("/static/a.txt?returned", headers=headers)
    assert answer.status == status and "some text" not in answer.text
    assert answer.text.startswith("own gone page") == (status == 410)
    answer = site.get("/x?returned=some,more", headers=headers)
    assert answer.status == status and "some" not in answer.text
    # With PythonDebug On a deliberate end has no traceback either.
    answer = site.get("/debug/a.txt?returned=some", headers=headers)
    assert answer.status == status and "Mod_python error" not in answer.text
    goes_on(site)


def test_server_return_in_a_begun_response(site):
    # spec: directives:8.2.8
    site.log.expect("MPY0412: .* SERVER_RETURN ends the response with status 410", times=1)
    data = site.raw(compose("GET", "/x?returned=some,more", headers={"X-What": "status", "X-First": "1"}, close=False))
    assert data.startswith(b"HTTP/1.1 200 ") and data.endswith(b"\r\n\r\n6\r\nfirst \r\n")
    goes_on(site)


def test_name_that_this_directory_does_not_have(site):
    # spec: directives:8.1.5, directives:D-8
    site.log.expect(r"MPY0407: no filter of this name is configured for this request \(filter only_here\)", times=2)
    for path in ("/x?only_here=some", "/static/a.txt?only_here"):
        answer = site.get(path)
        assert answer.status == 500 and "some" not in answer.text
    assert site.get("/only_here/x?only_here=some").text == "SOME"


def test_output_for_itself(site):
    # spec: directives:8.2.1
    assert site.get("/x?counts=outer,more").text == "inner|outermore"


@pytest.mark.parametrize("name", ["itself", "quiet"])
def test_output_for_itself_without_end(site, name):
    # spec: directives:8.2.7
    site.log.expect(rf"MPY0408: an output filter causes output for itself without end \(filter {name}\)", times=1)
    site.log.allow(rf"MPY0401: {name} ")
    site.log.allow(rf"{name} failing::{name}: ")
    answer = site.get(f"/x?{name}=some,more")
    assert answer.status == 500 and "again" not in answer.text and "some" not in answer.text
    goes_on(site)


def test_the_writer_learns_of_it(site):
    # spec: directives:8.2.5
    expect_uncaught(site, "in_second", "failing.Ouch: in the second call")
    site.raw(compose("GET", "/x?in_second=some,-,more,-,end"))
    site.log.wait_for("the handler caught OSError: Flush failed, client closed connection.")


@pytest.mark.parametrize("status", ["404", "500"])
def test_a_handler_that_goes_on_adds_nothing(site, status):
    # spec: directives:8.2.8
    site.log.expect(f"MPY0412: .* status {status}", times=1)
    site.log.expect("caught OSError in stubborn", times=3)
    with site.connect() as connection:
        headers = {"X-What": status}
        answer = connection.request("GET", "/x?returned=stubborn", headers=headers)
        assert answer.status == int(status) and answer.text.endswith("</html>\n") and "again" not in answer.text
        if answer.header("Connection") == "close":
            assert connection.read_to_end() == b""
        else:
            assert connection.request("GET", "/x?upper=next").text == "NEXT"


def test_many_failures_leave_the_child_as_it_was(site):
    # spec: directives:D-19, interpreters:I-3
    site.log.allow("at_once failing::at_once")
    before = site.children()
    with_failures = 0
    for _ in range(200):
        with_failures += site.get("/static/a.txt?at_once").status == 500
    assert with_failures == 200 and site.children() == before
    goes_on(site)
