"""PythonAccessCheckerExHandler: lets a request in without authentication, in front of httpd's Require."""

import base64
import hashlib

import pytest

from harness import server

GATE = '''
from mod_python import apache

def accesscheckerexhandler(req):
    req.err_headers_out.add("X-Gate", "%s %s %s" % (req.phase, req.user, req.filename.rpartition("/")[2]))
    what = req.args or ""
    if what == "ok":
        return apache.OK
    if what == "forbidden":
        return apache.HTTP_FORBIDDEN
    if what == "unauthorized":
        return apache.HTTP_UNAUTHORIZED
    if what == "raise":
        raise RuntimeError("in gate")
    if what == "none":
        return None
    if what == "done":
        req.write("done")
        return apache.DONE
    return apache.DECLINED

def second(req):
    return apache.OK if req.args == "second" else apache.DECLINED

def accesshandler(req):
    if req.args == "add":
        req.add_handler("PythonAccessCheckerExHandler", "gate::added")
    return apache.OK

def added(req):
    return apache.OK

def authenhandler(req):
    req.err_headers_out.add("X-Authen", "asked")
    return apache.DECLINED

def handler(req):
    req.write("for %s" % req.user)
    return apache.OK
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter one
<Directory "@DOCS@">
    AuthType Basic
    AuthName "the realm"
    AuthUserFile "@ROOT@/users"
    Require valid-user
    PythonAuthenHandler gate
    PythonAccessHandler gate
    PythonAccessCheckerExHandler gate gate::second
</Directory>
<Directory "@DOCS@/open">
    Require all granted
</Directory>
<Directory "@DOCS@/denied">
    Require all denied
</Directory>
<Directory "@DOCS@/missing">
    PythonAccessCheckerExHandler no_such_module
</Directory>
<Directory "@DOCS@/object">
    PythonAccessCheckerExHandler gate::nothing
</Directory>
<Directory "@DOCS@/extension">
    PythonAccessCheckerExHandler gate::added | .txt
</Directory>
"""

NAMES = ["open", "denied", "missing", "object", "extension"]
site = server(
    CONFIG,
    {
        "python/gate.py": GATE,
        "users": "file:{SHA}" + base64.b64encode(hashlib.sha1(b"eggs").digest()).decode() + "\n",
        "htdocs/page.txt": "page",
        **{f"htdocs/{name}/page.txt": name for name in NAMES},
        "htdocs/extension/page.html": "extension",
    },
)
BASIC = {"Authorization": "Basic " + base64.b64encode(b"file:eggs").decode()}


def test_ok_needs_no_user(site):
    answer = site.get("/page.txt?ok")
    assert (answer.status, answer.text, answer.header("X-Authen")) == (200, "page", None)
    assert answer.header("X-Gate") == "PythonAccessCheckerExHandler None page.txt"


def test_declined_asks_for_a_user(site):
    answer = site.get("/page.txt")
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Basic realm="the realm"')
    answer = site.get("/page.txt", headers=BASIC)
    assert (answer.status, answer.text, answer.header("X-Authen")) == (200, "page", "asked")


def test_only_declined_goes_on_to_the_next(site):
    assert site.get("/page.txt?second").text == "page"


def test_ok_comes_before_require(site):
    assert site.get("/denied/page.txt?ok").text == "denied"
    site.log.expect("AH01630: client denied by server configuration", times=1)
    assert site.get("/denied/page.txt").status == 403


def test_refuses_what_require_would_grant(site):
    assert site.get("/open/page.txt").text == "open"
    assert site.get("/open/page.txt?forbidden").status == 403


def test_unauthorized_is_a_plain_status(site):
    answer = site.get("/page.txt?unauthorized", headers=BASIC)
    assert (answer.status, answer.header("WWW-Authenticate"), answer.header("X-Authen")) == (401, None, None)


def test_done_ends_the_request(site):
    assert site.get("/page.txt?done").text == "done"


def test_added_by_an_earlier_phase(site):
    assert site.get("/page.txt?add").text == "page"


def test_extensions(site):
    assert site.get("/extension/page.txt").text == "extension"
    # Another file has the list without an extension, from the directory above.
    assert site.get("/extension/page.html").status == 401


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/page.txt?raise", "RuntimeError: in gate"),
        ("/page.txt?none", "AssertionError: handler 'gate' returned.* found NoneType"),
        ("/missing/page.txt", "ModuleNotFoundError: "),
        ("/object/page.txt", "AttributeError: "),
    ],
)
def test_failures_let_nobody_in(site, path, last):
    site.log.expect(r"MPY0401: PythonAccessCheckerExHandler \S+: uncaught \w+ \(phase .*, interpreter 'one'\)", times=1)
    site.log.expect_traceback(f"PythonAccessCheckerExHandler .*: {last}", times=1)
    answer = site.get(path, headers=BASIC)
    assert (answer.status, "page" in answer.text) == (500, False)
    site.log.check()
    assert site.get("/page.txt?ok").status == 200
