"""The command `mod_python psp`: pages checked and shown without httpd, by the staged package."""

import os
import stat
import subprocess
import sys

import pytest
from library.psp_cases import CASES, ERROR, INCLUDED


@pytest.fixture
def command(tree, tmp_path):
    """A function: run the command in a folder of its own; gives exit status, lines of output and of errors."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tree / "python"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words, **more):
        done = subprocess.run(
            [sys.executable, "-m", "mod_python", "psp", *words],
            cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    for name, text in INCLUDED.items():
        (tmp_path / name).write_text(text)
    return run


def test_worked_cases(command, tmp_path):
    # spec: library:P-130
    pages = {template: f"{number}.psp" for number, template in enumerate(dict.fromkeys(case[1] for case in CASES))}
    for template, name in pages.items():
        (tmp_path / name).write_bytes(template.encode())
    status, output, errors = command("--check", *pages.values())
    wrong = {line.partition(":")[0] for line in errors}
    assert wrong == {pages[template] for _, template, _, expected in CASES if expected is ERROR}
    assert (status, output) == (1, [])


def test_places(command, tmp_path):
    pages = {
        "good.psp": "<%= 1 %>",
        "tag.psp": "a\n\n<% x",
        "code.psp": "a\n<%\nx = = 1\n%>",
        "symbol.psp": "<%\n\nreturn 1\n%>",
        "sub/part.psp": "\n<%\nx = (\n%>",
        "sub/including.psp": "a\n<%@ include file=\"part.psp\" %>",
        "nopart.psp": "<%@ include file=\"none.psp\" %>",
        "odd.psp": "\n<%@ page x %>",
        "-x.psp": "<%=",
    }
    (tmp_path / "sub").mkdir()
    for name, text in pages.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.psp").write_bytes(b"caf\xe9")

    assert command("--check", "good.psp") == (0, [], [])
    for name, line in [
        ("tag.psp", "tag.psp:3: a tag is not closed by %>"),
        ("code.psp", "code.psp:3: invalid syntax"),
        ("symbol.psp", "symbol.psp:3: 'return' outside function"),
        ("sub/including.psp", "sub/part.psp:3: '(' was never closed"),
        ("nopart.psp", "none.psp: No such file or directory (os error 2)"),
        ("none.psp", "none.psp: No such file or directory (os error 2)"),
        ("latin.psp", "latin.psp: it is not UTF-8: invalid utf-8 sequence of 1 bytes from index 3"),
    ]:
        if name == "latin.psp":
            line = line.replace("invalid utf-8 sequence of 1 bytes", "incomplete utf-8 byte sequence")
        assert command("--check", "good.psp", name) == (1, [], [line])
    assert command("--check", "--", "-x.psp") == (1, [], ["./-x.psp:1: a tag is not closed by %>"])
    warning = "odd.psp:2: warning: <%@ page x %> is no directive of a page"
    assert command("--check", "odd.psp") == (0, [], [warning])


def test_show(command, tmp_path):
    (tmp_path / "a.psp").write_text("one\n<%@ include file=\"j.psp\" %>\n")
    status, output, errors = command("--show", "a.psp")
    assert (status, errors) == (0, [])
    assert [line.split(maxsplit=1) for line in output if len(line.split()) > 1] == [
        ["1", '_psp_write("one\\n",0)'],
        ["j.psp:1", '_psp_write("J\\n",0)'],
        ["2", '_psp_write("\\n",0)'],
    ]


def test_use(command, tree):
    assert command("a.psp")[0] == command("--check")[0] == command("--check", "--show", "a.psp")[0] == 2
    status, _, errors = command("--check", "j.psp", MOD_PYTHON_PSP="/nonexistent/program")
    assert status == 1
    assert errors[0].startswith("mod_python psp: the program that reads pages does not run: ")
    program = tree / "python/mod_python/_psp/mod_python-psp"
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    done = subprocess.run([program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "usage: mod_python-psp FILE\n")
