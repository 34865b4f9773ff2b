"""Keeps rows.tsv, the comments in the tests and docs/compatibility.md in step."""

from __future__ import annotations

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import collect
import compat
import pytest
from rows import ROOT, Row, dump, load
from scan import mentions_of, scan

SOURCE = '''
# spec: api:9.9
@mark
def test_one():
    "# spec: api:0.0"
    req.flush()  # ordinary


def helper():
    # spec: api:6.2, api:1.1
    pass


class TestTwo:
    def test_in(self):
        # spec: directives:D-4
        req.write(b"")
# spec: api:2.2
'''

RUST = """
    // spec: directives:4.1.1
    #[test]
    fn splits() {
        if x {
        }
        // spec: directives:4.1.4
    }

    fn no_test() {}

    #[test]
    #[ignore]
    fn again() {
    }
"""


def test_rows_tests_and_comments_agree():
    """Every id in a comment is a row, every test named exists, every row has a test or a reason."""
    tests, mentions = scan(ROOT)
    assert collect.problems(load(), tests, mentions) == []


def test_compatibility_page_is_up_to_date():
    """The page users read says what rows.tsv says."""
    assert compat.PAGE.read_text("utf-8") == compat.page(load())


def test_porting_page_names_every_defect():
    """Each defect of the classic module that this one avoids is named at the end of docs/porting.md."""
    text = (ROOT / "docs" / "porting.md").read_text("utf-8").partition("## Defects by number")[2]
    named = set()
    for line in text.splitlines():
        file = ""
        for word in re.findall(r"[A-Za-z]-\d+|[a-z]+", line.split("|")[1] if line.startswith("|") else ""):
            file = word if word in compat.FILES else file
            named.add(f"{file}:{word}")
    defects = {r.id for r in load() if r.file != "library" and re.fullmatch(r"[A-Z]-\d+", r.number)}
    assert len(defects) > 70
    assert defects - named == set()


def test_the_file_survives_reading_and_writing(tmp_path):
    """dump() is the inverse of load()."""
    rows = [Row("api:5/get", "the first value", ("a::b", "c::d"), ""), Row("api:1.1", "x", (), "n/a: y")]
    copy = tmp_path / "rows.tsv"
    copy.write_text(dump(rows), "utf-8")
    assert load(copy) == rows
    copy.write_text("id\tfact\n", "utf-8")
    with pytest.raises(ValueError, match="2 columns"):
        load(copy)


def test_comments_find_their_python_test():
    """A comment inside a test is its own, any other goes to the next test below."""
    tests, mentions = mentions_of("tests/test_x.py", SOURCE)
    assert [t.name for t in tests] == ["tests/test_x.py::test_one", "tests/test_x.py::TestTwo::test_in"]
    assert [(m.row, m.test.name.rpartition("::")[2] if m.test else None) for m in mentions] == [
        ("api:9.9", "test_one"), ("api:6.2", "test_in"), ("api:1.1", "test_in"),
        ("directives:D-4", "test_in"), ("api:2.2", None),
    ]


def test_comments_find_their_rust_test():
    """The same rule for functions below #[test]."""
    tests, mentions = mentions_of("src/x.rs", RUST)
    assert [t.name for t in tests] == ["src/x.rs::splits", "src/x.rs::again"]
    assert [(m.row, m.test.name) for m in mentions] == [
        ("directives:4.1.1", "src/x.rs::splits"), ("directives:4.1.4", "src/x.rs::splits")]


def test_a_table_stands_for_the_members_the_test_uses():
    """``api:6.2`` in a test that calls req.write() proves the row of write, not of flush."""
    _, mentions = mentions_of("tests/test_x.py", SOURCE)
    rows = [Row(f"api:6.2/{name}", "x", (), "open: no test names this row yet") for name in ("write", "flush")]
    write, flush = collect.filled(rows, mentions)
    assert write.tests == ("tests/test_x.py::TestTwo::test_in",) and write.reason == ""
    assert flush.tests == () and flush.state == "no test yet"


@pytest.mark.parametrize(("row", "complaint"), [
    (Row("api:1.1", "x", ("tests/test_x.py::test_gone",), ""), "test_gone does not exist"),
    (Row("api:1.1", "x", (), ""), "neither a test nor a reason"),
    (Row("api:1.1", "x", (), "because"), "a reason begins with"),
    (Row("api:1.1", "", (), "n/a: x"), "says nothing"),
    (Row("api:1.2", "x", (), "n/a: x"), "no row is called api:1.1"),
    (Row("api:1.1", "x", (), "open: x"), "not up to date"),
    (Row("api:1.1", "x", (), "open: x"), "no test follows"),
])
def test_each_fault_is_named(row, complaint):
    """Whatever is wrong with a row or a comment is said in one sentence."""
    tests, mentions = mentions_of("tests/test_x.py", "# spec: api:1.1\ndef test_a(): pass\n# spec: api:1.1\n")
    assert any(complaint in p for p in collect.problems([row], tests, mentions))


def test_state_of_a_row():
    """The mark on the page follows from tests and reason."""
    test = ("tests/test_x.py::test_a",)
    assert Row("a:1", "x", test, "").state == "works"
    assert Row("a:1", "x", test, "later: y").state == "in part"
    assert Row("a:1", "x", (), "later: y").state == "not yet"
    assert Row("a:1", "x", (), "n/a: y").state == "not applicable"
    assert Row("a:1", "x", (), "open: y").state == "no test yet"
