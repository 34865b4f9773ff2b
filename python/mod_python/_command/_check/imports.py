"""Imports the handlers of a configuration in a private httpd, for each path and folder one. Used by check.py.

The modules' top-level code runs, with httpd's user and Python, as it does when
the server begins to use them.
"""

from __future__ import annotations

import json
import re
import stat
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from mod_python._command import _private, _user
from mod_python._command._check import probe
from mod_python._command._check.findings import Finding
from mod_python._command._check.walk import Wanted
from mod_python._command._failure import Failed
from mod_python._httpdconf import names
from mod_python._httpdconf.nodes import Node, quote_if_space

#: How long the imports of one folder may take, in seconds.
_PATIENCE = 60

#: Python does not start, or the probe fails; a module ended its process.
_BROKEN = re.compile(r"MPY0[23]\d\d|AH0005[012]")

#: What decides about sys.path: PythonPath, the handler's folder, the importer.
_Key = tuple[Optional[str], Optional[str], str]


def findings(
    wanted: Sequence[Wanted], user: _user.User, home: Optional[str], environment: dict[str, str]
) -> Iterator[Finding]:
    """Yield what cannot be imported, is not there in its module, or can be changed by others.

    `home` is the configuration's PythonHome. Raises Failed if no httpd can be
    started.
    """
    groups: dict[_Key, list[Wanted]] = defaultdict(list)
    for one in wanted:
        importer = one.scope.options.get("mod_python.importer", "")
        groups[one.scope.settings.get("PythonPath"), one.scope.directory, importer].append(one)
    for key, group in groups.items():
        answers = _ask(key, group, user, home, environment)
        for one, (problem, file) in zip(group, answers):
            if problem:
                yield Finding(one.node.file, one.node.line, "error", f"{one.directive}: {problem}")
            if file:
                yield from _writable(one, Path(file), user)


def _ask(
    key: _Key, group: Sequence[Wanted], user: _user.User, home: Optional[str], environment: dict[str, str]
) -> list[tuple[Optional[str], Optional[str]]]:
    path, directory, importer = key
    said: list[str] = []
    with _private.Private("check", said.append) as private:
        place = private.folder / "answer"
        # The children write into it, whoever they are.
        place.mkdir()
        place.chmod(0o1777)
        answer = place / "answer.json"
        request = private.folder / "request.json"
        # A provider of users is an object with methods.
        handlers = [(one.module, one.object, one.directive != "PythonAuthnProvider") for one in group]
        wish = {"path": path, "directory": directory, "importer": importer, "handlers": handlers, "answer": str(answer)}
        request.write_text(json.dumps(wish))
        request.chmod(0o644)
        python: list[Node] = [_private.python()[0]]
        if home:
            python.append(names.PythonHome(quote_if_space(home)))
        with _private.free_port("127.0.0.1") as port:
            config = _private.settings(private, "127.0.0.1", port, user.lines(), python)
            config.append(names.LogLevel("notice"))
            config.append(names.PythonImport(f"{probe.__name__}::run main_interpreter"))
            started = private.start(str(config), {**environment, probe.REQUEST: str(request)})
        if not started:
            raise Failed("the httpd for the imports did not start:\n" + "\n".join(said))
        end = time.monotonic() + _PATIENCE
        while not answer.exists():
            # What the probe itself cannot do is told in the log.
            broken = [line for line in said if _BROKEN.search(line)]
            if time.monotonic() > end or broken or private.ended(0.02) is not None:
                text = broken[0] if broken else f"the imports took longer than {_PATIENCE} s, or ended the process"
                return [(text, None)] * len(group)
        return [(problem, file) for problem, file in json.loads(answer.read_text())]


def _writable(one: Wanted, file: Path, user: _user.User) -> Iterator[Finding]:
    """Yield whether others, or httpd's own user, can change a module."""
    for path in (file, file.parent):
        facts = path.stat()
        if facts.st_mode & stat.S_IWOTH and not (path.is_dir() and facts.st_mode & stat.S_ISVTX):
            text = f"{one.module}: everybody on this machine can write to {path}, and so run code in the server"
            yield Finding(one.node.file, one.node.line, "warning", text)
            return
