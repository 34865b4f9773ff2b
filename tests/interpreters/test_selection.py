"""Which interpreter serves a request: every rule, their order, and the phases before a file is known."""

import pytest

from harness import server

pytestmark = pytest.mark.interpreters

CONFIG = """
UseCanonicalName Off
PythonPath "sys.path + ['@ROOT@/lib']"
PythonTransHandler early

<VirtualHost 127.0.0.1:@PORT@>
    ServerName first.test
    ServerAlias again.test
    <Directory "@DOCS@">
        SetHandler mod_python
        PythonHandler name
    </Directory>
    <Directory "@DOCS@/named">
        PythonInterpreter "Some Name"
        PythonInterpPerDirectory On
        PythonInterpPerDirective On
    </Directory>
    <Directory "@DOCS@/dirs">
        PythonInterpPerDirectory On
        PythonInterpPerDirective On
    </Directory>
    <Directory "@DOCS@/dirs/back">
        PythonInterpPerDirectory Off
        PythonInterpPerDirective Off
    </Directory>
    <Directory "@DOCS@/directive">
        PythonHandler name
        PythonInterpPerDirective On
    </Directory>
    <Directory "@DOCS@/switched">
        PythonInterpPerDirective On
    </Directory>
    <Directory "@DOCS@/wild/*">
        PythonHandler name
        PythonInterpPerDirective On
    </Directory>
    <Location "/app">
        SetHandler mod_python
        PythonHandler name
        PythonInterpPerDirective On
    </Location>
    <Location "/nofile">
        SetHandler mod_python
        PythonHandler name
        PythonInterpPerDirectory On
    </Location>
    <Directory "@DOCS@/two">
        PythonHandler name::nothing
        PythonHandler name
        PythonInterpPerDirective On
    </Directory>
    <Directory "@DOCS@/phases">
        PythonFixupHandler name::fixup
        PythonInterpPerDirectory On
    </Directory>
    <Directory "@DOCS@/cleaned">
        PythonCleanupHandler name::cleaned
        PythonCleanupHandler name::nothing
    </Directory>
    <Directory "@DOCS@/cleaned/deep">
        PythonHandler name
        PythonInterpPerDirective On
    </Directory>
    <Directory "@DOCS@/main">
        PythonInterpreter main_interpreter
    </Directory>
    <Directory "@DOCS@/case">
        PythonInterpreter FIRST.test
    </Directory>
</VirtualHost>

<VirtualHost 127.0.0.1:@PORT@>
    ServerName second.test
    PythonInterpPerDirective On
    SetHandler mod_python
    PythonHandler name
</VirtualHost>

<VirtualHost 127.0.0.1:@PORT@>
    ServerName third.test
    SetHandler mod_python
    PythonHandler name
</VirtualHost>
"""

NAME = """
import ctypes

from mod_python import apache

_get = ctypes.pythonapi.PyInterpreterState_Get
_get.restype = ctypes.c_void_p
_get_id = ctypes.pythonapi.PyInterpreterState_GetID
_get_id.argtypes = [ctypes.c_void_p]
_get_id.restype = ctypes.c_int64
_seen = []

def is_main():
    return _get_id(_get()) == 0

def nothing(req):
    return apache.OK

def cleaned(req):
    req.log_error("CLEANED in " + apache.interpreter, apache.APLOG_NOTICE)
    return apache.OK

def fixup(req):
    req.fixup_ran_in = apache.interpreter
    return apache.OK

def handler(req):
    req.content_type = "text/plain"
    _seen.append(1)
    lines = [apache.interpreter, str(is_main()), getattr(req, "early", ""), getattr(req, "fixup_ran_in", "")]
    req.write("\\n".join(lines))
    return apache.OK
"""

EARLY = """
from mod_python import apache
from name import is_main

def transhandler(req):
    req.early = apache.interpreter
    return apache.DECLINED
"""

site = server(
    CONFIG,
    {
        "lib/name.py": NAME,
        "lib/early.py": EARLY,
        **{
            f"htdocs/{path}": ""
            for path in (
                "x.txt", "named/x.txt", "dirs/x.txt", "dirs/sub/x.txt", "dirs/back/x.txt", "directive/x.txt",
                "directive/sub/x.txt", "switched/x.txt", "wild/card/deep/x.txt", "two/x.txt", "phases/x.txt",
                "main/x.txt", "case/x.txt", "cleaned/deep/x.txt", "access/x.txt", "access/sub/x.txt",
            )
        },
        "htdocs/access/.htaccess": "PythonInterpPerDirective On\n",
    },
    allow_override="All",
)  # fmt: skip


