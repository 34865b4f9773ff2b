"""Output filters behind everything that makes content: files, CGI, proxies, SSI, error pages, redirects."""

import socket
import threading
import time

import pytest

from harness.cgi_scripts import CGI
from harness.client import compose
from harness.module_server import server

_CONFIG = (
    CGI
    + """
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
ErrorDocument 404 /pages/missing.txt
ErrorDocument 403 "own text"
ProxyPass "/proxied" "http://127.0.0.1:@PORT@/x"
ProxyPassReverse "/proxied" "http://127.0.0.1:@PORT@/x"
<Directory "@DOCS@">
    PythonOutputFilter others::upper upper
    PythonOutputFilter others::generated generated
    PythonOutputFilter others::outer outer
    PythonOutputFilter others::once once
    PythonOutputFilter others::nothing nothing
    SetHandler mod_python
    PythonFixupHandler others::add_filters
    PythonHandler others
</Directory>
<Directory "@DOCS@/pages">
    SetHandler none
    EnableMMAP On
    EnableSendfile On
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    AddType text/html .shtml
    DirectoryIndex index.txt
</Directory>
<Directory "@DOCS@/pages/plain_io">
    EnableMMAP Off
    EnableSendfile Off
</Directory>
<Directory "@DOCS@/cgi">
    Options +ExecCGI
    SetHandler cgi-script
</Directory>
<Directory "@DOCS@/pages/set">
    SetOutputFilter upper
</Directory>
<Directory "@DOCS@/pages/denied">
    Require all denied
</Directory>
<Location "/proxied">
    PythonOutputFilter others::upper upper
    PythonOutputFilter others::once once
    PythonOutputFilter others::nothing nothing
    PythonFixupHandler others::add_filters
</Location>
ProxyPass "/broken" "http://127.0.0.1:@BACKEND@/"
<Location "/broken">
    PythonOutputFilter others::upper upper
    PythonOutputFilter others::once once
    PythonOutputFilter others::generated generated
    PythonOutputFilter others::nothing nothing
    PythonFixupHandler others::add_filters
</Location>
"""
)

_OTHERS = '''
from mod_python import apache


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def generated(filter):
    for data in filter:
        yield data.upper()


def once(filter):
    """Reads once and leaves the rest of what it was given."""
    filter.write(filter.read(4) or b"")


def nothing(filter):
    pass


def outer(filter):
    """Wraps everything."""
    data = filter.read()
    if not hasattr(filter.req, "begun"):
        filter.req.begun = True
        filter.write("[%s " % filter.req.uri)
    while data:
        filter.write(data)
        data = filter.read()
    if data is None:
        filter.write("]")


def add_filters(req):
    for name in req.headers_in.get("X-Out", "").split():
        req.add_output_filter(name)
    return apache.OK


def handler(req):
    req.content_type = "text/plain"
    for piece in (req.args or "").split(","):
        if piece == "-":
            req.flush()
        elif piece.startswith("redirect="):
            req.internal_redirect(piece[9:])
        elif piece.startswith("status="):
            return int(piece[7:])
        else:
            req.write(piece, 0)
    return apache.OK
'''

_TRICKLE = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
for word in one two three; do
    printf '%s ' "$word"
    while [ ! -e "@ROOT@/tmp/$QUERY_STRING-$word" ]; do sleep 0.02; done
done
printf 'end'
"""

BIG = b"0123456789abcdef\n" * 40000


def _broken_backend():
    """A server whose answers end too early; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            connection, _ = listener.accept()
            with connection:
                asked = connection.recv(65536)
                if b"/length" in asked:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome text")
                elif b"/chunked" in asked:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nsome text\r\n")

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


site = server(
    _CONFIG.replace("@BACKEND@", str(_broken_backend())),
    {
        "htdocs/others.py": _OTHERS,
        "htdocs/cgi/trickle": _TRICKLE,
        "htdocs/cgi/headers": "#!/bin/sh\nprintf 'Status: 201 Made\\nX-Mine: yes\\nContent-Length: 4\\n\\nbody'\n",
        "htdocs/pages/empty.txt": "",
        "htdocs/pages/a.txt": "some text\n",
        "htdocs/pages/big.txt": BIG,
        "htdocs/pages/index.txt": "the index\n",
        "htdocs/pages/missing.txt": "own missing page\n",
        "htdocs/pages/page.shtml": 'before <!--#include virtual="a.txt" --> <!--#echo var="DOCUMENT_NAME" --> after\n',
        "htdocs/pages/filtered.shtml": 'before <!--#include virtual="set/a.txt" --> after\n',
        "htdocs/pages/plain_io/a.txt": "some text\n",
        "htdocs/pages/plain_io/big.txt": BIG,
        "htdocs/pages/set/a.txt": "some text\n",
        "htdocs/pages/denied/a.txt": "some text\n",
    },
    modules=["include", "proxy", "proxy_http"],
    processes=None,
)


