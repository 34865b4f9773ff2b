"""mod_python.cgihandler: CGI scripts inside httpd."""

import ast
import os
import py_compile
import sys
import threading
import time

import pytest

from harness import client, server

CONFIG = """
<Directory "@DOCS@/cgi">
    AddHandler mod_python .py .pyc .sh .txt
    PythonHandler mod_python.cgihandler
    PythonDebug Off
</Directory>
<Directory "@DOCS@/cgi/other">
    PythonInterpreter other
</Directory>
<Directory "@DOCS@/look">
    SetHandler mod_python
    PythonHandler look
</Directory>
<Location "/named">
    SetHandler mod_python
    PythonHandler mod_python.cgihandler
    SetEnv SCRIPT_FILENAME @DOCS@/cgi/environment.py
    PythonInterpreter named
</Location>
"""

#: Tells what a script has left behind.
LOOK = """
import os, sys
from mod_python import apache

first = None

def state():
    return (dict(os.environ), os.getcwd(), sys.argv, sys.path[:], sys.stdin, sys.stdout,
            {name: id(module) for name, module in sys.modules.items()})

def handler(req):
    global first
    if req.args:
        first = state()
    now = state()
    req.write(repr([a == b for a, b in zip(first, now)]))
    return apache.OK
"""

HEAD = 'print("Content-Type: text/plain\\n")\n'

ENVIRONMENT = f"""
import os, sys
{HEAD}
names = ("SCRIPT_NAME", "GATEWAY_INTERFACE", "QUERY_STRING", "PATH_INFO", "HTTP_AUTHORIZATION", "REQUEST_METHOD")
child = os.popen("echo $SCRIPT_NAME").read().strip()
print(({{name: os.environ.get(name) for name in names}}, os.getcwd(), sys.argv, __name__, __file__, sys.path[0], child))
"""

HEADERS = """
import sys
sys.stdout.write("Status: 201 Made\\r\\nContent-Type: text/x-mine\\r\\nX-A: 1\\r\\nX-A: 2\\r\\n\\r\\n")
sys.stdout.buffer.write(b"body \\xff")
"""

POST = f"""
import sys
{HEAD}
first = sys.stdin.readline()
print((first, sys.stdin.buffer.read() if first == "bytes\\n" else sys.stdin.readlines()))
"""

WRAPPED = """
import io, sys
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="latin-1", newline="\\n")
print("Content-Type: text/plain; charset=iso-8859-1\\n")
print("caf\\u00e9")
"""

#: Has characters in all places that ISO-8859-1 does not know.
NAMED = """
import os
print("Content-Type: text/plain; x=\u20ac\\u00e9")
print("X-Name: \u20ac\\u00e9\\n")
print(ascii([os.environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "HTTP_AUTHORIZATION")]))
"""

EXITS = f"""
import os, sys
{HEAD}
print("before")
sys.exit({{"none": None, "zero": 0, "three": 3, "text": "said at the end"}}[os.environ["QUERY_STRING"]])
"""

HELPED = f"""
import json, package.inner, helper, sys
{HEAD}
print((helper.WORD, package.inner.WORD, json is sys.modules["json"], helper.times()))
"""

SLOW = f"""
import os, sys, time
{HEAD}
before = os.environ["QUERY_STRING"], os.getcwd()
time.sleep(0.2)
print(before == (os.environ["QUERY_STRING"], os.getcwd()), time.time())
"""

