"""The user that a private httpd's children run as, and what that user can read. Used by serve.py and check.py."""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Optional

from mod_python._command._failure import Failed, Usage
from mod_python._httpdconf import names, script
from mod_python._httpdconf.nodes import Node


@dataclasses.dataclass(frozen=True)
class User:
    """A user of this machine: name, id, and the ids of all groups."""

    name: str
    uid: int
    groups: frozenset[int]
    group: str

    def lines(self) -> list[Node]:
        """Return User and Group, where this process may change to them."""
        return [names.User(self.name), names.Group(self.group)] if os.geteuid() == 0 else []

    def refused(self, path: Path) -> Optional[Path]:
        """Return the first path on the way to a file or folder that this user cannot enter or read, None if there is none."""
        path = path.resolve()
        for folder in reversed(path.parents):
            if not self._may(folder, stat.S_IXOTH):
                return folder
        wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
        return None if self._may(path, wanted) else path

    def _may(self, path: Path, wanted: int) -> bool:
        facts = path.stat()
        mode = facts.st_mode
        if self.uid == 0:
            return True
        if facts.st_uid == self.uid:
            mode >>= 6
        elif facts.st_gid in self.groups:
            mode >>= 3
        return mode & wanted == wanted


def serving(name: Optional[str]) -> User:
    """Return the user that children of an httpd run as which is started by this process.

    `name` is the one that was asked for. Raises Usage if it cannot be that one,
    Failed if there is none for root's httpd.
    """
    if os.geteuid() != 0:
        own = _known(os.geteuid())
        if name not in (None, own.name):
            raise Usage("only root can serve as another user")
        return own
    if name is None:
        name = next((line.val for line in script.user() if isinstance(line, names.User)), None)
        if name is None:
            raise Failed("httpd does not serve as root, and there is no user www-data or apache: name one with --user")
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Failed(f"there is no user {name}") from None
    if entry.pw_uid == 0:
        raise Usage("httpd does not serve as root: name another user with --user")
    return _known(entry.pw_uid)


def _known(uid: int) -> User:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        # A container may run as a user that it has no name for.
        return User(f"#{uid}", uid, frozenset(os.getgroups()) | {os.getegid()}, f"#{os.getegid()}")
    groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
    try:
        group = grp.getgrgid(entry.pw_gid).gr_name
    except KeyError:
        group = f"#{entry.pw_gid}"
    return User(entry.pw_name, uid, groups, group)
