"""A stand-in for the native module ``_apache``, for tests outside httpd.

Only ``conftest.py`` builds one. It has the constants of httpd 2.4's headers and
the few objects that the Python package touches, with httpd's behaviour.
"""

from pathlib import Path
from types import ModuleType

#: The directory that holds the package ``mod_python``.
PACKAGE = Path(__file__).resolve().parents[3] / "python"

CONSTANTS = """
OK 0 DECLINED -1 DONE -2
HTTP_CONTINUE 100 HTTP_SWITCHING_PROTOCOLS 101 HTTP_PROCESSING 102 HTTP_OK 200
HTTP_CREATED 201 HTTP_ACCEPTED 202 HTTP_NON_AUTHORITATIVE 203 HTTP_NO_CONTENT 204
HTTP_RESET_CONTENT 205 HTTP_PARTIAL_CONTENT 206 HTTP_MULTI_STATUS 207
HTTP_MULTIPLE_CHOICES 300 HTTP_MOVED_PERMANENTLY 301 HTTP_MOVED_TEMPORARILY 302
HTTP_SEE_OTHER 303 HTTP_NOT_MODIFIED 304 HTTP_USE_PROXY 305
HTTP_TEMPORARY_REDIRECT 307 HTTP_PERMANENT_REDIRECT 308 HTTP_BAD_REQUEST 400
HTTP_UNAUTHORIZED 401 HTTP_PAYMENT_REQUIRED 402 HTTP_FORBIDDEN 403
HTTP_NOT_FOUND 404 HTTP_METHOD_NOT_ALLOWED 405 HTTP_NOT_ACCEPTABLE 406
HTTP_PROXY_AUTHENTICATION_REQUIRED 407 HTTP_REQUEST_TIME_OUT 408 HTTP_CONFLICT 409
HTTP_GONE 410 HTTP_LENGTH_REQUIRED 411 HTTP_PRECONDITION_FAILED 412
HTTP_REQUEST_ENTITY_TOO_LARGE 413 HTTP_REQUEST_URI_TOO_LARGE 414
HTTP_UNSUPPORTED_MEDIA_TYPE 415 HTTP_RANGE_NOT_SATISFIABLE 416
HTTP_EXPECTATION_FAILED 417 HTTP_UNPROCESSABLE_ENTITY 422 HTTP_LOCKED 423
HTTP_FAILED_DEPENDENCY 424 HTTP_UPGRADE_REQUIRED 426
HTTP_INTERNAL_SERVER_ERROR 500 HTTP_NOT_IMPLEMENTED 501 HTTP_BAD_GATEWAY 502
HTTP_SERVICE_UNAVAILABLE 503 HTTP_GATEWAY_TIME_OUT 504
HTTP_VERSION_NOT_SUPPORTED 505 HTTP_VARIANT_ALSO_VARIES 506
HTTP_INSUFFICIENT_STORAGE 507 HTTP_NOT_EXTENDED 510
APLOG_EMERG 0 APLOG_ALERT 1 APLOG_CRIT 2 APLOG_ERR 3 APLOG_WARNING 4
APLOG_NOTICE 5 APLOG_INFO 6 APLOG_DEBUG 7
APLOG_TRACE1 8 APLOG_TRACE2 9 APLOG_TRACE3 10 APLOG_TRACE4 11 APLOG_TRACE5 12
APLOG_TRACE6 13 APLOG_TRACE7 14 APLOG_TRACE8 15
REMOTE_HOST 0 REMOTE_NAME 1 REMOTE_NOLOOKUP 2 REMOTE_DOUBLE_REV 3
PROXYREQ_NONE 0 PROXYREQ_PROXY 1 PROXYREQ_REVERSE 2 PROXYREQ_RESPONSE 3
M_GET 0 M_PUT 1 M_POST 2 M_DELETE 3 M_CONNECT 4 M_OPTIONS 5 M_TRACE 6 M_PATCH 7
M_PROPFIND 8 M_PROPPATCH 9 M_MKCOL 10 M_COPY 11 M_MOVE 12 M_LOCK 13 M_UNLOCK 14
M_VERSION_CONTROL 15 M_CHECKOUT 16 M_UNCHECKOUT 17 M_CHECKIN 18 M_UPDATE 19
M_LABEL 20 M_REPORT 21 M_MKWORKSPACE 22 M_MKACTIVITY 23 M_BASELINE_CONTROL 24
M_MERGE 25 M_INVALID 26
AP_REQ_ACCEPT_PATH_INFO 0 AP_REQ_REJECT_PATH_INFO 1 AP_REQ_DEFAULT_PATH_INFO 2
AP_MPMQ_NOT_SUPPORTED 0 AP_MPMQ_STATIC 1 AP_MPMQ_DYNAMIC 2
AP_MPMQ_MAX_DAEMON_USED 1 AP_MPMQ_IS_THREADED 2 AP_MPMQ_IS_FORKED 3
AP_MPMQ_HARD_LIMIT_DAEMONS 4 AP_MPMQ_HARD_LIMIT_THREADS 5 AP_MPMQ_MAX_THREADS 6
AP_MPMQ_MIN_SPARE_DAEMONS 7 AP_MPMQ_MIN_SPARE_THREADS 8
AP_MPMQ_MAX_SPARE_DAEMONS 9 AP_MPMQ_MAX_SPARE_THREADS 10
AP_MPMQ_MAX_REQUESTS_DAEMON 11 AP_MPMQ_MAX_DAEMONS 12
REQUEST_NO_BODY 0 REQUEST_CHUNKED_ERROR 1 REQUEST_CHUNKED_DECHUNK 2
AP_CONN_UNKNOWN 0 AP_CONN_CLOSE 1 AP_CONN_KEEPALIVE 2
APR_NOFILE 0 APR_REG 1 APR_DIR 2 APR_CHR 3 APR_BLK 4 APR_PIPE 5 APR_LNK 6
APR_SOCK 7 APR_UNKFILE 127
APR_FINFO_LINK 0x1 APR_FINFO_MTIME 0x10 APR_FINFO_CTIME 0x20 APR_FINFO_ATIME 0x40
APR_FINFO_SIZE 0x100 APR_FINFO_CSIZE 0x200 APR_FINFO_DEV 0x1000
APR_FINFO_INODE 0x2000 APR_FINFO_NLINK 0x4000 APR_FINFO_TYPE 0x8000
APR_FINFO_USER 0x10000 APR_FINFO_GROUP 0x20000 APR_FINFO_UPROT 0x100000
APR_FINFO_GPROT 0x200000 APR_FINFO_WPROT 0x400000 APR_FINFO_ICASE 0x1000000
APR_FINFO_NAME 0x2000000 APR_FINFO_MIN 0x8170 APR_FINFO_IDENT 0x3000
APR_FINFO_OWNER 0x30000 APR_FINFO_PROT 0x700000 APR_FINFO_NORM 0x73b170
APR_FINFO_DIRENT 0x2000000
MODULE_MAGIC_NUMBER_MAJOR 20120211 MODULE_MAGIC_NUMBER_MINOR 142
"""

