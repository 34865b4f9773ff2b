"""The functions of apache that ask httpd something, log_error, and the constants against their known values."""

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate

EXTRA = """
Define MOD_PYTHON_DEFINED
<Location "/nested">
    <IfModule python_module>
        PythonOption key "a value"
    </IfModule>
    Require all granted
</Location>
"""

site = server(CONFIG + EXTRA, FILES, processes=1, threads=4, log_level="debug")

LEVELS = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"]

#: Names and values as classic mod_python documents them.
CONSTANTS = """
OK 0  REQ_PROCEED 0  DECLINED -1  REQ_NOACTION -1  DONE -2  REQ_ABORTED 500
HTTP_CONTINUE 100  HTTP_SWITCHING_PROTOCOLS 101  HTTP_PROCESSING 102  HTTP_OK 200  HTTP_CREATED 201
HTTP_ACCEPTED 202  HTTP_NON_AUTHORITATIVE 203  HTTP_NO_CONTENT 204  HTTP_RESET_CONTENT 205  HTTP_PARTIAL_CONTENT 206
HTTP_MULTI_STATUS 207  HTTP_MULTIPLE_CHOICES 300  HTTP_MOVED_PERMANENTLY 301  HTTP_MOVED_TEMPORARILY 302
HTTP_SEE_OTHER 303  HTTP_NOT_MODIFIED 304  HTTP_USE_PROXY 305  HTTP_TEMPORARY_REDIRECT 307  HTTP_BAD_REQUEST 400
HTTP_UNAUTHORIZED 401  HTTP_PAYMENT_REQUIRED 402  HTTP_FORBIDDEN 403  HTTP_NOT_FOUND 404
HTTP_METHOD_NOT_ALLOWED 405  HTTP_NOT_ACCEPTABLE 406  HTTP_PROXY_AUTHENTICATION_REQUIRED 407
HTTP_REQUEST_TIME_OUT 408  HTTP_CONFLICT 409  HTTP_GONE 410  HTTP_LENGTH_REQUIRED 411  HTTP_PRECONDITION_FAILED 412
HTTP_REQUEST_ENTITY_TOO_LARGE 413  HTTP_REQUEST_URI_TOO_LARGE 414  HTTP_UNSUPPORTED_MEDIA_TYPE 415
HTTP_RANGE_NOT_SATISFIABLE 416  HTTP_EXPECTATION_FAILED 417  HTTP_IM_A_TEAPOT 418  HTTP_UNPROCESSABLE_ENTITY 422
HTTP_LOCKED 423  HTTP_FAILED_DEPENDENCY 424  HTTP_UPGRADE_REQUIRED 426  HTTP_INTERNAL_SERVER_ERROR 500
HTTP_NOT_IMPLEMENTED 501  HTTP_BAD_GATEWAY 502  HTTP_SERVICE_UNAVAILABLE 503  HTTP_GATEWAY_TIME_OUT 504
HTTP_VERSION_NOT_SUPPORTED 505  HTTP_VARIANT_ALSO_VARIES 506  HTTP_INSUFFICIENT_STORAGE 507  HTTP_NOT_EXTENDED 510
APLOG_EMERG 0  APLOG_ALERT 1  APLOG_CRIT 2  APLOG_ERR 3  APLOG_WARNING 4  APLOG_NOTICE 5  APLOG_INFO 6
APLOG_DEBUG 7  APLOG_NOERRNO 0
REMOTE_HOST 0  REMOTE_NAME 1  REMOTE_NOLOOKUP 2  REMOTE_DOUBLE_REV 3
FINFO_MODE 0  FINFO_INO 1  FINFO_DEV 2  FINFO_NLINK 3  FINFO_UID 4  FINFO_GID 5  FINFO_SIZE 6  FINFO_ATIME 7
FINFO_MTIME 8  FINFO_CTIME 9  FINFO_FNAME 10  FINFO_NAME 11  FINFO_FILETYPE 12
URI_SCHEME 0  URI_HOSTINFO 1  URI_USER 2  URI_PASSWORD 3  URI_HOSTNAME 4  URI_PORT 5  URI_PATH 6  URI_QUERY 7
URI_FRAGMENT 8
PROXYREQ_NONE 0  PROXYREQ_PROXY 1  PROXYREQ_REVERSE 2  PROXYREQ_RESPONSE 3
M_GET 0  M_PUT 1  M_POST 2  M_DELETE 3  M_CONNECT 4  M_OPTIONS 5  M_TRACE 6  M_PATCH 7  M_PROPFIND 8
M_PROPPATCH 9  M_MKCOL 10  M_COPY 11  M_MOVE 12  M_LOCK 13  M_UNLOCK 14  M_VERSION_CONTROL 15  M_CHECKOUT 16
M_UNCHECKOUT 17  M_CHECKIN 18  M_UPDATE 19  M_LABEL 20  M_REPORT 21  M_MKWORKSPACE 22  M_MKACTIVITY 23
M_BASELINE_CONTROL 24  M_MERGE 25  M_INVALID 26
AP_REQ_ACCEPT_PATH_INFO 0  AP_REQ_REJECT_PATH_INFO 1  AP_REQ_DEFAULT_PATH_INFO 2
AP_MPMQ_NOT_SUPPORTED 0  AP_MPMQ_STATIC 1  AP_MPMQ_DYNAMIC 2
AP_MPMQ_MAX_DAEMON_USED 1  AP_MPMQ_IS_THREADED 2  AP_MPMQ_IS_FORKED 3  AP_MPMQ_HARD_LIMIT_DAEMONS 4
AP_MPMQ_HARD_LIMIT_THREADS 5  AP_MPMQ_MAX_THREADS 6  AP_MPMQ_MIN_SPARE_DAEMONS 7  AP_MPMQ_MIN_SPARE_THREADS 8
AP_MPMQ_MAX_SPARE_DAEMONS 9  AP_MPMQ_MAX_SPARE_THREADS 10  AP_MPMQ_MAX_REQUESTS_DAEMON 11  AP_MPMQ_MAX_DAEMONS 12
REQUEST_NO_BODY 0  REQUEST_CHUNKED_ERROR 1  REQUEST_CHUNKED_DECHUNK 2
AP_CONN_UNKNOWN 0  AP_CONN_CLOSE 1  AP_CONN_KEEPALIVE 2
APR_NOFILE 0  APR_REG 1  APR_DIR 2  APR_CHR 3  APR_BLK 4  APR_PIPE 5  APR_LNK 6  APR_SOCK 7  APR_UNKFILE 127
APR_FINFO_LINK 0x1  APR_FINFO_MTIME 0x10  APR_FINFO_CTIME 0x20  APR_FINFO_ATIME 0x40  APR_FINFO_SIZE 0x100
APR_FINFO_CSIZE 0x200  APR_FINFO_DEV 0x1000  APR_FINFO_INODE 0x2000  APR_FINFO_NLINK 0x4000  APR_FINFO_TYPE 0x8000
APR_FINFO_USER 0x10000  APR_FINFO_GROUP 0x20000  APR_FINFO_UPROT 0x100000  APR_FINFO_GPROT 0x200000
APR_FINFO_WPROT 0x400000  APR_FINFO_ICASE 0x1000000  APR_FINFO_NAME 0x2000000  APR_FINFO_MIN 0x8170
APR_FINFO_IDENT 0x3000  APR_FINFO_OWNER 0x30000  APR_FINFO_PROT 0x700000  APR_FINFO_NORM 0x73b170
APR_FINFO_DIRENT 0x2000000
MODULE_MAGIC_NUMBER_MAJOR 20120211
""".split()


