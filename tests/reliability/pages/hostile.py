"""What the attacked server runs: forms, bodies, sessions, and handlers that look at or set all there is."""

import json
import os

from mod_python import Cookie, Session, apache, util


def form(req):
    """Answer with how many fields a form has, and how many bytes."""
    fields = util.FieldStorage(req)
    sizes = [len(field.file.read()) if field.filename is not None else len(field.value) for field in fields.list]
    for field in fields.list:
        ascii([field.name, field.filename, field.type, field.type_options, field.disposition_options, list(field.headers.items())])
    req.write(json.dumps([len(sizes), sum(sizes)]))
    return apache.OK


def body(req):
    """Answer with the length of the body, or the exception that reading it raises."""
    try:
        answer = len(req.read())
    except OSError as error:
        answer = str(error)
    req.write(json.dumps(answer))
    return apache.OK


def look(req):
    """Look at everything that the client sent, in each form in which Python code gets it."""
    seen = [
        req.the_request, req.method, req.uri, req.unparsed_uri, req.parsed_uri, req.args, req.path_info, req.filename, req.hostname,
        req.protocol, req.user, list(req.headers_in.items()), req.get_basic_auth_pw(), req.user, req.build_wsgi_env(),
    ]  # fmt: skip
    cookies = Cookie.get_cookies(req)
    seen += [(name, cookie.value) for name, cookie in cookies.items()]
    for kind in (Cookie.SignedCookie, Cookie.MarshalCookie):
        found = Cookie.get_cookies(req, kind, secret="a secret of the server", mismatch=Cookie.Cookie.IGNORE)
        seen += [(name, cookie.value) for name, cookie in found.items()]
    if cookies:
        seen += [util.parse_header(value) for value in req.headers_in.values() if isinstance(value, str)]
    seen += [(field.name, field.value) for field in util.FieldStorage(req, keep_blank_values=1).list]
    req.log_error(f"seen {seen}", apache.APLOG_DEBUG)
    # What came may be sent back as the bytes it was.
    req.headers_out["X-Path"] = req.unparsed_uri.encode("utf-8", "surrogateescape")
    req.write(ascii(seen), 0)
    return apache.OK


def session(req):
    """Answer with a session's id and whether it is new, whatever id came in the cookie; one in the query is taken as asked for."""
    try:
        kept = Session.Session(req, sid=req.args or 0)
    except ValueError:
        req.write("ValueError")
        return apache.OK
    kept["count"] = kept.get("count", 0) + 1
    kept.save()
    req.write(f"{kept.id()} {int(kept.is_new())}")
    return apache.OK


def _cookie_attribute(req, name, value):
    setattr(cookie := Cookie.Cookie("name", "value"), name, value)
    Cookie.add_cookie(req, cookie)


def _table(req, value):
    table = apache.table()
    table["X-Test"] = value
    req.headers_out.update(table)


def _status_line(req, value):
    req.status_line = value if isinstance(value, bytes) else f"200 {value}"


def _redirect(req, value):
    # What it raises after it has set the header ends the request; here the request goes on.
    try:
        util.redirect(req, value, text="")
    except apache.SERVER_RETURN:
        req.status = 200


def _cgi(req, value):
    out = apache.CGIStdout(req)
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    # A script's own blank line ends its headers; what stands behind that is its body.
    out.buffer.write(b"X-Test: " + data.replace(b"\n", b"") + b"\n\n")


