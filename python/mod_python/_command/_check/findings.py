"""One thing that ``mod_python check`` has to say."""

from __future__ import annotations

import dataclasses

#: Levels that make the exit status 1.
SERIOUS = ("error", "warning")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """A text about a line of a configuration; `level` is ``error``, ``warning`` or ``note``, `line` 0 where there is none."""

    file: str
    line: int
    level: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.level}: {self.text}"
