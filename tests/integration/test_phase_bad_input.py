"""Nonsense from an administrator, a developer or a client: one status, one log entry, and the child lives on."""

import pytest

from harness import Httpd, server

BAD = rb'''
from mod_python import apache

def handler(req):
    req.write("good by %d" % __import__("os").getpid())
    return apache.OK

def echo(req):
    req.write(ascii((req.uri, req.args, req.headers_in.get("X-Text"))))
    return apache.OK

def options(req):
    req.write(ascii(sorted(req.get_options().items())) + ascii(req.interpreter))
    return apache.OK

def path(req):
    import sys
    req.write(ascii(sys.path[-1]))
    return apache.OK

def hlist(req):
    for _ in range(3):
        req.hlist.next()
    return apache.OK

def stop(req):
    raise SystemExit("leave")
'''

#: File name -> handler text, last line of the log.
NONSENSE = {
    "missing": (b"no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "missing-in-package": (b"json.nothing", "ModuleNotFoundError: "),
    "colons": (b"::", "ModuleNotFoundError: '' is not a module name"),
    "only-object": (b"::handler", "ModuleNotFoundError: '' is not a module name"),
    "dots": (b"..", "ModuleNotFoundError: '..' is not a module name"),
    "quotes": (b'"bad', "ModuleNotFoundError: No module named "),
    "slashes": (b"/etc/passwd", "ModuleNotFoundError: '/etc/passwd' is not a module name"),
    "up": (b"../../bad", "ModuleNotFoundError: "),
    "bytes": (b"b\xffd\xfe", "ModuleNotFoundError: No module named "),
    "object-bytes": (b"bad::h\xff", "AttributeError: module '.*/bad.py' contains no "),
    "percent": (b"%s%n%d", "ModuleNotFoundError: No module named '%s%n%d'"),
    "long": (b"m" * 5000, "ModuleNotFoundError: No module named 'mmmm"),
    "dunder": (b"bad::__name__", "TypeError: 'str' object is not callable"),
    "syntax": (b"syntax", "SyntaxError: "),
    "indented": (b"indented", "IndentationError: "),
    "null": (b"nul", "SyntaxError: source code (string )?cannot contain null bytes|ValueError: source code"),
    "encoding": (b"encoding", r"SyntaxError: .*(utf-8|decode|Non-UTF-8 code)"),
    "exits": (b"exits", "SystemExit: 1"),
    "raises": (b"raises", "ZeroDivisionError: division by zero"),
    "itself": (b"itself", "(ImportError|RecursionError|AttributeError)"),
    "stop": (b"bad::stop", "SystemExit: leave"),
}

FILES = {
    "htdocs/bad.py": BAD,
    "htdocs/syntax.py": "def handler(req:\n",
    "htdocs/indented.py": "def handler(req):\nreturn 0\n",
    "htdocs/nul.py": b"x = 1\0\n",
    "htdocs/encoding.py": b"# \xff\xfe\nx = '\xff'\n",
    "htdocs/exits.py": "import sys\nsys.exit(1)\n",
    "htdocs/raises.py": "1 / 0\n",
    "htdocs/itself.py": "import itself\nitself.nothing\n",
    "htdocs/opt/.keep": "",
    "htdocs/path/.keep": "",
}


def _config():
    lines = ['<Directory "@DOCS@">', "SetHandler mod_python", "PythonHandler bad"]
    for name, (handler, _) in NONSENSE.items():
        lines.append(f'<Files "{name}">\nPythonHandler {handler.decode("utf-8", "surrogateescape")}\n</Files>')
    lines += ['<Files "echo">', "PythonHandler bad::echo", "</Files>", "</Directory>"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def site(tree, mpm):
    """One child, so that the next request is answered by the process that had the trouble."""
    with Httpd(tree, mpm, _config(), FILES, processes=1) as running:
        yield running


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense(site, name):
    # spec: directives:2/raw-list, directives:D-23, directives:6.1/exception, directives:7.1, directives:4.2.2
    handler, last = NONSENSE[name]
    before = site.get("/x").text
    site.log.expect(r"MPY0401: PythonHandler .*: uncaught \w+ \(phase PythonHandler, interpreter 'localhost'\)", 1)
    site.log.expect(f"PythonHandler .*: ({last})")
    site.log.allow("PythonHandler ")
    assert site.get(f"/{name}").status == 500
    assert site.get("/x").text == before
    assert before.startswith("good by ")


def test_a_repaired_module_is_seen(site):
    # spec: directives:4.2.3
    site.log.allow("PythonHandler syntax: ")
    site.log.expect("MPY0401: PythonHandler syntax: uncaught SyntaxError", times=3)
    assert site.get("/syntax").status == 500
    site.write("htdocs/syntax.py", "def handler(req):\n    req.write('repaired')\n    return 0\n")
    assert site.get("/syntax").text == "repaired"
    # Broken again while it is loaded: an error, no silent use of what was there.
    site.write("htdocs/syntax.py", "def handler(req:\n    # broken again\n")
    assert site.get("/syntax").status == 500
    assert site.get("/syntax").status == 500
    site.write("htdocs/syntax.py", "def handler(req):\n    req.write('repaired again')\n    return 0\n")
    assert site.get("/syntax").text == "repaired again"
    site.write("htdocs/syntax.py", "def handler(req:\n# as it was at the start\n")


@pytest.mark.parametrize(
    "request_line, headers, seen",
    [
        ("/echo?a=\xff\xfe", {}, ("/echo", "a=\udcff\udcfe", None)),
        ("/echo?%ff%00", {}, ("/echo", "%ff%00", None)),
        ("/echo", {"X-Text": "\xff caf\xe9"}, ("/echo", None, "\xff caf\xe9")),
    ],
)
def test_bytes_of_a_client(site, request_line, headers, seen):
    # spec: directives:6/step-6
    answer = site.get(request_line, headers=headers)
    assert answer.status == 200
    assert len(eval(answer.text)) == len(seen)
    for value, expected in zip(eval(answer.text), seen):
        if expected is not None:
            assert value.encode("utf-8", "surrogateescape") in (
                expected.encode("utf-8", "surrogateescape"), expected.encode("latin-1", "replace"),
            )  # fmt: skip


@pytest.mark.parametrize("path", [b"/%ff%fe", b"/\xff\xfe", b"/%c3%28", b"/%00", b"/%e2%82", b"/" + b"a" * 300])
def test_bytes_in_the_path(site, path):
    # spec: directives:6/step-6
    site.log.allow(r"AH00\d+|AH100\d+|File name too long")
    raw = site.raw(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert raw.split()[1] in (b"200", b"400", b"403", b"404")
    assert site.get("/x").text.startswith("good by ")


CONFIGURED = """
PythonOption k\udcffy "v\udcfel"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler bad::options
    PythonInterpreter "n\udcffme"
</Directory>
<Directory "@DOCS@/path">
    PythonInterpreter plain
    PythonPath "['@DOCS@', '/b\udcff']"
    PythonHandler bad::path
</Directory>
"""


def test_bytes_in_the_configuration(tree, mpm):
    # spec: directives:2/raw-list, directives:9.7.1, directives:9.8.1
    with Httpd(tree, mpm, CONFIGURED, FILES, processes=1) as site:
        assert site.get("/x").text == ascii([("k\udcffy", "v\udcfel")]) + ascii("n\udcffme")
        assert site.get("/path/x").text == ascii("/b\udcff")


hlist = server(
    '<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler bad::hlist bad bad\n</Directory>', FILES, mpm="event"
)


def test_list_past_its_end(hlist):
    # spec: directives:D-18
    for _ in range(2):
        assert hlist.get("/x").status == 200
