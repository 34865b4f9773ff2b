"""Following names from a module to the object that is published, and no further.

What may be passed through and what may be published is decided here alone.
"""

from __future__ import annotations

import builtins
import functools
import types
from types import FunctionType, MethodType, ModuleType
from typing import Any

from mod_python import _apache
from mod_python._publisher.auth import Visitor
from mod_python._publisher.log import write

__all__ = ["traverse"]

_MISSING: Any = object()

#: Functions that are not written in Python, bound or not.
_BUILTIN = (
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)


def _types_of(module: ModuleType) -> set[type]:
    return {value for value in vars(module).values() if isinstance(value, type)}


#: Types whose objects are published, but not passed through. A partial hides
#: behind ``func`` a function without the arguments that it has set.
_LEAVES = _types_of(types) | _types_of(builtins) | {functools.partial}


def traverse(req: Any, module: ModuleType, names: list[str]) -> Any:
    """Return the object at the end of ``names``.

    Raises SERVER_RETURN: 404 if there is none, 403 if it is not to be reached,
    and what the authentication of the module or an object on the way says.
    """
    visitor = Visitor(req)
    visitor.visit_module(module)
    found: Any = module
    last = len(names) - 1
    for at, name in enumerate(names):
        if name.startswith("_"):
            _refuse(req, names, at, "it begins with an underscore")
        found = getattr(found, name, _MISSING)
        if found is _MISSING:
            raise _apache.SERVER_RETURN(_apache.HTTP_NOT_FOUND)
        kind = type(found)
        if kind is not FunctionType and kind is not MethodType:
            if isinstance(found, (type, ModuleType, *_BUILTIN)):
                what = "module" if isinstance(found, ModuleType) else "class or builtin"
                _refuse(req, names, at, f"it is a {what}")
        visitor.visit(found)
        if at < last and kind in _LEAVES:
            _refuse(req, names, at + 1, "what is before it has nothing to publish")
    return found


def _refuse(req: Any, names: list[str], at: int, reason: str) -> None:
    """Log why the name at this place is refused; raise SERVER_RETURN(403)."""
    # Short, whatever the client has sent.
    name = names[at][:100]
    text = f"{name!a} in {req.filename!a} is not published: {reason}"
    write(req, "MPY0651", _apache.APLOG_WARNING, text)
    raise _apache.SERVER_RETURN(_apache.HTTP_FORBIDDEN)
