"""Python is asked before the modules that answer for nearly every URL, although it is loaded after them here."""

import base64
import hashlib

from harness import server

HANDLERS = """
from mod_python import apache

def authenhandler(req):
    password = req.get_basic_auth_pw()
    if req.user == "spam":
        return apache.OK if password == "eggs" else apache.HTTP_UNAUTHORIZED
    return apache.DECLINED

def transhandler(req):
    if not req.uri.startswith("/alias/mine"):
        return apache.DECLINED
    req.filename = req.document_root() + "/open/page.txt"
    return apache.OK

def typehandler(req):
    if not req.filename.endswith("typed.txt"):
        return apache.DECLINED
    req.content_type = "text/x-mine"
    return apache.OK
"""

site = server(
    """
    PythonPath "sys.path + ['@ROOT@/python']"
    PythonTransHandler order
    Alias /alias "@DOCS@/other"
    <Directory "@DOCS@">
        PythonTypeHandler order
    </Directory>
    <Directory "@DOCS@/closed">
        AuthType Basic
        AuthName "the realm"
        AuthUserFile "@ROOT@/users"
        PythonAuthenHandler order
        Require valid-user
    </Directory>
    """,
    {
        "python/order.py": HANDLERS,
        "users": "file:{SHA}" + base64.b64encode(hashlib.sha1(b"eggs").digest()).decode() + "\n",
        "htdocs/closed/page.txt": "closed\n",
        "htdocs/open/page.txt": "open\n",
        "htdocs/open/typed.txt": "typed\n",
        "htdocs/other/page.txt": "other\n",
    },
)


def basic(user, password):
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def test_authentication_before_mod_auth_basic(site):
    # spec: directives:5/middle
    assert site.get("/closed/page.txt", headers=basic("spam", "eggs")).text == "closed\n"
    refused = site.get("/closed/page.txt", headers=basic("spam", "wrong"))
    assert (refused.status, refused.header("WWW-Authenticate")) == (401, 'Basic realm="the realm"')


def test_a_declined_user_is_left_to_mod_auth_basic(site):
    # spec: directives:5/middle
    assert site.get("/closed/page.txt", headers=basic("file", "eggs")).text == "closed\n"
    assert site.get("/closed/page.txt").status == 401
    site.log.expect("AH01617: user file: authentication failure", times=1)
    assert site.get("/closed/page.txt", headers=basic("file", "wrong")).status == 401


def test_translation_before_mod_alias(site):
    # spec: directives:5/middle
    assert site.get("/alias/mine").text == "open\n"
    assert site.get("/alias/page.txt").text == "other\n"


def test_types_before_mod_mime(site):
    # spec: directives:5/middle
    assert site.get("/open/typed.txt").header("Content-Type") == "text/x-mine"
    assert site.get("/open/page.txt").header("Content-Type") == "text/plain"
