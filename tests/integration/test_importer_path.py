"""The path importer inside httpd: PythonOption mod_python.importer path and what belongs to it."""

import os
import re
import threading

import pytest

from harness import server

ANSWER = "import sys\nfrom mod_python import apache\ndef handler(req):\n    req.write(str({}))\n    return apache.OK\n"


def module(text, above=""):
    """Return a handler module that answers with the value of an expression."""
    return above + "\n" + ANSWER.format(text)


SECTIONS = {
    "same-a": "PythonHandler same",
    "same-b": "PythonHandler same",
    "search": "PythonHandler search\nPythonOption mod_python.importer.path \"['@ROOT@/option', '~/below']\"",
    "forms/dot": "PythonHandler ./app.txt",
    "forms/dotdot": "PythonHandler ../shared.py",
    "forms/home": "PythonHandler ~/app.txt",
    "forms/absolute": "PythonHandler @DOCS@/forms/shared.py::handler",
    "forms/pseudo": "PythonHandler inside/leaf",
    "forms/package": "PythonHandler inside.leaf",
    "root": "PythonHandler root_first\nPythonHandler root_second",
    "depends": "PythonHandler depends",
    "clone": "PythonHandler clone\nPythonDebug On",
    "purge": "PythonHandler purge\nPythonDebug On",
    "broken": "PythonHandler broken",
    "once": "PythonFixupHandler once::fixup\nPythonHandler once",
    "gone": "PythonHandler gone",
    "cycle": "PythonHandler cycle",
    "off": "PythonHandler off\nPythonAutoReload Off",
    "info": "PythonHandler info",
    "on-path": "PythonHandler on_path\nPythonDebug On\nPythonInterpreter on-path",
    "frozen": "PythonHandler frozen\nPythonInterpreter frozen",
    "legacy": "PythonHandler legacy_module\nPythonInterpreter legacy",
    "plain": "PythonHandler plain_module\nPythonOption mod_python.importer default\nPythonInterpreter plain",
    "mixed-by-name": "PythonHandler mixed\nPythonOption mod_python.importer default\nPythonInterpreter plain",
    "mixed-by-file": "PythonHandler mixed\nPythonInterpreter plain",
    "busy": "PythonHandler busy\nPythonInterpreter busy",
    "path": "PythonHandler with_path\nPythonPath \"sys.path + ['@ROOT@/standard']\"\nPythonInterpreter path",
}

CONFIG = """
SetHandler mod_python
PythonOption mod_python.importer path
PythonOption mod_python.legacy.importer "other, legacy"
PythonImport mod_python.apache::freeze_modules frozen
""" + "\n".join(f'<Directory "@DOCS@/{name}">\n{text}\n</Directory>' for name, text in SECTIONS.items())

SEARCH = """
import sys
from mod_python import apache
__mp_path__ = ["@ROOT@/mp"]

def handler(req):
    path = [req.args] if req.args else None
    try:
        found = apache.import_module("target", path=path)
    except ImportError as error:
        found = error
    req.write(getattr(found, "place", repr(found)))
    return apache.OK
"""

DEPENDS = module("' '.join(('top', middle.value, bottom()))", "import middle\nfrom middle import bottom")

#: Changes a file of its own between two imports of one request: in fixup, and again before the content.
ONCE = """
from mod_python import apache

def write(value):
    with open("@ROOT@/tmp/changing.py", "w") as file:
        file.write("value = %r" % value)

def changing():
    return apache.import_module("changing", path=["@ROOT@/tmp"]).value

def fixup(req):
    write(req.args)
    req.notes["fixup"] = changing()
    write(req.args + " changed")
    req.notes["fixup"] += "," + changing()
    return apache.OK

def handler(req):
    req.write(req.notes["fixup"] + "," + changing())
    return apache.OK
"""

