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
from mod_python._publisher.bindings import bindings
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
    leaf = False
    for name in names:
        if leaf:
            _refuse(req, name, "what is before it has nothing to publish")
        if name[0] == "_":
            _refuse(req, name, "it begins with an underscore")
        found = getattr(found, name, _MISSING)
        kind = type(found)
        if kind is FunctionType:
            leaf = True
            if not found.__dict__ and bindings(found.__code__) is None:
                # Most of what is published: nothing to ask about.
                continue
        elif kind is MethodType:
            leaf = True
        elif found is _MISSING:
            raise _apache.SERVER_RETURN(_apache.HTTP_NOT_FOUND)
        elif isinstance(found, ModuleType):
            _refuse(req, name, "it is a module")
        elif isinstance(found, (type, *_BUILTIN)):
            _refuse(req, name, "it is a class or builtin")
        else:
            leaf = kind in _LEAVES
        visitor.visit(found)
    return found


def _refuse(req: Any, name: str, reason: str) -> None:
    """Log why this name is refused; raise SERVER_RETURN(403)."""
    # Short, whatever the client has sent.
    text = f"{name[:100]!a} in {req.filename!a} is not published: {reason}"
    write(req, "MPY0651", _apache.APLOG_WARNING, text)
    raise _apache.SERVER_RETURN(_apache.HTTP_FORBIDDEN)
