"""What a configuration asks of mod_python, and what holds where it stands. Used by check.py, options.py and imports.py.

What holds is taken from the sections around a line: how httpd lays sections
over each other for a URL cannot be known without one.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Optional

from mod_python._command._check import words
from mod_python._command._check.tree import Node

_SETTINGS = ("PythonPath", "PythonDebug", "PythonEnablePdb")


@dataclasses.dataclass(frozen=True)
class Scope:
    """What holds for a line: the folder of the section, settings as text, options."""

    directory: Optional[str] = None
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    options: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A module that is imported for a directive; `object` is what is called in it, ``''`` if only the module counts."""

    node: Node
    directive: str
    module: str
    object: str
    scope: Scope


@dataclasses.dataclass(frozen=True)
class Line:
    """A directive of mod_python with its scope."""

    node: Node
    scope: Scope


def lines(nodes: Sequence[Node], scope: Optional[Scope] = None) -> Iterator[Line]:
    """Yield every directive of a configuration, the settings of its section taken into account wherever they stand."""
    scope = within(scope or Scope(), nodes)
    for node in nodes:
        yield Line(node, scope)
        if node.children:
            yield from lines(node.children, _entered(scope, node))


def within(scope: Scope, nodes: Sequence[Node]) -> Scope:
    """Return a scope with what the directives of one section set in it."""
    settings, options = dict(scope.settings), dict(scope.options)
    for node in nodes:
        arguments = words.split(node.args)
        name = _canonical(node.name)
        if name in _SETTINGS and arguments:
            settings[name] = arguments[0]
        elif name == "PythonOption" and arguments:
            if len(arguments) > 1 and arguments[1]:
                options[arguments[0].lower()] = arguments[1]
            else:
                options.pop(arguments[0].lower(), None)
    return Scope(scope.directory, settings, options)


def _entered(scope: Scope, node: Node) -> Scope:
    """Return the scope inside a section: a folder without wildcards is that of its handlers, a Location has none."""
    name = node.name.lower()
    if name in ("location", "locationmatch", "directorymatch", "virtualhost"):
        return dataclasses.replace(scope, directory=None)
    if name == "directory":
        folder = (words.split(node.args) or [""])[0]
        plain = folder.startswith("/") and not re.search(r"[*?\[]", folder)
        return dataclasses.replace(scope, directory=folder.rstrip("/") + "/" if plain else None)
    return scope


def wanted(line: Line) -> list[Wanted]:
    """Return what a line wants to have imported."""
    node, scope = line.node, line.scope
    name, text = _canonical(node.name), node.args
    if name == "Require":
        kind, _, text = text.partition(" ")
        if kind.lower() != "python":
            return []
        name = "Require python"
    if name in words.FUNCTIONS:
        function = words.FUNCTIONS[name]
        return [Wanted(node, name, module, given or function, scope) for module, given in words.handlers(name, text)]
    if name == "PythonHandlerModule":
        return [Wanted(node, name, module, given, scope) for module, given in words.handlers(name, text)]
    if name == "PythonImport" and text:
        module, _, given = words.split(text)[0].partition("::")
        return [Wanted(node, name, module, given, scope)]
    if name == "PythonOption":
        arguments = words.split(text)
        if len(arguments) == 2 and arguments[0].lower() == "mod_python.wsgi.application" and arguments[1]:
            module, given = (re.split("::?", arguments[1], maxsplit=1) + ["application"])[:2]
            return [Wanted(node, name, module, given, scope)]
    return []


def _canonical(name: str) -> str:
    """Return a directive's name in the spelling of its table."""
    return _SPELLED.get(name.lower(), name)


_SPELLED = {
    name.lower(): name
    for name in (*words.FUNCTIONS, *_SETTINGS, "PythonOption", "PythonHandlerModule", "PythonImport", "PythonHome", "Require")
}
