"""From the program that a page was translated to, to code whose tracebacks show lines of the page and of what it includes.

Works without httpd.
"""

from __future__ import annotations

import __future__

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType
from typing import Any, NamedTuple

from mod_python._psp.writes import speed_up

#: What `_apache._psp_translate` returns: source, (file, line) of each of its lines, names of included files, (file, line,
#: text) of directives that mean nothing. File 0 is the page, n the included file n - 1.
Translation = tuple[str, list[tuple[int, int]], list[str], list[tuple[int, int, str]]]

_FUTURE: int = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag


class File(NamedTuple):
    """A file as tracebacks are to show it: its name and its lines."""

    name: str
    lines: Sequence[str]


def file_of(name: str, text: str) -> File:
    """Return the File of a text; CR, LF and CRLF end lines."""
    return File(name, text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def compile_program(source: str, lines: Sequence[tuple[int, int]], files: Sequence[File]) -> tuple[CodeType, ...]:
    """Return code objects to be executed in this order, in the same names.

    There are several if files are included: the code of an included file then bears its name. A statement of which an
    included file is only a part belongs to the including one; lines inside count as the line that includes them.
    lines: the (file, line) that each line of the source comes from. files: the page and what it includes. Raises
    SyntaxError with file and line of the page's text.
    """
    name = files[0].name
    try:
        tree = ast.parse(source, name)
        # Some errors are found in the whole only.
        compile(source, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        if error.lineno is not None:
            file, error.lineno = lines[min(error.lineno, len(lines)) - 1]
            error.filename = files[file].name
            error.end_lineno = error.lineno
            if error.offset is not None and (error.end_offset or 0) < error.offset:
                error.end_offset = error.offset
        raise
    speed_up(tree)
    parts: list[CodeType] = []
    flags = 0
    for file, statements in _Map(source, lines, files).groups(tree.body):
        module = ast.Module(statements, [])
        parts.append(compile(module, files[file].name, "exec", flags, dont_inherit=True))
        # What the page imports from __future__ at its beginning holds for all of it.
        flags |= parts[0].co_flags & _FUTURE
    return tuple(parts)


class _Map:
    """Moves nodes from the program's lines to those of the files."""

    def __init__(self, source: str, lines: Sequence[tuple[int, int]], files: Sequence[File]) -> None:
        self.lines = lines
        #: The numbers of the lines that stand in a file as they are in the program: only there columns mean something.
        self.same = {
            number
            for number, (text, (file, line)) in enumerate(zip(source.split("\n"), lines), 1)
            if files[file].lines[line - 1] == text
        }

    def groups(self, body: list[ast.stmt]) -> Iterator[tuple[int, list[ast.stmt]]]:
        """Yield the file and the statements of each run of statements of one file, moved to its lines."""
        run: list[ast.stmt] = []
        current = 0
        for statement in body:
            file = self._move(statement)
            if file != current and run:
                yield current, run
                run = []
            current = file
            run.append(statement)
        if run:
            yield current, run

    def _move(self, statement: ast.stmt) -> int:
        first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", ()))])
        last = statement.end_lineno or first
        file = min(number for number, _ in self.lines[first - 1 : last])
        moved = self._in(file, first, last)
        for node in ast.walk(statement):
            if hasattr(node, "lineno"):
                self._set(node, moved)
        return file

    def _set(self, node: Any, moved: Mapping[int, int]) -> None:
        first, last = node.lineno, node.end_lineno or node.lineno
        node.lineno, node.end_lineno = moved[first], max(moved[first], moved[last])
        if not (first in self.same and last in self.same):
            node.col_offset = node.end_col_offset = -1

    def _in(self, file: int, first: int, last: int) -> dict[int, int]:
        """Return what the lines of a statement are in a file: lines of other files become the one before them."""
        moved: dict[int, int] = {}
        line = next(line for number, line in self.lines[first - 1 : last] if number == file)
        for at in range(first, last + 1):
            number, place = self.lines[at - 1]
            if number == file:
                line = place
            moved[at] = line
        return moved
