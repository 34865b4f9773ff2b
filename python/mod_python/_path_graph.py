"""Graphviz pictures of the path importer's modules, through ``_modes``."""

import os
from collections.abc import Iterable

from mod_python._current import request_notes
from mod_python._importer_path import entries
from mod_python._path_module import CacheEntry


def modules_graph(verbose: bool | int = 0) -> str:
    """Return all loaded modules and what each imported while it was loaded."""
    return _graph(entries(), verbose)


def request_modules_graph(verbose: bool | int = 0) -> str:
    """Return the same for the modules of the request in progress only."""
    notes = request_notes()
    used = notes.modules if notes is not None else {}
    return _graph((entry for entry in entries() if entry.file in used), verbose)


def _graph(shown: Iterable[CacheEntry], verbose: bool | int) -> str:
    labels = {entry.file: entry for entry in shown}
    lines = ["digraph modules {"]
    for entry in labels.values():
        text = os.path.basename(entry.file)
        if verbose:
            text = f"{entry.file}\nmtime {entry.mtime}\ngeneration {entry.generation}"
        lines.append(f"    {entry.label} [label={_quoted(text)}];")
    for entry in labels.values():
        for child in sorted(entry.children & labels.keys()):
            lines.append(f"    {entry.label} -> {labels[child].label};")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