#: Whatever brings a text of a handler into the response's head: name -> function of the request and the text.
SETTERS = {
    "headers_out[]": lambda req, value: req.headers_out.__setitem__("X-Test", value),
    "headers_out[name]": lambda req, value: req.headers_out.__setitem__(value, "x"),
    "headers_out.add": lambda req, value: req.headers_out.add("X-Test", value),
    "headers_out.add name": lambda req, value: req.headers_out.add(value, "x"),
    "headers_out.setdefault": lambda req, value: req.headers_out.setdefault("X-Default", value),
    "headers_out.update": lambda req, value: req.headers_out.update({"X-Test": value}),
    "headers_out.update name": lambda req, value: req.headers_out.update({value: "x"}),
    "headers_out.update table": _table,
    "err_headers_out[]": lambda req, value: req.err_headers_out.__setitem__("X-Error", value),
    "err_headers_out[name]": lambda req, value: req.err_headers_out.__setitem__(value, "x"),
    "err_headers_out.add": lambda req, value: req.err_headers_out.add("X-Error", value),
    "err_headers_out.update": lambda req, value: req.err_headers_out.update({"X-Error": value}),
    "content_type": lambda req, value: setattr(req, "content_type", value),
    "content_type late": lambda req, value: (setattr(req, "content_type", "text/plain"), setattr(req, "content_type", value)),
    "status_line": _status_line,
    "allow_methods": lambda req, value: req.allow_methods([value]),
    "set_content_length": lambda req, value: req.set_content_length(value),
    "Cookie name": lambda req, value: Cookie.add_cookie(req, Cookie.Cookie(value, "x")),
    "Cookie value": lambda req, value: Cookie.add_cookie(req, Cookie.Cookie("name", value)),
    "Cookie value later": lambda req, value: Cookie.add_cookie(req, _later(Cookie.Cookie("name", "x"), value)),
    "add_cookie name": lambda req, value: Cookie.add_cookie(req, value, "x"),
    "add_cookie value": lambda req, value: Cookie.add_cookie(req, "name", value),
    "add_cookie path": lambda req, value: Cookie.add_cookie(req, "name", "x", path=value),
    "add_cookie error": lambda req, value: Cookie.add_cookie(req, "name", value, err_headers_out=True),
    "SignedCookie value": lambda req, value: Cookie.add_cookie(req, Cookie.SignedCookie("name", value, "a secret of the server")),
    "util.redirect": _redirect,
    "cgihandler": _cgi,
    "WSGI status": lambda req, value: req.wsgi_start_response(value if isinstance(value, bytes) else f"200 {value}", []),
    "WSGI name": lambda req, value: req.wsgi_start_response("200 OK", [(value, "x")]),
    "WSGI value": lambda req, value: req.wsgi_start_response("200 OK", [("X-Wsgi", value)]),
}
for _name in ("path", "domain", "comment", "expires", "max_age", "samesite", "commentURL", "port", "version"):
    SETTERS[f"Cookie.{_name}"] = lambda req, value, name=_name: _cookie_attribute(req, name, value)


def _later(cookie, value):
    cookie.value = value
    return cookie


def inject(req):
    """Give each text of a list to one setter; answer with what each raised, None for nothing. Then the response is sent as it is."""
    name, values = json.loads(req.read())
    outcomes = []
    for kind, text in values:
        value = text.encode("latin-1") if kind == "bytes" else text
        try:
            SETTERS[name](req, value)
            outcomes.append(None)
        except Exception as error:
            outcomes.append(type(error).__name__)
    # Not flushed: httpd may refuse the whole response, and says so itself.
    req.write(json.dumps(outcomes), 0)
    return apache.OK


def setters(req):
    """Answer with the names of all setters."""
    req.write(json.dumps(list(SETTERS)))
    return apache.OK


def onward(req):
    """Go where the body says, inside the server."""
    try:
        req.internal_redirect(req.read().decode("utf-8", "replace"))
    except ValueError:
        req.write("ValueError")
    return apache.OK


def exprfunction(req, argument):
    """Return what the client asks for, line ends and all."""
    return bytes.fromhex(argument).decode("latin-1") if argument else None


def rewritemap(req, key):
    """Return what the client asks for, line ends and all."""
    return bytes.fromhex(key).decode("latin-1")


def application(environ, start_response):
    """A WSGI application that answers with what it was sent, and passes it on as it is."""
    seen = ascii(sorted((key, value) for key, value in environ.items() if isinstance(value, str)))
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"].replace("\r", "").replace("\n", ""))])
    return [seen.encode()]


def pid(req):
    """Answer with the child's number."""
    req.write(str(os.getpid()), 0)
    return apache.OK
