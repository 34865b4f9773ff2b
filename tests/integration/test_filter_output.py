"""Output filters: what they see, what they may do with it, how the response ends."""

import pytest

from harness.module_server import server

_CONFIG = """
<Directory "@DOCS@">
    PythonOutputFilter filters::upper UPPER
    PythonOutputFilter filters
    PythonOutputFilter filters::nothing nothing
    PythonOutputFilter filters::short short
    PythonOutputFilter filters::lines lines
    PythonOutputFilter filters::handed handed
    PythonOutputFilter filters::off off
    PythonOutputFilter filters::longer longer
    PythonOutputFilter filters::sizes sizes
    PythonOutputFilter filters::by_len by_len
    SetHandler mod_python
    PythonHandler pages
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
    SetOutputFilter upper
</Directory>
"""

_FILTERS = '''
from mod_python import apache


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


outputfilter = upper


def nothing(filter):
    return "ignored"


def short(filter):
    """Never closes: the end of the stream is passed on by itself."""
    filter.write(filter.read() or b"")


def lines(filter):
    line = filter.readline()
    while line:
        filter.write(b"<" + line + b">")
        line = filter.readline()
    if line is None:
        filter.close()


def handed(filter):
    filter.pass_on()


def off(filter):
    filter.write(b"[first]" + filter.read(3))
    filter.disable()


def longer(filter):
    data = filter.read()
    while data:
        filter.write(data + b"!")
        filter.write("\\u20ac")
        data = filter.read()


def sizes(filter):
    data = filter.read(2)
    while data:
        filter.write(b"%d," % len(data))
        data = filter.read(2)


def by_len(filter):
    assert filter.read(0) == b""
    filter.write(filter.read(-7) or b"")
'''

_PAGES = '''
from mod_python import apache


def handler(req):
    name, _, rest = req.args.partition("=")
    req.content_type = "text/plain"
    if name:
        req.add_output_filter(name)
    for piece in rest.split(","):
        if piece == "-":
            req.flush()
        else:
            req.write(piece.replace("_", "\\n"), 0)
    return apache.OK
'''

site = server(
    _CONFIG,
    {"htdocs/filters.py": _FILTERS, "htdocs/pages.py": _PAGES, "htdocs/static/a.txt": "some text\n"},
)


def body(site, query):
    answer = site.get("/x?" + query)
    assert answer.status == 200
    return answer.text


def test_static_file(site):
    # spec: directives:8.1.1, directives:8.1.3, directives:8.1.4, directives:8.2.5
    answer = site.get("/static/a.txt")
    assert (answer.body, answer.header("Content-Length")) == (b"SOME TEXT\n", "10")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("upper=one", "ONE"),
        # The handler's text is the name where none is given.
        ("filters=two", "TWO"),
        ("UPPER=a,-,b", "AB"),
        ("nothing=lost", ""),
        ("short=abc,-,def", "abcdef"),
        ("lines=a_b_c", "<a\n><b\n><c>"),
        ("handed=abc,-,def", "abcdef"),
        ("off=abcdef,-,ghi", "[first]abcdefghi"),
        ("longer=a", "a!\u20ac"),
        ("sizes=abcde", "2,2,1,"),
        ("by_len=abc", "abc"),
    ],
)
def test_what_arrives(site, query, expected):
    # spec: directives:8.1.2, directives:8.2.3, directives:8.2.6, api:8.2, api:8/read, api:8/readline, api:8/write
    # spec: api:8/pass_on, api:8/disable, api:8/read-len, api:A-22
    assert body(site, query) == expected
