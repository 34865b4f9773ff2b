"""The servers of a configuration: their folders, and the ``<Directory>`` sections that hold for one. Used by htaccess.py."""

from __future__ import annotations

import dataclasses
import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from mod_python._command._check import walk, words
from mod_python._command._check.tree import Node
from mod_python._command._check.walk import Scope

#: Directives whose last argument is a folder, or a file of one, that httpd serves.
_ALIASES = ("alias", "scriptalias")


@dataclasses.dataclass(frozen=True)
class Server:
    """The main server, or a virtual host: `levels` are the directives of the main server, then of the virtual host."""

    levels: tuple[Sequence[Node], ...]

    @property
    def root(self) -> str:
        """Its DocumentRoot, ``''`` if there is none."""
        return (self._last("documentroot") or [""])[0]

    @property
    def access_files(self) -> list[str]:
        """The names of the files that httpd looks for in folders."""
        return self._last("accessfilename") or [".htaccess"]

    def places(self) -> Iterator[str]:
        """Yield the folders that it names: DocumentRoot, aliases, sections; not the root of all."""
        named = [self.root]
        for nodes in self.levels:
            for node in nodes:
                arguments = words.split(node.args)
                if node.name.lower() in _ALIASES and len(arguments) == 2:
                    named.append(arguments[1])
                elif node.name.lower() == "directory" and arguments:
                    named.append(arguments[0])
        for place in named:
            if place.startswith("/") and place.strip("/") and os.path.isdir(place):
                yield os.path.normpath(place)

    def sections(self, folder: Path) -> list[Node]:
        """Return the sections that hold for a folder, in the order in which httpd lays them over each other."""
        found = []
        for level, nodes in enumerate(self.levels):
            for node in nodes:
                depth = _depth(node, folder)
                if depth is not None:
                    found.append((depth, level, node))
        return [node for _, _, node in sorted(found, key=lambda one: one[:2])]

    def overrides(self, folder: Path) -> tuple[set[str], set[str]]:
        """Return the classes of AllowOverride and the directives of AllowOverrideList for a folder, in small letters."""
        allowed: set[str] = set()
        listed: set[str] = set()
        for section in self.sections(folder):
            for node in section.children:
                arguments = {word.lower() for word in words.split(node.args) if not word.lower().startswith("nonfatal=")} - {"none"}
                if node.name.lower() == "allowoverride":
                    allowed = arguments
                elif node.name.lower() == "allowoverridelist":
                    listed = arguments
        return allowed, listed

    def permits(self, folder: Path) -> bool:
        """Return whether httpd reads a file for a folder at all."""
        return any(self.overrides(folder))

    def scope(self, folder: Path, above: Sequence[Sequence[Node]]) -> Scope:
        """Return what holds in a folder: of the server, its sections, and the files `above` it."""
        scope = Scope(str(folder) + "/")
        for nodes in (*self.levels, *(section.children for section in self.sections(folder)), *above):
            scope = walk.within(scope, nodes)
        return scope

    def _last(self, name: str) -> list[str]:
        values = [words.split(node.args) for nodes in self.levels for node in nodes if node.name.lower() == name]
        return values[-1] if values else []


def servers(nodes: Sequence[Node]) -> list[Server]:
    """Return the main server and the virtual hosts of a configuration."""
    hosts = (node for node in nodes if node.name.lower() == "virtualhost")
    return [Server((nodes,)), *(Server((nodes, host.children)) for host in hosts)]


def _depth(node: Node, folder: Path) -> Optional[tuple[int, int]]:
    """Return a section's place among those that hold for a folder, None if it does not hold."""
    name, arguments = node.name.lower(), words.split(node.args)
    if name == "directorymatch" or (name == "directory" and arguments[:1] == ["~"]):
        try:
            return (1, 0) if arguments and re.search(arguments[-1], f"{folder}/") else None
        except re.error:
            return None
    if name != "directory" or not arguments:
        return None
    wanted, parts = Path(arguments[0]).parts, folder.parts
    if len(wanted) > len(parts) or not all(fnmatch.fnmatchcase(part, mark) for part, mark in zip(parts, wanted)):
        return None
    return (0, len(wanted))