def test_constants(site):
    # spec: api:2/results, api:2/HTTP, api:2/HTTP-later, api:2/log-levels, api:2/APLOG_NOERRNO
    # spec: api:2/remote-host, api:2/finfo, api:2/parsed_uri, api:2/proxy, api:2/methods, api:2/path-info
    # spec: api:2/mpm-results, api:2/mpm-queries, api:2/read-body, api:2/keepalive, api:2/file-types
    # spec: api:2/stat-bits, api:2/build
    known = {name: int(value, 0) for name, value in zip(CONSTANTS[::2], CONSTANTS[1::2])}
    assert len(known) == len(CONSTANTS) / 2 > 170
    found = {}
    names = list(known)
    for part in range(0, len(names), 60):
        found |= evaluate(site, f"{{n: getattr(apache, n, None) for n in {names[part : part + 60]}}}")
    assert {name: (found[name], known[name]) for name in known if found[name] != known[name]} == {}


def test_constants_that_are_no_numbers(site):
    # spec: api:2/results, api:2/magic-types, api:2/build, api:2/SERVER_RETURN, api:2/apache.table
    # spec: api:2/legacy
    assert evaluate(site, "[apache.REQ_EXIT, apache.PROG_TRACEBACK]") == ["REQ_EXIT", "PROG_TRACEBACK"]
    names = ["CGI_MAGIC_TYPE", "INCLUDES_MAGIC_TYPE", "INCLUDES_MAGIC_TYPE3", "DIR_MAGIC_TYPE"]
    assert evaluate(site, f"[getattr(apache, n) for n in {names}]") == [
        "application/x-httpd-cgi", "text/x-server-parsed-html", "text/x-server-parsed-html3", "httpd/unix-directory",
    ]  # fmt: skip
    assert evaluate(site, "type(apache.MODULE_MAGIC_NUMBER_MINOR).__name__") == "int"
    source = "[apache.SERVER_RETURN is _apache.SERVER_RETURN, apache.SERVER_RETURN.__bases__ == (Exception,)]"
    assert evaluate(site, source) == [True, True]
    assert evaluate(site, "[apache.table is _apache.table, apache.make_table is apache.table]") == [True, True]


def test_data_attributes(site):
    # spec: api:2/apache.interpreter, api:2/apache.main_server, api:3/allow_methods
    source = "[apache.interpreter, apache.main_server.is_virtual, hasattr(apache, 'allow_methods')]"
    assert evaluate(site, source) == ["localhost", 0, False]


