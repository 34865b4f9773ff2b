"""The end of a child: registered cleanups and atexit callbacks, their order, their time limit, and threads meanwhile."""

import time

import pytest

from harness import Httpd, server

pytestmark = [pytest.mark.interpreters, pytest.mark.slow]

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
PythonImport pages::at_start one.test
<Location "/">
    SetHandler mod_python
    PythonHandler pages
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName one.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName two.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName three.test
</VirtualHost>
"""

PAGES = """
import atexit
import ctypes
import os
import threading
import time

from mod_python import apache

_count = 0

def note(text):
    with open("@ROOT@/tmp/notes", "a") as notes:
        notes.write(f"{os.getpid()} {apache.interpreter} {text}\\n")

def at_start():
    apache.register_cleanup(note, "from PythonImport")

def fail(data):
    raise ValueError(f"failing {data}")

def spin():
    while True:
        sum(range(1000))

def hold():
    time.sleep(3600)

def handler(req):
    global _count
    req.content_type = "text/plain"
    what, _, argument = req.path_info[1:].partition("/")
    if what == "register":
        apache.register_cleanup(note, argument)
    elif what == "none":
        apache.register_cleanup(lambda *args: note(repr(args)))
    elif what == "atexit":
        atexit.register(note, argument)
    elif what == "fail":
        apache.register_cleanup(fail, argument)
    elif what == "hang":
        apache.register_cleanup(lambda data: hold())
    elif what == "threads":
        for target in (spin, hold, spin):
            threading.Thread(target=target, daemon=True).start()
    elif what == "user-thread":
        threading.Thread(target=hold).start()
    elif what == "stuck":
        # C code that never returns, at the very end of the process.
        libc = ctypes.CDLL(None)
        libc.on_exit(ctypes.cast(libc.pause, ctypes.c_void_p), None)
        note("stuck")
        time.sleep(60)
    elif what == "sleep":
        note("sleeps")
        time.sleep(float(argument))
        note("slept")
    elif what == "refuse":
        for arguments in ((), (1,), ("text", None)):
            try:
                apache.register_cleanup(*arguments)
            except (TypeError, ValueError) as error:
                req.write(type(error).__name__ + " ")
    req.write(str(os.getpid()))
    return apache.OK
