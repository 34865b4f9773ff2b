"""Shows a browser what it has sent."""

import html

from mod_python import apache, util


def handler(req):
    req.allow_methods(["GET", "HEAD"], 1)
    if req.method not in ("GET", "HEAD"):
        raise apache.SERVER_RETURN(apache.HTTP_METHOD_NOT_ALLOWED)
    facts = [
        ("address", req.uri),
        ("your address", req.useragent_ip),
        ("browser", req.headers_in.get("User-Agent", "none")),
    ]
    query = util.parse_qsl(req.args or "", 1)

    req.content_type = "text/html; charset=utf-8"
    req.headers_out["Cache-Control"] = "no-store"
    req.write("<!DOCTYPE html>\n<title>Mirror</title>\n<table>\n")
    for name, value in facts + query:
        req.write(f"<tr><td>{html.escape(name)}<td>{html.escape(value)}\n")
    req.write("</table>\n")
    return apache.OK
