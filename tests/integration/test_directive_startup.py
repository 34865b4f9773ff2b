"""What the module does at start: its part of the Server header, its notices, and PythonOptimize."""

import re

import pytest

from harness import Httpd, server

ASK = '''
import sys
from mod_python import apache

def documented():
    """A docstring."""

def asserts():
    try:
        assert False
    except AssertionError:
        return True
    return False

def handler(req):
    req.write(repr((sys.flags.optimize, documented.__doc__, asserts())))
    return apache.OK

def version(req):
    req.write("%d.%d.%d" % sys.version_info[:3])
    return apache.OK
'''

SECTION = """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler ask
    <Files "version">
        PythonHandler ask::version
    </Files>
</Directory>
<Directory "@DOCS@/sub">
    PythonInterpreter another
</Directory>
"""

FILES = {"htdocs/ask.py": ASK, "htdocs/sub/.keep": ""}


@pytest.mark.interpreters
@pytest.mark.parametrize(
    "config, level",
    [
        ("", 0),
        ("PythonOptimize Off", 0),
        ("PythonOptimize On", 2),
        ("PythonOptimize On\nPythonOptimize Off", 2),
        ("<VirtualHost 127.0.0.1:1>\nServerName x\nPythonOptimize On\n</VirtualHost>", 2),
    ],
)
def test_optimize(tree, config, level):
    # spec: directives:9.6.1, directives:9.6.2, directives:9.6.3, directives:9.6.4, directives:1/PythonOptimize
    # spec: directives:3.7
    expected = {0: (0, "A docstring.", True), 2: (2, None, False)}[level]
    with Httpd(tree, "event", config + "\n" + SECTION, FILES, processes=1) as site:
        for path in ("/x", "/sub/x"):
            answer = site.get(path)
            assert (answer.status, eval(answer.text)) == (200, expected)


@pytest.mark.interpreters
def test_optimize_is_taken_back_by_a_restart(httpd):
    # spec: directives:9.6.3
    site = httpd(config="PythonOptimize On\n" + SECTION, files=FILES, processes=1)
    assert eval(site.get("/x").text)[0] == 2
    site.config = SECTION
    site.restart()
    assert eval(site.get("/x").text)[0] == 0


site = server(SECTION, FILES, log_level="debug", mpm="event")


def test_server_header(site):
    # spec: directives:13.1
    package = (site.tree / "python/mod_python/version.py").read_text()
    version = re.search(r'"(\d+\.\d+[^"]*)"', package)[1]
    python = site.get("/version").text
    parts = site.get("/x").header("Server").split()
    assert f"mod_python/{version}" in parts
    assert f"Python/{python}" in parts
    assert site.get("/nothing-here", host="other").header("Server").split() == parts


def test_notices(site):
    # spec: directives:13.2, directives:13.3, interpreters:5/pass-1
    found = [line for line in site.log.all_text().splitlines() if "python:notice" in line]
    assert len([line for line in found if re.search(r"MPY0106: \d+ global mutexes for at most", line)]) == 1, found
    assert len([line for line in found if "MPY0107: " in line]) == 1, found
