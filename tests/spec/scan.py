"""Finds tests and the ``spec:`` comments that say which rows they prove.

A comment inside a test belongs to that test; any other belongs to the next
test below it in the same file. Used by collect.py only.
"""

from __future__ import annotations

import ast
import io
import pathlib
import re
import tokenize
from dataclasses import dataclass

COMMENT = re.compile(r"^(?:#|//)\s*spec:\s*(.+)$")
RUST_TEST = re.compile(r"^(\s*)(?:pub\s+)?(?:async\s+)?fn\s+(\w+)")
NOT_COLLECTED = ("tests/bench/", "tests/harness/")
SKIPPED = {"__pycache__", "target", "out"}


@dataclass(frozen=True)
class Test:
    """A test: its ``path::name``, its lines (first, last) and its source text."""

    name: str
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Mention:
    """One id in a comment and the test it is about (None: no test follows)."""

    row: str
    where: str
    test: Test | None


def files(root: pathlib.Path) -> list[pathlib.Path]:
    """Every source file below tests/ and src/ that may hold tests."""
    found = [*root.glob("tests/**/*.py"), *root.glob("tests/**/*.rs"), *root.glob("src/**/*.rs")]
    return sorted(
        p for p in found
        if not any(part in SKIPPED or part.startswith(".") for part in p.relative_to(root).parts)
    )


def python_tests(path: str, source: str) -> list[Test]:
    """The functions pytest collects: ``test*``, also in classes ``Test*``."""
    lines = source.splitlines()
    found: list[Test] = []

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                visit(node.body, f"{prefix}{node.name}::")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name.startswith("test"):
                    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                    last = node.end_lineno or node.lineno
                    found.append(Test(f"{path}::{prefix}{node.name}", first, last,
                                      "\n".join(lines[first - 1:last])))

    if path.rpartition("/")[2].startswith("test_") and not path.startswith(NOT_COLLECTED):
        visit(ast.parse(source).body, "")
    return found


def rust_tests(path: str, source: str) -> list[Test]:
    """The functions below ``#[test]``, up to the brace at their own indent."""
    lines = source.splitlines()
    found: list[Test] = []
    marked = 0
    for number, line in enumerate(lines, 1):
        if line.strip() == "#[test]":
            marked = number
            continue
        match = RUST_TEST.match(line)
        if not (marked and match):
            continue
        closing = match.group(1) + "}"
        last = next((n for n in range(number, len(lines) + 1) if lines[n - 1] == closing), number)
        found.append(Test(f"{path}::{match.group(2)}", marked, last,
                          "\n".join(lines[marked - 1:last])))
        marked = 0
    return found


def python_comments(source: str) -> list[tuple[int, str]]:
    """Line and text of every real comment; text inside strings is none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT]


def rust_comments(source: str) -> list[tuple[int, str]]:
    """Line and text of every line that is only a comment."""
    return [(n, line.strip()) for n, line in enumerate(source.splitlines(), 1)
            if line.lstrip().startswith("//")]


def owner(tests: list[Test], line: int) -> Test | None:
    """The test that holds the line, else the first one below it."""
    for test in tests:
        if test.first <= line <= test.last:
            return test
    return min((t for t in tests if t.first > line), key=lambda t: t.first, default=None)


def mentions_of(path: str, source: str) -> tuple[list[Test], list[Mention]]:
    """All tests of one file, and all ids its comments name."""
    rust = path.endswith(".rs")
    tests = rust_tests(path, source) if rust else python_tests(path, source)
    comments = rust_comments(source) if rust else python_comments(source)
    found = []
    for line, text in comments:
        match = COMMENT.match(text)
        if match:
            test = owner(tests, line)
            ids = [i for i in re.split(r"[,\s]+", match.group(1)) if i]
            found += [Mention(i, f"{path}:{line}", test) for i in ids]
    return tests, found


def scan(root: pathlib.Path) -> tuple[list[Test], list[Mention]]:
    """All tests and mentions of the repository."""
    tests: list[Test] = []
    found: list[Mention] = []
    for path in files(root):
        name = path.relative_to(root).as_posix()
        more_tests, more = mentions_of(name, path.read_text("utf-8"))
        tests += more_tests
        found += more
    return tests, found