FILES = {
    "htdocs/look/look.py": LOOK,
    "htdocs/cgi/environment.py": ENVIRONMENT,
    "htdocs/cgi/headers.py": HEADERS,
    "htdocs/cgi/post.py": POST,
    "htdocs/cgi/\u20ac\u00e9.py": NAMED,
    "htdocs/cgi/wrapped.py": WRAPPED,
    "htdocs/cgi/silent.py": "pass\n",
    "htdocs/cgi/unended.py": "print('Content-Type: text/plain')\n",
    "htdocs/cgi/colonless.py": "print('no header\\n')\n",
    "htdocs/cgi/exits.py": EXITS,
    "htdocs/cgi/fails.py": f"import os, sys\n{HEAD}\nos.chdir('/')\nsys.argv.append(1)\nos.environ['LEFT'] = 'x'\n1 / 0\n",
    "htdocs/cgi/helped.py": HELPED,
    "htdocs/cgi/helper.py": "WORD = 'one'\nseen = []\ndef times():\n    seen.append(1)\n    return len(seen)\n",
    "htdocs/cgi/package/__init__.py": "",
    "htdocs/cgi/package/inner.py": "WORD = 'inner'\n",
    "htdocs/cgi/functools.py": f"import sys\n{HEAD}\nprint(__name__, hasattr(sys.modules['functools'], 'partial'))\n",
    "htdocs/cgi/slow.py": SLOW,
    "htdocs/cgi/other/slow.py": SLOW,
    "htdocs/cgi/plain.txt": "a text\n",
    "htdocs/cgi/shell.sh": "#!/bin/sh\necho\n",
    "htdocs/elsewhere/secret.py": f"{HEAD}\nprint('ran')\n",
}

site = server(CONFIG, FILES, processes=1, mpm="event")


@pytest.fixture(autouse=True)
def leaves_nothing(site):
    """Hold every test to it: environment, folder, arguments, path, files and modules are what they were."""
    # The handlers' own folders get on the path at the first request.
    site.get("/cgi/silent.py")
    site.get("/look/x?first")
    yield
    assert ast.literal_eval(site.get("/look/x").text)[:6] == [True] * 6


def ran(site, path, **options):
    """Run a script; returns what it printed, read as Python."""
    answer = site.request(options.pop("method", "GET"), path, **options)
    assert answer.status == 200, answer
    return ast.literal_eval(answer.text)


@pytest.mark.smoke
def test_surroundings(site):
    # spec: library:H-10, library:H-12, library:H-13, library:H-14, library:H-20, library:T-17, library:D-41
    seen = ran(site, "/cgi/environment.py/more?a=b", headers={"Authorization": "Basic eDp5"})
    variables, *others = seen
    assert variables == {
        "SCRIPT_NAME": "/cgi/environment.py", "GATEWAY_INTERFACE": "Python-CGI/1.1", "QUERY_STRING": "a=b",
        "PATH_INFO": "/more", "HTTP_AUTHORIZATION": "Basic eDp5", "REQUEST_METHOD": "GET",
    }  # fmt: skip
    folder = str(site.docs / "cgi")
    assert others == [folder, [], "environment", f"{folder}/environment.py", folder, "/cgi/environment.py"]
    assert ran(site, "/cgi/environment.py")[0]["HTTP_AUTHORIZATION"] is None
    # SCRIPT_FILENAME of the variables wins.
    assert ran(site, "/named/x")[4] == f"{folder}/environment.py"


def test_output(site):
    # spec: library:H-15, library:H-17, library:T-17, library:D-41
    answer = site.get("/cgi/headers.py")
    assert (answer.status, answer.header("Content-Type"), answer.body) == (201, "text/x-mine", b"body \xff")
    assert answer.header_all("X-A") == ["1", "2"]
    answer = site.get("/cgi/wrapped.py")
    assert (answer.status, answer.body) == (200, b"caf\xe9\n")
    for name in ("silent", "unended"):
        answer = site.get(f"/cgi/{name}.py")
        assert (answer.status, answer.body) == (200, b"")
    site.log.expect_traceback("ValueError: not a CGI header line: 'no header'")
    assert site.get("/cgi/colonless.py").status == 500


def test_text_beyond_latin_1(site):
    # spec: library:H-14, library:H-17
    name = b"\xe2\x82\xac\xc3\xa9"
    quoted = b"".join(b"%%%02x" % byte for byte in name)
    head = b"GET /cgi/%s.py/%s%%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: %s\xff\r\n\r\n" % (quoted, quoted, name)
    answer = client.parse(site.raw(head))
    text = "\u20ac\u00e9"
    seen = [f"/cgi/{text}.py", f"/{text}\udcff", f"{text}\udcff"]
    assert (answer.status, ast.literal_eval(answer.text)) == (200, seen)
    # Headers leave as the bytes that the script has written.
    assert answer.header("X-Name").encode("latin-1") == name
    assert answer.header("Content-Type").encode("latin-1") == b"text/plain; x=" + name


