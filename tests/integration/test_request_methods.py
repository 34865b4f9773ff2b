"""The request's methods that neither read nor write: names, credentials, conditions, CGI variables."""

import base64
import json
import os

import pytest

import harness.config
from harness import server
from harness.asking import HANDLER, ask, ask_response, error, request_headers

CONFIG = """
AddHandler mod_python .pyx .PYY
AddHandler python-program .pyz
AddHandler server-parsed .shtml
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler probe
    PythonFixupHandler probe::other
</Directory>
<Directory "@DOCS@/auth">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
    AuthType bAsIc
    AuthName "Some \\"realm\\""
</Directory>
<Directory "@DOCS@/refuse">
    SetHandler mod_python
    PythonHandler refuse
</Directory>
<Directory "@DOCS@/digest">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
    AuthType Digest
    AuthName there
</Directory>
"""

REFUSE = """
from mod_python import apache

def handler(req):
    req.allow_methods(["PUT", "FROB"], 1)
    return apache.HTTP_METHOD_NOT_ALLOWED
"""

FILES = {
    "htdocs/refuse/refuse.py": REFUSE,
    "htdocs/app/probe.py": HANDLER,
    "htdocs/app/x": "a file\n",
    "htdocs/auth/x": "a file\n",
    "htdocs/digest/x": "a file\n",
}

site = server(CONFIG, FILES)


def environment(site, call, path="/app/x", names=(), **options):
    """Return what is in subprocess_env under the names after the call; None where it is absent."""
    code = f"""
req.{call}()
result = {{}}
for name in {list(names)!r}:
    try:
        result[name] = req.subprocess_env[name]
    except KeyError:
        result[name] = None
"""
    return ask(site, code, path, **options)


def test_common_variables(site):
    # spec: api:6.2/add_common_vars
    expected = {
        "HTTP_X_MINE": "1",
        "HTTP_AUTHORIZATION": None,
        "CONTENT_TYPE": "a/b",
        "CONTENT_LENGTH": "3",
        "SERVER_PORT": "8123",
        "DOCUMENT_ROOT": str(site.docs),
        "REMOTE_ADDR": "127.0.0.1",
        "SCRIPT_FILENAME": f"{site.docs}/app/x",
        "CONTEXT_PREFIX": "",
        "CONTEXT_DOCUMENT_ROOT": str(site.docs),
        "REQUEST_SCHEME": "http",
        "SCRIPT_NAME": None,
        "REQUEST_METHOD": None,
    }
    headers = {"X-Mine": "1", "Content-Type": "a/b", "Authorization": "Basic eDp5", "Host": "localhost:8123"}
    seen = environment(site, "add_common_vars", names=expected, headers=headers, method="POST", body=b"abc")
    assert seen == expected


def test_cgi_variables(site):
    # spec: api:6.2/add_cgi_vars, api:6.1/subprocess_env
    names = ["GATEWAY_INTERFACE", "SERVER_PROTOCOL", "REQUEST_METHOD", "QUERY_STRING", "REQUEST_URI", "SCRIPT_NAME",
             "PATH_INFO", "REMOTE_ADDR", "PATH_TRANSLATED"]  # fmt: skip
    seen = environment(site, "add_cgi_vars", "/app/x/more%20path?q=%20", names)
    assert list(seen.values()) == [
        "CGI/1.1", "HTTP/1.1", "GET", "q=%20", "/app/x/more path", "/app/x", "/more path", "127.0.0.1", None,
    ]  # fmt: skip
    seen = environment(site, "add_cgi_vars", "/app/x", names)
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/app/x", None, "")
    seen = ask(site, "req.path_info = '/else'; req.add_cgi_vars(); result = req.subprocess_env['SCRIPT_NAME']")
    assert seen == "/app/x"
    code = "result = []\nfor n in ('SCRIPT_NAME', 'REMOTE_ADDR'):\n try: req.subprocess_env[n]\n except KeyError: result.append(n)"
    assert ask(site, code) == ["SCRIPT_NAME", "REMOTE_ADDR"]


