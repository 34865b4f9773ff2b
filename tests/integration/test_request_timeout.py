"""PythonRequestTimeout: what takes too long is shown and told to end; a child in which it does not end is replaced."""

import time

import pytest

from harness import server
from harness.client import compose

pytestmark = pytest.mark.slow

HANDLERS = '''
import ctypes
import os
import threading
import time

from mod_python import apache

_lock = threading.Lock()
_lock.acquire()


def handler(req):
    req.write("%d %s" % (os.getpid(), apache.interpreter))
    return apache.OK


def busy(req):
    while True:
        pass


def written(req):
    req.write("begun ", 1)
    busy(req)


def polite(req):
    try:
        try:
            busy(req)
        except Exception:
            req.write("caught by a bare except Exception")
    except apache.RequestTimeout as error:
        req.write("%s %s" % (issubclass(apache.RequestTimeout, Exception), error.args))
    return apache.OK


def swallow(req):
    while True:
        try:
            busy(req)
        except BaseException:
            pass


def sleep(req):
    time.sleep(1000)


def wait(req):
    with _lock:
        pass


def in_c(req):
    sum(range(10 ** 14))


def for_a_while(req):
    req.write("begun ", 1)
    time.sleep(float(req.args))
    return apache.OK


def until_told(req):
    req.write("begun ", 1)
    while not os.path.exists("@ROOT@/tmp/told"):
        time.sleep(0.02)
    req.write("%d" % os.getpid())
    return apache.OK


def fixuphandler(req):
    busy(req)

'''

NAMES = ["busy", "written", "polite", "swallow", "sleep", "wait", "in_c"]

# The import takes long on a busy machine, and so may the end of a call that ends.
CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonImport slow localhost
PythonImport slow other.example
PythonRequestTimeout 300ms 10s
SetHandler mod_python
PythonHandler slow
<LocationMatch "^/(swallow|sleep|wait|in_c)$">
    PythonRequestTimeout 300ms 500ms
</LocationMatch>
<LocationMatch "^/(off|until)?$">
    PythonRequestTimeout Off
</LocationMatch>
<Location /off>
    PythonHandler slow::for_a_while
</Location>
<Location /until>
    PythonHandler slow::until_told
</Location>
<Location /fixup>
    PythonFixupHandler slow
</Location>
""" + "\n".join(f"<Location /{name}>\nPythonHandler slow::{name}\n</Location>" for name in NAMES)

FILES = {"python/slow.py": HANDLERS}

HOSTS = """
<VirtualHost *>
    ServerName localhost
</VirtualHost>
<VirtualHost *>
    ServerName other.example
</VirtualHost>
"""

site = server(f"{CONFIG}\n{HOSTS}", FILES, processes=1)


def told(site, name, function, directive="PythonHandler", interpreter="localhost"):
    """Announce what the log has where the time of a call is over."""
    site.log.expect(
        rf":error\].*MPY0430: {directive} /{name}: PythonRequestTimeout, no end after 0.3 seconds "
        rf"\(interpreter '{interpreter}'\)",
        times=1,
    )
    site.log.expect(rf":error\].*MPY0431: {directive} /{name}: .*", times=None)
    site.log.expect(rf':error\].*MPY0431: {directive} /{name}:   File "/.*/slow.py", line \d+, in {function}$')


def raised(site, directive="PythonHandler"):
    """Announce what the log has where the exception was not caught."""
    site.log.expect(rf":error\].*MPY0401: {directive} .*: uncaught RequestTimeout \(phase {directive}, ", times=1)
    site.log.expect_traceback(r"_apache.RequestTimeout$", times=1)


@pytest.mark.smoke
def test_loop(site):
    told(site, "busy", "busy")
    raised(site)
    started = time.monotonic()
    assert site.get("/busy").status == 504
    assert 0.25 < time.monotonic() - started < 5
    assert site.get("/").status == 200


def test_after_output(site):
    told(site, "written", "busy")
    raised(site)
    answer = site.get("/written")
    assert answer.status == 200 and answer.text.startswith("begun ")


def test_no_exception_class(site):
    told(site, "polite", "busy")
    assert site.get("/polite").text == "False ()"


def test_phase(site):
    told(site, "fixup", "busy", "PythonFixupHandler")
    raised(site, "PythonFixupHandler")
    assert site.get("/fixup").status == 504


def test_sub_interpreter(site):
    told(site, "busy", "busy", interpreter="other.example")
    raised(site)
    assert site.get("/busy", host="other.example").status == 504
    assert site.get("/", host="other.example").text.endswith(" other.example")


def test_off(site):
    assert site.get("/off?0.6").text.startswith("begun ")


#: The innermost line of a stack.
PLACE = r'File "/.*/slow.py", line \d+,? in \w+'


def stuck(site, name, interpreter="localhost", place=PLACE):
    """Announce what the log has where a call did not end."""
    site.log.expect(rf":error\].*MPY0430: PythonHandler /{name}: .*\(interpreter '{interpreter}'\)", times=1)
    site.log.expect(rf":error\].*MPY0431: PythonHandler /{name}:   {place}$")
    site.log.expect(rf":error\].*MPY0431: PythonHandler /{name}: ")
    site.log.expect(
        rf":error\].*MPY0432: PythonHandler /{name}: still running 0.5 seconds after it was told to end, the child is "
        rf"replaced \(interpreter '{interpreter}'\)",
        times=1,
    )


def replaced(site, name, host="localhost", place=PLACE):
    """Ask for what never ends: the child is replaced, and the client gets nothing."""
    before = int(site.get("/", host=host).text.split()[0])
    stuck(site, name, host, place)
    # Exit code waits for its turn where the call keeps the processor busy.
    site.log.allow("MPY0205")
    started = time.monotonic()
    assert site.raw(f"GET /{name} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()) == b""
    assert time.monotonic() - started < 12
    assert int(site.get("/", host=host).text.split()[0]) != before


@pytest.mark.parametrize("name", ["sleep", "wait", "swallow", "in_c"])
def test_what_does_not_end(site, name):
    replaced(site, name)


@pytest.mark.parametrize("name", ["sleep", "in_c"])
def test_what_does_not_end_in_a_sub_interpreter(site, name, python_version):
    # Python 3.10 has no function that shows it without the GIL, and its faulthandler knows the main interpreter only.
    unseen = name == "in_c" and python_version == (3, 10)
    replaced(site, name, host="other.example", place="<no Python frame>" if unseen else PLACE)


def test_others_may_end(site, mpm):
    """The child takes no more connections, and ends when the other request has ended."""
    if mpm == "prefork":
        pytest.skip("a child of prefork serves nobody else")
    before = int(site.get("/").text.split()[0])
    stuck(site, "sleep")
    with site.connect() as other, site.connect() as hanging:
        other.send(compose("GET", "/until"))
        assert other.read_line().startswith(b"HTTP/1.1 200")
        hanging.send(compose("GET", "/sleep"))
        site.log.wait_for("MPY0432")
        after = int(site.get("/").text.split()[0])
        assert after != before
        site.write("tmp/told", "")
        assert b"%d" % before in other.read_to_end()
        assert hanging.read_to_end() == b""
    assert int(site.get("/").text.split()[0]) == after
