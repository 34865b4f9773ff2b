"""``mod_python.Session``: data that is kept for a client from request to request.

Owns no behaviour of its own: it names what is public of ``_session``. Importable only inside httpd.
"""

from __future__ import annotations

from mod_python._session.base import CLEANUP_CHANCE, DFT_LOCK, DFT_TIMEOUT, BaseSession
from mod_python._session.cleanup import DFT_CLEANUP_TIME_LIMIT, DFT_FAST_CLEANUP, DFT_GRACE_PERIOD, DFT_VERIFY_CLEANUP
from mod_python._session.cookie import COOKIE_NAME
from mod_python._session.dbm import DbmSession
from mod_python._session.file import FileSession
from mod_python._session.kinds import Session
from mod_python._session.memory import MemorySession
from mod_python._session.place import tempdir
from mod_python._session.redis import LockLostError, RedisSession
from mod_python._session.truth import true_or_false

__all__ = [
    "CLEANUP_CHANCE",
    "COOKIE_NAME",
    "DFT_CLEANUP_TIME_LIMIT",
    "DFT_FAST_CLEANUP",
    "DFT_GRACE_PERIOD",
    "DFT_LOCK",
    "DFT_TIMEOUT",
    "DFT_VERIFY_CLEANUP",
    "BaseSession",
    "DbmSession",
    "FileSession",
    "LockLostError",
    "MemorySession",
    "RedisSession",
    "Session",
    "tempdir",
    "true_or_false",
]
