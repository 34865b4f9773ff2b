"""A child from its start to its end: what runs before its requests, what runs once, what its last cleanups still have."""

import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from harness import Httpd
from harness.config import user

pytestmark = pytest.mark.interpreters

SLOW_START = """
import time
from mod_python import apache

ready = False

def begin():
    global ready
    time.sleep(0.4)
    ready = True
    with open("@ROOT@/tmp/began", "a") as note:
        note.write("began\\n")

def handler(req):
    req.write(str(ready))
    return apache.OK
"""

AT_START = """
PythonPath "sys.path + ['@ROOT@/lib', '@ROOT@/tmp']"
SetHandler mod_python
PythonHandler slow_start
"""


def test_nothing_runs_while_the_configuration_is_read(serve):
    # spec: interpreters:5/config
    config = AT_START + "PythonImport slow_start::begin localhost\nPythonHandler no_such_module"
    site = serve.make(config=config, files={"lib/slow_start.py": SLOW_START})
    assert site.check_config() == (0, "Syntax OK\n")
    assert not (site.root / "tmp/began").exists()


def test_requests_come_after_python_import(httpd):
    # spec: interpreters:5/requests, interpreters:5/child
    config = AT_START + "PythonImport slow_start::begin localhost"
    site = httpd(config=config, files={"lib/slow_start.py": SLOW_START}, processes=2)
    answers = []
    askers = [threading.Thread(target=lambda: answers.append(site.get("/x").text)) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert answers == ["True"] * 6


#: A module that is another file after each run: what imports it once more runs it once more.
CHANGING = """
import os
runs = globals().get("runs", 0) + 1
os.utime(__file__, (runs, runs))
def handler(req):
    req.write(str(runs))
    return 0
"""


def test_python_import_does_not_care_about_autoreload(serve):
    # spec: directives:9.1.2
    config = """
        PythonPath "sys.path + ['@ROOT@/owned']"
        PythonAutoReload Off
        SetHandler mod_python
        PythonHandler changing
        PythonImport changing localhost
        PythonImport changing localhost
    """
    site = serve.make(config=config, files={"owned/changing.py": CHANGING}, processes=1)
    if user():
        shutil.chown(site.root / "owned/changing.py", user().pw_name)
    site.start()
    # Both directives ran it, the requests after them do not.
    assert [site.get("/x").text for _ in range(3)] == ["2"] * 3


COUNTED = """
with open("@ROOT@/made", "a") as note:
    note.write(f"{os.getpid()} {interpreter}\\n")
import time
time.sleep(0.2)
"""

HOSTS = ["main.test", "one.test", "two.test"]


@pytest.fixture
def counting_tree(tree):
    """A copy of the installed form whose mod_python.apache notes each run of itself, and takes its time."""
    folder = Path(tempfile.mkdtemp(prefix="mod_python-counted-", dir="/tmp"))
    copy = folder / "tree"
    shutil.copytree(tree, copy)
    folder.chmod(0o777)
    with (copy / "python/mod_python/apache.py").open("a") as apache:
        apache.write(COUNTED.replace("@ROOT@", str(folder)))
    yield copy
    shutil.rmtree(folder)


@pytest.mark.parametrize("threaded", ["worker", "event"])
def test_an_interpreter_is_made_once(counting_tree, threaded):
    # spec: interpreters:2.6, interpreters:I-16
    config = 'PythonPath "sys.path + [\'@ROOT@/lib\']"\nSetHandler mod_python\nPythonHandler hello\n'
    config += "".join(f"<VirtualHost 127.0.0.1:@PORT@>\nServerName {host}\n</VirtualHost>\n" for host in HOSTS)
    hello = "import os\ndef handler(req):\n    req.write(f'{os.getpid()} {req.interpreter}')\n    return 0\n"
    with Httpd(counting_tree, threaded, config, {"lib/hello.py": hello}, processes=1, threads=12) as site:
        answers = []
        askers = [
            threading.Thread(target=lambda host=host: answers.append(site.get("/x", host=host).text))
            for host in HOSTS * 4
        ]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert len(answers) == 12 and len(set(answers)) == 3
        assert sorted((counting_tree.parent / "made").read_text().splitlines()) == sorted(set(answers))


KEEPING = """
from mod_python import apache

def look(req):
    try:
        text = "uri " + req.uri
    except apache.ExpiredError:
        text = "expired"
    apache.log_error("CLEANUP " + text, apache.APLOG_NOTICE)

def fails(req):
    req.write("too late")

def handler(req):
    req.server.register_cleanup(req, look, req)
    apache.register_cleanup(fails, req)
    return apache.OK
"""


def test_a_request_is_no_data_for_a_server_cleanup(httpd):
    # spec: interpreters:8.5
    config = 'PythonPath "sys.path + [\'@ROOT@/lib\']"\nSetHandler mod_python\nPythonHandler keeping\n'
    site = httpd(config=config, files={"lib/keeping.py": KEEPING}, processes=1)
    assert site.get("/x").status == 200
    # It is told, not followed into freed memory.
    site.log.expect("python_cleanup: Error calling cleanup object <function fails", times=1)
    site.log.expect("    <class '_apache.ExpiredError'>: ", times=1)
    site.stop_when_idle()
    assert len(site.log.find("CLEANUP expired$")) == 1
