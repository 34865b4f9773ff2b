"""mod_python.wsgi: where an application lives, what it is called with, and what the client gets."""

import json

import pytest

from harness import server

CONFIG = """
<Location "/v">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonPath "sys.path + ['@ROOT@/lib']"
    PythonOption mod_python.wsgi.application validated
</Location>
<Location "/w">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonPath "sys.path + ['@ROOT@/lib']"
    PythonOption mod_python.wsgi.application plain::main
</Location>
<Location "/w/static">
    SetHandler None
</Location>
<Location "/w/single">
    PythonOption mod_python.wsgi.application plain:main
</Location>
<Location "/w/based">
    PythonOption mod_python.wsgi.base_uri /w/based/x
</Location>
<Location "/w/slash">
    PythonOption mod_python.wsgi.base_uri /w/slash/
</Location>
<Location "/w/unnamed">
    PythonOption mod_python.wsgi.application ""
</Location>
<Location "/w/uncallable">
    PythonOption mod_python.wsgi.application plain::NUMBER
</Location>
<Location "/w/absent">
    PythonOption mod_python.wsgi.application plain::nothing
</Location>
<Location "/w/dotted">
    PythonOption mod_python.wsgi.application plain::Holder.main
</Location>
<Location "/w/changing">
    PythonOption mod_python.wsgi.application changing::main
</Location>
<Location "/w/fixed">
    PythonOption mod_python.wsgi.application fixed::main
    PythonAutoReload Off
</Location>
<Location "/w/broken">
    PythonOption mod_python.wsgi.application broken
</Location>
<VirtualHost *>
    ServerName localhost
</VirtualHost>
<VirtualHost *>
    ServerName root
    <Location "/">
        SetHandler mod_python
        PythonHandler mod_python.wsgi
        PythonPath "sys.path + ['@ROOT@/lib']"
        PythonOption mod_python.wsgi.application plain::main
    </Location>
</VirtualHost>
<Directory "@DOCS@/dir/based">
    PythonOption mod_python.wsgi.base_uri /dir/based
</Directory>
<Directory "@DOCS@/dir">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonOption mod_python.wsgi.application beside::main
</Directory>
"""

#: What each path of the application does; `environ` and `start_response` are those of PEP 3333.
PLAIN = '''
import json, sys

NUMBER = 5

class Holder:
    def main(self, environ, start_response): raise RuntimeError("found")

def main(environ, start_response):
    """Show the environ."""
    body = environ["wsgi.input"].read()
    shown = {key: value for key, value in environ.items() if isinstance(value, (str, bool, tuple))}
    shown["input class"] = type(environ["wsgi.input"]).__name__
    shown["body"] = body.decode("latin-1")
    shown["type"] = type(environ).__name__
    shown["errors"] = environ["wsgi.errors"] is sys.stderr
    shown["nones"] = [key for key, value in environ.items() if value is None]
    data = json.dumps(shown).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [data]
'''

VALIDATED = '''
from wsgiref.validate import validator

def _application(environ, start_response):
    stream = environ["wsgi.input"]
    path = environ["PATH_INFO"]
    if path == "/lines":
        body = b"|".join(stream)
    elif path == "/readlines":
        body = b"|".join(stream.readlines())
    elif path == "/readline":
        body = b"|".join([stream.readline(), stream.readline(), stream.readline(2)])
    else:
        body = stream.read(3) + b"|" + stream.read(100)
    environ["wsgi.errors"].write("the application's own line\\n")
    environ["wsgi.errors"].flush()
    start_response("200 Fine", [("Content-Type", "text/plain"), ("X-One", "1"), ("X-One", "2")])
    return [body]

application = validator(_application)
'''

FILES = {
    "lib/plain.py": PLAIN,
    "lib/validated.py": VALIDATED,
    "lib/broken.py": "import no_such_module_anywhere\n",
    "htdocs/dir/beside.py": PLAIN,
    "htdocs/w/static/a.txt": "a file\n",
    "htdocs/dir/based/beside.py": PLAIN,
}

site = server(CONFIG, FILES, mpm="event", processes=1)


def ask(site, path, **options):
    answer = site.request(options.pop("method", "GET"), path, **options)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def where(site, path, **options):
    seen = ask(site, path, **options)
    return seen["SCRIPT_NAME"], seen["PATH_INFO"]


