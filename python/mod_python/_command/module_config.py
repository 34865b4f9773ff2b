"""``mod_python module-config``: the lines that load this package's mod_python.so into httpd."""

from __future__ import annotations

import argparse
import sys

from mod_python._command import _private, _user
from mod_python._command._failure import Failed

HELP = "Print the lines for httpd.conf that load mod_python.so."


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Print LoadModule, and PythonHome where a virtual environment runs this; warn where httpd could not read it."""
    for line in _private.python(test=False):
        print(line, end="")
    try:
        user = _user.serving(None)
    except Failed:
        return 0
    refused = user.refused(_private.package())
    if refused is not None:
        print(f"mod_python module-config: {user.name} cannot read {refused}, and httpd's children have to.", file=sys.stderr)
    return 0
