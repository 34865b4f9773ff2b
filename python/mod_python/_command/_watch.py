"""Looks for Python files that have changed, for ``mod_python serve --reload``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

#: A folder with more is not looked at further: a second has other uses than stat calls.
_MOST = 5000


class Files:
    """The Python files below a folder, at the time of the last look. Hidden folders and environments are left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._look()

    def changed(self) -> Optional[str]:
        """Return the path of a file that is new, gone or changed since the last look, relative to the folder; or None."""
        before, self._seen = self._seen, self._look()
        if before == self._seen:
            return None
        different = before.items() ^ self._seen.items()
        return os.path.relpath(min(path for path, _ in different), self._folder)

    def _look(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for place, folders, files in os.walk(self._folder):
            folders[:] = [
                name
                for name in sorted(folders)
                if not name.startswith((".", "__pycache__", "node_modules"))
                and not os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
            ]
            for name in files:
                if name.endswith(".py") and not name.startswith("."):
                    path = os.path.join(place, name)
                    try:
                        facts = os.stat(path)
                    except OSError:
                        continue
                    found[path] = (facts.st_mtime_ns, facts.st_size)
            if len(found) > _MOST:
                break
        return found
