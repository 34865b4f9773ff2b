"""PythonInsertFilterHandler: the last look at a request before its content, for sub-requests too; no result counts."""

import pytest

from harness import server

INSERT = '''
from mod_python import apache

def insertfilterhandler(req):
    req.headers_out.add("X-Insert", req.phase)
    apache.log_error("INSERT %s %s" % (req.uri, req.main is not None), apache.APLOG_NOTICE)
    what = req.args or ""
    if what == "type":
        req.content_type = "text/x-mine"
    if what == "filter":
        req.add_output_filter("SUBSTITUTE")
        req.add_output_filter("shout")
    if what == "own":
        req.register_output_filter("mine", "insert::mine")
        req.add_output_filter("mine")
    if what == "no-filter":
        req.add_output_filter("no-such-filter")
    if what == "handler":
        req.handler = "mod_python"
        req.add_handler("PythonHandler", "insert::handler")
    if what == "raise":
        raise ValueError("in insert")
    if what == "none":
        return None
    if what == "status":
        return apache.HTTP_FORBIDDEN
    if what == "done":
        return apache.DONE
    if what == "return":
        raise apache.SERVER_RETURN(apache.HTTP_GONE)
    return apache.OK if what == "ok" else apache.DECLINED

def mine(filter):
    filter.write(b"mine ")
    data = filter.read()
    while data:
        filter.write(data)
        data = filter.read()
    if data is None:
        filter.close()

def outputfilter(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()

def second(req):
    req.headers_out.add("X-Insert", "second")
    return apache.OK

def added(req):
    req.headers_out.add("X-Insert", "added")
    return apache.OK

def fixuphandler(req):
    if req.args == "add":
        req.add_handler("PythonInsertFilterHandler", "insert::added")
    return apache.OK

def handler(req):
    req.write("content")
    return apache.OK
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter one
<Directory "@DOCS@">
    AllowOverride All
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    Substitute s/stat/Rad/n
    PythonOutputFilter insert shout
    PythonFixupHandler insert
    PythonInsertFilterHandler insert insert::second
</Directory>
<Directory "@DOCS@/missing">
    PythonInsertFilterHandler no_such_module
</Directory>
<Directory "@DOCS@/object">
    PythonInsertFilterHandler insert::nothing
</Directory>
<Directory "@DOCS@/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/closed">
    Require all denied
</Directory>
<Location "/app">
    SetHandler mod_python
    PythonHandler insert
    PythonInsertFilterHandler insert
    Require all granted
</Location>
"""

site = server(
    CONFIG,
    {
        "python/insert.py": INSERT,
        "htdocs/file.txt": "static",
        "htdocs/page.shtml": '<!--#include virtual="/file.txt" -->',
        "htdocs/closed/file.txt": "closed",
        "htdocs/missing/file.txt": "static",
        "htdocs/object/file.txt": "static",
        "htdocs/debug/file.txt": "static",
        "htdocs/own/.htaccess": "PythonInsertFilterHandler insert::added | .txt\n",
        "htdocs/own/file.txt": "static",
    },
    modules=["include", "substitute"],
)


@pytest.mark.parametrize("what", ["ok", "declined"])
def test_runs_before_the_content(site, what):
    answer = site.get(f"/file.txt?{what}")
    assert (answer.text, answer.header_all("X-Insert")) == ("static", ["PythonInsertFilterHandler", "second"])


def test_filters_for_the_request(site):
    # httpd's own, one that is configured, and one of the request.
    assert site.get("/file.txt?filter").text == "RADIC"
    assert site.get("/file.txt?own").text == "mine static"
    site.log.expect("AH00082: an unknown filter was not added: no-such-filter", times=1)
    assert site.get("/file.txt?no-filter").text == "static"
    assert site.get("/file.txt").text == "static"


def test_may_choose_the_type_and_the_handler(site):
    assert site.get("/file.txt?type").header("Content-Type") == "text/x-mine"
    assert site.get("/file.txt?handler").text == "content"


def test_in_front_of_python_content(site):
    answer = site.get("/app/x")
    assert (answer.text, answer.header_all("X-Insert")) == ("content", ["PythonInsertFilterHandler"])


def test_sub_requests(site):
    assert site.get("/page.shtml").text == "static"
    site.log.wait_for("INSERT /page.shtml False")
    site.log.wait_for("INSERT /file.txt True")


def test_added_by_an_earlier_phase(site):
    assert site.get("/file.txt?add").header_all("X-Insert")[-1] == "added"


def test_htaccess_and_extensions(site):
    assert site.get("/own/file.txt").header_all("X-Insert") == ["added"]


def test_not_for_a_request_that_ends_before(site):
    site.log.expect("AH01630: client denied by server configuration", times=1)
    assert site.get("/closed/file.txt").status == 403
    assert not site.log.find("INSERT")


@pytest.mark.parametrize(("what", "number"), [("status", 403), ("done", -2), ("return", 410)])
def test_results_have_no_meaning(site, what, number):
    text = f"PythonInsertFilterHandler insert: the result {number} has no meaning here, the request goes on"
    site.log.expect(rf":error\].*MPY0404: {text} \(interpreter 'one'\)", times=1)
    answer = site.get(f"/file.txt?{what}")
    # It ends the list all the same.
    assert (answer.status, answer.text, answer.header_all("X-Insert")) == (200, "static", ["PythonInsertFilterHandler"])


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/file.txt?raise", "insert: ValueError: in insert"),
        ("/file.txt?none", "insert: AssertionError: handler 'insert' returned.* found NoneType"),
        ("/missing/file.txt", "no_such_module: ModuleNotFoundError: No module named 'no_such_module'"),
        ("/object/file.txt", "insert::nothing: AttributeError: "),
        ("/debug/file.txt?raise", "insert: ValueError: in insert"),
    ],
)
def test_failures_are_logged_only(site, path, last):
    site.log.expect(r"MPY0401: PythonInsertFilterHandler \S+: uncaught \w+ \(phase .*, interpreter 'one'\)", times=1)
    site.log.expect_traceback(f"PythonInsertFilterHandler {last}", times=1)
    answer = site.get(path)
    assert (answer.status, answer.text) == (200, "static")
