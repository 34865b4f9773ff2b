"""Input filters that fail, and bodies that cannot be read: whoever reads learns of it, the child serves on."""

import socket
import time

import pytest

from harness.client import compose, parse
from harness.module_server import server
from harness.reading import chunks

_CONFIG = """
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
Timeout 1
DavLockDB "@ROOT@/tmp/lock"
Alias "/dav" "@ROOT@/tmp"
ProxyPass "/proxied" "http://127.0.0.1:@PORT@/plain"
<Directory "@ROOT@">
    PythonInputFilter failing::at_once at_once
    PythonInputFilter failing::in_second in_second
    PythonInputFilter failing::at_end at_end
    PythonInputFilter failing::returned returned
    PythonInputFilter failing::copy copy
    PythonInputFilter failing::catching catching
    PythonInputFilter no_such_module missing_module
    PythonInputFilter failing::no_such_function missing_function
</Directory>
<Directory "@DOCS@">
    SetHandler mod_python
    PythonFixupHandler failing::add_filters
    PythonHandler failing
</Directory>
<Directory "@DOCS@/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
</Directory>
<Directory "@DOCS@/limited">
    LimitRequestBody 10
</Directory>
<Directory "@DOCS@/here">
    PythonInputFilter failing::copy only_here
</Directory>
<Directory "@ROOT@/tmp">
    Require all granted
    Dav On
    PythonFixupHandler failing::add_filters
</Directory>
<Location "/proxied">
    PythonInputFilter failing::at_once at_once
    SetInputFilter at_once
</Location>
"""

_FAILING = '''
from mod_python import apache


class Ouch(Exception):
    pass


def copy(filter):
    data = filter.read()
    while data:
        filter.write(data)
        data = filter.read()
    return data


def at_once(filter):
    raise Ouch("at once")


def in_second(filter):
    filter.req.calls = getattr(filter.req, "calls", 0) + 1
    if filter.req.calls == 2:
        raise Ouch("in the second call")
    filter.write(filter.read(3))


def at_end(filter):
    if copy(filter) is None:
        raise Ouch("at the end")


def returned(filter):
    status = filter.req.headers_in.get("X-Status")
    raise apache.SERVER_RETURN(*([int(status)] if status else []))


def catching(filter):
    try:
        copy(filter)
    except OSError as raised:
        filter.req.log_error("the filter caught OSError: " + str(raised), apache.APLOG_INFO)
        return
    if filter.req.headers_in.get("X-Twice"):
        filter.read()


def add_filters(req):
    for name in req.headers_in.get("X-In", "").split():
        req.add_input_filter(name)
    return apache.OK


def handler(req):
    req.content_type = "text/plain"
    if req.args == "begun":
        req.write("begun ")
        req.write(req.read())
    elif req.args == "caught":
        for _ in range(2):
            try:
                req.read()
            except Exception as raised:
                req.log_error("caught " + repr(raised), apache.APLOG_INFO)
                req.answer = type(raised).__name__
        req.write("answered after " + req.answer)
    elif req.args == "ignore":
        req.write("ignored")
    else:
        req.write(req.read())
    return apache.OK
'''

site = server(
    _CONFIG,
    {
        "htdocs/failing.py": _FAILING,
        "htdocs/static/a.txt": "static",
        "htdocs/limited/x": "",
        "htdocs/here/x": "",
        "htdocs/debug/x": "",
    },
    modules=["proxy", "proxy_http", "dav", "dav_fs"],
    # The proxy asks its own server. No spare child comes in between.
    processes=3,
)

LAST = {
    "at_once": "failing.Ouch: at once",
    "in_second": "failing.Ouch: in the second call",
    "at_end": "failing.Ouch: at the end",
    "missing_module": "ModuleNotFoundError: No module named 'no_such_module'",
    "missing_function": "AttributeError: ",
}


