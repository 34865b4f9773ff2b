"""req.register_cleanup: when, in which order, in which interpreter, and what an exception does."""

import pytest

from harness import server

CONFIG = """
PythonPath "['@ROOT@/lib', *sys.path]"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler cleaning
    PythonCleanupHandler cleaning
</Directory>
<Directory "@DOCS@/two">
    PythonInterpPerDirective On
    PythonFixupHandler cleaning::from_fixup
</Directory>
"""

CLEANING = """
import gc
import weakref

from mod_python import apache

class Kept:
    pass

kept = weakref.WeakSet()

def log(text):
    apache.log_error("%s in %s" % (text, apache.interpreter), apache.APLOG_NOTICE)

def fails(data):
    raise ValueError(data)

def uses(req):
    req.log_error("cleanup of %s, %s, %s" % (req.uri, req.mark, getattr(req, "phase", None)), apache.APLOG_INFO)

def registers(data):
    data.register_cleanup(log, "registered by a cleanup")

def caught(call, *args):
    try:
        return call(*args)
    except Exception as error:
        return [type(error).__name__, str(error)]

def from_fixup(req):
    req.register_cleanup(log, "cleanup of the fixup")
    return apache.OK

def handler(req):
    req.mark = "marked"
    if req.args == "order":
        for name in ("one", "two", "three"):
            req.register_cleanup(log, "cleanup " + name)
        log("handler")
    elif req.args == "no-data":
        req.register_cleanup(log)
    elif req.args == "fails":
        req.register_cleanup(log, "runs all the same")
        req.register_cleanup(fails, "on purpose")
        req.register_cleanup(log, "runs before")
    elif req.args == "request":
        req.register_cleanup(uses, req)
    elif req.args == "registers":
        req.register_cleanup(registers, req)
    elif req.args == "arguments":
        wrong = [caught(req.register_cleanup, value) for value in (None, 1, "log")]
        wrong.append(caught(req.register_cleanup)[0])
        wrong.append(caught(req.register_cleanup, log, 1, 2)[0])
        req.write(repr(wrong))
    elif req.args == "count":
        gc.collect()
        req.write(str(len(kept)))
    elif req.args == "keep":
        for _ in range(10):
            item = Kept()
            kept.add(item)
            req.register_cleanup(lambda data: item, item)
    elif req.args == "raises":
        req.register_cleanup(log, "cleanup after the exception")
        raise ValueError("of the handler")
    req.write("done")
    return apache.OK

def cleanuphandler(req):
    log("cleanup handler")
    req.register_cleanup(log, "registered by the cleanup handler")
    return apache.OK
"""

site = server(CONFIG, {"lib/cleaning.py": CLEANING, "htdocs/two/x": ""}, processes=1)


def lines(site, times, pattern=r" in (localhost|/\S+)$"):
    """Wait for so many lines and return them without their beginning."""
    return [line.rpartition("] ")[2] for line in site.log.wait_for(pattern, times=times)]


def test_last_in_first_out_before_the_cleanup_handlers(site):
    # spec: api:6.2/register_cleanup, directives:9.11.1, interpreters:8/req.register_cleanup
    assert site.get("/x?order").text == "done"
    names = ("handler", "cleanup three", "cleanup two", "cleanup one", "cleanup handler")
    assert lines(site, 5)[:5] == [f"{name} in localhost" for name in names]


def test_a_cleanup_without_data_gets_none(site):
    # spec: api:6.2/register_cleanup
    site.get("/x?no-data")
    assert lines(site, 2)[0] == "None in localhost"


def test_the_request_is_usable(site):
    # spec: api:6.2/register_cleanup, api:6.0.1, interpreters:8.7, directives:6/step-7
    site.get("/x?request")
    assert lines(site, 1, "cleanup of ") == ["cleanup of /x, marked, None"]


def test_a_failing_cleanup_does_not_stop_the_others(site):
    # spec: api:6.2/register_cleanup
    site.log.expect("python_cleanup: Error calling cleanup object <function fails at 0x", times=1)
    site.log.expect("    <class 'ValueError'>: on purpose$", times=1)
    site.get("/x?fails")
    assert lines(site, 3)[:3] == [f"{name} in localhost" for name in ("runs before", "runs all the same", "cleanup handler")]


def test_registering_during_cleanup(site):
    # spec: directives:9.11.4
    site.get("/x?registers")
    assert lines(site, 2)[:2] == [f"{name} in localhost" for name in ("registered by a cleanup", "cleanup handler")]
    assert site.get("/x").text == "done"


def test_after_an_exception(site):
    # spec: api:6.2/register_cleanup
    site.log.expect("MPY0401: PythonHandler cleaning: uncaught ValueError", times=1)
    site.log.expect_traceback("ValueError: of the handler")
    assert site.get("/x?raises").status == 500
    assert lines(site, 2)[0] == "cleanup after the exception in localhost"


def test_arguments(site):
    # spec: api:6.2/register_cleanup
    wrong = ["ValueError", "first argument must be a callable object"]
    expected = [wrong, wrong, wrong, "TypeError", "TypeError"]
    assert site.get("/x?arguments").text == f"{expected}done"


def test_nothing_is_kept(site):
    # spec: api:A-26
    for _ in range(5):
        site.get("/x?keep")
    # The last cleanups may still be running when their response is here.
    counts = [site.get("/x?count").text for _ in range(5)]
    assert counts[-1] == "0done"


@pytest.mark.interpreters
def test_in_the_interpreter_that_registered(site):
    # spec: api:6.2/register_cleanup, interpreters:8/req.register_cleanup
    site.get("/two/x?order")
    found = lines(site, 6)
    assert f"cleanup of the fixup in {site.docs}/two/" in found
    assert [line for line in found if line.startswith("cleanup ") and "fixup" not in line][:3] == [
        f"cleanup {name} in {site.docs}/" for name in ("three", "two", "one")
    ]
