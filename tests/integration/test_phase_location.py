"""Content from a <Location>: no file, no <Directory> sections, and the rest of the URI as path_info."""

import pytest

from harness import server

WHERE = '''
from mod_python import apache

def handler(req):
    req.write(repr((req.filename, req.path_info)))
    return apache.OK

def facts(req):
    req.write(repr((req.filename, req.canonical_filename, req.path_info, req.finfo.filetype, req.hlist.directory)))
    return apache.OK

def fixuphandler(req):
    req.err_headers_out["X-Fixup"] = str(req.filename)
    return apache.OK

def access(req):
    req.err_headers_out["X-Access"] = "seen"
    return apache.OK

def directory(req):
    req.err_headers_out["X-Directory"] = "seen"
    return apache.OK

def trans(req):
    if req.uri == "/app/mapped":
        req.filename = "@DOCS@/guarded/file.txt"
        return apache.OK
    if req.uri == "/app/unnamed":
        return apache.OK
    return apache.DECLINED
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter main_interpreter
RewriteEngine On
RewriteRule "^/app/rewritten$" "/app/target" [PT]
Alias /aliased "@ROOT@/elsewhere"
Alias /app/aliased "@ROOT@/elsewhere"
<Directory "@DOCS@">
    PythonFixupHandler where::directory
</Directory>
<Directory "@ROOT@/elsewhere">
    Require all granted
</Directory>
<Location /app>
    SetHandler mod_python
    PythonHandler where
</Location>
<Location /app/nested>
    PythonOption nested yes
</Location>
<Location /case>
    SetHandler Mod_Python
    PythonHandler where
</Location>
<Location /facts>
    SetHandler mod_python
    PythonHandler where::facts
</Location>
<Location /slash/>
    SetHandler mod_python
    PythonHandler where
</Location>
<Location /slash/given-back>
    SetHandler none
</Location>
<LocationMatch "^/match/\\d+">
    SetHandler mod_python
    PythonHandler where
</LocationMatch>
<Location /aliased>
    PythonHandler where
    SetHandler mod_python
</Location>
<Location /guarded>
    PythonAccessHandler where::access
    PythonFixupHandler where
</Location>
<Location /inherited>
    SetHandler mod_python
    PythonOption only this
</Location>
<Location /by-extension>
    SetHandler mod_python
    PythonHandler where | .py
</Location>
<Directory "@DOCS@/inherited">
    PythonHandler where
</Directory>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName whole.test
    <Location />
        SetHandler mod_python
        PythonHandler where
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName trans.test
    PythonTransHandler where::trans
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName files.test
    <Directory "@DOCS@">
        SetHandler mod_python
        PythonHandler where
    </Directory>
</VirtualHost>
"""

site = server(
    CONFIG,
    {
        "python/where.py": WHERE,
        "htdocs/guarded/file.txt": "guarded file",
        "htdocs/inherited/.keep": "",
        "htdocs/app/there.txt": "never served",
        "htdocs/app/.htaccess": "This is no directive\n",
        "elsewhere/file.txt": "elsewhere",
        "htdocs/slash/given-back/file.txt": "given back",
    },
    allow_override="All",
)


@pytest.mark.parametrize(
    "path, rest",
    [
        ("/app", ""),
        ("/app/", "/"),
        ("/app/x/y.html", "/x/y.html"),
        ("/app/a%20b", "/a b"),
        ("/app/there.txt", "/there.txt"),
        ("/app/there.txt?a=b", "/there.txt"),
        ("/app//x", "/x"),
        ("/app/nested/x", "/nested/x"),
        ("/slash/x", "/x"),
        ("/slash/", "/"),
    ],
)
def test_path_info_is_the_rest_of_the_uri(site, path, rest):
    # spec: directives:5.4.2, directives:D-22, directives:4.6/location
    answer = site.get(path)
    assert (answer.status, answer.text) == (200, repr((None, rest)))
    assert answer.header("X-Directory") is None


def test_whole_server(site):
    # spec: directives:5.4.2
    for path in ("/", "/x", "/guarded/file.txt"):
        assert site.get(path, host="whole.test").text == repr((None, path))


@pytest.mark.parametrize(("path", "rest"), [("/match/17/x", "/x"), ("/match/17", ""), ("/match/17a", "")])
def test_path_info_behind_a_match(site, path, rest):
    # spec: directives:5.4.2
    assert site.get(path).text == repr((None, rest))


def test_facts(site):
    # spec: directives:5.4.2, directives:4.6/location
    assert eval(site.get("/facts/x").text) == (None, None, "/x", 0, "/facts")


def test_neither_alias_nor_htaccess_apply(site):
    # spec: directives:5.4.2, directives:5.4.6
    assert site.get("/aliased/file.txt").text == repr((None, "/file.txt"))
    assert site.get("/app/aliased/file.txt").text == repr((None, "/aliased/file.txt"))


def test_other_phases_in_a_location_leave_the_file_alone(site):
    # spec: directives:D-22, directives:5.4.4
    answer = site.get("/guarded/file.txt")
    assert (answer.status, answer.body) == (200, b"guarded file")
    assert (answer.header("X-Access"), answer.header("X-Fixup")) == ("seen", f"{site.docs}/guarded/file.txt")


def test_inherited_handler_has_a_file(site):
    # spec: directives:5.4.5
    answer = site.get("/inherited/x")
    assert answer.text == repr((f"{site.docs}/inherited/x", ""))
    assert answer.header("X-Directory") == "seen"


def test_directory_handlers_have_a_file(site):
    # spec: directives:5.4.1, directives:5.4.5
    assert site.get("/guarded/x/y", host="files.test").text == repr((f"{site.docs}/guarded/x", "/y"))


def test_trans_handler_comes_before(site):
    # spec: directives:5.4.3
    assert site.get("/app/x", host="trans.test").text == repr((None, "/x"))
    assert site.get("/app/unnamed", host="trans.test").text == repr((None, "/unnamed"))
    answer = site.get("/app/mapped", host="trans.test")
    assert eval(answer.text)[0] == f"{site.docs}/guarded/file.txt"
    assert answer.header("X-Directory") == "seen"


def test_no_prefix_that_only_looks_like_one(site):
    # spec: directives:5.4.2
    assert site.get("/application").status == 404


def test_another_handler_keeps_its_file(site):
    # spec: directives:D-22
    assert site.get("/slash/given-back/file.txt").text == "given back"
    # The case of SetHandler's word means nothing to httpd.
    assert site.get("/case/x").text == repr((None, "/x"))
