"""Files ``.htaccess``: which ones httpd would read, and what they say. Used by check.py.

httpd itself reads them only for a request. Here it reads each as a section for
its folder, behind the configuration.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from mod_python._command._check import tree, walk
from mod_python._command._check.findings import Finding
from mod_python._command._check.sections import Server, servers
from mod_python._command._check.tree import Node
from mod_python._command._check.walk import Line

#: More folders than these are not looked into.
_MOST = 20_000

#: Directives of mod_python for which not any class of AllowOverride will do; those that a section may have, but no such file.
_CLASS = {"pythonauthnprovider": "authconfig"}
_NEVER = ("pythoninputfilter", "pythonoutputfilter", "pythonmaptostoragehandler")


@dataclasses.dataclass(frozen=True)
class File:
    """A file that httpd reads for requests to its folder, by the settings of a server."""

    path: Path
    server: Server


def find(nodes: Sequence[Node]) -> tuple[list[File], list[Finding]]:
    """Return the files below and above the folders that a configuration names, where its AllowOverride lets them count."""
    found: dict[Path, File] = {}
    seen: set[tuple[str, ...]] = set()
    for server in servers(nodes):
        for folder in _folders(server):
            if len(seen) > _MOST:
                text = f"more than {_MOST} folders: not all of them were searched for .htaccess files"
                return list(found.values()), [Finding(server.root or "/", 0, "note", text)]
            # What the server says of a folder is in its sections.
            key = (str(id(server)), str(folder))
            if key in seen:
                continue
            seen.add(key)
            if server.permits(folder):
                for name in server.access_files:
                    if (folder / name).is_file():
                        found.setdefault(folder / name, File(folder / name, server))
                        break
    return list(found.values()), []


def _folders(server: Server) -> Iterator[Path]:
    """Yield the folders above and below those that a server names. A request passes the ones above."""
    for text in server.places():
        yield from reversed(Path(text).parents)
        for folder, names, _ in os.walk(text):
            names.sort()
            yield Path(folder)


def lines(files: Sequence[File], conf: Path, defines: Sequence[str]) -> tuple[list[Line], list[Finding]]:
    """Return the directives of the files, each with what holds in its folder, and what is wrong with the files."""
    findings = [finding for file in files for finding in _writable(file.path)]
    nodes: dict[Path, Node] = {}
    files = sorted(files, key=lambda file: len(file.path.parts))
    left = [file for file in files if not any(mark in str(file.path) for mark in '"\\*?[$\n')]
    while left:
        text = [part for file in left for part in (f'<Directory "{file.path.parent}">', f'Include "{file.path}"', "</Directory>")]
        read = tree.read(conf, defines, text)
        refused = {finding.file for finding in read.findings if finding.level == "error"}
        findings += [finding for finding in read.findings if finding.file in {str(file.path) for file in left}]
        if read.nodes:
            sections = [node for node in read.nodes if node.file == tree.COMMAND_LINE and node.name == "Directory"]
            nodes = {file.path: node for file, node in zip(left, sections)}
            break
        remaining = [file for file in left if str(file.path) not in refused]
        if len(remaining) == len(left):
            break
        left = remaining
    found: list[Line] = []
    for file in left:
        above = [nodes[other.path].children for other in left if other.path in nodes and other.path.parent in file.path.parent.parents]
        if file.path in nodes:
            scope = file.server.scope(file.path.parent, above)
            inside = list(walk.lines(nodes[file.path].children, scope))
            findings += [finding for line in inside for finding in _forbidden(line.node, file)]
            found += inside
    return found, findings


def _forbidden(node: Node, file: File) -> Iterator[Finding]:
    """Yield whether httpd refuses a directive of mod_python there, with status 500 for each request."""
    name = node.name.lower()
    if not name.startswith("python"):
        return
    allowed, listed = file.server.overrides(file.path.parent)
    wanted = _CLASS.get(name)
    if name in _NEVER:
        yield Finding(node.file, node.line, "error", f"{node.name} does not work in such a file: requests get 500")
    elif name not in listed and not (allowed & {"all", wanted or ""} if wanted else allowed):
        yield Finding(node.file, node.line, "error", f"AllowOverride does not permit {node.name} here: requests get 500")


def _writable(path: Path) -> Iterator[Finding]:
    if path.stat().st_mode & stat.S_IWOTH:
        yield Finding(str(path), 0, "warning", "everybody on this machine can write to this file, and so run code in the server")
