"""Pages where no httpd runs: the program ``mod_python-psp``, which lies in this folder, translates them.

Used by the command. Works without httpd.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import NamedTuple, Optional

from mod_python._psp.compiled import compile_program, file_of

#: An installed package has it here; MOD_PYTHON_PSP names another one.
_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mod_python-psp")


class MissingError(Exception):
    """The program is not there, or does not run; the text says what to do."""


class Complaint(NamedTuple):
    """What is wrong in a page. A warning leaves it a page."""

    file: str
    line: int
    message: str
    warning: bool = False


class Result(NamedTuple):
    """A page's program, None if it is none, and what is wrong with it. lines: (file, line) that each line comes from."""

    source: Optional[str]
    lines: list[tuple[int, int]]
    files: list[str]
    complaints: list[Complaint]


def translate(path: str) -> Result:
    """Return the program of a page, which need not compile; raises MissingError."""
    fields = iter(_fields(path))
    complaints: list[Complaint] = []
    for kind in fields:
        if kind == "ignored":
            file, line, text = next(fields), int(next(fields)), next(fields)
            complaints.append(Complaint(file, line, f"<%@ {text} %> is no directive of a page", True))
        elif kind == "fault":
            complaints.append(Complaint(next(fields), int(next(fields)), next(fields)))
        elif kind == "unreadable":
            complaints.append(Complaint(next(fields), 0, next(fields)))
        else:
            return _program(path, fields, complaints)
    return Result(None, [], [path], complaints)


def _program(path: str, fields: Iterator[str], complaints: list[Complaint]) -> Result:
    source = next(fields)
    lines = [(int(file), int(line)) for file, _, line in (place.partition(":") for place in next(fields).split())]
    return Result(source, lines, [path, *fields], complaints)


def check(path: str) -> list[Complaint]:
    """Return what is wrong with a page, and with what it includes; raises MissingError."""
    found = translate(path)
    if found.source is None:
        return found.complaints
    texts = []
    for file in found.files:
        with open(file, encoding="utf-8", newline="") as opened:
            texts.append(file_of(file, opened.read()))
    try:
        compile_program(found.source, found.lines, texts)
    except SyntaxError as error:
        return [*found.complaints, Complaint(error.filename or path, error.lineno or 0, error.msg)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [*found.complaints, Complaint(path, 0, f"{type(error).__name__}: {error}")]
    return found.complaints


def _fields(path: str) -> list[str]:
    program = os.environ.get("MOD_PYTHON_PSP") or _PROGRAM
    # A name that begins with a dash is no option.
    name = os.path.join(".", path) if path.startswith("-") else path
    try:
        done = subprocess.run([program, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingError(f"the program that reads pages does not run: {error}; conf/install.sh installs it") from None
    return done.stdout.decode(errors="surrogateescape").split("\0")[:-1]
