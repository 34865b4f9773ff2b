"""The element `python` of pages with server-side includes."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.module_server import server

ERROR = "[an error occurred while processing this directive]"

_CONFIG = """
PythonPath "['@DOCS@'] + sys.path"
MaxKeepAliveRequests 0
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Directory "@DOCS@">
    Options +Includes
</Directory>
<Directory "@DOCS@/noexec">
    Options IncludesNOEXEC
</Directory>
<Directory "@DOCS@/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/filled">
    PythonFixupHandler handlers::fill
</Directory>
<Directory "@DOCS@/wrong">
    PythonFixupHandler handlers::fill_wrong
</Directory>
<Directory "@DOCS@/elsewhere">
    PythonInterpreter elsewhere
</Directory>
<Directory "@DOCS@/filtered">
    PythonOutputFilter handlers::loud LOUD
    SetOutputFilter INCLUDES;LOUD
</Directory>
<Directory "@DOCS@/generated">
    PythonOutputFilter handlers::generator GENERATOR
    PythonOutputFilter handlers::loud LOUD
    SetOutputFilter GENERATOR;INCLUDES;LOUD
</Directory>
<Directory "@DOCS@/behind">
    PythonOutputFilter handlers::generator GENERATOR
    SetOutputFilter INCLUDES;GENERATOR
</Directory>
<Directory "@DOCS@/handled">
    SetHandler mod_python
    PythonHandler handlers::included
</Directory>
<Directory "@DOCS@/made">
    SetHandler mod_python
    PythonHandler handlers
    SetOutputFilter INCLUDES
</Directory>
<Directory "@DOCS@/directive">
    PythonInterpPerDirective On
    PythonFixupHandler handlers::nothing
