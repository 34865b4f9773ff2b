"""Runs a few lines of Python inside a handler and gives back what they leave in `result`.

A test module takes `snippet_server()` as its fixture and `run(site, code)` in its tests; the code sees `req` and `apache`.
"""

import ast
import textwrap
import urllib.parse

from harness.module_server import server

_CONFIG = """
<Directory "@DOCS@/run">
    SetHandler mod_python
    PythonHandler snippets
</Directory>
"""

_HANDLER = '''
import urllib.parse

from mod_python import apache

kept = {}


def error(function, *args):
    """The type's name and the text of what a call raises, None where it raises nothing."""
    try:
        function(*args)
    except Exception as raised:
        return type(raised).__name__, str(raised)


def handler(req):
    names = {"req": req, "apache": apache, "error": error, "kept": kept}
    exec(urllib.parse.unquote(req.args), names)
    req.write(ascii(names["result"]))
    return apache.OK
'''


class RemoteError(AssertionError):
    """The snippet did not come to its end; the message has the server's log."""


def snippet_server(config="", files=None, **options):
    """Return a fixture as `server` does, with a handler that runs snippets at /run/."""
    return server(_CONFIG + config, {"htdocs/run/snippets.py": _HANDLER, **(files or {})}, **options)


def run(site, code, path="/run/x", **options):
    """Return the literal that the code leaves in `result`. In it `error(function, *args)` gives (type's name, text)."""
    answer = site.get(f"{path}?{urllib.parse.quote(textwrap.dedent(code))}", **options)
    return value(site, answer)


def value(site, answer):
    """Return the literal in a response to a snippet."""
    if answer.status != 200:
        raise RemoteError(f"status {answer.status}\n{site.log.text()}")
    return ast.literal_eval(answer.text)
