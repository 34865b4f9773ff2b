"""A panic of the module's own code while a filter runs: one line at crit, no half response, and the child lives on."""

import pytest

from harness.httpd import Httpd

_CONFIG = """
<Directory "@DOCS@">
    PythonOutputFilter mod_python-panic panic
    PythonInputFilter mod_python-panic panic
    SetHandler mod_python
    PythonHandler good
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
    SetOutputFilter panic
</Directory>
"""

_GOOD = """
import os

def handler(req):
    if req.args == "in":
        req.add_input_filter("panic")
        req.read()
    if req.args == "out":
        req.add_output_filter("panic")
    req.write("good by %d" % os.getpid())
    return 0
"""


@pytest.fixture(scope="module")
def site(panic_tree, mpm):
    files = {"htdocs/good.py": _GOOD, "htdocs/static/a.txt": "some text"}
    with Httpd(panic_tree, mpm, _CONFIG, files, processes=1) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "phase"),
    [("/static/a.txt", "PythonOutputFilter"), ("/x?out", "PythonOutputFilter"), ("/x?in", "PythonInputFilter")],
)
def test_panic(site, path, phase):
    # spec: directives:8.2.7
    before = site.get("/x").text
    for _ in range(3):
        site.log.expect(rf":crit\].*MPY0001: .* asked for by a test \(.*{phase}, interpreter 'localhost'\)", 1)
        site.log.allow("MPY0401: PythonHandler good: uncaught OSError")
        site.log.allow("PythonHandler good: ")
        answer = site.post(path, b"body") if path.endswith("in") else site.get(path)
        assert answer.status == 500 and "some text" not in answer.text and "good" not in answer.text
        site.log.check()
        assert site.get("/x").text == before
