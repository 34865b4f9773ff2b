"""The directory of a handler: what each section gives, what lands on sys.path, and what PythonPath does to it."""

import re

from harness import server

SHOW = '''
import sys
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.write(repr(sys.path))
    return apache.OK
'''

CONFIG = """
PythonInterpPerDirective Off
<Directory "@DOCS@">
    SetHandler mod_python
    PythonInterpreter plain
    PythonHandler show
</Directory>
<Directory "@DOCS@/plain//../plain">
</Directory>
<Directory "@DOCS@/own">
    PythonHandler own
</Directory>
<Directory "@DOCS@/wild/*">
    PythonInterpreter wild
    PythonHandler local
</Directory>
<DirectoryMatch "^@DOCS@/regex/[^/]+">
    PythonInterpreter regex
    PythonHandler local
</DirectoryMatch>
<Directory ~ "^@DOCS@/tilde/[^/]+/">
    PythonInterpreter tilde
    PythonHandler local
</Directory>
<Directory "@DOCS@/files">
    PythonInterpreter files
    <Files "x*">
        PythonHandler local
    </Files>
</Directory>
<Files "everywhere">
    PythonInterpreter everywhere
    PythonHandler atserver
</Files>
<Location /loc>
    SetHandler mod_python
    PythonInterpreter loc
    PythonPath "sys.path + ['@ROOT@/python']"
    PythonHandler local
</Location>
<Location /bare>
    SetHandler mod_python
    PythonInterpreter bare
    PythonHandler mod_python_test_path
</Location>
<Directory "@DOCS@/path">
    PythonInterpreter path
    PythonPath "['@ROOT@/python'] + sys.path"
    PythonHandler local
</Directory>
<Directory "@DOCS@/path/other">
    PythonPath "sys.path + ['/second']"
</Directory>
<Directory "@DOCS@/replace">
    PythonInterpreter replace
    PythonPath "['@ROOT@/python', '@ROOT@/python']"
    PythonHandler local
</Directory>
<Directory "@DOCS@/path-error">
    PythonInterpreter path-error
    PythonPath "sys.path + nowhere"
    PythonHandler show
</Directory>
<Directory "@DOCS@/path-number">
    PythonInterpreter path-number
    PythonPath 5
    PythonHandler show
</Directory>
<Directory "@DOCS@/path-numbers">
    PythonInterpreter path-number
    PythonPath "[1, 2]"
    PythonHandler show
</Directory>
<Directory "@DOCS@/path-text">
    PythonInterpreter path-number
    PythonPath "'/a/b'"
    PythonHandler show
</Directory>
"""

FOLDERS = ["wild/one", "wild/two", "regex/one", "regex/two", "tilde/one", "files", "htaccess/deeper"]

site = server(
    CONFIG,
    {
        "htdocs/show.py": SHOW,
        "htdocs/own/own.py": SHOW,
        "python/local.py": SHOW,
        "python/atserver.py": SHOW,
        **{f"htdocs/{name}/.keep": "" for name in re.findall(r'<Directory "@DOCS@/([\w/-]+)">', CONFIG)},
        **{f"htdocs/{name}/local.py": SHOW for name in FOLDERS},
        "htdocs/htaccess/.htaccess": "PythonInterpreter htaccess\nPythonHandler local::handler\n",
        "htdocs/htaccess/local.py": SHOW,
        "htdocs/wild/one/deep/.keep": "",
        "htdocs/regex/one/deep/.keep": "",
    },
    allow_override="All",
    processes=1,
)


def path_of(site, url):
    """sys.path of the interpreter that serves the URL, after its handler was found."""
    answer = site.get(url)
    assert answer.status == 200, site.log.text()
    return eval(answer.text)


def test_directory_is_absolute_with_a_slash_and_put_in_front_once(site):
    # spec: directives:4.5.2, directives:4.6/directory
    for _ in range(3):
        seen = path_of(site, "/plain/x")
        assert seen[0] == f"{site.docs}/"
        assert seen.count(f"{site.docs}/") == 1


