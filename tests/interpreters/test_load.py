"""Two thousand mixed requests over four interpreters, and thirty graceful restarts under load."""

import os
import threading
import time
from pathlib import Path

import pytest

from harness import server

pytestmark = [pytest.mark.interpreters, pytest.mark.slow]

HOSTS = ["main.test", "one.test", "two.test", "three.test"]

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
<Location "/">
    SetHandler mod_python
    PythonHandler pages
    PythonFixupHandler pages
    PythonLogHandler pages
</Location>
""" + "".join(f"<VirtualHost 127.0.0.1:@PORT@>\nServerName {host}\n</VirtualHost>\n" for host in HOSTS)

PAGES = """
from mod_python import apache

def fixuphandler(req):
    req.noted = req.headers_in.get("X-Number", "none")
    return apache.OK

def loghandler(req):
    assert req.noted is not None
    return apache.OK

def handler(req):
    what, _, argument = req.path_info[1:].partition("/")
    if what == "raise":
        raise apache.SERVER_RETURN(apache.HTTP_CONFLICT)
    req.content_type = "text/plain"
    req.headers_out["X-Answer"] = req.noted
    if what == "big":
        for _ in range(64):
            req.write("x" * 1024)
    elif what == "read":
        req.write(req.read())
    req.write(f"{apache.interpreter} {req.uri} {req.noted}")
    return apache.OK
"""

site = server(CONFIG, {"lib/pages.py": PAGES}, threads=8)


def one(site, number):
    """Send one of five kinds of requests and return what is wrong with the answer, if anything."""
    host = HOSTS[number % 4]
    kind = ["plain", "big", "read", "raise", "plain"][number % 5]
    options = {"host": host, "headers": {"X-Number": str(number)}}
    path = f"/{kind}/{number}"
    end = f"{host} {path} {number}"
    if kind == "read":
        body = b"body %d " % number * 200
        answer = site.post(path, body, **options)
        expected = (200, body + end.encode())
    else:
        answer = site.get(path, **options)
        expected = (200, (b"x" * 65536 if kind == "big" else b"") + end.encode())
    if kind == "raise":
        return None if answer.status == 409 else f"{path}: {answer.status}"
    if (answer.status, answer.body) != expected or answer.header("X-Answer") != str(number):
        return f"{path}: {answer.status} {answer.body[:80]!r}"
    return None


def run(site, numbers, clients=8):
    """Spread requests over client threads and return the problems."""
    problems = []
    numbers = iter(numbers)
    lock = threading.Lock()

    def client():
        while not problems:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                problem = one(site, number)
            except Exception as error:
                problem = f"request {number}: {error!r}"
            if problem:
                problems.append(problem)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    return threads, problems


def test_two_thousand_mixed_requests(site):
    # spec: interpreters:4.1, interpreters:I-3
    before = set(site.children())
    threads, problems = run(site, range(2000))
    for thread in threads:
        thread.join()
    assert not problems
    assert before & set(site.children())


def resident(pid):
    """Return a process' private memory in kB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private_Dirty", "Private_Clean")))


@pytest.mark.timeout(300)
def test_thirty_graceful_restarts_under_load(site):
    # spec: interpreters:2.9, interpreters:I-15
    # An unloaded library would leak a pthread key of libpython each time; it stays (-z nodelete), and statics with it.
    stop = threading.Event()

    def numbers():
        number = 0
        while not stop.is_set():
            yield number
            number += 1
            time.sleep(0.01)

    parent = site.process.pid
    measured = []
    threads, problems = run(site, numbers(), clients=2)
    try:
        for _ in range(30):
            site.graceful()
            for host in HOSTS:
                assert site.get("/plain/x", host=host).text == f"{host} /plain/x none"
            measured.append((len(os.listdir(f"/proc/{parent}/fd")), resident(parent)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems
    descriptors, memory = zip(*measured, strict=True)
    assert descriptors[-1] <= descriptors[5]
    assert memory[-1] - memory[5] < 2048
