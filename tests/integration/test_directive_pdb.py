"""PythonEnablePdb: a debugger at the terminal of `httpd -X`, and nothing at all otherwise."""

import os
import queue
import subprocess
import threading

import pytest

from harness import Httpd, server

HANDLERS = '''
from mod_python import apache

def handler(req):
    answer = "from"
    answer = answer + " pdb"
    req.write(answer)
    return apache.OK
'''

CONFIG = """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler debugged
    PythonEnablePdb On
</Directory>
<Directory "@DOCS@/off">
    PythonEnablePdb Off
</Directory>
"""

FILES = {"htdocs/debugged.py": HANDLERS, "htdocs/off/.keep": ""}

many = server(CONFIG, FILES, mpm="event")


def test_ignored_without_one_process(many):
    # spec: directives:9.3.3
    for _ in range(3):
        assert many.get("/x").text == "from pdb"


class Terminal:
    """httpd -X with pipes for its terminal: what it prints is collected, what is typed is sent at once."""

    def __init__(self, site):
        self.process = subprocess.Popen(
            site._command("-X"), env=site.env, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self.printed = queue.Queue()
        self.seen = b""
        self.collector = threading.Thread(target=self._collect, daemon=True)
        self.collector.start()

    def _collect(self):
        while data := os.read(self.process.stdout.fileno(), 4096):
            self.printed.put(data)

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait_for(self, text):
        """Everything printed up to and with a text, which is taken away."""
        while text not in self.seen:
            self.seen += self.printed.get(timeout=20)
        before, _, self.seen = self.seen.partition(text)
        return (before + text).decode()


@pytest.fixture
def terminal(tree, mpm):
    site = Httpd(tree, mpm, CONFIG, FILES, processes=1, one_process=True)
    running = Terminal(site)
    try:
        # The same wait as for any other server: until it listens.
        site.process = running.process
        assert site._wait_for_port(), site.log.all_text()
        yield site, running
        site._allow_ending()
        site._let_connections_end()
        running.process.terminate()
        running.process.wait(20)
        site.log.check()
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        running.process.stdin.close()
        running.collector.join()
        running.process.stdout.close()
        site.process = None
        site.remove()


def ask(site, path, answers):
    """Send a request in the background; its response goes to a queue."""
    threading.Thread(target=lambda: answers.put(site.get(path)), daemon=True).start()


def test_continue_inspect_and_quit(terminal):
    # spec: directives:9.3.1, directives:9.3.3, directives:1/PythonEnablePdb
    site, screen = terminal
    answers = queue.Queue()

    ask(site, "/x", answers)
    assert "debugged.py" in screen.wait_for(b"(Pdb) ")
    screen.type("next")
    screen.wait_for(b"(Pdb) ")
    screen.type("p answer")
    assert "'from'" in screen.wait_for(b"(Pdb) ")
    screen.type("c")
    answer = answers.get(timeout=20)
    assert (answer.status, answer.text) == (200, "from pdb")

    ask(site, "/x", answers)
    screen.wait_for(b"(Pdb) ")
    site.log.expect(r"MPY0401: PythonHandler debugged: uncaught BdbQuit \(phase PythonHandler", times=1)
    site.log.expect_traceback("PythonHandler debugged: bdb.BdbQuit", times=1)
    screen.type("q")
    answer = answers.get(timeout=20)
    assert (answer.status, b"BdbQuit" in answer.body) == (500, False)

    # The server goes on, and Off is off.
    assert site.get("/off/x").text == "from pdb"
    ask(site, "/x", answers)
    screen.wait_for(b"(Pdb) ")
    screen.type("c")
    assert answers.get(timeout=20).status == 200
