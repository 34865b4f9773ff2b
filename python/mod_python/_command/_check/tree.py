"""httpd's own view of a configuration: with its Includes, Defines, macros and tests worked out. Used by check.py.

mod_info prints it for ``httpd -t -D DUMP_CONFIG``, with the file and line of
each directive. Nothing is started, and no handler runs.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mod_python import _installed
from mod_python._command import _httpd
from mod_python._command._check.findings import Finding
from mod_python._command._failure import Failed


@dataclasses.dataclass
class Node:
    """A directive, or a section with what stands in it; a section's name has no bracket."""

    name: str
    args: str
    file: str
    line: int
    children: list[Node] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Read:
    """What came of reading: the directives, what httpd found fault with, and the environment it was read in."""

    nodes: list[Node]
    findings: list[Finding]
    environment: dict[str, str]


#: Where httpd says that lines of its own command line come from.
COMMAND_LINE = "-c/-C directives"


def read(conf: Path, defines: Sequence[str], more: Sequence[str] = ()) -> Read:
    """Let httpd read a configuration, and more lines behind it; a refused one is a finding.

    Raises Failed where httpd or mod_info is not there.
    """
    environment = _environment(conf)
    command = [_httpd.find(), "-f", str(conf), *(f"-D{name}" for name in defines), "-t", "-D", "DUMP_CONFIG"]
    for line in more:
        command += ["-c", line]
    if "info" not in _installed.built_in():
        info = f"{_installed.libexecdir()}/mod_info.so"
        if not os.path.isfile(info):
            raise Failed(f"httpd's mod_info is needed, and there is no {info}")
        command += ["-C", f'LoadModule info_module "{info}"']
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape", timeout=120
    )
    findings = complaints(done.stderr, str(conf))
    if done.returncode != 0:
        refused = [finding for finding in findings if finding.level == "error"]
        return Read([], findings if refused else [Finding(str(conf), 0, "error", done.stderr.strip())], environment)
    return Read(parse(done.stdout), findings, environment)


def parse(dump: str) -> list[Node]:
    """Return the directives of what mod_info printed."""
    root = Node("", "", "", 0)
    stack, file, line = [root], "", 0
    for text in dump.splitlines():
        text = text.strip()
        if found := re.fullmatch(r"# In file: (.*)", text):
            file = found[1]
        elif found := re.fullmatch(r"# +(\d+):", text):
            line = int(found[1])
        elif text.startswith("</"):
            if len(stack) > 1:
                stack.pop()
        elif text:
            section = text.startswith("<")
            name, _, args = (text[1:].removesuffix(">") if section else text).partition(" ")
            node = Node(name, args.strip(), file, line)
            stack[-1].children.append(node)
            if section:
                stack.append(node)
    return root.children


_REFUSED = re.compile(r"(?:AH\d+: )?Syntax error on line (\d+) of (.+?):(?: (.*))?")
_DOUBTFUL = re.compile(r".*MPY0101: (\S+) at (.+):(\d+): (.*)")


def complaints(said: str, conf: str) -> list[Finding]:
    """Return the findings in what httpd wrote to standard error."""
    found: list[Finding] = []
    lines = said.splitlines()
    for at, line in enumerate(lines):
        if match := re.fullmatch(r"(?:[^:\s]+: )?" + _REFUSED.pattern, line):
            # The reason stands in the same line or in the next one.
            reason = match[3] or (lines[at + 1] if at + 1 < len(lines) else "")
            found.append(Finding(match[2], int(match[1]), "error", reason))
        elif match := _DOUBTFUL.fullmatch(line):
            found.append(Finding(match[2], int(match[3]), "warning", f"{match[1]}: {match[4]}"))
        elif match := re.match(r".*?AH02291: (.*)", line):
            found.append(Finding(conf, 0, "error", match[1]))
    return found


def _environment(conf: Path) -> dict[str, str]:
    """Return this process's environment with what Debian's ``envvars`` beside the configuration adds."""
    file = conf.parent / "envvars"
    if not file.is_file():
        return dict(os.environ)
    done = subprocess.run(["sh", "-c", '. "$1" && env -0', "sh", str(file)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{file}: {done.stderr.strip()}")
    return dict(line.partition("=")[::2] for line in done.stdout.split("\0") if line)
