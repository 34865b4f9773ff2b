"""mod_python.Cookie in a request: what browsers send and get, and the native parser against the other one."""

import pytest
from harness.snippets import run, snippet_server

_HANDLERS = '''
from mod_python import Cookie, apache


def echo(req):
    """Add every cookie that came."""
    for cookie in Cookie.get_cookies(req).values():
        Cookie.add_cookie(req, cookie)
    return apache.OK
'''

site = snippet_server(
    '<Location "/echo">\nSetHandler mod_python\nPythonHandler echo::echo\nPythonPath "sys.path + [\'@DOCS@/run\']"\n</Location>',
    {"htdocs/run/echo.py": _HANDLERS},
    mpm="event",
)


# spec: library:T-4, library:C-62, library:C-90, library:C-92
@pytest.mark.smoke
def test_cookies_come_back(site):
    answer = site.get("/echo", headers=[("Cookie", "spam=foo; path=blah;;eggs=bar;"), ("Cookie", "bar=foo")])
    assert answer.status == 200
    assert answer.header_all("Set-Cookie") == ["spam=foo", "path=blah", "eggs=bar", "bar=foo"]
    assert answer.header_all("Cache-Control") == ['no-cache="set-cookie"']
    answer = site.get("/echo")
    assert answer.status == 200 and answer.header("Set-Cookie") is None and answer.header("Cache-Control") is None
