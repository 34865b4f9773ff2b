"""Hands the process over to httpd with a configuration file: what start, stop, restart and graceful have in common."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from mod_python import _installed
from mod_python._command._failure import Failed


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the configuration file."""
    parser.add_argument("config", metavar="HTTPD.CONF", help="the configuration file that the server was started with")


def become(config: str, signal: str) -> NoReturn:
    """Replace this process by ``httpd -f config -k signal``, whose exit status is then the command's.

    Raises Failed if there is no such file or no httpd.
    """
    if not os.path.isfile(config):
        raise Failed(f"there is no file {config}")
    httpd = find()
    sys.stdout.flush()
    try:
        # httpd takes a relative path for one below its ServerRoot.
        os.execv(httpd, [httpd, "-f", os.path.abspath(config), "-k", signal])
    except OSError as error:
        raise Failed(f"{httpd}: {error.strerror}") from None


def find() -> str:
    """Return the path of httpd; raises Failed if there is none."""
    httpd = _installed.httpd()
    if not httpd:
        raise Failed(
            "httpd was not found: install apache2 on Debian or httpd on Fedora, or set the variable HTTPD to its path"
        )
    return httpd
