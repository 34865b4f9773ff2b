"""The default importer below handler directives: what a change of a file does to the requests after it."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import server


def module(text, above=""):
    """Return a handler module that answers with the process, and an expression's value."""
    return f"import os\n{above}\ndef handler(req):\n    req.write(f'{{os.getpid()}} ' + str({text}))\n    return 0\n"


#: Folder below htdocs -> what stands in its section; each has a module of its own, since all share one interpreter.
SECTIONS = {
    "edits": "PythonHandler edits",
    "older": "PythonHandler older",
    "globals": "PythonHandler globals_kept",
    "helped": "PythonHandler helped",
    "package": "PythonHandler pack.inner.leaf",
    "broken": "PythonHandler broken",
    "first-broken": "PythonHandler first_broken",
    "gone": "PythonHandler gone",
    "off": "PythonHandler off\nPythonAutoReload Off",
    "same-a": "PythonHandler same",
    "same-b": "PythonHandler same",
    "own-a": "PythonHandler own\nPythonInterpPerDirectory On",
    "own-b": "PythonHandler own\nPythonInterpPerDirectory On",
    "debug": "PythonHandler debugged\nPythonDebug On",
    "quiet": "PythonHandler quiet",
    "built-in": "PythonHandler builtin_user",
    "busy": "PythonHandler busy",
}

CONFIG = "SetHandler mod_python\n" + "\n".join(
    f'<Directory "@DOCS@/{name}">\n{text}\n</Directory>' for name, text in SECTIONS.items()
)

PRINT_NAME = module("__name__ + ' ' + os.path.basename(os.path.dirname(__file__))")

FILES = {
    "htdocs/edits/edits.py": module("'00'"),
    "htdocs/older/older.py": module("'new'"),
    "htdocs/globals/globals_kept.py": module("old() + str(kept)", "kept = 1\ndef old():\n    return 'old '"),
    "htdocs/helped/helped.py": module(
        "helper.value + reloaded.value",
        "import helper\nfrom mod_python import apache\nreloaded = apache.import_module('reloaded_helper')",
    ),
    "htdocs/helped/helper.py": "value = 'a'",
    "htdocs/helped/reloaded_helper.py": "value = 'a'",
    "htdocs/package/pack/__init__.py": "runs = globals().get('runs', 0) + 1",
    "htdocs/package/pack/inner/__init__.py": "",
    "htdocs/package/pack/inner/leaf.py": module("str(pack.runs) + ' one'", "import pack"),
    "htdocs/broken/broken.py": module("'whole'"),
    "htdocs/first-broken/first_broken.py": "def handler(:\n",
    "htdocs/gone/gone.py": module("'here'"),
    "htdocs/off/off.py": module("'one'"),
    "htdocs/same-a/same.py": PRINT_NAME,
    "htdocs/same-b/same.py": PRINT_NAME,
    "htdocs/own-a/own.py": PRINT_NAME,
    "htdocs/own-b/own.py": PRINT_NAME,
    "htdocs/debug/debugged.py": module("'one'"),
    "htdocs/quiet/quiet.py": module("'one'"),
    "htdocs/built-in/builtin_user.py": module(
        "[apache.import_module(name) is sys.modules[name] for name in ('sys', 'time', '_ctypes')]",
        "import sys, time, _ctypes\nfrom mod_python import apache",
    ),
    "htdocs/busy/busy.py": module("value", "value = 0"),
}

site = server(CONFIG, FILES, processes=1)


def said(site, folder):
    """Return what the handler of a folder answers, without the process."""
    answer = site.get(f"/{folder}/x")
    assert answer.status == 200, (answer, site.log.text())
    return answer.text.partition(" ")[2]


def answers_of_both(site):
    """Return what two children answer: {process: set of texts}."""
    found = {}
    end = time.monotonic() + 30
    while len(found) < 2:
        assert time.monotonic() < end, f"only one child ever answered: {found}"
        # Side by side, or one child might take them all.
        with ThreadPoolExecutor(6) as pool:
            for answer in pool.map(lambda _: site.get("/x"), range(12)):
                assert answer.status == 200
                pid, _, text = answer.text.partition(" ")
                found.setdefault(pid, set()).add(text)
    return found


