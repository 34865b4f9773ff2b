"""mod_wsgi beside mod_python: both embed Python, so the configuration has to keep their processes apart, or is refused.

Run with a Python that is not mod_wsgi's, the refusal of two Pythons in one process is what is tested. mod_wsgi is a Debian
package, see tests/run.sh.
"""

import re
from pathlib import Path

import pytest

from docs.pages import blocks
from harness.config import load_lines, program

pytestmark = pytest.mark.smoke

ORDERS = ["python first", "python last"]

#: What the page tells users to write.
(ADVICE,) = blocks("apache", "install.md", "## Beside mod_wsgi")

APART = """
WSGISocketPrefix "@ROOT@/tmp/wsgi"
WSGIScriptAlias "/wsgi" "@DOCS@/app.wsgi"
PythonPath "['@DOCS@', *sys.path]"
<Location "/wsgi">
    PythonAccessHandler app::gate
</Location>
<Location "/app">
    SetHandler mod_python
    PythonHandler app
</Location>
<Location "/app/other">
    PythonInterpreter other
</Location>
"""

FILES = {
    # Extension modules of the standard library take Python's functions from what is loaded first.
    "htdocs/app.py": """
        import _decimal, _json, _socket, sys
        from mod_python import apache

        def gate(req):
            req.subprocess_env["GATE"] = "python"
            return apache.OK if req.headers_in.get("X-Gate") == "open" else apache.HTTP_FORBIDDEN

        def handler(req):
            req.write(f"{apache.interpreter} {sys.version} {len(req.read())}")
            return apache.OK
        """,
    "htdocs/app.wsgi": """
        import _decimal, _json, _socket, sys

        def application(environ, start_response):
            group, size = environ["mod_wsgi.process_group"], len(environ["wsgi.input"].read())
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{group} {environ.get('GATE')} {sys.version} {size}".encode()]
        """,
}


@pytest.fixture(scope="module")
def same_python(python_version):
    """Whether Debian's mod_wsgi was built for the Python of the module."""
    file = Path(program()[1]) / "mod_wsgi.so"
    assert file.is_file(), "there is no mod_wsgi: install libapache2-mod-wsgi-py3"
    found = re.search(rb"libpython3\.(\d+)\.so", file.read_bytes())
    assert found, f"{file} is not linked to a libpython"
    return (3, int(found[1])) == python_version


def lines(order):
    """Return the LoadModule lines of both modules."""
    both = ['LoadModule python_module "@TREE@/modules/mod_python.so"', *load_lines(["wsgi"])]
    return "\n".join(both if order == "python first" else reversed(both)) + "\n"


def refused(made, code):
    """Check that `httpd -t` and a start both say the sentence and stop."""
    status, said = made.check_config()
    assert status != 0 and code in said and "Configuration check failed" in said, said
    with pytest.raises(AssertionError, match=code):
        made.start()


@pytest.mark.parametrize("order", ORDERS)
def test_processes_apart(serve, same_python, order):
    options = {"config": lines(order) + ADVICE + APART, "files": FILES, "load_python": False}
    if not same_python:
        refused(serve.make(**options), "MPY0112: another Python is loaded into httpd: ")
        return
    site = serve(**options)
    for restarted in (False, True):
        if restarted:
            site.graceful()
        versions = set()
        for path, name in (("/app", "localhost"), ("/app/other", "other")):
            interpreter, version, *_, size = site.post(path, b"some body").text.split(" ")
            assert (interpreter, size) == (name, "9")
            versions.add(version)
        assert site.get("/wsgi").status == 403
        group, gate, version, *_, size = site.post("/wsgi", b"some body", headers={"X-Gate": "open"}).text.split(" ")
        assert (group, gate, size) == ("apps", "python", "9") and versions == {version}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MPY0113"),
        ("WSGIDaemonProcess apps\n", "MPY0113"),
        ("WSGIRestrictEmbedded On\nwsgirestrictembedded off\n", "MPY0113"),
        ("<IfModule mod_wsgi.c>\nWSGIRestrictEmbedded On\n</IfModule>\nWSGILazyInitialization Off\n", "MPY0114"),
    ],
    ids=["nothing said", "only a daemon", "switched off again", "python in the parent"],
)
def test_in_one_process(serve, same_python, order, text, code):
    status, said = serve.make(config=lines(order) + text, load_python=False).check_config()
    assert status != 0 and (code if same_python else "MPY0112") in said, said


def test_a_start_is_refused(serve, same_python):
    code = "MPY0113: mod_wsgi would run its Python" if same_python else "MPY0112: "
    refused(serve.make(config=lines("python last"), load_python=False), code)


def test_a_restart_is_refused(serve, same_python):
    """A server that runs is told by `httpd -t`, which apachectl asks before it restarts one."""
    site = serve(config="")
    site.config = "\n".join(load_lines(["wsgi"]))
    status, said = site.check_config()
    assert status != 0 and ("MPY0113" if same_python else "MPY0112") in said
    assert site.get("/").status in (200, 403, 404)


def test_without_mod_wsgi_nothing_is_asked(serve):
    text = "<IfModule mod_wsgi.c>\nWSGIRestrictEmbedded Off\n</IfModule>\n"
    assert serve.make(config=text).check_config() == (0, "Syntax OK\n")