@pytest.mark.parametrize("with_server", [True, False])
def test_log_levels(site, with_server):
    # spec: api:3/log_error, api:A-2
    argument = ", req.server" if with_server else ""
    # Without a server the threshold is httpd's own default, and notices always pass.
    shown = LEVELS if with_server else LEVELS[:6]
    for level in shown[:5]:
        site.log.expect(rf"\[python:{level}\].* of level {LEVELS.index(level)}$", times=1)
    evaluate(site, f"for n in range(8): apache.log_error('of level %d' % n, n{argument})\nresult = 0")
    for number, level in enumerate(LEVELS):
        found = site.log.find(rf" of level {number}$")
        assert len(found) == (level in shown), (level, found)
        assert all(f"[python:{level}]" in line for line in found)


def test_log_error_defaults(site):
    # spec: api:3, api:1.9
    site.log.expect(r"\[python:error\].* no level$", times=1)
    site.log.expect(r"\[python:error\].* flagged$", times=1)
    site.log.expect(r"\[python:warn\].* by keyword$", times=1)
    site.log.expect(r"\[python:error\].* none as server$", times=1)
    source = """
        apache.log_error("no level")
        apache.log_error("flagged", apache.APLOG_NOERRNO | apache.APLOG_ERR)
        apache.log_error("by keyword", level=apache.APLOG_WARNING, server=req.server)
        apache.log_error("none as server", apache.APLOG_ERR, None)
        result = apache.log_error(None)
    """
    assert evaluate(site, source) is None
    assert not site.log.find("None$")


def test_log_text_is_no_format(site):
    # spec: api:3
    site.log.expect(r"100%s %n caf\\xc3\\xa9$", times=1)
    assert evaluate(site, "apache.log_error('100%s %n caf\xe9')") is None


@pytest.mark.parametrize("arguments", ["1", "b'bytes'", "'text', 'level'", "'text', 1.5", "'text', 3, 'server'", ""])
def test_log_error_wrong_arguments(site, arguments):
    # spec: api:3
    assert evaluate(site, f"apache.log_error({arguments})")["raised"][0] == "TypeError"


def test_exists_config_define(site):
    # spec: api:3
    assert evaluate(site, "apache.exists_config_define('MOD_PYTHON_DEFINED')") is True
    assert evaluate(site, "apache.exists_config_define('MOD_PYTHON_NOT_DEFINED')") is False
    for arguments in ("", "b'NAME'", "None"):
        assert evaluate(site, f"apache.exists_config_define({arguments})")["raised"][0] == "TypeError"


def test_server_root(site):
    # spec: api:3
    assert evaluate(site, "apache.server_root()") == str(site.root)
    assert evaluate(site, "apache.server_root(1)")["raised"][0] == "TypeError"


def test_config_tree(site):
    # spec: api:3
    tree = evaluate(site, "apache.config_tree()")
    at = tree.index(("<Location", '"/nested">'))
    # IfModule is gone, what it holds is there; httpd takes arguments as they stand.
    assert tree[at + 1] == [("PythonOption", 'key "a value"'), ("Require", "all granted")]
    assert ("DocumentRoot", f'"{site.docs}"') in tree
    names = {entry[0] for entry in tree if isinstance(entry, tuple)}
    assert not names & {"LoadModule", "ServerRoot", "Define"}
    assert evaluate(site, "apache.config_tree(1)")["raised"][0] == "TypeError"
    assert evaluate(site, "apache.config_tree() is apache.config_tree()") is False


def test_mpm_query(site, mpm):
    # spec: api:3, api:A-3
    threaded, forked = evaluate(site, "[apache.mpm_query(apache.AP_MPMQ_IS_THREADED), apache.mpm_query(3)]")
    assert (threaded, forked) == {"prefork": (0, 2)}.get(mpm, (1, 2))
    daemons, threads = evaluate(site, "[apache.mpm_query(apache.AP_MPMQ_MAX_DAEMONS), apache.mpm_query(6)]")
    assert daemons == 1 and threads == {"prefork": 1}.get(mpm, 4)
    assert evaluate(site, "[apache.mpm_query(n) for n in (9999, -5)]") == [-1, -1]
    for argument in ("'1'", "None", "1.0"):
        answer = evaluate(site, f"apache.mpm_query({argument})")
        assert (answer["raised"][0], answer["text"]) == ("TypeError", "The argument must be an integer")


def test_register_cleanup_wrong_arguments(site):
    # spec: api:3/register_cleanup, api:3/_apache.register_cleanup
    answer = evaluate(site, "apache.register_cleanup('not callable')")
    assert (answer["raised"][0], answer["text"]) == ("ValueError", "third argument must be a callable object")
    answer = evaluate(site, "_apache.register_cleanup('main_interpreter', req, print)")
    assert (answer["raised"][0], answer["text"]) == ("ValueError", "second argument must be a server object")
