"""Filters and memory: a stream of any size takes little, and many requests leave nothing behind."""

import os
import re
import zlib
from pathlib import Path

import pytest

from harness.cgi_scripts import CGI
from harness.client import compose
from harness.module_server import server

_CONFIG = (
    CGI
    + """
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
MaxKeepAliveRequests 0
Timeout 60
ProxyPass "/proxied" "http://127.0.0.1:@PORT@/static/small.txt"
<Directory "@DOCS@">
    PythonOutputFilter streams::upper upper
    PythonOutputFilter streams::generated generated
    PythonInputFilter streams::upper upper
    PythonInputFilter streams::generated generated
    SetHandler mod_python
    PythonFixupHandler streams::add_filters
    PythonHandler streams
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
</Directory>
<Directory "@DOCS@/cgi">
    Options +ExecCGI
    SetHandler cgi-script
</Directory>
<Location "/proxied">
    PythonOutputFilter streams::upper upper
    PythonOutputFilter streams::generated generated
    PythonFixupHandler streams::add_filters
</Location>
"""
)

_STREAMS = '''
import os
import zlib

from mod_python import apache

BLOCK = b"0123456789abcdef" * 4096


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def generated(filter):
    for data in filter:
        yield data.upper()


def add_filters(req):
    for name in req.headers_in.get("X-Out", "").split():
        req.add_output_filter(name)
    for name in req.headers_in.get("X-In", "").split():
        req.add_input_filter(name)
    return apache.OK


def handler(req):
    if req.method == "POST":
        size = total = 0
        data = req.read(1 << 16)
        while data:
            size, total = size + len(data), zlib.crc32(data, total)
            data = req.read(1 << 16)
        req.write("%d %d" % (size, total))
    elif req.args == "pid":
        req.write(str(os.getpid()))
    elif req.args == "blocks":
        for _ in range(%(blocks)d):
            req.write(BLOCK, 0)
    else:
        req.write("some text")
    return apache.OK
'''

BLOCK = b"0123456789abcdef" * 4096
BIG, SMALL = 1600, 320  # blocks: 100 MB and 20 MB
#: Bytes that the child's peak may stand above what it had before.
LIMIT = 8 << 20

site = server(
    _CONFIG,
    {
        "htdocs/streams.py": _STREAMS.replace("%(blocks)d", str(SMALL)),
        "htdocs/cgi/cat": '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\nexec cat "@DOCS@/static/small.txt"\n',
        "htdocs/static/tiny.txt": "some text\n",
        "htdocs/static/small.txt": BLOCK * SMALL,
    },
    modules=["proxy", "proxy_http"],
    processes=None,
)


@pytest.fixture(scope="module")
def big(site):
    """The path of a file of 100 MB."""
    path = site.docs / "static/big.txt"
    with path.open("wb") as file:
        for _ in range(BIG // 16):
            file.write(BLOCK * 16)
    path.chmod(0o644)
    return path


def checksum(blocks):
    total = 0
    for _ in range(blocks):
        total = zlib.crc32(BLOCK.upper(), total)
    return len(BLOCK) * blocks, total


def memory(pid):
    """Return (resident now, highest since the last reset) in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) << 10 for name in ("VmRSS", "VmHWM"))


def received(connection):
    """Read one response to its end and return (length, checksum) of its body, without keeping it."""
    assert b" 200 " in connection.read_line()
    length = None
    while (line := connection.read_line()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split()[1])
    size = total = 0
    while size != length:
        wanted = min(1 << 16, length - size) if length is not None else int(connection.read_line(), 16)
        data = connection.read(wanted)
        assert len(data) == wanted
        size, total = size + len(data), zlib.crc32(data, total)
        if length is None:
            assert connection.read_line() == b"\r\n"
            if wanted == 0:
                break
    return size, total


def growth(connection, work):
    """Return by how many bytes the child behind a connection went above what it had before the work."""
    pid = int(connection.request("GET", "/x?pid", close=False).text)
    before, _ = memory(pid)
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    work()
    _, peak = memory(pid)
    return peak - before


@pytest.mark.parametrize("name", ["upper", "generated"])
def test_large_responses(site, big, name):
    # spec: directives:8.2.1, directives:D-19
    def ask(path, blocks):
        connection.send(compose("GET", path, headers={"X-Out": name}, close=False))
        assert received(connection) == checksum(blocks)

    # One connection is one child under every MPM; the first of two requests makes it warm.
    with site.connect() as connection:
        ask("/static/small.txt", SMALL)
        assert growth(connection, lambda: ask("/static/small.txt", SMALL)) < LIMIT
        # The size of the file makes no difference.
        assert growth(connection, lambda: ask("/static/big.txt", BIG)) < LIMIT
        for path in ("/x?blocks", "/cgi/cat", "/proxied"):
            ask(path, SMALL)
            assert growth(connection, lambda path=path: ask(path, SMALL)) < LIMIT, path


@pytest.mark.parametrize("name", ["upper", "generated"])
def test_large_bodies(site, name):
    # spec: directives:8.2.1, directives:D-19
    def send(blocks):
        headers = {"X-In": name, "Content-Length": str(len(BLOCK) * blocks)}
        connection.send(compose("POST", "/x", headers=headers, close=False))
        for _ in range(blocks // 16):
            connection.send(BLOCK * 16)
        assert connection.response().text == "%d %d" % checksum(blocks)

    with site.connect() as connection:
        send(16)
        assert growth(connection, lambda: send(BIG)) < LIMIT


def test_many_requests(site):
    # spec: directives:D-19, interpreters:I-3
    def usage():
        # One connection, so one child under every MPM, is the one that has grown most.
        anonymous = {}
        for pid in site.children():
            text = Path(f"/proc/{pid}/status").read_text()
            descriptors = len(os.listdir(f"/proc/{pid}/fd"))
            threads = int(re.search(r"^Threads:\s+(\d+)", text, re.M)[1])
            anonymous[pid] = int(re.search(r"^RssAnon:\s+(\d+) kB", text, re.M)[1]), descriptors, threads
        return anonymous

    batch = 100
    asked = [
        ("GET", "/x", {"X-Out": "upper"}, None, b"SOME TEXT"),
        ("GET", "/x", {"X-Out": "generated"}, None, b"SOME TEXT"),
        ("GET", "/static/tiny.txt", {"X-Out": "upper generated"}, None, b"SOME TEXT\n"),
        ("POST", "/x", {"X-In": "upper"}, b"some body", b"%d %d" % (9, zlib.crc32(b"SOME BODY"))),
        ("POST", "/x", {"X-In": "generated"}, b"some body", b"%d %d" % (9, zlib.crc32(b"SOME BODY"))),
    ]
    with site.connect() as connection:

        def ask(count):
            for _ in range(count // (batch * len(asked))):
                for method, path, headers, body, expected in asked:
                    connection.send(compose(method, path, headers=headers, body=body, close=False) * batch)
                    for _ in range(batch):
                        assert connection.response(method).body == expected

        ask(2000)
        before = usage()
        ask(20_000)
        after = usage()
    for pid in before:
        assert after[pid][0] - before[pid][0] < 1024, (before, after)
        assert after[pid][1] <= before[pid][1] + 1, (before, after)
        assert after[pid][2] <= before[pid][2] + 1, (before, after)
