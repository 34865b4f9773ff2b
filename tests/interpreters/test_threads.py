"""Threads: one thread state for each thread and interpreter, nested entries, threads of the user's own, many at once."""

import json
import threading
from pathlib import Path

import pytest

from harness import server

pytestmark = pytest.mark.interpreters

HOSTS = ["main.test", "one.test", "two.test", "three.test"]

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
PythonImport pages::at_start one.test
PythonImport no_such_module two.test
PythonImport pages::at_start three.test
<Location "/">
    SetHandler mod_python
    PythonHandler pages
</Location>
<Location "/level">
    PythonInterpPerDirective On
    PythonHandler pages
</Location>
<Location "/level/2">
    PythonHandler pages
</Location>
<Location "/level/3">
    PythonHandler pages
</Location>
""" + "".join(f"<VirtualHost 127.0.0.1:@PORT@>\nServerName {host}\n</VirtualHost>\n" for host in HOSTS)

PAGES = """
import ctypes
import json
import os
import threading
import time

from mod_python import apache

local = threading.local()
counter = 0
started_in = None
inits = []

api = ctypes.pythonapi
api.PyThreadState_Get.restype = ctypes.c_void_p
api.PyGILState_GetThisThreadState.restype = ctypes.c_void_p

def at_start():
    global started_in
    started_in = os.getpid()
    with open("@ROOT@/tmp/started", "a") as note:
        note.write(f"{os.getpid()} {apache.interpreter}\\n")

def identity():
    if not hasattr(local, "state"):
        local.state = api.PyThreadState_Get()
        local.native = threading.get_native_id()
        local.ident = threading.get_ident()
    return [
        os.getpid(),
        threading.get_native_id(),
        local.state == api.PyThreadState_Get(),
        local.native == threading.get_native_id(),
        local.ident == threading.get_ident(),
    ]

def gilstate():
    before = api.PyGILState_GetThisThreadState()
    for _ in range(3):
        handle = api.PyGILState_Ensure()
        assert api.PyThreadState_Get() == before
        api.PyGILState_Release(handle)
    return before == api.PyThreadState_Get()

def handler(req):
    global counter
    req.content_type = "text/plain"
    what = req.uri[1:]
    if what == "identity":
        req.write(json.dumps(identity()))
    elif what == "gilstate":
        req.write(str(gilstate()))
    elif what == "started":
        req.write(f"{started_in} {os.getpid()} {os.getppid()}")
    elif what == "count":
        counter += 1
        req.write(str(counter))
    elif what == "wait":
        time.sleep(0.3)
        req.write(apache.interpreter)
    elif what == "user-thread":
        done = threading.Event()
        threading.Thread(target=lambda: (time.sleep(0.05), done.set())).start()
        req.write(str(done.wait(10)))
    elif what.startswith("level/"):
        level = int(what.split("/")[1])
        state = api.PyThreadState_Get()
        req.write(f"<{level} {apache.interpreter} ")
        if level < 4:
            req.internal_redirect(f"/level/{level + 1}" if level < 3 else "/level/5")
        assert state == api.PyThreadState_Get()
        req.write(f"{level}>")
    return apache.OK
"""

START_LINES = [
    r"MPY0302: directive_PythonImport: error importing no_such_module \(interpreter 'two\.test'\)",
    r"directive_PythonImport: error importing no_such_module: ",
]

site = server(CONFIG, {"lib/pages.py": PAGES}, start_lines=START_LINES, threads=8)


def ask(site, path, host):
    answer = site.get(path, host=host)
    assert answer.status == 200, (path, host)
    return answer.text


def test_thread_identity(site):
    # spec: interpreters:4.6, interpreters:I-2, interpreters:I-4
    seen = []

    def run():
        for _ in range(15):
            for host in HOSTS:
                seen.append((host, json.loads(ask(site, "/identity", host))))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 6 * 15 * len(HOSTS)
    assert not [entry for entry in seen if entry[1][2:] != [True] * 3]


def test_gil_state_functions(site, python_version):
    # spec: interpreters:2.10
    # Before Python 3.12 they know the main interpreter only.
    for host in HOSTS if python_version >= (3, 12) else HOSTS[:1]:
        for _ in range(4):
            assert ask(site, "/gilstate", host) == "True"


def test_python_starts_in_children_only(site):
    # spec: interpreters:2.1, interpreters:5/child, interpreters:5/pass-2, interpreters:I-17, interpreters:I-13
    parent = site.process.pid
    started = [line.split() for line in (site.root / "tmp/started").read_text().splitlines()]
    assert {name for _, name in started} == {"one.test", "three.test"}
    assert str(parent) not in {pid for pid, _ in started}
    for host in ("one.test", "three.test"):
        in_child, child, its_parent = ask(site, "/started", host).split()
        assert (in_child, its_parent) == (child, str(parent))
    assert len(list(Path(f"/proc/{parent}/task").iterdir())) == 1
    # The library is mapped, but nothing of the Python library was ever opened.
    assert "lib-dynload" not in Path(f"/proc/{parent}/maps").read_text()


def test_requests_of_one_interpreter_run_at_once(site):
    # spec: interpreters:4.1, interpreters:4.2, interpreters:4.3
    answers = []

    def run(host):
        answers.append(ask(site, "/wait", host))

    threads = [threading.Thread(target=run, args=[host]) for host in HOSTS + HOSTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(HOSTS + HOSTS)


def test_threads_of_users(site):
    # spec: interpreters:4.8
    for host in HOSTS:
        assert ask(site, "/user-thread", host) == "True"


def test_globals_are_shared_by_threads(serve):
    # spec: interpreters:4.1, interpreters:2.3, interpreters:I-16
    server = serve(mpm="worker", processes=1, config=CONFIG.replace("PythonImport", "#"), files={"lib/pages.py": PAGES})
    answers = []

    def run():
        for _ in range(25):
            answers.append(int(ask(server, "/count", "three.test")))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A counter that eight threads raise without a lock may lose a step, but it is one counter.
    assert len(answers) == 200
    assert max(answers) > 150


def test_three_levels_of_interpreters_in_one_thread(site):
    # spec: interpreters:1.1.6, interpreters:4.5
    for host in HOSTS:
        for _ in range(5):
            text = ask(site, "/level/1", host)
            # httpd ends the response with the innermost request: what the outer ones write later goes nowhere.
            assert text == "<1 /level <2 /level/2 <3 /level/3 <5 /level 5>"
