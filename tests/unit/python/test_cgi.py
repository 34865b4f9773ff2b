"""CGI support in ``mod_python.apache``: api 4."""

import os
import sys

import pytest
from fake_apache import Request


# spec: api:4.1
def test_build_cgi_env(apache):
    req = Request()
    req.headers_in.add("Authorization", "Basic eDp5")
    env = apache.build_cgi_env(req)
    assert dict(env.items()) == {
        "GATEWAY_INTERFACE": "Python-CGI/1.1",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/app/run",
        "HTTP_AUTHORIZATION": "Basic eDp5",
    }
    assert req.subprocess_env["SCRIPT_NAME"] == "/wrong"
    req = Request(path_info="", uri="/app/run")
    env = apache.build_cgi_env(req)
    assert env["SCRIPT_NAME"] == "/app/run"
    assert env.get("HTTP_AUTHORIZATION") is None
    # In a path info of other text than the end of the URI nothing is cut.
    assert apache.build_cgi_env(Request(path_info="/o"))["SCRIPT_NAME"] == (
        "/app/run/extra"
    )


# spec: api:4.2 api:4.3 api:A-5
def test_setup_and_restore(apache, monkeypatch):
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("REQUEST_METHOD", "before")
    environ, before = dict(os.environ), (sys.stdin, sys.stdout)
    req = Request(b"body\n")
    saved = apache.setup_cgi(req)
    try:
        assert saved == (environ, *before)
        assert os.environ["SCRIPT_NAME"] == "/app/run"
        assert os.environ["REQUEST_METHOD"] == "GET"
        assert os.environ["KEPT"] == "kept"
        assert sys.argv == []
        assert sys.stdin.readline() == "body\n"
        print("Content-Type: text/plain\n")
        print("hello")
        del os.environ["KEPT"]
    finally:
        apache.restore_nocgi(*saved)
    assert req.written == b"hello\n"
    assert (sys.stdin, sys.stdout) == before
    assert dict(os.environ) == environ


# spec: api:4.4
def test_nullio(apache):
    file = apache.NullIO()
    assert (file.tell(), file.read(), file.read(5)) == (0, "", "")
    assert (file.readline(), file.readline(3), file.readlines()) == ("", "", [])
    for call in (file.flush, file.close, file.detach):
        assert call() is None
    assert file.write("x") is None and file.seek(0) is None
    assert file.isatty() == 0
    written = []
    file.write = written.append
    file.writelines(["a", "b"])
    assert written == ["ab"]


BODY = "één\r\nzwei\n\udcff\nlast".encode("utf-8", "surrogateescape")


# spec: api:4.5 api:A-6
def test_stdin_is_text(apache):
    text = BODY.decode("utf-8", "surrogateescape")
    assert apache.CGIStdin(Request(BODY)).read() == text
    stdin = apache.CGIStdin(Request(BODY))
    assert (stdin.read(2), stdin.readline(), stdin.readline(2)) == ("éé", "n\r\n", "zw")
    assert stdin.readlines() == ["ei\n", "\udcff\n", "last"]
    assert (stdin.read(), stdin.readline(), stdin.readlines()) == ("", "", [])
    lines = ["één\r\n", "zwei\n", "\udcff\n", "last"]
    assert list(apache.CGIStdin(Request(BODY))) == lines
    assert apache.CGIStdin(Request()).read() == ""
    assert stdin.isatty() == 0


# spec: api:4.5 api:A-6
def test_stdin_has_bytes(apache):
    buffer = apache.CGIStdin(Request(BODY)).buffer
    assert (buffer.read(3), buffer.readline()) == (BODY[:3], BODY[3:7])
    assert buffer.read() == BODY[7:]
    assert buffer.read() == b""


# spec: api:4.5
def test_stdin_reads_in_blocks(apache):
    asked = []

    class Watched(Request):
        def read(self, length=-1):
            asked.append(length)
            return super().read(length)

    body = os.urandom(200_000)
    assert apache.CGIStdin(Watched(body)).buffer.read() == body
    assert set(asked) == {65536}
    asked.clear()
    assert len(apache.CGIStdin(Watched(b"x" * 200_000)).read()) == 200_000
    assert 0 < max(asked) <= 65536 and min(asked) > 0


# spec: api:4.5
def test_stdin_error_of_the_client(apache):
    class Gone(Request):
        def read(self, length=-1):
            raise OSError("Client read error (Timeout?)")

    with pytest.raises(OSError, match="Client read error"):
        apache.CGIStdin(Gone()).read()


# spec: api:4.6
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_stdout(apache, end, step):
    req = Request()
    out = apache.CGIStdout(req)
    head = ["Status: 404 Not here", "content-type: text/x; a=b", "X: 1", "X: a:b", ""]
    text = "".join(line + end for line in head) + "body\r\n\r\nmore\n\ncafé"
    for start in range(0, len(text), step):
        out.write(text[start : start + step])
    assert req.status == 404
    assert req.content_type == "text/x; a=b"
    assert req.headers_out["Content-Type"] == "text/x; a=b"
    assert req.headers_out["X"] == ["1", "a:b"]
    assert req.headers_out.get("Status") is None
    assert req.written == "body\r\n\r\nmore\n\ncafé".encode()
    assert out.tell() == len(text)


# spec: api:4.6
def test_stdout_without_headers_and_empty_writes(apache):
    req = Request()
    out = apache.CGIStdout(req)
    out.write("")
    out.write("\nbody")
    writes = req.writes
    out.write("")
    assert out.write("é") == 1
    assert (req.written, req.writes) == ("bodyé".encode(), writes + 1)
    assert (req.content_type, req.headers_out.items()) == (None, [])
    out.writelines(["a", "b"])
    out.flush()
    assert req.written.endswith(b"ab")


# spec: api:4.6
def test_stdout_with_a_bad_header(apache):
    with pytest.raises(ValueError, match="'no colon'"):
        apache.CGIStdout(Request()).write("X: 1\nno colon\n\n")


# spec: api:4.6
def test_stdout_takes_bytes(apache):
    req = Request()
    out = apache.CGIStdout(req)
    out.write("Content-Type: image/png\n\n")
    out.buffer.write(b"\x89PNG\xff")
    out.buffer.flush()
    assert req.written == b"\x89PNG\xff"
