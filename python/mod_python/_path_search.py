"""From a module name to a file, for the path importer (``_importer_path``).

A name is searched as ``<directory>/<name>.py``; a name that begins with ``/``,
``~/``, ``./`` or ``../`` is a file itself, with its extension.
"""

import os
from collections.abc import Container, Sequence
from typing import NamedTuple

from mod_python._current import get_current_options, get_handler_root


class Origin(NamedTuple):
    """Where a name is used: directory and ``__mp_path__`` of that module.

    For a handler directive: the directory of its entry. None where the module
    was not loaded by the path importer.
    """

    directory: str | None = None
    path: Sequence[str] = ()


def is_file_form(name: str) -> bool:
    """Tell whether ``name`` is a file rather than a name to search for."""
    return name.startswith(("/", "~/", "./", "../"))


def find_file(
    name: str, path: Sequence[str], origin: Origin, known: Container[str]
) -> str | None:
    """Return the absolute path of the file that ``name`` means, or None.

    ``known`` holds the files loaded already: one of them is found even if it
    has been removed. Raises ImportError for a file form without its base.
    """
    if is_file_form(name):
        return os.path.abspath(_expand(name, origin))
    if not name or name.startswith("~"):
        return None
    candidates = []
    for directory in (*path, origin.directory, *origin.path, *_option_path()):
        if directory:
            where = _expand(directory, origin) if directory[0] == "~" else directory
            file = os.path.abspath(os.path.join(where, name + ".py"))
            if os.path.isfile(file):
                return file
            candidates.append(file)
    return next((file for file in candidates if file in known), None)


def _expand(text: str, origin: Origin) -> str:
    if text == "~" or text.startswith("~/"):
        base, what = get_handler_root(), "the handler root"
        text = text[2:]
    elif text.startswith(("./", "../")):
        base, what = origin.directory, "the directory of the calling module"
    else:
        return text
    if not base:
        raise ImportError(f"{what} is not known here, so {text!r} has no meaning")
    return os.path.join(base, text)


#: Text of ``mod_python.importer.path`` to its value: one expression, one list.
_evaluated: dict[str, list[str]] = {}


def _option_path() -> list[str]:
    text = get_current_options().get("mod_python.importer.path")
    if not text:
        return []
    if text not in _evaluated:
        from mod_python import apache

        # Like PythonPath, an expression in apache's namespace.
        _evaluated[text] = list(eval(text, vars(apache)))
    return _evaluated[text]
