"""Which class of sessions a request is configured for. Public as ``Session`` through ``mod_python.Session``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mod_python import _apache, _options
from mod_python._apache import mp_request
from mod_python._session import settings
from mod_python._session.base import BaseSession

#: Class -> the module that has it, which is imported when it is needed.
KINDS = {
    "DbmSession": "mod_python._session.dbm",
    "FileSession": "mod_python._session.file",
    "MemorySession": "mod_python._session.memory",
    "RedisSession": "mod_python._session.redis",
}


def Session(  # noqa: N802
    req: mp_request, sid: Any = 0, secret: Any = None, timeout: float = 0, lock: Any = 1
) -> BaseSession:
    """Return a session of the class that `mod_python.session.session_type` names; Exception for an unknown one.

    Without the option: MemorySession where one child serves all requests, else DbmSession. Arguments as BaseSession's.
    """
    name = settings.of(req).kind or _default()
    if name not in KINDS:
        raise Exception(f"Unknown session type {name!r}: PythonOption {_options.SESSION_TYPE.name}")
    kind = getattr(import_module(KINDS[name]), name)
    made: BaseSession = kind(req, sid=sid, secret=secret, timeout=timeout, lock=lock)
    return made


def _default() -> str:
    threaded = _apache.mpm_query(_apache.AP_MPMQ_IS_THREADED)
    forked = _apache.mpm_query(_apache.AP_MPMQ_IS_FORKED)
    single = not forked or _apache.mpm_query(_apache.AP_MPMQ_MAX_DAEMONS) <= 1
    return "MemorySession" if threaded and single else "DbmSession"
