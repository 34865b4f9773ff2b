"""The publisher: which URL means which object, and what becomes of it."""

import pytest

from harness import server

_CONFIG = """
MaxKeepAliveRequests 0
LimitRequestLine 60000
<Directory "@DOCS@/pub">
    SetHandler mod_python
    PythonHandler mod_python.publisher
    PythonDebug Off
</Directory>
<Directory "@DOCS@/noindex">
    SetHandler mod_python
    PythonHandler mod_python.publisher
</Directory>
<Directory "@DOCS@/bar">
    PythonHandler mod_python.publisher | .py .html
    PythonHandler other
    SetHandler mod_python
</Directory>
<Directory "@DOCS@/added">
    AddHandler mod_python .py .pub
    PythonHandler mod_python.publisher
</Directory>
<Directory "@DOCS@/ht">
    AllowOverride All
</Directory>
<Location "/pub/located">
    SetHandler mod_python
    PythonHandler mod_python.publisher
</Location>
<Location "/elsewhere">
    SetHandler mod_python
    PythonHandler mod_python.publisher
    PythonOption mod_python.publisher.directory @DOCS@/pub
</Location>
<Directory "@DOCS@/debug">
    SetHandler mod_python
    PythonHandler mod_python.publisher
    PythonDebug On
</Directory>
<Directory "@DOCS@/still">
    SetHandler mod_python
    PythonHandler mod_python.publisher
    PythonAutoReload Off
</Directory>
"""

_M = '''
import abc
import asyncio
import enum
import functools
import os

text = "a text"
_x = "hidden"
__ANSWER = 42
number = 5
values = ["a", ("b", "c")]
table = {"keys": 1}
data = b"bytes"
nothing = None
bound = table.get


def index():
    return "M"


def f(req, a, b="B"):
    return f"{a}|{b}|{req.filename.rpartition('/')[2]}"


def only(req, *, key):
    return key


def who(req):
    return type(req).__name__


def everything(**kw):
    kw.pop("req")
    return repr(kw)


def form(req):
    return req.form.getfirst("a") or "none"


class K:
    attr = "attribute"

    def __init__(self, b="none"):
        self.b = b
        self.own = "own"

    def __call__(self, a="none"):
        return "called " + a

    def meth(self, a="none"):
        return "method " + a

    @property
    def prop(self):
        return "property"

    @property
    def broken(self):
        raise ValueError("on purpose")


class Abstract(abc.ABC):
    made = "no"


class Colour(enum.Enum):
    RED = 1


inst = K()
inst.os = os
inst.K = K
decorated = functools.lru_cache(lambda a="none": "cached " + a)
part = functools.partial(lambda req, a, admin: f"{a} {admin}", admin="no")


class Text(str):
    def shout(self):
        return self.upper()


shouting = Text("loud")


class Strange:
    def __str__(self):
        return "strange"


strange = Strange()


def html():
    return "<html>x</HTML >  \\n"


def tail():
    return "<html></html> x"


def html_bytes():
    return b"<html>\\xff</html>"


def typed(req):
    req.content_type = "text/xml"
    return "<a>\\u00e9</a>"


def latin(req):
    req.content_type = "text/html; Charset=ISO-8859-1"
    return "\\u00e9"


def generator():
    yield 1


def written(req):
    req.write("written", 0)


def function():
    return inst


def cls():
    return form_of_class


class form_of_class:
    def __init__(self, a):
        self.a = a

    def __str__(self):
        return "made with " + self.a


def endless():
    return endless


async def asynchronous():
    return "never"


async def stream():
    yield "never"


def awaitable():
    return asynchronous()


def raising(req):
    raise KeyError("on purpose")


def declined(req):
    from mod_python import apache
    raise apache.SERVER_RETURN(apache.HTTP_CONFLICT)
'''

_INDEX = """
def index():
    return "I"

def foo():
    return "F"
"""

_TREE = """
class Node:
    def __init__(self, name):
        self.name = name

    def __call__(self):
        return self.name

root = Node("root")
root.page1 = Node("page1")
root.page1.subpage1 = Node("subpage1")
"""

