"""Fewer and cheaper calls in the program of a page, which does what it did. Used by ``compiled``.

The program writes with ``_psp_write(text,0)`` and ``_psp_write(_psp_str(value)+text,0)``. Here that becomes

    _psp_write(text)                  which writes text,
    _psp_write(value, text)           which writes the value as text, then text,
    _psp_write(value, text, before)   which writes ``before`` first.

Works without httpd.
"""

from __future__ import annotations

import ast
from typing import Any, Optional

_NONE: frozenset[str] = frozenset()


def speed_up(tree: ast.Module) -> None:
    """Change the calls of a program."""
    unbound: set[Optional[str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _shorten(node)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            unbound.add(node.id)
        elif isinstance(node, ast.ExceptHandler):
            unbound.add(node.name)
    _Joined(unbound).visit_body(tree.body, _NONE)


def _is_write(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_psp_write"


def _shorten(write: ast.Call) -> None:
    if not _is_write(write) or len(write.args) != 2:
        return
    data = write.args[0]
    del write.args[1]
    value, text = data, ast.Constant("")
    if isinstance(data, ast.BinOp) and isinstance(data.right, ast.Constant):
        value, text = data.left, data.right
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "_psp_str":
        # Anything else is for str() to understand.
        if len(value.args) == 1 and not value.keywords and not isinstance(value.args[0], ast.Starred):
            write.args = [value.args[0], ast.copy_location(text, data)]


class _Joined:
    """Joins text and the value behind it where nothing can happen in between: loading the value cannot fail."""

    def __init__(self, unbound: set[Optional[str]]) -> None:
        #: Names that may go away again.
        self.unbound = unbound

    def visit_body(self, body: list[ast.stmt], bound: frozenset[str]) -> None:
        """Join the statements of a body. bound: the variables of the loops around it."""
        kept: list[ast.stmt] = []
        for statement in body:
            before = _arguments(kept[-1]) if kept else []
            arguments = _arguments(statement)
            if len(before) == 1 and isinstance(before[0], ast.Constant) and len(arguments) == 2:
                if self._is_certain(arguments[0], bound):
                    # Its own lines belong to the statement that goes.
                    arguments.append(ast.copy_location(before[0], statement))
                    kept.pop()
            kept.append(statement)
            self._visit(statement, bound)
        body[:] = kept

    def _is_certain(self, value: ast.expr, bound: frozenset[str]) -> bool:
        if isinstance(value, ast.Name):
            return value.id in bound and value.id not in self.unbound
        return isinstance(value, ast.Constant)

    def _visit(self, node: Any, bound: frozenset[str]) -> None:
        if isinstance(node, ast.For):
            targets = {name.id for name in ast.walk(node.target) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
            self.visit_body(node.body, bound | targets)
            self.visit_body(node.orelse, bound)
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound = _NONE
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value:
                if isinstance(value[0], ast.stmt):
                    self.visit_body(value, bound)
                elif isinstance(value[0], (ast.ExceptHandler, ast.match_case)):
                    for part in value:
                        self._visit(part, bound)


def _arguments(statement: ast.stmt) -> list[ast.expr]:
    """Return the arguments of a statement that writes, none of another one."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _is_write(statement.value):
        return statement.value.args
    return []
