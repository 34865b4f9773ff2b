"""PythonMapToStorageHandler: chooses the file in httpd's place, at server level and in locations."""

import pytest

from harness import Httpd, server

STORE = '''
from mod_python import apache

def maptostoragehandler(req):
    options = req.get_options()
    req.err_headers_out.add("X-Store", "%s %s %s" % (req.phase, req.uri, options.get("place", "-")))
    what = req.args or ""
    if what == "file":
        req.filename = "@ROOT@/store/blob"
        req.finfo = apache.stat(req.filename, apache.APR_FINFO_MIN)
        req.path_info = ""
        return apache.OK
    if what == "missing":
        req.filename = "@ROOT@/store/none"
        req.finfo = apache.stat(req.filename, apache.APR_FINFO_MIN)
        return apache.OK
    if what == "other":
        # httpd walks this one, sections and all.
        req.filename = "@DOCS@/closed/file.txt"
        return apache.DECLINED
    if what == "done":
        req.write("done")
        return apache.DONE
    if what == "gone":
        return apache.HTTP_GONE
    if what == "raise":
        raise KeyError("in store")
    if what == "none":
        return None
    if what == "return":
        raise apache.SERVER_RETURN(apache.HTTP_CONFLICT)
    return apache.DECLINED

def located(req):
    req.filename = "@ROOT@/store/" + req.interpreter
    req.finfo = apache.stat(req.filename, apache.APR_FINFO_MIN)
    req.path_info = ""
    return apache.OK

def added(req):
    req.err_headers_out.add("X-Added", req.interpreter)
    return apache.DECLINED

def transhandler(req):
    if req.args == "add":
        req.add_handler("PythonMapToStorageHandler", "store::added")
    return apache.DECLINED

def handler(req):
    req.write(repr((req.filename, req.path_info, req.finfo.filetype == apache.APR_REG)))
    return apache.OK
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter one
PythonTransHandler store
<Directory "@DOCS@/closed">
    Require all denied
</Directory>
<Directory "@DOCS@">
    DirectoryIndex index.txt
</Directory>
<Location "/located">
    PythonInterpreter two
    PythonMapToStorageHandler store::located
    Require all granted
</Location>
<LocationMatch "^/matched/">
    PythonOption place matched
    PythonMapToStorageHandler store
    Require all granted
</LocationMatch>
<Location "/app">
    PythonOption place app
    SetHandler mod_python
    PythonHandler store
    PythonMapToStorageHandler store
    Require all granted
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName server.test
    PythonMapToStorageHandler store
    <Location "/">
        PythonOption place root
        Require all granted
    </Location>
    <Location "/missing">
        PythonMapToStorageHandler no_such_module
    </Location>
    <Location "/object">
        PythonMapToStorageHandler store::nothing
    </Location>
</VirtualHost>
"""

site = server(
    CONFIG,
    {
        "python/store.py": STORE,
        "store/blob": "from the store",
        "store/two": "for two",
        "htdocs/file.txt": "static",
        "htdocs/sub/index.txt": "the index",
        "htdocs/closed/file.txt": "closed",
        "htdocs/matched/x": "matched",
    },
)
HOST = "server.test"


def test_ok_takes_the_file(site):
    answer = site.get("/any/thing?file", host=HOST)
    assert (answer.status, answer.text) == (200, "from the store")
    assert answer.header("X-Store") == "PythonMapToStorageHandler /any/thing root"


def test_ok_without_a_file(site):
    site.log.allow("AH00128: File does not exist")
    assert site.get("/any?missing", host=HOST).status == 404


def test_declined_leaves_it_to_httpd(site):
    answer = site.get("/file.txt", host=HOST)
    assert (answer.status, answer.text) == (200, "static")
    assert answer.header_all("X-Store") == ["PythonMapToStorageHandler /file.txt root"]


def test_a_file_name_for_httpd_to_walk(site):
    # The location's Require stands behind the directory's and counts.
    assert site.get("/any?other", host=HOST).text == "closed"


def test_sub_requests_are_mapped_too(site):
    answer = site.get("/sub/", host=HOST)
    assert answer.text == "the index"


@pytest.mark.parametrize(("what", "status"), [("done", 200), ("gone", 410), ("return", 409)])
def test_other_results(site, what, status):
    answer = site.get(f"/file.txt?{what}", host=HOST)
    assert answer.status == status
    assert "static" not in answer.text


@pytest.mark.parametrize(
    ("what", "last"), [("raise", "KeyError: 'in store'"), ("none", "AssertionError: handler 'store' returned.* NoneType")]
)
def test_bad_results(site, what, last):
    site.log.expect(r"MPY0401: PythonMapToStorageHandler store: uncaught \w+ \(phase .*, interpreter 'one'\)", 1)
    site.log.expect_traceback(f"PythonMapToStorageHandler store: {last}", times=1)
    assert site.get(f"/file.txt?{what}", host=HOST).status == 500
    site.log.check()
    assert site.get("/file.txt", host=HOST).text == "static"


@pytest.mark.parametrize(("path", "last"), [("/missing", "ModuleNotFoundError"), ("/object", "AttributeError")])
def test_what_does_not_exist(site, path, last):
    site.log.expect("MPY0401: PythonMapToStorageHandler ", times=1)
    site.log.expect_traceback(f"PythonMapToStorageHandler .*: {last}: ", times=1)
    assert site.get(path, host=HOST).status == 500


def test_in_a_location(site):
    # Its settings count as well, here the interpreter.
    assert site.get("/located/x").text == "for two"
    answer = site.get("/matched/x")
    assert (answer.text, answer.header("X-Store")) == ("matched", "PythonMapToStorageHandler /matched/x matched")
    answer = site.get("/file.txt")
    assert (answer.text, answer.header("X-Store")) == ("static", None)


def test_together_with_content_of_the_location(site):
    # Declined: the location's content has no file, as ever.
    answer = site.get("/app/rest")
    assert (answer.text, answer.header("X-Store")) == ("(None, '/rest', False)", "PythonMapToStorageHandler /app/rest app")
    assert site.get("/app/rest?file").text == repr((str(site.root / "store/blob"), "", True))


def test_added_by_an_earlier_phase(site):
    for host in ("localhost", HOST):
        answer = site.get("/file.txt?add", host=host)
        assert (answer.text, answer.header_all("X-Added")) == ("static", ["one"])


@pytest.mark.parametrize(
    "section", ['<Directory "@DOCS@">', "<DirectoryMatch x>", "<Files x>", '<If "true">', '<Location "/x">\n<If "true">']
)
def test_refused_where_it_could_not_run(tree, section):
    words = [line[1:].split()[0].rstrip(">") for line in section.splitlines()]
    closing = "\n".join(f"</{word}>" for word in reversed(words))
    made = Httpd(tree, "event", f"{section}\nPythonMapToStorageHandler store\n{closing}")
    try:
        status, said = made.check_config()
    finally:
        made.remove()
    assert status != 0
    assert "PythonMapToStorageHandler cannot occur within <" in said


def test_extensions_are_refused(tree):
    made = Httpd(tree, "event", "PythonMapToStorageHandler store | .txt\n")
    try:
        status, said = made.check_config()
    finally:
        made.remove()
    assert status != 0
    assert 'PythonMapToStorageHandler does not accept "| .ext" syntax.' in said
