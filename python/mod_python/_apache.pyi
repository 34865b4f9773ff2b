"""The native module, which exists inside httpd only: the classes behind requests, and httpd's own constants.

User code imports `mod_python.apache`, which shows what is public of this.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from mod_python._apache_objects import (
    mp_table as mp_table,
    mp_server as mp_server,
    mp_conn as mp_conn,
    mp_hlist as mp_hlist,
    mp_filter as mp_filter,
    mp_finfo as mp_finfo,
    mp_request as mp_request,
    wsgi_response as wsgi_response,
)

_Query = TypeVar("_Query", str, bytes)

interpreter: Final[str]
main_server: Final[mp_server]

CGI_MAGIC_TYPE: Final[str]
INCLUDES_MAGIC_TYPE: Final[str]
INCLUDES_MAGIC_TYPE3: Final[str]
DIR_MAGIC_TYPE: Final[str]

# Those that httpd 2.4.71 defines; a newer one may have more of the same groups.
MODULE_MAGIC_NUMBER_MAJOR: Final[int]
MODULE_MAGIC_NUMBER_MINOR: Final[int]
APR_FINFO_LINK: Final[int]
APR_FINFO_MTIME: Final[int]
APR_FINFO_CTIME: Final[int]
APR_FINFO_ATIME: Final[int]
APR_FINFO_SIZE: Final[int]
APR_FINFO_CSIZE: Final[int]
APR_FINFO_DEV: Final[int]
APR_FINFO_INODE: Final[int]
APR_FINFO_NLINK: Final[int]
APR_FINFO_TYPE: Final[int]
APR_FINFO_USER: Final[int]
APR_FINFO_GROUP: Final[int]
APR_FINFO_UPROT: Final[int]
APR_FINFO_GPROT: Final[int]
APR_FINFO_WPROT: Final[int]
APR_FINFO_ICASE: Final[int]
APR_FINFO_NAME: Final[int]
APR_FINFO_MIN: Final[int]
APR_FINFO_IDENT: Final[int]
APR_FINFO_OWNER: Final[int]
APR_FINFO_PROT: Final[int]
APR_FINFO_NORM: Final[int]
APR_FINFO_DIRENT: Final[int]
OK: Final[int]
DECLINED: Final[int]
DONE: Final[int]
SUSPENDED: Final[int]
HTTP_CONTINUE: Final[int]
HTTP_SWITCHING_PROTOCOLS: Final[int]
HTTP_PROCESSING: Final[int]
HTTP_EARLY_HINTS: Final[int]
HTTP_OK: Final[int]
HTTP_CREATED: Final[int]
HTTP_ACCEPTED: Final[int]
HTTP_NON_AUTHORITATIVE: Final[int]
HTTP_NO_CONTENT: Final[int]
HTTP_RESET_CONTENT: Final[int]
HTTP_PARTIAL_CONTENT: Final[int]
HTTP_MULTI_STATUS: Final[int]
HTTP_ALREADY_REPORTED: Final[int]
HTTP_IM_USED: Final[int]
HTTP_MULTIPLE_CHOICES: Final[int]
HTTP_MOVED_PERMANENTLY: Final[int]
HTTP_MOVED_TEMPORARILY: Final[int]
HTTP_SEE_OTHER: Final[int]
HTTP_NOT_MODIFIED: Final[int]
HTTP_USE_PROXY: Final[int]
HTTP_TEMPORARY_REDIRECT: Final[int]
HTTP_PERMANENT_REDIRECT: Final[int]
HTTP_BAD_REQUEST: Final[int]
HTTP_UNAUTHORIZED: Final[int]
HTTP_PAYMENT_REQUIRED: Final[int]
HTTP_FORBIDDEN: Final[int]
HTTP_NOT_FOUND: Final[int]
HTTP_METHOD_NOT_ALLOWED: Final[int]
HTTP_NOT_ACCEPTABLE: Final[int]
HTTP_PROXY_AUTHENTICATION_REQUIRED: Final[int]
HTTP_REQUEST_TIME_OUT: Final[int]
HTTP_CONFLICT: Final[int]
HTTP_GONE: Final[int]
HTTP_LENGTH_REQUIRED: Final[int]
HTTP_PRECONDITION_FAILED: Final[int]
HTTP_REQUEST_ENTITY_TOO_LARGE: Final[int]
HTTP_REQUEST_URI_TOO_LARGE: Final[int]
HTTP_UNSUPPORTED_MEDIA_TYPE: Final[int]
HTTP_RANGE_NOT_SATISFIABLE: Final[int]
HTTP_EXPECTATION_FAILED: Final[int]
HTTP_MISDIRECTED_REQUEST: Final[int]
HTTP_UNPROCESSABLE_ENTITY: Final[int]
HTTP_LOCKED: Final[int]
HTTP_FAILED_DEPENDENCY: Final[int]
HTTP_UPGRADE_REQUIRED: Final[int]
HTTP_PRECONDITION_REQUIRED: Final[int]
HTTP_TOO_MANY_REQUESTS: Final[int]
HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE: Final[int]
HTTP_UNAVAILABLE_FOR_LEGAL_REASONS: Final[int]
HTTP_INTERNAL_SERVER_ERROR: Final[int]
HTTP_NOT_IMPLEMENTED: Final[int]
HTTP_BAD_GATEWAY: Final[int]
HTTP_SERVICE_UNAVAILABLE: Final[int]
HTTP_GATEWAY_TIME_OUT: Final[int]
HTTP_VERSION_NOT_SUPPORTED: Final[int]
HTTP_VARIANT_ALSO_VARIES: Final[int]
HTTP_INSUFFICIENT_STORAGE: Final[int]
HTTP_LOOP_DETECTED: Final[int]
HTTP_NOT_EXTENDED: Final[int]
HTTP_NETWORK_AUTHENTICATION_REQUIRED: Final[int]
M_GET: Final[int]
M_PUT: Final[int]
M_POST: Final[int]
M_DELETE: Final[int]
M_CONNECT: Final[int]
M_OPTIONS: Final[int]
M_TRACE: Final[int]
M_PATCH: Final[int]
M_PROPFIND: Final[int]
M_PROPPATCH: Final[int]
M_MKCOL: Final[int]
M_COPY: Final[int]
M_MOVE: Final[int]
M_LOCK: Final[int]
M_UNLOCK: Final[int]
M_VERSION_CONTROL: Final[int]
M_CHECKOUT: Final[int]
M_UNCHECKOUT: Final[int]
M_CHECKIN: Final[int]
M_UPDATE: Final[int]
M_LABEL: Final[int]
M_REPORT: Final[int]
M_MKWORKSPACE: Final[int]
M_MKACTIVITY: Final[int]
M_BASELINE_CONTROL: Final[int]
M_MERGE: Final[int]
M_INVALID: Final[int]
REQUEST_NO_BODY: Final[int]
REQUEST_CHUNKED_ERROR: Final[int]
REQUEST_CHUNKED_DECHUNK: Final[int]
AP_REQ_ACCEPT_PATH_INFO: Final[int]
AP_REQ_REJECT_PATH_INFO: Final[int]
AP_REQ_DEFAULT_PATH_INFO: Final[int]
PROXYREQ_NONE: Final[int]
PROXYREQ_PROXY: Final[int]
PROXYREQ_REVERSE: Final[int]
PROXYREQ_RESPONSE: Final[int]
REMOTE_HOST: Final[int]
REMOTE_NAME: Final[int]
REMOTE_NOLOOKUP: Final[int]
REMOTE_DOUBLE_REV: Final[int]
AUTH_DENIED: Final[int]
AUTH_GRANTED: Final[int]
AUTH_USER_FOUND: Final[int]
AUTH_USER_NOT_FOUND: Final[int]
AUTH_GENERAL_ERROR: Final[int]
AUTHZ_DENIED: Final[int]
AUTHZ_GRANTED: Final[int]
AUTHZ_NEUTRAL: Final[int]
AUTHZ_GENERAL_ERROR: Final[int]
AUTHZ_DENIED_NO_USER: Final[int]
APLOG_EMERG: Final[int]
APLOG_ALERT: Final[int]
APLOG_CRIT: Final[int]
APLOG_ERR: Final[int]
APLOG_WARNING: Final[int]
APLOG_NOTICE: Final[int]
APLOG_INFO: Final[int]
APLOG_DEBUG: Final[int]
APLOG_TRACE1: Final[int]
APLOG_TRACE2: Final[int]
APLOG_TRACE3: Final[int]
APLOG_TRACE4: Final[int]
APLOG_TRACE5: Final[int]
APLOG_TRACE6: Final[int]
APLOG_TRACE7: Final[int]
APLOG_TRACE8: Final[int]
APLOG_LEVELMASK: Final[int]
APLOG_NOERRNO: Final[int]
APLOG_TOCLIENT: Final[int]
APLOG_STARTUP: Final[int]
APLOG_NO_MODULE: Final[int]
AP_MPMQ_NOT_SUPPORTED: Final[int]
AP_MPMQ_STATIC: Final[int]
AP_MPMQ_DYNAMIC: Final[int]
AP_MPMQ_STARTING: Final[int]
AP_MPMQ_RUNNING: Final[int]
AP_MPMQ_STOPPING: Final[int]
AP_MPMQ_MAX_DAEMON_USED: Final[int]
AP_MPMQ_IS_THREADED: Final[int]
AP_MPMQ_IS_FORKED: Final[int]
AP_MPMQ_HARD_LIMIT_DAEMONS: Final[int]
AP_MPMQ_HARD_LIMIT_THREADS: Final[int]
AP_MPMQ_MAX_THREADS: Final[int]
AP_MPMQ_MIN_SPARE_DAEMONS: Final[int]
AP_MPMQ_MIN_SPARE_THREADS: Final[int]
AP_MPMQ_MAX_SPARE_DAEMONS: Final[int]
AP_MPMQ_MAX_SPARE_THREADS: Final[int]
AP_MPMQ_MAX_REQUESTS_DAEMON: Final[int]
AP_MPMQ_MAX_DAEMONS: Final[int]
AP_MPMQ_MPM_STATE: Final[int]
AP_MPMQ_IS_ASYNC: Final[int]
AP_MPMQ_GENERATION: Final[int]
AP_MPMQ_HAS_SERF: Final[int]
AP_MPMQ_CAN_WAITIO: Final[int]
APR_NOFILE: Final[int]
APR_REG: Final[int]
APR_DIR: Final[int]
APR_CHR: Final[int]
APR_BLK: Final[int]
APR_PIPE: Final[int]
APR_LNK: Final[int]
APR_SOCK: Final[int]
APR_UNKFILE: Final[int]
AP_CONN_UNKNOWN: Final[int]
AP_CONN_CLOSE: Final[int]
AP_CONN_KEEPALIVE: Final[int]

class SERVER_RETURN(Exception): ...
class ExpiredError(RuntimeError): ...

def log_error(message: str | None, level: int | None = None, server: mp_server | None = None) -> None: ...
def config_tree() -> list[Any]: ...
def server_root() -> str: ...
def exists_config_define(name: str) -> bool: ...
def mpm_query(code: int) -> int: ...
def register_cleanup(
    interpreter: str, server: mp_server, callable: Callable[[Any], object], data: Any = None
) -> None: ...
def register_input_filter(name: str, handler: str, dir: str | None = None) -> None: ...
def register_output_filter(name: str, handler: str, dir: str | None = None) -> None: ...
def current_request() -> mp_request | None: ...
def stat(fname: str, wanted: int, /) -> mp_finfo: ...
def _global_lock(server: mp_server, key: object, index: int = -1, /) -> None: ...
def _global_trylock(server: mp_server, key: object, index: int = -1, /) -> bool: ...
def _global_unlock(server: mp_server, key: object, index: int = -1, /) -> None: ...
def _is_logged(level: int) -> bool: ...
def _log(level: int, message: str, file: str | None = None, line: int = 0) -> None: ...
def _write_stream(stream: int, data: str | bytes) -> int: ...
def _flush_stream(stream: int) -> None: ...
def parse_qs(
    qs: _Query, keep_blank_values: object = False, strict_parsing: object = False, /
) -> dict[_Query, list[_Query]]: ...
def parse_qsl(
    qs: _Query, keep_blank_values: object = False, strict_parsing: object = False, /
) -> list[tuple[_Query, _Query]]: ...

table = mp_table