def next_is_right(connection):
    assert connection.request("GET", "/x?next", headers={"X-Out": "upper"}).text == "NEXT"


@pytest.mark.parametrize("name", ["upper", "generated"])
@pytest.mark.parametrize("folder", ["pages", "pages/plain_io"])
def test_files(site, folder, name):
    # spec: directives:8.1.4, directives:8.2.1
    headers = {"X-Out": name}
    with site.connect() as connection:
        for path, content in ((f"/{folder}/a.txt", b"some text\n"), (f"/{folder}/big.txt", BIG), ("/pages/empty.txt", b"")):
            answer = connection.request("GET", path, headers=headers)
            assert (answer.status, len(answer.body), answer.body == content.upper()) == (200, len(content), True)
            head = connection.request("HEAD", path, headers=headers)
            assert (head.status, head.body) == (200, b"")
            assert head.header("Content-Length") in (None, str(len(content)))
            # Without a length, HTTP/1.0 ends with the connection.
            old = site.get(path, headers=headers, version="HTTP/1.0")
            assert (old.status, old.body == content.upper()) == (200, True)
        next_is_right(connection)


@pytest.mark.parametrize("name", ["nothing", "once"])
def test_what_is_not_read_is_not_announced(site, name):
    # spec: directives:8.2.6, directives:8.2.4
    headers = {"X-Out": name}
    with site.connect(timeout=3) as connection:
        for path in ("/pages/a.txt", "/pages/big.txt", "/cgi/headers", "/proxied?text,-,more"):
            answer = connection.request("GET", path, headers=headers)
            # How often it is called, and so how often it reads, is up to what makes the content.
            assert answer.status in (200, 201) and answer.header("Content-Length") in (None, str(len(answer.body))), path
            assert len(answer.body) == 0 if name == "nothing" else 4 <= len(answer.body) < 100, path
        next_is_right(connection)


@pytest.mark.parametrize("name", ["upper", "generated"])
def test_ranges_and_conditions(site, name):
    # spec: directives:8.1.4
    headers = {"X-Out": name}
    with site.connect() as connection:
        answer = connection.request("GET", "/pages/a.txt", headers={**headers, "Range": "bytes=5-8"})
        assert (answer.status, answer.body) in ((206, b"TEXT"), (200, b"SOME TEXT\n"))
        answer = connection.request("GET", "/pages/big.txt", headers={**headers, "Range": "bytes=10-15"})
        assert (answer.status, answer.body) in ((206, b"ABCDEF"), (200, BIG.upper()))
        first = connection.request("GET", "/pages/a.txt", headers=headers)
        for name, value in (("If-Modified-Since", "Last-Modified"), ("If-None-Match", "ETag")):
            answer = connection.request("GET", "/pages/a.txt", headers={**headers, name: first.header(value)})
            assert (answer.status, answer.body) == (304, b"")
        next_is_right(connection)


@pytest.mark.parametrize("name", ["upper", "generated"])
def test_a_slow_script_is_seen_as_it_writes(site, name, mpm):
    # spec: directives:8.2.1, directives:8.2.4
    tag = f"{mpm}-{name}"
    with site.connect() as connection:
        connection.send(compose("GET", f"/cgi/trickle?{tag}", headers={"X-Out": name}, close=False))
        assert connection.read_line().startswith(b"HTTP/1.1 200 ")
        while connection.read_line() != b"\r\n":
            pass
        for word in ("one", "two", "three"):
            # The script goes on only when this piece is here.
            expected = b"%x\r\n%s \r\n" % (len(word) + 1, word.upper().encode())
            assert connection.read(len(expected)) == expected
            site.write(f"tmp/{tag}-{word}", "")
        assert connection.read(13) == b"3\r\nEND\r\n0\r\n\r\n"
        next_is_right(connection)


