"""What a function's code binds to ``__auth__`` and its like, without running it.

Used by ``auth`` alone. The instructions are read one after the other; whatever
is not a constant, a display of constants, or a function, is UNKNOWN.
"""

from __future__ import annotations

import dis
import sys
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple

__all__ = ["NAMES", "UNKNOWN", "Nested", "bindings", "make_function"]

#: The names that say who may have an object.
NAMES: Final = ("__auth_realm__", "__auth__", "__access__")

_CACHED = 1024


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


#: A value that only running the function would show.
UNKNOWN: Final[Any] = _Unknown()


class Nested(NamedTuple):
    """A function defined in another one, as far as its code tells."""

    code: CodeType
    defaults: Any = None
    kwdefaults: Any = None


#: id of a code object -> (that object, what it binds); see _apply for why by id.
_known: dict[int, tuple[CodeType, dict[str, Any] | None]] = {}


def bindings(code: CodeType) -> dict[str, Any] | None:
    """Return the values of those of NAMES that are local to ``code``; None for none.

    A value is what it is, a Nested, or UNKNOWN.
    """
    entry = _known.get(id(code))
    if entry is None:
        if len(_known) >= _CACHED:
            _known.clear()
        entry = _known[id(code)] = (code, _bindings(code))
    return entry[1]


def make_function(nested: Nested, outer: FunctionType) -> Any:
    """Return the function, with the globals of ``outer``; UNKNOWN if it needs more.

    It may use what ``outer`` has from outside, but no local name of ``outer``.
    """
    held = dict(zip(outer.__code__.co_freevars, outer.__closure__ or ()))
    cells = []
    for name in nested.code.co_freevars:
        if name not in held:
            return UNKNOWN
        cells.append(held[name])
    function = FunctionType(
        nested.code, outer.__globals__, None, nested.defaults, tuple(cells) or None
    )
    function.__kwdefaults__ = nested.kwdefaults
    return function


def _bindings(code: CodeType) -> dict[str, Any] | None:
    local = {name for name in NAMES if name in code.co_varnames + code.co_cellvars}
    outside = {name for name in NAMES if name in code.co_freevars}
    if not local and not outside:
        return None
    reader = _Reader()
    for instruction in dis.get_instructions(code):
        reader.read(instruction)
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4)
    parameters = code.co_varnames[: count + bool(code.co_flags & 8)]
    found: dict[str, Any] = {}
    # Only reading a name of an outer function binds nothing here.
    for name in local | {name for name in outside if name in reader.stored}:
        values = reader.stored.get(name, [])
        certain = len(values) == 1 and name not in parameters
        found[name] = values[0] if certain else UNKNOWN
    return found or None