"""

FILES = {"lib/pages.py": PAGES}


@pytest.fixture
def one_child(httpd):
    """A server with one child whose end is looked at."""
    return httpd(config=CONFIG, files=FILES, processes=1)


def notes(site):
    """Return what cleanups wrote, without the process id."""
    file = site.root / "tmp/notes"
    return [line.split(" ", 1)[1] for line in file.read_text().splitlines()] if file.exists() else []


def ask(site, path, host="one.test"):
    answer = site.get(path, host=host)
    assert answer.status == 200
    return answer.text


def test_cleanups_and_then_atexit(one_child):
    # spec: interpreters:8/server.register_cleanup, interpreters:8.1, interpreters:8.2, interpreters:8.3
    # spec: interpreters:2.8, interpreters:I-7, interpreters:1.2/cleanups
    one_child.log.expect(r"python_cleanup: Error calling cleanup object <function fail at", times=1)
    one_child.log.expect(r"ValueError'>: failing b", times=1)
    ask(one_child, "/register/a", "one.test")
    ask(one_child, "/atexit/first", "two.test")
    ask(one_child, "/atexit/second", "two.test")
    ask(one_child, "/fail/b", "two.test")
    ask(one_child, "/register/c", "two.test")
    ask(one_child, "/atexit/third", "one.test")
    ask(one_child, "/none/", "three.test")
    ask(one_child, "/register/d", "one.test")
    assert one_child.stop_when_idle() < 5
    assert notes(one_child) == [
        "one.test d",
        "three.test (None,)",
        "two.test c",
        "one.test a",
        "one.test from PythonImport",
        "two.test second",
        "two.test first",
        "one.test third",
    ]


def test_graceful_restart_runs_them_too(one_child):
    # spec: interpreters:8/server.register_cleanup, interpreters:8.2
    old = ask(one_child, "/register/a")
    time.sleep(0.5)
    one_child.graceful()
    deadline = time.monotonic() + 10
    while "one.test from PythonImport" not in notes(one_child):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert notes(one_child) == ["one.test a", "one.test from PythonImport"]
    assert ask(one_child, "/x") != old


def test_wrong_arguments(one_child):
    assert ask(one_child, "/refuse").split()[:3] == ["TypeError", "ValueError", "ValueError"]


def test_time_limit(one_child):
    # spec: interpreters:2.8, interpreters:I-7
    # httpd's parent asks again and says so.
    one_child.log.allow(r"AH00045: child process \d+ still did not exit, sending a SIGTERM")
    one_child.log.expect(r"MPY0205: .* 5 seconds", times=1)
    ask(one_child, "/register/never")
    ask(one_child, "/hang", "two.test")
    ask(one_child, "/register/reached")
    # httpd itself would end it after nine seconds, and say so: AH00046.
    assert one_child.stop_when_idle() >= 5
    assert notes(one_child) == ["one.test reached"]


def test_daemon_threads_in_two_interpreters(one_child):
    # spec: interpreters:4.8, interpreters:2.8
    for host in ("two.test", "three.test", "one.test"):
        ask(one_child, "/threads", host)
        ask(one_child, "/user-thread", host)
        ask(one_child, f"/register/{host}", host)
    for _ in range(3):
        time.sleep(0.5)
        one_child.graceful()
        ask(one_child, "/threads", "two.test")
        ask(one_child, "/threads", "three.test")
    assert one_child.stop_when_idle() < 8
    assert {"two.test two.test", "three.test three.test", "one.test one.test"} <= set(notes(one_child))


def test_stop_while_a_request_sleeps(one_child, mpm):
    # spec: interpreters:8.2
    # httpd ends a prefork child from a signal handler, in the middle of the request. The others close the connection.
    one_child.log.allow(r"PythonHandler pages: ")
    one_child.log.allow(r"AH00045: child process \d+ still did not exit, sending a SIGTERM")
    ask(one_child, "/register/end", "two.test")
    with one_child.connect() as connection:
        # The other MPMs wait for their threads.
        seconds = 60 if mpm == "prefork" else 2
        connection.send(b"GET /sleep/%d HTTP/1.1\r\nHost: two.test\r\n\r\n" % seconds)
        while "two.test sleeps" not in notes(one_child):
            time.sleep(0.02)
        started = time.monotonic()
        one_child.stop()
        took = time.monotonic() - started
    assert took < 6
    # A child of prefork that is in the middle of a request leaves at once, without user code.
    rest = [] if mpm == "prefork" else ["two.test slept", "two.test end", "one.test from PythonImport"]
    assert notes(one_child) == ["two.test sleeps", *rest]


def test_end_that_is_stuck_in_the_middle_of_a_request(tree):
    # A signal that finds a prefork child inside malloc leaves it waiting for its own lock. It must not wait to be killed.
    # spec: interpreters:2.8
    with Httpd(tree, "prefork", CONFIG, FILES, processes=1) as one_child, one_child.connect() as connection:
        connection.send(b"GET /stuck HTTP/1.1\r\nHost: two.test\r\n\r\n")
        while "two.test stuck" not in notes(one_child):
            time.sleep(0.02)
        started = time.monotonic()
        one_child.restart()
        assert time.monotonic() - started < 6
        assert not one_child.log.find("AH00046")


site = server(CONFIG, FILES)


def test_graceful_restart_lets_a_request_end(site):
    # spec: interpreters:2.9
    (site.root / "tmp/notes").unlink(missing_ok=True)
    with site.connect() as connection:
        connection.send(b"GET /sleep/1.5 HTTP/1.1\r\nHost: two.test\r\nConnection: close\r\n\r\n")
        while "two.test sleeps" not in notes(site):
            time.sleep(0.02)
        site.graceful()
        assert connection.response().status == 200
