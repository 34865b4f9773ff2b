"""The command mod_python: its words, a server made, started, restarted and stopped with it, and what it finds."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from harness.config import program
from harness.held_ports import hold_port, port_of

#: The Python that mod_python.so is built for, not the tests' virtual environment.
PYTHON = os.path.realpath(sys.executable)


@pytest.fixture(scope="module")
def command(tree):
    """Run the command as it is run from an installed folder; returns the finished process."""

    def run(*words, **options):
        started = [PYTHON, "-B", f"{tree}/python/mod_python", *map(str, words)]
        return subprocess.run(started, capture_output=True, text=True, timeout=60, cwd="/", **options)

    return run


@pytest.fixture
def folder():
    """A folder that httpd's children can read."""
    with tempfile.TemporaryDirectory(prefix="mod_python-test-", dir="/tmp") as made:
        os.chmod(made, 0o755)
        yield Path(made)


@pytest.fixture
def port():
    """A port that nobody else gets."""
    with hold_port() as held:
        yield port_of(held)


# spec: library:G-40
def test_words(command):
    for words in ((), ("unknown",), ("start",), ("genconfig",), ("create", "x"), ("version", "more"), ("create", "start")):
        done = command(*words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert done.stderr.startswith("usage: mod_python"), words
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("create", "genconfig", "restart", "graceful", "start", "stop", "version"):
        assert re.search(rf"^    {name}\b", done.stdout, re.M)
        done_for_one = command(name, "--help")
        assert (done_for_one.returncode, done_for_one.stderr) == (0, "")
        assert done_for_one.stdout.startswith(f"usage: mod_python {name} ")


def test_missing_files_and_httpd(command, folder):
    for words in (("genconfig", folder / "none"), ("start", folder / "none"), ("create", "/proc/x", "--pythonhandler", "a")):
        done = command(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"mod_python {words[0]}: ")
        assert len(done.stderr.splitlines()) == 1
    (folder / "some.conf").touch()
    done = command("start", folder / "some.conf", env={"HTTPD": "/nonexistent"})
    assert done.returncode == 1 and "httpd was not found" in done.stderr
    (folder / "bad.py").write_text("print('a')\n1/0\n")
    done = command("genconfig", folder / "bad.py")
    assert (done.returncode, done.stdout) == (1, "a\n")
    assert "ZeroDivisionError" in done.stderr


# spec: library:G-44, library:G-45
def test_version(command, tree, python_version):
    done = command("version")
    assert (done.returncode, done.stderr) == (0, "")
    said = dict(re.findall(r"^(.+?): +(.+)$", done.stdout, re.M))
    httpd, modules, _ = program()
    release = re.search(r"/([\d.]+)", subprocess.run([httpd, "-v"], capture_output=True, text=True).stdout)[1]
    assert said["mod_python"] == f"4.0.0 ({tree}/modules/mod_python.so)"
    assert re.fullmatch(rf"{python_version[0]}\.{python_version[1]}\.\S+ \(.+\)", said["Python"])
    assert said["httpd"] == f"{release} ({httpd})"
    assert re.fullmatch(r"1\.\d+\.\d+", said["APR"])
    assert "Linux" in said["platform"]
    code = (
        "import mod_python; from mod_python import version as v; print(v.HTTPD, v.HTTPD_VERSION, v.APR_VERSION, "
        "v.LIBEXECDIR, v.SYSCONFDIR, v.PYTHON_BIN, mod_python.mp_version == v.version, hasattr(v, 'OTHER'), sep='|')"
    )
    environment = {"PYTHONPATH": f"{tree}/python", "PATH": os.environ["PATH"]}
    told = subprocess.run([PYTHON, "-B", "-c", code], env=environment, capture_output=True, text=True)
    etc = subprocess.run(["apxs", "-q", "SYSCONFDIR"], capture_output=True, text=True).stdout.strip()
    assert told.stdout == f"{httpd}|{release}|{said['APR']}|{modules}|{etc}|{PYTHON}|True|False\n"
    # Without apxs httpd itself says it.
    bare = {"PYTHONPATH": f"{tree}/python", "PATH": "/nonexistent", "HTTPD": httpd, "APXS": "/nonexistent"}
    told = subprocess.run([PYTHON, "-B", "-c", code], env=bare, capture_output=True, text=True)
    assert told.stdout.split("|")[:4] == [httpd, release, said["APR"], modules]


# spec: library:G-10, library:G-11, library:G-12, library:G-41, library:G-42, library:G-43, library:D-45
@pytest.mark.smoke
def test_a_server_from_nothing_to_its_end(command, folder, port):
    (folder / "lib").mkdir()
    (folder / "lib/hello.py").write_text(
        "from mod_python import apache\n\n"
        "def handler(req):\n"
        "    req.content_type = 'text/plain'\n"
        "    req.write('Hello from ' + req.get_options()['town'])\n"
        "    return apache.OK\n"
    )
    root = folder / "the site"
    made = ["create", root, "--pythonhandler", "hello", "--listen", f"127.0.0.1:{port}"]
    done = command(*made, "--pythonpath", f"{folder}/lib::{folder}/other", "--pythonoption", 'town "Bad Ems"')
    assert done.returncode == 0, done.stderr
    script, conf = root / "conf/httpd_conf.py", root / "conf/httpd.conf"
    assert str(script) in done.stdout and "mod_python genconfig" in done.stdout
    again = command(*made)
    assert (again.returncode, again.stdout) == (0, "")
    assert "exists already" in again.stderr

    done = command("genconfig", script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "''" not in next(line for line in done.stdout.splitlines() if line.startswith("PythonPath"))
    conf.write_text(done.stdout)

    done = command("start", conf)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    pid = int(wait_for(lambda: (root / "logs/httpd.pid").read_text()))
    log = root / "logs/error_log"
    try:
        assert wait_for(lambda: get(port)) == "Hello from Bad Ems"
        before = children(pid)
        conf.write_text(conf.read_text().replace("Bad Ems", "Ulm"))
        for word, town in (("restart", "Ulm"), ("graceful", "Aach")):
            conf.write_text(conf.read_text().replace("Ulm", town))
            assert command(word, conf).returncode == 0
            assert wait_for(lambda town=town: get(port) == f"Hello from {town}")
        assert wait_for(lambda: not before & children(pid))
        assert int((root / "logs/httpd.pid").read_text()) == pid
    finally:
        done = command("stop", conf)
    assert done.returncode == 0, done.stderr
    assert wait_for(lambda: not Path(f"/proc/{pid}").exists())
    unexpected = [line for line in log.read_text().splitlines() if re.search(r":(warn|error|crit|alert|emerg)\]", line)]
    # Where a child of event ends while it still closes a connection.
    assert [line for line in unexpected if "AH03092" not in line] == [], log.read_text()


def test_wsgi_without_an_application_is_told_how(command, folder):
    done = command("create", folder / "a", "--pythonhandler", "mod_python.wsgi")
    assert done.returncode == 0
    text = command("genconfig", folder / "a/conf/httpd_conf.py").stdout
    assert "# PythonOption mod_python.wsgi.application" in text
    assert "\nListen 8888\n" in text and "\nPythonPath" not in text
    done = command("create", folder / "b", "--pythonhandler", "mod_python.wsgi", "--pythonoption", "mod_python.wsgi.application a")
    assert "\nPythonOption mod_python.wsgi.application a\n" in command("genconfig", folder / "b/conf/httpd_conf.py").stdout


def get(port):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/any", timeout=20) as answer:
        return answer.read().decode()


def children(pid):
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def wait_for(what, timeout=20):
    """Return the first true result; OSError counts as none."""
    end = time.monotonic() + timeout
    while True:
        try:
            if result := what():
                return result
        except OSError:
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