def test_allow_methods(site):
    # spec: api:6.2/allow_methods, api:6.1/allowed_methods, api:6.1/allowed
    # spec: api:1.9
    names = "result = list(req.allowed_methods), req.allowed"
    assert ask(site, f"req.allow_methods(['GET', 'FROB', b'BRR', 'FROB']); {names}") == [["FROB", "BRR"], 0]
    assert ask(site, f"req.allow_methods(('A',)); req.allow_methods(['B']); {names}") == [["A", "B"], 0]
    assert ask(site, f"req.allow_methods(['A']); req.allow_methods(['B'], 1); {names}") == [["B"], 0]
    assert ask(site, f"req.allow_methods(['A']); req.allow_methods(['B'], reset=1); {names}") == [["B"], 0]
    assert ask(site, f"req.allow_methods('QX'); {names}") == [["Q", "X"], 0]
    for wrong in ("5", "None", "{'GET'}"):
        assert ask(site, f"req.allow_methods({wrong})") == error("TypeError", "First argument must be a sequence")
    assert ask(site, "req.allow_methods([5])") == error("TypeError", "not an ISO-8859-1 string")


def test_allow_header(site):
    # spec: api:6.2/allow_methods
    answer = site.get("/refuse/x")
    assert answer.status == 405
    # httpd adds TRACE by itself, and shows methods that it knows only.
    assert sorted(answer.header("Allow").replace(" ", "").split(",")) == ["PUT", "TRACE"]


def basic(text):
    """Return the header with these bytes as Basic credentials."""
    return {"Authorization": "Basic " + base64.b64encode(text).decode()}


def test_auth_names(site):
    # spec: api:6.2/auth_name, api:6.2/auth_type
    names = "result = [req.auth_name(), req.auth_type()]"
    assert ask(site, names) == [None, None]
    assert ask(site, names, "/auth/x") == [r'Some \"realm\"', "bAsIc"]


