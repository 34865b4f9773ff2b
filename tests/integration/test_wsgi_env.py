"""What a WSGI application is called with, and how it starts its response."""

import json

import pytest

from harness import server
from harness.asking import HANDLER, ask, ask_response, error

CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler probe
</Directory>
<Directory "@DOCS@/based">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
    PythonOption mod_python.wsgi.base_uri /based/x
</Directory>
<Location "/loc/">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
</Location>
<Location "/loc/whole">
    PythonOption mod_python.wsgi.base_uri ""
</Location>
<Location "/loc/slash">
    PythonOption mod_python.wsgi.base_uri /loc/slash/
</Location>
<Location "/tls">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
    SetEnv HTTPS on
</Location>
<Location "/tls/off">
    SetEnv HTTPS OFF
</Location>
<Location "/served">
    SetHandler mod_python
    PythonHandler served
    PythonPath "sys.path + ['@DOCS@/app']"
</Location>
"""

SERVED = """
from mod_python import apache

def application(environ, start_response):
    write = start_response("404 Nothing Here", [("Content-Type", "text/plain"), ("X-One", "1"), ("X-One", "2")])
    assert callable(write)
    return [environ["PATH_INFO"].encode("latin-1"), b"|", environ["SCRIPT_NAME"].encode("latin-1")]

def handler(req):
    parts = application(req.build_wsgi_env(), req.wsgi_start_response)
    for part in parts:
        req.write(part)
    return apache.OK
"""

FILES = {
    "htdocs/app/probe.py": HANDLER,
    "htdocs/app/served.py": SERVED,
    "htdocs/app/x.txt": "a file\n",
    "htdocs/based/x": "a file\n",
}

site = server(CONFIG, FILES)

SPLIT = """
env = req.build_wsgi_env()
result = env and [env["SCRIPT_NAME"], env["PATH_INFO"], req.path_info]
"""


def test_base(site):
    # spec: directives:10/mod_python.wsgi.base_uri
    # spec: api:6.3.1, api:6.3.2, api:6.3.3
    assert ask(site, SPLIT, "/based/x") == ["/based/x", "", ""]
    assert ask(site, SPLIT, "/based/x/a/b?c") == ["/based/x", "/a/b", "/a/b"]
    assert ask(site, SPLIT, "/loc/a/b") == ["/loc", "/a/b", "/a/b"]
    assert ask(site, SPLIT, "/loc/") == ["/loc", "/", "/"]
    assert ask(site, SPLIT, "/loc/whole/a") == ["", "/loc/whole/a", "/loc/whole/a"]
    # Without a base the application is at the root.
    assert ask(site, SPLIT, "/app/x.txt/rest") == ["", "/app/x.txt/rest", "/app/x.txt/rest"]


def test_outside_the_base(site):
    # spec: api:6.3.1, api:6.3.4, api:A-17
    assert ask(site, SPLIT, "/based/x/y") == ["/based/x", "/y", "/y"]
    assert ask(site, "req.uri = '/elsewhere'\n" + SPLIT, "/based/x") is None
    assert ask(site, "req.uri = '/based/xyz'\n" + SPLIT, "/based/x") is None
    assert ask(site, "req.uri = '/based/xyz'; req.build_wsgi_env(); result = req.path_info", "/based/x/p") == "/p"


def test_base_must_not_end_with_a_slash(site):
    # spec: api:6.3.2
    seen = ask(site, SPLIT, "/loc/slash/a")
    assert seen["error"] == "ValueError"
    assert "/loc/slash/" in seen["text"] and "must not end with '/'" in seen["text"]


def test_environ(site, mpm):
    # spec: api:6.2/build_wsgi_env, api:6.3.5
    code = """
import sys
env = req.build_wsgi_env()
result = {name: value for name, value in env.items() if isinstance(value, (str, bool, tuple))}
result["input"] = env["wsgi.input"] is req
result["errors"] = env["wsgi.errors"] is sys.stderr
result["type"] = type(env).__name__
"""
    headers = {"Authorization": "Basic eDp5", "X-Mine": "1"}
    env = ask(site, code, "/based/x/p?q=1", headers=headers, method="POST", body=b"abc")
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "POST", "QUERY_STRING": "q=1",
        "HTTP_X_MINE": "1", "HTTP_AUTHORIZATION": "Basic eDp5", "CONTENT_LENGTH": "3", "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": [1, 0], "wsgi.url_scheme": "http", "wsgi.run_once": False, "wsgi.multiprocess": True,
        "wsgi.multithread": mpm != "prefork", "input": True, "errors": True, "type": "dict",
    }  # fmt: skip
    assert {name: env[name] for name in expected} == expected
    assert ask(site, "result = 'HTTP_AUTHORIZATION' in req.build_wsgi_env()") is False


def test_scheme(site):
    # spec: api:6.3.5
    code = "result = req.build_wsgi_env()['wsgi.url_scheme']"
    assert ask(site, code, "/tls/x") == "https"
    assert ask(site, code, "/tls/off") == "http"


def test_bytes_that_are_no_ascii(site):
    # spec: api:6.3.5, api:1.7
    code = "env = req.build_wsgi_env(); result = [ascii(env[n]) for n in ('PATH_INFO', 'QUERY_STRING', 'HTTP_X_RAW')]"
    seen = ask(site, code, "/loc/%C3%A9%E9?\xff", headers={"X-Raw": "caf\xe9"})
    assert seen == [r"'/\xc3\xa9\xe9'", r"'\xff'", r"'caf\xe9'"]
    assert ask(site, "result = ascii(req.build_wsgi_env()['HTTP_AUTHORIZATION'])",
               headers={"Authorization": "X \xe9"}) == r"'X \xe9'"  # fmt: skip


def test_response(site):
    # spec: api:6.2/wsgi_start_response, api:6.3.6, api:6.3.7, api:6.3.8, api:A-18
    answer = site.get("/served/p%C3%A9")
    assert (answer.status, answer.reason) == (404, "Nothing Here")
    assert answer.body == "/p\xe9|/served".encode()
    assert answer.header_all("Content-Type") == ["text/plain"]
    assert answer.header_all("X-One") == ["1", "2"]


def test_start_response_returns_write(site):
    # spec: api:6.3.6
    code = """
