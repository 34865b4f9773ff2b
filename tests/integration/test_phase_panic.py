"""A panic of the module's own code: one line at crit, status 500, and the child lives on.

Runs with a build of the module that panics where a handler is called `mod_python-panic`.
"""

import re

import pytest

from harness import Httpd, client
from harness.credentials import basic
from harness.ports import hosts

GOOD = """
import os

def handler(req):
    req.write("good by %d" % os.getpid())
    return 0

def fixuphandler(req):
    return 0
"""

CONFIG = """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler good
</Directory>
<Files "page.shtml">
    Options +Includes
    SetHandler none
    SetOutputFilter INCLUDES
</Files>
<Directory "@DOCS@/content">
    PythonHandler mod_python-panic
</Directory>
<Directory "@DOCS@/second">
    PythonHandler good mod_python-panic
</Directory>
<Directory "@DOCS@/fixup">
    PythonFixupHandler mod_python-panic
</Directory>
<Directory "@DOCS@/filtered">
    PythonInsertFilterHandler mod_python-panic
</Directory>
<Directory "@DOCS@/gate">
    PythonAccessCheckerExHandler mod_python-panic
</Directory>
<Location "/mapped">
    PythonMapToStorageHandler mod_python-panic
</Location>
<Directory "@DOCS@/log">
    PythonLogHandler mod_python-panic
</Directory>
<Directory "@DOCS@/cleanup">
    PythonCleanupHandler mod_python-panic
</Directory>
<Directory "@DOCS@/authz">
    Require python mod_python-panic
</Directory>
<Directory "@DOCS@/authn">
    AuthType Basic
    AuthName "realm"
    AuthBasicProvider python
    PythonAuthnProvider mod_python-panic
    Require valid-user
</Directory>
<Directory "@DOCS@/another">
    PythonInterpreter another
    PythonHandler mod_python-panic
    <Files "good">
        PythonHandler good
    </Files>
</Directory>
"""

FILES = {
    "htdocs/good.py": GOOD,
    "htdocs/page.shtml": """a<!--#python exec="mod_python-panic" -->b<!--#python eval="1 + 1" -->""",
    "htdocs/another/good.py": GOOD,
    **{f"htdocs/{name}/.keep": "" for name in re.findall(r'@DOCS@/(\w+)', CONFIG)},
}


@pytest.fixture(scope="module")
def site(panic_tree, mpm):
    with Httpd(panic_tree, mpm, CONFIG, FILES, modules=["include"], processes=1) as running:
        yield running


@pytest.mark.parametrize(
    "where, phase, interpreter, status",
    [
        ("content", "PythonHandler", "localhost", 500),
        ("fixup", "PythonFixupHandler", "localhost", 500),
        ("another", "PythonHandler", "another", 500),
        ("gate", "PythonAccessCheckerExHandler", "localhost", 500),
        ("mapped", "PythonMapToStorageHandler", "localhost", 500),
        ("filtered", "PythonInsertFilterHandler", "localhost", 200),
        ("log", "PythonLogHandler", "localhost", 200),
        ("cleanup", "PythonCleanupHandler", "localhost", 200),
    ],
)
def test_panic(site, where, phase, interpreter, status):
    # spec: directives:6/initial
    before = site.get("/x").text
    for _ in range(3):
        site.log.expect(
            r":crit\].*MPY0001: the module's own code panicked at src/\S+:\d+, please report this: asked for by a test "
            rf"\(phase {phase}, interpreter '{interpreter}'\)", 1,
        )  # fmt: skip
        assert site.get(f"/{where}/x").status == status
        site.log.check()
        # The same child and its interpreters go on.
        assert site.get("/x").text == before
        assert site.get("/another/good").text == before


@pytest.mark.parametrize("where, directive", [("authz", "Require python"), ("authn", "PythonAuthnProvider")])
def test_panic_of_a_function_that_httpd_asks(site, where, directive):
    before = site.get("/x").text
    site.log.expect(rf":crit\].*MPY0001: .* asked for by a test \({directive}, interpreter 'localhost'\)", 1)
    assert site.get(f"/{where}/x", headers=basic("a", "b")).status == 500
    site.log.check()
    assert site.get("/x").text == before


def test_panic_of_a_quick_handler(panic_tree, mpm):
    config = """
    <VirtualHost *:@PORT@>
        ServerName quick.test
        PythonQuickHandler mod_python-panic
    </VirtualHost>
    <VirtualHost *:@PORT@>
        ServerName good.test
    </VirtualHost>
    """
    with Httpd(panic_tree, mpm, CONFIG + config, FILES, processes=1) as running:
        before = running.get("/x", host="good.test").text
        running.log.expect(
            r"MPY0001: .* asked for by a test \(phase PythonQuickHandler, interpreter 'quick.test'\)", times=1
        )
        assert running.get("/x", host="quick.test").status == 500
        running.log.check()
        assert running.get("/x", host="good.test").text == before


def test_panic_without_a_request(panic_tree, mpm):
    handlers = ["PythonChildInitHandler", "PythonErrorLogHandler", "PythonChildExitHandler"]
    config = "\n".join(f"{directive} mod_python-panic" for directive in handlers)
    running = Httpd(panic_tree, mpm, f"{config}\n{CONFIG}", FILES, processes=1, log_level="warn")
    for directive in handlers:
        running.log.expect(rf":crit\].*MPY0001: .* asked for by a test \({directive}, interpreter 'localhost'\)")
    with running:
        before = running.get("/x").text
        assert before.startswith("good by ")
        running.log.wait_for("asked for by a test .PythonErrorLogHandler")
        assert running.get("/x").text == before
        running.stop_when_idle()


def test_panic_in_a_page(site):
    before = site.get("/x").text
    for _ in range(3):
        site.log.expect(r":crit\].*MPY0001: .* asked for by a test \(includes, interpreter 'localhost'\)", 1)
        text = site.get("/page.shtml").text
        assert text == "a[an error occurred while processing this directive]b2"
        site.log.check()
        assert site.get("/x").text == before


def test_panic_after_a_good_handler(site):
    # spec: directives:6/initial
    site.log.expect("MPY0001: ", times=1)
    # What the first one wrote and flushed has gone out already; what follows is httpd's error document.
    answer = site.get("/second/x")
    assert answer.text.startswith("good by ") and "500 Internal Server Error" in answer.text


@pytest.fixture(scope="module")
def connections(panic_tree, mpm):
    own = {
        "handler": "PythonConnectionHandler mod_python-panic",
        "early": "PythonPreConnectionHandler mod_python-panic",
        "good": "PythonConnectionHandler good",
    }
    files = {"htdocs/good.py": "import os\ndef connectionhandler(conn):\n    conn.write(str(os.getpid()))\n    return 0\n"}
    with hosts(panic_tree, mpm, own, "", files, processes=1) as running:
        yield running


@pytest.mark.parametrize("where, phase", [("handler", "PythonConnectionHandler"), ("early", "PythonPreConnectionHandler")])
def test_panic_in_a_connection(connections, where, phase):
    # spec: directives:9.10.5
    ports = connections.ports
    before = client.exchange(ports["good"], b"")
    for _ in range(3):
        connections.log.expect(
            rf":crit\].*\[client [^\]]+\] MPY0001: .* asked for by a test \(phase {phase}, interpreter '{where}'\)", 1
        )
        assert client.exchange(ports[where], b"") == b""
        connections.log.check()
        assert client.exchange(ports["good"], b"") == before
