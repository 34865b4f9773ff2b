"""What httpd's machinery gets where no interpreter can be had: Python did not start in the child."""

import pytest

from harness import server
from harness.errorlog import NO_LIBRARY

CONFIG = """
PythonExprFunction function m::f
PythonRewriteMap map m::f
RewriteEngine On
RewriteMap map int:map
RewriteRule ^/map/(.*)$ /${map:$1|default.txt} [PT]
CustomLog "@ROOT@/logs/py.log" "<%{m::f}^py>"
<Location /if>
    <If "function('x') == 'blocked'">
        Require all denied
    </If>
</Location>
<Location /require>
    Require expr "function('x') != 'blocked'"
</Location>
<Location /list>
    Require expr "! ('x' in function('x'))"
</Location>
<Files "page.shtml">
    Options +Includes
    SetOutputFilter INCLUDES
</Files>
<Location /status>
    SetHandler server-status
    Require all granted
</Location>
"""
FILES = {
    "htdocs/default.txt": "default",
    "htdocs/page.shtml": "a<!--#python eval=\"1\" -->b<!--#echo var=\"DOCUMENT_NAME\" -->",
    **{f"htdocs/{name}/x.txt": "in" for name in ("if", "require", "list")},
}

site = server(
    CONFIG,
    FILES,
    modules=["status", "include"],
    env={"PYTHONHOME": "/nonexistent"},
    processes=1,
    start_lines=["MPY0201", NO_LIBRARY],
)


@pytest.fixture(autouse=True)
def log(site):
    site.log.expect(r"MPY0204: can't get/create interpreter 'localhost' \(LogFormat \^py\): ")
    children = site.children()
    yield site.log
    assert site.children() == children


@pytest.mark.parametrize("path", ["/if/x.txt", "/require/x.txt", "/list/x.txt"])
def test_expressions_fail_closed(site, path):
    site.log.expect(r"MPY0204: can't get/create interpreter 'localhost' \(PythonExprFunction\): ")
    site.log.expect("a Python function failed")
    assert site.get(path).status == 500


def test_maps_have_no_value(site):
    site.log.expect(r"MPY0204: can't get/create interpreter 'localhost' \(PythonRewriteMap\): ", times=1)
    assert site.get("/map/x").text == "default"


def test_pages_show_the_error_text(site):
    site.log.expect(r"MPY0204: can't get/create interpreter 'localhost' \(includes /.*/htdocs/page.shtml\): ", times=1)
    assert site.get("/page.shtml").text == "a[an error occurred while processing this directive]bpage.shtml"


def test_log_items_are_empty(site):
    assert site.get("/default.txt").text == "default"
    assert set((site.root / "logs/py.log").read_text().split()) == {"<->"}


def test_status_has_no_interpreters(site):
    lines = dict(line.split(": ", 1) for line in site.get("/status?auto").text.splitlines() if ": " in line)
    assert (lines["PythonChildren"], lines["PythonInterpreters"], lines["PythonRunning"]) == ("1", "0", "0")
    assert "<h2>Python</h2>" in site.get("/status").text