FILES = {
    "htdocs/same-a/same.py": module("'a ' + str('same' in sys.modules)"),
    "htdocs/same-b/same.py": module("'b ' + str([p for p in sys.path if '@DOCS@' in p])"),
    "htdocs/search/search.py": SEARCH,
    "htdocs/search/target.py": "place = 'caller'",
    "argument/target.py": "place = 'argument'",
    "mp/target.py": "place = 'mp'",
    "option/target.py": "place = 'option'",
    "htdocs/search/below/target.py": "place = 'below the root'",
    "htdocs/forms/shared.py": module("'shared'"),
    "htdocs/forms/dot/app.txt": module("'dot'"),
    "htdocs/forms/home/app.txt": module("'home'"),
    "htdocs/forms/dotdot/.keep": "",
    "htdocs/forms/absolute/.keep": "",
    "htdocs/forms/pseudo/inside/leaf.py": module("'leaf'"),
    "htdocs/forms/package/inside/__init__.py": "",
    "htdocs/forms/package/inside/leaf.py": module("'leaf'"),
    "htdocs/root/root_first.py": module("apache.get_handler_root()"),
    "htdocs/root/root_second.py": module(
        "' ' + apache.import_module('~/near.py').value + ' ' + apache.import_module('./near.py').value"
    ),
    "htdocs/root/near.py": "value = 'near'",
    "htdocs/depends/depends.py": DEPENDS,
    "htdocs/depends/middle.py": "import lowest\nvalue = 'middle'\ndef bottom():\n    return lowest.value",
    "htdocs/depends/lowest.py": "value = 'bottom'",
    "htdocs/clone/clone.py": module("state", "state = ['kept']\ndef __mp_clone__(new):\n    new.state = state + ['on']"),
    "htdocs/purge/purge.py": module(
        "sys.purged",
        "import sys\nsys.purged = getattr(sys, 'purged', 0)\ndef __mp_clone__(new):\n    raise ValueError('no clone')\n"
        "def __mp_purge__():\n    sys.purged += 1\n",
    ),
    "htdocs/broken/broken.py": module("'whole'"),
    "htdocs/once/once.py": ONCE,
    "htdocs/gone/gone.py": module("'here'"),
    "htdocs/cycle/cycle.py": module("'never'", "import cycle"),
    "htdocs/off/off.py": module("'one ' + off_helper.value", "import off_helper"),
    "htdocs/off/off_helper.py": "value = 'one'",
    "htdocs/info/info.py": module("[eval(text, globals()) for text in CODE]", "import part\nCODE = []"),
    "htdocs/info/part.py": "value = 1",
    "htdocs/on-path/on_path.py": module("'here'", "import sys\nsys.path.append('@DOCS@/on-path')"),
    "htdocs/frozen/frozen.py": module("'one'"),
    "htdocs/legacy/legacy_module.py": module("__name__ + ' ' + str('@DOCS@/legacy/' in sys.path)"),
    "htdocs/plain/plain_module.py": module("__name__ + ' ' + str('@DOCS@/plain/' in sys.path)"),
    "htdocs/busy/busy.py": module("f'{first.value} {second.value} {first.lowest is second.lowest}'", "import first, second"),
    "htdocs/busy/first.py": "import lowest\nvalue = lowest.value",
    "htdocs/busy/second.py": "import lowest\nvalue = lowest.value",
    "htdocs/busy/lowest.py": "value = 0",
    "htdocs/mixed-by-name/mixed.py": module("'by name ' + __name__"),
    "htdocs/mixed-by-file/mixed.py": module("'by file ' + __name__[:4]"),
    "standard/standard_module.py": "value = 'standard'",
    "htdocs/path/with_path.py": module("standard_module.value", "import standard_module"),
}

site = server(CONFIG, FILES, processes=1)


def said(site, folder, query=""):
    """Return what the handler of a folder answers."""
    answer = site.get(f"/{folder}/x{query}")
    assert answer.status == 200, (answer, site.log.text())
    return answer.text


def test_same_name_in_two_directories(site):
    # spec: interpreters:6.3/search, interpreters:6.3.18, directives:4.5.5
    for _ in range(2):
        assert said(site, "same-a") == "a False"
        assert said(site, "same-b") == "b []"