def test_basic_credentials(site):
    # spec: api:6.2/get_basic_auth_pw, api:6.1/user, api:6.1/ap_auth_type, api:1.2
    code = "result = [req.get_basic_auth_pw(), req.user, req.ap_auth_type]"
    assert ask(site, code, "/auth/x", headers=basic(b"me:pass:word")) == ["pass:word", "me", "Basic"]
    assert ask(site, code, "/auth/x", headers=basic(b"caf\xe9:\xfcber\x80")) == ["\xfcber\x80", "caf\xe9", "Basic"]
    assert ask(site, code, "/auth/x", headers=basic("caf\xe9:\u20ac".encode())) == ["\xe2\x82\xac", "caf\xc3\xa9", "Basic"]
    assert ask(site, code, "/auth/x", headers=basic(b"me:")) == ["", "me", "Basic"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer abc"}])
def test_no_basic_credentials(site, headers):
    # spec: api:6.2/get_basic_auth_pw
    site.log.allow(r"client used wrong authentication scheme")
    code = "result = [req.get_basic_auth_pw(), req.user]"
    answer = ask_response(site, code, "/auth/x", headers=headers)
    assert answer.body == b"[null, null]"
    assert answer.header_all("WWW-Authenticate") == [r'Basic realm="Some \"realm\""']
    answer = ask_response(site, code, "/digest/x", headers=basic(b"a:b"))
    assert (answer.body, answer.header("WWW-Authenticate")) == (b"[null, null]", None)


def test_challenge_without_mod_auth_basic(httpd, monkeypatch):
    # spec: api:6.2/get_basic_auth_pw
    others = [name for name in harness.config.MODULES if name != "auth_basic"]
    monkeypatch.setattr(harness.config, "MODULES", others)
    bare = httpd(config=CONFIG, files=FILES)
    answer = ask_response(bare, "result = req.get_basic_auth_pw()", "/auth/x")
    assert answer.body == b"null"
    assert answer.header_all("WWW-Authenticate") == [r'Basic realm="Some \"realm\""']


def test_construct_url(site):
    # spec: api:6.2/construct_url, api:1.4
    assert ask(site, "result = req.construct_url('/a b')", host="localhost:8123") == "http://localhost:8123/a b"
    assert ask(site, "result = req.construct_url('x')", host="localhost") == "http://localhostx"
    assert ask(site, "result = req.construct_url('/\\u20ac')", host="localhost") == "http://localhost/\u20ac"
    assert ask(site, "req.construct_url(b'/')")["error"] == "TypeError"
    assert ask(site, "req.construct_url('a\\0b')")["error"] == "ValueError"


def test_document_root(site):
    # spec: api:6.2/document_root
    assert ask(site, "result = req.document_root()") == str(site.docs)


def test_addhandler_extensions(site):
    # spec: api:6.2/get_addhandler_exts
    seen = ask(site, "result = req.get_addhandler_exts()")
    assert sorted(seen.split(" ")) == ["", "pyx", "pyy", "pyz"]
    assert seen.endswith(" ")


def test_remote_host(site):
    # spec: api:6.2/get_remote_host
    call = "result = req.get_remote_host({})"
    assert ask(site, call.format("")) == "127.0.0.1"
    assert ask(site, call.format("apache.REMOTE_HOST")) is None
    assert ask(site, call.format("apache.REMOTE_NAME")) == "127.0.0.1"
    address, flag = ask(site, call.format("apache.REMOTE_NOLOOKUP, 1"))
    assert address == "127.0.0.1" and flag != 0
    assert ask(site, call.format("apache.REMOTE_HOST, ''")) is None
    assert ask(site, call.format("type=apache.REMOTE_NAME, str_is_ip=None")) == "127.0.0.1"
    assert ask(site, call.format("'x'"))["error"] == "TypeError"


def test_without_tls(site):
    # spec: api:6.2/is_https, api:6.2/ssl_var_lookup
    assert ask(site, "result = [req.is_https(), req.ssl_var_lookup('SSL_PROTOCOL')]") == [0, None]
    assert ask(site, "result = [req.is_https(), req.ssl_var_lookup('HTTPS')]", phase="PythonFixupHandler") == [0, None]
    assert ask(site, "req.ssl_var_lookup(b'HTTPS')")["error"] == "TypeError"


def test_conditions(site):
    # spec: api:6.2/meets_conditions, api:6.2/update_mtime, api:6.2/set_last_modified
    code = "req.update_mtime({}); req.set_last_modified(); result = [req.meets_conditions(), req.headers_out['Last-Modified']]"
    old, new = 1_000_000_000, 1_100_000_000
    date = "Sun, 09 Sep 2001 01:46:40 GMT"
    assert ask(site, code.format(old)) == [0, date]
    assert ask(site, code.format(old), headers={"If-Modified-Since": date}) == [304, date]
    assert ask(site, code.format(new), headers={"If-Modified-Since": date})[0] == 0
    assert ask(site, code.format(new), headers={"If-Unmodified-Since": date})[0] == 412


def test_update_mtime(site):
    # spec: api:6.2/update_mtime, api:6.1/mtime
    assert ask(site, "req.update_mtime(20.9); req.update_mtime(10); result = req.mtime") == 20.0
    assert ask(site, "req.update_mtime('x')")["error"] == "TypeError"
    for wrong in ("inf", "-inf", "nan", "1e30"):
        assert ask(site, f"req.update_mtime(float('{wrong}'))")["error"] == "ValueError"


def test_etag(site):
    # spec: api:6.2/set_etag
    file = site.docs / "app/x"
    os.utime(file, (1_000_000_000, 1_000_000_000))
    code = "req.update_mtime(1000000000); req.set_etag(); result = [req.headers_out['ETag'], req.meets_conditions()]"
    tag, status = ask(site, code)
    assert tag.strip('"').split("-")[0] == f"{file.stat().st_size:x}" and status == 0
    assert ask(site, code, headers={"If-None-Match": tag}) == [tag, 304]


def test_content_length(site):
    # spec: api:6.2/set_content_length, api:6.1/clength
    answer = ask_response(site, "req.set_content_length(6); result = req.clength; req.write('12345')")
    assert (answer.body, answer.header("Content-Length")) == (b"123456", "6")
    assert ask(site, "req.set_content_length(len=1); result = 1") == 1
    assert ask(site, "req.set_content_length(-1)")["error"] == "ValueError"
    assert ask(site, "req.set_content_length('5')")["error"] == "TypeError"
    assert ask(site, "result = req.clength") == 0


def test_old_methods(site):
    # spec: api:6.2/send_http_header, api:6.2/get_session
    answer = ask_response(site, "result = req.send_http_header(); req.headers_out['X-Later'] = 'yes'")
    assert (answer.body, answer.header("X-Later")) == (b"null", "yes")
    assert ask(site, "result = [hasattr(req, 'get_session'), hasattr(req, 'requires')]") == [False, False]


def test_many_requests_on_one_connection(site):
    # spec: api:6.2/add_cgi_vars
    with site.connect() as connection:
        for number in range(30):
            headers = request_headers("req.add_cgi_vars(); result = req.subprocess_env['QUERY_STRING']")
            answer = connection.request("GET", f"/app/x?{number}", headers=headers)
            assert json.loads(answer.body) == str(number)
