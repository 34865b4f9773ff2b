"""``mod_python.apache``: the module that handlers import.

Owns no behaviour of its own: it names in one place what handlers may use.
Importable only inside httpd. PythonPath expressions are evaluated in this
module's namespace, which is why ``os`` and ``sys`` are here.
"""

import os as os
import sys as sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mod_python import _apache, _constants
from mod_python._apache import (
    SERVER_RETURN as SERVER_RETURN,
    ExpiredError as ExpiredError,
    RequestTimeout as RequestTimeout,
    config_tree as config_tree,
    exists_config_define as exists_config_define,
    interpreter as interpreter,
    log_error as log_error,
    main_server as main_server,
    mpm_query as mpm_query,
    register_input_filter as register_input_filter,
    register_output_filter as register_output_filter,
    server_root as server_root,
    stat as stat,
    table as table,
)
from mod_python._cgi import (
    CGIStdin as CGIStdin,
    CGIStdout as CGIStdout,
    NullIO as NullIO,
    build_cgi_env as build_cgi_env,
    restore_nocgi as restore_nocgi,
    setup_cgi as setup_cgi,
)
from mod_python._constants import *
from mod_python._current import (
    get_current_config as get_current_config,
    get_current_options as get_current_options,
    get_handler_root as get_handler_root,
)
from mod_python._importer import import_module as ximport_module
from mod_python._importer import module_mtime as module_mtime
from mod_python._modes import (
    freeze_modules as freeze_modules,
    import_module as import_module,
    module_info as module_info,
    modules_graph as modules_graph,
    request_modules_graph as request_modules_graph,
)
from mod_python._resolve import resolve_object as resolve_object

#: The same type under its older name.
make_table = table


def register_cleanup(callable: Callable[[Any], object], data: Any = None) -> None:
    """Call ``callable(data)`` in this interpreter when the child exits.

    ``data`` must hold no request. Raises ValueError if ``callable`` cannot be
    called.
    """
    _apache.register_cleanup(interpreter, main_server, callable, data)


if not TYPE_CHECKING:
    # A checker would take only what the list itself names: none of the constants.
    __all__ = [
        *_constants.__all__,
        "CGIStdin",
        "CGIStdout",
        "ExpiredError",
    "RequestTimeout",
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
