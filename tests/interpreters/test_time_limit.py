"""PythonRequestTimeout in interpreters with a GIL of their own: each is told for itself, whatever another one does."""

import threading
import time

import pytest

pytestmark = pytest.mark.interpreters

PAGES = """
import os
import time

from mod_python import apache

def handler(req):
    req.write("%d %s" % (os.getpid(), apache.interpreter))
    return apache.OK

# Showing a traceback may import extension modules, which takes the main interpreter's GIL.
def busy(req):
    try:
        while True:
            pass
    except apache.RequestTimeout:
        return apache.HTTP_GATEWAY_TIME_OUT

def in_c(req):
    sum(range(10 ** 14))

def sleep(req):
    time.sleep(1000)
"""

CONFIG = """
PythonInterpreterGIL own
PythonPath "sys.path + ['@ROOT@/lib']"
PythonImport pages main.test
PythonImport pages one.test
PythonImport pages two.test
PythonRequestTimeout 300ms 10s
SetHandler mod_python
PythonHandler pages
<Location /plain>
    PythonRequestTimeout Off
</Location>
<Location /busy>
    PythonHandler pages::busy
</Location>
<Location /sleep>
    PythonRequestTimeout 300ms 500ms
    PythonHandler pages::sleep
</Location>
<Location /in_c>
    PythonRequestTimeout 300ms 6
    PythonHandler pages::in_c
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


@pytest.fixture
def own(serve, python_version):
    """A server with one child whose interpreters have GILs of their own."""
    if python_version < (3, 12):
        pytest.skip("PythonInterpreterGIL own needs Python 3.12; tests of one GIL are in test_request_timeout.py")
    return serve(mpm="worker", processes=1, config=CONFIG, files={"lib/pages.py": PAGES})


def child(site, host):
    return int(site.get("/plain", host=host).text.split()[0])


def told(site, host):
    site.log.expect(rf"MPY0430: PythonHandler /busy: .*no end after 0.3 seconds \(interpreter '{host}'\)", times=1)
    site.log.expect("MPY0431: PythonHandler /busy: .* in busy$")
    site.log.expect("MPY0431: PythonHandler /busy: ")


def test_each_is_told(own):
    before = child(own, "one.test")
    told(own, "one.test")
    told(own, "two.test")
    statuses = []
    ask = lambda host: statuses.append(own.get("/busy", host=host).status)  # noqa: E731
    threads = [threading.Thread(target=ask, args=[host]) for host in ("one.test", "two.test")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [504, 504]
    assert child(own, "one.test") == child(own, "two.test") == before


@pytest.mark.parametrize("keeper", ["one.test", "main.test"])
def test_one_that_keeps_its_gil(own, keeper):
    """The others go on, and have their times told, until the child is replaced."""
    before = child(own, "two.test")
    own.log.expect(rf"MPY0430: PythonHandler /in_c: .*, and holds the GIL or waits for it \(interpreter '{keeper}'\)", times=1)
    own.log.expect(r'MPY0431: PythonHandler /in_c:   File ".*/lib/pages.py", line \d+ in in_c$')
    own.log.expect("MPY0431: PythonHandler /in_c: ")
    own.log.expect(rf"MPY0432: PythonHandler /in_c: .*the child is replaced \(interpreter '{keeper}'\)", times=1)
    told(own, "two.test")
    with own.connect() as stuck:
        stuck.send(f"GET /in_c HTTP/1.1\r\nHost: {keeper}\r\n\r\n".encode())
        own.log.wait_for("MPY0431: PythonHandler /in_c")
        assert own.get("/busy", host="two.test").status == 504
        assert child(own, "two.test") == before
        assert stuck.read_to_end() == b""
    assert child(own, keeper) != before


def test_one_that_sleeps(own):
    before = child(own, "one.test")
    own.log.expect("MPY0430: PythonHandler /sleep: .*", times=1)
    own.log.expect("MPY0431: PythonHandler /sleep: ")
    own.log.expect("MPY0432: PythonHandler /sleep: ", times=1)
    started = time.monotonic()
    with own.connect() as stuck:
        stuck.send(b"GET /sleep HTTP/1.1\r\nHost: one.test\r\n\r\n")
        assert stuck.read_to_end() == b""
    assert time.monotonic() - started < 12
    assert child(own, "one.test") != before