def test_every_child_sees_a_change(httpd):
    # spec: interpreters:6/reload, interpreters:6.2.3, interpreters:I-1
    config = '<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler app\n</Directory>'
    site = httpd(config=config, files={"htdocs/app.py": module("'first'")}, processes=2)
    before = answers_of_both(site)
    assert set.union(*before.values()) == {"first"}
    for value in ("second", "other!"):
        site.write("htdocs/app.py", module(repr(value)))
        after = answers_of_both(site)
        assert set.union(*after.values()) == {value}
        # The same children, not new ones.
        assert set(after) <= set(before)


def test_edits_of_one_size_within_a_second(site):
    # spec: interpreters:6.2.2, interpreters:6.1/step-4
    for number in range(1, 30):
        site.write("htdocs/edits/edits.py", module(f"'{number:02}'"))
        assert said(site, "edits") == f"{number:02}"
        assert said(site, "edits") == f"{number:02}"


def test_older_date(site):
    # spec: interpreters:6.1.2
    assert said(site, "older") == "new"
    file = site.write("htdocs/older/older.py", module("'old'"))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert said(site, "older") == "old"


def test_globals_survive_a_reload(site):
    # spec: interpreters:6.1.1, interpreters:6/reload, interpreters:6.2.5
    assert said(site, "globals") == "old 1"
    site.write("htdocs/globals/globals_kept.py", module("old() + str(kept + 1)"))
    assert said(site, "globals") == "old 2"


def test_only_the_handlers_module_is_checked(site):
    # spec: interpreters:6.1.4
    assert said(site, "helped") == "aa"
    site.write("htdocs/helped/helper.py", "value = 'b'")
    site.write("htdocs/helped/reloaded_helper.py", "value = 'b'")
    assert said(site, "helped") == "aa"
    # The handler's module runs again: its import statement finds what is there, import_module looks at the file.
    os.utime(site.docs / "helped/helped.py", (1_000_000_000, 1_000_000_000))
    assert said(site, "helped") == "ab"


def test_package(site):
    # spec: interpreters:6/packages
    assert said(site, "package") == "1 one"
    site.write("htdocs/package/pack/inner/leaf.py", module("str(pack.runs) + ' two'", "import pack"))
    # The package's own file is as it was, so it does not run again.
    assert said(site, "package") == "1 two"
    site.write("htdocs/package/pack/__init__.py", "runs = globals().get('runs', 0) + 10")
    site.write("htdocs/package/pack/inner/leaf.py", module("str(pack.runs) + ' three'", "import pack"))
    assert said(site, "package") == "11 three"


@pytest.mark.parametrize(
    ("source", "last"),
    [("def handler(:\n", "SyntaxError: invalid syntax"), ("lost = 1\nraise ValueError('half way')\n", "ValueError: half way")],
)
def test_failed_reload_and_repair(site, source, last):
    # spec: interpreters:6.1.6
    site.write("htdocs/broken/broken.py", module("'whole'"))
    assert said(site, "broken") == "whole"
    site.write("htdocs/broken/broken.py", source)
    site.log.expect_traceback(f"PythonHandler broken: {last}", times=2)
    for _ in range(2):
        assert site.get("/broken/x").status == 500
    site.write("htdocs/broken/broken.py", module("'whole again ' + str('lost' in globals())"))
    assert said(site, "broken") == "whole again False"


def test_failed_first_import_and_repair(site):
    # spec: interpreters:6.1.6, interpreters:6.1/step-2
    site.log.expect_traceback("PythonHandler first_broken: SyntaxError: invalid syntax", times=2)
    for _ in range(2):
        assert site.get("/first-broken/x").status == 500
    site.write("htdocs/first-broken/first_broken.py", module("'repaired'"))
    assert said(site, "first-broken") == "repaired"


