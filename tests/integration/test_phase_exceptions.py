"""Uncaught exceptions: what the log has, and what the client gets with PythonDebug Off and On."""

import re
import socket

import pytest

from harness import server

BROKEN = '''
from mod_python import apache

class Odd(Exception):
    """An exception that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__

def handler(req):
    raise ValueError("a <b> & \\"c\\" 'd'")

def chained(req):
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error

def written(req):
    req.content_type = "text/plain"
    req.write("part one ")
    raise ValueError("too late")

def buffered(req):
    req.content_type = "text/plain"
    req.write("part one ", 0)
    raise ValueError("just in time")

def newlines(req):
    raise ValueError("line one\\nline two\\r\\n[forged] line three")

def control(req):
    raise ValueError("\\x1b[31m\\x00 \\udcff \\ud800 \\u20ac")

def odd(req):
    raise Odd

def deep(req):
    return deep(req)

def until_gone(req):
    apache.log_error("GONE started", apache.APLOG_NOTICE)
    while True:
        req.write("x" * 65536)

def good(req):
    req.write("good")
    return apache.OK

def reloaded(req):
    raise ValueError("once")
'''

NAMES = ["handler", "chained", "written", "buffered", "newlines", "control", "odd", "deep", "until_gone", "good"]


def _config():
    parts = ['PythonPath "sys.path + [\'@ROOT@/python\']"']
    for where, flag in (("off", "Off"), ("on", "On")):
        parts.append(f'<Directory "@DOCS@/{where}">\nSetHandler mod_python\nPythonDebug {flag}\nPythonHandler broken')
        parts += [f"<Files {name}>\nPythonHandler broken::{name}\n</Files>" for name in NAMES[1:]]
        parts.append("</Directory>")
    for phase in ("Log", "Cleanup"):
        parts.append(f"""
            <Directory "@DOCS@/{phase}">
                SetHandler mod_python
                PythonDebug On
                PythonHandler broken::good
                Python{phase}Handler broken::handler
            </Directory>""")
    return "\n".join(parts)


site = server(
    _config(),
    {"python/broken.py": BROKEN, **{f"htdocs/{name}/.keep": "" for name in ("off", "on", "Log", "Cleanup")}},
    start_lines=[r":notice\].*\(Re\)importing"],
    processes=1,
)


def announce(site, handler, last, kind, phase="PythonHandler"):
    """Announce one traceback with its summary line."""
    site.log.expect(rf":error\].*MPY0401: {phase} {handler}: uncaught {kind} \(phase {phase}, interpreter '", times=1)
    site.log.expect_traceback(rf":error\].* {phase} {handler}: {last}", times=1)


def test_debug_off(site):
    # spec: directives:7.1, directives:7.3
    announce(site, "broken", r"ValueError: a <b> & \\?\"c\\?\" 'd'", "ValueError")
    answer = site.get("/off/x")
    assert answer.status == 500
    assert b"Traceback" not in answer.body and b"ValueError" not in answer.body
    lines = site.log.find("PythonHandler broken: ")
    # One line for each chunk of the traceback, each with its prefix.
    chunks = [line.split("PythonHandler broken: ", 1)[1] for line in lines if "MPY0401" not in line]
    assert chunks[0] == "Traceback (most recent call last):"
    assert chunks[1].startswith('  File "') and "in handler\\n" in chunks[1]
    assert len(chunks) == 3


def test_debug_on(site):
    # spec: directives:7.4, directives:7.5, directives:D-5
    announce(site, "broken", "ValueError: a <b>", "ValueError")
    answer = site.get("/on/x")
    assert (answer.status, answer.header("Content-Type")) == (500, "text/html")
    text = answer.text
    assert text.startswith('\n<pre>\nMod_python error: "PythonHandler broken"\n\nTraceback (most recent call last):\n')
    assert text.endswith("\nValueError: a &lt;b&gt; &amp; &quot;c&quot; &#x27;d&#x27;\n</pre>\n")
    assert not re.search("<(?!/?pre>)", text)


def test_chained(site):
    # spec: directives:7.1
    announce(site, "broken::chained", "ValueError: second", "ValueError")
    text = site.get("/on/chained").text
    assert "KeyError" in text and "direct cause" in text


