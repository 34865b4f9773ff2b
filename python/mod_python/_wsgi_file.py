"""Files as the result of a WSGI application, sent by the system where that is possible.

Used by ``mod_python.wsgi``.
"""

from __future__ import annotations

import io
import os
import stat
import tempfile
from typing import Any, Iterator

from mod_python import _apache

#: Bytes read at a time where the application does not say it.
_BLOCK = 65536


class FileWrapper:
    """What an application returns instead of the blocks of a file: ``environ["wsgi.file_wrapper"](file)``.

    ``filelike`` has ``read(size)``. A regular file, opened in binary mode, goes
    out from its current position by the system's sendfile; anything else is read
    in blocks of ``blksize`` bytes. ``close()`` closes the file.
    """

    def __init__(self, filelike: Any, blksize: int = _BLOCK) -> None:
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data: bytes = self.filelike.read(self.blksize)
        if not data:
            raise StopIteration
        return data


def send_file(response: _apache.wsgi_response, wrapper: FileWrapper) -> bool:
    """Send a regular file from its position; False, with nothing sent, where that cannot be done."""
    file = _plain(wrapper.filelike)
    if file is None:
        return False
    try:
        descriptor, position = file.fileno(), file.tell()
        facts = os.fstat(descriptor)
    except (OSError, ValueError):
        return False
    if not stat.S_ISREG(facts.st_mode):
        return False
    return response.send_file(descriptor, position, max(facts.st_size - position, 0))


def _plain(file: Any) -> io.FileIO | io.BufferedReader | io.BufferedRandom | None:
    """Return the file whose bytes are those of its descriptor, None where that is not certain.

    Many classes have ``fileno()``, but give something else: a GzipFile has that of
    the compressed file.
    """
    if type(file) is tempfile._TemporaryFileWrapper:
        file = file.file
    if type(file) in (io.BufferedReader, io.BufferedRandom):
        return file if type(file.raw) is io.FileIO else None
    return file if type(file) is io.FileIO else None
