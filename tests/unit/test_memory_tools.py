"""What looks for memory errors: its reader tells the module's reports from others, and every httpd is started as asked."""

from pathlib import Path

import pytest
from harness import Httpd, launch
from reliability.reports import main, of_sanitizer, of_valgrind

FRAME = "<frame><ip>0x1</ip><obj>{}</obj><fn>{}</fn></frame>"
LIBC, CPYTHON = FRAME.format("/lib/libc.so.6", "memcpy"), FRAME.format("/usr/lib/libpython3.11.so.1.0", "PyList_New")
HOST, COPY = FRAME.format("/t/modules/mod_python.so", "run"), FRAME.format("/t/run/mod_python-image-aB3xYz", "a&lt;b&gt;")

ASAN = """
=================================================================
==11==ERROR: AddressSanitizer: heap-use-after-free on address 0x7b at pc 0x7f bp 0x7ff sp 0x7fe
READ of size 3 at 0x7b thread T0
    #0 0x7fb5130518da in strlen interceptors.inc:425:5
    #1 0x7fb513ac0f79  ({object}+0x6f79) (BuildId: 4b5e)

freed by thread T0 here:
    #0 0x7f in free x.cpp:1
SUMMARY: AddressSanitizer: heap-use-after-free
==11==ABORTING
"""

TSAN = """==================
WARNING: ThreadSanitizer: data race (pid=7)
  Write of size 8 at 0x7b by thread T1:
    #0 {function} src/interp/table.rs:9 (x.so+0x1)

  Previous read of size 8 at 0x7b by main thread:
    #0 apr_x <null> (libapr-1.so.0+0x2)
==================
"""


def errors(*stacks):
    kinds = "".join(f"<error><kind>K</kind><what>Bad &amp; wrong</what><stack>{stack}</stack></error>" for stack in stacks)
    return f"<valgrindoutput>{kinds}</valgrindoutput>"


def test_frames_of_valgrind():
    seen = list(of_valgrind(errors(LIBC + CPYTHON, LIBC + HOST, COPY + CPYTHON)))
    assert [report.ours for report in seen] == [False, True, True]
    assert {report.title for report in seen} == {"Bad & wrong"}
    assert seen[2].frames == ("a<b> (/t/run/mod_python-image-aB3xYz)", "PyList_New (/usr/lib/libpython3.11.so.1.0)")


def test_unset_zero_of_cpython_is_told_by_its_origin():
    def uninitialised(*origin):
        stack = "".join(FRAME.format(*frame) for frame in origin)
        text = errors(CPYTHON + HOST + "</stack><auxwhat>created by a heap allocation</auxwhat><stack>" + stack)
        return text.replace("<kind>K<", "<kind>UninitValue<")

    malloc, python = ("/v/vgpreload.so", "malloc"), "/usr/lib/libpython3.{}.so.1.0"
    assert not list(of_valgrind(uninitialised(malloc, (python.format(11), "_PyLong_New"), ("/m/mod_python.so", "run"))))
    for origin in (
        [malloc, (python.format(12), "_PyLong_New")],
        [malloc, (python.format(11), "PyBytes_FromStringAndSize"), (python.format(11), "_PyLong_New")],
        [malloc, ("/m/mod_python.so", "_PyLong_New")],
        [malloc],
    ):
        assert [report.ours for report in of_valgrind(uninitialised(*origin))] == [True]
    # Anything but an uninitialised value is told, whatever the origin.
    text = uninitialised(malloc, (python.format(11), "_PyLong_New")).replace("UninitValue", "InvalidRead")
    assert [report.ours for report in of_valgrind(text)] == [True]


def test_report_that_was_cut_off_counts():
    [report] = of_valgrind(errors(LIBC + CPYTHON)[: -len("</stack></error></valgrindoutput>")])
    assert report.ours


@pytest.mark.parametrize(
    "place, ours",
    [
        ("/lib/libc.so.6", False),
        ("/usr/lib/python3/dist-packages/x.so", False),
        ("/t/modules/mod_python.so", True),
        ("/memfd:mod_python (deleted)", True),
        ("/proc/self/fd/.//9", True),
    ],
)
def test_frames_of_address_sanitizer(place, ours):
    [report] = of_sanitizer(ASAN.format(object=place))
    assert report.ours is ours
    assert report.title == "ERROR: AddressSanitizer: heap-use-after-free"
    assert len(report.frames) == 3


def test_frames_of_thread_sanitizer():
    ours, other = of_sanitizer(TSAN.format(function="mod_python::interp::table::find") + TSAN.format(function="ap_run"))
    assert ours.ours and not other.ours
    assert ours.title == "WARNING: ThreadSanitizer: data race"


def test_status(tmp_path, capsys):
    (tmp_path / "1.xml").write_text(errors(LIBC + CPYTHON, LIBC + CPYTHON))
    assert main("valgrind", tmp_path) == 0
    assert "2 x other: Bad & wrong" in capsys.readouterr().out
    (tmp_path / "2.xml").write_text(errors(LIBC + HOST))
    assert main("valgrind", tmp_path) == 1
    assert "2 files, 3 reports of 2 kinds, 1 kinds with frames of the module" in capsys.readouterr().out


@pytest.fixture
def chosen(monkeypatch):
    """Let a test choose how httpd is started, and take that back."""
    for name in ("under", "env", "patience"):
        monkeypatch.setattr(launch, name, getattr(launch, name))
    return launch.choose


def test_every_httpd_is_started_as_asked(tmp_path, chosen):
    chosen("env SEEN=yes", ["GIVEN=run", "OTHER=a=b"], 3)
    httpd = Httpd(tmp_path, "event", load_python=False, env={"GIVEN": "test"})
    with httpd:
        pairs = Path(f"/proc/{httpd.process.pid}/environ").read_text().rstrip("\0").split("\0")
    environment = dict(pair.split("=", 1) for pair in pairs)
    assert {name: environment.get(name) for name in ("SEEN", "GIVEN", "OTHER")} == {
        "SEEN": "yes", "GIVEN": "test", "OTHER": "a=b",
    }  # fmt: skip


@pytest.mark.parametrize("variables, factor", [(["NAME"], 1), (["=x"], 1), ([], 0.5)])
def test_wrong_options_are_refused(chosen, variables, factor):
    with pytest.raises(ValueError, match="--server-env|--patience"):
        chosen("", variables, factor)
