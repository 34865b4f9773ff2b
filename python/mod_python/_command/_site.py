"""The configuration of ``mod_python serve`` for each kind of target. Used by serve.py."""

from __future__ import annotations

from pathlib import Path

from mod_python._command._failure import Failed
from mod_python._command._target import Target
from mod_python._httpdconf import script
from mod_python._httpdconf.names import (
    AddHandler,
    AddType,
    Alias,
    AliasMatch,
    AllowOverride,
    Directory,
    DirectoryIndex,
    DocumentRoot,
    Files,
    FilesMatch,
    Location,
    LocationMatch,
    Options,
    PythonHandler,
    PythonOption,
    PythonPath,
    Require,
    SetHandler,
    TypesConfig,
)
from mod_python._httpdconf.nodes import Container, Directive, Node


def lines(target: Target) -> Container:
    """Return what serves a target, for a server of its own."""
    if target.kind == "wsgi":
        return _wsgi(target)
    served = {"handler": _handler, "publisher": _publisher, "psp": _psp}[target.kind](target)
    folder = _quoted(target.folder)
    # mod_dir would answer for folders, before a handler could.
    modules = ["alias", "mime"] + (["dir"] if target.kind == "psp" else [])
    return Container(
        *script.loading(modules),
        TypesConfig(next((f for f in ("/etc/mime.types", "/etc/httpd/conf/mime.types") if Path(f).is_file()), "/dev/null")),
        AddType("text/html .html"),
        AddType("text/css .css"),
        AddType("text/javascript .js"),
        Directive("AddDefaultCharset", "utf-8"),
        DocumentRoot(folder),
        Directory("/", AllowOverride("None"), Require("all denied")),
        Directory(
            folder,
            Options("FollowSymLinks"),
            Require("all granted"),
            # Sources and what an editor leaves behind are not for readers.
            FilesMatch(r'"(\.py[a-z]?|~)$"', Require("all denied")),
            *served.args,
        ),
        *_addresses(target),
        LocationMatch(r'"/\.(?!well-known/)"', Require("all denied")),
    )


def urls(target: Target) -> list[str]:
    """Return the paths that lead to the modules of a folder of handlers; only ``/`` for everything else."""
    if target.kind != "handler" or target.module:
        return ["/"]
    found = target.handlers()
    root = ["/"] if _root(found) else []
    return root + [f"/{name}" for name in found]


def _handler(target: Target) -> Container:
    if target.module:
        return _all_of(f"{target.module}")
    found = target.handlers()
    if not found:
        raise Failed(f"{target.folder} has no module with a function handler()")
    return Container(
        *(
            Files(f'"{name}.py"', Require("all granted"), SetHandler("mod_python"), PythonHandler(name))
            for name in found
        )
    )


def _publisher(target: Target) -> Container:
    if target.module:
        publisher: list[Node] = [SetHandler("mod_python"), PythonHandler("mod_python.publisher")]
        return Container(Files(f'"{target.module}.py"', Require("all granted"), *publisher))
    return Container(
        *_all_of("mod_python.publisher").args,
        # A style sheet or an image is a file, not a name in index.py.
        FilesMatch(r'"\.(?!py$)\w+$"', SetHandler("default-handler")),
    )


def _psp(target: Target) -> Container:
    return Container(
        AddHandler("mod_python .psp .psp_"),
        PythonHandler("mod_python.psp"),
        DirectoryIndex(_word(target.page) if target.page else "index.psp index.html"),
    )


def _wsgi(target: Target) -> Container:
    return Container(
        PythonPath(_word(f"[{str(target.folder)!r}] + sys.path")),
        Location(
            "/",
            Require("all granted"),
            SetHandler("mod_python"),
            PythonHandler("mod_python.wsgi"),
            PythonOption(f"mod_python.wsgi.application {target.module}::{target.object}"),
        ),
    )


def _all_of(handler: str) -> Container:
    """Return what lets one handler answer for all URLs."""
    sources = FilesMatch(r'"\.py$"', Require("all granted"))
    return Container(sources, SetHandler("mod_python"), PythonHandler(handler))


def _addresses(target: Target) -> list[Node]:
    """Return which URL leads to which module, where that is not the file's own."""
    if target.kind == "publisher" and target.module:
        return [AliasMatch(f'"^/(.*)$" "{target.folder}/{target.module}.py/$1"')]
    if target.kind != "handler" or target.module:
        return []
    found = target.handlers()
    lines: list[Node] = [Alias(f'"/{name}" "{target.folder}/{name}.py"') for name in found]
    if root := _root(found):
        lines.append(AliasMatch(f'"^/$" "{target.folder}/{root}.py"'))
    return lines


def _root(found: list[str]) -> str:
    """Return the module that answers for ``/``: index, or the only one."""
    return "index" if "index" in found else found[0] if len(found) == 1 else ""


def _quoted(path: Path) -> str:
    text = str(path)
    if any(mark in text for mark in '"\n\\$*?['):
        raise Failed(f"{text}: a quote, backslash, dollar sign or wildcard in a path cannot be served")
    return f'"{text}"'


def _word(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
