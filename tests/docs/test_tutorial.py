"""The tutorial: its page shows the files of docs/tutorial, and they do what it says."""

import re
import urllib.parse

import pytest

from docs.pages import DOCS, read
from harness import server

FOLDER = DOCS / "tutorial"
NAMES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())

PLACES = {"/var/www/tutorial": "@DOCS@/tutorial", "/var/lib/tutorial": "@ROOT@/tmp"}


def _here(name):
    text = (FOLDER / name).read_text()
    for old, new in PLACES.items():
        text = text.replace(old, new)
    return text


CONFIG = "\n".join(_here(name) for name in NAMES if name.endswith("/site.conf"))
FILES = {f"htdocs/tutorial/{name}": _here(name) for name in NAMES}

site = server(CONFIG, FILES)

BOOK, LOGIN, TASKS, MEMBERS = (f"/tutorial/{place}" for place in ("step3/", "step4/", "step5/tasks", "step7/members/"))


class Browser:
    """Keeps cookies and follows redirects, as a browser does."""

    def __init__(self, httpd):
        self.httpd, self.cookies = httpd, {}

    def get(self, path, method="GET", body=None):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.httpd.request(method, path, headers=headers, body=body)
        for cookie in answer.header_all("Set-Cookie"):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
            assert re.search("; path=/tutorial/(;|$)", cookie)
        if answer.status != 302:
            return answer
        return self.get(urllib.parse.urlsplit(answer.header("Location")).path)

    def send(self, path, **fields):
        return self.get(path, "POST", urllib.parse.urlencode(fields).encode())


@pytest.fixture
def browser(site):
    return Browser(site)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_file(name):
    shown = re.findall(rf"^\[{re.escape(name)}\]\(tutorial/{re.escape(name)}\):\n\n```\w+\n(.*?)^```$", read("tutorial.md"), re.M | re.S)
    assert shown == [(FOLDER / name).read_text()]


def test_the_page_shows_nothing_else():
    assert len(re.findall(r"^```\w+$", read("tutorial.md"), re.M)) == len(NAMES)


def test_hello(site):
    for path in ("", "any/thing", "hello.py"):
        assert site.get(f"/tutorial/step1/{path}").text == "Hello World!\n"


def test_request(site):
    page = site.get("/tutorial/step2/some/page?colour=blue&size=%3Cb%3Elarge%3C/b%3E", headers={"User-Agent": "<test>"})
    for cells in ("address<td>/tutorial/step2/some/page", "your address<td>127.0.0.1", "browser<td>&lt;test&gt;",
                  "colour<td>blue", "size<td>&lt;b&gt;large&lt;/b&gt;"):  # fmt: skip
        assert f"<tr><td>{cells}\n" in page.text
    assert page.header("Cache-Control") == "no-store"
    refused = site.request("DELETE", "/tutorial/step2/")
    assert refused.status == 405
    assert set(refused.header("Allow").replace(" ", "").split(",")) >= {"GET", "HEAD"}
    assert "DELETE" not in refused.header("Allow")


def test_form_and_page(browser):
    assert "Nobody has been here" in browser.get("/tutorial/step6/guests.psp").text
    assert '<form method="post">' in browser.get(BOOK).text
    assert browser.send(BOOK, name="", words="x").status == 400
    assert browser.send(BOOK, name="x" * 41, words="x").status == 400
    assert "<b>Tom &amp; Ann</b>: &lt;3 é\n" in browser.send(BOOK, name="Tom & Ann", words="<3 é").text
    page = browser.send(BOOK, name="Eve", words="'); drop table entry; --").text
    assert page.index("<b>Eve</b>") < page.index("<b>Tom &amp; Ann</b>")
    assert "<b>Eve</b>" in browser.send(BOOK, name="Eve", words="again").text
    guests = browser.get("/tutorial/step6/guests.psp").text
    assert "<h1>2 guests</h1>" in guests
    assert guests.index("<li>Eve wrote 2 times") < guests.index("<li>Tom &amp; Ann wrote 1 times")
    assert "Nobody" not in guests


def test_login_and_members(site, browser):
    site.log.expect("AH01630", times=2)
    outside = browser.get(MEMBERS)
    assert outside.status == 403
    assert "Who are you?" in outside.text
    before = dict(browser.cookies)
    for user, password in (("eve", "wrong"), ("adam", "open sesame"), ("", "")):
        assert "Who are you?" in browser.send(LOGIN, user=user, password=password).text
    assert "You are eve." in browser.send(LOGIN, user="eve", password="open sesame").text
    assert browser.cookies != before
    assert "You are eve." in browser.get(LOGIN).text
    page = browser.get(MEMBERS)
    assert page.status == 200
    assert page.text == (FOLDER / "step7/members/index.html").read_text() + "<hr><a href='/tutorial/step4/'>Log out</a>\n"
    assert "Who are you?" in browser.send(LOGIN, leave="yes").text
    assert browser.get(MEMBERS).status == 403


def test_tasks(browser):
    browser.send(f"{TASKS}/add", text="buy <milk>")
    assert "<li>buy &lt;milk&gt;\n<li>cook" in browser.send(f"{TASKS}/add", text="cook").text
    assert "<li>" not in browser.send(f"{TASKS}/clear").text
    assert browser.get(f"{TASKS}/clear").status == 405
    assert Browser(browser.httpd).get(TASKS).text == browser.get(f"{TASKS}/").text


def test_code_is_not_served(site):
    site.log.expect("AH01630", times=3)
    for name in NAMES:
        if "members" not in name:
            answer = site.get(f"/tutorial/{name}")
            assert (FOLDER / name).read_text() not in answer.text, name