def ask(site, path, host="first.test"):
    """Return (name, runs in the main interpreter, name in the early phase, name in fixups)."""
    answer = site.get(path, host=host)
    assert answer.status == 200
    name, main, early, fixup = answer.text.split("\n")
    return name, main == "True", early, fixup


@pytest.mark.parametrize(
    ("path", "name"),
    [
        # spec: interpreters:1.1/PythonInterpreter
        ("/named/x.txt", "Some Name"),
        ("/named/", "Some Name"),
        # The name is compared byte for byte: this is not the server's.
        ("/case/x.txt", "FIRST.test"),
        # spec: interpreters:1.1/PythonInterpPerDirectory, interpreters:1.1.2
        ("/dirs/x.txt", "@DOCS@/dirs/"),
        ("/dirs/sub/x.txt", "@DOCS@/dirs/sub/"),
        ("/dirs/", "@DOCS@/dirs/"),
        ("/dirs/sub/", "@DOCS@/dirs/sub/"),
        ("/dirs/none.txt", "@DOCS@/dirs/"),
        # spec: interpreters:1.1.1
        ("/dirs/back/x.txt", "first.test"),
        # spec: interpreters:1.1/PythonInterpPerDirective, interpreters:1.2/request
        ("/directive/x.txt", "@DOCS@/directive/"),
        ("/directive/sub/x.txt", "@DOCS@/directive/"),
        ("/wild/card/deep/x.txt", "@DOCS@/wild/card/"),
        ("/app/deep/x", "/app"),
        ("/app", "/app"),
        # spec: interpreters:1.1.4
        ("/switched/x.txt", "@DOCS@/"),
        ("/access/sub/x.txt", "@DOCS@/"),
        # spec: interpreters:1.1.3
        ("/two/x.txt", "@DOCS@/two/"),
        # spec: interpreters:1.1/server-name
        ("/x.txt", "first.test"),
    ],
)
def test_name(site, path, name):
    # spec: directives:9.5/selection, directives:6/step-3, directives:11/summary
    found, main, _, _ = ask(site, path)
    assert (found, main) == (site.fill(name), name == "first.test")


def test_cleanup_handlers_have_a_list_of_their_own(site):
    # spec: interpreters:1.2/PythonCleanupHandler
    assert ask(site, "/cleaned/deep/x.txt")[0] == site.fill("@DOCS@/cleaned/deep/")
    assert site.log.wait_for("CLEANED in ")[0].endswith(site.fill("CLEANED in @DOCS@/cleaned/"))


def test_main_interpreter(site):
    # spec: interpreters:1.1/PythonInterpPerDirectory, interpreters:1.1/missing, interpreters:2.2
    # It is the one that the first server is bound to, so it bears that name.
    for path in ("/main/x.txt", "/nofile/x"):
        assert ask(site, path)[:2] == ("first.test", True)


def test_virtual_hosts(site):
    # spec: interpreters:1.1/server-name, interpreters:1.1/PythonInterpPerDirective
    assert ask(site, "/x.txt", "third.test")[:2] == ("third.test", False)
    # A handler of the server itself has no directory.
    assert ask(site, "/x.txt", "second.test")[:2] == ("first.test", True)


def test_names_of_the_host_header_make_no_interpreters(site):
    # spec: interpreters:1.1.5
    for host in ("again.test", "unknown.test", "FIRST.TEST", "first.test.", "other"):
        assert ask(site, "/x.txt", host)[:2] == ("first.test", True)


def test_phases_of_one_request_may_differ(site):
    # spec: interpreters:1.1.6, interpreters:1.1/server-name, interpreters:I-6
    # spec: directives:11/early
    name, _, early, fixup = ask(site, "/phases/x.txt", "first.test")
    assert (name, early, fixup) == (site.fill("@DOCS@/phases/"), "first.test", site.fill("@DOCS@/phases/"))
    name, _, early, _ = ask(site, "/named/x.txt")
    assert (name, early) == ("Some Name", "first.test")
    # The handlers of the server level have no directory, and the early phase has no other ones.
    assert ask(site, "/x.txt", "third.test")[2] == "third.test"
    assert ask(site, "/x.txt", "second.test")[2] == "first.test"
