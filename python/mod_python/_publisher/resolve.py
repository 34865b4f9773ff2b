"""From the address of a request to a module and the names behind it."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from mod_python import _apache, _options
from mod_python._publisher.pages import load

__all__ = ["resolve"]

_CACHED = 1024
_LONGEST = 256

#: (req.filename, req.path_info) -> (file of the module, names in it).
_known: dict[tuple[str | None, str], tuple[str, list[str]]] = {}


def resolve(req: Any) -> tuple[ModuleType, list[str]]:
    """Return the module that the request means and the names to follow in it.

    Sets ``req.filename`` to the module's file. Raises SERVER_RETURN(404) if there
    is no module or one of the names is empty.
    """
    filename, rest = req.filename, req.path_info or ""
    known = _known.get((filename, rest))
    if known is not None:
        module = load(req, known[0])
        if module is not None:
            _set_filename(req, known[0])
            return module, known[1]
    return _resolve(req, filename, rest)


def _resolve(req: Any, filename: str | None, rest: str) -> tuple[ModuleType, list[str]]:
    asked = filename, rest
    if filename is None:
        filename, rest = _map(req, rest)
    directory, _, last = filename.rpartition("/")
    name = last
    if "." in name:
        name = _without_extension(req, name)
    elif not name:
        name = "index"
    path = rest.removeprefix("/").removesuffix("/")
    file = f"{directory}/{name}.py"
    module = load(req, file)
    direct = module is not None
    if module is None:
        path = f"{name}/{path}" if path else name
        file = f"{directory}/index.py"
        module = load(req, file)
        if module is None:
            raise _apache.SERVER_RETURN(_apache.HTTP_NOT_FOUND)
    _set_filename(req, file)
    names = path.replace("/", ".").split(".") if path else ["index"]
    if "" in names:
        raise _apache.SERVER_RETURN(_apache.HTTP_NOT_FOUND)
    if direct and (last.removesuffix(".py") or "index") == name and len(path) <= _LONGEST:
        _remember(asked, file, names)
    return module, names


def _set_filename(req: Any, file: str) -> None:
    # httpd takes str for ISO-8859-1, and gives it as UTF-8.
    req.filename = file if file.isascii() else file.encode("utf-8", "surrogateescape")


def _remember(asked: tuple[str | None, str], file: str, names: list[str]) -> None:
    """Keep what does not depend on anything else of the request."""
    if asked[0] is not None:
        if len(_known) >= _CACHED:
            _known.clear()
        _known[asked] = (file, names)


def _without_extension(req: Any, name: str) -> str:
    """Return ``name`` without ``.py``, or an extension given to this handler."""
    stem, _, extension = name.rpartition(".")
    if not stem or extension == "py":
        return stem or name
    listed = req.extension
    if listed and name.endswith(listed):
        return str(name[: -len(listed)])
    if extension.lower() in req.get_addhandler_exts().split():
        return stem
    return name


def _map(req: Any, rest: str) -> tuple[str, str]:
    """Return file and rest of the path where httpd has not looked for a file.

    In a Location: below the folder that the option names, else where DocumentRoot
    has the whole URI.
    """
    folder = _options.text(req.get_options(), _options.PUBLISHER_DIRECTORY)
    if folder is None:
        folder, rest = req.document_root(), req.uri
    folder = folder.rstrip("/")
    names = rest.lstrip("/").split("/")
    if "." in names or ".." in names:
        raise _apache.SERVER_RETURN(_apache.HTTP_NOT_FOUND)
    at = 0
    while at < len(names) - 1 and os.path.isdir(f"{folder}/{names[at]}"):
        folder = f"{folder}/{names[at]}"
        at += 1
    behind = names[at + 1 :]
    return f"{folder}/{names[at]}", "/" + "/".join(behind) if behind else ""
