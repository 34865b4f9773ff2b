"""PythonInterpreterGIL: who shares a GIL with whom, what is refused, and the end of a child that has several."""

import re
import threading

import pytest

pytestmark = pytest.mark.interpreters

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
<Location "/">
    SetHandler mod_python
    PythonHandler pages
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName one.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName two.test
</VirtualHost>
"""

# The spinning call never gives up the GIL: a regular expression that would run for hours.
PAGES = """
import re
import sys

from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    what = req.path_info[1:]
    if what == "spin":
        with open("@ROOT@/tmp/spinning", "w") as note:
            note.write(apache.interpreter)
        re.match(r"(a|aa)+$", "a" * 60 + "b")
    elif what == "limit":
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
    elif what == "refuse":
        import refusing
    req.write(f"{apache.interpreter} {sys.getrecursionlimit()}")
    return apache.OK
"""

FILES = {"lib/pages.py": PAGES}


@pytest.fixture
def own(serve, python_version):
    """A server with one child whose interpreters have GILs of their own."""
    if python_version < (3, 12):
        pytest.skip("PythonInterpreterGIL own needs Python 3.12; the test below holds the message that says so")
    return serve(mpm="worker", processes=1, config="PythonInterpreterGIL own\n" + CONFIG, files=FILES)


def test_own_needs_python_3_12(serve, python_version):
    # spec: interpreters:2.11
    status, text = serve.make(config="PythonInterpreterGIL own\n").check_config()
    if python_version >= (3, 12):
        assert status == 0
    else:
        assert status != 0
        assert re.search(r"PythonInterpreterGIL own needs Python 3\.12 or newer, this module was built for Python 3\.1", text)


@pytest.mark.parametrize("word", ["none", "Onw", "1"])
def test_other_words_are_refused(serve, word):
    status, text = serve.make(config=f"PythonInterpreterGIL {word}\n").check_config()
    assert status != 0
    assert "PythonInterpreterGIL must be own or shared" in text


def test_shared_is_the_default(serve):
    # spec: interpreters:2.11
    for lines in ("", "PythonInterpreterGIL shared\n", "PythonInterpreterGIL Shared\n"):
        site = serve(mpm="worker", processes=1, config=lines + CONFIG, files=FILES)
        for host in ("main.test", "one.test", "two.test", "one.test"):
            assert site.get("/x", host=host).text.startswith(host + " ")
        site.stop()


@pytest.mark.parametrize("spinner", ["one.test", "main.test"])
def test_an_interpreter_that_keeps_its_gil_stops_no_other(own, spinner):
    # spec: interpreters:2.11
    # With one GIL for all, no other request would be answered while the spinning one runs, which is for hours.
    others = [host for host in ("main.test", "one.test", "two.test") if host != spinner]
    for host in others:
        assert own.get("/x", host=host).status == 200
    # httpd can end such a child by force only.
    own.log.allow(r"AH00045: child process \d+ still did not exit, sending a SIGTERM")
    own.log.allow(r"AH00046: child process \d+ still did not exit, sending a SIGKILL")
    own.log.allow(r"MPY0205: ")
    with own.connect() as spinning:
        spinning.send(f"GET /spin HTTP/1.1\r\nHost: {spinner}\r\n\r\n".encode())
        note = own.root / "tmp/spinning"
        for _ in range(400):
            if note.exists() and note.read_text() == spinner:
                break
            threading.Event().wait(0.02)
        for _ in range(20):
            for host in others:
                assert own.get("/x", host=host).text.startswith(host + " ")
        own.stop()


def test_stop_and_restart_with_several_gils(own):
    # spec: interpreters:2.8, interpreters:2.9
    for _ in range(3):
        for host in ("main.test", "one.test", "two.test") * 3:
            assert own.get("/x", host=host).text.startswith(host + " ")
        own.graceful()


def test_an_extension_that_refuses_is_explained(own):
    # spec: interpreters:2.10
    # readline is one that CPython itself keeps to the main interpreter, under every name.
    own.write("lib/refusing.py", "import importlib\n\nfor name in ('readline', '_testsinglephase', '_tkinter'):\n"
                                 "    try:\n        importlib.import_module(name)\n"
                                 "    except ModuleNotFoundError:\n        pass\n"
                                 "raise ImportError('module x does not support loading in subinterpreters')\n")  # fmt: skip
    own.log.expect(r"MPY0401: PythonHandler pages: uncaught ImportError", times=1)
    own.log.expect(r"MPY0301: interpreter='one\.test' .*'PythonInterpreter main_interpreter'", times=1)
    own.log.expect_traceback(r"ImportError: module \S+ does not support loading in subinterpreters", times=1)
    assert own.get("/refuse", host="one.test").status == 500
    assert own.get("/x", host="one.test").status == 200
