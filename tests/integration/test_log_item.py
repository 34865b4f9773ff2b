"""`%{module::object}^py` in LogFormat: Python functions give parts of an access log's lines."""

import time

import pytest

from harness import server

ITEMS = r'''
from mod_python import apache

ANSWERS = {"none": None, "empty": "", "bytes": b"raw\xe4", "number": 1, "list": ["a"], "null": "a\0b",
           "forged": 'x"\n127.0.0.1 forged \x1b[2J\r\t\\ \xe4'}


def logitem(req):
    """The default function."""
    return "default"


def answer(req):
    return ANSWERS[req.args]


def raises(req):
    raise ValueError("no idea")


def leaves(req):
    raise apache.SERVER_RETURN(apache.HTTP_FORBIDDEN)


def place(req):
    return "%s %s %s %s" % (req.interpreter, req.uri, req.status, getattr(req, "mark", None))


def handler(req):
    req.mark = "marked"
    req.write("text")
    return apache.OK


def redirect(req):
    req.mark = "first"
    req.internal_redirect("/handler/page")
    return apache.OK


def loghandler(req):
    req.mark = "logged"
    return apache.OK


class Item:
    def __init__(self, req):
        self.uri = req.uri

    def text(self, req):
        return "dotted " + self.uri
'''

#: host name -> the format of its log
FORMATS = {
    "localhost": "%U %{items}^py",
    "answer.example": "%U <%{items::answer}^py>",
    "place.example": "%U %{items::place}^py",
    "first.example": "%U %<{items::place}^py",
    "dotted.example": "%{items::Item.text}^py",
    "raises.example": "%U %{items::raises}^py",
    "leaves.example": "%U %{items::leaves}^py",
    "nomodule.example": "%U %{no_such_module::f}^py",
    "noobject.example": "%U %{items::no_such_function}^py",
    "nothing.example": "%U %^py",
    "some.example": "%404{items}^py",
}
CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
<Directory "@DOCS@/handler">
    SetHandler mod_python
    PythonHandler items
</Directory>
<Directory "@DOCS@/redirect">
    SetHandler mod_python
    PythonHandler items::redirect
</Directory>
<Directory "@DOCS@/elsewhere">
    PythonInterpreter elsewhere
</Directory>
""" + "".join(
    f"""
<VirtualHost *>
    ServerName {name}
    CustomLog "@ROOT@/logs/{name}.log" "{text}"
</VirtualHost>
"""
    for name, text in FORMATS.items()
)
FILES = {
    "python/items.py": ITEMS,
    "htdocs/plain.txt": "plain",
    "htdocs/elsewhere/x.txt": "plain",
    "htdocs/handler/page": "",
    "htdocs/redirect/page": "",
}

site = server(CONFIG, FILES)
alone = server(
    "PythonPath \"sys.path + ['@ROOT@/python']\"\nCustomLog \"@ROOT@/logs/py.log\" %{items}^py\n", FILES, load_python="first"
)


def line(site, path, host="localhost", status=200, log=None):
    """Ask, and return the line that this leaves in the host's log."""
    file = site.root / "logs" / (log or f"{host}.log")
    before = len(file.read_text().splitlines())
    assert site.get(path, headers={"Host": host}).status == status
    end = time.monotonic() + 10
    while len(lines := file.read_text().splitlines()) == before and time.monotonic() < end:
        time.sleep(0.01)
    assert len(lines) == before + 1
    return lines[-1]


def test_default_function(site):
    assert line(site, "/plain.txt") == "/plain.txt default"


def test_loaded_before_mod_log_config(alone):
    assert line(alone, "/plain.txt", log="py.log") == "default"


@pytest.mark.parametrize(("query", "shown"), [("none", "-"), ("empty", ""), ("bytes", r"raw\xe4")])
def test_values(site, query, shown):
    assert line(site, "/plain.txt?" + query, "answer.example") == f"/plain.txt <{shown}>"


def test_lines_cannot_be_forged(site):
    shown = r"x\"\n127.0.0.1 forged \x1b[2J\r\t\\ \xc3\xa4"
    assert line(site, "/plain.txt?forged", "answer.example") == f"/plain.txt <{shown}>"


def test_which_request_and_interpreter(site):
    assert line(site, "/plain.txt", "place.example") == "/plain.txt place.example /plain.txt 200 None"
    assert line(site, "/elsewhere/x.txt", "place.example") == "/elsewhere/x.txt elsewhere /elsewhere/x.txt 200 None"
    assert line(site, "/none.txt", "place.example", 404) == "/none.txt place.example /none.txt 404 None"
    assert line(site, "/handler/page", "place.example") == "/handler/page place.example /handler/page 200 marked"
    # As for headers: the request in which a redirect ended, unless `<` asks for the first one.
    assert line(site, "/redirect/page", "place.example") == "/redirect/page place.example /handler/page 200 marked"
    assert line(site, "/redirect/page", "first.example") == "/redirect/page first.example /redirect/page 200 first"


@pytest.mark.parametrize("sent", [b"no request\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /%00 HTTP/1.0\r\n\r\n", b"\x80\r\n\r\n"])
def test_requests_that_httpd_refuses(site, sent):
    site.log.allow("AH0056|AH1024|AH0026|AH01")
    file = site.root / "logs/localhost.log"
    before = len(file.read_text().splitlines())
    site.raw(sent)
    end = time.monotonic() + 10
    while len(lines := file.read_text().splitlines()) == before and time.monotonic() < end:
        time.sleep(0.01)
    assert len(lines) == before + 1 and lines[-1].endswith(" default")


def test_dotted_object(site):
    assert line(site, "/plain.txt", "dotted.example") == "dotted /plain.txt"


def test_by_status(site):
    assert line(site, "/plain.txt", "some.example") == "-"
    assert line(site, "/none.txt", "some.example", 404) == "default"


@pytest.mark.parametrize(
    ("host", "query", "text"),
    [
        ("raises", "", "ValueError: no idea"),
        ("leaves", "", "SERVER_RETURN: 403"),
        ("nomodule", "", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("noobject", "", "AttributeError: module .*items.py' contains no 'no_such_function'"),
        ("answer", "?list", "TypeError: the function returned list, expected"),
        ("answer", "?null", "ValueError: the function returned a text with a null byte"),
    ],
)
def test_failures(site, host, query, text):
    site.log.expect_traceback(text, times=1)
    site.log.expect(rf"MPY0410: LogFormat \^py \S+: uncaught \w+ .*interpreter '{host}\.example'", times=1)
    assert line(site, "/plain.txt" + query, f"{host}.example") == "/plain.txt " + ("<->" if query else "-")


def test_numbers_are_no_values(site):
    site.log.expect(r"MPY0411: LogFormat \^py items::answer: the function returned a number, expected str", times=1)
    assert line(site, "/plain.txt?number", "answer.example") == "/plain.txt <->"


def test_no_function(site):
    site.log.expect(r"MPY0411: LogFormat \^py : there is no function, write %\{module::object\}\^py", times=1)
    assert line(site, "/plain.txt", "nothing.example") == "/plain.txt -"