</Directory>
"""

_HANDLERS = '''
from mod_python import apache


def fill(req):
    req.ssi_globals = {"data": "some data"}
    return apache.OK


def fill_wrong(req):
    req.ssi_globals = 1
    return apache.OK


def nothing(req):
    return apache.OK


def loud(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()


def generator(filter):
    for data in iter(filter.read, None):
        filter.write(b"(")
        filter.write(data)
        filter.write(b")")
        yield


def included(req):
    req.content_type = "text/html"
    req.write("by a handler")
    return apache.OK


def handler(req):
    req.content_type = "text/html"
    req.greeting = "from the handler"
    req.write("[before]", 0)
    req.write(PAGE)
    req.write("[after]", 0)
    return apache.OK


PAGE = """<!--#python eval="filter.req.greeting" --><!--#python exec="
filter.write(filter.req.phase)
" --> and on"""
'''

site = server(_CONFIG, {"htdocs/handlers.py": _HANDLERS, "htdocs/made/x": ""}, modules=["include"], processes=1)


def page(site, text, path="/page.shtml", **options):
    site.write("htdocs" + path.partition("?")[0], text if isinstance(text, bytes) else text.encode())
    answer = site.get(path, **options)
    assert answer.status == 200
    return answer.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<!--#python eval="1 + 1" -->', "2"),
        ("<!--#python eval='\"x\"' -->", "x"),
        ('<!--#python eval="None" -->', ""),
        ('<!--#python eval="False" -->', "False"),
        ('<!--#python eval=" \t1\n\n" -->', "1"),
        ('<!--#python eval="(1,\n2)" -->', "(1, 2)"),
        ("<!--#python exec=\"filter.write('a')\" -->", "a"),
        ("<!--#python exec=\"filter.write(b'a'); filter.write('')\" -->", "a"),
        ("<!--#python exec=\"\r\nif 1:\r\n    filter.write(repr('''\r\n'''))\r\n \t\" -->", r"'\n'"),
        ("<!--#python exec=\"print('a', 1, file=filter, flush=True)\" -->", "a 1\n"),
        ('<!--#python exec="1 + 1" -->', ""),
        ('<!--#python exec=" " -->', ""),
        # Entities, and the quote that mod_include itself understands.
        ('<!--#python eval="&quot;&lt;&amp;&gt;&quot;" -->', "<&>"),
        ('<!--#python eval="\\"quoted\\"" -->', "quoted"),
        ("<!--#python eval=\"'a --> b'\" -->", "a --> b"),
        ("<!--#python eval=\"'\u00e4\u20ac'\" -->", "\u00e4\u20ac"),
        ("<!--#python exec=\"filter.write('\u00e4\u20ac'.encode('utf-16-be').hex())\" -->", "00e420ac"),
    ],
)
def test_what_arrives(site, text, expected):
    # spec: directives:12.1, directives:12.2, directives:12.3, library:H-60, library:H-61, library:H-62
    assert page(site, f"[{text}]") == f"[{expected}]"


def test_globals(site):
    # spec: directives:12.4, library:H-63
    text = """<!--#python exec="
before = filter
def double(x):
    return 2 * x
seen = [filter.req.ssi_globals is globals(), __file__ == filter.req.filename]
" -->|<!--#python eval="double(21)" -->|<!--#python eval="seen" -->|<!--#python eval="before is filter" -->|<!--#python
exec="
try:
    before.write('x')
except Exception as raised:
    filter.write(type(raised).__name__)
" -->|<!--#python eval="sorted(filter.req.ssi_globals)" -->"""
    names = ["__builtins__", "__file__", "before", "double", "filter", "seen"]
    assert page(site, text) == f"|42|[True, True]|False|ExpiredError|{names}"


def test_globals_filled_before(site):
    # spec: directives:12.4, library:H-63, library:T-18
    text = """<!--#python exec="
half = len(data) // 2
filter.write(data[:half])
filter.write(data[half:])
" --> <!--#python eval="'test ok'" -->"""
    assert page(site, text, "/filled/page.shtml") == "some data test ok"


def test_filter_is_reset(site):
    # spec: directives:12.4, library:H-63
    site.write("htdocs/inner.shtml", "<!--#python eval=\"filter.req.main.ssi_globals['filter']is None\" -->")
    look = '<!--#include virtual="/inner.shtml" -->'
    site.log.expect_traceback(r"includes .*: ZeroDivisionError")
    assert page(site, f'<!--#python eval="1" -->{look}<!--#python eval="1 / 0" -->{look}') == f"1True{ERROR}True"


def test_wrong_globals(site):
    site.log.expect("MPY0401: includes .*: uncaught TypeError", 1)
    site.log.expect("includes .*: TypeError: req.ssi_globals must be a dict", 1)
    assert page(site, 'a<!--#python eval="1" -->b', "/wrong/page.shtml") == f"a{ERROR}b"


def test_conditions(site):
    # spec: directives:12.5, library:H-64
    text = """<!--#if expr="false" --><!--#python exec="1 / 0" --><!--#python eval="" --><!--#else -->shown
<!--#python eval="filter.name" --><!--#endif -->"""
    assert page(site, text) == "shown\nincludes"


@pytest.mark.parametrize("kind", ["eval", "exec"])
def test_noexec(site, kind):
    # spec: directives:12.5, library:H-64
    site.log.expect(r"MPY0426: python element: .* \(includes /.*/noexec/page.shtml, interpreter 'localhost'\)", 1)
    assert page(site, f'a<!--#python {kind}="1 / 0" -->b', "/noexec/page.shtml") == f"a{ERROR}b"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ("", "no attribute: write eval or exec"),
        ('eval=""', "the attribute eval is empty"),
        ('exec=""', "the attribute exec is empty"),
        ('eval="1" exec="1"', "more than one attribute: write one eval or exec"),
        ('eval="1" eval="2"', "more than one attribute: write one eval or exec"),
        ('run="1"', 'unknown attribute "run"'),
        ('eval="1" run="1"', 'unknown attribute "run"'),
    ],
)
def test_wrong_attributes(site, attributes, reason):
    # spec: directives:12.6, directives:D-17, library:H-65, library:H-68, library:D-43
    site.log.expect(rf"MPY0425: python element: {re.escape(reason)} \(includes .*/page.shtml, interpreter 'localhost'\)", 1)
    text = f'a<!--#python {attributes} -->b<!--#python eval="2" -->'
    # The child has one process: a lock that was kept would hold up what follows.
    assert page(site, text) == f"a{ERROR}b2"
    assert page(site, '<!--#python eval="3" -->') == "3"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("eval=\"missing\"", "NameError: name 'missing' is not defined"),
        ("exec=\"\n\nraise ValueError('&lt;x&gt;')\"", "ValueError: <x>"),
        ("exec=\"a = (\"", "SyntaxError: '\\(' was never closed"),
        ("eval=\"a = 1\"", "SyntaxError: invalid syntax"),
        ("exec=\"\n  a = 1\"", "IndentationError: unexpected indent"),
        ("exec=\"raise SystemExit(3)\"", "SystemExit: 3"),
        ("exec=\"from mod_python import apache; raise apache.SERVER_RETURN(404)\"", "_apache.SERVER_RETURN: 404"),
        ("exec=\"filter.write(1)\"", "TypeError: write\\(\\) takes str or bytes, not int"),
        ("eval=\"filter.req.write('x')\"", "RuntimeError: code in a page must write to filter, not to its request"),
        ("eval=\"filter.req.write('x', 0)\"", "RuntimeError: code in a page must write to filter, not to its request"),
        ("eval=\"filter.req.flush()\"", "RuntimeError: code in a page must write to filter, not to its request"),
        ("eval=\"filter.req.sendfile(__file__)\"", "RuntimeError: code in a page must write to filter"),
    ],
)
def test_exceptions(site, code, line):
    # spec: directives:12.7, directives:D-16, directives:D-17, library:H-66, library:D-43
    site.log.expect(r"MPY0401: includes /.*/page.shtml: uncaught \w+ \(phase includes, interpreter 'localhost'\)", 1)
    site.log.expect_traceback(rf"includes /.*/page.shtml: {line}")
    text = f'a<!--#python exec="filter.write(\'w\')" --><!--#python {code} -->b<!--#python eval="filter.req.status" -->'
    assert page(site, text) == f"aw{ERROR}b200"


def test_traceback_in_the_log(site):
    # spec: directives:12.7
    site.log.expect_traceback("NameError")
    text = """first line of the page
<!--#python exec="
def fails():
    return missing &lt; 2
fails()
" -->"""
    page(site, text)
    said = [line.partition("includes ")[2] for line in site.log.find(rf"includes {re.escape(str(site.docs))}/page.shtml: ")]
    name = f"{site.docs}/page.shtml"
    shown = "\n".join(line.removeprefix(f"{name}: ") for line in said)
    assert f"<exec in {name}>" in shown
    assert "line 5, in <module>" not in shown
    assert re.search(rf"<exec in {re.escape(name)}>., line 4, in <module>\\n *fails\(\)", shown)
    assert re.search(rf"<exec in {re.escape(name)}>., line 3, in fails\\n *return missing < 2", shown)


def test_undecodable_code(site):
    site.log.expect_traceback(r"SyntaxError: (.*utf-?8.* codec can't decode|Non-UTF-8 code)", 1)
    assert page(site, b"<!--#python eval=\"'\xe4'\" -->") == ERROR
    latin = b"<!--#python exec=\"# coding: latin-1\nfilter.write('\xe4')\" -->"
    assert page(site, latin) == "\u00e4"


def test_debug_page(site):
    # spec: directives:12.7, library:H-66
    site.log.expect_traceback("ValueError: <b>")
    text = "a<!--#python exec=\"filter.write('w')\nraise ValueError('&lt;b&gt;')\" -->b"
    shown = page(site, text, "/debug/page.shtml")
    start, _, rest = shown.partition("<pre>")
    assert start == "aw\n"
    assert f'Mod_python error: "includes {site.docs}/debug/page.shtml"' in rest.replace("&quot;", '"')
    assert "ValueError: &lt;b&gt;" in rest
    assert rest.endswith(f"</pre>\n{ERROR}b")


def test_error_text_of_the_page(site):
    site.log.expect_traceback("ZeroDivisionError")
    assert page(site, '<!--#config errmsg="[sorry]" --><!--#python eval="1/0" -->') == "[sorry]"


def test_filter_object(site):
    # spec: directives:12.8, api:8
    text = """<!--#python exec="
f = filter
facts = (f.name, f.handler, f.dir, f.is_input, f.closed, type(f).__name__, f.req.uri, f.read(), f.readline(), f.read(3))
filter.write(repr(facts))
filter.pass_on()
filter.disable()
filter.flush()
filter.write(' still')
filter.close()
filter.close()
try:
    filter.write('x')
except ValueError as raised:
    said = str(raised)
" -->, <!--#python eval="said" --> and the rest"""
    facts = ("includes", None, None, 0, 0, "mp_filter", "/page.shtml", b"", b"", b"")
    assert page(site, text) == f"{facts!r} still, I/O operation on closed filter and the rest"


def test_included_pages(site):
    # spec: directives:12.9
    inner = "(<!--#python exec=\"filter.write(repr(('x' in globals(), filter.req.main.uri)))\nx = 2\" -->)"
    site.write("htdocs/inner.shtml", inner)
    text = """<!--#python exec="x = 1" -->a<!--#include virtual="/inner.shtml" -->b<!--#include virtual="/inner.shtml"
-->c<!--#python eval="x" -->"""
    shown = "((False, '/page.shtml'))"
    assert page(site, text) == f"a{shown}b{shown}c1"


def test_included_page_in_another_interpreter(site):
    # spec: interpreters:1.2/ssi, directives:11/summary, library:H-67
    name = '<!--#python eval="filter.req.interpreter" -->'
    site.write("htdocs/elsewhere/inner.shtml", name)
    text = f'{name} <!--#include virtual="/elsewhere/inner.shtml" --> {name}'
    assert page(site, text) == "localhost elsewhere localhost"


def test_modules_of_python_path(site):
    text = '<!--#python exec="import handlers" --><!--#python eval="handlers.PAGE[:4]" -->'
    assert page(site, text, "/elsewhere/page.shtml") == "<!--"


def test_interpreter_for_each_directive(site):
    # spec: interpreters:1.2/ssi, directives:11/summary, library:H-67
    text = '<!--#python eval="filter.req.interpreter" -->'
    assert page(site, text, "/directive/page.shtml") == "main_interpreter"


def test_writing_to_the_page_around(site):
    # spec: directives:D-16
    site.write("htdocs/inner.shtml", "(<!--#python exec=\"filter.req.main.write('x')\" -->)")
    site.log.expect_traceback("includes .*inner.shtml: RuntimeError: code in a page must write to filter")
    assert page(site, 'a<!--#include virtual="/inner.shtml" -->b') == f"a({ERROR})b"


def test_output_filter_behind(site):
    text = "a<!--#python exec=\"filter.write('b')\nfilter.flush()\nfilter.write('c' * 100000)\" -->d"
    assert page(site, text, "/filtered/page.shtml") == "AB" + "C" * 100000 + "D"


def test_generators_around(site):
    code = "<!--#python exec=\"filter.write('b' * 100000)\" -->"
    assert page(site, code, "/generated/page.shtml").replace("()", "") == "(" + "B" * 100000 + ")"
    shown = page(site, code, "/behind/page.shtml")
    assert shown.replace("(", "").replace(")", "") == "b" * 100000


def test_handler_in_a_page(site):
    site.write("htdocs/handled/x", "")
    text = """1<!--#python eval="2" -->3<!--#include virtual="/handled/x" -->4<!--#python eval="5" -->"""
    assert page(site, text) == "123by a handler45"


def test_kept_code_belongs_to_its_page(site):
    # spec: library:H-67
    site.log.expect_traceback("includes .*/(first|second).shtml: ZeroDivisionError", 4)
    text = '<!--#python eval="1/0" --><!--#python exec="filter.write(__file__[-7:])" --><!--#python eval=" 1" -->'
    for name in ("/first.shtml", "/second.shtml") * 2:
        site.log.expect(f"<eval in {site.docs}{name}>", 2)
        assert page(site, text, name) == f"{ERROR}{name[-7:]}1"
    # The same text in the other form is another piece.
    assert page(site, '<!--#python exec="1" -->|<!--#python eval="1" -->|<!--#python exec="1" -->') == "|1|"
    large = "x" * 70_000
    text = f"<!--#python eval=\"len('{large}')\" -->"
    assert [page(site, text) for _ in range(2)] == ["70000", "70000"]


def test_page_of_a_handler(site):
    answer = site.get("/made/x")
    assert (answer.status, answer.text) == (200, "[before]from the handlerPythonHandler and on[after]")


def test_order_among_other_elements(site):
    site.write("htdocs/plain.txt", "included")
    text = """1<!--#set var="x" value="2" --><!--#python eval="filter.req.subprocess_env['x'] if 0 else 'p'" -->3<!--#include
virtual="/plain.txt" -->4<!--#python exec="filter.write('q' * 70000)" -->5<!--#echo var="x" -->6<!--#include
virtual="/plain.txt" -->7"""
    assert page(site, text) == "1p3included4" + "q" * 70000 + "526included7"


def test_flush_reaches_the_client(site):
    text = """begin <!--#python exec="
import os, time
filter.write('now\\n')
filter.flush()
deadline = time.monotonic() + 20
while not os.path.exists(__file__ + '.go') and time.monotonic() < deadline:
    time.sleep(0.01)
filter.write('later' if time.monotonic() < deadline else 'too late')
" --> end"""
    site.write("htdocs/page.shtml", text)
    with site.connect() as client:
        client.send(b"GET /page.shtml HTTP/1.0\r\nHost: localhost\r\n\r\n")
        while client.read_line() != b"\r\n":
            pass
        assert client.read_line() == b"begin now\n"
        site.write("htdocs/page.shtml.go", "")
        assert client.read_to_end() == b"later end"


_MEMORY = """<!--#python exec="
def memory(name):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))
" -->"""


def test_large_output_in_constant_memory(site):
    code = "for i in range(int(filter.req.args)):\n    filter.write(b'x' * 1000)"
    text = f'{_MEMORY}<!--#python exec="{code}" --> <!--#python eval="memory(\'VmHWM\')" -->'

    def ask(count):
        body, _, kilobytes = page(site, text, f"/page.shtml?{count}").rpartition(" ")
        assert body == "x" * 1000 * count
        return int(kilobytes)

    before = max(ask(1000) for _ in range(3))
    assert ask(40000) - before < 4000


def test_one_large_write(site):
    size = 3_000_000
    text = f"a<!--#python exec=\"filter.write('y' * {size})\" -->b"
    assert page(site, text) == "a" + "y" * size + "b"


def test_memory_stays_flat(site):
    # spec: library:D-50
    text = f"""{_MEMORY}<!--#python exec="
class Cycle:
    pass
cycle = Cycle()
cycle.self = cycle
filter.write('x')
" --><!--#python eval="1" --><!--#python eval="memory('VmRSS')" -->"""
    site.write("htdocs/page.shtml", text)

    def many(count):
        sizes = []
        with site.connect() as client:
            for _ in range(count):
                answer = client.request("GET", "/page.shtml", close=False)
                assert answer.text.startswith("x1")
                sizes.append(int(answer.text[2:]))
        return max(sizes)

    for _ in range(3):
        # A thread that first has its turn takes memory of its own, once; a leak adds to every round.
        first = many(300)
        grown = many(1000) - first
        if grown < 600:
            break
    assert grown < 600


def test_errors_leave_nothing(site):
    # spec: directives:D-17, library:H-68
    site.log.expect_traceback("ZeroDivisionError")
    text = f'{_MEMORY}<!--#python eval="1/0" --><!--#python eval="memory(\'VmRSS\')" -->'
    sizes = [int(page(site, text).removeprefix(ERROR)) for _ in range(200)]
    assert sizes[-1] - sizes[50] < 600


def test_many_at_once(site):
    text = """<!--#python exec="
import time
mine = filter.req.args
filter.write(mine)
filter.flush()
time.sleep(0.001)
" --><!--#python eval="mine == filter.req.args" --><!--#include virtual="/elsewhere/inner.shtml" -->"""
    site.write("htdocs/page.shtml", text)
    site.write("htdocs/elsewhere/inner.shtml", '<!--#python eval="(filter.req.main.args, filter.req.interpreter)" -->')

    def ask(number):
        return [site.get(f"/page.shtml?n{number}.{again}").text for again in range(20)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    expected = "n{0}.{1}True('n{0}.{1}', 'elsewhere')"
    assert answers == [[expected.format(number, again) for again in range(20)] for number in range(8)]


def test_head(site):
    assert page(site, "a") == "a"
    answer = site.request("HEAD", "/page.shtml")
    assert (answer.status, answer.body) == (200, b"")


def test_client_that_leaves(site):
    text = """<!--#python exec="
for i in range(20000):
    filter.write(b'x' * 1000)
filter.req.log_error('wrote all')
" -->"""
    site.write("htdocs/page.shtml", text)
    with site.connect() as client:
        client.send(b"GET /page.shtml HTTP/1.0\r\nHost: localhost\r\n\r\n")
        client.read(1000)
    site.log.expect("wrote all")
    site.log.wait_for("wrote all")
    assert page(site, '<!--#python eval="1" -->') == "1"


def test_graceful_restart(site):
    assert page(site, '<!--#python eval="1" -->') == "1"
    site.graceful()
    assert page(site, '<!--#python eval="2" -->') == "2"


plain = server(
    """
    SetHandler mod_python
    PythonHandler handlers
    PythonPath "['@DOCS@'] + sys.path"
    """,
    {"htdocs/handlers.py": _HANDLERS},
)


def test_without_mod_include(plain):
    # spec: directives:12.1
    assert plain.get("/").text.startswith("[before]<!--#python")
