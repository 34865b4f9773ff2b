"""The handler mod_python.psp and psp inside a page: answers, tracebacks, error pages, forms, escaping."""

import os

import pytest
from harness import server
from harness.snippets import run

CONFIG = """
<Directory "@DOCS@/run">
    SetHandler mod_python
    PythonHandler snippets
</Directory>
<Directory "@DOCS@/pages">
    AddHandler mod_python .psp .psp_
    PythonHandler mod_python.psp
</Directory>
<Directory "@DOCS@/pages/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/pages/escaped">
    PythonOption mod_python.psp.autoescape 1
</Directory>
"""

SNIPPETS = '''
import urllib.parse
from mod_python import apache, psp, util

def error(function, *args, **kw):
    try:
        function(*args, **kw)
    except Exception as raised:
        return type(raised).__name__, str(raised)

def handler(req):
    names = {"req": req, "apache": apache, "psp": psp, "util": util, "error": error}
    exec(urllib.parse.unquote(req.args), names)
    req.write(ascii(names["result"]))
    return apache.OK
'''

ESCAPES = "<%= '<&\"' %><%= psp.raw('<b>') %><%= psp.escape('<') %>"

PAGES = {
    "pieces.psp": "<%\nfor n in range(50):\n    # one piece\n%><%= n % 10 %>,<%\n# end\n%>",
    "hello.psp": "<% who = 'World' %>\nHello <%= who %>!\n",
    "debug/a.psp": "<b>\n<%\nfor x in 'a<':\n%><%= x %>\n<%\n# end\n%>\n",
    "names.psp": "<%= sorted(n for n in globals() if not n.startswith('_')) %>|<%= __name__ %>|"
    "<%= __file__ == req.filename %>|<%= __mp_path__ %>|<%= __mp_info__.file %>|"
    "<%= (apache.OK, util.redirect.__name__, os.sep, sys.argv[0], escape('<'), PSP.__name__, Session.__name__) %>|"
    "<%= (psp.req is req, psp.filename, psp.error_page, psp.form, form, session) %>",
    "broken.psp": "a\n<%= 1/0 %>\n",
    "deep.psp": "<%\ndef f(v):\n    return 1/v\n\n%>a\n\n<%= f(1) %><%=\nf(0) %>",
    "syntax.psp": "a\n<%\nx = = 1\n%>",
    "tag.psp": "a\n\n<% x",
    "latin.psp": b"caf\xe9",
    "including.psp": "one\n<%@ include file=\"part.psp\" %>\nthree <%= f() %>\n",
    "part.psp": "p1\np2\n<%\n\ndef f():\n    return 1/n\n# end\n%>",
    "failing.psp": "one\n<%@ include file=\"part2.psp\" %>\n",
    "part2.psp": "p1\n\n<%= 1/0 %>\n",
    "inside.psp": "<%\nif 1:\n    # x\n%><%@ include file=\"part2.psp\" %><%\n# e\n%>",
    "behind.psp": "<%@ include file=\"part.psp\" %>\n<%= 1/0 %>\n",
    "badpart.psp": "\n<%@ include file=\"part3.psp\" %>\n",
    "part3.psp": "\n<%\nx = = 1\n%>",
    "nopart.psp": "\n<%@ include file=\"missing.psp\" %>\n",
    "own.psp": "<%\nclass Own(Exception):\n    def __init__(self, a, b):\n        super().__init__(a)\nraise Own(1, 2)\n%>",
    "status.psp": "<% raise apache.SERVER_RETURN(apache.HTTP_GONE) %>",
    "away.psp": "<%\npsp.redirect('/elsewhere', permanent=1)\n%>",
    "late.psp": "some text\n<%\nreq.flush()\npsp.redirect('/elsewhere')\n%>",
    "guarded.psp": "<%\npsp.set_error_page('error.psp')\n%>x<%= {}['no'] %>",
    "guarded2.psp": "<%\npsp.set_error_page('/pages/error.psp')\n%>x<% raise apache.SERVER_RETURN(apache.HTTP_GONE) %>",
    "guarded3.psp": "<% psp.set_error_page('none.psp') %>x",
    "error.psp": "<%= (exception[0].__name__, exception[1].args, exception[2].tb_lineno > 0, psp.filename[-9:]) %>",
    "error2.psp": "<% req.status = 404 %>gone",
    "guarded4.psp": "<% psp.set_error_page('error2.psp') %><% raise ValueError(1) %>",
    "form.psp": "<%= form['a'] %>,<%= repr(form.getfirst('b')) %>,<%= (req.form is form, psp.form is form) %>",
    "noform.psp": "<%\ndef f():\n    return form\n# end\n%><%= f() %>",
    "apply.psp": "<%\ndef f(req, a, more):\n    return type(req).__name__, a, more\n# end\n"
    "%><%= (psp.apply_data(f, more=5), psp.form is req.form) %>",
    "directive.psp": "<%@ page x %>y",
    "escaped/a.psp": ESCAPES + "<%= b'<', 'ascii' %><%= None %><%= H() %>".replace("H()", "h") ,
    "plain.psp": ESCAPES,
    "flushed.psp": "<% PSP(req, string='World').run(flush=1) %>>",
    "unflushed.psp": "<% PSP(req, string='World').run() %>>\n",
    "space in name.psp": "ok",
}
PAGES["escaped/a.psp"] = "<%\nclass H:\n    def __html__(self):\n        return '<i>'\nh = H()\n%>" + PAGES["escaped/a.psp"]

