"""How a subcommand gives up: the two exceptions that `_command.main` turns into a sentence and an exit status."""

from __future__ import annotations


class Failed(Exception):
    """The work could not be done; the text is told on standard error, the exit status is 1."""


class Usage(Exception):
    """The command line makes no sense; its usage and the text are told on standard error, the exit status is 2."""
