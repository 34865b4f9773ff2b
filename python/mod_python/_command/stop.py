"""``mod_python stop``: ``httpd -f FILE -k graceful-stop``."""

from __future__ import annotations

import argparse

from mod_python._command import _httpd

HELP = "Stop httpd once its requests are served."

configure = _httpd.configure


def run(arguments: argparse.Namespace) -> int:
    """Become httpd."""
    _httpd.become(arguments.config, "graceful-stop")