FILES = {"htdocs/run/snippets.py": SNIPPETS}
FILES.update({f"htdocs/pages/{name}": text if isinstance(text, bytes) else text.encode() for name, text in PAGES.items()})

site = server(CONFIG, FILES, processes=1, mpm="event")


def test_nothing_is_sent_before_the_end(site):
    # spec: library:P-12
    answer = site.get("/pages/pieces.psp")
    # A response that was flushed on its way has no length.
    assert (answer.header("content-length"), answer.text) == ("100", "0,1,2,3,4,5,6,7,8,9," * 5)


@pytest.mark.smoke
def test_page(site):
    # spec: library:H-1, library:P-1, library:P-6, library:T-14
    answer = site.get("/pages/hello.psp")
    assert (answer.status, answer.header("content-type"), answer.text) == (200, "text/html", "\nHello World!\n")


def test_missing_pages(site):
    # spec: library:P-102, library:H-2
    for path in ("none.psp", "hello.psp_", "none.psp_", "debug/none.psp", "debug/none.psp_"):
        assert site.get(f"/pages/{path}").status == 404, path
    os.chmod(site.docs / "pages/plain.psp", 0)
    try:
        assert site.get("/pages/plain.psp").status == 403
    finally:
        os.chmod(site.docs / "pages/plain.psp", 0o644)


def test_source_only_with_debug(site):
    # spec: library:H-2, library:P-112
    answer = site.get("/pages/debug/a.psp_")
    assert (answer.status, answer.header("content-type")) == (200, "text/html")
    for cell in ["<td>3<td><pre>for x in &#x27;a&lt;&#x27;:</pre>", "<pre>&lt;b&gt;</pre>", "_psp_write(_psp_str( x )"]:
        assert cell in answer.text
    assert site.get("/pages/debug/a.psp").text == "<b>\na\n<\n\n"


def test_names_in_a_page(site):
    # spec: library:P-105, library:P-120
    names, module, own, path, info, public, interface = site.get("/pages/names.psp").text.split("|")
    known = eval(names)
    assert {"PSP", "Session", "apache", "escape", "form", "os", "psp", "req", "session", "sys", "util"} <= set(known)
    assert (module, own, path) == ("mod_python.psp", "True", "[]")
    assert info == str(site.docs / "pages/names.psp")
    assert eval(public) == (0, "redirect", "/", "mod_python", "&lt;", "PSP", "mod_python.Session")


