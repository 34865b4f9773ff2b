"""Running a handler under pdb (PythonEnablePdb); called by ``_core``."""

import bdb
import pdb
from collections.abc import Callable
from typing import Any


class _Debugger(pdb.Pdb):
    """pdb that remembers that the user has quit."""

    has_quit = False

    def set_quit(self) -> None:
        self.has_quit = True
        super().set_quit()


def call(function: Callable[[Any], Any], arg: Any) -> Any:
    """Return ``function(arg)`` run under pdb; quitting raises bdb.BdbQuit."""
    # SIGINT is httpd's, and only the main thread could take it.
    debugger = _Debugger(nosigint=True)
    result = debugger.runcall(function, arg)
    if debugger.has_quit:
        raise bdb.BdbQuit
    return result