def test_entries_stay_in_their_interpreter(site):
    # spec: directives:4.5.4, directives:4.5.6
    path_of(site, "/own/x")
    seen = path_of(site, "/plain/x")
    assert {f"{site.docs}/own/", f"{site.docs}/"} <= set(seen)
    assert f"{site.docs}/own/" not in path_of(site, "/files/x")


def test_wildcards_are_resolved_for_each_request(site):
    # spec: directives:4.6/directory-pattern, directives:D-3, directives:6/step-2
    seen = path_of(site, "/wild/one/deep/x")
    assert seen[0] == f"{site.docs}/wild/one/"
    assert f"{site.docs}/wild/one/deep/" not in seen
    assert f"{site.docs}/wild/two/" in path_of(site, "/wild/two/x")
    assert not [entry for entry in path_of(site, "/wild/one/x") if "*" in str(entry)]


def test_regular_expressions_are_resolved_for_each_request(site):
    # spec: directives:4.6/directory-pattern, directives:D-3
    assert path_of(site, "/regex/one/deep/x")[0] == f"{site.docs}/regex/one/"
    assert path_of(site, "/regex/two/x")[0] == f"{site.docs}/regex/two/"
    seen = path_of(site, "/tilde/one/x")
    assert seen[0] == f"{site.docs}/tilde/one/"
    assert not [entry for entry in seen if "^" in entry]


def test_htaccess_gives_its_own_directory(site):
    # spec: directives:4.6/htaccess, directives:3.12
    seen = path_of(site, "/htaccess/deeper/x")
    assert seen[0] == f"{site.docs}/htaccess/"
    assert f"{site.docs}/htaccess/deeper/" not in seen


def test_files_take_the_directory_around_them(site):
    # spec: directives:4.6/files, directives:D-3, directives:3.12
    seen = path_of(site, "/files/x")
    assert seen[0] == f"{site.docs}/files/"
    assert not [entry for entry in seen if "x*" in entry]


def test_no_directory_at_server_level(site):
    # spec: directives:4.6/server, directives:4.6/files
    site.log.expect("MPY0401", times=1)
    site.log.expect_traceback("ModuleNotFoundError: No module named 'atserver'", times=1)
    (site.docs / "atserver.py").write_text("")
    assert site.get("/everywhere").status == 500


def test_location_is_never_added(site):
    # spec: directives:4.5.3, directives:4.6/location, directives:D-3
    seen = path_of(site, "/loc/x")
    assert not [entry for entry in seen if "loc" in entry.split("/")]
    site.log.expect_traceback("ModuleNotFoundError: No module named 'mod_python_test_path'", times=1)
    assert site.get("/bare/x").status == 500


def test_path_replaces_the_directory(site):
    # spec: directives:4.5.1, directives:9.8.1, directives:1/PythonPath
    seen = path_of(site, "/path/x")
    assert seen[0] == f"{site.root}/python"
    assert f"{site.docs}/path/" not in seen
    assert path_of(site, "/replace/x") == [f"{site.root}/python", f"{site.root}/python"]


def test_each_text_is_applied_once(site):
    # spec: directives:9.8.3, directives:9.8.5, directives:D-11
    path_of(site, "/path/x")
    seen = path_of(site, "/path/other/x")
    assert seen[-1] == "/second"
    for _ in range(3):
        assert path_of(site, "/path/x") == seen
        assert path_of(site, "/path/other/x") == seen


def test_failing_path_fails_every_time(site):
    # spec: directives:9.8.4
    site.log.expect_traceback("NameError: name 'nowhere' is not defined", times=2)
    site.log.expect_traceback("TypeError: 'int' object is not iterable", times=2)
    for url in ("/path-error/x", "/path-error/x", "/path-number/x", "/path-number/x"):
        assert site.get(url).status == 500


def test_path_that_is_no_list_of_strings(site):
    # spec: directives:9.8.4, directives:9.8.1
    site.log.expect_traceback("TypeError: expected str, bytes or os.PathLike object, not int", times=2)
    site.log.expect_traceback("TypeError: PythonPath must give a list of strings: '/a/b'", times=2)
    for url in ("/path-numbers/x", "/path-numbers/x", "/path-text/x", "/path-text/x"):
        assert site.get(url).status == 500