@pytest.mark.smoke
def test_place_of_the_application(site):
    # spec: library:H-30, library:H-32, library:H-33, library:H-34, library:H-35, library:H-47, library:O-14, library:O-15
    # spec: library:T-16, directives:10/mod_python.wsgi.application
    assert where(site, "/w") == ("/w", "")
    assert where(site, "/w/") == ("/w", "/")
    assert where(site, "/w/a%20b/c?q=1") == ("/w", "/a b/c")
    assert where(site, "/w/based/x/y") == ("/w/based/x", "/y")
    assert where(site, "/w/single") == ("/w", "/single")
    assert where(site, "/dir/tests.py") == ("", "/dir/tests.py")
    assert where(site, "/dir/based/x/y") == ("/dir/based", "/x/y")
    for path in ("/", "/a%20b/c", "/w"):
        assert where(site, path, host="root") == ("", path.replace("%20", " "))
    # Files stay files where the handler is given back.
    answer = site.get("/w/static/a.txt")
    assert (answer.status, answer.body) == (200, b"a file\n")


def test_outside_the_base(site):
    # spec: library:H-33, library:H-32
    for path in ("/w/based", "/w/based/xy"):
        assert site.get(path).status == 404
    site.log.expect(r"MPY0672: /w/based(/xy)? lies outside the base URI of the WSGI application plain::main", times=2)
    assert site.get("/w/slash/x").status == 500
    site.log.expect_traceback(r"ValueError: PythonOption mod_python.wsgi.base_uri '/w/slash/' must not end with '/'")


def test_missing_application(site):
    # spec: library:H-31, library:H-30
    assert site.get("/w/unnamed").status == 500
    site.log.expect(r"error.*MPY0670: PythonOption mod_python.wsgi.application is missing: it names")
    for path, words in (("absent", "has no 'nothing'"), ("uncallable", "cannot be called: 'NUMBER'"),
                        ("dotted", "has no 'Holder.main'")):  # fmt: skip
        assert site.get(f"/w/{path}").status == 404
        site.log.expect(rf"warn.*MPY0671: .*module 'plain' {words}", times=1)
    assert site.get("/w/broken").status == 500
    site.log.expect_traceback(r"ModuleNotFoundError: No module named 'no_such_module_anywhere'")


def test_environ(site):
    # spec: library:H-36, library:H-37, library:H-38, library:H-34, library:D-42, library:T-16
    headers = {"X-Mine": "caf\xe9", "Authorization": "Basic eDp5", "Content-Type": "a/b"}
    seen = ask(site, "/w/%C3%A9/x?a=%20b", method="POST", body=b"abc", headers=headers)
    expected = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "/w", "PATH_INFO": "/\xc3\xa9/x", "QUERY_STRING": "a=%20b",
        "CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "3", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_X_MINE": "caf\xe9",
        "HTTP_AUTHORIZATION": "Basic eDp5", "HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REQUEST_URI": "/w/%C3%A9/x?a=%20b",
        "wsgi.version": [1, 0], "wsgi.url_scheme": "http", "wsgi.run_once": False, "wsgi.multithread": True,
        "wsgi.multiprocess": True, "wsgi.input_terminated": True,
        "input class": "mp_request", "body": "abc", "type": "dict", "errors": True, "nones": [],
    }  # fmt: skip
    assert {name: seen.get(name) for name in expected} == expected
    assert "HTTP_AUTHORIZATION" not in ask(site, "/w/x")
    # Nothing of the module's own that has a None, and no header of a client may pose as another variable.
    assert "HTTP_CONTENT_LENGTH" not in seen


