"""The rows of the table: what is asked, what must come back, who does the work.

To add a row, add a Scenario to SCENARIOS and its function to handlers/bench_handlers.py (and to
c/mod_bench.c if the same work in C is worth a column).  Used by run.py.
"""

from dataclasses import dataclass
from typing import Callable, Optional

from .stage import MEGABYTE_TEXT, STATIC_TEXT

MEGABYTE = 1 << 20
HELLO_TEXT = b"Hello World!"
IN_NAMES = [
    b"Accept", b"Accept-Language", b"Accept-Charset", b"User-Agent", b"Referer",
    b"Cookie", b"Cache-Control", b"Pragma", b"DNT", b"X-Forwarded-For",
]
OUT_NAMES = ["cache-control", "content-language", "x-frame-options", "referrer-policy", "x-request-id"]
IN_VALUES = [b"value-of-request-header-%d" % number for number in range(10)]


@dataclass(frozen=True)
class Run:
    """One server and one request: what is counted.

    `directives` is the text inside the <Directory> of the site; `python` loads mod_python;
    `outside` is further text of the configuration, with {site} for the site's folder. A request that is large is a
    function that makes it; `thin` says how many times fewer of them are counted.
    """

    name: str
    directives: str
    request: bytes | Callable
    check: Callable
    python: bool = False
    outside: str = ""
    sites: tuple = ()
    thin: int = 1


@dataclass(frozen=True)
class Scenario:
    """One row.  The bar is in instructions above `base`; `same` does the same work in C.

    With `times` the bar is so many times what `same` costs above `base`.
    """

    name: str
    title: str
    bar: Optional[int]
    base: Run
    counted: Run
    same: Optional[Run] = None
    times: Optional[float] = None


