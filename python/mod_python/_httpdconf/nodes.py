"""Directives, sections, containers and comments: httpd.conf text as ``str``, Python source as ``repr``.

Used by the other modules of this folder; users get the names from
``mod_python.httpdconf``.
"""

from __future__ import annotations

import os
import re
from typing import Any, Optional, Union

#: A directive's argument: text, or what has a text, such as a port.
Value = Union[str, int, float]


def quote_if_space(s: str) -> str:
    """Return `s` in double quotes if it contains a space, as httpd wants it for one argument; else `s` itself."""
    return f'"{s}"' if " " in s else s


class Node:
    """What can stand in a configuration. `indent` is the number of spaces in front of its lines, 0 for a whole file."""

    indent: int = 0

    def __str__(self) -> str:
        return self.text(self.indent)

    def __repr__(self) -> str:
        return self.source(0)

    def text(self, indent: int) -> str:
        """Return the lines of httpd.conf, each with its line end, behind `indent` spaces."""
        raise NotImplementedError

    def source(self, indent: int) -> str:
        """Return Python source that makes the same object; its lines but the first are behind `indent` spaces."""
        raise NotImplementedError


class Directive(Node):
    """A line ``name val``.

    With `flipslash` every backslash of `val` becomes a slash. Raises ValueError
    for a line end or a NUL in either: httpd would read another line.
    """

    def __init__(self, name: str, val: Value, flipslash: Any = 1) -> None:
        self.name = _one_line(name)
        self.val = _one_line(str(val))
        self.flipslash = flipslash

    def _value(self) -> str:
        return self.val.replace("\\", "/") if self.flipslash else self.val

    def text(self, indent: int) -> str:
        """Return the line."""
        comment = "#" if self.name == "LockFile" and os.name == "nt" else ""
        return f"{' ' * indent}{comment}{self.name} {self._value()}\n"

    def source(self, indent: int) -> str:
        """Return a call of the class, or of Directive where the directive has no class of its own."""
        words = [repr(self._value())]
        if self.name not in CLASSES:
            words.insert(0, repr(self.name))
        # What is flipped already need not be flipped again.
        if "\\" in self._value() and self.name not in BACKSLASHES:
            words.append("flipslash=0")
        return f"{self.name if self.name in CLASSES else 'Directive'}({', '.join(words)})"


class Comment(Node):
    """Lines behind ``# ``, one for each line of the text."""

    def __init__(self, text: str) -> None:
        self.comment = text

    def text(self, indent: int) -> str:
        """Return the lines; a text's last line end makes no further line."""
        lines = re.split(r"\r\n|\r|\n", self.comment)
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        return "".join(f"{' ' * indent}# {line}\n" for line in lines)

    def source(self, indent: int) -> str:
        """Return a call of Comment."""
        return f"Comment({self.comment!r})"


class Container(Node):
    """Nodes one after the other, without a section around them.

    `only_if` is a Python expression, evaluated with the names of
    ``mod_python.httpdconf`` when the text is made: if it is false, there is none.
    Raises TypeError for arguments that are no nodes.
    """

    def __init__(self, *args: Node, only_if: Optional[str] = None) -> None:
        self.args: list[Node] = []
        self.only_if = only_if
        for value in args:
            self.append(value)

    def append(self, value: Node) -> None:
        """Add a Directive, Container, ContainerTag or Comment; TypeError for anything else."""
        if not isinstance(value, (Directive, Container, ContainerTag, Comment)):
            raise TypeError("appended value must be an instance of Directive, Container, ContainerTag or Comment")
        self.args.append(value)

    def text(self, indent: int) -> str:
        """Return the text of all nodes, or ``''`` if `only_if` says so."""
        if self.only_if:
            from mod_python import httpdconf

            if not eval(self.only_if, vars(httpdconf)):
                return ""
        return "".join(value.text(indent) for value in self.args)

    def source(self, indent: int) -> str:
        """Return a call of Container, each node on lines of its own."""
        last = [f"only_if={self.only_if!r}"] if self.only_if else []
        return "Container(" + _listed(self.args, indent, last)


class ContainerTag(Node):
    """A section: ``<tag attr>``, its nodes indented by two more, ``</tag>``.

    With `flipslash` every backslash of `attr` becomes a slash. Raises ValueError
    for a line end or a NUL, TypeError for what cannot stand in a section.
    """

    def __init__(self, tag: str, attr: Value, args: Any = (), flipslash: Any = 1) -> None:
        self.tag = _one_line(tag)
        self.attr = _one_line(str(attr))
        self.flipslash = flipslash
        self.args = Container(*args).args

    def _attribute(self) -> str:
        return self.attr.replace("\\", "/") if self.flipslash else self.attr

    def append(self, value: Node) -> None:
        """Add a node; TypeError for anything else."""
        Container.append(self, value)  # type: ignore[arg-type]

    def text(self, indent: int) -> str:
        """Return the section."""
        space = " " * indent
        inner = "".join(value.text(indent + 2) for value in self.args)
        return f"{space}<{self.tag} {self._attribute()}>\n{inner}{space}</{self.tag}>\n"

    def source(self, indent: int) -> str:
        """Return a call of the section's class, or of ContainerTag where it has none."""
        attribute = self._attribute()
        if self.tag in CLASSES and ("\\" not in attribute or self.tag in BACKSLASHES):
            return f"{self.tag}({attribute!r}" + _listed(self.args, indent, [], ",")
        last = ["flipslash=0"] if "\\" in attribute else []
        inner = _listed(self.args, indent, [])
        return f"ContainerTag({self.tag!r}, {attribute!r}, [{inner[:-1]}]" + "".join(f", {word}" for word in last) + ")"


#: Names of the classes of names.py, which fills it: what a repr may call.
CLASSES: set[str] = set()

#: Those of them that leave backslashes as they are.
BACKSLASHES: set[str] = set()


def _one_line(text: str) -> str:
    if re.search(r"[\r\n\0]", text):
        raise ValueError(f"{text!r} would be more than one line")
    return text


def _listed(values: list[Node], indent: int, last: list[str], before: str = "") -> str:
    """Return nodes and further arguments as source, one below the other, and the closing parenthesis."""
    words = [*(value.source(indent + 4) for value in values), *last]
    if not words:
        return ")"
    space = " " * (indent + 4)
    return before + "\n" + "".join(f"{space}{word},\n" for word in words) + " " * indent + ")"