def expect_uncaught(site, name, times=1):
    site.log.expect(rf"MPY0401: {name} \S+: uncaught \w+ \(phase PythonInputFilter, interpreter 'one'\)", times=times)
    site.log.expect_traceback(rf"{name} \S+: {LAST[name]}", times=times)


def goes_on(site):
    with site.connect() as connection:
        for _ in range(2):
            assert connection.request("POST", "/x", body=b"some body", headers={"X-In": "copy"}).text == "some body"


@pytest.mark.parametrize("name", list(LAST))
def test_an_exception_is_a_500(site, name):
    # spec: directives:8.2.7, directives:8.1.2
    headers = {"X-In": name}
    expect_uncaught(site, name, times=5)
    site.log.expect("An error occurred while reading the request body .URI: /dav/put.txt", times=1)
    for path, method in (("/x", "POST"), ("/debug/x", "POST"), ("/static/a.txt", "GET")):
        answer = site.request(method, path, body=b"some body", headers=headers)
        assert answer.status == 500 and "Internal Server Error" in answer.text, path
        assert "some" not in answer.text and "Traceback" not in answer.text and "static" not in answer.text
    # A chunked body, and a connection of a client that wants to keep it: it ends, whatever stands on it.
    data = site.raw(
        compose("POST", "/x", body=chunks(b"some", b"body"), headers={"Transfer-Encoding": "chunked", **headers}, close=False)
        + compose("GET", "/never")
    )
    assert data.startswith(b"HTTP/1.1 500 ") and data.count(b"HTTP/1.1 ") == 1
    assert site.request("PUT", "/dav/put.txt", body=b"some body", headers=headers).status == 500
    assert not (site.root / "tmp/put.txt").exists()
    goes_on(site)


def test_nothing_goes_to_a_proxied_server(site):
    # spec: directives:8.2.7
    site.log.allow(r"AH0109[0-9]|AH01084|AH10154|AH02609")
    expect_uncaught(site, "at_once")
    lines = len(site.access_log())
    assert site.post("/proxied", b"some body").status == 500
    assert not [line for line in site.access_log()[lines:] if "/plain" in line and " 200 " in line]
    goes_on(site)


def test_a_begun_response_breaks_off_or_ends_with_an_error(site):
    # spec: directives:8.2.7
    expect_uncaught(site, "at_once")
    data = site.raw(compose("POST", "/x?begun", body=b"some body", headers={"X-In": "at_once"}, close=False))
    assert data.startswith(b"HTTP/1.1 200 ") and b"begun " in data and b"some body" not in data
    goes_on(site)


def test_a_handler_may_answer_all_the_same(site):
    # spec: directives:8.2.7
    expect_uncaught(site, "at_once")
    answer = site.post("/x?caught", b"some body", headers={"X-In": "at_once"})
    assert (answer.status, answer.text) == (200, "answered after SERVER_RETURN")
    site.log.expect(r"caught SERVER_RETURN\(500\)", times=2)


def test_a_body_that_nobody_reads(site):
    # spec: directives:8.2.7
    expect_uncaught(site, "at_once")
    answer = site.post("/x?ignore", b"some body", headers={"X-In": "at_once", "Connection": "keep-alive"})
    assert (answer.status, answer.text) == (200, "ignored")
    goes_on(site)


@pytest.mark.parametrize(("status", "expected"), [(403, 403), (410, 410), (503, 503), (0, 500), (302, 500), ("", 500)])
def test_server_return(site, status, expected):
    # spec: directives:8.2.8
    site.log.expect(
        rf"MPY0412: returned failing::returned: SERVER_RETURN ends the response with status {expected} "
        r"\(interpreter 'one'\)",
        times=4,
    )
    site.log.expect("An error occurred while reading the request body .URI: /dav/put.txt", times=1)
    headers = {"X-In": "returned", "X-Status": str(status)}
    for path, method in (("/x", "POST"), ("/debug/x", "POST"), ("/static/a.txt", "GET"), ("/dav/put.txt", "PUT")):
        answer = site.request(method, path, body=b"some body", headers=headers)
        assert answer.status == expected, path
        assert "some body" not in answer.text and "static" not in answer.text and "Traceback" not in answer.text
        assert answer.text.count("</html>") == 1
    goes_on(site)


