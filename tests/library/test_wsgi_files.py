"""mod_python.wsgi: files as responses, other protocols, and interpreters."""

import json
import subprocess

import pytest

from harness import server

CONFIG = """
Protocols h2c http/1.1
PythonPath "sys.path + ['@ROOT@/lib']"
<Location "/f">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonOption mod_python.wsgi.application app
</Location>
<Location "/f/nosendfile">
    EnableSendfile Off
    EnableMMAP Off
</Location>
<Location "/f/other">
    PythonInterpreter other
</Location>
"""

APP = '''
import gzip, io, os, tempfile, time
from mod_python import _apache

NAME = "@ROOT@/lib/data.bin"
closed, blocks = [], []

class Watched(io.FileIO):
    """Not one of the plain classes: it has to be read."""
    def read(self, size=-1):
        data = super().read(size)
        blocks.append((size, len(data)))
        return data

def source(kind):
    if kind == "temporary":
        file = tempfile.NamedTemporaryFile()
        file.write(b"0123456789")
        file.seek(4)
    elif kind == "unlinked":
        file = tempfile.TemporaryFile()
        file.write(b"0123456789")
        file.flush()
        file.seek(2)
    elif kind == "memory":
        file = io.BytesIO(b"0123456789")
        file.seek(3)
    elif kind == "pipe":
        read, write = os.pipe()
        os.write(write, b"0123456789")
        os.close(write)
        file = open(read, "rb")
    elif kind == "gzip":
        file = gzip.open(NAME + ".gz")
    elif kind == "watched":
        file = Watched(NAME)
    elif kind == "text":
        file = open(NAME, encoding="latin-1")
    elif kind == "raw":
        file = open(NAME, "rb", buffering=0)
    else:
        file = open(NAME, "rb")
        file.seek(int(kind))
        file.read(1)
    return file

def application(environ, start_response):
    what, _, kind = environ["PATH_INFO"].strip("/").rpartition("/")
    if kind == "closed":
        start_response("200 OK", [])
        names = ",".join(closed) + ";" + repr(blocks)
        closed.clear(), blocks.clear()
        return [names.encode()]
    if kind == "interpreter":
        start_response("200 OK", [])
        return [_apache.interpreter.encode()]
    if kind == "ends":
        start_response("200 OK", [])
        def items():
            yield b"begun"
            time.sleep(0.1)
            raise KeyError("ends")
        return items()
    if kind == "slow":
        start_response("200 OK", [])
        return (b"%d " % number for number in range(5))
    if kind == "upload":
        digest = sum(len(line) for line in environ["wsgi.input"])
        start_response("200 OK", [])
        return [b"%d" % digest]
    headers = [("Content-Length", environ["QUERY_STRING"])] if environ["QUERY_STRING"] else []
    start_response("200 OK", headers)
    file = source(kind)
    wrapper = environ["wsgi.file_wrapper"](file, 1000)
    real = wrapper.close
    def close():
        closed.append(f"{what}{kind}")
        real()
    wrapper.close = close
    return wrapper
'''

DATA = bytes(range(256)) * 4000
FILES = {"lib/app.py": APP, "lib/data.bin": DATA}

site = server(CONFIG, FILES, mpm="event", processes=1, modules=["http2"])


def fetch(site, path, **options):
    answer = site.request("GET", f"/f/{path}", **options)
    assert answer.status == 200
    return answer


def closed(site):
    """Return whose file was closed, and the blocks that were read from one that watches it."""
    names, _, blocks = fetch(site, "closed").text.partition(";")
    return names, blocks


@pytest.mark.smoke
def test_regular_files(site):
    # spec: library:H-43, library:H-45
    for folder in ("", "nosendfile/"):
        answer = fetch(site, f"{folder}0")
        # From the position: one byte was read before.
        assert answer.body == DATA[1:] and answer.header("Content-Length") == str(len(DATA) - 1)
        assert fetch(site, f"{folder}raw").body == DATA
        answer = fetch(site, f"{folder}2000000")
        assert (answer.body, answer.header("Content-Length")) == (b"", "0")
        answer = fetch(site, f"{folder}100?1000")
        assert answer.body == DATA[101:1101]
    for kind, body in (("temporary", b"456789"), ("unlinked", b"23456789")):
        answer = fetch(site, kind)
        assert (answer.body, answer.header("Content-Length")) == (body, str(len(body)))
    answer = site.request("HEAD", "/f/0")
    assert (answer.header("Content-Length"), answer.body) == (str(len(DATA) - 1), b"")
    names = "0,raw,2000000,100"
    assert closed(site)[0] == f"{names},nosendfile0,nosendfileraw,nosendfile2000000,nosendfile100,temporary,unlinked,0"


def test_other_files(site):
    # spec: library:H-43
    import gzip

    site.write("lib/data.bin.gz", gzip.compress(b"what was compressed"))
    for kind, body in (("memory", b"3456789"), ("pipe", b"0123456789"), ("gzip", b"what was compressed"), ("text", DATA)):
        answer = fetch(site, kind)
        assert (answer.body, answer.header("Transfer-Encoding")) == (body.replace(b"\r", b"\n") if kind == "text" else body, "chunked")
    assert closed(site)[0] == "memory,pipe,gzip,text"
    assert fetch(site, "watched").body == DATA
    names, blocks = closed(site)
    assert names == "watched" and json.loads(blocks.replace("(", "[").replace(")", "]")) == [[1000, 1000]] * 1024 + [[1000, 0]]


def test_file_shorter_than_its_content_length(site):
    # spec: library:H-43
    answer = site.raw(b"GET /f/1023000?5000 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"Content-Length: 5000\r\n" in answer and answer.endswith(b"\r\n\r\n" + DATA[1023001:])
    site.log.expect("MPY0674: .* 999 bytes, not the 5000", times=1)


def curl(site, path, *options):
    """Ask over HTTP/2; returns (exit status, body)."""
    done = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", *options, f"http://127.0.0.1:{site.port}/f/{path}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_http2(site):
    # spec: library:H-43, library:H-38
    assert curl(site, "slow") == (0, b"0 1 2 3 4 ")
    assert curl(site, "0") == (0, DATA[1:])
    # Without a length and not chunked.
    assert curl(site, "upload", "-H", "Content-Length:", "--data-binary", f"@{site.root}/lib/data.bin") == (0, b"1024000")
    status, body = curl(site, "ends")
    assert status != 0 and body in (b"", b"begun")
    site.log.expect_traceback("WSGI application app: KeyError: 'ends'")
    site.log.expect("MPY0673: .* uncaught KeyError in the middle of a response", times=1)


def test_interpreters(site):
    # spec: library:H-30
    assert fetch(site, "other/interpreter").body == b"other"
    assert fetch(site, "interpreter").body == b"localhost"
