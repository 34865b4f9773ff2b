"""The page of ``mod_python.testhandler``, as HTML. Everything that is shown is escaped."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from mod_python import _apache, apache, version

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>mod_python test page</title>
<style>
body { font-family: sans-serif; margin: 2em }
table { border-collapse: collapse; margin-bottom: 1em }
td { border: 1px solid #999; padding: 0.2em 0.6em; vertical-align: top; word-break: break-all }
</style>
</head>
<body>
<h1>mod_python works</h1>
"""

#: What the MPM is asked, and what it is called on the page.
_MPM = (
    ("threads in a child", apache.AP_MPMQ_MAX_THREADS),
    ("children at most", apache.AP_MPMQ_MAX_DAEMONS),
    ("threaded", apache.AP_MPMQ_IS_THREADED),
    ("forks", apache.AP_MPMQ_IS_FORKED),
    ("asynchronous", apache.AP_MPMQ_IS_ASYNC),
)

#: Parts of names whose values are nobody's business.
_SECRETS = ("password", "passwd", "passphrase", "secret")


def page(req: _apache.mp_request) -> str:
    """Return the whole page for a request."""
    req.add_cgi_vars()
    parts = [
        _HEAD,
        _table("General information", _general(req)),
        _table("Request headers", req.headers_in.items()),
        _table("Environment", req.subprocess_env.items()),
        _table("Configuration", req.get_config().items()),
        _table("Options", req.get_options().items()),
        _table("Notes", req.notes.items()),
        _table("Server configuration", req.server.get_config().items()),
        _table("Server options", req.server.get_options().items()),
        "<h2>Configuration tree</h2>\n",
        _tree(apache.config_tree()),
        "</body>\n</html>\n",
    ]
    return "".join(parts)


def _general(req: _apache.mp_request) -> Iterable[tuple[str, object]]:
    yield "httpd", req.subprocess_env.get("SERVER_SOFTWARE")
    yield "mod_python", version.version
    for name, code in _MPM:
        yield f"MPM: {name}", apache.mpm_query(code)
    yield "Server root", apache.server_root()
    yield "Document root", req.document_root()
    yield "Error log", req.server.error_fname or apache.main_server.error_fname
    yield "Python", sys.version
    yield "Python's folder", sys.prefix
    yield "sys.path", "\n".join(map(str, sys.path))
    yield "Interpreter", apache.interpreter
    yield "Process", os.getpid()
    for name in ("publisher", "psp"):
        found = importlib.util.find_spec(f"mod_python.{name}") is not None
        yield f"mod_python.{name}", "available" if found else "missing"


def _table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    lines = [f"<h2>{escape(title)}</h2>\n<table>\n"]
    for name, value in rows:
        lines.append(f"<tr><td>{_text(name)}</td><td>{_text(_shown(name, value))}</td></tr>\n")
    return "".join(lines) + "</table>\n"


def _tree(entries: Sequence[Any]) -> str:
    """Return a part of ``apache.config_tree()`` as a list; what a section holds is a list in it."""
    lines = ["<ul>\n"]
    for entry in entries:
        if isinstance(entry, list):
            lines.append(f"<li>{_tree(entry)}</li>\n")
        else:
            name, arguments = entry
            lines.append(f"<li>{_text(name)} {_text(_shown(name, arguments))}</li>\n")
    return "".join(lines) + "</ul>\n"


def _shown(name: str, value: object) -> object:
    """Return the value, or a remark in its place where the name tells that it is a secret."""
    words = f"{name} {value}".lower() if name.lower() in _NAMING else name.lower()
    return "(not shown)" if any(secret in words for secret in _SECRETS) else value


#: Directives whose first argument is a name.
_NAMING = ("pythonoption", "setenv", "define", "passenv")


def _text(value: object) -> str:
    return escape(str(value)).replace("\n", "<br>")
