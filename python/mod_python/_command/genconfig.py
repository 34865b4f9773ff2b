"""``mod_python genconfig``: runs a configuration script, whose output is httpd's configuration."""

from __future__ import annotations

import argparse
import runpy
import traceback

from mod_python._command._failure import Failed

HELP = "Run a configuration script; what it prints is the httpd configuration."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the script."""
    parser.add_argument("script", help="a Python script, as mod_python create writes it")


def run(arguments: argparse.Namespace) -> int:
    """Run the script as ``__main__``, with its output on standard output."""
    try:
        runpy.run_path(arguments.script, run_name="__main__")
    except OSError as error:
        raise Failed(f"{arguments.script}: {error.strerror}") from None
    except Exception:
        traceback.print_exc()
        raise Failed(f"{arguments.script} failed: see above") from None
    return 0
