"""req.add_handler: which phase, in which order, with which directory, in which interpreter."""

import pytest

from harness import server

CONFIG = """
PythonPath "['@ROOT@/lib', *sys.path]"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler added::first added::last
</Directory>
<Directory "@DOCS@/early">
    PythonFixupHandler added::fixup
</Directory>
<Directory "@DOCS@/path">
    PythonInterpreter own_path
    PythonHandler pathless::handler
</Directory>
<Directory "@DOCS@/elsewhere">
    PythonInterpPerDirective On
    PythonFixupHandler added::fixup
</Directory>
<Directory "@DOCS@/nothing">
    PythonFixupHandler added::fixup
    SetHandler mod_python
</Directory>
"""

# The query names what to add: PHASE/HANDLER[/DIR], several by commas; bytes of DIR with + for slashes.
ADDED = """
import sys

from mod_python import apache

def add(req):
    for item in (req.args or "").split(","):
        if item:
            phase, handler, *directory = item.split("/")
            req.add_handler(phase, handler.replace("+", "::"), *(part.replace("+", "/") for part in directory))

def first(req):
    add(req)
    req.write("first ", 0)
    return apache.OK

def last(req):
    req.write("last ", 0)
    return apache.OK

def fixup(req):
    add(req)
    req.log_error("fixup in " + apache.interpreter, apache.APLOG_INFO)
    return apache.OK

def more(req):
    req.write("more ", 0)
    return apache.OK

def again(req):
    req.write("again ", 0)
    if not getattr(req, "once", False):
        req.once = True
        req.add_handler("PythonHandler", "added::again")
    return apache.OK

def done(req):
    req.write("done ", 0)
    return apache.DONE

def refuses(req):
    return apache.HTTP_FORBIDDEN

def log(req):
    req.log_error("logged by " + str(req.hlist.directory), apache.APLOG_INFO)
    return apache.OK

def handler(req):
    req.write("default function ", 0)
    return apache.OK

def where(req):
    req.write("[%s %s] " % (req.hlist.handler, req.hlist.directory), 0)
    return apache.OK

def interpreter(req):
    req.write("in " + apache.interpreter, 0)
    return apache.OK

def arguments(req):
    def caught(*args):
        try:
            return req.add_handler(*args)
        except Exception as error:
            return (type(error).__name__, str(error))
    names = ("PythonPostReadRequestHandler", "PythonTransHandler", "PythonHeaderParserHandler", "PythonInitHandler",
             "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonTypeHandler",
             "PythonFixupHandler", "PythonLogHandler")
    req.write(repr([caught(name, "no_such_module") for name in names[:-1]]) + "\\n", 0)
    for name in ("PythonCleanupHandler", "PythonConnectionHandler", "pythonhandler", "Handler", "", "PythonOutputFilter"):
        req.write(repr(caught(name, "added::more")) + "\\n", 0)
    for args in (("PythonLogHandler", 1), ("PythonLogHandler", more), ("PythonLogHandler", None), (1, "x"), (), ("x",),
                 ("PythonLogHandler", "x", 1), ("PythonLogHandler", "x", b"/"), ("PythonLogHandler", "x", "/", 1)):
        req.write(caught(*args)[0] + "\\n", 0)
    req.write(caught("PythonLogHandler", "a\\0b")[0] + "\\n", 0)
    req.write(repr(caught("PythonLogHandler", "added::log", None)), 0)
    return apache.OK

def from_cleanup(data):
    data.add_handler("PythonHandler", "added::more")
    data.add_handler("PythonLogHandler", "added::more")
    data.log_error("added in a cleanup", apache.APLOG_INFO)

def registers(req):
    req.register_cleanup(from_cleanup, req)
    return apache.OK
"""

PATHLESS = """
from mod_python import apache

def handler(req):
    req.add_handler("PythonHandler", "faraway", "@ROOT@/far/../far")
    return apache.OK
"""

FAR = """
import sys

from mod_python import apache

def handler(req):
    req.write("%s %s %s" % (__file__, req.hlist.directory, sys.path.count("@ROOT@/far/")), 0)
    return apache.OK
"""

FOLDERS = ("early", "elsewhere", "nothing")

site = server(
    CONFIG,
    {
        "lib/added.py": ADDED,
        "lib/pathless.py": PATHLESS,
        "far/faraway.py": FAR,
        "htdocs/path/x": "",
        **{f"htdocs/{folder}/x": "" for folder in FOLDERS},
    },
)

no_path = server(
    '<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler pathless\n</Directory>',
    {"htdocs/pathless.py": PATHLESS, "far/faraway.py": FAR},
)


def body(site, *items, path="/x"):
    answer = site.get(f"{path}?{','.join(items)}")
    assert answer.status == 200, answer
    return answer.text.strip()