MAGIC_TYPES = {
    "CGI_MAGIC_TYPE": "application/x-httpd-cgi",
    "INCLUDES_MAGIC_TYPE": "text/x-server-parsed-html",
    "INCLUDES_MAGIC_TYPE3": "text/x-server-parsed-html3",
    "DIR_MAGIC_TYPE": "httpd/unix-directory",
}


class SERVER_RETURN(Exception):
    pass


class ExpiredError(RuntimeError):
    pass


class RequestTimeout(BaseException):
    """A call of Python took too long."""


def text(value):
    """Return what httpd shows of a text that it was given as bytes."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


class Table:
    """httpd's table: case-insensitive keys, several values for one key."""

    def __init__(self, pairs=()):
        self.pairs = list(dict(pairs).items())

    def get(self, key, default=None):
        for name, value in self.pairs:
            if name.lower() == key.lower():
                return value
        return default

    def __getitem__(self, key):
        found = [v for k, v in self.pairs if k.lower() == key.lower()]
        if not found:
            raise KeyError(key)
        return found if len(found) > 1 else found[0]

    def __setitem__(self, key, value):
        key = text(key)
        self.pairs = [p for p in self.pairs if p[0].lower() != key.lower()]
        self.add(key, value)

    def add(self, key, value):
        self.pairs.append((text(key), text(value)))

    def items(self):
        return list(self.pairs)

    def copy(self):
        return Table(self.pairs)


