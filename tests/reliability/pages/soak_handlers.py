"""What the soaked server runs: a handler by path, an access handler, a filter, a connection handler, a WSGI application."""

import hashlib
import os
import sys

from mod_python import Cookie, Session, apache, util


def handler(req):
    """Answer /handler/NUMBER, and fail as asked."""
    what = req.path_info
    if what == "/fail":
        raise RuntimeError("soak: as asked")
    if what == "/conflict":
        raise apache.SERVER_RETURN(apache.HTTP_CONFLICT)
    req.content_type = "text/plain"
    req.headers_out["X-Asked"] = req.headers_in.get("X-Asked", "nothing")
    req.write(f"handler {what}")
    return apache.OK


def generation(req):
    """Answer with the number of this configuration and whether daemon threads run here."""
    req.content_type = "text/plain"
    ticks = sys.modules["soak_daemons"].ticks[0] if "soak_daemons" in sys.modules else -1
    req.write(f"{req.server.my_generation} {os.getpid()} {apache.interpreter} {ticks}")
    return apache.OK


def form(req):
    """Answer with what the form has: names, values, and the digest of an upload."""
    fields = util.FieldStorage(req)
    req.content_type = "text/plain"
    for field in fields.list:
        value = hashlib.sha256(field.file.read()).hexdigest() if field.filename else field.value
        req.write(f"{field.name}={value}\n", 0)
    return apache.OK


def session(req):
    """Count the requests of one client in its session; the kind is an option."""
    kept = Session.Session(req)
    kept["count"] = kept.get("count", 0) + 1
    kept.save()
    req.content_type = "text/plain"
    req.write(f"count {kept['count']}")
    return apache.OK


def cookie(req):
    """Answer with the value of a signed cookie, and send it again."""
    found = Cookie.get_cookie(req, "soak", Cookie.SignedCookie, secret="a secret of the soak", mismatch=Cookie.Cookie.IGNORE)
    Cookie.add_cookie(req, Cookie.SignedCookie("soak", "value", "a secret of the soak"))
    req.content_type = "text/plain"
    req.write(found.value if found else "none")
    return apache.OK


def accesshandler(req):
    """Let in who says the word."""
    return apache.OK if req.args == "please" else apache.HTTP_FORBIDDEN


def upper(filter):
    """Pass on in upper case."""
    for chunk in filter:
        yield chunk.upper()


def connectionhandler(conn):
    """Echo lines until the peer ends."""
    try:
        while line := conn.readline():
            conn.write(line)
    except OSError:
        pass  # The peer has closed it; or httpd has, for a hard restart.
    return apache.OK


def application(environ, start_response):
    """Answer with the path and the length of the body."""
    length = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"wsgi {environ['PATH_INFO']} ".encode(), str(length).encode()]
