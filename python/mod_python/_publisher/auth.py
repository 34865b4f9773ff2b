"""``__auth__``, ``__access__`` and ``__auth_realm__`` of published objects.

Used by ``traverse`` alone. Whatever cannot be decided is decided against the
visitor.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

from mod_python import _apache
from mod_python._publisher.bindings import (
    NAMES,
    UNKNOWN,
    Nested,
    bindings,
    make_function,
)
from mod_python._publisher.credentials import read_credentials, same_password
from mod_python._publisher.log import write

__all__ = ["Visitor"]

_DEPTH = 16
_REALM, _AUTH, _ACCESS = NAMES


class Visitor:
    """Who asks, as far as the objects on the way have wanted to know."""

    _realm = "unknown"
    _user: str | None = None
    _password: str | None = None

    def __init__(self, req: Any) -> None:
        self._req = req

    def visit_module(self, module: ModuleType) -> None:
        """As ``visit``, for the module itself."""
        names = module.__dict__
        if _AUTH in names or _ACCESS in names or _REALM in names:
            self._apply({name: [names[name]] for name in NAMES if name in names}, module)
        elif "__getattr__" in names:
            self.visit(module)

    def visit(self, object: Any) -> None:
        """Return if the visitor may have ``object`` or go on behind it.

        Raises SERVER_RETURN: 401, 403, or 400 for credentials that are none.
        """
        rules = _rules_of(object)
        if rules:
            self._apply(rules, object)

    def _apply(self, rules: dict[str, list[Any]], object: Any) -> None:
        for realm in rules.get(_REALM, ())[:1]:
            if realm is not UNKNOWN:
                self._realm = str(realm)
        if not (_AUTH in rules or _ACCESS in rules):
            return
        if self._user is None:
            self._user, self._password = read_credentials(self._req)
        if _AUTH in rules:
            if not self._user:
                self._demand()
            for rule in rules[_AUTH]:
                if not self._is_authentic(self._known(rule, _AUTH, object), object):
                    self._demand()
        for rule in rules.get(_ACCESS, ()):
            if not self._is_allowed(self._known(rule, _ACCESS, object), object):
                raise _apache.SERVER_RETURN(_apache.HTTP_FORBIDDEN)

    def _is_authentic(self, rule: Any, object: Any) -> bool:
        if callable(rule):
            answer = rule(self._req, self._user, self._password)
            return self._truth(answer, _AUTH, object)
        if isinstance(rule, Mapping):
            return same_password(rule.get(self._user), self._password)
        return bool(rule)

    def _is_allowed(self, rule: Any, object: Any) -> bool:
        if callable(rule):
            return self._truth(rule(self._req, self._user), _ACCESS, object)
        if isinstance(rule, (list, tuple, AbstractSet, Mapping)):
            return self._user is not None and self._user in rule
        return bool(rule)

    def _truth(self, answer: Any, name: str, object: Any) -> bool:
        """Return the truth of an answer, false for what stands for a later one."""
        if hasattr(answer, "__await__") or hasattr(answer, "__anext__"):
            pending = "an awaitable"
        elif hasattr(answer, "__next__"):
            pending = "a generator or iterator"
        else:
            return bool(answer)
        if hasattr(answer, "close"):
            answer.close()
        self._doubt(f"{name} of {object!a} has returned {pending}, not an answer")
        return False

    def _known(self, rule: Any, name: str, object: Any) -> Any:
        """Return ``rule``; what is UNKNOWN allows nothing."""
        if rule is not UNKNOWN:
            return rule
        self._doubt(
            f"the value that {object!a} binds to {name} cannot be told without "
            "running it; it must be a constant, a list, tuple, set or dict of "
            "constants, or a function, bound once"
        )
        return None

    def _doubt(self, text: str) -> None:
        write(self._req, "MPY0653", _apache.APLOG_ERR, f"access denied: {text}")

    def _demand(self) -> NoReturn:
        realm = self._realm.replace("\\", "\\\\").replace('"', '\\"')
        self._req.err_headers_out["WWW-Authenticate"] = f'Basic realm="{realm}"'
        raise _apache.SERVER_RETURN(_apache.HTTP_UNAUTHORIZED)


def _rules_of(object: Any) -> dict[str, list[Any]]:
    """Return all values of NAMES for ``object`` and for what calling it runs."""
    rules: dict[str, list[Any]] = {}
    pending = [object]
    for _ in range(_DEPTH):
        if not pending:
            return rules
        object = pending.pop()
        if type(object) is MethodType:
            pending.append(object.__func__)
        elif type(object) is FunctionType:
            _add_body(rules, object)
            _add(rules, object.__dict__)
            if "__wrapped__" in object.__dict__:
                pending.append(object.__dict__["__wrapped__"])
        else:
            found = {name: getattr(object, name, UNKNOWN) for name in NAMES}
            _add(rules, {n: v for n, v in found.items() if v is not UNKNOWN})
            pending += _behind(object)
    # Something that goes on for ever, or pretends to: not to be trusted.
    return {_AUTH: [UNKNOWN], _ACCESS: [UNKNOWN]}


def _behind(object: Any) -> list[Any]:
    """Return what calling an object that is no function runs, as far as it is Python."""
    found: list[Any] = []
    call = getattr(type(object), "__call__", None)
    if type(call) is FunctionType:
        found.append(call)
    if isinstance(object, functools.partial):
        found.append(object.func)
    wrapped = getattr(object, "__wrapped__", UNKNOWN)
    if wrapped is not UNKNOWN:
        found.append(wrapped)
    return found


def _add(rules: dict[str, list[Any]], found: Mapping[str, Any]) -> None:
    for name in NAMES:
        if name in found:
            several = rules.setdefault(name, [])
            # A decorator copies what it stands for: ask once.
            if not any(value is found[name] for value in several):
                several.append(found[name])


def _add_body(rules: dict[str, list[Any]], function: FunctionType) -> None:
    bound = bindings(function.__code__)
    if bound:
        made = {
            name: make_function(value, function) if isinstance(value, Nested) else value
            for name, value in bound.items()
        }
        _add(rules, made)