class Server:
    def __init__(self):
        self.config = {}
        self.options = {}

    def get_config(self):
        return Table(self.config)

    def get_options(self):
        return Table(self.options)


class Request(Server):
    """A request with the body ``body``; ``written`` collects what is sent."""

    def __init__(self, body=b"", **attributes):
        super().__init__()
        self.body = body
        self.written = b""
        self.writes = 0
        self.phase = "PythonHandler"
        self.uri = "/app/run/extra"
        self.path_info = "/extra"
        self.status = 200
        self.content_type = None
        self.headers_in = Table()
        self.headers_out = Table()
        self.subprocess_env = Table()
        self.root = "/documents"
        vars(self).update(attributes)

    def __setattr__(self, name, value):
        super().__setattr__(name, text(value) if name == "content_type" else value)

    def document_root(self):
        return self.root

    def add_cgi_vars(self):
        self.subprocess_env["GATEWAY_INTERFACE"] = "CGI/1.1"
        self.subprocess_env["REQUEST_METHOD"] = "GET"
        self.subprocess_env["SCRIPT_NAME"] = "/wrong"

    def read(self, length=-1):
        if length < 0:
            length = len(self.body)
        data, self.body = self.body[:length], self.body[length:]
        return data

    def write(self, data, flush=1):
        self.writes += 1
        self.written += data.encode() if isinstance(data, str) else data


def build():
    """Return a new module; ``log`` and ``cleanups`` record what was called."""
    module = ModuleType("_apache")
    words = iter(CONSTANTS.split())
    for name in words:
        setattr(module, name, int(next(words), 0))
    vars(module).update(MAGIC_TYPES)
    module.SERVER_RETURN = SERVER_RETURN
    module.ExpiredError = ExpiredError
    module.RequestTimeout = RequestTimeout
    module.interpreter = "www.example.com"
    module.main_server = Server()
    module.table = Table
    module.log = []
    module.cleanups = []
    module.request = None

    def log_error(message, level=3, server=None):
        module.log.append((level, message))

    def register_cleanup(interpreter, server, callable, data=None):
        if server is not module.main_server:
            raise ValueError("second argument must be a server object")
        if not hasattr(callable, "__call__"):
            raise ValueError("third argument must be a callable object")
        module.cleanups.append((interpreter, callable, data))

    def write_stream(stream, data):
        module.written.append((stream, data))
        return len(data)

    def log(level, message, file=None, line=0):
        module.log.append((level, message))
        module.places.append((file, line))

    module.threshold = module.APLOG_TRACE8
    module.written, module.flushed, module.places = [], [], []
    module._is_logged = lambda level: level <= module.threshold
    module._log = log
    module._write_stream = write_stream
    module._flush_stream = module.flushed.append
    module.log_error = log_error
    module.register_cleanup = register_cleanup
    module.current_request = lambda: module.request
    module.config_tree = list
    module.server_root = lambda: "/etc/apache2"
    module.mpm_query = lambda code: -1
    module.register_input_filter = module.register_output_filter = lambda name, handler, dir=None: None
    module.exists_config_define = lambda name: False
    module.stat = lambda name, wanted: None
    return module
