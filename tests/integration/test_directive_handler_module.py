"""PythonHandlerModule: one module for all phases it has a function for."""

from harness import server

FULL = '''
from mod_python import apache

def _phase(name, result=apache.OK):
    def function(req):
        apache.log_error("RAN " + name, apache.APLOG_NOTICE)
        return result
    return function

inithandler = _phase("init")
postreadrequesthandler = _phase("postreadrequest")
transhandler = _phase("trans", apache.DECLINED)
headerparserhandler = _phase("headerparser")
accesshandler = _phase("access")
typehandler = _phase("type", apache.DECLINED)
fixuphandler = _phase("fixup")
loghandler = _phase("log")
cleanuphandler = _phase("cleanup")
connectionhandler = _phase("connection")
# Phases that it does not fill.
quickhandler = _phase("quick", apache.DECLINED)
maptostoragehandler = _phase("maptostorage", apache.DECLINED)
accesscheckerexhandler = _phase("accesscheckerex", apache.DECLINED)
insertfilterhandler = _phase("insertfilter")

def authenhandler(req):
    req.user = "somebody"
    return _phase("authen")(req)

def authzhandler(req):
    return _phase("authz")(req)

def handler(req):
    _phase("content")(req)
    req.write("content")
    return apache.OK
'''

ONLY_CONTENT = '''
def handler(req):
    req.write("only content")
    return 0
'''

EMPTY = "def something(req):\n    return 0\n"

ONE_FOR_ALL = '''
from mod_python import apache

class Site:
    def serve(self, req):
        apache.log_error("RAN " + req.phase, apache.APLOG_NOTICE)
        if req.phase == "PythonHandler":
            req.write("served")
            return apache.OK
        return apache.DECLINED

site = Site()
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter main_interpreter
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
    <Directory "@DOCS@">
        SetHandler mod_python
    </Directory>
    <Directory "@DOCS@/inner">
        PythonHandlerModule full
        AuthType Custom
        AuthName custom
        Require valid-user
    </Directory>
    <Directory "@DOCS@/only">
        PythonHandlerModule only
    </Directory>
    <Directory "@DOCS@/empty">
        PythonHandlerModule empty
    </Directory>
    <Directory "@DOCS@/several">
        PythonHandlerModule empty
        PythonHandlerModule empty only
    </Directory>
    <Directory "@DOCS@/mixed">
        PythonHandlerModule empty
        PythonHandler only::handler
        PythonFixupHandler empty::nothing
    </Directory>
    <Directory "@DOCS@/missing">
        PythonHandlerModule no_such_module
    </Directory>
    <Directory "@DOCS@/object">
        PythonHandlerModule forall::site.serve
    </Directory>
    <Directory "@DOCS@/dotted">
        PythonHandlerModule forall::site.missing
    </Directory>
    <Directory "@DOCS@/ext">
        PythonHandlerModule only | .py
    </Directory>
    <Directory "@DOCS@/htaccess">
        AllowOverride FileInfo
    </Directory>
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName full.test
    PythonHandlerModule full
    <Directory "@DOCS@">
        SetHandler mod_python
    </Directory>
</VirtualHost>
"""

NAMES = ["inner", "only", "empty", "several", "mixed", "missing", "object", "dotted", "ext"]

site = server(
    CONFIG,
    {
        "python/full.py": FULL,
        "python/only.py": ONLY_CONTENT,
        "python/empty.py": EMPTY,
        "python/forall.py": ONE_FOR_ALL,
        "htdocs/empty/file.txt": "static",
        "htdocs/htaccess/.htaccess": "PythonHandlerModule only\n",
        **{f"htdocs/{name}/.keep": "" for name in NAMES},
    },
    load_python="first",
)


def ran(site, last="cleanup"):
    site.log.wait_for(f"RAN {last}")
    return [line.split("RAN ")[1] for line in site.log.find("RAN ")]


def test_at_server_level(site):
    # spec: directives:9.9.1
    assert site.get("/x", host="full.test").text == "content"
    assert ran(site) == [
        "init", "postreadrequest", "trans", "headerparser", "access", "type", "fixup", "content", "log", "cleanup",
    ]  # fmt: skip


def test_in_a_directory(site):
    # spec: directives:9.9.1, directives:9.9.5
    assert site.get("/inner/x").text == "content"
    # The two phases before the file is known cannot be reached from a directory.
    assert ran(site) == [
        "init", "headerparser", "access", "authen", "authz", "type", "fixup", "content", "log", "cleanup",
    ]  # fmt: skip


def test_missing_functions_are_skipped(site):
    # spec: directives:9.9.2, directives:9.9.8, directives:D-13, directives:D-14
    assert site.get("/only/x").text == "only content"
    assert site.get("/several/x").text == "only content"
    assert site.get("/htaccess/x").text == "only content"


def test_no_function_at_all_is_declined(site):
    # spec: directives:9.9.3, directives:D-13
    assert site.get("/empty/file.txt").text == "static"
    assert site.get("/empty/missing").status == 404


def test_other_handlers_are_not_silent(site):
    # spec: directives:9.9.2, directives:D-14
    site.log.expect("PythonFixupHandler empty::nothing: AttributeError: .* contains no 'nothing'", times=1)
    site.log.expect("MPY0401", times=1)
    assert site.get("/mixed/x").status == 500


def test_missing_module_is_an_error(site):
    # spec: directives:9.9.4
    site.log.expect_traceback("ModuleNotFoundError: No module named 'no_such_module'")
    assert site.get("/missing/x").status == 500


def test_one_object_for_all_phases(site):
    # spec: directives:9.9.7
    assert site.get("/object/x").text == "served"
    assert ran(site, "PythonCleanupHandler") == [
        "PythonInitHandler", "PythonHeaderParserHandler", "PythonAccessHandler", "PythonTypeHandler",
        "PythonFixupHandler", "PythonHandler", "PythonLogHandler", "PythonCleanupHandler",
    ]  # fmt: skip
    assert site.get("/dotted/x").status == 404


def test_extensions(site):
    # spec: directives:9.9.6
    assert site.get("/ext/x.py").text == "only content"
    assert site.get("/ext/x").status == 404


beside = server(
    """
    <Directory "@DOCS@">
        SetHandler mod_python
        PythonHandlerModule beside
    </Directory>
    """,
    {"htdocs/beside.py": ONLY_CONTENT},
    mpm="event",
)


def test_its_directory_is_searched(beside):
    # spec: directives:D-15
    assert beside.get("/x").text == "only content"
