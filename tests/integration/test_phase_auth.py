"""PythonAuthenHandler and PythonAuthzHandler with HTTP Basic authentication."""

import base64

import pytest

from harness import server

AUTH = '''
from mod_python import apache

def authenhandler(req):
    password = req.get_basic_auth_pw()
    if req.user == "spam" and password == "eggs":
        return apache.OK
    return apache.HTTP_UNAUTHORIZED

def refuse(req):
    return apache.HTTP_UNAUTHORIZED

def nobody(req):
    return apache.OK

def decline(req):
    return apache.DECLINED

def name(req):
    req.user = "named"
    return apache.OK

def authzhandler(req):
    return apache.OK if req.user in ("spam", "named") else apache.HTTP_FORBIDDEN

def forbid(req):
    return apache.HTTP_FORBIDDEN

def handler(req):
    req.write("for " + str(req.user) + " by " + str(req.ap_auth_type))
    return apache.OK

def unauthorized(req):
    return apache.HTTP_UNAUTHORIZED
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler auth
    AuthType Basic
    AuthName "the realm"
    Require valid-user
</Directory>
<Directory "@DOCS@/login">
    PythonAuthenHandler auth
</Directory>
<Directory "@DOCS@/refuse">
    PythonAuthenHandler auth::refuse
</Directory>
<Directory "@DOCS@/other-type">
    AuthType Custom
    PythonAuthenHandler auth::refuse
</Directory>
<Directory "@DOCS@/named">
    AuthType Custom
    PythonAuthenHandler auth::decline auth::name
</Directory>
<Directory "@DOCS@/ends">
    AuthType Custom
    PythonAuthenHandler auth::name auth::refuse
</Directory>
<Directory "@DOCS@/nobody">
    AuthType Custom
    PythonAuthenHandler auth::nobody
</Directory>
<Directory "@DOCS@/declined">
    AuthType Custom
    PythonAuthenHandler auth::decline auth::decline
</Directory>
<Directory "@DOCS@/declined-basic">
    AuthBasicProvider file
    AuthUserFile "@ROOT@/users"
    PythonAuthenHandler auth::decline
</Directory>
<Directory "@DOCS@/authz">
    Require user nobody-has-this-name
    PythonAuthenHandler auth::name
    PythonAuthzHandler auth
</Directory>
<Directory "@DOCS@/authz-forbids">
    PythonAuthenHandler auth::name
    PythonAuthzHandler auth::decline auth::forbid auth
</Directory>
<Directory "@DOCS@/authz-declines">
    Require user nobody-has-this-name
    PythonAuthenHandler auth::name
    PythonAuthzHandler auth::decline
</Directory>
<Directory "@DOCS@/content">
    Require all granted
    PythonHandler auth::unauthorized
</Directory>
"""

NAMES = [
    "login", "refuse", "other-type", "named", "ends", "nobody", "declined", "declined-basic", "authz",
    "authz-forbids", "authz-declines", "content",
]  # fmt: skip
FILES = {
    "python/auth.py": AUTH,
    # The password is "eggs".
    "users": "file:{SHA}" + base64.b64encode(__import__("hashlib").sha1(b"eggs").digest()).decode() + "\n",
    **{f"htdocs/{name}/.keep": "" for name in NAMES},
}

site = server(CONFIG, FILES, load_python="first")


def basic(user, password):
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def test_login(site):
    # spec: directives:5/PythonAuthenHandler, directives:5.1.2
    answer = site.get("/login/x", headers=basic("spam", "eggs"))
    assert (answer.status, answer.text) == (200, "for spam by Basic")


@pytest.mark.parametrize("headers", [{}, basic("spam", "wrong"), basic("other", "eggs")])
def test_challenge(site, headers):
    # spec: directives:5.3.2
    answer = site.get("/login/x", headers=headers)
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Basic realm="the realm"')


def test_challenge_without_looking_at_the_password(site):
    # spec: directives:5.3.2
    assert site.get("/refuse/x").header_all("WWW-Authenticate") == ['Basic realm="the realm"']
    answer = site.get("/other-type/x")
    assert (answer.status, answer.header_all("WWW-Authenticate")) == (401, [])


def test_content_adds_no_challenge(site):
    # spec: directives:5.3.3
    answer = site.get("/content/x")
    assert (answer.status, answer.header_all("WWW-Authenticate")) == (401, [])


def test_only_declined_goes_on(site):
    # spec: directives:5/PythonAuthenHandler
    assert site.get("/named/x").text == "for named by None"
    assert site.get("/ends/x").text == "for named by None"


def test_ok_without_a_user_is_500(site):
    # spec: directives:5.3.1, directives:6/step-9
    site.log.expect(r":error\].*MPY0402: PythonAuthenHandler: .* req.user is not set; it must be assigned", times=1)
    assert site.get("/nobody/x").status == 500


def test_all_decline(site):
    # spec: directives:5.3.4
    site.log.expect("AH01796: AuthType Custom configured without corresponding module", times=1)
    assert site.get("/declined/x").status == 500


def test_declined_leaves_it_to_the_next_module(site):
    # spec: directives:5.3.4, directives:5/middle
    answer = site.get("/declined-basic/x", headers=basic("file", "eggs"))
    assert (answer.status, answer.text) == (200, "for file by Basic")
    site.log.expect("AH01617: user file: authentication failure", times=1)
    assert site.get("/declined-basic/x", headers=basic("file", "bad")).status == 401


def test_authz_ok_is_final(site):
    # spec: directives:5/PythonAuthzHandler, directives:5.1.2
    assert site.get("/authz/x").status == 200


def test_authz_forbids(site):
    # spec: directives:5/PythonAuthzHandler
    assert site.get("/authz-forbids/x").status == 403


def test_authz_declines(site):
    # spec: directives:5/PythonAuthzHandler
    site.log.allow("AH01631: user named: authorization failure")
    assert site.get("/authz-declines/x").status == 401
