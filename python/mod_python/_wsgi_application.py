"""From ``PythonOption mod_python.wsgi.application`` to the application itself.

Used by ``mod_python.wsgi`` where the native module does not know it yet, or its
file has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mod_python import _apache, apache
from mod_python._modes import uses_path_importer
from mod_python._options import WSGI_APPLICATION, text

#: The callable's name where the option names a module only.
_DEFAULT = "application"


def find(
    req: _apache.mp_request, applications: _apache.wsgi_applications
) -> Callable[..., Any] | int:
    """Return the application of ``req``, imported again if its file has changed.

    Without the option 500, without such a callable DECLINED; the log says why.
    Raises what the module raises. What was found is kept in ``applications``.
    """
    named = text(req.get_options(), WSGI_APPLICATION)
    if named is None:
        req.log_error(
            f"MPY0670: PythonOption {WSGI_APPLICATION.name} is missing: it names the"
            f" application as module::callable (interpreter '{apache.interpreter}')"
        )
        return apache.HTTP_INTERNAL_SERVER_ERROR
    module_name, name = split(named)
    config = req.get_config()
    module = apache.import_module(
        module_name,
        autoreload=config.get("PythonAutoReload", "1") != "0",
        log=config.get("PythonDebug", "0") == "1",
    )
    application = vars(module).get(name)
    if not callable(application):
        what = "has no" if application is None else "cannot be called:"
        req.log_error(
            f"MPY0671: PythonOption {WSGI_APPLICATION.name} {named}: module"
            f" '{module_name}' {what} '{name}' (interpreter '{apache.interpreter}')",
            apache.APLOG_WARNING,
        )
        return apache.DECLINED
    if not uses_path_importer():
        applications.keep(named, module, name)
    found: Callable[..., Any] = application
    return found


def split(named: str) -> tuple[str, str]:
    """Return module and callable of ``module``, ``module::callable`` or ``module:callable``."""
    module, _, name = named.partition(":")
    return module, name.removeprefix(":") or _DEFAULT
