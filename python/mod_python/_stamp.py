"""What a file looked like when it was executed; a changed file differs.

Used by both importers.
"""

import os

#: (modification time in nanoseconds, size in bytes, inode number). Size and
#: inode show what the time does not: two edits within one tick of the file
#: system's clock, a release directory swapped for one with the same dates.
Stamp = tuple[int, int, int]


def stamp_from(status: os.stat_result) -> Stamp:
    """Return the stamp in a result of ``os.stat`` or ``os.fstat``."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def stamp_of(file: str | None) -> Stamp | None:
    """Return the newest stamp of ``file`` and its source, None if none exists.

    The source of ``x.pyc`` is ``x.py``.
    """
    newest: Stamp | None = None
    if not file:
        return None
    for candidate in (file, file[:-1]) if file.endswith("c") else (file,):
        try:
            stamp = stamp_from(os.stat(candidate))
        except OSError:
            continue
        if newest is None or stamp > newest:
            newest = stamp
    return newest


def seconds(stamp: Stamp | None) -> float:
    """Return the time in ``stamp`` as seconds since the epoch, 0.0 for None."""
    if stamp is None:
        return 0.0
    # Rounded like st_mtime, to the last bit: the native module compares.
    whole, rest = divmod(stamp[0], 10**9)
    return whole + 1e-9 * rest
