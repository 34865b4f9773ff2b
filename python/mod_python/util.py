"""``mod_python.util``: forms and query strings.

Importable only inside httpd.
"""

from __future__ import annotations

from mod_python._apache import parse_header, parse_qs, parse_qsl
from mod_python._apply import apply_fs_data
from mod_python._form.field import Field
from mod_python._form.storage import FieldList, FieldStorage
from mod_python._form.string import StringField
from mod_python._redirect import redirect

__all__ = [
    "Field",
    "FieldList",
    "FieldStorage",
    "StringField",
    "apply_fs_data",
    "parse_header",
    "parse_qs",
    "parse_qsl",
    "readBlockSize",
    "redirect",
]

#: How much of a body classic mod_python read at once, in bytes. Kept for programs that import it.
readBlockSize = 65368
