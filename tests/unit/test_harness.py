"""The harness itself, with an httpd that has no mod_python: it must notice what tests rely on it to notice."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest
from harness import Httpd, HttpdFailed
from harness.client import compose, parse
from harness.errorlog import ErrorLog
from harness.held_ports import hold_port, port_of
from harness.httpd import accepts
from harness.waiting import until

LINE = "[Sat Nov 21 05:41:11.888266 2026] [{module}:{level}] [pid 7:tid {tid}] {text}\n"
CLOSES_FILES = """
import os
print("ready", flush=True)
while True:
    for file in [os.open(os.devnull, os.O_RDONLY) for _ in range(50)]:
        os.close(file)
"""


@pytest.fixture
def plain(tmp_path, mpm):
    with Httpd(tmp_path, mpm, load_python=False, files={"htdocs/a.txt": "a" * 9000}) as httpd:
        yield httpd


@pytest.fixture
def log(tmp_path):
    return ErrorLog(tmp_path / "error.log")


def write(log, *lines):
    with log.files[0].open("a") as stream:
        stream.writelines(lines)


def line(text, level="error", module="python", tid=1):
    return LINE.format(text=text, level=level, module=module, tid=tid)


def test_serves_and_restarts(plain):
    for restart in (plain.graceful, plain.restart):
        assert plain.get("/a.txt").body == b"a" * 9000
        restart()
    with plain.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/a.txt").body == b"a" * 9000
            assert connection.request("HEAD", "/a.txt").body == b""
    raw = plain.raw(compose("GET", "/none"))
    assert raw.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert parse(raw).status == 404
    assert len(plain.children()) >= 1
    assert plain.check_config() == (0, "Syntax OK\n")


def test_former_children_accept_nothing_after_a_restart(plain):
    # One is told late: it sleeps while httpd restarts.
    former, listeners = plain.children(), plain.listeners()
    assert all(accepts(pid, listeners) for pid in former)
    os.kill(former[0], signal.SIGSTOP)
    woken = threading.Timer(0.3, os.kill, (former[0], signal.SIGCONT))
    woken.start()
    plain.graceful()
    assert not any(accepts(pid, listeners) for pid in former)
    woken.join()
    assert plain.get("/a.txt").status == 200


def test_threads_that_sleep(plain):
    until(plain.threads_sleep)
    children = plain.children()
    os.kill(children[-1], signal.SIGSTOP)
    try:
        until(lambda: not plain.threads_sleep())
    finally:
        os.kill(children[-1], signal.SIGCONT)
    until(plain.threads_sleep)


def test_a_process_that_closes_files_accepts_nothing():
    # A child that ends closes its listener first, its other files while the harness looks.
    with subprocess.Popen([sys.executable, "-c", CLOSES_FILES], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            assert not any(accepts(process.pid, {"socket:[1]"}) for _ in range(300))
        finally:
            process.kill()
    assert not accepts(process.pid, {"socket:[1]"})


def test_one_process(tmp_path):
    with Httpd(tmp_path, "prefork", load_python=False, one_process=True, files={"htdocs/a.txt": "x"}) as httpd:
        assert httpd.get("/a.txt").body == b"x"
        assert httpd.children() == []


def test_exact_number_of_children(tmp_path, mpm):
    with Httpd(tmp_path, mpm, load_python=False, processes=2, threads=2, files={"htdocs/a.txt": "x"}) as httpd:
        assert httpd.get("/a.txt").body == b"x"
        assert len(httpd.children()) == 2


def test_wrong_configuration_is_told(tmp_path, mpm):
    httpd = Httpd(tmp_path, mpm, "NoSuchDirective On", load_python=False)
    status, output = httpd.check_config()
    assert status == 1
    assert "NoSuchDirective" in output
    with pytest.raises(HttpdFailed, match="NoSuchDirective"):
        with httpd:
            pass
    assert not httpd.root.exists()


def test_killed_httpd_is_told(tmp_path):
    with pytest.raises(HttpdFailed, match="ended by itself"):
        with Httpd(tmp_path, "prefork", load_python=False, one_process=True) as httpd:
            httpd.process.send_signal(signal.SIGKILL)
            httpd.process.wait()


def test_crashed_child_is_told(tmp_path, mpm):
    with pytest.raises(AssertionError, match="exit signal Segmentation fault"):
        with Httpd(tmp_path, mpm, load_python=False, processes=1) as httpd:
            os.kill(httpd.children()[0], signal.SIGSEGV)
            until(lambda: "exit signal" in httpd.log.text())


def test_unexpected_lines_fail(log):
    log.check()
    write(log, line("fine", "info"), line("fine", "notice", "mpm_event"))
    log.check()
    for bad in (
        line("x", "warn", "core"),
        line("x", "error"),
        "written to stderr\n",
        line("AH00052: child pid 5 exit signal Segmentation fault (11)", "notice", "core"),
    ):
        write(log, bad)
        with pytest.raises(AssertionError, match="unexpected line"):
            log.check()
        log.check()


def test_announced_lines_have_to_come(log):
    write(log, line("MPY0007: one"), line("MPY0007: two"))
    log.expect("MPY0007", times=2)
    log.check()
    write(log, line("MPY0007: three"))
    with pytest.raises(AssertionError, match="MPY0007: three"):
        log.check()
    log.allow("never")
    log.check()
    log.allow("MPY0008", always=True)
    for _ in range(2):
        write(log, line("MPY0008"))
        log.check()


def test_a_line_on_its_way_is_waited_for(log, monkeypatch):
    monkeypatch.setattr("harness.launch.patience", 40)
    log.allow("whole line")
    write(log, line("a whole")[:-1])
    rest = threading.Timer(0.1, write, (log, " line\n"))
    rest.start()
    log.check()
    rest.join()


def test_a_line_on_its_way_is_forgotten_as_a_whole(log, monkeypatch):
    monkeypatch.setattr("harness.launch.patience", 40)
    write(log, line("a whole")[:-1])
    rest = threading.Timer(0.1, write, (log, " line\n"))
    rest.start()
    log.reset()
    rest.join()
    log.check()


def test_a_line_without_an_end_fails(log):
    write(log, line("bad")[:-1])
    with pytest.raises(AssertionError, match="unexpected line.*bad"):
        log.check()


def test_a_line_that_httpd_tears_is_put_together(log):
    write(log, "  home = '/no", line("one", level="notice"), line("two", level="error"), "where'\n  next\n")
    assert [entry.line for entry in log.entries()][::3] == ["  home = '/nowhere'", "  next"]
    log.allow("^  ")
    with pytest.raises(AssertionError, match="unexpected line: .* two\n") as failed:
        log.check()
    assert "nowhere" not in str(failed.value).split("the log:")[0]


def test_missing_line_fails(log, monkeypatch):
    now = iter(range(0, 1000, 3))
    monkeypatch.setattr("harness.errorlog.time.monotonic", lambda: next(now))
    log.expect("MPY0009")
    with pytest.raises(AssertionError, match="seen 0 times"):
        log.check()


def test_traceback_is_announced_as_a_whole(log):
    def traceback(error, tid=1):
        head = line("PythonHandler a::b: Traceback (most recent call last):", tid=tid)
        return [head, line("PythonHandler a::b:   File ...", tid=tid), line(f"PythonHandler a::b: {error}", tid=tid)]

    write(log, *traceback("KeyError: 1"), line("..: \\nDuring handling of the above exception, another ..."))
    other = traceback("TypeError: other", tid=2)
    write(log, *other, *traceback("ValueError: 2"))
    log.expect_traceback("ValueError: 2", times=1)
    with pytest.raises(AssertionError) as failed:
        log.check()
    told = str(failed.value).split("the log:")[0]
    assert told.count("unexpected line") == 3
    assert all(text.strip() in told for text in other)


def test_a_held_port_is_for_its_server_only():
    with hold_port() as held, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(held.getsockname())
        listener.listen()
        socket.create_connection(held.getsockname(), timeout=5).close()
    with ExitStack() as kept:
        held = [kept.enter_context(hold_port()) for _ in range(300)]
        assert len({port_of(one) for one in held}) == 300
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(held[0].getsockname())
