"""``mod_python start``: ``httpd -f FILE -k start``."""

from __future__ import annotations

import argparse

from mod_python._command import _httpd

HELP = "Start httpd with a configuration file."

configure = _httpd.configure


def run(arguments: argparse.Namespace) -> int:
    """Become httpd."""
    _httpd.become(arguments.config, "start")