@pytest.mark.parametrize("name", ["upper", "generated"])
def test_flushes_of_a_handler_pass_in_their_places(site, name):
    # spec: api:8.6, directives:8.2.4
    with site.connect() as connection:
        connection.send(compose("GET", "/x?one,-,two,three,-,four", headers={"X-Out": name}, close=False))
        while connection.read_line() != b"\r\n":
            pass
        expected = b"3\r\nONE\r\n8\r\nTWOTHREE\r\n4\r\nFOUR\r\n0\r\n\r\n"
        assert connection.read(len(expected)) == expected
        next_is_right(connection)


def test_scripts(site):
    # spec: directives:8.1.4
    with site.connect() as connection:
        for name in ("upper", "generated"):
            answer = connection.request("GET", "/cgi/headers", headers={"X-Out": name})
            assert (answer.status, answer.body, answer.header("X-Mine")) == (201, b"BODY", "yes")
        next_is_right(connection)


def test_proxied_content(site):
    # spec: directives:8.1.4
    with site.connect() as connection:
        assert connection.request("GET", "/proxied?some,-,text", headers={"X-Out": "upper"}).text == "SOMETEXT"
        next_is_right(connection)


@pytest.mark.parametrize("name", ["upper", "generated", "once", "nothing"])
@pytest.mark.parametrize("path", ["/broken/length", "/broken/chunked"])
def test_a_backend_that_breaks_off(site, path, name):
    # spec: directives:8.2.5
    site.log.allow("AH01110: error reading response")
    data = site.raw(compose("GET", path, headers={"X-Out": name}, close=False))
    head, _, body = data.partition(b"\r\n\r\n")
    # Whatever the filter reads: the client sees that something is missing.
    if head.startswith(b"HTTP/1.1 200 "):
        assert b"Transfer-Encoding: chunked" in head and not body.endswith(b"0\r\n\r\n"), data
    else:
        assert head.startswith(b"HTTP/1.1 502 "), data


def test_pages_with_includes(site):
    # spec: directives:8.2.10
    with site.connect() as connection:
        headers = {"X-Out": "upper"}
        expected = "BEFORE SOME TEXT\n PAGE.SHTML AFTER\n"
        assert connection.request("GET", "/pages/page.shtml", headers=headers).text == expected
        # The sub-request has filters of its own; the page has none.
        assert connection.request("GET", "/pages/filtered.shtml").text == "before SOME TEXT\n after\n"
        # The fixup handler adds its filter to the sub-request as well, before httpd adds those of the directives.
        wrapped = connection.request("GET", "/pages/filtered.shtml", headers={"X-Out": "outer"}).text
        assert wrapped == "[/pages/filtered.shtml before [/PAGES/SET/A.TXT SOME TEXT\n] after\n]"
        next_is_right(connection)


def test_error_pages_and_redirects(site):
    # spec: directives:8.2.10
    site.log.expect("AH01630", times=1)
    headers = {"X-Out": "outer"}
    with site.connect() as connection:
        # The error document is a request of its own, with the filters that its directory and handlers give it.
        answer = connection.request("GET", "/pages/no_such_page", headers=headers)
        assert (answer.status, answer.text) == (404, "[/pages/missing.txt own missing page\n]")
        answer = connection.request("GET", "/x?redirect=/pages/a.txt", headers=headers)
        assert (answer.status, answer.text) == (200, "[/pages/a.txt some text\n]")
        answer = connection.request("GET", "/pages/", headers={"X-Out": "upper"})
        assert (answer.status, answer.text) == (200, "THE INDEX\n")
        # A text in the configuration, and httpd's own pages, pass no filter.
        assert connection.request("GET", "/pages/denied/a.txt", headers=headers).text == "own text"
        answer = connection.request("GET", "/x?some,status=410", headers=headers)
        assert answer.status == 410 and "Gone" in answer.text
        next_is_right(connection)


def test_a_client_that_leaves(site):
    # spec: directives:8.2.5
    site.log.allow("caught|Write failed|Flush failed")
    for name in ("upper", "generated"):
        connection = site.connect()
        connection.send(compose("GET", "/pages/big.txt", headers={"X-Out": name}))
        connection.read(100)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    time.sleep(0.1)
    assert site.get("/pages/a.txt", headers={"X-Out": "upper"}).text == "SOME TEXT\n"
