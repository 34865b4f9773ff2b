"""The harness itself, with an httpd that has no mod_python: it must notice what tests rely on it to notice."""

import os
import signal
import time

import pytest
from harness import Httpd, HttpdFailed
from harness.client import compose, parse
from harness.errorlog import ErrorLog

LINE = "[Sat Nov 21 05:41:11.888266 2026] [{module}:{level}] [pid 7:tid {tid}] {text}\n"


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


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


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
            wait_until(lambda: "exit signal" in httpd.log.text())


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
