"""``mod_python.apache``: the module that handlers import.

Owns no behaviour of its own: it names in one place what handlers may use.
Importable only inside httpd. PythonPath expressions are evaluated in this
module's namespace, which is why ``os`` and ``sys`` are here.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from mod_python import _apache, _constants
from mod_python._apache import (
    SERVER_RETURN,
    ExpiredError,
    config_tree,
    exists_config_define,
    interpreter,
    log_error,
    main_server,
    mpm_query,
    register_input_filter,
    register_output_filter,
    server_root,
    stat,
    table,
)
from mod_python._cgi import (
    CGIStdin,
    CGIStdout,
    NullIO,
    build_cgi_env,
    restore_nocgi,
    setup_cgi,
)
from mod_python._constants import *  # noqa: F403
from mod_python._current import (
    get_current_config,
    get_current_options,
    get_handler_root,
)
from mod_python._importer import import_module as ximport_module
from mod_python._importer import module_mtime
from mod_python._modes import (
    freeze_modules,
    import_module,
    module_info,
    modules_graph,
    request_modules_graph,
)
from mod_python._resolve import resolve_object

#: The same type under its older name.
make_table = table


def register_cleanup(callable: Callable[[Any], object], data: Any = None) -> None:
    """Call ``callable(data)`` in this interpreter when the child exits.

    ``data`` must hold no request. Raises ValueError if ``callable`` cannot be
    called.
    """
    _apache.register_cleanup(interpreter, main_server, callable, data)


__all__ = [
    *_constants.__all__,
    "CGIStdin",
    "CGIStdout",
    "ExpiredError",
    "NullIO",
    "SERVER_RETURN",
    "build_cgi_env",
    "config_tree",
    "exists_config_define",
    "freeze_modules",
    "get_current_config",
    "get_current_options",
    "get_handler_root",
    "import_module",
    "interpreter",
    "log_error",
    "main_server",
    "make_table",
    "module_info",
    "module_mtime",
    "modules_graph",
    "mpm_query",
    "os",
    "register_cleanup",
    "register_input_filter",
    "register_output_filter",
    "request_modules_graph",
    "resolve_object",
    "restore_nocgi",
    "server_root",
    "setup_cgi",
    "stat",
    "sys",
    "table",
    "ximport_module",
]
