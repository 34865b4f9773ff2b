"""``util.redirect`` in a fixup handler, a content handler and a published function."""

from harness import server

_CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonFixupHandler redirecting::fixuphandler
    PythonHandler redirecting
</Directory>
<Directory "@DOCS@/pub">
    SetHandler mod_python
    PythonHandler mod_python.publisher redirecting::never
    PythonPath "['@DOCS@/app'] + sys.path"
</Directory>
"""

_HANDLER = """
from mod_python import apache, util

def fixuphandler(req):
    if req.args == "fixup":
        util.redirect(req, location="/dummy", text="test ok")
    return apache.OK

def handler(req):
    if req.args == "late":
        req.write("x" * 20000)
        req.flush()
        try:
            util.redirect(req, "/late")
        except OSError:
            req.write("refused")
        return apache.OK
    util.redirect(req, "/a b?c=<d>&e", permanent=1)

def never(req):
    req.write("never")
    return apache.OK
"""

_PAGE = """
from mod_python import util

def index(req, to):
    util.redirect(req, to)
"""

site = server(_CONFIG, {"htdocs/app/redirecting.py": _HANDLER, "htdocs/pub/p.py": _PAGE}, mpm="event", processes=1)


def test_fixup(site):
    # spec: library:T-3, library:U-233, library:Q-8
    answer = site.get("/app/x?fixup")
    assert (answer.status, answer.header("Location"), answer.body) == (302, "/dummy", b"test ok")


def test_content_handler(site):
    # spec: library:U-231, library:U-232, library:U-235, library:D-15
    answer = site.get("/app/x")
    assert (answer.status, answer.header("Location")) == (301, "/a b?c=<d>&e")
    assert answer.body == b'<p>The document has moved <a href="/a b?c=&lt;d&gt;&amp;e">here</a></p>\n'


def test_too_late(site):
    # spec: library:U-230
    assert site.get("/app/x?late").body == b"x" * 20000 + b"refused"


def test_published_function(site):
    # spec: library:U-233, library:U-235
    answer = site.get("/pub/p?to=/there")
    assert (answer.status, answer.header("Location")) == (302, "/there")
    assert b"never" not in answer.body
    site.log.expect_traceback(r"ValueError: location must not contain a line end or NUL", times=1)
    answer = site.get("/pub/p?to=/there%0d%0aSet-Cookie:%20a=b")
    assert (answer.status, answer.header("Location"), answer.header("Set-Cookie")) == (500, None, None)