@pytest.mark.smoke
def test_validated(site):
    # spec: library:H-38, library:H-39, library:H-37, library:T-16, library:H-40, library:D-42
    body = b"one\ntwo\nthree"
    for path, expected in (("/lines", b"one\n|two\n|three"), ("/readlines", b"one\n|two\n|three"),
                           ("/readline", b"one\n|two\n|th"), ("/read", b"one|\ntwo\nthree")):  # fmt: skip
        for chunked in (False, True):
            if chunked:
                options = {"headers": {"Transfer-Encoding": "chunked"}, "body": b"5\r\none\nt\r\n8\r\nwo\nthree\r\n0\r\n\r\n"}
            else:
                options = {"body": body}
            answer = site.request("POST", f"/v{path}", **options)
            assert (answer.status, answer.reason, answer.body) == (200, "Fine", expected)
            assert answer.header_all("X-One") == ["1", "2"]
            assert answer.header_all("Content-Type") == ["text/plain"]
            # The validator's result is no list: it is streamed.
            assert answer.header_all("Transfer-Encoding") == ["chunked"]
            assert answer.header("Date") and answer.header("Server")
    for method in ("GET", "HEAD"):
        answer = site.request(method, "/v/x")
        assert (answer.status, answer.body) == (200, b"|" if method == "GET" else b"")
    # The body ends where Content-Length says, with another request behind it.
    with site.connect() as connection:
        connection.send(b"POST /v/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcdGET /w/second HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.response("POST").body == b"abc|d"
        assert json.loads(connection.response().body)["PATH_INFO"] == "/second"
    site.log.expect("stderr .*the application's own line", times=11)


def test_expect_continue(site):
    # spec: library:H-38
    with site.connect() as connection:
        connection.send(b"POST /w/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.read_line().startswith(b"HTTP/1.1 100 ")
        assert connection.read_line() == b"\r\n"
        connection.send(b"ok")
        assert json.loads(connection.response("POST").body)["body"] == "ok"


def test_environs_share_nothing(site):
    # spec: library:H-36
    first = ask(site, "/w/x?a", method="POST", body=b"x", headers={"X-Mine": "1", "Cookie": "a=b", "Authorization": "z"})
    assert {"HTTP_X_MINE", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "CONTENT_LENGTH"} <= set(first)
    second = ask(site, "/w", host="other", version="HTTP/1.0")
    assert not {"HTTP_X_MINE", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "CONTENT_LENGTH"} & set(second)
    changing = ("REQUEST_METHOD", "SERVER_PROTOCOL", "SERVER_NAME", "QUERY_STRING", "PATH_INFO", "REQUEST_URI", "HTTP_HOST")
    assert [second[name] for name in changing] == ["GET", "HTTP/1.0", "other", "", "", "/w", "other"]
    third = ask(site, "/w/x?a", method="POST", body=b"x", headers={"X-Mine": "2"})
    assert [third[name] for name in changing] == ["POST", "HTTP/1.1", "localhost", "a", "/x", "/w/x?a", "localhost"]
    assert third["HTTP_X_MINE"] == "2" and len({answer["REMOTE_PORT"] for answer in (first, second, third)}) == 3


def test_environs_of_many_clients(site):
    # spec: library:H-36
    # An environ is made from an earlier one: nothing of another client may be left in it, whoever came before.
    secrets = ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_X_SECRET")
    for number in range(150):
        mine = {
            "X-A": f"{number}", "X-B": f"{number // 7}", f"X-N{number % 5}": "n", f"X-Only-{number}": "y", "Accept": "*/*",
        }  # fmt: skip
        if number % 3 == 0:
            mine |= {"Cookie": f"c={number}", "Authorization": f"Basic {number}", "X-Secret": f"{number}"}
        if number % 4 == 0:
            mine["X_A"] = "not a header for CGI"
        headers = list(mine.items())[:: -1 if number % 2 else 1]
        seen = ask(site, f"/w/{number}?q={number}", headers=dict(headers))
        found = {name: value for name, value in seen.items() if name.startswith("HTTP_")}
        assert (found.pop("HTTP_HOST"), found.pop("HTTP_CONNECTION")) == ("localhost", "close")
        assert found == {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers if name != "X_A"}
        assert set(found) & set(secrets) == (set(secrets) if number % 3 == 0 else set())
        assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["wsgi.version"]) == (f"/{number}", f"q={number}", [1, 0])


def test_absolute_form(site):
    # spec: library:H-38
    answer = json.loads(site.get("http://localhost/w/x?y").body)
    assert (answer["REQUEST_URI"], answer["PATH_INFO"], answer["QUERY_STRING"]) == ("/w/x?y", "/x", "y")


def test_reload(site):
    # spec: library:H-46
    text = "def main(environ, start_response):\n    start_response('200 OK', [])\n    return [b'{}']\n"
    for word in ("one", "three"):
        site.write("lib/changing.py", text.format(word))
        assert site.get("/w/changing").text == site.get("/w/changing").text == word
    # With PythonAutoReload Off what was loaded stays.
    site.write("lib/fixed.py", text.format("one"))
    assert site.get("/w/fixed").text == "one"
    site.write("lib/fixed.py", text.format("three"))
    assert site.get("/w/fixed").text == "one"
