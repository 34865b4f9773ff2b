"""PythonCleanupHandler and req.register_cleanup: when the request's memory goes."""

from harness import server

CLEANUP = '''
from mod_python import apache

kept = []

def note(text):
    apache.log_error("CLEAN " + text, apache.APLOG_NOTICE)

def handler(req):
    req.register_cleanup(note, "first registered")
    req.register_cleanup(note, "second registered")
    req.kept = "kept"
    req.write("done")
    return apache.OK

def cleanuphandler(req):
    note("handler %s %s %s" % (req.phase, req.uri, req.kept))
    return apache.OK

def late(req):
    req.register_cleanup(note, "registered late")
    note("late handler")
    return apache.OK

def add(req):
    try:
        req.add_handler("PythonCleanupHandler", "cleanup::late")
    except IndexError as error:
        req.write("IndexError")
    return apache.OK

def returning(req):
    note("returning")
    return 500

def wrong(req):
    note("wrong")
    return "text"

def broken(req):
    def fail(data):
        raise ValueError("in a cleanup")
    req.register_cleanup(note, "runs after the broken one")
    req.register_cleanup(fail)
    req.write("done")
    return apache.OK

def keep(req):
    kept.append(req)
    req.write("kept")
    return apache.OK

def use(req):
    try:
        kept[-1].uri
    except apache.ExpiredError as error:
        req.write("expired")
    return apache.OK
'''

HANDLERS = {
    "both": "PythonHandler cleanup\nPythonCleanupHandler cleanup",
    "late": "PythonHandler cleanup\nPythonCleanupHandler cleanup::late",
    "add": "PythonHandler cleanup::add",
    "returning": "PythonHandler cleanup\nPythonCleanupHandler cleanup::returning",
    "wrong": "PythonHandler cleanup\nPythonCleanupHandler cleanup::wrong",
    "broken": "PythonHandler cleanup::broken\nPythonCleanupHandler cleanup::late",
    "keep": "PythonHandler cleanup::keep",
    "use": "PythonHandler cleanup::use",
    "static": "SetHandler none\nPythonCleanupHandler cleanup::late",
}

CONFIG = "PythonPath \"sys.path + ['@ROOT@/python']\"\nPythonDebug On\n" + "\n".join(
    f'<Directory "@DOCS@/{name}">\nSetHandler mod_python\n{lines}\n</Directory>' for name, lines in HANDLERS.items()
)

site = server(
    CONFIG,
    {
        "python/cleanup.py": CLEANUP,
        "htdocs/static/file.txt": "static",
        **{f"htdocs/{name}/.keep": "" for name in HANDLERS},
    },
    processes=1,
)


def said(site, last):
    site.log.wait_for(f"CLEAN {last}")
    return [line.split("CLEAN ")[1] for line in site.log.find("CLEAN ")]


def test_after_the_registered_callables(site):
    # spec: directives:9.11.1, directives:5.1.1, directives:9.11.5, directives:6/step-4
    # spec: interpreters:8/PythonCleanupHandler
    assert site.get("/both/x").text == "done"
    assert said(site, "handler") == [
        "second registered", "first registered", "handler PythonCleanupHandler /both/x kept",
    ]  # fmt: skip


def test_registering_there_does_no_harm(site):
    # spec: directives:9.11.4
    for _ in range(3):
        assert site.get("/late/x").text == "done"
    site.log.wait_for("CLEAN late handler", times=3)


def test_cannot_be_added(site):
    # spec: directives:9.11.3
    assert site.get("/add/x").text == "IndexError"


def test_results_mean_nothing_for_the_client(site):
    # spec: directives:9.11.2
    assert site.get("/returning/x").status == 200
    said(site, "returning")


def test_wrong_results_are_logged(site):
    # spec: directives:9.11.2, directives:7.11, directives:7.12
    site.log.expect("MPY0401: PythonCleanupHandler cleanup::wrong: uncaught AssertionError", times=1)
    site.log.expect("PythonCleanupHandler cleanup::wrong: AssertionError: .* found str, expected int", times=1)
    assert site.get("/wrong/x").text == "done"
    said(site, "wrong")


def test_a_callable_that_raises_stops_no_other(site):
    # spec: directives:9.11.1, directives:7.12
    site.log.expect("python_cleanup: Error calling cleanup object <function broken.<locals>.fail", times=1)
    site.log.expect("ValueError'>: in a cleanup", times=1)
    assert site.get("/broken/x").text == "done"
    assert said(site, "late handler")[:2] == ["runs after the broken one", "late handler"]


def test_no_python_no_cleanup(site):
    # spec: directives:5.1.7
    assert site.get("/static/file.txt").text == "static"
    assert site.get("/late/x").text == "done"
    site.log.wait_for("CLEAN late handler")
    assert len(site.log.find("CLEAN late handler")) == 1


def test_objects_expire(site):
    # spec: directives:9.11.1
    assert site.get("/keep/x").text == "kept"
    assert site.get("/use/x").text == "expired"
