"""mod_python serve: what it takes a path for, what it then serves, and how it ends."""

import os
import pwd
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

#: The Python that mod_python.so is built for, not the tests' virtual environment.
PYTHON = os.path.realpath(sys.executable)

HANDLER = """
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.write(f"{__name__} {req.uri} {req.path_info}")
    return apache.OK
"""

FILES = {
    "handlers/hello.py": HANDLER,
    "handlers/other.py": HANDLER,
    "handlers/bad.py": "def handler(req):\n    1 / 0\n",
    "handlers/helper.py": "secret = 1\n",
    "handlers/page.html": "<p>plain</p>",
    "handlers/.git/config": "private",
    "single/one.py": HANDLER,
    "publisher/index.py": "def index(req):\n    return 'the index'\n\ndef add(req, a, b):\n    return str(int(a) + int(b))\n",
    "publisher/more.py": "def index():\n    return 'more'\n\ndef word():\n    return 'a word'\n",
    "publisher/style.css": "p { }",
    "module/tools.py": "def index():\n    return 'tools'\n\ndef twice(req, n):\n    return n + n\n",
    "pages/index.psp": "<% n = 6 %><p><%= n * 7 %></p>",
    "pages/sub/second.psp": "second <%= 1 + 1 %>",
    "pages/lib.py": "x = 1\n",
    "pages/plain.txt": "text",
    "wsgi/app.py": (
        "import helper\n\n"
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [f\"{helper.WORD} {environ['SCRIPT_NAME']!r} {environ['PATH_INFO']!r}\".encode()]\n\n"
        "other = application\n"
    ),
    "wsgi/helper.py": "WORD = 'first'\n",
}


class Running:
    """A command that serves: its process, and the address that it printed."""

    def __init__(self, process):
        self.process, self.output = process, ""
        self.wait_for(r"press Ctrl-C")
        self.address = re.search(r"http://127\.0\.0\.1:\d+", self.output)[0]

    def wait_for(self, pattern, timeout=30):
        """Read what it writes until a regular expression matches."""
        end = time.monotonic() + timeout
        while not re.search(pattern, self.output):
            assert time.monotonic() < end, f"{pattern!r} did not come; there was:\n{self.output}"
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536).decode()
                assert piece, f"it ended with {self.process.wait(5)}:\n{self.output}"
                self.output += piece

    def get(self, path):
        """Return (status, body as str)."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.address + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def end(self, number=signal.SIGINT):
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.output += self.process.stdout.read().decode()
        return status


@pytest.fixture(scope="module")
def folder():
    """The files to serve, readable for httpd's children."""
    with tempfile.TemporaryDirectory(prefix="mod_python-test-", dir="/tmp") as made:
        root = Path(made)
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        (root / "tmp").mkdir()
        for path in [root, *root.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        (root / "tmp").chmod(0o1777)
        yield root


@pytest.fixture
def serve(tree, folder):
    """Start the command and wait until it serves; check that it ends well and leaves nothing behind."""
    started = []

    def start(*words, cwd="/", **options):
        command = [PYTHON, "-B", f"{tree}/python/mod_python", "serve", "--port", "0", *map(str, words)]
        # As a terminal starts it: a runner in the background has interrupts ignored, and would pass that on.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "1"}, **options,
        )  # fmt: skip
        signal.signal(signal.SIGINT, before)
        started.append(process)
        return Running(process)

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        process.stdout.close()
    assert list((folder / "tmp").iterdir()) == []


def refused(tree, *words, **options):
    """Run the command where it is not to serve; return the finished process."""
    command = [PYTHON, "-B", f"{tree}/python/mod_python", "serve", *map(str, words)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, **options)


@pytest.mark.smoke
def test_folder_of_handlers(serve, folder):
    served = serve(folder / "handlers")
    assert "as handler" in served.output
    served.wait_for(r"/other\n")
    assert re.findall(r"^  http://\S+:\d+(/\S*)$", served.output, re.M) == ["/bad", "/hello", "/other"]
    assert served.get("/hello") == (200, "hello /hello ")
    assert served.get("/other/a/b") == (200, "other /other/a/b /a/b")
    assert served.get("/page.html") == (200, "<p>plain</p>")
    assert served.get("/")[0] == served.get("/helloo")[0] == 404
    assert served.get("/helper.py")[0] == served.get("/.git/config")[0] == 403
    status, page = served.get("/bad")
    assert (status, "ZeroDivisionError" in page) == (500, False)
    served.wait_for(r'GET /bad HTTP/1.1" 500')
    assert "ZeroDivisionError: division by zero" in served.output
    # What was changed is served without a restart.
    (folder / "handlers/other.py").write_text(HANDLER.replace("{__name__}", "changed"))
    assert served.get("/other") == (200, "changed /other ")
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    assert len(children) == 1
    assert served.end() == 0
    assert not Path(f"/proc/{children[0]}").exists()


def test_single_handler_and_debug(serve, folder):
    served = serve(folder / "single/one.py")
    assert served.get("/any/thing")[1].startswith("one /any/thing")
    assert served.get("/")[0] == 200
    assert served.end(signal.SIGTERM) == 0
    served = serve(folder / "handlers/bad.py", "--debug")
    status, page = served.get("/")
    assert (status, "ZeroDivisionError" in page) == (500, True)
    assert served.end(signal.SIGHUP) == 0


