"""The request in progress: its configuration and the path importer's notes.

Used by ``mod_python.apache`` and the importers. Outside a request (PythonImport,
a thread of one's own) the main server stands in for the request.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mod_python import _apache

#: Request attribute that holds the RequestNotes; it dies with the request.
_ATTRIBUTE = "_mp_importer_notes"


class RequestNotes:
    """What the path importer remembers during one request.

    ``modules``: file to module, so that each file is decided once.
    ``directory``: of the handler entry that runs, or None.
    ``root``: of the first handler entry of the phase, or None.
    """

    def __init__(self) -> None:
        self.modules: dict[str, ModuleType] = {}
        self.directory: str | None = None
        self.root: str | None = None
        self._phase: str | None = None

    def enter_handler(self, phase: str | None, directory: str | None) -> None:
        """A handler entry with this directory is about to run."""
        self.directory = directory
        if phase != self._phase or self.root is None:
            self._phase = phase
            self.root = directory or self.root


def request_notes() -> RequestNotes | None:
    """Return the notes of the request in progress, None if there is none."""
    req = _apache.current_request()
    if req is None:
        return None
    notes: RequestNotes | None = getattr(req, _ATTRIBUTE, None)
    if notes is None:
        notes = RequestNotes()
        setattr(req, _ATTRIBUTE, notes)
    return notes


def get_current_config() -> _apache.mp_table:
    """Return the table of directives in effect: request's or main server's."""
    req = _apache.current_request()
    return (_apache.main_server if req is None else req).get_config()


def get_current_options() -> _apache.mp_table:
    """Return the table of PythonOption in effect: request's or main server's."""
    req = _apache.current_request()
    return (_apache.main_server if req is None else req).get_options()


def get_handler_root() -> str | None:
    """Return the directory of the first handler entry of the running phase.

    Where it has none: the one before, then the document root; None outside a
    request.
    """
    req = _apache.current_request()
    if req is None:
        return None
    notes: RequestNotes | None = getattr(req, _ATTRIBUTE, None)
    root = notes.root if notes is not None else None
    return root or req.document_root()


def flag(name: str, unset: bool) -> bool:
    """Return an On/Off directive in effect, ``unset`` where nobody set it."""
    value = get_current_config().get(name)
    return unset if value is None else value == "1"
