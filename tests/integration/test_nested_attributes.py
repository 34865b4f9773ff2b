"""Plain attributes of a request while a handler is running and another interpreter is asked about the same request."""

from harness import server

HANDLERS = """
from mod_python import apache

seen = []

def handler(req):
    req.first = "1"
    req.object = kept = object()
    req.write("a")
    req.middle = req.from_filter, req.phase, req.object is kept
    req.first = "2"
    req.write("b")
    return apache.OK

def log(req):
    if req.uri.endswith("/x"):
        seen.append((req.first, req.from_filter, req.middle))
    return apache.OK

def told(req):
    req.write(repr(seen))
    return apache.OK
"""

FILTERS = """
def copying(filter):
    filter.req.from_filter = getattr(filter.req, "first", None)
    data = filter.read()
    while data:
        filter.write(data)
        data = filter.read()
    if data is None:
        filter.close()
"""

CONFIG = """
PythonInterpPerDirective On
<Directory "@DOCS@/outer">
    PythonOutputFilter filters::copying COPY
    SetOutputFilter COPY
</Directory>
<Directory "@DOCS@/outer/inner">
    SetHandler mod_python
    PythonHandler handlers
    PythonLogHandler handlers::log
    <Files told>
        PythonHandler handlers::told
    </Files>
</Directory>
"""

FILES = {"htdocs/outer/filters.py": FILTERS, "htdocs/outer/inner/handlers.py": HANDLERS}

site = server(CONFIG, FILES, processes=1)


def test_the_handler_has_the_last_word(site):
    assert site.get("/outer/inner/x").text == "ab"
    # At its end the filter of the other interpreter saw what the handler had set last.
    told = site.get("/outer/inner/told").text
    assert told == repr([("2", "2", ("1", "PythonHandler", True))])
