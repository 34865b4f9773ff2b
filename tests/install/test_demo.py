"""install.sh --demo: the site it serves, and that Ctrl-C leaves nothing behind."""

import os
import pwd
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """A running demo: its address, and the folder it lives in."""

    def __init__(self, process, address, folder):
        self.process, self.address, self.folder = process, address, folder

    def get(self, path, headers=None):
        """Return (status, body as str)."""
        request = urllib.request.Request(self.address + path, headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def read_until(stream, pattern, timeout):
    """Read a pipe until a regular expression matches; returns the match."""
    text = ""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if select.select([stream], [], [], 0.2)[0]:
            piece = os.read(stream.fileno(), 65536).decode()
            if not piece:
                break
            text += piece
            if found := re.search(pattern, text):
                return found
    raise AssertionError(f"{pattern!r} did not come; there was:\n{text}")


@pytest.fixture(scope="module", params=["root", "user"] if os.geteuid() == 0 else ["user"])
def demo(request, built_module):
    """The demo as root, and as a user without rights."""
    options = {}
    if request.param == "user" and os.geteuid() == 0:
        person = pwd.getpwnam("nobody")
        options = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    # The command's own interrupt: a runner in the background has it ignored, and would pass that on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    command = ["sh", "conf/install.sh", "--demo", "--python", os.path.realpath(sys.executable), "--module"]
    process = subprocess.Popen(
        [*command, str(built_module)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, env={**os.environ, "HOME": "/nonexistent", "TMPDIR": "/tmp"}, **options,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    with process:
        try:
            # stderr comes first: it names the folder.
            found = read_until(process.stdout, r"(?s)Wrote (\S+)/modules/.*(http://127\.0\.0\.1:\d+)/", 60)
            yield Demo(process, found[2], Path(found[1]))
        finally:
            if process.poll() is None:
                process.terminate()


@pytest.mark.smoke
def test_pages(demo):
    for path, words in (("/", "It works"), ("/interpreter", "127.0.0.1"), ("/second", "second")):
        status, page = demo.get(path)
        assert status == 200
        assert words in page
    assert demo.get("/nothing")[0] == 404


@pytest.mark.smoke
def test_request_is_shown_escaped(demo):
    status, page = demo.get("/request?a=%3Cb%3E&b=<i>", {"X-Probe": "<script>alert('x')</script>"})
    assert status == 200
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in page
    assert "<script>" not in page
    assert "<i>" not in page


@pytest.mark.smoke
def test_python_guards_the_plain_files(demo):
    status, page = demo.get("/vault/note.html")
    assert (status, "Refused" in page, "Inside the vault" in page) == (403, True, False)
    assert demo.get("/vault/note.html?key=wrong")[0] == 403
    status, page = demo.get("/vault/note.html?key=sesame")
    assert (status, "Inside the vault" in page) == (200, True)


@pytest.mark.smoke
def test_children_are_not_root(demo):
    httpd = int((demo.folder / "run/httpd.pid").read_text())
    children = Path(f"/proc/{httpd}/task/{httpd}/children").read_text().split()
    assert children
    for child in children:
        assert Path(f"/proc/{child}").stat().st_uid != 0


# The last one of this module: it ends the demo.
@pytest.mark.smoke
def test_ctrl_c_leaves_nothing(demo):
    httpd = int((demo.folder / "run/httpd.pid").read_text())
    assert "error]" not in (demo.folder / "logs/error.log").read_text()
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(20) == 0
    assert not demo.folder.exists()
    assert not Path(f"/proc/{httpd}").exists()
