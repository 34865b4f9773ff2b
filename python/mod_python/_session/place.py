"""Where records are kept: directories that nobody else can write to or read, made and checked before they are trusted.

Used by ``file`` and ``dbm``. Whoever can write there can make up sessions, and run code where pickles are allowed.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile

from mod_python import _options

#: The system's directory for temporary files, below which sessions lie where no option names a directory.
tempdir: str = tempfile.gettempdir()

#: What has been checked in this interpreter. Nobody else can change it afterwards.
_checked: set[str] = set()


def directory(options: _options.Options, own: _options.Option) -> str:
    """Return the directory that `own`, or the option for all kinds, names; else a private one of this user."""
    found = _options.text(options, own) or _options.text(options, _options.SESSION_DIRECTORY)
    if found:
        return found
    return private(os.path.join(tempdir, f"mod_python-{os.geteuid()}"))


def private(path: str) -> str:
    """Return the path of a directory for this user alone, which is made if it is missing.

    FileNotFoundError where the directory around it is missing, PermissionError where others could get at it.
    """
    if path in _checked:
        return path
    _check_around(os.path.dirname(os.path.abspath(path)))
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise refusal("it is no directory, or a symbolic link to one", path)
    if found.st_uid != os.geteuid():
        raise refusal("it belongs to another user", path)
    if found.st_mode & 0o022:
        raise refusal("others may write to it, so what is in it cannot be trusted", path)
    if found.st_mode & 0o077:
        os.chmod(path, 0o700)
    _checked.add(path)
    return path


def unsafe(path: str) -> None:
    """Forget that a directory was checked: it may not be there any more."""
    _checked.discard(path)


def trusted(path: str) -> None:
    """Check that nobody but root, this user and its group can put something into a directory; PermissionError if not."""
    if path in _checked:
        return
    _check_around(os.path.dirname(os.path.abspath(path)))
    found = os.stat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise refusal("it is no directory", path)
    if found.st_uid not in (0, os.geteuid()):
        raise refusal("it belongs to another user", path)
    if found.st_mode & 0o002 or (found.st_mode & 0o020 and found.st_gid != os.getegid()):
        raise refusal("others may write to it, so what is in it cannot be trusted", path)
    _checked.add(path)


def _check_around(parent: str) -> None:
    """Refuse a parent in which others can put something else in the place of what is there."""
    mode = os.stat(parent).st_mode
    if mode & 0o002 and not mode & stat.S_ISVTX:
        raise refusal("anybody may rename what is in it", parent)


def refusal(reason: str, path: str) -> PermissionError:
    """Return the exception for a place that is not safe."""
    return PermissionError(errno.EACCES, f"sessions cannot be kept there: {reason}", path)
