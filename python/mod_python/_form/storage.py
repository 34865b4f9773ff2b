"""``util.FieldStorage``: the fields of a request. Its native base reads them and finds them by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Union

from mod_python._apache import mp_form
from mod_python._form.field import Field
from mod_python._form.string import StringField

__all__ = ["FieldList", "FieldStorage"]

AnyField = Union[StringField, Field]


class FieldList(list[Any]):
    """``FieldStorage.list``: the fields in their order. Any change shows in the form at once."""


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


class FieldStorage(mp_form):
    """The fields of a request's query string and body: FieldStorage(req, keep_blank_values=0, ...).

    ``form[name]`` is a field, or a list of fields where the name occurs several
    times; KeyError where it does not occur. Names are str; bytes are decoded.
    `file_callback(filename)` and `field_callback()` return the storage of a file
    and of another field of a multipart body. Raises SERVER_RETURN where the body
    is no form, is malformed, or is larger than the options allow.
    """

    _string_field = StringField
    _file_field = Field
    _field_list = FieldList

    def has_key(self, name: str | bytes) -> bool:
        """Tell whether a field of this name is there."""
        return name in self

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def items(self) -> list[tuple[str, AnyField]]:
        """Return a list of (name, field), one for each occurrence, in the form's order."""
        return [(field.name, field) for field in self.list]

    def add_field(self, name: str | bytes, value: object) -> None:
        """Append a StringField of a str, of bytes, or of the str() of anything else."""
        field = StringField(value)
        field.name = _text(name)
        self.list.append(field)

    def __setitem__(self, name: str | bytes, value: object) -> None:
        self._remove(name)
        self.add_field(name, value)

    def __delitem__(self, name: str | bytes) -> None:
        if not self._remove(name):
            raise KeyError(name)

    def _remove(self, name: str | bytes) -> bool:
        """Remove all fields of a name; tell whether there were any."""
        text = _text(name)
        kept = [field for field in self.list if field.name != text]
        removed = len(kept) != len(self.list)
        self.list[:] = kept
        return removed

    def clear(self) -> None:
        """Remove all fields."""
        self.list.clear()

    def __repr__(self) -> str:
        return repr({name: self.getlist(name) for name in self})