write = req.wsgi_start_response('201 Made', [(b'X-Bytes', b'\\xe9'), ('Content-Type', 'a/b')], None)
write('first ')
result = [write == req.write, req.status, req.status_line]
"""
    answer = ask_response(site, code, "/app/x.txt")
    assert (answer.status, answer.reason, answer.body) == (201, "Made", b'first [true, 201, "201 Made"]')
    assert answer.header("X-Bytes") == "\xe9"
    # Not text/plain, which mod_mime found by the file's name.
    assert answer.header_all("Content-Type") == ["a/b"]


@pytest.mark.parametrize("line", ["", "x", "20", "99 Low", "600 High", " 200 OK", "OK 200", "-200", "0x20", "0200 OK", "200OK"])
def test_invalid_status(site, line):
    # spec: api:6.3.6
    assert ask(site, f"req.wsgi_start_response({line!r}, [])") == error("ValueError", f"Invalid status line: {line}")


def test_invalid_arguments(site):
    # spec: api:6.3.6
    for status in ("b'200 OK'", "200", "None"):
        assert ask(site, f"req.wsgi_start_response({status}, [])")["error"] == "TypeError"
    for headers, named in (("()", "tuple"), ("None", "NoneType"), ("{}", "dict")):
        seen = ask(site, f"req.wsgi_start_response('200 OK', {headers})")
        assert seen["error"] == "TypeError" and named in seen["text"]
    for item in ("['a', 'b']", "('a',)", "('a', 'b', 'c')", "'ab'", "('a', 1)", "(None, 'b')", "('a', '\\u20ac')"):
        assert ask(site, f"req.wsgi_start_response('200 OK', [{item}])")["error"] == "TypeError", item
    for text in ("a\\r\\nX: y", "a\\nb", "a\\0b"):
        assert ask(site, f"req.wsgi_start_response('200 OK', [('X', '{text}')])")["error"] == "ValueError"
        assert ask(site, f"req.wsgi_start_response('200 {text}', [])")["error"] == "ValueError"
    for name in ("", "A B", "A:", "\\xe9", "connection", "Transfer-Encoding"):
        assert ask(site, f"req.wsgi_start_response('200 OK', [('{name}', 'x')])")["error"] == "ValueError", name
    for length in ("", "-1", "+1", "1 ", "x", "9" * 30):
        assert ask(site, f"req.wsgi_start_response('200 OK', [('Content-Length', '{length}')])")["error"] == "ValueError"
    # A refused call leaves nothing behind.
    answer = ask_response(site, """
try: req.wsgi_start_response('500 No', [('X-Left', '1'), ('a', 1)])
except TypeError: pass
req.wsgi_start_response('200 OK', [])
""")  # fmt: skip
    assert (answer.status, answer.header("X-Left")) == (200, None)


def test_second_call(site):
    # spec: api:6.3.7
    first = "req.headers_out['X-Before'] = 'yes'; req.wsgi_start_response('200 OK', [('X-A', '1'), ('Content-Type', 'a/b')])"
    assert ask(site, f"{first}; req.wsgi_start_response('200 OK', [])")["error"] == "AssertionError"
    replace = f"""
import sys
{first}
try: 1 / 0
except ZeroDivisionError: req.wsgi_start_response('500 Oops', [('X-B', '2')], sys.exc_info())
result = 'went on'
"""
    answer = ask_response(site, replace)
    assert (answer.status, answer.reason, json.loads(answer.body)) == (500, "Oops", "went on")
    seen = [answer.header(name) for name in ("X-Before", "X-A", "X-B", "Content-Type")]
    assert seen == ["yes", None, "2", None]


def test_error_after_the_headers(site):
    # spec: api:6.3.9
    code = """
import sys
write = req.wsgi_start_response('200 OK', [])
{}
try: 1 / 0
except ZeroDivisionError: info = sys.exc_info()
try: req.wsgi_start_response('500 Oops', [], info); result = 'went on'
except ZeroDivisionError as error: result = error is info[1] and error.__traceback__ is not None
"""
    assert ask_response(site, code.format("write('sent ')")).body == b"sent true"
    assert ask_response(site, code.format("")).body == b'"went on"'
    seen = ask(site, "req.write(' '); req.wsgi_start_response('200 OK', [], 5)")
    assert seen["error"] == "TypeError"
