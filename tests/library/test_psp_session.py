"""Sessions and forms of pages: when they are made, shared, saved and given back."""

import time

import pytest
from harness import server
from harness.sessions import make_store

CONFIG = """
PythonOption mod_python.session.session_type FileSession
PythonOption mod_python.session.database_directory @ROOT@/tmp/store
<Directory "@DOCS@/pages">
    AddHandler mod_python .psp
    PythonHandler mod_python.psp
</Directory>
<Directory "@DOCS@/pages/theirs">
    PythonFixupHandler before
    PythonLogHandler before::log
</Directory>
"""

BEFORE = '''
from mod_python import apache

class Theirs(dict):
    saved = unlocked = 0
    def save(self):
        self.saved += 1
    def unlock(self):
        self.unlocked += 1

def fixuphandler(req):
    req.session = Theirs(a=1)
    req.form = {"f": 2}
    return apache.OK

def log(req):
    req.log_error(f"saved {req.session.saved}, unlocked {req.session.unlocked}", apache.APLOG_INFO)
    return apache.OK
'''

PAGES = {
    "used.psp": "<%= session.get('n', 0) %><% req.log_error(repr(req.session is session), apache.APLOG_INFO) %>",
    "count.psp": "<%\nsession['n'] = session.get('n', 0) + 1\n%><%= session['n'] %>",
    "none.psp": "<%\ndef f():\n    return session\n# end\n%><%= f() %>",
    "attribute.psp": "<%\nclass C: pass\nc = C()\nc.session = 1\n%><%= globals()['sess' + 'ion'].is_new() %>",
    "fails.psp": "<%\nsession['n'] = 100\n1/0\n%>",
    "short.psp": "<%\nif session.is_new():\n    session.set_timeout(4)\n%>.",
    "main.psp": "<%\npsp.set_error_page('error.psp')\nsession['n'] = 7\n%>okay<% raise ValueError('x') %>",
    "error.psp": "fail<%\nsession['n'] += 1\n%>",
    "theirs/a.psp": "<%= (session['a'], form['f']) %>",
    "theirs/b.psp": "<%= 'nothing' %>",
    "theirs/c.psp": "<% 1/0 %>",
    "theirs/d.psp": "<%\nx = len(globals()['sess' + 'ion']), globals()['fo' + 'rm']\n%><%= x %>",
}

FILES = {f"htdocs/pages/{name}": text.encode() for name, text in PAGES.items()}
FILES["htdocs/pages/theirs/before.py"] = BEFORE

site = server(CONFIG, FILES, processes=1, mpm="event")


@pytest.fixture(autouse=True)
def store(site):
    """The directory that the configuration names."""
    return make_store(site)


def records(site):
    """Return all that is stored, by file."""
    return {path.name: path.read_bytes() for path in (site.root / "tmp/store").rglob("*") if len(path.name) == 32}


class Browser:
    """Keeps the cookie."""

    def __init__(self, site):
        self.site, self.cookie = site, None

    def get(self, page):
        answer = self.site.get(f"/pages/{page}", headers=[("Cookie", self.cookie)] if self.cookie else [])
        if found := answer.header("Set-Cookie"):
            self.cookie = found.partition(";")[0]
        return answer


def test_made_where_the_name_is_used(site):
    # spec: library:P-106, library:P-107
    assert site.get("/pages/none.psp").text == "None"
    assert site.get("/pages/none.psp").header("Set-Cookie") is None
    answer = site.get("/pages/used.psp")
    assert answer.text == "0" and answer.header("Set-Cookie").startswith("pysid=")
    assert site.log.find("True$")
    assert site.get("/pages/attribute.psp").text == "True"


@pytest.mark.smoke
def test_saved_and_given_back(site):
    # spec: library:P-107, library:P-109
    browser = Browser(site)
    assert [browser.get("count.psp").text for _ in range(3)] == ["1", "2", "3"]


def test_saved_only_where_it_matters(site):
    # spec: library:P-109, library:D-49
    browser = Browser(site)
    browser.get("count.psp")
    name = browser.cookie.partition("=")[2]
    before = records(site)[name]
    assert browser.get("used.psp").text == "1"
    assert records(site)[name] == before
    assert browser.get("count.psp").text == "2"
    assert records(site)[name] != before
    # After an exception nothing is saved, and the session is free.
    site.log.expect_traceback("ZeroDivisionError: ", times=1)
    assert browser.get("fails.psp").status == 500
    assert browser.get("used.psp").text == "2"


def test_time_of_access_is_saved_now_and_then(site):
    # spec: library:D-49
    browser = Browser(site)
    browser.get("short.psp")
    name = browser.cookie.partition("=")[2]
    before = records(site)[name]
    time.sleep(0.5)
    browser.get("short.psp")
    assert records(site)[name] != before


def test_error_page_shares_the_session(site):
    # spec: library:T-15, library:P-123, library:P-122
    browser = Browser(site)
    for _ in range(2):
        site.log.expect_traceback("ValueError: x")
        answer = browser.get("main.psp")
        assert (answer.status, answer.text) == (200, "okayfail")
    assert browser.get("used.psp").text == "8"


def test_others_sessions_are_left_alone(site):
    # spec: library:P-106, library:P-107, library:P-108, library:P-109
    assert site.get("/pages/theirs/a.psp").text == "(1, 2)"
    assert site.get("/pages/theirs/b.psp").text == "nothing"
    assert site.get("/pages/theirs/d.psp").text == "(1, None)"
    site.log.wait_for("saved 1, unlocked 0", times=3)
    site.log.expect_traceback("ZeroDivisionError: ", times=1)
    assert site.get("/pages/theirs/c.psp").status == 500
    site.log.wait_for("saved 0, unlocked 0")
