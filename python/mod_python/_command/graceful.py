"""``mod_python graceful``: ``httpd -f FILE -k graceful``."""

from __future__ import annotations

import argparse

from mod_python._command import _httpd

HELP = "The same as restart."

configure = _httpd.configure


def run(arguments: argparse.Namespace) -> int:
    """Become httpd."""
    _httpd.become(arguments.config, "graceful")
