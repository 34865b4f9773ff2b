"""The attributes of the request object: what they show, which can be assigned, what is refused."""

import time

import pytest

from harness import server
from harness.asking import HANDLER, ask, ask_response, error, request_headers
from harness.client import compose

CONFIG = """
AddHandler mod_python .pyx
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler probe
    PythonFixupHandler probe::other
    PythonHeaderParserHandler probe::other
</Directory>
<Directory "@DOCS@/ext">
    SetHandler mod_python
    PythonHandler probe | .pyx
    PythonPath "sys.path + ['@DOCS@/app']"
</Directory>
<Location "/loc">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
</Location>
<Location "/loc/back">
    SetHandler none
</Location>
<Location "/loc/computed">
    SetHandler "%{tolower:MOD_PYTHON}"
</Location>
<Directory "@DOCS@/named">
    SetHandler mod_python
    PythonHandler probe
    PythonPath "sys.path + ['@DOCS@/app']"
    PythonInterpreter by_name
</Directory>
<Directory "@DOCS@/redirected">
    SetHandler mod_python
    PythonFixupHandler first
    DirectoryIndex disabled
    RewriteEngine On
</Directory>
<Directory "@DOCS@/sub">
    SetHandler mod_python
    PythonFixupHandler below
    PythonHandler below
    DirectoryIndex index.txt
</Directory>
ErrorDocument 410 /app/error
"""

FIRST = """
def fixuphandler(req):
    req.remembered = "seen"
    return 410
"""

BELOW = """
from mod_python import apache

def fixuphandler(req):
    main = req.main
    if main is not None:
        seen = getattr(main, "seen", [])
        main.seen = seen + [(req.uri, main.uri, main.main, main is req.main)]
    return apache.OK

def handler(req):
    req.write(repr(req.seen))
    return apache.OK
"""

FILES = {
    "htdocs/sub/below.py": BELOW,
    "htdocs/loc/back/file.txt": "a file\n",
    "htdocs/sub/index.txt": "a file\n",
    "htdocs/app/probe.py": HANDLER,
    "htdocs/app/x": "a file\n",
    "htdocs/ext/a.pyx": "a file\n",
    "htdocs/named/x": "a file\n",
    "htdocs/redirected/first.py": FIRST,
    "htdocs/redirected/x": "a file\n",
}

site = server(CONFIG, FILES)

#: Attribute, its value for `GET /app/x`, its type. Rows without conditions of their own.
FRESH = {
    "allowed": 0,
    "allowed_methods": [],
    "allowed_xmethods": [],
    "ap_auth_type": None,
    "args": None,
    "assbackwards": 0,
    "bytes_sent": 0,
    "chunked": 0,
    "clength": 0,
    "content_encoding": None,
    "content_languages": [],
    "content_type": None,
    "eos_sent": 0,
    "expecting_100": 0,
    "handler": "mod_python",
    "header_only": 0,
    "hostname": "localhost",
    "main": None,
    "method": "GET",
    "method_number": 0,
    "mtime": 0.0,
    "next": None,
    "no_cache": 0,
    "no_local_copy": 0,
    "parsed_uri": [None, None, None, None, None, None, "/app/x", None, None],
    "path_info": "",
    "phase": "PythonHandler",
    "prev": None,
    "proto_num": 1001,
    "protocol": "HTTP/1.1",
    "proxyreq": 0,
    "range": None,
    "read_body": 0,
    "read_chunked": 0,
    "read_length": 0,
    "remaining": 0,
    "sent_bodyct": 0,
    "status": 200,
    "status_line": None,
    "the_request": "GET /app/x HTTP/1.1",
    "unparsed_uri": "/app/x",
    "uri": "/app/x",
    "used_path_info": 2,
    "useragent_ip": "127.0.0.1",
    "user": None,
    "vlist_validator": None,
    "_content_type_set": 0,
}


