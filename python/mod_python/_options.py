"""The PythonOption keys that the library reads: one table of names, older names and defaults.

Used by the library's modules, which read an option with `text`, `number` or
`flag`.  docs/options.md has an entry for each, held by a test.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Protocol

__all__ = ["OPTIONS", "Option", "flag", "number", "text"]


class Options(Protocol):
    """What ``req.get_options()`` returns, or a dict."""

    def get(self, key: str, /) -> Any: ...


class Option(NamedTuple):
    """A key of PythonOption.

    `older` are names of earlier releases, read if `name` is not set.  `default`
    is the text that stands for an absent option; None if absence is a value.
    """

    name: str
    default: Optional[str] = None
    older: tuple[str, ...] = ()


#: Every option of the library, by name; made by `_option`.
OPTIONS: dict[str, Option] = {}


def _option(name: str, default: Optional[str] = None, *older: str) -> Option:
    made = OPTIONS[name] = Option(name, default, older)
    return made


# Sessions
SESSION_TYPE = _option("mod_python.session.session_type", None, "session")
SESSION_COOKIE_NAME = _option("mod_python.session.cookie_name", "pysid", "session_cookie_name")
SESSION_PATH = _option("mod_python.session.application_path", None, "ApplicationPath")
SESSION_DOMAIN = _option("mod_python.session.application_domain")
SESSION_HTTPONLY = _option("mod_python.session.cookie_httponly", "on")
SESSION_SECURE = _option("mod_python.session.cookie_secure", "auto")
SESSION_SAMESITE = _option("mod_python.session.cookie_samesite", "Lax")
SESSION_FORMAT = _option("mod_python.session.format", "json")
SESSION_MAX_SIZE = _option("mod_python.session.max_size", "1048576")
SESSION_DIRECTORY = _option("mod_python.session.database_directory", None, "session_directory")
FILE_SESSION_DIRECTORY = _option("mod_python.file_session.database_directory")
FILE_SESSION_FAST = _option("mod_python.file_session.enable_fast_cleanup", "true", "session_fast_cleanup")
FILE_SESSION_VERIFY = _option("mod_python.file_session.verify_session_timeout", "true", "session_verify_cleanup")
FILE_SESSION_GRACE = _option("mod_python.file_session.cleanup_grace_period", "240", "session_grace_period")
FILE_SESSION_LIMIT = _option("mod_python.file_session.cleanup_time_limit", "2", "session_cleanup_time_limit")
DBM_SESSION_FILE = _option("mod_python.dbm_session.database_filename", None, "session_dbm")
DBM_SESSION_DIRECTORY = _option("mod_python.dbm_session.database_directory")
REDIS_SESSION_URL = _option("mod_python.redis_session.url", "redis://localhost:6379/0")
REDIS_SESSION_PREFIX = _option("mod_python.redis_session.key_prefix", "mod_python:session:")
REDIS_SESSION_FAILURE = _option("mod_python.redis_session.on_failure", "unavailable")
REDIS_SESSION_LOCK_LIMIT = _option("mod_python.redis_session.lock_time_limit", "30")
REDIS_SESSION_LOCK_WAIT = _option("mod_python.redis_session.lock_wait", "40")
REDIS_SESSION_CONNECT_TIMEOUT = _option("mod_python.redis_session.connect_timeout", "2")
REDIS_SESSION_SOCKET_TIMEOUT = _option("mod_python.redis_session.socket_timeout", "5")
MEMORY_SESSION_MOST = _option("mod_python.memory_session.max_sessions", "10000")

# Forms; native code, src/py/form/limits.rs, reads the numbers and has the same defaults.
FORM_MAX_BODY = _option("mod_python.form.max_body", "67108864")
FORM_MAX_MEMORY = _option("mod_python.form.max_memory", "16777216")
FORM_MAX_MEMORY_FIELD = _option("mod_python.form.max_memory_field", "1048576")
FORM_MAX_PART_HEADER = _option("mod_python.form.max_part_header", "16384")
FORM_UPLOAD_DIRECTORY = _option("mod_python.form.upload_directory")
FORM_MAX_FIELDS = _option("mod_python.form.max_fields", "1000")

# The publisher in a Location.
PUBLISHER_DIRECTORY = _option("mod_python.publisher.directory")

# PSP.
PSP_AUTOESCAPE = _option("mod_python.psp.autoescape", "off")
PSP_DBM_CACHE = _option("mod_python.psp.cache_database_filename", None, "PSPDbmCache")


def text(options: Options, option: Option) -> Optional[str]:
    """Return the value of `option` in `options` (what ``req.get_options()`` returned), or its default."""
    for name in (option.name, *option.older):
        value: Optional[str] = options.get(name)
        if value is not None:
            return value
    return option.default


def number(options: Options, option: Option) -> int:
    """Return the value as an integer; ValueError names the option and the text."""
    value = text(options, option)
    try:
        return int(value or "")
    except ValueError:
        raise ValueError(f"PythonOption {option.name}: {value!r} is not an integer") from None


def flag(options: Options, option: Option) -> bool:
    """Return the value as a bool: yes, true, on, 1 or no, false, off, 0 in any case; ValueError otherwise."""
    value = text(options, option)
    known = _FLAGS.get((value or "").lower())
    if known is None:
        raise ValueError(f"PythonOption {option.name}: {value!r} is neither on nor off")
    return known


_FLAGS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}

# wsgi. src/py/request/wsgi.rs reads the second one itself: there an empty value counts, as the root.
WSGI_APPLICATION = _option("mod_python.wsgi.application")
WSGI_BASE_URI = _option("mod_python.wsgi.base_uri")
