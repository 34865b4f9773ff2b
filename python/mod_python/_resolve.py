"""From ``object`` of ``PythonHandler module::object`` to something callable.

Called by ``_core`` (for httpd) and, as ``apache.resolve_object``, by handlers.
"""

from types import ModuleType
from typing import Any


def resolve_object(
    module: ModuleType, obj_str: str, arg: Any = None, silent: bool | int = 0
) -> Any:
    """Return what the dotted name ``obj_str`` means in ``module``.

    A class before a dot is instantiated with ``arg`` first, unless the name
    behind the dot is one of its static or class methods. A missing name raises
    AttributeError, or gives None if ``silent`` is true.
    """
    first, *rest = obj_str.split(".")
    names = vars(module)
    if first in names:
        found = names[first]
    elif rest and hasattr(module, first):
        found = getattr(module, first)
    elif silent:
        return None
    else:
        where = getattr(module, "__file__", None) or module.__name__
        raise AttributeError(f"module '{where}' contains no '{first}'")
    for name in rest:
        found = _bound_owner(found, name, arg)
        try:
            found = getattr(found, name)
        except AttributeError:
            if silent:
                return None
            raise
    return found


def method_of(owner: Any, name: str, arg: Any) -> Any:
    """Return the method of an object or class, by the rule of ``resolve_object``, or None."""
    return getattr(_bound_owner(owner, name, arg), name, None)


def _bound_owner(owner: Any, name: str, arg: Any) -> Any:
    if isinstance(owner, type) and not _needs_no_instance(owner, name):
        return owner(arg)
    return owner


def _needs_no_instance(owner: type, name: str) -> bool:
    for base in owner.__mro__:
        if name in vars(base):
            return isinstance(vars(base)[name], (staticmethod, classmethod))
    return False
