"""``mod_python psp``: checks pages, or shows their programs, where no httpd runs."""

from __future__ import annotations

import argparse
import sys

from mod_python._command._failure import Failed
from mod_python._psp.outside import Complaint, MissingError, check, translate

HELP = "Check pages of Python code (PSP), or show their programs."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what to do, and the pages."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--check", action="store_true", help="tell errors of syntax as FILE:LINE: MESSAGE; the exit status is then 1")
    group.add_argument("--show", action="store_true", help="print the Python program of each page, with the lines it comes from")
    parser.add_argument("file", metavar="FILE", nargs="+", help="a page; what it includes is looked for as in the server")


def run(arguments: argparse.Namespace) -> int:
    """Return 1 if a page is wrong. Raises Failed if pages cannot be read here at all."""
    wrong = False
    try:
        for file in arguments.file:
            complaints = _show(file) if arguments.show else check(file)
            for complaint in complaints:
                print(_line(complaint), file=sys.stderr)
            wrong = wrong or any(not complaint.warning for complaint in complaints)
    except MissingError as error:
        raise Failed(str(error)) from None
    return int(wrong)


def _show(file: str) -> list[Complaint]:
    """Print the program of a page; an included file's lines bear its name."""
    found = translate(file)
    if found.source is not None:
        for text, (number, line) in zip(found.source.split("\n"), found.lines):
            place = f"{line}" if number == 0 else f"{found.files[number]}:{line}"
            print(f"{place:>5}  {text}".rstrip())
    return found.complaints


def _line(complaint: Complaint) -> str:
    line = f":{complaint.line}" if complaint.line else ""
    return f"{complaint.file}{line}: {'warning: ' if complaint.warning else ''}{complaint.message}"