def traceback_of(site, page, last, status=500):
    """Return the lines of the log for a page that raises."""
    site.log.expect_traceback(f": {last}")
    answer = site.get(f"/pages/{page}")
    assert answer.status == status
    return [line for line in site.log.lines() if "File " in line]


def in_file(site, page, line, where="<module>"):
    return f'File "{site.docs}/pages/{page}", line {line}, in {where}'


def test_tracebacks_show_the_page(site):
    # spec: library:P-13, library:P-84, library:P-110
    lines = traceback_of(site, "broken.psp", "ZeroDivisionError: ")
    assert in_file(site, "broken.psp", 2) in lines[-1]
    lines = traceback_of(site, "deep.psp", "ZeroDivisionError: ")
    assert in_file(site, "deep.psp", 8) in lines[-2] and in_file(site, "deep.psp", 3, "f") in lines[-1]
    lines = traceback_of(site, "own.psp", r"mod_python\.psp\.Own: 1$")
    assert in_file(site, "own.psp", 5) in lines[-1]


def test_tracebacks_show_included_files(site):
    # spec: library:P-13, library:P-44
    lines = traceback_of(site, "including.psp", "NameError: ")
    assert in_file(site, "including.psp", 3) in lines[-2] and in_file(site, "part.psp", 6, "f") in lines[-1]
    assert in_file(site, "part2.psp", 3) in traceback_of(site, "failing.psp", "ZeroDivisionError: ")[-1]
    assert in_file(site, "behind.psp", 2) in traceback_of(site, "behind.psp", "ZeroDivisionError: ")[-1]
    # Inside a statement of the page the include's own line stands for it.
    assert in_file(site, "inside.psp", 4) in traceback_of(site, "inside.psp", "ZeroDivisionError: ")[-1]
    traceback_of(site, "nopart.psp", "FileNotFoundError: .*missing.psp")


def test_errors_of_syntax_name_the_line(site):
    # spec: library:P-10, library:P-33, library:P-103
    for page, file, line in [("syntax.psp", "syntax.psp", 3), ("tag.psp", "tag.psp", 3), ("badpart.psp", "part3.psp", 3)]:
        lines = traceback_of(site, page, "SyntaxError: ")
        assert f'File "{site.docs}/pages/{file}", line {line}' in lines[-1]
    traceback_of(site, "latin.psp", "UnicodeDecodeError: ")


def test_server_return(site):
    # spec: library:P-110, library:P-124, library:P-126, library:D-34, library:Q-10
    assert site.get("/pages/status.psp").status == 410
    answer = site.get("/pages/away.psp")
    assert (answer.status, answer.header("location").endswith("/elsewhere")) == (301, True)
    # Passes an error page.
    assert site.get("/pages/guarded2.psp").status == 410
    assert site.get("/pages/guarded3.psp").status == 404
    # The response has begun: nothing but its end can tell.
    site.log.expect_traceback(": OSError: ")
    assert site.get("/pages/late.psp").text.startswith("some text")


def test_error_page(site):
    # spec: library:P-121, library:P-122
    site.log.expect(r"MPY0641: .*guarded.psp: uncaught KeyError", times=1)
    site.log.expect_traceback("KeyError: 'no'", times=1)
    answer = site.get("/pages/guarded.psp")
    assert (answer.status, answer.text) == (200, "x('KeyError', ('no',), True, 'error.psp')")
    site.log.expect_traceback("ValueError: 1", times=1)
    answer = site.get("/pages/guarded4.psp")
    assert (answer.status, answer.text) == (404, "gone")


def test_forms(site):
    # spec: library:P-108, library:P-125
    assert site.get("/pages/form.psp?a=1&b=").text == "1,Field('b', ''),(True, True)"
    assert site.get("/pages/noform.psp?a=1").text == "None"
    assert site.get("/pages/apply.psp?a=1").text == "(('mp_request', '1', 5), True)"


