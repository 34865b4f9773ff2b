"""Applications of Flask, Django, Bottle and Pyramid, each at its own place of one server."""

import hashlib
import sysconfig
from pathlib import Path

import pytest

from harness import server

FRAMEWORKS = ("flask", "django", "bottle", "pyramid")
APPS = Path(__file__).parent / "wsgi_apps"

_LOCATION = """
<Location "/apps/{name}">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonPath "sys.path + ['@ROOT@/lib', '{packages}']"
    PythonOption mod_python.wsgi.application {name}_app::application
</Location>
"""

CONFIG = "".join(_LOCATION.format(name=name, packages=sysconfig.get_path("purelib")) for name in FRAMEWORKS)

DATA = bytes(range(256)) * 700
FILES = {f"lib/{name}_app.py": (APPS / f"{name}_app.py").read_text() for name in FRAMEWORKS}
FILES["lib/data.bin"] = DATA

site = server(CONFIG, FILES, mpm="event", processes=1)

every_framework = pytest.mark.parametrize("name", FRAMEWORKS)

FORM = "application/x-www-form-urlencoded"


def multipart(fields):
    """Return (Content-Type, body) of a form with files: name -> (file name or None, bytes)."""
    parts = []
    for name, (filename, data) in fields.items():
        parts.append(b'--limit\r\nContent-Disposition: form-data; name="%s"' % name.encode())
        if filename:
            parts.append(b'; filename="%s"\r\nContent-Type: application/octet-stream' % filename.encode())
        parts.append(b"\r\n\r\n" + data + b"\r\n")
    return "multipart/form-data; boundary=limit", b"".join(parts) + b"--limit--\r\n"


@every_framework
def test_pages(site, name):
    # spec: library:H-30, library:H-34, library:H-36
    answer = site.get(f"/apps/{name}/hello/w%C3%B6rld?q=%C3%BC")
    assert (answer.status, answer.text) == (200, f"Hello wörld, ü, /apps/{name}/hello/x")
    assert answer.header("Content-Type").startswith("text/html")
    answer = site.get(f"/apps/{name}/go")
    assert answer.status == (303 if name == "bottle" else 302)
    assert answer.header("Location").removeprefix("http://localhost") == f"/apps/{name}/hello/you"
    assert site.get(f"/apps/{name}/nowhere").status == 404
    if name == "django":
        site.log.expect("stderr .*: Not Found: /apps/django/nowhere$", times=1)
    answer = site.request("HEAD", f"/apps/{name}/hello/x")
    assert (answer.status, answer.body) == (200, b"")


@every_framework
def test_forms(site, name):
    # spec: library:H-36, library:H-38
    answer = site.post(f"/apps/{name}/form", b"name=J%C3%B6rg&tag=a&tag=b", headers={"Content-Type": FORM})
    assert (answer.status, answer.text) == (200, "Jörg|a,b")
    kind, body = multipart({"note": (None, b"hello"), "file": ("data.bin", DATA)})
    answer = site.post(f"/apps/{name}/upload", body, headers={"Content-Type": kind})
    assert (answer.status, answer.text) == (200, f"data.bin:{len(DATA)}:{hashlib.sha256(DATA).hexdigest()}:hello")
    body = b"x" * 300_000
    assert site.post(f"/apps/{name}/raw", body, headers={"Content-Type": "text/plain"}).text == "300000"


def test_chunked_bodies(site):
    # spec: library:H-38
    # Flask knows wsgi.input_terminated. The others read no body without a Content-Length.
    with site.connect() as connection:
        connection.send(b"POST /apps/flask/raw HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"5\r\n01234\r\n3\r\n567\r\n0\r\n\r\n")
        assert connection.response("POST").body == b"8"


@every_framework
def test_sessions(site, name):
    # spec: library:H-39
    cookie = {}
    for count in (1, 2, 3):
        answer = site.get(f"/apps/{name}/visits", headers=cookie)
        assert (answer.status, answer.text) == (200, str(count))
        cookie = {"Cookie": answer.header("Set-Cookie").partition(";")[0]}


@every_framework
def test_streams_and_files(site, name):
    # spec: library:H-43
    answer = site.get(f"/apps/{name}/stream")
    assert (answer.body, answer.header("Transfer-Encoding")) == (b"0;1;2;", "chunked")
    answer = site.get(f"/apps/{name}/download")
    assert answer.body == DATA and answer.header("Content-Length") == str(len(DATA))