def test_publisher(serve, folder):
    served = serve(folder / "publisher")
    assert "as publisher" in served.output
    assert served.get("/") == (200, "the index")
    assert served.get("/add?a=1&b=2") == (200, "3")
    assert served.get("/more") == (200, "more")
    assert served.get("/more/word") == (200, "a word")
    assert served.get("/style.css") == (200, "p { }")
    assert served.get("/none.css")[0] == served.get("/more/none")[0] == 404
    served.end()
    served = serve(folder / "module/tools.py")
    assert "as publisher" in served.output
    assert served.get("/") == (200, "tools")
    assert served.get("/twice?n=ab") == (200, "abab")


def test_pages(serve, folder):
    served = serve(folder / "pages")
    assert "as psp" in served.output
    assert served.get("/") == served.get("/index.psp") == (200, "<p>42</p>")
    assert served.get("/sub/second.psp") == (200, "second 2")
    assert served.get("/plain.txt") == (200, "text")
    assert served.get("/lib.py")[0] == 403
    served.end()
    served = serve(folder / "pages/sub/second.psp")
    assert served.get("/") == (200, "second 2")


def test_wsgi_and_reload(serve, folder):
    served = serve("app:application", "--reload", cwd=folder / "wsgi")
    assert "app:application as wsgi" in served.output
    assert served.get("/a%20b/c") == (200, "first '' '/a b/c'")
    (folder / "wsgi/helper.py").write_text("WORD = 'second'\n")
    served.wait_for(r"helper\.py has changed: restarting")
    end = time.monotonic() + 20
    while served.get("/") != (200, "second '' '/'"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert served.end() == 0
    for words in ((folder / "wsgi/app.py",), (f"{folder}/wsgi/app.py:other",), ("app::other",), ("app", "--as", "wsgi")):
        served = serve(*words, cwd=folder / "wsgi")
        assert served.get("/")[1].startswith("second")
        served.end()


def test_a_new_handler_with_reload(serve, folder):
    served = serve(folder / "single", "--reload")
    assert served.get("/")[0] == served.get("/one")[0] == 200
    (folder / "single/two.py").write_text(HANDLER)
    served.wait_for(r"two\.py has changed: restarting")
    end = time.monotonic() + 20
    while served.get("/two") != (200, "two /two "):
        assert time.monotonic() < end
        time.sleep(0.05)
    (folder / "single/two.py").unlink()


def test_what_cannot_be_served(tree, folder):
    both = folder / "both"
    both.mkdir()
    (both / "a.psp").touch()
    (both / "index.py").touch()
    broken = folder / "broken"
    broken.mkdir()
    (broken / "a.py").write_text("x = 1\ndef handler(\n")
    for words, status, text in (
        ((both,), 2, "psp or publisher: choose with --as"),
        ((folder / "tmp",), 2, "has no module with a function handler()"),
        ((broken,), 1, "a.py:2: "),
        ((folder / "none",), 1, "there is no file or folder"),
        ((folder / "none.py:app",), 1, "there is no module"),
        (("no-name",), 1, "there is no file or folder"),
        ((folder / "handlers", "--as", "wsgi"), 2, "a WSGI application is a module and a callable"),
        ((folder / "handlers/page.html",), 2, "neither a Python module nor a PSP page"),
        ((folder / "handlers", "--port", "70000"), 2, "is not a port"),
        ((folder / "handlers", "--host", "localhost.invalid"), 2, "is not an address"),
        ((folder / "handlers", "--host", "192.0.2.1"), 1, "AH00072"),
        ((folder / "handlers", "--user", "root"), 2, "root"),
        ((), 2, "PATH"),
    ):
        done = refused(tree, *words)
        assert (done.returncode, done.stdout) == (status, ""), done
        assert text in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_print_config(tree, folder):
    done = refused(tree, folder / "pages", "--print-config", "--port", "81", "--host", "::1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nListen [::1]:81\n" in done.stdout and "AddHandler mod_python .psp .psp_\n" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's httpd changes its user")
def test_root_and_another_user(serve, tree, folder):
    private = folder / "private"
    private.mkdir(mode=0o700)
    (private / "app.py").write_text(HANDLER)
    done = refused(tree, private)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"who cannot read {private}" in done.stderr
    done = refused(tree, private, "--user", "no such user")
    assert (done.returncode, "there is no user" in done.stderr) == (1, True)
    person = pwd.getpwnam("nobody")
    os.chown(private, person.pw_uid, person.pw_gid)
    served = serve(private, "--user", "nobody")
    assert served.get("/")[0] == 200
    served.end()
    served = serve(private, user=person.pw_uid, group=person.pw_gid, extra_groups=[])
    assert served.get("/")[0] == 200
    served.end()


def test_httpd_that_is_killed_is_told(serve, folder):
    served = serve(folder / "handlers")
    pid = int(Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text())
    os.kill(pid, signal.SIGTERM)
    assert served.process.wait(20) == 1
    assert "httpd ended by itself" in served.process.stdout.read().decode()
