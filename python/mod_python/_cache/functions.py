"""A cache of a function's results.

Shown to users by ``mod_python.cache``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mod_python._cache.store import Cache, Entry

__all__ = ["FunctionCache"]


class FunctionCache(Cache):
    """``cache(...)`` is ``function(...)``, called once for equal arguments.

    Arguments must be hashable. Keyword arguments in another order are others.
    """

    def __init__(self, function: Callable[..., Any], max_size: int = 0) -> None:
        super().__init__(max_size)
        self.function = function

    def __call__(self, *args: Any, **kw: Any) -> Any:
        """Return the result for these arguments; raises what the function raises."""
        return self[args, tuple(kw.items())]

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        args, kw = name
        return self.function(*args, **dict(kw))
