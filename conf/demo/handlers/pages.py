"""The pages of the demo: httpd calls handler() for every URL but the files below /vault."""

import html
import os
import platform
import sys

from mod_python import apache

STYLE = """
:root { color-scheme: light dark; --line: #8884; --accent: #b3412d; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1.2rem; }
nav { display: flex; flex-wrap: wrap; gap: 1.1rem; border-bottom: 1px solid var(--line); padding-bottom: .7rem; }
a { color: var(--accent); }
h1 { font-size: 1.7rem; margin: 1.6rem 0 .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th { white-space: nowrap; font-weight: 600; }
td { overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
.big { font-size: 1.3rem; font-family: ui-monospace, monospace; color: var(--accent); }
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} - mod_python</title><style>{style}</style></head>
<body><nav><a href="/">Start</a><a href="/request?name=you&amp;tag=%3Cb%3E">The request</a>
<a href="/interpreter">Interpreter</a><a href="/second">A second one</a>
<a href="/vault/note.html">Vault</a><a href="/vault/note.html?key=sesame">Vault, with the key</a></nav>
<h1>{title}</h1>
{body}
</body></html>
"""

# A module lives as long as its interpreter in one httpd child, so this counts that interpreter's requests.
served = 0


def handler(req):
    """Answer one request: choose the page by its path, 404 for a path that there is no page for."""
    global served
    served += 1
    page = PAGES.get(req.uri)
    if page is None:
        return apache.HTTP_NOT_FOUND
    title, body = page(req)
    req.content_type = "text/html; charset=utf-8"
    req.write(PAGE.format(title=html.escape(title), style=STYLE, body=body))
    return apache.OK


def table(rows):
    """Return an HTML table of (name, value) pairs, everything escaped."""
    lines = (f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows)
    return "<table>" + "\n".join(lines) + "</table>"


def start(req):
    """The first page."""
    return "It works", (
        "<p>This page was written by a Python function that httpd called: <code>handler(req)</code> in "
        "<code>conf/demo/handlers/pages.py</code>.</p>"
        f"<p class=big>Python {html.escape(platform.python_version())} inside httpd</p>"
        "<p>Look at what a request looks like from Python, at two interpreters that share nothing, and at a folder of "
        "plain files that Python guards in an earlier phase of the request.</p>"
    )


def request(req):
    """Everything that the client sent."""
    rows = [(name, getattr(req, name)) for name in ("method", "uri", "args", "protocol", "hostname", "unparsed_uri")]
    rows.append(("client", req.connection.client_ip))
    rows += [(f"header {name}", value) for name, value in req.headers_in.items()]
    return "The request", table(rows)


def interpreter(req):
    """The name of the interpreter that serves this URL."""
    return "Interpreter", (
        f"<p class=big>{html.escape(req.interpreter)}</p>"
        "<p>Every virtual host has its own interpreter; <code>PythonInterpreter</code> chooses another by name. "
        "Compare the counter with that of <a href='/second'>the second one</a>.</p>"
        + table([("requests served in it", served), ("modules loaded", len(sys.modules)), ("httpd child", os.getpid())])
    )


def refused(req):
    """What a visitor sees whom gate.py sent away."""
    return "Refused", (
        "<p>The access handler in <code>conf/demo/handlers/gate.py</code> refused this file. "
        "<a href='/vault/note.html?key=sesame'>Try it with the key.</a></p>"
    )


PAGES = {
    "/": start,
    "/request": request,
    "/interpreter": interpreter,
    "/second": interpreter,
    "/refused": refused,
}