def request(method, path, headers=(), body=b""):
    """Return the bytes of a keep-alive request with ten headers of a browser behind a proxy.

    Every row sends them, about as many as a browser does, so that reading them from the network is
    part of every base.
    """
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: localhost", *headers]
    lines += [name + b": " + value for name, value in zip(IN_NAMES, IN_VALUES)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def get(path="/bench/page", headers=()):
    """Return the bytes of a GET request."""
    return request("GET", path, headers)


def post(body, path="/bench/page"):
    """Return the bytes of a POST request with a Content-Length."""
    return request("POST", path, [b"Content-Length: %d" % len(body)], body)


def answers(body, headers=()):
    """Return a check: None if the response is 200 with `body` and `headers`, else what is wrong."""

    def check(response):
        if response.status != 200:
            return f"status {response.status}"
        if response.body != body:
            return f"body {response.body[:80]!r} of {len(response.body)} bytes"
        for name, value in headers:
            if response.headers.get(name) != value:
                return f"header {name} is {response.headers.get(name)!r}"
        return None

    return check


def c_run(name, handler, request, check):
    """Return a Run of a handler of c/mod_bench.c."""
    return Run(name, f"SetHandler {handler}", request, check)


def python_run(name, handler, request, check):
    """Return a Run of a function of handlers/bench_handlers.py."""
    text = f"SetHandler mod_python\nPythonHandler bench_handlers::{handler}"
    return Run(name, text, request, check, python=True)


HELLO = answers(HELLO_TEXT)
STATIC = answers(STATIC_TEXT)
HEADERS_ANSWER = answers(
    str(2 * sum(map(len, IN_VALUES))).encode(),
    [(name, value.decode()) for name, value in zip(OUT_NAMES, IN_VALUES)],
)
WRITTEN = answers(b"x" * MEGABYTE)
UPLOAD = post(b"a" + b"-" * (MEGABYTE - 2) + b"z")
UPLOADED = answers(b"%d:%d:%d" % (MEGABYTE, ord("a"), ord("z")))
PASS_REQUEST = get("/bench/page.txt", [b"X-Bench-Pass: yes"])

# Ten fields of a form, as a query string and as a body; a file of 1 MB in a multipart body.
FORM_NAMES = [b"field%d" % number for number in range(10)]
FORM_TEXT = b"&".join(name + b"=value+of+the+field+%d" % number for number, name in enumerate(FORM_NAMES))
FORM_ANSWER = answers(b"%d" % sum(len(b"value of the field %d" % number) for number in range(10)))
FORM_GET = get("/bench/page?" + FORM_TEXT.decode())
FORM_POST = request(
    "POST", "/bench/page",
    [b"Content-Length: %d" % len(FORM_TEXT), b"Content-Type: application/x-www-form-urlencoded"], FORM_TEXT,
)


def _multipart(data):
    body = b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: application/x-bench\r\n\r\n'
    body += data + b"\r\n--XX--\r\n"
    headers = [b"Content-Length: %d" % len(body), b"Content-Type: multipart/form-data; boundary=XX"]
    return request("POST", "/bench/page", headers, body)


MULTIPART = _multipart(MEGABYTE_TEXT)
TEN_MULTIPART = _multipart(MEGABYTE_TEXT * 10)

# The limit of a body is 64 MiB if nothing is said.
HUNDRED = Run(
    "upload_hundred",
    "SetHandler mod_python\nPythonHandler bench_handlers::upload_blocks\nPythonOption mod_python.form.max_body 0",
    lambda: _multipart(MEGABYTE_TEXT * 100), answers(b"%d" % (100 * MEGABYTE)), python=True, thin=250,
)

C_HELLO = c_run("c-hello", "bench-hello", get(), HELLO)
C_HELLO_FLUSH = c_run("c-hello-flush", "bench-hello-flush", get(), HELLO)
STATIC_FILE = Run("static", "", PASS_REQUEST, STATIC)

# The same two folders are configured in both, so that the difference is the module alone.
_ELSEWHERE = '<Directory "{site}/elsewhere">\n%s\n</Directory>\n'
WITHOUT_MODULE = Run(
    "without-module", "SetHandler bench-hello", get(), HELLO,
    outside=_ELSEWHERE % "SetHandler bench-hello", sites=("elsewhere",),
)
WITH_MODULE = Run(
    "with-module", "SetHandler bench-hello", get(), HELLO, python=True,
    outside=_ELSEWHERE % "SetHandler mod_python\nPythonHandler bench_handlers::hello",
    sites=("elsewhere",),
)

# Python calls are timed while this is On.
_TIMED = "ExtendedStatus On\n"
C_HELLO_TIMED = Run("c-hello-timed", "SetHandler bench-hello", get(), HELLO, outside=_TIMED)
HELLO_TIMED = Run(
    "hello-timed", "SetHandler mod_python\nPythonHandler bench_handlers::hello", get(), HELLO, python=True,
    outside=_TIMED,
)

LIMITED = Run(
    "limited", "SetHandler mod_python\nPythonRequestTimeout 30\nPythonHandler bench_handlers::hello", get(), HELLO,
    python=True,
)

# Two cookies instead of the header's usual value.
COOKIE_REQUEST = get().replace(IN_VALUES[5], b"session=0123456789abcdef; theme=dark")
COOKIE_ANSWER = answers(b"dark", [("set-cookie", "seen=0123456789abcdef; path=/")])

# The id of a session that the handler has made.
SESSION_REQUEST = get().replace(IN_VALUES[5], b"theme=dark; pysid=0123456789abcdef0123456789abcdef")

# A file of 1 MB through a filter.
MEGABYTE_FILE = get("/bench/megabyte")


def _filtered(name, function, check):
    text = f"PythonOutputFilter bench_handlers::{function} bench\nSetOutputFilter bench"
    return Run(name, text, MEGABYTE_FILE, check, python=True)


STATIC_MEGABYTE = Run("static-megabyte", "", MEGABYTE_FILE, answers(MEGABYTE_TEXT))
C_COPY = Run("c-copy", "SetOutputFilter BENCH-COPY", MEGABYTE_FILE, answers(MEGABYTE_TEXT))
C_UPPER = Run("c-upper", "SetOutputFilter BENCH-UPPER", MEGABYTE_FILE, answers(MEGABYTE_TEXT.upper()))
FILTER_COPY = _filtered("filter-copy", "filter_copy", answers(MEGABYTE_TEXT))
FILTER_UPPER = _filtered("filter-upper", "filter_upper", answers(MEGABYTE_TEXT.upper()))
GENERATOR_COPY = _filtered("generator-copy", "generator_copy", answers(MEGABYTE_TEXT))
GENERATOR_UPPER = _filtered("generator-upper", "generator_upper", answers(MEGABYTE_TEXT.upper()))

# handlers/loop.psp.
PSP_LOOP = Run(
    "psp", "SetHandler mod_python\nPythonHandler mod_python.psp", get("/bench/loop.psp"),
    answers(b"<html><body>\n<ul>\n%s</ul>\n</body></html>\n" % b"".join(b"<li>%d</li>\n" % n for n in range(10))),
    python=True,
)

# What one line in the handler costs: the base is the handler without it. LogLevel is warn.
PYTHON_HELLO = python_run("hello", "hello", get(), HELLO)


def _line(name, title, bar):
    return Scenario(name, title, bar, PYTHON_HELLO, python_run(name, name, get(), HELLO))


SCENARIOS = [
    Scenario(
        "unrelated", "URL without a Python handler", 400, WITHOUT_MODULE, WITH_MODULE,
    ),
    Scenario(
        "hello", "hello", 8_000, C_HELLO,
        PYTHON_HELLO, C_HELLO_FLUSH,
    ),
    Scenario(
        "extension", "hello, PythonHandler x | .py .txt", 8_000, C_HELLO,
        python_run("extension", "hello | .py .txt", get("/bench/page.py"), HELLO), C_HELLO_FLUSH,
    ),
    Scenario("timed", "hello, ExtendedStatus On", 8_000, C_HELLO_TIMED, HELLO_TIMED),
    Scenario("limited", "hello, PythonRequestTimeout 30", 8_000, C_HELLO, LIMITED),
    Scenario(
        "headers", "10 headers read twice, 5 set", 25_000, C_HELLO,
        python_run("headers", "headers", get(), HEADERS_ANSWER),
        c_run("c-headers", "bench-headers", get(), HEADERS_ANSWER),
    ),
    Scenario(
        "cookies", "2 cookies read, 1 added", 25_000, Run("c-hello-cookies", "SetHandler bench-hello", COOKIE_REQUEST, HELLO),
        python_run("cookies", "cookies", COOKIE_REQUEST, COOKIE_ANSWER),
    ),
    Scenario(
        "session", "FileSession loaded and saved", 100_000,
        Run("c-hello-session", "SetHandler bench-hello", SESSION_REQUEST, HELLO),
        python_run("session", "session", SESSION_REQUEST, HELLO),
    ),
    Scenario(
        "write", "1 MB by 256 req.write(block, 0)", 450_000, C_HELLO,
        python_run("write", "write_blocks", get(), WRITTEN),
        c_run("c-write", "bench-write", get(), WRITTEN),
    ),
    Scenario(
        "read", "1 MB body by one req.read()", 150_000, C_HELLO,
        python_run("read", "read_body", UPLOAD, UPLOADED),
        c_run("c-read", "bench-read", UPLOAD, UPLOADED),
    ),
    Scenario(
        "form_query", "FieldStorage, 10 fields of a query string", 25_000,
        c_run("c-hello-query", "bench-hello", FORM_GET, HELLO),
        python_run("form_query", "form", FORM_GET, FORM_ANSWER),
    ),
    Scenario(
        "form_post", "FieldStorage, 10 urlencoded fields of a body", 25_000,
        c_run("c-hello-body", "bench-hello", FORM_POST, HELLO),
        python_run("form_post", "form", FORM_POST, FORM_ANSWER),
    ),
    Scenario(
        "upload", "1 MB multipart upload, read back", 2_000_000, C_HELLO,
        python_run("upload", "upload", MULTIPART, answers(b"%d" % MEGABYTE)),
    ),
    Scenario(
        "upload_ten", "10 MB multipart upload, read back in blocks", 20_000_000, C_HELLO,
        python_run("upload_ten", "upload_blocks", TEN_MULTIPART, answers(b"%d" % (10 * MEGABYTE))),
    ),
    Scenario("upload_hundred", "100 MB multipart upload, read back in blocks", 200_000_000, C_HELLO, HUNDRED),
    Scenario(
        "access", "access handler before a static file", 8_000, STATIC_FILE,
        Run(
            "access", "PythonAccessHandler bench_handlers::access", PASS_REQUEST, STATIC,
            python=True,
        ),
        Run("c-access", "BenchAccess On", PASS_REQUEST, STATIC),
    ),
    Scenario(
        "publisher", "hello, published", 40_000, C_HELLO,
        Run(
            "publisher", "SetHandler mod_python\nPythonHandler mod_python.publisher", get("/bench/bench_pages/hello"), HELLO,
            python=True,
        ),
        C_HELLO_FLUSH,
    ),
    Scenario(
        "wsgi", "hello as a WSGI application", 30_000, C_HELLO,
        Run(
            "wsgi",
            "SetHandler mod_python\nPythonHandler mod_python.wsgi\n"
            "PythonOption mod_python.wsgi.application bench_handlers::wsgi_hello",
            get(), HELLO, python=True,
        ),
        C_HELLO_FLUSH,
    ),
    Scenario("psp", "PSP page, loop of 10", 35_000, C_HELLO, PSP_LOOP),
    _line("log_dropped", "logger.debug() that LogLevel drops", 55_000),
    _line("log_written", "logger.warning() that is written", 75_000),
    Scenario(
        "require", "Require python before a static file", 4_000,
        Run("granted", "Require all granted", PASS_REQUEST, STATIC),
        Run(
            "require", "Require python bench_handlers::authorize", PASS_REQUEST, STATIC, python=True,
        ),
    ),
    Scenario(
        "filter-copy", "1 MB file through a filter that copies", None, STATIC_MEGABYTE, FILTER_COPY, C_COPY, times=1.3,
    ),
    Scenario(
        "filter-upper", "1 MB file through a filter that turns it to upper case", None, STATIC_MEGABYTE, FILTER_UPPER,
        C_UPPER, times=1.3,
    ),
    Scenario(
        "generator-copy", "the copying one as a generator, against the function", None, STATIC_MEGABYTE,
        GENERATOR_COPY, FILTER_COPY, times=1.1,
    ),
    Scenario(
        "generator-upper", "the other one as a generator, against the function", None, STATIC_MEGABYTE,
        GENERATOR_UPPER, FILTER_UPPER, times=1.1,
    ),
]
