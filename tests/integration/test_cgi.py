"""CGI scripts inside httpd: the environment, standard input and standard output of a real request."""

import ast

from harness import client, server

#: Runs a function as a CGI script would run, whatever it raises, and tells on the next request what was left behind.
CGI = '''
import os, sys, threading
from mod_python import apache

before = dict(os.environ), sys.stdin, sys.stdout, sys.argv

def environment(req):
    env = apache.build_cgi_env(req)
    env["ADDED"] = "to the copy only"
    req.write(repr((type(env).__name__, dict(env.items()), "ADDED" in req.subprocess_env)))

def script():
    return globals()[os.environ["SCRIPT_NAME"].rpartition("/")[2]]

def handler(req):
    if req.args == "environment":
        environment(req)
        return apache.OK
    saved = apache.setup_cgi(req)
    try:
        script()()
    finally:
        apache.restore_nocgi(*saved)
    return apache.OK

def after(req):
    now = dict(os.environ), sys.stdin, sys.stdout
    req.write(repr([a == b for a, b in zip(before, now)]))
    return apache.OK

def hello():
    print("Status: 201 Made")
    print("Content-Type: text/plain; charset=utf-8")
    print("X-Twice: one")
    print("X-Twice: two")
    print("Set-Cookie: a=b")
    print()
    print("hello \\u00e9")
    sys.stdout.buffer.write(b"bytes \\xff\\n")
    sys.stdout.flush()
    print(sys.argv, sys.stdout.tell())

def echo():
    sys.stdout.write("Content-Type: text/plain\\r\\n\\r\\n")
    sys.stdout.write(repr((os.environ.get("CONTENT_LENGTH"), sys.stdin.read())))

def lines():
    print("Content-Type: text/plain\\n")
    print([sys.stdin.readline(), sys.stdin.read(2), sys.stdin.readline(3), list(sys.stdin), sys.stdin.read()])

def raw():
    print("Content-Type: text/plain\\n")
    data = sys.stdin.buffer.read(5)
    rest = sys.stdin.buffer.read()
    print((data, len(rest), rest[-5:], sys.stdin.buffer.read(1)))

def form():
    from urllib.parse import parse_qs
    print("Content-Type: text/plain\\n")
    print(parse_qs(sys.stdin.read(int(os.environ["CONTENT_LENGTH"]))), parse_qs(os.environ["QUERY_STRING"]))

def moved():
    print("Status: 302 Found\\nLocation: /elsewhere\\n")

def bad():
    print("no header\\n")

def fails():
    os.environ["LEFT"] = "behind"
    del os.environ["SERVER_NAME"]
    raise ValueError("in the script")

def threads():
    print("Content-Type: text/plain\\n")
    seen = []
    def look():
        seen.append((os.environ["SCRIPT_NAME"], sys.stdout is mine))
    mine = sys.stdout
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    print(seen)
'''

CONFIG = """
<Directory "@DOCS@/cgi">
    SetHandler mod_python
    PythonHandler cgi_scripts
    AcceptPathInfo On
</Directory>
<Directory "@DOCS@/after">
    SetHandler mod_python
    PythonHandler cgi_scripts::after
    PythonPath "sys.path + ['@DOCS@/cgi']"
</Directory>
<Location "/location">
    SetHandler mod_python
    PythonHandler cgi_scripts
    PythonPath "sys.path + ['@DOCS@/cgi']"
</Location>
"""

FILES = {
    "htdocs/cgi/cgi_scripts.py": CGI,
    "htdocs/after/.keep": "",
    **{
        f"htdocs/cgi/{name}": ""
        for name in ("hello", "echo", "lines", "raw", "form", "moved", "bad", "fails", "threads", "show")
    },
}

site = server(CONFIG, FILES, processes=1)


def nothing_left(site):
    """Tell whether environment and files are again what they were before the first script."""
    return ast.literal_eval(site.get("/after/x").text) == [True, True, True]