def test_unknown_directives_are_logged_once(site):
    # spec: library:P-41, library:D-31
    site.log.expect(r"MPY0640: .*directive.psp, line 1: <%@ page x %> is no directive", times=1)
    assert [site.get("/pages/directive.psp").text for _ in range(3)] == ["y"] * 3


def test_autoescape(site):
    # spec: library:P-9
    assert site.get("/pages/plain.psp").text == "<&\"<b>&lt;"
    assert site.get("/pages/escaped/a.psp").text == "&lt;&amp;&quot;<b>&amp;lt;&lt;None<i>"


def test_constructor(site):
    # spec: library:P-100, library:P-101, library:P-102, library:P-103, library:P-104, library:D-35
    assert run(site, "result = error(psp.PSP, req, filename='a', string='b')")[0] == "ValueError"
    code = "p = psp.PSP(req, '../pages/hello.psp'); result = p.run(), p.filename, p.string, p.vars, p.code.co_filename, p.dbmcache"
    answer = site.get("/run/x?" + code.replace(" ", "%20"))
    path = f"{site.docs}/run/../pages/hello.psp"
    assert answer.text == "\nHello World!\n" + repr((None, path, None, {}, path, None))
    code = "p = psp.PSP(req, string='<%= (a, b) %>', vars={'a': 1, 'b': 2}); p.run({'b': 3}, flush=1); result = p.code.co_filename"
    assert site.get("/run/x?" + code.replace(" ", "%20").replace("%=", "%25=").replace("%>", "%25>")).text == "(1, 3)'__psp__'"
    assert run(site, "result = error(psp.PSP, req, string=3)")[0] == "TypeError"
    assert run(site, "result = error(psp.PSP, req, '../pages/none.psp')")[0] == "SERVER_RETURN"
    assert run(site, "result = error(psp.PSP, req, '../pages/syntax.psp')")[0] == "SyntaxError"


def test_str_runs_the_page(site):
    # spec: library:P-111
    assert run(site, "p = psp.PSP(req, string='  '); result = str(p), req.content_type") == ("", "text/html")


def test_names_set_in_the_module(site):
    # spec: library:P-105
    code = "psp.PSP(req, string='<%= extra %>').run(); result = 0"
    assert run(site, "psp.extra = 5; result = psp.extra") == 5
    for page in ("names.psp", "names.psp"):
        assert "'extra'" in site.get(f"/pages/{page}").text
    assert run(site, "del psp.extra; result = hasattr(psp, 'extra')") is False
    assert "'extra'" not in site.get("/pages/names.psp").text
    assert run(site, f"result = error(exec, {code!r}, globals())") == ("NameError", "name 'extra' is not defined")


def test_nothing_is_flushed(site):
    # spec: library:P-12
    answer = site.get("/pages/plain.psp")
    assert answer.header("content-length") == str(len(answer.body))
    assert site.get("/pages/unflushed.psp").header("content-length") == "7"
    answer = site.get("/pages/flushed.psp")
    assert (answer.header("content-length"), answer.text) == (None, "World>")


def test_session_of_the_caller(site):
    # spec: library:P-109
    code = """
        class Session(dict):
            saved = 0
            def save(self):
                self.saved += 1
        page = psp.PSP(req, string=" ")
        req.session = Session()
        page.run()
        result = req.session.saved
    """
    assert run(site, code) == 1


def test_sources(site):
    # spec: library:P-130, library:P-131
    folder = f"{site.docs}/pages/"
    assert run(site, f"result = psp.parse('plain.psp', {folder!r})") == run(site, f"result = psp.parse({folder + 'plain.psp'!r})")
    assert "return 1/n" in run(site, f"result = psp.parse('including.psp', {folder!r})")
    assert run(site, f"result = error(psp.parse, {folder + 'including.psp'!r})")[0] == "FileNotFoundError"
    assert run(site, "result = psp.parsestring('a'), psp.parsestring(b'a')") == ('_psp_write("a",0)',) * 2
    assert run(site, "result = error(psp.parsestring, '<% x')") == ("SyntaxError", "a tag is not closed by %> (__psp__, line 1)")