def test_removed_file(site):
    # spec: interpreters:6/reload
    assert said(site, "gone") == "here"
    (site.docs / "gone/gone.py").unlink()
    site.log.expect_traceback("PythonHandler gone: ModuleNotFoundError: No module named 'gone'", times=1)
    assert site.get("/gone/x").status == 500
    site.write("htdocs/gone/gone.py", module("'back'"))
    assert said(site, "gone") == "back"


def test_autoreload_off(site):
    # spec: interpreters:6.2.1, directives:1/PythonAutoReload
    assert said(site, "off") == "one"
    site.write("htdocs/off/off.py", module("'two'"))
    assert said(site, "off") == "one"
    (site.docs / "off/off.py").unlink()
    assert said(site, "off") == "one"


def test_same_name_in_two_directories(site):
    # spec: interpreters:6.1.5, interpreters:6/identity
    assert said(site, "same-a") == "same same-a"
    assert said(site, "same-b") == "same same-a"
    # With an interpreter for each directory they do not meet.
    assert said(site, "own-a") == "own own-a"
    assert said(site, "own-b") == "own own-b"


def test_debug_logs_imports(site):
    # spec: interpreters:6.1/step-3
    said(site, "debug"), said(site, "debug"), said(site, "quiet")
    assert len(site.log.find(r"\[python:notice\].* mod_python: \(Re\)importing module 'debugged'$")) == 1
    site.write("htdocs/debug/debugged.py", module("'two'"))
    site.write("htdocs/quiet/quiet.py", module("'two'"))
    assert [said(site, "debug"), said(site, "debug"), said(site, "quiet")] == ["two", "two", "two"]
    assert len(site.log.find("importing module")) == 2


def test_modules_without_a_source_file(site):
    # spec: interpreters:6.1.7
    for _ in range(2):
        assert said(site, "built-in") == "[True, True, True]"


def test_change_under_load(site):
    # spec: interpreters:6.2.5
    stop = threading.Event()
    seen = []

    def ask():
        while not stop.is_set():
            answer = site.get("/busy/x")
            seen.append((answer.status, answer.text.partition(" ")[2]))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for number in range(1, 41):
            # In one step, as a deployment does it: nobody reads half a file.
            new = site.write("htdocs/busy/new", module("value", f"value = {number}"))
            os.replace(new, site.docs / "busy/busy.py")
            assert said(site, "busy") == str(number)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert len(seen) > 40
    assert {status for status, _ in seen} == {200}
    assert {text for _, text in seen} <= {str(number) for number in range(41)}


WAIT = """
import os, time
from mod_python import apache
open("@ROOT@/tmp/started", "w").close()
while not os.path.exists("@ROOT@/tmp/gate"):
    time.sleep(0.01)
def handler(req):
    req.write(f"{os.getpid()} slow")
    return 0
"""

SLOW = """
<Directory "@DOCS@">
    SetHandler mod_python
    <Files "slow">
        PythonHandler slow_module
    </Files>
    <Files "quick">
        PythonHandler quick_module
    </Files>
</Directory>
"""


@pytest.fixture(params=["worker", "event"])
def threaded(request, tree):
    """A server with one child of many threads."""
    from harness.httpd import Httpd

    files = {"htdocs/slow_module.py": WAIT, "htdocs/quick_module.py": module("'quick'")}
    with Httpd(tree, request.param, SLOW, files, processes=1, threads=4) as httpd:
        yield httpd


def test_slow_import_holds_up_no_other_module(threaded):
    # spec: interpreters:I-18, interpreters:6.2.5
    with ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(threaded.get, "/slow") for _ in range(2)]
        end = time.monotonic() + 10
        try:
            while not (threaded.root / "tmp/started").exists():
                assert time.monotonic() < end
                time.sleep(0.01)
            # Imported for the first time and reloaded while the other still runs, by the same process.
            first = threaded.get("/quick")
            threaded.write("htdocs/quick_module.py", module("'changed'"))
            second = threaded.get("/quick")
            assert not any(answer.done() for answer in slow)
        finally:
            (threaded.root / "tmp/gate").touch()
    pids, texts = zip(*(answer.text.split() for answer in (first, second, *(s.result() for s in slow))))
    assert texts == ("quick", "changed", "slow", "slow")
    assert len(set(pids)) == 1