def test_added_to_the_running_phase(site):
    # spec: api:6.2/add_handler, directives:4.4.6
    assert body(site) == "first last"
    assert body(site, "PythonHandler/added+more") == "first last more"
    assert body(site, "PythonHandler/added+more", "PythonHandler/added+where") == "first last more [added::where None]"
    assert body(site, "PythonHandler/added") == "first last default function"


def test_an_added_handler_adds_another(site):
    # spec: api:6.2/add_handler
    assert body(site, "PythonHandler/added+again") == "first last again again"


def test_added_handlers_follow_the_chain_rule(site):
    # spec: api:6.2/add_handler
    assert body(site, "PythonHandler/added+done", "PythonHandler/added+more") == "first last done"


def test_added_to_a_later_phase(site):
    # spec: api:6.2/add_handler
    assert body(site, "PythonLogHandler/added+log") == "first last"
    assert site.log.wait_for("logged by None")


def test_added_by_an_earlier_phase_follows_the_configured(site):
    # spec: directives:4.4.6
    # The query is read by the fixup handler and by the content handler.
    assert body(site, "PythonHandler/added+more", path="/early/x").split() == ["first", "last", "more", "more"]


def test_a_past_phase_does_not_run(site):
    # spec: api:6.2/add_handler
    assert body(site, "PythonFixupHandler/added+refuses", "PythonAccessHandler/added+refuses") == "first last"
    answer = site.get("/early/x?PythonAccessHandler/added+refuses")
    assert answer.status == 200
    assert site.get("/early/x?PythonFixupHandler/added+refuses").status == 403


def test_added_for_this_request_only(site):
    # spec: api:6.2/add_handler
    with site.connect() as connection:
        assert b"more" in connection.request("GET", "/x?PythonHandler/added+more").body
        assert b"more" not in connection.request("GET", "/x").body


def test_directory(site):
    # spec: directives:4.6/add-handler-dir, directives:4.6/add-handler
    root = str(site.root)
    added = root.replace("/", "+")
    assert body(site, f"PythonHandler/added+where/{added}") == f"first last [added::where {root}/]"
    assert body(site, f"PythonHandler/added+where/{added}+far+..+lib++") == f"first last [added::where {root}/lib/]"
    assert body(site, "PythonHandler/added+where/relative") == "first last [added::where /relative/]"
    assert body(site, f"PythonLogHandler/added+log/{added}") == "first last"
    assert site.log.wait_for(f"logged by {root}/")


def test_directory_is_imported_from(no_path):
    # spec: api:6.2/add_handler
    root = str(no_path.root)
    for _ in range(3):
        assert body(no_path) == f"{root}/far/faraway.py {root}/far/ 1"


def test_directory_is_not_on_the_path_with_python_path(site):
    # spec: api:6.2/add_handler
    site.log.expect("MPY0401: PythonHandler faraway: uncaught ModuleNotFoundError", times=1)
    site.log.expect_traceback("No module named 'faraway'")
    assert site.get("/path/x").status == 500


def test_arguments(site):
    # spec: api:6.2/add_handler, directives:9.11.3
    lines = body(site, "PythonHandler/added+arguments").removeprefix("first last ").splitlines()
    assert site.log.wait_for("logged by None")
    assert lines[0] == repr([None] * 9)
    names = ("PythonCleanupHandler", "PythonConnectionHandler", "pythonhandler", "Handler", "", "PythonOutputFilter")
    assert lines[1:7] == [repr(("IndexError", f"Invalid phase: {name}")) for name in names]
    assert lines[7:] == ["TypeError"] * 9 + ["ValueError", "None"]


def test_an_empty_handler_fails_when_it_runs(site):
    # spec: api:6.2/add_handler-empty
    site.log.expect("MPY0401: PythonHandler : uncaught", times=1)
    site.log.expect_traceback(r"PythonHandler : \w+: ")
    assert site.get("/x?PythonHandler/").status == 500


def test_a_missing_module_fails_when_it_runs(site):
    # spec: api:6.2/add_handler
    site.log.expect("MPY0401: PythonHandler no_such: uncaught ModuleNotFoundError", times=1)
    site.log.expect_traceback("ModuleNotFoundError: No module named 'no_such'")
    assert site.get("/x?PythonHandler/no_such").status == 500


@pytest.mark.interpreters
def test_the_interpreter_is_that_of_the_phase(site):
    # spec: api:6.2/add_handler-interpreter
    assert body(site, "PythonHandler/added+interpreter", path="/elsewhere/x").endswith(f"in {site.docs}/")
    assert site.log.find(f"fixup in {site.docs}/elsewhere/")


def test_outside_phases(site):
    # spec: api:6.2/add_handler-no-phase, api:A-14
    assert body(site, "PythonHandler/added+registers") == "first last"
    assert site.log.wait_for("added in a cleanup")
    assert body(site) == "first last"
