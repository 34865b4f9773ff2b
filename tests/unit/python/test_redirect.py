"""``util.redirect``: status, header, body, and what it refuses."""

import importlib

import pytest


@pytest.fixture
def redirect(native):
    return importlib.import_module("mod_python._redirect").redirect


@pytest.fixture
def req(native, request_now):
    return request_now(err_headers_out=native.table(), sent_bodyct=0)


def test_redirect(native, redirect, req):
    # spec: library:U-231, library:U-232, library:U-233, library:Q-8
    with pytest.raises(native.SERVER_RETURN) as raised:
        redirect(req, "/a?b=1")
    assert raised.value.args == (native.DONE,)
    assert req.status == 302
    assert req.err_headers_out["Location"] == "/a?b=1"
    assert req.written == b'<p>The document has moved <a href="/a?b=1">here</a></p>\n'
    assert req.content_type is None


def test_permanent_with_a_text(native, redirect, req):
    # spec: library:U-231, library:U-232
    with pytest.raises(native.SERVER_RETURN):
        redirect(req, location="/b", permanent=1, text="test ok")
    assert (req.status, req.written) == (301, b"test ok")


def test_escaped(native, redirect, req):
    # spec: library:U-235, library:D-15
    with pytest.raises(native.SERVER_RETURN):
        redirect(req, "/\"'><script>&")
    assert b'<a href="/&quot;&#x27;&gt;&lt;script&gt;&amp;">' in req.written


@pytest.mark.parametrize("end", ["\r", "\n", "\r\nSet-Cookie: a=b", "\0"])
def test_line_ends(redirect, req, end):
    # spec: library:U-235, library:D-15
    with pytest.raises(ValueError):
        redirect(req, "/a" + end)
    assert (req.status, req.written, req.err_headers_out.items()) == (200, b"", [])


def test_refusals(redirect, req):
    # spec: library:U-230, library:U-234
    with pytest.raises(TypeError):
        redirect(req, b"/a")
    req.sent_bodyct = 1
    with pytest.raises(IOError):
        redirect(req, "/a")
    assert (req.status, req.written) == (200, b"")
