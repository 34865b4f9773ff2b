"""Request bodies that are refused, late or cut off, clients that leave, and requests that have ended."""

import json
import socket
import time

import pytest

from harness import launch
from harness.client import compose, parse
from harness.reading import READER, ask, chunks, quoted, reading_site

#: apache.DONE
DONE = -2

site = reading_site()
impatient = reading_site(timeout=1)


def wait_for(file):
    end = time.monotonic() + 10 * launch.patience
    while not file.exists():
        assert time.monotonic() < end, f"there is no {file.name}"
        time.sleep(0.01)


def test_broken_chunks_are_bad_requests(site):
    # spec: api:6.4.1
    site.log.allow("AH01590")
    headers = {"Transfer-Encoding": "chunked"}
    for path in ("uncaught", "caught"):
        assert site.post(f"/{path}/x", b"3\r\nabc\r\nno chunk\r\n", headers=headers).status == 400
    assert site.log.wait_for("outcomes .*", times=1)[0].endswith(f"outcomes {[[DONE, 400]] * 3}")


def test_unknown_transfer_encoding(site):
    # spec: api:6.4.1
    site.log.allow("AH01592|AH02002|AH10242|Unknown Transfer-Encoding")
    answer = site.post("/uncaught/x", b"abc", headers={"Transfer-Encoding": "rot13", "Connection": "close"})
    assert answer.status in (400, 501)


def test_limit_request_body(site):
    # spec: api:6.4.4
    site.log.allow("AH01587|AH01588|AH01591|AH10243")
    assert site.post("/caught/limited/x", b"x" * 101).status == 413
    chunked = chunks(b"x" * 60, b"x" * 60)
    assert site.post("/caught/limited/x", chunked, headers={"Transfer-Encoding": "chunked"}).status == 413
    announced, arrived = site.log.wait_for("outcomes .*", times=2)
    assert announced.endswith(f"outcomes {[[413]] * 3}")
    # In the middle of the body httpd answers by itself; the handler that catches the refusal learns of it.
    assert arrived.endswith(f"outcomes {[[DONE, 413]] * 3}")
    assert ask(site, "req.read()", b"x" * 100, path="/limited/x") == "x" * 100


def test_uncaught_refusal_is_its_status(httpd):
    # spec: api:6.4.4
    started = httpd(
        config='LimitRequestBody 100\n<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler reader::uncaught\n'
        "</Directory>",
        files={"htdocs/reader.py": READER},
    )
    started.log.allow("AH01587|AH01588|AH01591|AH10243")
    assert started.post("/x", b"x" * 101).status == 413
    assert started.post("/x", chunks(b"x" * 101), headers={"Transfer-Encoding": "chunked"}).status == 413
    assert started.post("/x", b"x").status == 200


ERROR = ["OSError", "Client read error (Timeout?)"]


def test_a_slow_client_is_an_error(impatient):
    # spec: api:6.4.4
    with impatient.connect() as connection:
        calls = "caught(req.read), make('failed'), seen('sent'), caught(req.read), caught(req.readline), caught(req.readlines)"
        started = time.monotonic()
        connection.send(compose("POST", f"/read?{quoted(f'[{calls}]')}", headers={"Content-Length": "10"}) + b"abc")
        wait_for(impatient.root / "tmp/failed")
        assert time.monotonic() - started > 0.9
        # One Timeout, not one for each call: who waited again would find this.
        connection.send(b"defghij")
        (impatient.root / "tmp/sent").touch()
        answer = connection.response()
        assert json.loads(answer.body) == [ERROR, None, True, ERROR, ERROR, ERROR]
        assert connection.read_to_end() == b""


def test_others_run_while_a_client_is_slow(site):
    # spec: api:6.4.4, interpreters:4.3
    with site.connect() as connection:
        headers = {"Content-Length": "3", "Expect": "100-continue"}
        connection.send(compose("POST", f"/read?{quoted('[meanwhile(), req.read()]')}", headers=headers))
        # The read has begun, and waits until there is an answer.
        assert connection.read_line() == b"HTTP/1.1 100 Continue\r\n"
        assert connection.read_line() == b"\r\n"
        (site.root / "tmp/asked").touch()
        wait_for(site.root / "tmp/answered")
        connection.send(b"abc")
        assert json.loads(connection.response().body) == [None, "abc"]


def test_a_client_that_ends_its_side_too_early(site):
    # spec: api:6.4.4
    target = f"/read?{quoted('[caught(req.read, 2), caught(req.read), caught(req.readline)]')}"
    data = site.raw(compose("POST", target, headers={"Content-Length": "10"}) + b"abcd", finish=True)
    assert json.loads(parse(data).body) == ["ab", ERROR, ERROR]
    coded = compose("POST", target, headers={"Transfer-Encoding": "chunked"}) + b"4\r\nabcd\r\n"
    assert json.loads(parse(site.raw(coded, finish=True)).body) == ["ab", ERROR, ERROR]


def test_a_client_that_leaves_in_the_middle(site):
    # spec: api:6.4.4
    site.log.expect_traceback(r"OSError: Client read error \(Timeout\?\)", times=3)
    for ending in (b"", b"abc", b"abc" * 50_000):
        connection = site.connect()
        connection.send(compose("POST", "/uncaught/x", headers={"Content-Length": "1000000"}) + ending)
        # A reset instead of an orderly end.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert ask(site, "req.read()", b"still here") == "still here"


@pytest.mark.parametrize("method", ["read", "readlines"])
def test_memory_grows_with_what_arrives(site, method):
    # spec: api:A-27
    data = compose("POST", f"/memory/x?{method}", headers={"Content-Length": "4000000000"}) + b"x" * 1000
    outcome, kilobytes = json.loads(parse(site.raw(data, finish=True)).body)
    assert outcome == ERROR
    assert kilobytes < 20_000


def test_after_the_request(site):
    # spec: api:A-12
    expression = "[caught(call)[0] for old in kept for call in (old.read, old.readline, old.readlines, old.flush)]"
    # One connection is served by one child.
    with site.connect() as connection:
        assert ask(connection, "kept.append(req)", b"x") is None
        assert ask(connection, expression) == ["ExpiredError"] * 4
