"""Runs statements of a test inside a handler: `ask(site, "result = req.uri")` gives what they left in `result`.

The statements travel in a header, so that the request line is the test's own.
"""

import json
from urllib.parse import quote

#: A handler module for any phase: it runs what X-Code says for the phase named by X-Phase (default: the content handler).
HANDLER = '''
import json
from urllib.parse import unquote
from mod_python import apache

def run(req, phase):
    headers = req.headers_in
    try:
        code, wanted = headers["X-Code"], headers["X-Phase"]
    except KeyError:
        return None
    if wanted != phase:
        return None
    space = {"req": req, "apache": apache}
    try:
        exec(unquote(code), space)
        result = space.get("result")
    except Exception as error:
        result = {"error": type(error).__name__, "text": str(error)}
    return json.dumps(result, default=repr)

def handler(req):
    answer = run(req, "PythonHandler")
    if answer is None:
        answer = getattr(req, "answer", "null")
    req.write(answer)
    return apache.OK

def other(req):
    answer = run(req, req.phase)
    if answer is not None:
        req.answer = answer
    return apache.OK if req.phase == "PythonFixupHandler" else apache.DECLINED
'''


def request_headers(code, phase="PythonHandler", headers=None):
    """Return the headers that carry the statements to the handler."""
    pairs = [("X-Code", quote(code, safe="")), ("X-Phase", phase)]
    return pairs + list((headers or {}).items())


def ask_response(site, code, path="/app/x", method="GET", phase="PythonHandler", headers=None, **options):
    """Run the statements in a request and return the whole response."""
    with site.connect() as connection:
        pairs = request_headers(code, phase, headers)
        return connection.request(method, path, headers=pairs, **options)


def ask(site, code, path="/app/x", **options):
    """Run the statements and return their `result`; an exception comes as {"error": its class, "text": its str}."""
    answer = ask_response(site, code, path, **options)
    assert answer.status == 200, (answer, answer.body)
    return json.loads(answer.body)


def error(name, text):
    """Return what `ask` gives for an exception."""
    return {"error": name, "text": text}
