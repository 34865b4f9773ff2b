"""Findings about settings: what is a risk on a public server, and options that mean nothing. Used by check.py."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from mod_python import _options
from mod_python._command._check import words
from mod_python._command._check.findings import Finding
from mod_python._command._check.tree import Node
from mod_python._command._check.walk import Line, Wanted

#: Read by the module or its importer, and so not in the library's table.
_OTHERS = {
    "mod_python.importer", "mod_python.importer.path", "mod_python.legacy.importer", "mod_python.mutex_directory",
    "mod_python.mutex_locks",
}  # fmt: skip

_FLAGS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}

#: Options whose value opens something: name, the values, what it means.
_RISKY = (
    ("mod_python.session.format", ("pickle",), "who can write a session's file or row runs code in the server"),
    ("mod_python.session.cookie_httponly", ("off",), "scripts of a page can read the session's cookie"),
    ("mod_python.session.cookie_secure", ("off",), "the session's cookie is sent without TLS too"),
    ("mod_python.session.cookie_samesite", ("none",), "other sites' forms and pages send the session's cookie along"),
    ("mod_python.form.max_body", ("0",), "a form may be of any size"),
    ("mod_python.form.max_memory", ("0",), "a urlencoded form of any size is held in memory"),
    ("mod_python.form.max_fields", ("0",), "a form may have any number of fields"),
)

_DIRECTORIES = tuple(f"mod_python.{kind}session.database_directory" for kind in ("", "file_", "dbm_"))


def risks(line: Line) -> Iterator[Finding]:
    """Yield what a directive opens or leaves open."""
    node = line.node
    arguments = words.split(node.args)
    name, first = node.name.lower(), (arguments or [""])[0].lower()
    if name == "pythondebug" and first == "on":
        yield _at(node, "warning", "PythonDebug On shows tracebacks, with paths and source, to everybody")
    elif name == "pythonenablepdb" and first == "on":
        yield _at(node, "warning", "PythonEnablePdb On stops a request in the debugger; it is for httpd -X at a terminal")
    elif name == "pythonoption" and arguments:
        key, value = first, (arguments + [""])[1]
        if value:
            yield from _option(node, key, value)


def _option(node: Node, key: str, value: str) -> Iterator[Finding]:
    """Yield what is wrong with an option that has a value."""
    table = {name.lower(): option for option in _options.OPTIONS.values() for name in (option.name, *option.older)}
    option = table.get(key)
    if option is None:
        if key.startswith("mod_python.") and key not in _OTHERS:
            yield _at(node, "warning", f"PythonOption {key}: mod_python has no such option")
        return
    default = option.default or ""
    if default.isdecimal() and default not in ("0", "1") and not value.lstrip("-").isdecimal():
        yield _at(node, "error", f"PythonOption {key}: {value!r} is not an integer")
    if default.lower() in ("on", "off", "true", "false", "yes", "no") and value.lower() not in _FLAGS:
        yield _at(node, "error", f"PythonOption {key}: {value!r} is neither on nor off")
    for name, values, meaning in _RISKY:
        known = {"off": "off", "0": "off", "no": "off", "false": "off"} if values == ("off",) else {}
        if option.name == name and known.get(value.lower(), value.lower()) in values:
            yield _at(node, "warning", f"PythonOption {key} {value}: {meaning}")
    if option.name in _DIRECTORIES:
        yield from _directory(node, value)


def _directory(node: Node, value: str) -> Iterator[Finding]:
    """Yield what is wrong with a folder for sessions: others must neither read nor plant them."""
    folder = Path(value)
    try:
        facts = folder.lstat()
    except OSError as error:
        yield _at(node, "note", f"{value}: {error.strerror}: it has to be there, or to be made by httpd's user")
        return
    if stat.S_ISLNK(facts.st_mode):
        yield _at(node, "warning", f"{value} is a symbolic link: name the folder itself")
    elif not stat.S_ISDIR(facts.st_mode):
        yield _at(node, "error", f"{value} is not a folder")
    elif facts.st_mode & 0o077:
        yield _at(node, "warning", f"{value}: others than its owner have rights there (mode {facts.st_mode & 0o7777:o}, 700 is right)")


def handlers(wanted: Sequence[Wanted], lines: Sequence[Line]) -> Iterator[Finding]:
    """Yield what is known of a handler without importing it."""
    content = [one for one in wanted if one.directive in ("PythonHandler", "PythonHandlerModule")]
    if content and not any(_gives_to_python(line.node) for line in lines):
        text = "no SetHandler or AddHandler gives anything to mod_python, so PythonHandler is not called"
        yield _at(content[0].node, "warning", text)
    for one in wanted:
        if one.module == "mod_python.testhandler":
            yield _at(one.node, "warning", "mod_python.testhandler shows the server's insides to everybody who gets there")
        if one.module == "mod_python.psp" and one.directive == "PythonHandler":
            if not _FLAGS.get(one.scope.options.get("mod_python.psp.autoescape", "off").lower()):
                yield _at(one.node, "note", "without PythonOption mod_python.psp.autoescape on each <%= %> has to escape by itself")


def _gives_to_python(node: Node) -> bool:
    first: Optional[str] = next(iter(words.split(node.args)), None)
    return node.name.lower() in ("sethandler", "addhandler") and first in ("mod_python", "python-program")


def _at(node: Node, level: str, text: str) -> Finding:
    return Finding(node.file, node.line, level, text)