_OTHER = """
from mod_python import apache

def handler(req):
    req.write("other")
    return apache.OK
"""

site = server(
    _CONFIG,
    {
        "htdocs/pub/m.py": _M,
        "htdocs/pub/index.py": _INDEX,
        "htdocs/pub/tree.py": _TREE,
        "htdocs/pub/dir.py/x": "",
        "htdocs/pub/sub/m.py": "def index(): return 'another M'",
        "htdocs/pub/located/m.py": "def index(req): return 'located'",
        "htdocs/pub/broken.py": "import no_such_module_anywhere",
        "htdocs/pub/gr\u00fc\u20ac/m\u00e9.py": "def index(req): return ascii(req.filename)",
        "htdocs/noindex/m.py": "def index(): return 'M'",
        "htdocs/bar/m.py": "def index(): return 'M'",
        "htdocs/bar/other.py": _OTHER,
        "htdocs/bar/m.txt": "text",
        "htdocs/bar/m.html": "html",
        "htdocs/added/m.py": "def index(): return 'M'",
        "htdocs/added/m.txt": "static",
        "htdocs/ht/.htaccess": "SetHandler mod_python\nPythonHandler mod_python.publisher\n",
        "htdocs/ht/m.py": "def index(): return 'H'",
        "htdocs/debug/m.py": "def index(): pass",
        "htdocs/still/m.py": "def index(): return 'first'",
    },
    mpm="event",
    modules=["mime"],
    processes=1,
)


def ask(site, path, method="GET", **options):
    """Return (status, body) of a request below /pub."""
    answer = site.request(method, "/pub" + path, **options)
    return answer.status, answer.body


@pytest.mark.smoke
@pytest.mark.parametrize(
    "path, body",
    [
        ("/", b"I"),
        ("/foo", b"F"),
        ("/foo/", b"F"),
        ("/foo.py", b"F"),
        ("/index", b"I"),
        ("/index/foo", b"F"),
        ("/index.py/foo", b"F"),
        ("/m", b"M"),
        ("/m/", b"M"),
        ("/m.py", b"M"),
        ("/m.py/", b"M"),
        ("/m.py/index", b"M"),
        ("/m/index/", b"M"),
        ("/sub/m", b"another M"),
        ("/m.py/text", b"a text"),
        ("/m.py/number", b"5"),
        ("/m.py/values", b"['a', ('b', 'c')]"),
        ("/m.py/data", b"bytes"),
        ("/m.py/nothing", b""),
        ("/m.py/strange", b"strange"),
        ("/m.py/inst", b"called none"),
        ("/m.py/inst/", b"called none"),
        ("/m.py/inst?a=1", b"called 1"),
        ("/m.py/inst/meth?a=2", b"method 2"),
        ("/m.py/inst.meth", b"method none"),
        ("/m.py/inst/prop", b"property"),
        ("/m.py/inst/attr", b"attribute"),
        ("/m.py/inst/own", b"own"),
        ("/m.py/decorated?a=3", b"cached 3"),
        ("/m.py/part?a=4&admin=yes", b"4 no"),
        ("/m.py/shouting", b"loud"),
        ("/m.py/shouting/shout", b"LOUD"),
        ("/tree/root", b"root"),
        ("/tree/root/page1", b"page1"),
        ("/tree/root/page1/subpage1", b"subpage1"),
    ],
)
def test_urls(site, path, body):
    # spec: library:B-2, library:B-3, library:B-4, library:B-5, library:B-6, library:B-8, library:B-10, library:B-24
    # spec: library:B-28, library:B-30, library:B-31, library:B-32, library:B-33, library:B-35, library:B-40, library:B-41
    # spec: library:B-82, library:B-93, library:B-94, library:B-95, library:T-8, library:T-12, library:B-81, library:B-100
    assert ask(site, path) == (200, body)


