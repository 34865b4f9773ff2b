"""Which of the two importers a call of ``apache.import_module`` means.

Used by ``mod_python.apache`` and ``_core``. ``PythonOption mod_python.importer
path`` selects the importer by file path; otherwise modules have names. The path
importer is loaded only where it is wanted.
"""

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from mod_python import _apache, _importer
from mod_python._current import get_current_options


def import_module(
    module_name: str,
    autoreload: bool | int | None = None,
    log: bool | int | None = None,
    path: Sequence[str] | None = None,
) -> ModuleType:
    """Import a module, again if its file has changed since the last call.

    autoreload: look whether it has changed; missing: true, with the path
    importer PythonAutoReload.
    log: log imports at level notice; missing: false, with the path importer
    PythonDebug.
    path: directories searched first (path importer) or instead of ``sys.path``.
    Raises ImportError and whatever the module raises.
    """
    caller = sys._getframe(1).f_globals
    if "__mp_info__" not in caller and not uses_path_importer():
        return _importer.import_module(module_name, autoreload, log, path)
    from mod_python import _importer_path

    return _importer_path.import_module(module_name, autoreload, log, path, caller)


def uses_path_importer() -> bool:
    """Tell whether the options in effect select the path importer here."""
    if get_current_options().get("mod_python.importer") != "path":
        return False
    return not keeps_old_importer()


def keeps_old_importer() -> bool:
    """Tell whether ``mod_python.legacy.importer`` names this interpreter."""
    text = _apache.main_server.get_options().get("mod_python.legacy.importer") or ""
    names = [name.strip() for name in text.split(",")]
    return "*" in names or _apache.interpreter in names


def freeze_modules() -> None:
    """Stop the path importer of this interpreter from ever reloading."""
    from mod_python import _importer_path

    _importer_path.freeze_modules()


def module_info(label: str) -> Any:
    """Return the path importer's cache entry of a module, by its ``__name__``.

    Raises KeyError if there is none.
    """
    from mod_python import _importer_path

    return _importer_path.module_info(label)


def modules_graph(verbose: bool | int = 0) -> str:
    """Return the path importer's modules and imports as Graphviz text."""
    from mod_python import _path_graph

    return _path_graph.modules_graph(verbose)


def request_modules_graph(verbose: bool | int = 0) -> str:
    """Return ``modules_graph`` of the modules this request has used."""
    from mod_python import _path_graph

    return _path_graph.request_modules_graph(verbose)
