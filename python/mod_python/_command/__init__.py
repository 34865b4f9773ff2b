"""The command ``mod_python``: finds the subcommands, reads the command line, gives back the exit status.

A subcommand is a module of this folder whose name has no underscore in front;
``module_config.py`` is ``mod_python module-config``. It has

- ``HELP``: one line for the list of subcommands,
- ``configure(parser)``: adds its arguments to an ``argparse.ArgumentParser``,
- ``run(arguments) -> int``: does the work and returns the exit status. It may
  raise `Usage` (2) and `Failed` (1), whose texts go to standard error.

Called by ``__main__`` and by the script that pip installs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import NoReturn, Optional, Protocol, cast

from mod_python._command._failure import Failed, Usage

__all__ = ["main"]


class _Command(Protocol):
    """What a subcommand's module has."""

    HELP: str
    __doc__: Optional[str]

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


class _Parser(argparse.ArgumentParser):
    """Says how a command is used, all of it, where it is used wrongly."""

    def error(self, message: str) -> NoReturn:
        self.print_help(sys.stderr)
        self.exit(2, f"\n{self.prog}: {message}\n")


def main(words: Optional[Sequence[str]] = None) -> int:
    """Run the command with these words (default: those of the process) and return its exit status.

    0 is success, 1 a failure that was told on standard error, 2 a wrong command
    line; a subcommand may say more about its own. Raises SystemExit as argparse
    does, for --help and for a wrong command line.
    """
    parser = _Parser(
        prog="mod_python", description="Makes, checks and runs httpd configurations for mod_python.", allow_abbrev=False
    )
    listed = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    parsers: dict[str, argparse.ArgumentParser] = {}
    commands: dict[str, _Command] = {}
    for name in _names():
        command = cast(_Command, importlib.import_module(f"{__name__}.{name}"))
        shown = name.replace("_", "-")
        parsers[shown] = listed.add_parser(shown, help=command.HELP, description=command.HELP, allow_abbrev=False)
        command.configure(parsers[shown])
        commands[shown] = command
    arguments = parser.parse_args(words)
    name = arguments.command
    try:
        return commands[name].run(arguments)
    except Usage as error:
        parsers[name].error(str(error))
    except Failed as error:
        print(f"mod_python {name}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of the output has seen enough; nothing more can be told there, at the exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _names() -> list[str]:
    """Return the names of the subcommands' modules, in the order of the alphabet."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
