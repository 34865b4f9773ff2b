"""The text of pages and of what they include, and the files that a compiled page depends on.

Works without httpd.
"""

from __future__ import annotations

import os
from typing import Union

from mod_python._stamp import Stamp, stamp_from

#: File and stamp.
Dependency = tuple[str, Stamp]


class Reader:
    """Reads a page's files and notes what they looked like.

    directory: put in front of relative names, as it is: it ends with ``/`` or is empty.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.read_files: list[Dependency] = []
        #: Path -> text of the files that were read.
        self.texts: dict[str, str] = {}

    def path(self, name: str) -> str:
        """Return the path of an included file by the name in the page."""
        return name if name.startswith("/") else self.directory + name

    def page(self, path: str) -> str:
        """Return the text of a page; raises OSError, and UnicodeDecodeError for what is not UTF-8."""
        with open(path, "rb") as file:
            # What is read now may already be newer: then the page is read again next time.
            stamp = stamp_from(os.fstat(file.fileno()))
            data = file.read()
        self.read_files.append((path, stamp))
        text = self.texts[path] = data.decode()
        return text

    def included(self, name: str) -> str:
        """Return the text of an included file."""
        return self.page(self.path(name))


def template(value: Union[str, bytes]) -> str:
    """Return the text of a template; raises UnicodeDecodeError for bytes that are not UTF-8, TypeError for other types."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode()
    raise TypeError(f"a template is str or bytes, not {type(value).__name__!r}")


def directory_of(path: str) -> str:
    """Return the part of a path up to its last slash, with the slash."""
    return path[: path.rfind("/") + 1]
