"""util.FieldStorage: query strings and urlencoded bodies, the mapping, and fields of text."""

import pytest
from harness import server
from harness.asking import HANDLER, ask, ask_response, error

CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler asking
</Directory>
"""

site = server(CONFIG, {"htdocs/app/asking.py": HANDLER}, processes=1, mpm="event")

FORM = "from mod_python import util; form = util.FieldStorage(req); "
PAIRS = FORM + "result = [(field.name, field) for field in form.list]"


def post(site, code, body, path="/app/x", **headers):
    """Run statements in a POST request."""
    pairs = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(site, FORM + code, path, method="POST", body=body, headers=pairs)


@pytest.mark.smoke
def test_query(site):
    # spec: library:U-61, library:U-62, library:U-180
    assert ask(site, PAIRS, "/app/x?a=1&b=2;a=3&c=%C3%A9+x") == [["a", "1"], ["b", "2"], ["a", "3"], ["c", "é x"]]
    assert ask(site, PAIRS) == ask(site, PAIRS, "/app/x?") == []
    for method in ("PUT", "post", "DELETE"):
        assert ask(site, PAIRS, "/app/x?a=1", method=method, body=b"b=2") == [["a", "1"]]


@pytest.mark.smoke
def test_body(site):
    # spec: library:U-64, library:U-65, library:U-68, library:U-181, library:U-184, library:T-1
    body = b"spam=1&spam=2&eggs=3&bacon=4"
    text = "[Field('spam', '1'), Field('spam', '2'), Field('eggs', '3'), Field('bacon', '4')]"
    assert post(site, "result = repr(form.list)", body) == text
    for media in ("application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=utf-8"):
        assert post(site, "result = repr(form.list)", body, Content_Type=media) == text
    code = "result = [form['spam'], form['x'], form.keys()]"
    assert post(site, code, body, "/app/x?x=0&spam=0") == [["0", "1", "2"], "0", ["x", "spam", "eggs", "bacon"]]
    assert post(site, "result = [len(form), bool(form)]", b"") == [0, False]


def test_chunks(site):
    # spec: library:U-63, library:Q-13
    body = b"3\r\na=1\r\n4\r\n&b=2\r\n0\r\n\r\n"
    assert post(site, "result = form.items()", body, Transfer_Encoding="chunked") == [["a", "1"], ["b", "2"]]
    answer = ask_response(site, PAIRS, method="POST")
    assert "411" in answer.text


def test_other_types(site):
    # spec: library:U-66
    for media in ("application/json", "text/plain", "x"):
        assert post(site, "result = 1", b"{}", Content_Type=media)["text"] == "501"