@pytest.mark.parametrize(
    "path",
    ["/nofile", "/nofile/x", "/m.py/nope", "/m.py/inst/nope", "/m.pyc", "/m.txt", "/m.py/a..b", "/m.py/.a", "/m.py/a.",
     "/.py", "/json", "/os", "/...", "/m.py/inst..meth", "/dir", "/m.py/" + "a" * 3000, "/" + "b" * 200, "/m.py/" + "/".join("c" * 2000),
     "/m%00.py", "/m.py/a%00b",
     "/m.py/f%2fx",
     "/m.py/%ff%fe", "/%ff", "/m.py/inst/%c3%28", "/m.py/inst/%ed%a0%80", "/m.py/f%0aX", "/m%5c.py"],
)
def test_missing(site, path):
    # spec: library:B-11, library:B-34, library:B-42, library:B-45, library:B-103, library:D-39
    children = site.children()
    assert ask(site, path)[0] in ((404, 400) if "%00" in path else (404,))
    assert ask(site, "/m")[1] == b"M"
    assert site.children() == children


@pytest.mark.parametrize("start", ["/pub/", "/pub/m.py/inst/", "/elsewhere/", "/elsewhere/m.py/inst/"])
def test_many_names(site, start):
    children = site.children()
    # A file name of more than 255 bytes is httpd's to refuse.
    for part in ("c/", "sub/", "m.py/") + (("c.", "inst.") if "inst" in start else ()):
        assert site.get(start + part * 600).status == 404
    # httpd itself maps no path of more than 4,096 bytes.
    site.log.expect(r"AH00127: Cannot map GET ", times=1)
    assert site.get(start + "c/" * 10000).status == 403
    assert site.children() == children


def test_missing_without_an_index(site):
    # spec: library:B-5
    assert site.get("/noindex/").status == 404
    assert site.get("/noindex/foo").status == 404
    assert site.get("/noindex/m").body == b"M"


@pytest.mark.parametrize(
    "path, reason",
    [
        ("/_x", "begins with an underscore"),
        ("/m.py/_x", "begins with an underscore"),
        ("/m.py/__ANSWER", "begins with an underscore"),
        ("/m.py/__name__", "begins with an underscore"),
        ("/m.py/f/__code__", "has nothing to publish"),
        ("/m.py/index/func_code", "has nothing to publish"),
        ("/m.py/inst/meth/func_code", "has nothing to publish"),
        ("/m.py/inst/__class__", "begins with an underscore"),
        ("/m.py/os", "is a module"),
        ("/m.py/os/system", "is a module"),
        ("/m.py/inst/os/system", "is a module"),
        ("/m.py/K", "class or builtin"),
        ("/m.py/K/attr", "class or builtin"),
        ("/m.py/inst/K", "class or builtin"),
        ("/m.py/Abstract", "class or builtin"),
        ("/m.py/Abstract/made", "class or builtin"),
        ("/m.py/Colour/RED", "class or builtin"),
        ("/m.py/bound", "class or builtin"),
        ("/m.py/text/upper", "has nothing to publish"),
        ("/m.py/table/keys", "has nothing to publish"),
        ("/m.py/values/append", "has nothing to publish"),
        ("/m.py/number/bit_length", "has nothing to publish"),
        ("/m.py/shouting/upper", "class or builtin"),
        ("/m.py/part/func", "has nothing to publish"),
        ("/m.py/decorated/cache_clear", "class or builtin"),
        ("/foo/bar", "has nothing to publish"),
    ],
)
def test_forbidden(site, path, reason):
    # spec: library:B-20, library:B-21, library:B-22, library:B-23, library:B-25, library:B-26, library:B-36, library:B-37
    # spec: library:B-38, library:B-39, library:B-43, library:B-44, library:T-11, library:D-38
    site.log.expect(rf"MPY0651: .*{reason}", times=1)
    assert ask(site, path)[0] == 403


