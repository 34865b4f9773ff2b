"""Says in the error log when an extension module refuses sub-interpreters.

Called wherever an exception of user code passes: the importers and ``_core``.
"""

import re

from mod_python import _apache

#: How CPython, Cython, PyO3 and NumPy word it.
_REFUSED = re.compile(
    r"sub-?interpreters?\b"
    r"|multiple interpreters"
    r"|Interpreter change detected"
    r"|(?:one interpreter|initialized once) per (?:interpreter )?process"
    r"|more than once per process"
)


def report_refusal(error: BaseException, what: str) -> None:
    """Log MPY0301 once for ``error`` if an extension module caused it.

    ``what`` is what was being done, e.g. ``"importing module 'x'"``.
    """
    refused = _find(error)
    if refused is None or getattr(refused, "_mp_reported", False):
        return
    refused._mp_reported = True  # type: ignore[attr-defined]
    req = _apache.current_request()
    phase = (req.phase if req is not None else None) or "-"
    _apache.log_error(
        f"MPY0301: interpreter={_apache.interpreter!r} phase={phase!r}: {what} "
        f"failed because an extension module does not support sub-interpreters "
        f"({refused}); run this code in the main interpreter with the directive "
        f"'PythonInterpreter main_interpreter'",
        _apache.APLOG_ERR,
    )


def _find(error: BaseException | None) -> ImportError | None:
    """Return the innermost refusal: packages wrap it in pages of advice."""
    found: ImportError | None = None
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        # ModuleNotFoundError only quotes a name, whatever it contains.
        if isinstance(error, ImportError) and not isinstance(
            error, ModuleNotFoundError
        ):
            if _REFUSED.search(str(error)):
                found = error
        error = error.__cause__ or error.__context__
    return found
