"""Python's output filters among others: mod_deflate in front and behind, mod_filter choosing them, their order."""

import gzip

from harness.module_server import server

_CONFIG = """
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
<Directory "@DOCS@">
    PythonOutputFilter chosen::upper upper
    PythonOutputFilter chosen::marked marked
    PythonOutputFilter chosen::outer outer
    PythonOutputFilter chosen::named NAMED
    PythonOutputFilter chosen::writing writing
    SetHandler mod_python
    PythonFixupHandler chosen::add_filters
    PythonHandler chosen
</Directory>
<Directory "@DOCS@/pages">
    SetHandler none
</Directory>
<Directory "@DOCS@/pages/deflate_last">
    SetOutputFilter upper;DEFLATE
</Directory>
<Directory "@DOCS@/pages/inflated">
    AddEncoding gzip .gz
    AddOutputFilter INFLATE;upper;DEFLATE .gz
</Directory>
<Directory "@DOCS@/pages/provided">
    FilterDeclare ours
    FilterProvider ours upper "%{CONTENT_TYPE} =~ m#^text/plain#"
    FilterProvider ours named "%{CONTENT_TYPE} =~ m#^text/html#"
    FilterChain ours
</Directory>
<Directory "@DOCS@/writing">
    AddOutputFilterByType writing text/plain
    AddOutputFilterByType upper text/html
</Directory>
<Directory "@DOCS@/pages/by_type">
    AddOutputFilterByType upper text/html
</Directory>
"""

_CHOSEN = '''
from mod_python import apache


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def marked(filter):
    """Shows the calls."""
    data = filter.read()
    if data:
        filter.write(b"<" + data + b">")


def outer(filter):
    """Wraps everything."""
    data = filter.read()
    if not hasattr(filter.req, "begun"):
        filter.req.begun = True
        filter.write("[")
    while data:
        filter.write(data)
        data = filter.read()
    if data is None:
        filter.write("]")


def named(filter):
    if filter.read() is not None:
        filter.write(filter.name + " " + filter.handler)


def writing(filter):
    """Writes to its request, and says what comes of it."""
    data = filter.read()
    if data:
        try:
            if not hasattr(filter.req, "inside"):
                filter.req.inside = True
                filter.req.write("inner ")
        except RuntimeError as raised:
            filter.write(type(raised).__name__ + ": " + str(raised))
        filter.write(data)


def add_filters(req):
    for name in req.headers_in.get("X-Out", "").split():
        req.add_output_filter(name)
    return apache.OK


def handler(req):
    req.content_type = req.headers_in.get("X-Type", "text/plain")
    if "X-Late" in req.headers_in:
        req.add_output_filter(req.headers_in["X-Late"])
    req.write(req.args)
    return apache.OK
'''

BIG = b"0123456789abcdef\n" * 40000

site = server(
    _CONFIG,
    {
        "htdocs/chosen.py": _CHOSEN,
        "htdocs/pages/a.txt": "some text\n",
        "htdocs/pages/big.txt": BIG,
        "htdocs/pages/deflate_last/a.txt": "some text\n" * 100,
        "htdocs/pages/inflated/a.gz": gzip.compress(b"some text\n" * 100),
        "htdocs/pages/provided/a.txt": "some text\n",
        "htdocs/pages/provided/a.html": "some text\n",
        "htdocs/pages/provided/a.css": "some text\n",
        "htdocs/writing/x": "",
        "htdocs/pages/by_type/a.txt": "some text\n",
        "htdocs/pages/by_type/a.html": "some text\n",
    },
    modules=["deflate", "filter"],
)


def next_is_right(connection):
    assert connection.request("GET", "/x?next", headers={"X-Out": "upper"}).text == "NEXT"


def test_order_with_compression(site):
    # spec: directives:8.1.4
    accept = {"Accept-Encoding": "gzip"}
    with site.connect() as connection:
        answer = connection.request("GET", "/pages/deflate_last/a.txt", headers=accept)
        assert answer.header("Content-Encoding") == "gzip"
        assert gzip.decompress(answer.body) == b"SOME TEXT\n" * 100
        assert connection.request("GET", "/pages/deflate_last/a.txt").body == b"SOME TEXT\n" * 100
        # What is compressed on the disk is seen in clear, and compressed again.
        answer = connection.request("GET", "/pages/inflated/a.gz", headers=accept)
        assert gzip.decompress(answer.body) == b"SOME TEXT\n" * 100
        # A content filter of httpd comes behind ours whatever the order of the names is.
        answer = connection.request("GET", "/pages/big.txt", headers={**accept, "X-Out": "DEFLATE upper"})
        assert answer.header("Content-Encoding") == "gzip" and gzip.decompress(answer.body) == BIG.upper()
        # Ours stand in the order of their names.
        answer = connection.request("GET", "/pages/a.txt", headers={"X-Out": "marked upper outer"})
        assert answer.text == "[<SOME TEXT\n>]"
        next_is_right(connection)


def test_chosen_by_mod_filter_and_by_type(site):
    # spec: directives:8.1.4
    with site.connect() as connection:
        assert connection.request("GET", "/pages/provided/a.txt").text == "SOME TEXT\n"
        assert connection.request("GET", "/pages/provided/a.html").text == "named chosen::named"
        assert connection.request("GET", "/pages/provided/a.css").text == "some text\n"
        assert connection.request("GET", "/pages/by_type/a.html").text == "SOME TEXT\n"
        assert connection.request("GET", "/pages/by_type/a.txt").text == "some text\n"
        next_is_right(connection)


def test_mod_filter_is_not_called_while_it_calls(site):
    # spec: directives:8.2.1
    # It would take the filter's record for its own.
    said = "RuntimeError: inside a filter that mod_filter has chosen nothing can be written to the request"
    with site.connect() as connection:
        assert connection.request("GET", "/writing/x?text").text == f"{said}text"
        # Without it, and where it stands behind the filter, that is possible.
        assert connection.request("GET", "/x?text", headers={"X-Out": "writing"}).text == "inner text"
        assert connection.request("GET", "/writing/x?text", headers={"X-Out": "writing"}).text == "inner text"
        # Where it stands in front, it is in the middle of its work as well.
        headers = {"X-Late": "writing", "X-Type": "text/html"}
        assert connection.request("GET", "/writing/x?text", headers=headers).text == f"{said}TEXT"
        next_is_right(connection)