def test_search_order(site):
    # spec: interpreters:6.3/search, interpreters:6.3.4, directives:10/mod_python.importer.path
    order = ["argument", "caller", "mp", "option", "below the root"]
    files = ["argument", "htdocs/search", "mp", "option", "htdocs/search/below"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(site.root)
        for place, folder in zip(order, files):
            assert said(site, "search", f"?{site.root}/argument") == place
            # Renamed, not removed: a file that was loaded is still good after it is gone, as long as no other is found.
            os.rename(f"{folder}/target.py", f"{folder}/was")
        # With none left the first that was loaded serves on, and the log tells.
        site.log.expect(r"File of module '.*/argument/target.py' is gone; keeping the module", times=1)
        assert said(site, "search", f"?{site.root}/argument") == "argument"
        for folder in files:
            os.rename(f"{folder}/was", f"{folder}/target.py")


@pytest.mark.parametrize(
    ("folder", "text"),
    [("dot", "dot"), ("dotdot", "shared"), ("home", "home"), ("absolute", "shared"), ("pseudo", "leaf")],
)
def test_file_names_in_directives(site, folder, text):
    # spec: interpreters:6.3.1, interpreters:6.3.2
    assert said(site, f"forms/{folder}") == text


def test_changed_file_of_a_directive(site):
    # spec: interpreters:6.3.2
    assert said(site, "forms/dot") == "dot"
    site.write("htdocs/forms/dot/app.txt", module("'changed'"))
    assert said(site, "forms/dot") == "changed"
    site.write("htdocs/forms/dot/app.txt", FILES["htdocs/forms/dot/app.txt"])


def test_packages_are_the_standard_importers(site):
    # spec: interpreters:6.3.1
    site.log.expect_traceback("PythonHandler inside.leaf: ModuleNotFoundError: No module named 'inside'", times=1)
    assert site.get("/forms/package/x").status == 500


def test_handler_root(site):
    # spec: interpreters:6.3.3, interpreters:6.3.2
    assert said(site, "root") == f"{site.docs}/root/ near near"


def test_change_of_what_a_module_imported(site):
    # spec: interpreters:6.3.8, interpreters:6.3.7
    assert said(site, "depends") == "top middle bottom"
    site.write("htdocs/depends/lowest.py", "value = 'changed'")
    assert said(site, "depends") == "top middle changed"
    site.write("htdocs/depends/middle.py", FILES["htdocs/depends/middle.py"].replace("'middle'", "'new'"))
    assert said(site, "depends") == "top new changed"


def test_clone_carries_state_over(site):
    # spec: interpreters:6.3.12, interpreters:6.3.16
    assert said(site, "clone") == "['kept']"
    # The new source makes no state of its own.
    site.write("htdocs/clone/clone.py", module("state"))
    assert said(site, "clone") == "['kept', 'on']"
    lines = [line.partition("): ")[2] for line in site.log.find(r"mod_python \(pid=\d+, interpreter='localhost'\): ")]
    file = f"{site.docs}/clone/clone.py"
    assert lines == [f"Importing module '{file}'", f"Reimporting module '{file}'", f"Cloning module '{file}'"]


def test_failing_clone(site):
    # spec: interpreters:6.3.12, interpreters:6.3.16
    assert said(site, "purge") == "0"
    os.utime(site.docs / "purge/purge.py", (1, 1))
    site.log.expect(r":error\].*Cloning module '.*/purge.py' failed", times=1)
    site.log.expect_traceback("ValueError: no clone", times=1)
    assert said(site, "purge") == "1"
    assert len(site.log.find("Purging module '.*/purge.py'")) == 1


def test_failed_reload_and_repair(site):
    # spec: interpreters:6.3.13
    assert said(site, "broken") == "whole"
    site.write("htdocs/broken/broken.py", "def handler(:\n")
    site.log.expect_traceback("PythonHandler broken: SyntaxError: invalid syntax", times=2)
    for _ in range(2):
        assert site.get("/broken/x").status == 500
    site.write("htdocs/broken/broken.py", module("'repaired'"))
    assert said(site, "broken") == "repaired"


def test_each_file_is_decided_once_per_request(site):
    # spec: interpreters:6.3.9
    assert said(site, "once", "?one") == "one,one,one"
    assert said(site, "once", "?three") == "three,three,three"


def test_removed_file(site):
    # spec: interpreters:6.3.10
    assert said(site, "gone") == "here"
    (site.docs / "gone/gone.py").unlink()
    site.log.expect(r":warn\].*File of module '.*/gone.py' is gone; keeping the module", times=1)
    assert said(site, "gone") == "here"


def test_module_importing_itself(site):
    # spec: interpreters:6.3.11
    site.log.expect_traceback("PythonHandler cycle: AssertionError: Import cycle: '.*/cycle.py' imports itself", times=1)
    assert site.get("/cycle/x").status == 500


def test_autoreload_off(site):
    # spec: interpreters:6.3.6
    assert said(site, "off") == "one one"
    site.write("htdocs/off/off_helper.py", "value = 'two'")
    site.write("htdocs/off/off.py", module("'two'"))
    assert said(site, "off") == "one one"


INFO = """
CODE = [
    "__name__ in sys.modules",
    "(__mp_info__.file, sorted(__mp_info__.children))",
    "apache.module_info(__name__).file",
    "apache.modules_graph()",
    "apache.request_modules_graph(1)",
    "apache.import_module('part') is part",
    "apache.ximport_module('json').__name__",
    "apache.get_current_options()['mod_python.importer']",
    "apache.get_current_config().get('PythonAutoReload')",
]
"""


def test_what_it_tells_about_itself(site):
    # spec: interpreters:6.3.14, interpreters:6.3.17, api:3/importer-extras
    assert said(site, "info") == "[]"
    site.write("htdocs/info/info.py", FILES["htdocs/info/info.py"].replace("CODE = []", INFO))
    listed, info, file, graph, own, same, old, option, config = eval(said(site, "info"))
    assert (listed, same, old, option, config) == (True, True, "json", "path", None)
    here, part = f"{site.docs}/info/info.py", f"{site.docs}/info/part.py"
    assert info == (here, [part]) and file == here
    labels = {text: label for label, text in re.findall(r'(_mp_[0-9a-f]{32}) \[label="([^"]*)"\]', graph)}
    assert f"    {labels['info.py']} -> {labels['part.py']};" in graph.splitlines()
    # Of this request only, with whole paths and times.
    assert re.findall(r'label="([^"\\]*)\\nmtime [\d.]+\\ngeneration \d+"', own) == [part, here]


def test_warning_about_a_directory_on_sys_path(site):
    # spec: interpreters:6.3.16
    said(site, "on-path")
    os.utime(site.docs / "on-path/on_path.py", (1, 1))
    site.log.expect(r":warn\].*Directory of module '.*/on_path.py' is in sys.path as well", times=1)
    said(site, "on-path")


def test_freeze_modules_by_python_import(site):
    # spec: interpreters:6.3.15
    assert said(site, "frozen") == "one"
    site.write("htdocs/frozen/frozen.py", module("'two'"))
    assert said(site, "frozen") == "one"


def test_interpreters_that_keep_the_default_importer(site):
    # spec: interpreters:6.3.19, directives:10/mod_python.legacy.importer
    assert said(site, "legacy") == "legacy_module True"
    site.write("htdocs/legacy/legacy_module.py", module("'changed'"))
    assert said(site, "legacy") == "changed"


def test_another_value_of_the_option(site):
    # spec: interpreters:6/identity
    assert said(site, "plain") == "plain_module True"


def test_both_importers_in_one_interpreter(site):
    # spec: interpreters:6/identity, interpreters:I-19
    for _ in range(2):
        assert said(site, "mixed-by-name") == "by name mixed"
        assert said(site, "mixed-by-file") == "by file _mp_"
    site.write("htdocs/mixed-by-name/mixed.py", module("'changed ' + __name__"))
    assert said(site, "mixed-by-file") == "by file _mp_"
    assert said(site, "mixed-by-name") == "changed mixed"


def test_change_under_load(site):
    # spec: interpreters:6.3.8, interpreters:6.3.9
    stop = threading.Event()
    seen = []

    def ask():
        while not stop.is_set():
            answer = site.get("/busy/x")
            seen.append((answer.status, *answer.text.split()))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for number in range(1, 31):
            os.replace(site.write("htdocs/busy/new", f"value = {number}"), site.docs / "busy/lowest.py")
            assert said(site, "busy") == f"{number} {number} True"
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert len(seen) > 30
    # Two modules that import a third always meet in the same one.
    assert [answer for answer in seen if answer[0] != 200 or answer[1] != answer[2] or answer[3] != "True"] == []


def test_standard_imports_go_on(site):
    # spec: interpreters:6.3/search
    assert said(site, "path") == "standard"