def test_after_flushed_output(site):
    # spec: directives:7.7
    announce(site, "broken::written", "ValueError: too late", "ValueError")
    answer = site.get("/on/written")
    assert (answer.status, answer.header("Content-Type")) == (200, "text/plain")
    assert answer.text.startswith('part one \n<pre>\nMod_python error: "PythonHandler broken::written"')


def test_after_buffered_output(site):
    # spec: directives:7.5, directives:7.7
    announce(site, "broken::buffered", "ValueError: just in time", "ValueError")
    answer = site.get("/on/buffered")
    assert (answer.status, answer.header("Content-Type")) == (500, "text/html")
    assert answer.text.startswith("part one \n<pre>\n")


def test_after_output_without_debug(site):
    # spec: directives:7.3, directives:7.7
    announce(site, "broken::written", "ValueError: too late", "ValueError")
    answer = site.get("/off/written")
    assert answer.status == 200
    assert answer.text.startswith("part one <!DOCTYPE HTML") and "too late" not in answer.text


@pytest.mark.parametrize("where", ["on", "off"])
def test_texts_that_could_forge_a_line(site, where):
    # spec: directives:7.1
    announce(site, "broken::newlines", r"ValueError: line one\\nline two\\r\\n\[forged\] line three", "ValueError")
    assert site.get(f"/{where}/newlines").status == 500
    assert not [line for line in site.log.lines() if line.startswith("[forged]")]


@pytest.mark.parametrize("where", ["on", "off"])
def test_texts_that_are_no_utf_8(site, where):
    # spec: directives:7.1, directives:7.5
    announce(site, "broken::control", "ValueError: ", "ValueError")
    assert site.get(f"/{where}/control").status == 500
    assert not site.log.find("\x1b")


@pytest.mark.parametrize("where", ["on", "off"])
def test_exception_that_cannot_be_shown(site, where):
    # spec: directives:7.1
    announce(site, "broken::odd", r"\S*Odd: <exception str\(\) failed>", "Odd")
    assert site.get(f"/{where}/odd").status == 500


def test_recursion(site):
    # spec: directives:7.1
    announce(site, "broken::deep", "RecursionError: maximum recursion depth exceeded", "RecursionError")
    assert site.get("/off/deep").status == 500
    assert site.get("/off/good").text == "good"


@pytest.mark.parametrize("phase", ["Log", "Cleanup"])
def test_late_phases_only_log(site, phase):
    # spec: directives:7.11, directives:7.12, directives:D-7
    announce(site, "broken::handler", "ValueError: a <b>", "ValueError", phase=f"Python{phase}Handler")
    with site.connect() as connection:
        assert connection.request("GET", f"/{phase}/x").body == b"good"
        site.log.wait_for("ValueError: a <b>")
        # Nothing stands between the two responses.
        assert connection.request("GET", "/off/good").body == b"good"


@pytest.mark.parametrize("where", ["on", "off"])
def test_client_that_left(site, where):
    # spec: directives:7.8, directives:7.9, directives:D-6
    with site.connect() as connection:
        connection.send(f"GET /{where}/until_gone HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        site.log.wait_for("GONE started")
        connection.read(1000)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    site.log.expect("MPY0401: PythonHandler broken::until_gone: uncaught OSError", times=1)
    site.log.expect_traceback("PythonHandler broken::until_gone: OSError: Write failed", times=1)
    site.log.wait_for("OSError: Write failed")
    assert site.get("/off/good").text == "good"
    assert not site.log.find("non-integer")


def test_debug_logs_imports(site):
    # spec: directives:7.10, directives:4.2.2
    source = (site.root / "python/broken.py").read_text()
    site.write("python/broken.py", source + "\n# changed\n")
    assert site.get("/off/good").text == "good"
    assert not site.log.find("importing module")
    site.write("python/broken.py", source + "\n# changed again\n")
    assert site.get("/on/good").text == "good"
    assert len(site.log.find(r"python:notice\].*mod_python: \(Re\)importing module 'broken'$")) == 1
