"""A field that holds text. Made by `mod_python._form.storage`, and by native code for the fields of a request."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

__all__ = ["StringField"]


class StringField(str):
    """The value of a form field as text, with what is known of the field.

    A str: what is no UTF-8 became U+FFFD. `raw` has the exact bytes, `value` the
    text as a plain str, `name` the field's name (str, None where the client gave
    none). `type`, `type_options`, `disposition`, `disposition_options` and
    `headers` tell what a multipart body says of the field, and have defaults.
    """

    __slots__ = ("__dict__", "_raw", "name", "value")

    name: str | None
    value: str
    _raw: bytes
    type: str
    type_options: dict[str, str]
    disposition: str | None
    disposition_options: dict[str, str]
    headers: Any
    file: Any
    filename: None

    def __new__(cls, value: object = "") -> StringField:
        """Make a field of a str, of bytes, or of the str() of anything else."""
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        made = super().__new__(cls, text)
        made.name = None
        made.value = text
        if isinstance(value, bytes):
            made._raw = value
        return made

    @property
    def raw(self) -> bytes:
        """The bytes that the client sent, after the decoding of ``%XX`` and ``+``."""
        try:
            return self._raw
        except AttributeError:
            return self.value.encode("utf-8", "surrogateescape")

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Decode the bytes that the client sent; UnicodeDecodeError as from `bytes.decode`."""
        return self.raw.decode(encoding, errors)

    @property
    def ctype(self) -> str:
        """Another name of `type`."""
        return self.type

    @property
    def disp_options(self) -> dict[str, str]:
        """Another name of `disposition_options`."""
        return self.disposition_options

    def __getattr__(self, name: str) -> Any:
        default = _DEFAULTS.get(name)
        if default is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = default(self)
        setattr(self, name, value)
        return value

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.value!r})"


#: What a field has that is no part of a multipart body; `file` of one that is kept in memory.
_DEFAULTS: dict[str, Callable[[StringField], Any]] = {
    "type": lambda field: "text/plain",
    "type_options": lambda field: {},
    "disposition": lambda field: None,
    "disposition_options": lambda field: {},
    "headers": lambda field: {},
    "filename": lambda field: None,
    "file": lambda field: io.BytesIO(field.raw),
}
