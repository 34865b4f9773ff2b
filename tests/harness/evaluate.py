"""Runs a piece of Python inside a request: `site = server(evaluate.CONFIG, evaluate.FILES)`, `evaluate(site, "1 + 1")`.

For tests of objects and functions that exist inside httpd only.
"""

import ast
import textwrap
import urllib.parse

#: A directory whose handler runs what it is sent.
CONFIG = """
<Directory "@DOCS@/evaluate">
    SetHandler mod_python
    PythonHandler evaluate
</Directory>
"""

_HANDLER = """
from urllib.parse import unquote
from mod_python import apache
import _apache

def handler(req):
    space = {"req": req, "apache": apache, "_apache": _apache}
    try:
        exec(unquote(req.args), space)
        answer = repr(space["result"])
    except Exception as error:
        answer = repr(Raised(error))
    req.content_type = "text/plain"
    req.write(answer)
    return apache.OK

class Raised:
    def __init__(self, error):
        names = [base.__name__ for base in type(error).__mro__]
        self.facts = {"raised": names, "text": str(error), "errno": getattr(error, "errno", None)}

    def __repr__(self):
        return repr(self.facts)
"""

FILES = {"htdocs/evaluate/evaluate.py": _HANDLER}


def evaluate(site, source, host=None, to=None):
    """Run an expression, or statements that set `result`, with req, apache and _apache; returns the value.

    The value has to be a literal. An exception comes back as a dict: raised (the names of its class and bases), text,
    errno. `host` is the Host header; `to` an open connection to use.
    """
    source = textwrap.dedent(source).strip()
    try:
        ast.parse(source, mode="eval")
        source = f"result = ({source})"
    except SyntaxError:
        pass
    path = "/evaluate/x?" + urllib.parse.quote(source)
    options = {} if host is None else {"host": host}
    answer = (to.request if to else site.request)("GET", path, **options)
    assert answer.status == 200, answer
    return ast.literal_eval(answer.text)