class _Reader:
    """The stack as far as it is certain; below it lies what is not.

    An instruction that is not known forgets everything, and so does a place that
    is jumped to.
    """

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.stored: dict[str, list[Any]] = {}

    def read(self, instruction: dis.Instruction) -> None:
        if instruction.is_jump_target:
            self.stack.clear()
        name = instruction.opname
        if name in _NOTHING:
            return
        read = getattr(self, "_op_" + name.lower(), None)
        if name.startswith(("STORE_FAST", "STORE_DEREF", "DELETE_FAST", "DELETE_DEREF")):
            self._store(name, instruction.argval)
        elif name in _PUSH_ONE:
            self.stack.append(UNKNOWN)
        elif name == "LOAD_GLOBAL":
            # Since Python 3.11 the last bit asks for a NULL as well.
            count = 1 + ((instruction.arg or 0) & 1 if sys.version_info >= (3, 11) else 0)
            self.stack += [UNKNOWN] * count
        elif read is not None:
            read(instruction.argval)
        else:
            self.stack.clear()

    def _pop(self) -> Any:
        return self.stack.pop() if self.stack else UNKNOWN

    def _pop_several(self, count: int) -> Any:
        """Return the uppermost values, UNKNOWN if one of them is."""
        values = [self._pop() for _ in range(count)][::-1]
        return values if all(_is_certain(value) for value in values) else UNKNOWN

    def _store(self, opname: str, argval: Any) -> None:
        names = argval if isinstance(argval, tuple) else (argval,)
        kept = names[:1] if opname == "STORE_FAST_LOAD_FAST" else names
        deleted = opname.startswith("DELETE")
        for name in kept:
            value = UNKNOWN if deleted else self._pop()
            self.stored.setdefault(name, []).append(value)
        if opname == "STORE_FAST_LOAD_FAST":
            self.stack.append(UNKNOWN)
        elif opname not in _STORES:
            self.stack.clear()

    def _op_load_const(self, value: Any) -> None:
        self.stack.append(value)

    _op_load_small_int = _op_load_const

    def _op_pop_top(self, _: Any) -> None:
        self._pop()

    def _op_copy(self, depth: int) -> None:
        self.stack.append(self.stack[-depth] if depth <= len(self.stack) else UNKNOWN)

    def _op_dup_top(self, _: Any) -> None:
        self._op_copy(1)

    def _op_build_tuple(self, count: int) -> None:
        self._build(tuple, count)

    def _op_build_list(self, count: int) -> None:
        self._build(list, count)

    def _op_build_set(self, count: int) -> None:
        self._build(set, count)

    def _build(self, kind: Any, count: int) -> None:
        values = self._pop_several(count)
        self.stack.append(UNKNOWN if values is UNKNOWN else kind(values))

    def _op_build_map(self, count: int) -> None:
        values = self._pop_several(2 * count)
        known = values is not UNKNOWN
        self.stack.append(dict(zip(values[::2], values[1::2])) if known else UNKNOWN)

    def _op_build_const_key_map(self, count: int) -> None:
        keys, values = self._pop(), self._pop_several(count)
        known = keys is not UNKNOWN and values is not UNKNOWN
        self.stack.append(dict(zip(keys, values)) if known else UNKNOWN)

    def _op_list_extend(self, depth: int) -> None:
        self._add(depth, lambda target, values: [*target, *values])

    def _op_list_append(self, depth: int) -> None:
        self._add(depth, lambda target, value: [*target, value])

    def _op_set_update(self, depth: int) -> None:
        self._add(depth, lambda target, values: {*target, *values})

    def _op_set_add(self, depth: int) -> None:
        self._add(depth, lambda target, value: {*target, value})

    def _op_dict_update(self, depth: int) -> None:
        self._add(depth, lambda target, values: {**target, **values})

    def _op_map_add(self, depth: int) -> None:
        value, key = self._pop(), self._pop()
        pair = {key: value} if _is_certain(key) and _is_certain(value) else UNKNOWN
        self.stack.append(pair)
        self._op_dict_update(depth)

    def _add(self, depth: int, joined: Any) -> None:
        """Put the uppermost value into the one that lies ``depth`` below it."""
        value = self._pop()
        if depth != 1:
            self.stack.clear()
            return
        target = self._pop()
        known = _is_certain(value) and _is_certain(target)
        self.stack.append(joined(target, value) if known else UNKNOWN)

    def _op_make_function(self, flags: int | None) -> None:
        code = self._pop()
        if isinstance(code, str):
            # Python 3.10: the qualified name lies above.
            code = self._pop()
        made = Nested(code) if isinstance(code, CodeType) else UNKNOWN
        for flag in (8, 4, 2, 1):
            if (flags or 0) & flag:
                made = _with(made, flag, self._pop())
        self.stack.append(made)

    def _op_set_function_attribute(self, flag: int) -> None:
        made, value = self._pop(), self._pop()
        self.stack.append(_with(made, flag, value))


def _is_certain(value: Any) -> bool:
    """Tell whether ``value`` may be part of a display: functions in one are not made."""
    return not (value is UNKNOWN or isinstance(value, (Nested, CodeType)))


def _with(made: Any, flag: int, value: Any) -> Any:
    """Return a Nested with an attribute by CPython's number (MAKE_FUNCTION's flags)."""
    if made is UNKNOWN or flag not in (1, 2):
        # Annotations do not matter; what is in a closure the names tell.
        return made
    if not _is_certain(value):
        return UNKNOWN
    return made._replace(defaults=value) if flag == 1 else made._replace(kwdefaults=value)


_NOTHING = {"CACHE", "EXTENDED_ARG", "NOP", "RESUME"}
_STORES = {"STORE_FAST", "STORE_DEREF", "STORE_FAST_STORE_FAST", "DELETE_FAST", "DELETE_DEREF"}
_PUSH_ONE = {"LOAD_CLOSURE", "LOAD_DEREF", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK"}
