"""A field that holds a file. Made by `mod_python._form.storage`, and by code that builds forms itself."""

from __future__ import annotations

from typing import Any

__all__ = ["Field"]


class Field:
    """A file that a client has sent, or a value too large to be held in memory.

    `file` is its storage, at its beginning: a file in binary mode, or what a
    callback returned. `filename` is what the client calls it: never trust it.
    `name` is the field's name, None where the client gave none. `type` and
    `type_options` come from its Content-Type, `disposition` and
    `disposition_options` from its Content-Disposition, `headers` has all.
    """

    def __init__(
        self,
        name: str | None,
        file: Any = None,
        ctype: str = "text/plain",
        type_options: dict[str, str] | None = None,
        disp: str | None = None,
        disp_options: dict[str, str] | None = None,
        headers: Any = None,
    ) -> None:
        self.name = name
        self.file = file
        self.filename: str | None = None
        self.type = self.ctype = ctype
        self.type_options = {} if type_options is None else type_options
        self.disposition = disp
        self.disposition_options = self.disp_options = {} if disp_options is None else disp_options
        self.headers = {} if headers is None else headers

    @property
    def value(self) -> bytes | None:
        """All of the file as bytes, which leaves it at its beginning; None where there is no file.

        TypeError where a callback's object reads something else.
        """
        if self.file is None:
            return None
        self.file.seek(0)
        data = self.file.read()
        self.file.seek(0)
        if not isinstance(data, bytes):
            raise TypeError(f"the file of a field must read bytes, not {type(data).__name__}")
        return data

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.value!r})"

    def __del__(self) -> None:
        close = getattr(getattr(self, "file", None), "close", None)
        if close is not None:
            close()
