"""``mod_python.psp``: pages of HTML with Python code in them, and the handler that serves them.

A page may use the names of this module without importing them. How pages are
written is told in docs/psp.md.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Optional, Union

from mod_python import Session, apache, util
from mod_python._psp import cache as _cache
from mod_python._psp.interface import PSPInterface
from mod_python._psp.markup import escape, raw
from mod_python._psp.page import PSP, handler
from mod_python._psp.page import show as _show
from mod_python._psp.source import Reader as _Reader
from mod_python._psp.source import template as _template

__all__ = ["PSP", "PSPInterface", "Session", "apache", "escape", "handler", "os", "parse", "parsestring", "raw", "sys", "util"]


def parse(filename: str, dir: Optional[str] = None) -> str:
    """Return the Python source of a page.

    dir is put in front of ``filename`` and of the names of included files, without a slash. Raises OSError, SyntaxError,
    UnicodeDecodeError.
    """
    path = (dir or "") + filename
    reader = _Reader(dir or "")
    return _cache.translate(reader.page(path), path, reader)[0]


def parsestring(template: Union[str, bytes]) -> str:
    """Return the Python source of a template, bytes in UTF-8; raises SyntaxError, UnicodeDecodeError, TypeError."""
    return _cache.translate(_template(template), _cache.STRING_NAME, _Reader(""))[0]


class _Shown(ModuleType):
    """This module: pages see the names that others set in it as well."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        _show(vars(self))

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        _show(vars(self))


sys.modules[__name__].__class__ = _Shown
_show(globals())