def test_environment(site):
    # spec: api:4.1, api:3/build_cgi_env
    headers = {"Authorization": "Basic eDp5", "X-Own": "value", "Content-Type": "text/x"}
    answer = site.get("/cgi/show/more/path?environment", headers=headers, host=f"localhost:{site.port}")
    kind, env, shared = ast.literal_eval(answer.text)
    assert (kind, shared) == ("mp_table", False)
    wanted = {
        "GATEWAY_INTERFACE": "Python-CGI/1.1",
        "SCRIPT_NAME": "/cgi/show",
        "PATH_INFO": "/more/path",
        "SCRIPT_FILENAME": f"{site.docs}/cgi/show",
        "QUERY_STRING": "environment",
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/cgi/show/more/path",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_PORT": str(site.port),
        "SERVER_NAME": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "DOCUMENT_ROOT": str(site.docs),
        "CONTENT_TYPE": "text/x",
        "HTTP_AUTHORIZATION": "Basic eDp5",
        "HTTP_X_OWN": "value",
    }
    assert {name: env.get(name) for name in wanted} == wanted


def test_environment_in_a_location(site):
    # spec: api:4.1
    _, env, _ = ast.literal_eval(site.get("/location/part?environment").text)
    assert (env["SCRIPT_NAME"], env.get("PATH_INFO")) == ("/location", "/part")
    assert "HTTP_AUTHORIZATION" not in env


def test_script(site):
    # spec: api:4.2, api:4.3, api:4.6, api:3/setup_cgi, api:3/restore_nocgi, api:A-5
    answer = site.get("/cgi/hello")
    assert (answer.status, answer.reason) == (201, "Created")
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"
    assert answer.header_all("X-Twice") == ["one", "two"]
    assert answer.header_all("Set-Cookie") == ["a=b"]
    headers = "Status: 201 Made\nContent-Type: text/plain; charset=utf-8\nX-Twice: one\nX-Twice: two\nSet-Cookie: a=b\n\n"
    written = len(headers + "hello é\n") + len(b"bytes \xff\n")
    assert answer.body == b"hello \xc3\xa9\nbytes \xff\n[] %d\n" % written
    assert nothing_left(site)


def test_body_as_text(site):
    # spec: api:4.5, api:A-6
    body = "one\r\nzwei é\n".encode() + b"\xff end"
    answer = site.post("/cgi/echo", body)
    assert ast.literal_eval(answer.text) == (str(len(body)), body.decode("utf-8", "surrogateescape"))
    # Longer than what is read at once, with a character across the border.
    body = b"x" + "é".encode() * 100_000
    assert ast.literal_eval(site.post("/cgi/echo", body).text) == (str(len(body)), body.decode())
    assert ast.literal_eval(site.get("/cgi/echo").text) == (None, "")


def test_body_by_lines(site):
    # spec: api:4.5
    answer = site.post("/cgi/lines", b"first\nsecond\r\nthird\nlast")
    assert ast.literal_eval(answer.text) == ["first\n", "se", "con", ["d\r\n", "third\n", "last"], ""]


def test_body_in_bytes(site):
    # spec: api:4.5
    body = bytes(range(256)) * 1000
    answer = site.post("/cgi/raw", body)
    assert ast.literal_eval(answer.text) == (body[:5], len(body) - 5, body[-5:], b"")


def test_body_in_chunks(site):
    # spec: api:4.5
    chunks = b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"
    head = b"POST /cgi/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert client.parse(site.raw(head + chunks)).text == "(None, 'hello, world')"


def test_form(site):
    # spec: api:4.2
    answer = site.post("/cgi/form?q=1&q=2", b"a=1&b=%C3%A9")
    assert answer.text == "{'a': ['1'], 'b': ['é']} {'q': ['1', '2']}\n"


def test_status_without_a_body(site):
    # spec: api:4.6
    answer = site.get("/cgi/moved")
    assert (answer.status, answer.header("Location")) == (302, "/elsewhere")


def test_wrong_header(site):
    # spec: api:4.6
    site.log.expect_traceback("PythonHandler cgi_scripts: ValueError: not a CGI header line: 'no header'", times=1)
    assert site.get("/cgi/bad").status == 500
    assert nothing_left(site)


def test_failing_script(site):
    # spec: api:4.3
    site.log.expect_traceback("PythonHandler cgi_scripts: ValueError: in the script", times=1)
    assert site.get("/cgi/fails").status == 500
    assert nothing_left(site)


def test_other_threads_see_it_too(site):
    # spec: api:4.7
    assert site.get("/cgi/threads").text == "[('/cgi/threads', True)]\n"
