"""mod_python.testhandler: the page about httpd, Python and the request."""

import html
import re

import pytest

from harness import server

CONFIG = """
<Location "/test">
    SetHandler mod_python
    PythonHandler mod_python.testhandler
    PythonOption mine "<b>bold</b>"
    PythonOption my.secret.key hidden-value
    SetEnv SHOWN "a & b"
    Define db_password hidden-too
</Location>
<Location "/test/debug">
    PythonDebug On
    PythonHandler mod_python.testhandler
</Location>
<VirtualHost *>
    ServerName localhost
    PythonAutoReload Off
    PythonOption wide yes
</VirtualHost>
<VirtualHost *>
    ServerName piped
    ErrorLog "|$cat >/dev/null"
    <Location "/test/debug">
        PythonDebug On
    </Location>
</VirtualHost>
"""

site = server(CONFIG, {}, mpm="event", processes=1)


def rows(page, title):
    """Return the table below a heading as a dict."""
    part = page.split(f"<h2>{title}</h2>")[1].split("</table>")[0]
    return {html.unescape(name): html.unescape(value) for name, value in re.findall("<td>(.*?)</td><td>(.*?)</td>", part)}


@pytest.mark.smoke
def test_page(site):
    # spec: library:H-80, library:D-44
    answer = site.get("/test/a?view_log=&b=%3Cc%3E", headers={"X-Mine": "<script>", "User-Agent": "Test"})
    assert (answer.status, answer.header("Content-Type")) == (200, "text/html; charset=utf-8")
    assert answer.header("Cache-Control") == "no-store"
    page = answer.text
    general = rows(page, "General information")
    assert general["httpd"].startswith("Apache") and general["mod_python"] == answer.header("Server").split("mod_python/")[1].split()[0]
    assert (general["Server root"], general["Document root"]) == (str(site.root), str(site.docs))
    assert general["Error log"] == str(site.root / "logs/error.log")
    assert (general["MPM: threads in a child"], general["MPM: threaded"]) == ("8", "1")
    assert general["Interpreter"] == "localhost" and general["Python"][:2] == "3." and "python3" in general["sys.path"]
    assert {general["mod_python.publisher"], general["mod_python.psp"]} <= {"available", "missing"}
    assert rows(page, "Request headers")["X-Mine"] == "<script>"
    environment = rows(page, "Environment")
    assert (environment["SHOWN"], environment["HTTP_X_MINE"], environment["REQUEST_METHOD"]) == ("a & b", "<script>", "GET")
    assert rows(page, "Options") == {"mine": "<b>bold</b>", "my.secret.key": "(not shown)", "wide": "yes"}
    assert rows(page, "Configuration")["PythonAutoReload"] == "0"
    assert rows(page, "Server configuration") == {"PythonAutoReload": "0"}
    assert rows(page, "Server options") == {"wide": "yes"} and rows(page, "Notes") == {}
    tree = page.split("<h2>Configuration tree</h2>")[1]
    assert "<li>PythonHandler mod_python.testhandler</li>" in tree and "<li>Location &quot;/test&quot;" in tree.replace("&lt;Location", "Location")


def test_escaping(site):
    # spec: library:H-82, library:D-44
    answer = site.get("/test/%3Cimg%20src=x%3E?<u>", headers={"X-Mine": "<script>alert(1)</script>\"'", "X-Raw": "\xff"})
    assert answer.status == 200
    for text in ("<script", "<img", "<b>", "<u>", "hidden-value", "hidden-too"):
        assert text not in answer.text
    assert "\\udcff" in answer.text


def test_log(site):
    # spec: library:H-81, library:H-82, library:D-44
    assert site.get("/test/x?view_log=1").status == 403
    # The file is httpd's own: by default its children cannot read it.
    log = site.root / "logs/error.log"
    log.chmod(0o600)
    answer = site.get("/test/debug?view_log=1")
    assert answer.text == f"The error log {log} cannot be read by httpd's children: Permission denied\n"
    log.chmod(0o644)
    answer = site.get("/test/debug?x=y&view_log=yes")
    assert (answer.status, answer.header("Content-Type")) == (200, "text/plain; charset=utf-8")
    assert answer.text and answer.text in log.read_text()
    with log.open("a") as file:
        file.writelines(f"[x] [test:info] [pid 1] line {number}\n" for number in range(200))
    lines = site.get("/test/debug?view_log=1").text.splitlines()
    assert len(lines) == 100 and lines[-1].endswith("line 199")
    answer = site.get("/test/debug?view_log=1", host="piped")
    assert answer.text == "The error log is no file: |$cat >/dev/null\n"
