"""PythonQuickHandler: answers before httpd maps the URL, and what it is not asked about."""

import pytest

from harness import server

QUICK = '''
from mod_python import apache

def quickhandler(req):
    req.err_headers_out.add("X-Quick", "%s %s %s %s" % (req.phase, req.uri, req.filename, req.main is not None))
    what = (req.args or "").partition("=")[2]
    if what == "ok":
        req.content_type = "text/plain"
        req.write("quick " + req.method + " " + req.read().decode())
        return apache.OK
    if what == "done":
        req.write("done")
        return apache.DONE
    if what == "forbidden":
        return apache.HTTP_FORBIDDEN
    if what == "raise":
        raise ValueError("in quick")
    if what == "none":
        return None
    if what == "status":
        raise apache.SERVER_RETURN(apache.DONE, apache.HTTP_NOT_FOUND)
    if what == "number":
        return 10**12
    return apache.DECLINED

def second(req):
    if req.args == "q=second":
        req.write("second")
        return apache.OK
    return apache.DECLINED

def added(req):
    req.write("added")
    return apache.OK

def postreadrequesthandler(req):
    if req.args == "q=added":
        req.add_handler("PythonQuickHandler", "quick::added")
    return apache.OK

def loghandler(req):
    apache.log_error("LOGGED %s %s" % (req.uri, req.status), apache.APLOG_NOTICE)
    return apache.OK

def handler(req):
    req.write("content")
    return apache.OK
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter one
PythonPostReadRequestHandler quick
PythonQuickHandler quick quick::second
PythonLogHandler quick
<Directory "@DOCS@/closed">
    Require all denied
</Directory>
<Directory "@DOCS@">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/content">
    SetHandler mod_python
    PythonHandler quick
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName missing.test
    PythonQuickHandler no_such_module
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName object.test
    PythonQuickHandler quick::no_such_function
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName debug.test
    PythonDebug On
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName inner.test
    PythonQuickHandler quick::added
</VirtualHost>
"""

site = server(
    CONFIG,
    {
        "python/quick.py": QUICK,
        "htdocs/file.txt": "static",
        "htdocs/closed/file.txt": "closed",
        "htdocs/page.shtml": '<!--#include virtual="/file.txt?q=ok" -->|<!--#include virtual="/content?q=ok" -->',
        "htdocs/error.txt": "error page",
    },
    modules=["include"],
)


def test_ok_is_the_response(site):
    answer = site.get("/no/such/file?q=ok")
    assert (answer.status, answer.text, answer.header("Content-Type")) == (200, "quick GET ", "text/plain")
    assert site.log.wait_for("LOGGED /no/such/file 200")


def test_nothing_was_mapped_or_checked(site):
    # Neither the directory's access control nor the URI's normal form were looked at.
    answer = site.get("/closed/file.txt?q=ok")
    assert (answer.status, answer.text) == (200, "quick GET ")
    answer = site.get("/a/../%66ile.txt?q=ok")
    assert answer.header("X-Quick") == "PythonQuickHandler /a/../%66ile.txt None False"


def test_the_body_can_be_read(site):
    assert site.request("POST", "/x?q=ok", body=b"sent").text == "quick POST sent"


def test_declined_goes_on(site):
    answer = site.get("/file.txt")
    assert (answer.status, answer.text) == (200, "static")
    assert answer.header_all("X-Quick") == ["PythonQuickHandler /file.txt None False"]
    assert site.get("/closed/file.txt").status == 403
    site.log.allow("AH01630: client denied by server configuration")


def test_only_declined_goes_on_to_the_next(site):
    assert site.get("/x?q=second").text == "second"


def test_done(site):
    assert site.get("/x?q=done").text == "done"


def test_status(site):
    answer = site.get("/file.txt?q=forbidden")
    assert answer.status == 403 and "static" not in answer.text
    answer = site.get("/file.txt?q=status")
    assert (answer.status, answer.text) == (404, "")


def test_added_by_an_earlier_phase(site):
    assert site.get("/x?q=added").text == "added"


def test_keep_alive(site):
    with site.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/x?q=ok").text == "quick GET "
            assert connection.request("GET", "/file.txt").text == "static"


@pytest.mark.parametrize(
    ("what", "last"),
    [
        ("raise", "ValueError: in quick"),
        ("none", "AssertionError: handler 'quick' returned, or raised SERVER_RETURN with, a non-integer: found NoneType"),
        ("number", "OverflowError: handler 'quick' returned an integer that is no status"),
    ],
)
def test_bad_results(site, what, last):
    site.log.expect(r"MPY0401: PythonQuickHandler quick: uncaught \w+ \(phase PythonQuickHandler, interpreter 'one'\)", 1)
    site.log.expect_traceback(f"PythonQuickHandler quick: {last}", times=1)
    answer = site.get(f"/file.txt?q={what}")
    assert (answer.status, "Traceback" in answer.text) == (500, False)
    site.log.check()
    assert site.get("/file.txt").text == "static"


def test_debug_shows_the_traceback(site):
    site.log.expect_traceback("PythonQuickHandler quick: ValueError: in quick", times=1)
    answer = site.get("/file.txt?q=raise", host="debug.test")
    assert answer.status == 500 and "ValueError: in quick" in answer.text and "static" not in answer.text


@pytest.mark.parametrize(
    ("host", "last"),
    [
        ("missing.test", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("object.test", "AttributeError: module '.*/quick.py' contains no 'no_such_function'"),
    ],
)
def test_what_does_not_exist(site, host, last):
    site.log.expect("MPY0401: PythonQuickHandler ", times=1)
    site.log.expect_traceback(f"PythonQuickHandler .*: {last}", times=1)
    assert site.get("/file.txt", host=host).status == 500


def test_look_ups_are_not_asked(site):
    # mod_include looks both up and runs them; the one that is a file is not asked about at all.
    answer = site.get("/page.shtml")
    assert answer.text == "static|quick GET "
    assert answer.header_all("X-Quick") == ["PythonQuickHandler /page.shtml None False"]


def test_a_virtual_host_has_its_own(site):
    assert site.get("/file.txt", host="inner.test").text == "added"
