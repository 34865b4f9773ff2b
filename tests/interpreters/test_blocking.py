"""What blocks in one thread lets the other threads of the same interpreter run."""

import json
import threading
import time

import pytest

from harness import Httpd
from harness.client import compose

pytestmark = pytest.mark.interpreters

WAITING = """
import json
import os
import threading
import _apache
from mod_python import apache

def note(name):
    open("@ROOT@/tmp/" + name, "w").close()

def handler(req):
    what = req.uri.rpartition("/")[2]
    if what == "discard":
        note("discard")
        req.discard_request_body()
        req.write("discarded")
    elif what == "lock":
        note("lock")
        _apache._global_lock(req.server, "key", 1)
        _apache._global_unlock(req.server, "key", 1)
        req.write("locked")
    elif what == "take":
        _apache._global_lock(req.server, "key", 1)
    elif what == "release":
        _apache._global_unlock(req.server, "key", 1)
    elif what == "log":
        note("log")
        for _ in range(200):
            req.server.log_error("x" * 1000)
        req.write("logged")
    elif what == "thread":
        now, native = threading.current_thread(), threading.get_native_id()
        main = threading.main_thread()
        facts = [now.ident == threading.get_ident(), now.is_alive(), threading.current_thread() is now]
        req.write(json.dumps([native, now.ident, now is main, main.ident == now.ident, facts]))
    else:
        req.write(f"{os.getpid()} {req.interpreter}")
    return apache.OK
"""

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
SetHandler mod_python
PythonHandler waiting
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName other.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName logging.test
    ErrorLog "|/bin/sh @ROOT@/lib/reads-later.sh"
</VirtualHost>
"""


#: A log program that reads nothing before it is told to: the pipe fills up.
READS_LATER = """
while [ ! -e @ROOT@/tmp/read-now ]; do sleep 0.05; done
exec cat >/dev/null
"""

FILES = {"lib/waiting.py": WAITING, "lib/reads-later.sh": READS_LATER}


@pytest.fixture(scope="module", params=["worker", "event"])
def site(request, tree):
    """One child, so that all requests of a host meet in one interpreter."""
    with Httpd(tree, request.param, CONFIG, FILES, processes=1, threads=8) as httpd:
        yield httpd


def begun(site, name):
    """Wait until a handler is where it is going to block."""
    end = time.monotonic() + 10
    while not (site.root / "tmp" / name).exists():
        assert time.monotonic() < end, name
        time.sleep(0.01)
    (site.root / "tmp" / name).unlink()
    # From the note to the call itself.
    time.sleep(0.1)


@pytest.mark.parametrize("host", ["main.test", "other.test"])
def test_discarding_a_body_that_does_not_come(site, host):
    # spec: interpreters:4.4, interpreters:4.3
    with site.connect() as slow:
        slow.send(compose("POST", "/discard", headers={"Content-Length": "5"}, host=host))
        begun(site, "discard")
        quick = {site.get("/quick", host=host).text for _ in range(5)}
        assert len(quick) == 1 and quick.pop().endswith(host)
        slow.send(b"12345")
        assert slow.response().text == "discarded"


@pytest.mark.parametrize("host", ["main.test", "other.test"])
def test_waiting_for_a_global_lock(site, host):
    # spec: interpreters:4.4
    assert site.get("/take", host=host).status == 200
    got = []
    waiter = threading.Thread(target=lambda: got.append(site.get("/lock", host=host).text))
    waiter.start()
    try:
        begun(site, "lock")
        assert site.get("/quick", host=host).text.endswith(host)
        assert got == []
    finally:
        site.get("/release", host=host)
        waiter.join()
    assert got == ["locked"]


def test_writing_to_a_log_that_nobody_reads(site):
    # spec: interpreters:4.4
    got = []
    writer = threading.Thread(target=lambda: got.append(site.get("/log", host="logging.test").text))
    writer.start()
    try:
        begun(site, "log")
        assert site.get("/quick", host="logging.test").text.endswith("logging.test")
        assert got == []
    finally:
        (site.root / "tmp/read-now").touch()
        writer.join()
    assert got == ["logged"]


def test_current_thread(site):
    # spec: interpreters:4.7
    for host in ("main.test", "other.test"):
        seen = []

        def ask():
            for _ in range(10):
                seen.append(json.loads(site.get("/thread", host=host).text))

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert all(facts == [True, True, True] for *_, facts in seen)
        # One identity for each thread, and the main thread's for no other.
        assert len({(native, ident) for native, ident, *_ in seen}) == len({native for native, *_ in seen})
        assert all(is_main == same for _, _, is_main, same, _ in seen)
