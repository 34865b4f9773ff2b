"""``mod_python check``: reads a configuration with httpd, imports its handlers, and names what is wrong or risky."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mod_python._command import _user
from mod_python._command._check import htaccess, imports, options, tree, walk, words
from mod_python._command._check.findings import SERIOUS, Finding
from mod_python._command._failure import Usage

HELP = "Check a configuration: its syntax, handlers that do not import, settings that are a risk."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the configuration and how to read it."""
    parser.add_argument("config", metavar="HTTPD.CONF", help="the whole configuration, as httpd -f takes it")
    parser.add_argument("-D", dest="defines", action="append", default=[], metavar="NAME", help="as for httpd; may be repeated")
    parser.add_argument("--no-import", action="store_true", help="import no handlers: nothing of theirs runs")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings, one a line; 0 if there are none but notes, 1 otherwise."""
    conf = Path(arguments.config)
    if not conf.is_file():
        raise Usage(f"there is no file {conf}")
    read = tree.read(conf.resolve(), arguments.defines)
    files, found = htaccess.find(read.nodes)
    more, wrong = htaccess.lines(files, conf.resolve(), arguments.defines)
    lines = [*walk.lines(read.nodes), *more]
    wanted = [one for line in lines for one in walk.wanted(line)]
    found += [*read.findings, *wrong]
    for line in lines:
        found += options.risks(line)
    found += options.handlers(wanted, lines)
    if wanted and not arguments.no_import:
        user = _user.serving(_single(read.nodes, "User") if os.geteuid() == 0 else None)
        found += imports.findings(wanted, user, _single(read.nodes, "PythonHome"), read.environment)
    for finding in sorted(set(found)):
        print(finding)
    serious = sum(finding.level in SERIOUS for finding in set(found))
    print(_summary(serious, len(wanted), arguments.no_import, read.findings))
    return 1 if serious else 0


def _summary(serious: int, wanted: int, unimported: bool, refused: Sequence[Finding]) -> str:
    if any(finding.level == "error" for finding in refused):
        return "httpd does not accept the configuration; nothing else was looked at."
    handlers = f"{wanted} handler{'' if wanted == 1 else 's'} {'not imported' if unimported else 'looked at'}"
    return f"{serious or 'No'} finding{'' if serious == 1 else 's'}; {handlers}."


def _single(nodes: Sequence[tree.Node], name: str) -> Optional[str]:
    """Return the last value of a directive of the main server, None if it is not there."""
    values = [words.split(node.args) for node in nodes if node.name.lower() == name.lower()]
    return values[-1][0] if values and values[-1] else None