def test_fresh_request(site):
    # spec: api:6.1/allowed, api:6.1/allowed_methods, api:6.1/allowed_xmethods, api:6.1/bytes_sent, api:6.1/clength
    # spec: api:6.1/content_encoding, api:6.1/content_languages, api:6.1/eos_sent, api:6.1/main, api:6.1/method
    # spec: api:6.1/next, api:6.1/prev, api:6.1/proto_num, api:6.1/protocol, api:6.1/read_body, api:6.1/read_chunked
    # spec: api:6.1/read_length, api:6.1/remaining, api:6.1/sent_bodyct, api:6.1/the_request, api:6.1/useragent_ip
    # spec: api:6.1/vlist_validator, api:6.1/handler, api:6.1/mtime
    seen = ask(site, f"result = {{name: getattr(req, name) for name in {list(FRESH)!r}}}")
    assert seen == FRESH
    types = ask(site, f"result = {{name: type(getattr(req, name)).__name__ for name in {list(FRESH)!r}}}")
    kinds = {list: "tuple", type(None): "NoneType"}
    assert types == {name: kinds.get(type(value), type(value).__name__) for name, value in FRESH.items()}


def test_head(site):
    # spec: api:6.1/header_only, api:6.1/method_number
    answer = ask_response(site, "req.headers_out['X-Seen'] = repr((req.header_only, req.method, req.method_number))",
                          method="HEAD")  # fmt: skip
    assert answer.header("X-Seen") == "(1, 'HEAD', 0)"


def test_uri_parts(site):
    # spec: api:6.1/args, api:6.1/parsed_uri, api:6.1/uri, api:6.1/unparsed_uri, api:6.1/path_info, api:6.1/filename
    # spec: api:6.1/canonical_filename
    names = "result = [req.uri, req.unparsed_uri, req.args, req.path_info]"
    assert ask(site, names, "/app/x/m%20re?a=%41;b") == ["/app/x/m re", "/app/x/m%20re?a=%41;b", "a=%41;b", "/m re"]
    assert ask(site, names, "/app/x?") == ["/app/x", "/app/x?", "", ""]
    file = f"{site.docs}/app/x"
    assert ask(site, "result = [req.filename, req.canonical_filename]") == [file, file]
    full = ask(site, "result = req.parsed_uri", f"http://localhost:{site.port}/app/x?q")
    assert full == ["http", f"localhost:{site.port}", None, None, "localhost", site.port, "/app/x", "q", None]


def test_location_has_no_file(site):
    # spec: api:6.1/filename, api:6.1/path_info
    assert ask(site, "result = [req.filename, req.path_info]", "/loc/a/b") == [None, "/a/b"]
    assert ask(site, "result = [req.filename, req.path_info]", "/loc") == [None, ""]
    assert ask(site, "result = [req.filename, req.path_info]", "/loc/computed") == [None, "/computed"]


def test_location_given_back_has_its_file(site):
    # spec: api:6.1/filename
    assert site.get("/loc/back/file.txt").body == b"a file\n"


def test_hostname(site):
    # spec: api:6.1/hostname
    assert ask(site, "result = req.hostname", host="LocalHost:99") == "localhost"
    assert ask(site, "result = req.hostname", host=None, version="HTTP/1.0") is None


def test_times(site):
    # spec: api:6.1/request_time, api:6.1/mtime
    before = time.time()
    started = ask(site, "result = req.request_time")
    assert before - 1 < started < time.time() + 1
    assert ask(site, "req.update_mtime(1234567890.75); result = req.mtime") == 1234567890.0


def test_addresses(site):
    # spec: api:6.1/useragent_addr
    with site.connect() as connection:
        port = connection.socket.getsockname()[1]
        answer = connection.request("GET", "/app/x", headers=request_headers("result = req.useragent_addr"))
        assert answer.body == f'["127.0.0.1", {port}]'.encode()


def test_further_names(site):
    # spec: api:1.1
    assert ask(site, "result = [req.server_name, req.useragent_host, req.log_id]") == ["localhost", None, None]


def test_assignable_texts(site):
    # spec: api:1.3, api:6.1/ap_auth_type, api:6.1/args, api:6.1/canonical_filename, api:6.1/filename
    # spec: api:6.1/handler, api:6.1/path_info, api:6.1/status_line, api:6.1/uri, api:6.1/user
    for name in ("ap_auth_type", "args", "canonical_filename", "filename", "handler", "path_info", "status_line",
                 "uri", "user"):  # fmt: skip
        assert ask(site, f"req.{name} = '/some text'; result = req.{name}") == "/some text", name
        assert ask(site, f"req.{name} = b'bytes'; result = req.{name}") == "bytes", name
        assert ask(site, f"req.{name} = type('S', (str,), {{}})('sub'); result = req.{name}") == "sub", name
        for wrong in ("1", "'\\u20ac'", "bytearray(b'x')", "['x']"):
            assert ask(site, f"req.{name} = {wrong}") == error("TypeError", "not an ISO-8859-1 string"), name
        assert ask(site, f"req.{name} = 'a\\0b'")["error"] == "ValueError", name


