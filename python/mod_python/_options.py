"""The PythonOption keys that the library reads: one table of names, older names and defaults.

Used by the library's modules, which read an option with `text`, `number` or
`flag`.  docs/options.md has an entry for each, held by a test.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Protocol

__all__ = ["OPTIONS", "Option", "flag", "number", "text"]


class Options(Protocol):
    """What ``req.get_options()`` returns, or a dict."""

    def get(self, key: str, /) -> Any: ...


class Option(NamedTuple):
    """A key of PythonOption.

    `older` are names of earlier releases, read if `name` is not set.  `default`
    is the text that stands for an absent option; None if absence is a value.
    """

    name: str
    default: Optional[str] = None
    older: tuple[str, ...] = ()


#: Every option of the library, by name; made by `_option`.
OPTIONS: dict[str, Option] = {}


def _option(name: str, default: Optional[str] = None, *older: str) -> Option:
    made = OPTIONS[name] = Option(name, default, older)
    return made


# Forms; native code, src/py/form/limits.rs, reads the numbers and has the same defaults.
FORM_MAX_BODY = _option("mod_python.form.max_body", "67108864")
FORM_MAX_MEMORY = _option("mod_python.form.max_memory", "16777216")
FORM_MAX_FIELDS = _option("mod_python.form.max_fields", "1000")


def text(options: Options, option: Option) -> Optional[str]:
    """Return the value of `option` in `options` (what ``req.get_options()`` returned), or its default."""
    for name in (option.name, *option.older):
        value: Optional[str] = options.get(name)
        if value is not None:
            return value
    return option.default


def number(options: Options, option: Option) -> int:
    """Return the value as an integer; ValueError names the option and the text."""
    value = text(options, option)
    try:
        return int(value or "")
    except ValueError:
        raise ValueError(f"PythonOption {option.name}: {value!r} is not an integer") from None


def flag(options: Options, option: Option) -> bool:
    """Return the value as a bool: yes, true, on, 1 or no, false, off, 0 in any case; ValueError otherwise."""
    value = text(options, option)
    known = _FLAGS.get((value or "").lower())
    if known is None:
        raise ValueError(f"PythonOption {option.name}: {value!r} is neither on nor off")
    return known


_FLAGS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}

# wsgi. src/py/request/wsgi.rs reads the second one itself: there an empty value counts, as the root.
WSGI_APPLICATION = _option("mod_python.wsgi.application")
WSGI_BASE_URI = _option("mod_python.wsgi.base_uri")
