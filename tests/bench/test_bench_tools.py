"""Tests of the benchmark's own arithmetic and parsers, with one short run under callgrind."""

import socket
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from counting import callgrind, report  # noqa: E402
from counting.client import Client, ProtocolError, parse_head  # noqa: E402
from counting.measure import Plan, WrongAnswer, count  # noqa: E402
from counting.scenarios import C_HELLO, SCENARIOS, answers, c_run, get  # noqa: E402
from counting.stage import Stage  # noqa: E402

DUMP = """\
# callgrind format
version: 1
part: 2
desc: Trigger: Client Request: few
positions: line
events: Ir
summary: 175

ob=(1) /usr/lib/libone.so
fl=(1) one.c
fn=(1) outer
10 20
+2 30
cob=(2) /usr/lib/libtwo.so
cfi=(2) two.c
cfn=(2) inner
calls=3 40
* 100
fi=(3) inlined.h
* 25
fn=(3) main
cfn=(1)
calls=0 10
-4 175

ob=(2)
fl=(2)
fn=(2)
40 100

totals: 175
"""


def test_dump_is_read():
    assert callgrind.label(DUMP) == "few"
    assert callgrind.total(DUMP) == 175
    costs = {("outer", "libone.so"): 75, ("inner", "libtwo.so"): 100}
    assert callgrind.parse_functions(DUMP) == costs


def test_functions_that_do_not_add_up_are_refused(tmp_path):
    path = tmp_path / "dump.1"
    path.write_text(DUMP.replace("40 100\n", "40 99\n"))
    with pytest.raises(callgrind.DumpError, match="174 of 175"):
        callgrind.functions(path)


def test_dumps_are_found_by_label(tmp_path):
    (tmp_path / "dump").write_text("desc: Trigger: Program termination\ntotals: 1\n")
    (tmp_path / "dump.1").write_text(DUMP)
    assert callgrind.dumps(tmp_path) == {"few": tmp_path / "dump.1"}
    (tmp_path / "dump.2").write_text(DUMP)
    with pytest.raises(callgrind.DumpError, match="two dumps"):
        callgrind.dumps(tmp_path)


def test_dump_without_total_is_refused():
    with pytest.raises(callgrind.DumpError):
        callgrind.total("version: 1\n")


def row(base, counted, failure=None):
    return report.Row("x", "a | b", 100, base, None, counted, failure)


def test_verdicts():
    assert row(1000.0, 1100.0).verdict == "ok"
    assert row(1000.0, 1100.5).verdict == "OVER"
    assert row(1000.0, None).verdict == "not measured"
    assert row(1000.0, None, "status 500").verdict == "FAILED"
    assert row(None, 1000.0, "status 500").above is None


def test_tables():
    rows = [row(24_000.4, 24_050.4)]
    markdown = report.markdown_table(rows).splitlines()
    assert markdown[2] == "| a \\| b | 24,000 | - | 24,050 | 50 | 100 | ok |"
    assert report.text_table(rows).splitlines()[2].split()[-2:] == ["100", "ok"]
    assert '"above": 50.0' in report.json_text(rows, {})


def test_function_table_ranks_differences_either_way():
    counted = {("f", "a.so"): 300.0, ("g", "b.so"): 10.0}
    base = {("f", "a.so"): 290.0, ("g", "b.so"): 60.0}
    lines = report.function_table(counted, base, 1).splitlines()
    assert lines[-1].split() == ["-50", "10", "60", "g", "[b.so]"]
    assert "50  b.so" in lines[1]


def served(data):
    """Return what a Client makes of the bytes `data` as the answer to a request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(data)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            with Client(listener.getsockname()[1], timeout=10) as client:
                return client.ask(get())
        finally:
            thread.join()


def test_client_reads_both_kinds_of_body():
    plain = served(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc")
    assert (plain.status, plain.headers["x-a"], plain.body) == (200, "b", b"abc")
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert served(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").body == b"abcde"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
        b"nonsense\r\n\r\n",
    ],
)
def test_client_refuses_incomplete_answers(data):
    with pytest.raises(ProtocolError):
        served(data)


def test_check_names_what_is_wrong():
    status, headers = parse_head(b"HTTP/1.1 200 OK\r\nX-A: 1")
    response = type("Response", (), {"status": status, "headers": headers, "body": b"x"})
    assert answers(b"x", [("x-a", "1")])(response) is None
    assert "body" in answers(b"y")(response)
    assert "x-a" in answers(b"x", [("x-a", "2")])(response)
    response.status = 500
    assert answers(b"x")(response) == "status 500"


def test_scenarios_have_their_own_names():
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    runs = {}
    for scenario in SCENARIOS:
        for run in (scenario.base, scenario.counted, scenario.same):
            if run is not None:
                assert runs.setdefault(run.name, run) is run


def test_one_short_count():
    """The count of C hello is of httpd's order and its functions add up to it."""
    plan = Plan(warm_up=5, few=5, many=25)
    with Stage() as stage:
        found = count(C_HELLO, stage, plan, with_functions=True)
    assert 10_000 < found.per_request < 100_000
    assert abs(sum(found.functions.values()) - found.per_request) < found.per_request / 10
    assert any(name == "ap_process_request" for name, _ in found.functions)


def test_wrong_answer_is_not_counted():
    run = c_run("wrong", "bench-hello", get(), answers(b"something else"))
    with Stage() as stage, pytest.raises(WrongAnswer, match="Hello World"):
        count(run, stage, Plan(1, 1, 2))