def test_none(site):
    # spec: api:6.1/args, api:6.1/handler
    assert ask(site, "req.args = None; req.handler = None; result = [req.args, req.handler]", "/app/x?a") == [None, None]
    for name in ("uri", "filename", "path_info", "user", "content_type", "status_line", "canonical_filename"):
        assert ask(site, f"req.{name} = None") == error("TypeError", "not an ISO-8859-1 string"), name


def test_content_type(site):
    # spec: api:6.1/content_type, api:6.1/_content_type_set
    code = "req.content_type = 'text/x-this'; result = [req.content_type, req._content_type_set]"
    answer = ask_response(site, code)
    assert (answer.body, answer.header("Content-Type")) == (b'["text/x-this", 1]', "text/x-this")
    assert ask(site, "req.content_type = 'a/b\\r\\nX: y'")["error"] == "ValueError"
    assert ask(site, "req.content_type = 'a/b'; result = 1", phase="PythonFixupHandler") == 1


def test_status_line(site):
    # spec: api:6.1/status, api:6.1/status_line
    answer = ask_response(site, "req.status = 404; req.status_line = '404 Nothing here'")
    assert (answer.status, answer.reason) == (404, "Nothing here")
    answer = ask_response(site, "req.status = 404; req.status_line = '201 Made'")
    assert (answer.status, answer.reason) == (404, "Not Found")
    assert ask(site, "req.status_line = '200 OK\\r\\nX: y'")["error"] == "ValueError"


@pytest.mark.parametrize("name", ["assbackwards", "chunked", "no_cache", "no_local_copy", "proxyreq", "status",
                                  "used_path_info"])  # fmt: skip
def test_assignable_numbers(site, name):
    # spec: api:6.1/assbackwards, api:6.1/chunked, api:6.1/no_cache, api:6.1/no_local_copy, api:6.1/proxyreq
    # spec: api:6.1/status, api:6.1/used_path_info
    code = f"old = req.{name}; req.{name} = 3; result = [req.{name}]; req.{name} = old; result.append(req.{name} == old)"
    assert ask(site, code) == [3, True]
    assert ask(site, f"req.{name} = 'x'")["error"] == "TypeError"
    assert ask(site, f"req.{name} = 2**40")["error"] == "OverflowError"


def test_numbers_act(site):
    # spec: api:6.1/no_cache, api:6.1/assbackwards, api:6.1/chunked
    assert ask_response(site, "").header("Expires") is None
    assert ask_response(site, "req.no_cache = 1").header("Expires") is not None
    assert ask(site, "req.chunked = 'x'") == error("TypeError", "chunked must be a integer")
    bare = site.raw(compose("GET", "/app/x", headers=request_headers("req.assbackwards = 1; result = 5")))
    assert bare == b"5"


def test_sent_bytes(site):
    # spec: api:6.1/bytes_sent, api:6.1/sent_bodyct, api:6.1/chunked
    before_and_after = "[req.bytes_sent, req.sent_bodyct, req.chunked]"
    answer = ask_response(site, f"a = {before_and_after}; req.write('1234'); result = [a, {before_and_after}]")
    assert answer.body == b"1234[[0, 0, 0], [4, 1, 1]]"


def test_deletion(site):
    # spec: api:6.0.7, api:6.0.5, api:A-13
    names = [name for name in FRESH] + ["interpreter", "extension", "request_time", "useragent_addr", "_request_rec",
                                        "headers_in", "server"]  # fmt: skip
    code = f"""
result = []
for name in {names!r}:
    try:
        delattr(req, name)
        result.append(name)
    except AttributeError:
        pass
"""
    assert ask(site, code) == []


