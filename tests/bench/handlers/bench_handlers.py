"""The Python side of the instruction counts: each function is one row of tests/bench/run.py.

They are written as anybody would write them; nothing here is arranged for speed.  What each does in
C is in c/mod_bench.c.
"""

import logging

from mod_python import Cookie, Session, apache, util
from mod_python.logging import ApacheHandler

SESSION_ID = "0123456789abcdef0123456789abcdef"
READ_NAMES = (
    "Accept", "Accept-Language", "Accept-Charset", "User-Agent", "Referer",
    "Cookie", "Cache-Control", "Pragma", "DNT", "X-Forwarded-For",
)
SET_NAMES = ("Cache-Control", "Content-Language", "X-Frame-Options", "Referrer-Policy", "X-Request-Id")
BLOCK = b"x" * 4096
BLOCKS = 256

logger = logging.getLogger("bench")
logger.setLevel(logging.DEBUG)
logger.addHandler(ApacheHandler())


def log_dropped(req):
    """Log a record that httpd's LogLevel drops."""
    logger.debug("looking for %s", req.uri)
    return hello(req)


def log_written(req):
    """Log a record that is written."""
    logger.warning("looking for %s", req.uri)
    return hello(req)


def hello(req):
    """Write a short text."""
    req.content_type = "text/plain"
    req.write("Hello World!")
    return apache.OK


def wsgi_hello(environ, start_response):
    """Return a short text."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"Hello World!"]


def session(req):
    """Load a session, count in it, save it."""
    found = Session.FileSession(req)
    if found.is_new():
        # The client of the benchmark always sends the same id, which has to be there.
        found.unlock()
        found._sid = SESSION_ID
        found["user"] = "alice"
    found["visits"] = found.get("visits", 0) + 1
    found.save()
    return hello(req)


def headers(req):
    """Read ten request headers twice, set five response headers."""
    incoming = req.headers_in
    outgoing = req.headers_out
    length = 0
    for name in READ_NAMES:
        length += len(incoming[name])
    values = [incoming[name] for name in READ_NAMES]
    req.content_type = "text/plain"
    for name, value in zip(SET_NAMES, values):
        outgoing[name] = value
    req.write(str(2 * length))
    return apache.OK


def cookies(req):
    """Read two cookies, add one."""
    found = Cookie.get_cookies(req)
    Cookie.add_cookie(req, "seen", found["session"].value, path="/")
    req.content_type = "text/plain"
    req.write(found["theme"].value)
    return apache.OK


def write_blocks(req):
    """Write 1 MB in 256 blocks without flushing."""
    req.content_type = "application/octet-stream"
    for _ in range(BLOCKS):
        req.write(BLOCK, 0)
    return apache.OK


def read_body(req):
    """Read the whole body at once; answer its length, first and last byte."""
    body = req.read()
    req.content_type = "text/plain"
    req.write("%d:%d:%d" % (len(body), body[0], body[-1]))
    return apache.OK


def filter_copy(filter):
    """Pass everything through."""
    data = filter.read()
    while data:
        filter.write(data)
        data = filter.read()
    if data is None:
        filter.close()


def filter_upper(filter):
    """Turn everything to upper case."""
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def generator_copy(filter):
    """Pass everything through, as a generator."""
    for data in filter:
        yield data


def generator_upper(filter):
    """Turn everything to upper case, as a generator."""
    for data in filter:
        yield data.upper()


FORM_NAMES = tuple(f"field{number}" for number in range(10))


def form(req):
    """Read ten fields of a form by name; answer the length of their values."""
    fields = util.FieldStorage(req)
    length = 0
    for name in FORM_NAMES:
        length += len(fields[name].value)
    req.content_type = "text/plain"
    req.write(str(length))
    return apache.OK


def upload(req):
    """Read an uploaded file back; answer its length."""
    data = util.FieldStorage(req)["f"].file.read()
    req.content_type = "text/plain"
    req.write(str(len(data)))
    return apache.OK


def upload_blocks(req):
    """Read an uploaded file back in blocks of 64 KiB; answer its length."""
    file = util.FieldStorage(req)["f"].file
    length = 0
    while block := file.read(65536):
        length += len(block)
    req.content_type = "text/plain"
    req.write(str(length))
    return apache.OK


def access(req):
    """Let the request through if it carries a header."""
    if "X-Bench-Pass" in req.headers_in:
        return apache.OK
    return apache.HTTP_FORBIDDEN


def authorize(req):
    """Let everybody in."""
    return apache.AUTHZ_GRANTED
