"""``mod_python version``: what is installed, and what it works with."""

from __future__ import annotations

import argparse
import platform
import sys

from mod_python import _installed, version

HELP = "Tell the versions and places of mod_python, Python, httpd and APR."


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each part; what is not there says so."""
    module = _installed.module_file() or "mod_python.so was not found beside the package"
    print(f"mod_python:  {version.version} ({module})")
    print(f"Python:      {platform.python_version()} ({sys.executable})")
    print(f"httpd:       {version.HTTPD_VERSION or 'not found'}" + (f" ({version.HTTPD})" if version.HTTPD else ""))
    print(f"APR:         {version.APR_VERSION or 'not found'}")
    print(f"platform:    {platform.platform()}")
    return 0
