"""PythonRequestTimeout: a child that is replaced takes no more connections, not even while its exit code runs."""

import pytest

from harness import server
from harness.client import compose

HANDLERS = '''
import os
import time

from mod_python import apache

def handler(req):
    req.write("%d" % os.getpid())
    return apache.OK

def until_told(req):
    req.write("begun ", 1)
    while not os.path.exists("@ROOT@/tmp/told"):
        time.sleep(0.02)
    return apache.OK

def sleep(req):
    time.sleep(1000)

def childexithandler(server):
    time.sleep(1.5)
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
PythonImport leaving localhost
SetHandler mod_python
PythonHandler leaving
<Location /sleep>
    PythonRequestTimeout 100ms 100ms
    PythonHandler leaving::sleep
</Location>
<Location /until>
    PythonHandler leaving::until_told
</Location>
"""

FILES = {"lib/leaving.py": HANDLERS}

site = server(CONFIG + "PythonChildExitHandler leaving\n", FILES, processes=1)


def stuck(site):
    """Announce what the log has, and return the connection for it."""
    site.log.expect("MPY0430: PythonHandler /sleep: ", times=1)
    site.log.expect("MPY0431: PythonHandler /sleep: ")
    site.log.expect("MPY0432: PythonHandler /sleep: ", times=1)
    return site.connect()


def test_connections_are_for_the_next_child(site):
    former = site.get("/").text
    with stuck(site) as connection:
        connection.send(b"GET /sleep HTTP/1.1\r\nHost: localhost\r\n\r\n")
        site.log.wait_for("MPY0434")
        # Its exit code is running.
        answers = [site.get("/") for _ in range(5)]
        assert [answer.status for answer in answers] == [200] * 5
        assert former not in {answer.text for answer in answers}
        assert connection.read_to_end() == b""


def test_no_thread_is_lost_for_the_next_child(httpd, mpm):
    """A child that begins in the place of one that still ends gets the threads of what was stuck as well."""
    if mpm == "prefork":
        pytest.skip("a child of prefork serves nobody else")
    site = httpd(config=CONFIG, files=FILES, processes=1, threads=3)
    for _ in range(4):
        former = site.get("/").text
        (site.root / "tmp/told").unlink(missing_ok=True)
        with site.connect() as other, stuck(site) as connection:
            other.send(compose("GET", "/until"))
            assert other.read_line().startswith(b"HTTP/1.1 200")
            connection.send(compose("GET", "/sleep"))
            site.log.wait_for("MPY0432")
            assert site.get("/").text != former
            site.write("tmp/told", "")
            assert b"begun" in other.read_to_end()
            assert connection.read_to_end() == b""
        site.log.check()
