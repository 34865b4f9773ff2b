"""Runs inside the private httpd of imports.py: imports handlers the way requests do, and writes down what went wrong.

httpd calls `run` by PythonImport, once a child.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from types import ModuleType
from typing import Any, Optional

#: The environment variable with the path of the request, which also says where the answer goes.
REQUEST = "MOD_PYTHON_CHECK"


def run() -> None:
    """Answer the request: for each handler None or a sentence, and the file of its module."""
    from mod_python import _core

    with open(os.environ[REQUEST], encoding="utf-8") as file:
        request = json.load(file)
    failed: Optional[str] = None
    try:
        if request["path"] is not None:
            _core.apply_python_path(request["path"])
        elif request["directory"] and not request["importer"]:
            sys.path.insert(0, request["directory"])
    except BaseException as error:
        failed = f"PythonPath: {_told(error)}"
    answers = [_answer(request, module, name, called, failed) for module, name, called in request["handlers"]]
    temporary = f"{request['answer']}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(answers, file)
    os.rename(temporary, request["answer"])


def _answer(request: dict[str, Any], module: str, name: str, called: bool, failed: Optional[str]) -> list[Optional[str]]:
    from mod_python import _core

    if failed:
        return [failed, None]
    try:
        found = _core.load_handler_module(module, request["directory"], True, False, request["importer"])
    except BaseException as error:
        return [f"{module} cannot be imported: {_told(error)}", None]
    return [_missing(found, module, name, called), getattr(found, "__file__", None)]


def _missing(module: ModuleType, shown: str, name: str, called: bool) -> Optional[str]:
    """Return a sentence if a dotted name is not there, or is to be called and cannot; no class is instantiated."""
    target: Any = module
    for word in name.split(".") if name else ():
        if isinstance(target, type) and not hasattr(target, word):
            # Its instance may have it.
            return None
        try:
            target = getattr(target, word)
        except AttributeError:
            return f"{shown} has no {name}"
    return f"{shown}: {name} cannot be called" if name and called and not callable(target) else None


def _told(error: BaseException) -> str:
    """Return an exception's last line, with the place in the user's code."""
    text = traceback.format_exception_only(type(error), error)[-1].strip()
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return f"{error.filename}:{error.lineno}: {text}"
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((package + os.sep, "<")) and os.sep + "importlib" + os.sep not in frame.filename:
            return f"{frame.filename}:{frame.lineno}: {text}"
    return text