def test_methods(site):
    # spec: library:B-1, library:B-46, library:B-86
    for method in "PUT", "OPTIONS", "DELETE", "PATCH", "BREW":
        answer = site.request(method, "/pub/m")
        assert answer.status == 405
        assert {"GET", "POST", "HEAD"} <= set(answer.header("Allow").replace(" ", "").split(","))
    answer = site.request("HEAD", "/pub/m")
    assert (answer.status, answer.body, answer.header("Content-Length")) == (200, b"", "1")


def posted(site, path, body, kind="application/x-www-form-urlencoded"):
    return ask(site, path, "POST", body=body, headers=[("Content-Type", kind)])


def test_arguments(site):
    # spec: library:B-80, library:U-206, library:U-212, library:U-216, library:D-11, library:D-39
    assert ask(site, "/m.py/f?a=1&zz=2") == (200, b"1|B|m.py")
    assert ask(site, "/m.py/f?a=1&a=2&b=%C3%A9") == (200, "['1', '2']|é|m.py".encode())
    assert posted(site, "/m.py/f?b=q", b"a=p") == (200, b"p|q|m.py")
    assert posted(site, "/m.py/f?a=q", b"a=p") == (200, b"['q', 'p']|B|m.py")
    assert posted(site, "/m.py/only", b"key=k") == (200, b"k")
    assert ask(site, "/m.py/who?req=evil") == (200, b"mp_request")
    assert ask(site, "/m.py/everything?a=&b%20c=1&a=2") == (200, b"{'a': ['', '2'], 'b c': '1'}")
    assert ask(site, "/m.py/form?a=1") == (200, b"1")


def test_missing_argument(site):
    # spec: library:B-88, library:Q-12
    site.log.expect_traceback(r"TypeError: f\(\) missing 1 required positional argument: 'a'", times=1)
    assert ask(site, "/m.py/f")[0] == 500


def test_exceptions(site):
    # spec: library:B-88
    site.log.expect_traceback(r"KeyError: 'on purpose'", times=1)
    assert ask(site, "/m.py/raising")[0] == 500
    site.log.expect_traceback(r"ValueError: on purpose", times=1)
    assert ask(site, "/m.py/inst/broken")[0] == 500
    site.log.expect_traceback(r"ModuleNotFoundError: No module named 'no_such_module_anywhere'", times=2)
    assert ask(site, "/broken")[0] == 500
    assert ask(site, "/broken.py/x")[0] == 500
    assert ask(site, "/m.py/declined")[0] == 409


def test_results_are_published_again(site):
    # spec: library:B-27, library:B-80
    assert posted(site, "/m.py/function", b"a=p") == (200, b"called p")
    assert posted(site, "/m.py/cls", b"a=p") == (200, b"made with p")
    site.log.expect_traceback(r"RecursionError: .* returns callables without end", times=1)
    assert ask(site, "/m.py/endless")[0] == 500


def test_asynchronous_functions_are_refused(site):
    site.log.expect(r"MPY0652: .*<function asynchronous at \w+> is async; .*no event loop", times=1)
    assert ask(site, "/m.py/asynchronous")[0] == 500
    site.log.expect(r"MPY0652: .*<function stream at \w+> is async", times=1)
    assert ask(site, "/m.py/stream")[0] == 500
    site.log.expect(r"MPY0652: .*<function awaitable at \w+> has returned an awaitable", times=1)
    assert ask(site, "/m.py/awaitable")[0] == 500


@pytest.mark.parametrize(
    "name, kind, body",
    [
        ("text", "text/plain; charset=UTF-8", b"a text"),
        ("html", "text/html; charset=UTF-8", b"<html>x</HTML >  \n"),
        ("tail", "text/plain; charset=UTF-8", b"<html></html> x"),
        ("html_bytes", "text/html", b"<html>\xff</html>"),
        ("data", "text/plain", b"bytes"),
        ("number", "text/plain; charset=UTF-8", b"5"),
        ("typed", "text/xml; charset=UTF-8", "<a>é</a>".encode()),
        ("latin", "text/html; Charset=ISO-8859-1", b"\xe9"),
        ("written", None, b"written"),
    ],
)
def test_content_types(site, name, kind, body):
    # spec: library:B-83, library:B-84, library:B-85, library:B-87, library:B-90, library:B-91, library:B-92, library:B-93
    # spec: library:B-95, library:B-97, library:Q-9
    answer = site.get(f"/pub/m.py/{name}")
    assert (answer.status, answer.body) == (200, body)
    if kind:
        assert answer.header("Content-Type") == kind
    assert answer.header("Content-Length") == str(len(body))


