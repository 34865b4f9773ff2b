"""One lock per module name, shared with the ``import`` statement.

Used by both importers. It is importlib's own lock: with a second one, a plain
``import`` in one thread and ``import_module`` in another could each wait for
what the other holds. importlib sees such a circle and refuses to wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import _bootstrap
from typing import Any

# Not in the type stubs; the same in every supported Python.
_importlib: Any = _bootstrap


@contextmanager
def name_lock(name: str) -> Iterator[bool]:
    """Hold the lock of ``name``; the same thread may take it again.

    Gives True if it is held, False if waiting would never end because its owner
    waits for this thread: then go on with the module as far as it is made.
    """
    manager = _importlib._ModuleLockManager(name)
    try:
        manager.__enter__()
    except _importlib._DeadlockError:
        yield False
        return
    try:
        yield True
    finally:
        manager.__exit__(None, None, None)