def test_readonly(site):
    # spec: api:6.0.5
    writable = {"ap_auth_type", "args", "assbackwards", "chunked", "content_type", "handler", "no_cache",
                "no_local_copy", "path_info", "proxyreq", "status", "status_line", "uri", "used_path_info",
                "user"}  # fmt: skip
    names = [name for name in FRESH if name not in writable] + ["interpreter", "request_time", "_request_rec"]
    code = f"""
result = []
for name in {names!r}:
    try:
        setattr(req, name, 1)
        result.append(name)
    except AttributeError as error:
        if name not in str(error) and str(error) != "readonly attribute":
            result.append((name, str(error)))
"""
    assert ask(site, code) == []
    for name in ("extension", "phase", "_content_type_set"):
        assert ask(site, f"req.{name} = 1") == error("AttributeError", "readonly attribute")


def test_object(site):
    # spec: api:6.0.2, api:6.0.4, api:6.0.6
    assert ask(site, "type(req)()")["error"] == "TypeError"
    assert ask(site, "req.__dict__")["error"] == "AttributeError"
    assert ask(site, "vars(req)")["error"] == "TypeError"
    assert ask(site, "result = [type(req).__name__, bool(req), {req: 1}[req]]") == ["mp_request", True, 1]
    assert ask(site, "req.nothing_like_this")["error"] == "AttributeError"
    assert ask(site, "req.foo = [1]; req.foo.append(2); result = req.foo; del req.foo") == [1, 2]
    assert ask(site, "result = hasattr(req, 'foo')") is False


def test_attributes_last_through_the_phases(site):
    # spec: api:6.0.1, api:6.0.2, api:6.1/phase
    code = "req.kept = [req.phase]; result = id(req)"
    for phase in ("PythonHeaderParserHandler", "PythonFixupHandler"):
        assert isinstance(ask(site, code, phase=phase), int)
    assert ask(site, "result = req.phase", phase="PythonFixupHandler") == "PythonFixupHandler"
    assert ask(site, "result = req.phase", phase="PythonHeaderParserHandler") == "PythonHeaderParserHandler"


def test_capsule(site):
    # spec: api:6.1/_request_rec
    assert ask(site, "result = [type(req._request_rec).__name__, repr(req._request_rec)[:18]]") == [
        "PyCapsule",
        "<capsule object NU",
    ]


def test_extension(site):
    # spec: api:6.1/extension
    assert ask(site, "result = req.extension", "/ext/a.pyx") == ".pyx"


def test_interpreter(site):
    # spec: api:6.1/interpreter
    assert ask(site, "result = req.interpreter") == "localhost"
    assert ask(site, "result = req.interpreter", "/named/x") == "by_name"


def test_prev_is_the_same_object(site):
    # spec: api:6.0.3, api:6.1/prev, api:6.1/next
    code = """
first = req.prev
result = [first.uri, first.remembered, first.next is req, req.prev is first, req.next, first.prev, first.phase]
"""
    answer = ask_response(site, code, "/redirected/x")
    assert answer.status == 410
    assert answer.body == b'["/redirected/x", "seen", true, true, null, null, null]'


def test_main_is_the_same_object(site):
    # spec: api:6.0.3, api:6.1/main
    # mod_dir looks the index up by a sub-request, then puts it in the place of the directory.
    assert site.get("/sub/").body == b"[('/sub/index.txt', '/sub/', None, True)]"


def test_bytes_that_are_no_utf8(site):
    # spec: api:1.1, api:1.2, api:1.6, api:1.7, api:1.8
    assert ask(site, "result = [ascii(req.path_info), ascii(req.unparsed_uri), ascii(req.args)]",
               "/app/x/%E9?\xff") == [r"'/\udce9'", r"'/app/x/%E9?\udcff'", r"'\udcff'"]  # fmt: skip
    assert ask(site, "result = ascii(req.path_info)", "/app/x/%C3%A9") == r"'/\xe9'"
    assert ask(site, "result = ascii(req.headers_in['X-Raw'])", headers={"X-Raw": "caf\xe9"}) == r"'caf\udce9'"
    assert ask(site, "req.path_info = '/\\udce9'; result = ascii(req.path_info)") == r"'/\udce9'"
    assert ask(site, "req.path_info = '/\\xe9'; result = ascii(req.path_info)") == r"'/\udce9'"
    assert ask(site, "req.user = 'caf\\xe9'; result = ascii(req.user)") == r"'caf\xe9'"
    assert ask(site, "req.user = b'caf\\xc3\\xa9'; result = ascii(req.user)") == r"'caf\xc3\xa9'"