def test_iterables_are_not_iterated(site):
    # spec: library:B-82, library:B-96, library:B-98
    assert ask(site, "/m.py/generator")[1].startswith(b"<generator object generator at 0x")


def test_extensions(site):
    # spec: library:B-3, library:T-13
    assert site.get("/bar/m.py").body == b"M"
    assert site.get("/bar/m.html/index").body == b"M"
    assert site.get("/bar/m.txt").body == b"other"
    assert site.get("/added/m.py").body == b"M"
    assert site.get("/added/m.pub").body == b"M"
    assert site.get("/added/m.txt").body == b"static"


def test_htaccess(site):
    assert site.get("/ht/m").body == b"H"
    assert site.get("/ht/nofile").status == 404


def test_location(site):
    assert site.get("/pub/located/m").body == b"located"
    assert site.get("/pub/located/m.py/index").body == b"located"
    assert site.get("/pub/located/nofile").status == 404
    assert site.get("/pub/located").status == 404
    assert site.get("/elsewhere/m.py/inst/meth?a=5").body == b"method 5"
    assert site.get("/elsewhere/sub/m").body == b"another M"
    assert site.get("/elsewhere/").body == b"I"
    assert site.get("/elsewhere").body == b"I"
    assert site.get("/elsewhere/foo").body == b"F"
    # httpd has taken the dots out: this is another folder.
    assert site.get("/elsewhere/sub/%2e%2e/../ht/m").body == b"H"
    assert site.get("/elsewhere/sub/..%2f..%2fht/m").status == 404


def test_names_beyond_ascii(site):
    # spec: library:B-1
    for _ in range(2):
        answer = site.get("/pub/gr%c3%bc%e2%82%ac/m%c3%a9")
        assert (answer.status, answer.text) == (200, ascii(str(site.docs / "pub/gr\u00fc\u20ac/m\u00e9.py")))


def test_reload(site):
    # spec: library:B-102, library:B-104, library:D-40
    site.write("htdocs/pub/changing.py", b"def index(): return 'first'")
    assert ask(site, "/changing") == (200, b"first")
    site.write("htdocs/pub/changing.py", b"def index(): return 'second one'")
    assert ask(site, "/changing") == (200, b"second one")
    site.write("htdocs/pub/changing.py", b"def index(: return 'third'")
    site.log.expect_traceback(r"SyntaxError: .*", times=2)
    assert ask(site, "/changing")[0] == 500
    assert ask(site, "/changing")[0] == 500
    site.write("htdocs/pub/changing.py", b"def other(): return 'fourth'")
    assert ask(site, "/changing")[0] == 404
    assert ask(site, "/changing/other") == (200, b"fourth")
    (site.root / "htdocs/pub/changing.py").unlink()
    assert ask(site, "/changing/other")[0] == 404


def test_without_reload(site):
    # spec: library:B-102
    assert site.get("/still/m").body == b"first"
    site.write("htdocs/still/m.py", b"def index(): return 'second one'")
    assert site.get("/still/m").body == b"first"


def test_debug(site):
    # spec: library:B-9, library:B-102
    site.log.expect(r"MPY0650: .*: loading '.*/debug/m.py'", times=1)
    site.log.expect(r"MPY0654: .*<function index at \w+> has neither written nor returned", times=1)
    assert (site.get("/debug/m").status, site.get("/pub/m.py/nothing").body) == (200, b"")
    site.write("htdocs/debug/m.py", b"def index(): return 'x'")
    site.log.expect(r"MPY0650: .*: reloading '.*/debug/m.py'", times=1)
    assert site.get("/debug/m").body == b"x"
