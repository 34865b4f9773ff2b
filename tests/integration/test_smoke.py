"""The module is loaded, runs a handler in a directory, and leaves other URLs alone, under each MPM."""

import pytest

from harness import server

pytestmark = pytest.mark.smoke

CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler hello
</Directory>
<Directory "@DOCS@/broken">
    SetHandler mod_python
    PythonHandler broken
</Directory>
"""

HELLO = """
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.write("Hello World!")
    return apache.OK
"""

BROKEN = """
def handler(req):
    raise ValueError("on purpose")
"""

site = server(
    CONFIG,
    {"htdocs/app/hello.py": HELLO, "htdocs/broken/broken.py": BROKEN, "htdocs/plain.txt": "plain\n"},
)


def test_hello(site):
    answer = site.get("/app/anything")
    assert (answer.status, answer.body) == (200, b"Hello World!")
    assert answer.header("Content-Type") == "text/plain"


def test_many_requests_on_one_connection(site):
    with site.connect() as connection:
        for _ in range(50):
            answer = connection.request("GET", "/app/x")
            assert (answer.status, answer.body) == (200, b"Hello World!")


def test_other_urls_are_httpds(site):
    assert site.get("/plain.txt").body == b"plain\n"
    assert site.get("/missing").status == 404


def test_exception_is_500_and_logged(site):
    # spec: directives:7.1, directives:7.3
    site.log.expect_traceback(r"ValueError: on purpose", times=1)
    answer = site.get("/broken/x")
    assert answer.status == 500
    assert b"on purpose" not in answer.body
    assert site.get("/app/x").body == b"Hello World!"


def test_graceful_restarts(site):
    for _ in range(3):
        site.graceful()
        assert site.get("/app/x").body == b"Hello World!"
