"""A field that holds text. Made by `mod_python._form.storage`, and by native code for the fields of a request."""

from __future__ import annotations

import io
from functools import cached_property
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

    # What the headers of a part say replaces these; native code sets them.

    @cached_property
    def type(self) -> str:
        """The Content-Type without its parameters, ``text/plain`` if nothing else is known."""
        return "text/plain"

    @cached_property
    def type_options(self) -> dict[str, str]:
        """The parameters of the Content-Type."""
        return {}

    @cached_property
    def disposition(self) -> str | None:
        """The Content-Disposition without its parameters, None outside of multipart bodies."""
        return None

    @cached_property
    def disposition_options(self) -> dict[str, str]:
        """The parameters of the Content-Disposition."""
        return {}

    @cached_property
    def headers(self) -> Any:
        """The headers of a part as a table; an empty dict outside of multipart bodies."""
        return {}

    @cached_property
    def file(self) -> Any:
        """The storage of a part, else a file in memory with `raw`."""
        return io.BytesIO(self.raw)

    @cached_property
    def filename(self) -> None:
        """None: this is no file."""
        return None

    @property
    def ctype(self) -> str:
        """Another name of `type`."""
        return self.type

    @property
    def disp_options(self) -> dict[str, str]:
        """Another name of `disposition_options`."""
        return self.disposition_options

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.value!r})"