def test_input(site):
    # spec: library:H-16, library:H-17, library:D-41
    answer = ran(site, "/cgi/post.py", method="POST", body="text\neins é\nzwei".encode())
    assert answer == ("text\n", ["eins é\n", "zwei"])
    assert ran(site, "/cgi/post.py", method="POST", body=b"bytes\n\xff\xfe")[0] == "bytes\n"
    assert ran(site, "/cgi/post.py") == ("", [])


def test_end(site):
    # spec: library:H-18, library:H-20, library:D-41
    for kind in ("none", "zero", "three", "text"):
        answer = site.get(f"/cgi/exits.py?{kind}")
        assert (answer.status, answer.text) == (200, "before\n")
    site.log.expect("stderr .*: said at the end$", times=1)
    site.log.expect_traceback("ZeroDivisionError: division by zero")
    answer = site.raw(b"GET /cgi/fails.py HTTP/1.0\r\n\r\n")
    assert b"ZeroDivisionError" not in answer


def test_modules_beside_the_script(site):
    # spec: library:H-19, library:D-41
    assert ran(site, "/cgi/helped.py") == ("one", "inner", True, 1)
    assert ran(site, "/cgi/helped.py") == ("one", "inner", True, 1)
    site.write("htdocs/cgi/helper.py", "WORD = 'other'\ndef times():\n    return 5\n")
    site.write("htdocs/cgi/package/inner.py", "WORD = 'anew'\n")
    for name in ("helper", "package/inner"):
        os.utime(site.docs / f"cgi/{name}.py", (1, 1))
    assert ran(site, "/cgi/helped.py") == ("other", "anew", True, 5)
    # A script may have the name of a module: neither gets into the other's way.
    assert site.get("/cgi/functools.py").text == "functools True\n"


def test_changed_script(site):
    # spec: library:H-13
    for word in ("one", "three"):
        site.write("htdocs/cgi/changing.py", f"{HEAD}\nprint('{word}')\n")
        assert site.get("/cgi/changing.py").text == f"{word}\n"


def test_what_is_no_script(site):
    # spec: library:H-10, library:H-21
    for name in ("missing.py", "plain.txt", "shell.sh"):
        assert site.get(f"/cgi/{name}").status == 404
    os.symlink(site.docs / "elsewhere/secret.py", site.docs / "cgi/linked.py")
    assert site.get("/cgi/linked.py").status == 404
    site.log.expect("MPY0660: .*/cgi/linked.py is not run: it leads to .*/elsewhere/secret.py, outside of its folder", times=1)
    os.symlink("headers.py", site.docs / "cgi/alias.py")
    assert site.get("/cgi/alias.py").status == 201


def test_compiled_script(site):
    # spec: library:H-10
    if "%d.%d" % sys.version_info[:2] not in site.get("/look/x").header("Server"):
        pytest.fail("the tests run with another Python than the module")
    source = site.write("htdocs/elsewhere/compiled.py", f"{HEAD}\nprint(__name__, __file__)\n")
    py_compile.compile(str(source), str(site.docs / "cgi/compiled.pyc"), doraise=True)
    os.chmod(site.docs / "cgi/compiled.pyc", 0o644)
    assert site.get("/cgi/compiled.pyc").text == f"compiled {site.docs}/cgi/compiled.pyc\n"


def test_one_at_a_time(site):
    # spec: library:H-11
    answers = []
    paths = ["/cgi/slow.py?a", "/cgi/other/slow.py?b", "/cgi/slow.py?c"]
    threads = [threading.Thread(target=lambda path=path: answers.append(site.get(path).text)) for path in paths]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun >= 0.6
    ends = sorted(float(answer.removeprefix("True ")) for answer in answers)
    assert ends[1] - ends[0] >= 0.2 <= ends[2] - ends[1]
