"""Making a response of what was found: calling it, and writing what it returns."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any, NoReturn

from mod_python import _apache
from mod_python._apply import apply_fs_data
from mod_python._publisher.log import debugging, write
from mod_python.util import FieldStorage

__all__ = ["publish"]

#: How often in a row what was returned may be callable itself.
_CALLS = 64

_HTML, _PLAIN = "text/html; charset=UTF-8", "text/plain; charset=UTF-8"

#: Of a code object: CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR.
_ASYNC = 0x80 | 0x100 | 0x200


def publish(req: Any, object: Any) -> None:
    """Write ``object``, or what calling it returns, as the response.

    Sets ``req.form`` before a call. Raises what the call raises;
    SERVER_RETURN(500) for what only an event loop could run.
    """
    result = object
    calls = 0
    while callable(result):
        function = result if type(result) is FunctionType else _function_of(result)
        if function is not None and function.__code__.co_flags & _ASYNC:
            _refuse(req, result, "is async")
        if not calls:
            req.form = FieldStorage(req, keep_blank_values=1)
        elif calls > _CALLS:
            raise RecursionError(f"{object!r} returns callables without end")
        calls += 1
        result = apply_fs_data(result, req.form, req=req)
    if type(result) is str:
        _write_text(req, result)
    elif result is None:
        if debugging(req) and not req._bytes_queued and req.next is None:
            text = f"{object!a} has neither written nor returned anything"
            write(req, "MPY0654", _apache.APLOG_NOTICE, text)
    elif isinstance(result, (bytes, bytearray, memoryview)):
        data = bytes(result)
        if not req._content_type_set:
            html = _is_html(data[-100:].decode("latin-1"))
            req.content_type = "text/html" if html else "text/plain"
        req.write(data, 0)
    elif hasattr(result, "__await__") or hasattr(result, "__anext__"):
        if hasattr(result, "close"):
            result.close()
        _refuse(req, object, "has returned an awaitable")
    else:
        _write_text(req, str(result))


def _write_text(req: Any, text: str) -> None:
    kind = req.content_type if req._content_type_set else None
    if not kind:
        end = text[-100:]
        html = ">" in end and _is_html(end)
        req.content_type = _HTML if html else _PLAIN
    else:
        charset = _charset(kind)
        if charset is None:
            req.content_type = f"{kind}; charset=UTF-8"
        elif charset.lower() not in ("utf-8", "utf8"):
            req.write(text.encode(charset), 0)
            return
    if text.isascii():
        req.write(text, 0)
    else:
        # A byte of the request that was no UTF-8 goes back as it came.
        req.write(text.encode("utf-8", "surrogateescape"), 0)


def _charset(content_type: str) -> str | None:
    """Return the parameter ``charset`` of a content type, None if it has none."""
    if ";" not in content_type:
        return None
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or None
    return None


def _is_html(end: str) -> bool:
    """Tell whether a text with this end is HTML."""
    end = end.rstrip()
    return end[-1:] == ">" and end[:-1].rstrip()[-6:].lower() == "</html"


def _function_of(object: Any) -> FunctionType | None:
    """Return the function of a method, None for anything else."""
    inner = object.__func__ if type(object) is MethodType else None
    return inner if type(inner) is FunctionType else None


def _refuse(req: Any, object: Any, reason: str) -> NoReturn:
    text = f"{object!a} {reason}; the publisher has no event loop to run it"
    write(req, "MPY0652", _apache.APLOG_ERR, text)
    raise _apache.SERVER_RETURN(_apache.HTTP_INTERNAL_SERVER_ERROR)