def test_server_return_and_a_handler_that_goes_on(site):
    # spec: directives:8.2.8
    site.log.expect("MPY0412: ", times=1)
    # The client has its answer already: nothing is added to it.
    site.log.expect(r"caught SERVER_RETURN\(-2, 403\)", times=2)
    site.log.allow("OSError|MPY0401: PythonHandler|PythonHandler failing: ")
    headers = {"X-In": "returned", "X-Status": "403", "Connection": "keep-alive"}
    data = site.raw(compose("POST", "/x?caught", body=b"some body", headers=headers))
    assert data.startswith(b"HTTP/1.1 403 ") and data.endswith(b"</html>\n") and b"answered after" not in data
    goes_on(site)


def test_name_that_this_directory_does_not_have(site):
    # spec: directives:8.1.5, directives:D-8
    site.log.expect(r"MPY0407: no filter of this name is configured for this request \(filter only_here\)", times=1)
    headers = {"X-In": "only_here"}
    assert site.post("/x", b"some body", headers=headers).status == 500
    assert site.post("/here/x", b"some body", headers=headers).text == "some body"


@pytest.mark.parametrize("name", ["copy", "catching"])
def test_a_client_that_is_silent(site, name):
    # spec: api:8.3, directives:8.2.5
    if name == "copy":
        site.log.expect_traceback("copy failing::copy: OSError: Input filter read error", times=1)
    else:
        site.log.expect("the filter caught OSError: Input filter read error", times=1)
    # As without a filter.
    site.log.expect_traceback(r"OSError: Client read error \(Timeout\?\)", times=1)
    with site.connect() as connection:
        started = time.monotonic()
        connection.send(compose("POST", "/x", headers={"X-In": name, "Content-Length": "10"}, close=False) + b"abc")
        answer = connection.response()
        assert answer.status == 500 and "abc" not in answer.text
        assert 0.9 < time.monotonic() - started < 5 and connection.read_to_end() == b""
    goes_on(site)


def test_a_client_that_leaves(site):
    # spec: api:8.3
    site.log.expect_traceback("copy failing::copy: OSError: Input filter read error", times=3)
    site.log.expect_traceback(r"OSError: Client read error \(Timeout\?\)", times=3)
    for ending in (b"", b"abc", b"abc" * 50_000):
        connection = site.connect()
        connection.send(compose("POST", "/x", headers={"X-In": "copy", "Content-Length": "1000000"}) + ending)
        # A reset instead of an orderly end.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    goes_on(site)


def test_httpd_refuses_the_body(site):
    # spec: api:8.3, directives:8.2.5
    site.log.allow("AH01587|AH01588|AH01590|AH01591|AH10243")
    site.log.expect_traceback("copy failing::copy: OSError: Input filter read error", times=2)
    coded = {"Transfer-Encoding": "chunked", "X-In": "copy"}
    assert site.post("/limited/x", chunks(b"x" * 20), headers=coded).status == 413
    assert site.post("/x", b"3\r\nabc\r\nno chunk\r\n", headers=coded).status == 400
    assert parse(site.raw(compose("POST", "/limited/x", body=b"x" * 20, headers={"X-In": "copy"}))).status == 413
    goes_on(site)


def test_many_failures_leave_the_child_as_it_was(site):
    # spec: directives:D-19, interpreters:I-3
    site.log.allow("at_once failing::at_once")
    before = site.children()
    assert {site.post("/x", b"some body", headers={"X-In": "at_once"}).status for _ in range(100)} == {500}
    assert site.children() == before
    goes_on(site)
