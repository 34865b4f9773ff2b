"""``mod_python.psp``: pages of HTML with Python code in them, and the handler that serves them.

A page may use the names of this module without importing them. How pages are
written is told in docs/psp.md.
"""

from __future__ import annotations

import os
import sys
from typing import Optional, Union

from mod_python import Session, apache, util
from mod_python._apache import mp_request
from mod_python._psp import cache as _cache
from mod_python._psp.interface import PSPInterface
from mod_python._psp.markup import escape, raw
from mod_python._psp.page import PSP
from mod_python._psp.source import Reader as _Reader
from mod_python._psp.source import template as _template

__all__ = ["PSP", "PSPInterface", "Session", "apache", "escape", "handler", "os", "parse", "parsestring", "raw", "sys", "util"]


def handler(req: mp_request) -> int:
    """Run the page ``req.filename`` as ``text/html`` (PythonHandler mod_python.psp).

    With PythonDebug On the name with ``_`` behind it shows the page's source instead.
    """
    req.content_type = "text/html"
    filename: Optional[str] = req.filename
    if filename and filename.endswith("_") and req.get_config().get("PythonDebug") == "1":
        PSP(req, filename[:-1]).display_code()
    else:
        PSP(req).run()
    return apache.OK


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
