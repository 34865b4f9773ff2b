"""What the command lines of the long runs have in common."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def parser(description):
    """Return an ArgumentParser that knows where the module is and which MPMs are meant."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--mpm", default="prefork,worker,event", help="names with commas between them (default: %(default)s)")
    found.add_argument("--module", type=Path, default=ROOT / "target/release/libmod_python.so")
    return found


def parse(found):
    """Read the command line; `mpms` is a list."""
    options = found.parse_args()
    options.mpms = options.mpm.split(",")
    return options


def finish(problems):
    """Print what was not as it should be, and exit with 1 if there was anything."""
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
