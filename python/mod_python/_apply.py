"""Calling a function with the fields of a form as its arguments.

Shown to users as ``util.apply_fs_data``; used by the publisher and by PSP.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from types import CodeType, FunctionType, MethodType, WrapperDescriptorType
from typing import Any, NamedTuple

__all__ = ["apply_fs_data"]

_CACHED = 1024
_DEPTH = 16
_NATIVE = (WrapperDescriptorType, type(None))
_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


class Parameters(NamedTuple):
    """What a callable can be given.

    ``named``: parameters that take a keyword, in their order; the first ``either``
    of them take a position as well. ``leading``: those that take only a position.
    ``keywords``, ``positions``: it has ``**kw``, ``*args``.
    """

    named: tuple[str, ...]
    either: int = 0
    leading: tuple[str, ...] = ()
    keywords: bool = False
    positions: bool = False


_NOTHING = Parameters(())

#: id of a code object -> (that object, its parameters, those behind the first,
#: whether it can pass on what it gets). By id, as hashing a code object reads all
#: of it; holding it keeps the id its own.
_known: dict[int, tuple[CodeType, Parameters, Parameters, bool]] = {}


def apply_fs_data(object: Any, fs: Any, **args: Any) -> Any:
    """Call ``object`` with ``args`` and the fields of the form ``fs``; return its result.

    Each parameter gets the argument or the fields of its name; ``args`` win. A
    field is its value, the Field itself if it is an uploaded file, and a list
    where the form has several of one name, in their order. What has no parameter
    is left out, unless ``object`` takes ``**kw``. Builtin functions are called
    without arguments. Raises what the call raises: TypeError if a parameter
    without a default gets nothing.
    """
    if type(object) is FunctionType:
        found = _of_function(object, False, 0)
    else:
        found = parameters(object)
    if found is _NOTHING:
        return object()
    given = _given(found, fs, args)
    if not found.leading:
        return object(**given)
    positions = []
    for name in found.leading:
        if name not in given:
            break
        positions.append(given[name])
    for name in found.leading:
        given.pop(name, None)
    return object(*positions, **given)


def _given(found: Parameters, fs: Any, args: dict[str, Any]) -> dict[str, Any]:
    """Return a new dict of what ``args`` and the form have for these parameters."""
    if found.keywords:
        given = dict(args)
    else:
        names = found.leading + found.named
        given = {name: args[name] for name in names if name in args}
        if len(given) == len(names):
            return given
    values: dict[str, list[Any]] = {}
    for field in fs.list:
        name = field.name
        if name in args or not (found.keywords or name in names):
            continue
        values.setdefault(name, []).append(field if field.filename else field.value)
    for name, several in values.items():
        given[name] = several if len(several) > 1 else several[0]
    return given


def parameters(object: Any, depth: int = 0) -> Parameters:
    """Return what ``object`` can be given; nothing for what is not written in Python."""
    kind = type(object)
    if kind is FunctionType:
        return _of_function(object, False, depth)
    if depth > _DEPTH:
        return _NOTHING
    if kind is MethodType:
        inner = object.__func__
        if type(inner) is FunctionType:
            return _of_function(inner, True, depth)
        return _without_first(parameters(inner, depth + 1))
    if isinstance(object, functools.partial):
        return _of_partial(object, parameters(object.func, depth + 1))
    if isinstance(object, type):
        return _of_class(object, depth)
    call = _class_attribute(kind, "__call__")
    if type(call) in _NATIVE:
        # functools.lru_cache makes these; they take what is behind them.
        behind = getattr(object, "__wrapped__", None)
        return _NOTHING if behind is None else parameters(behind, depth + 1)
    return parameters(_bind(call, object, kind), depth + 1)


def _of_function(function: FunctionType, bound: bool, depth: int) -> Parameters:
    code = function.__code__
    entry = _known.get(id(code))
    if entry is None:
        own = _of_code(code)
        if len(_known) >= _CACHED:
            _known.clear()
        variadic = bool(code.co_flags & _VARIADIC)
        entry = _known[id(code)] = (code, own, _without_first(own), variadic)
    found = entry[2] if bound else entry[1]
    if entry[3] and function.__dict__:
        return _behind(function, found, bound, depth)
    return found


def _of_code(code: CodeType) -> Parameters:
    names = code.co_varnames
    last = code.co_argcount + code.co_kwonlyargcount
    return _made(
        names[code.co_posonlyargcount : last],
        code.co_argcount - code.co_posonlyargcount,
        names[: code.co_posonlyargcount],
        bool(code.co_flags & inspect.CO_VARKEYWORDS),
        bool(code.co_flags & inspect.CO_VARARGS),
    )


def _made(
    named: Iterable[str],
    either: int,
    leading: Iterable[str],
    keywords: bool,
    positions: bool,
) -> Parameters:
    found = Parameters(tuple(named), either, tuple(leading), keywords, positions)
    # One object for "no arguments", so that asking for it is quick.
    return found if found.named or found.leading or keywords else _NOTHING


def _without_first(own: Parameters) -> Parameters:
    """Return what is open behind an argument by position; ``*args`` may take that."""
    named, either, leading, keywords, positions = own
    if leading:
        return _made(named, either, leading[1:], keywords, positions)
    if either:
        return _made(named[1:], either - 1, (), keywords, positions)
    return own


def _behind(
    function: FunctionType, own: Parameters, bound: bool, depth: int
) -> Parameters:
    """Return the parameters of a decorator's function that passes on what it gets.

    Its own, and those of what it stands for as far as it can hand them on.
    """
    if "__signature__" in function.__dict__:
        inner = _of_signature(function)
    elif "__wrapped__" in function.__dict__ and depth < _DEPTH:
        inner = parameters(function.__dict__["__wrapped__"], depth + 1)
    else:
        return own
    if bound:
        inner = _without_first(inner)
    if own.keywords:
        named = tuple(dict.fromkeys(own.named + inner.named))
        return _made(named, own.either, own.leading, inner.keywords, own.positions)
    # Only *args: everything by position, in the order of what is behind.
    several = own.named[: own.either] + inner.leading + inner.named[: inner.either]
    leading = own.leading + tuple(dict.fromkeys(several))
    return _made(own.named[own.either :], 0, leading, False, True)


def _of_signature(function: FunctionType) -> Parameters:
    by_kind: dict[Any, list[str]] = {}
    for parameter in inspect.signature(function).parameters.values():
        by_kind.setdefault(parameter.kind, []).append(parameter.name)
    kinds = inspect.Parameter
    either = by_kind.get(kinds.POSITIONAL_OR_KEYWORD, [])
    return _made(
        (*either, *by_kind.get(kinds.KEYWORD_ONLY, ())),
        len(either),
        by_kind.get(kinds.POSITIONAL_ONLY, ()),
        kinds.VAR_KEYWORD in by_kind,
        kinds.VAR_POSITIONAL in by_kind,
    )


def _of_partial(object: Any, inner: Parameters) -> Parameters:
    """Return what a partial leaves open; what it has set, nobody else sets."""
    leading: list[str] = []
    for value in object.args:
        # Python 3.14 can leave a position open.
        if value is getattr(functools, "Placeholder", inner):
            leading += (inner.leading + inner.named[: inner.either])[:1]
        inner = _without_first(inner)
    open_names = [name for name in inner.named if name not in object.keywords]
    fixed = [name in object.keywords for name in inner.named[: inner.either]]
    either = fixed.index(True) if True in fixed else inner.either
    return _made(
        open_names, either, leading + [*inner.leading], inner.keywords, inner.positions
    )


def _of_class(cls: type, depth: int) -> Parameters:
    meta = _class_attribute(type(cls), "__call__")
    if type(meta) is FunctionType:
        return _of_function(meta, True, depth)
    for name in ("__init__", "__new__"):
        maker = _class_attribute(cls, name)
        if isinstance(maker, staticmethod):
            maker = maker.__func__
        if type(maker) is FunctionType:
            return _of_function(maker, True, depth)
    return _NOTHING


def _class_attribute(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def _bind(attribute: Any, instance: Any, cls: type) -> Any:
    get = getattr(type(attribute), "__get__", None)
    return attribute if get is None else get(attribute, instance, cls)
