"""Handler lists: how a line is split, which list a request gets, and how lists of several scopes go together."""

import re

import pytest

from harness import server

# Content handlers that write their own name; DECLINED and OK go on to the next one.
NAMES = """
from mod_python import apache

def __mark(name):
    def function(req):
        req.write(name + " ")
        return apache.OK
    return function

a, b, c, d, e = map(__mark, "abcde")
handler = __mark("default")

def extension(req):
    req.write(repr(req.extension))
    return apache.OK

def seen_early(req):
    req.seen = req.extension
    return apache.DECLINED

def seen_late(req):
    req.write(repr(req.seen) + repr(req.extension))
    return apache.OK
"""

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
<Directory "@DOCS@">
    SetHandler mod_python
</Directory>
<Directory "@DOCS@/split">
    PythonHandler  names::a	names::b   names
    PythonHandler names::c
</Directory>
<Directory "@DOCS@/bar">
    PythonHandler names::a names::b|.x .y
    PythonHandler names::c | .x
    PythonHandler names::d
</Directory>
<Directory "@DOCS@/second-bar">
    PythonHandler names::a | .x | .y
</Directory>
<Directory "@DOCS@/nothing-after-bar">
    PythonHandler names::a |
</Directory>
<Directory "@DOCS@/no-dot">
    PythonHandler names::a | py
    PythonHandler names::d
</Directory>
<Directory "@DOCS@/case">
    PythonHandler names::a | .py
    PythonHandler names::d
</Directory>
<Directory "@DOCS@/only-ext">
    PythonHandler names::a | .py
</Directory>
<Directory "@DOCS@/tar">
    PythonHandler names::a | .gz
    PythonHandler names::b | .tar.gz
    PythonHandler names::c | .x
    PythonHandler names::d
</Directory>
<Directory "@DOCS@/extension">
    PythonTypeHandler names::seen_early | .py
    PythonHandler names::extension | .py
    PythonHandler names::extension
</Directory>
<Directory "@DOCS@/persist">
    PythonTypeHandler names::seen_early | .py
    PythonTypeHandler names::seen_early
    PythonHandler names::seen_late
</Directory>
<Directory "@DOCS@/outer">
    PythonHandler names::a names::b
    PythonHandler names::e | .py
</Directory>
<Directory "@DOCS@/outer/same">
    PythonOption some thing
</Directory>
<Directory "@DOCS@/outer/inner">
    PythonHandler names::c
</Directory>
<Directory "@DOCS@/outer/inner-ext">
    PythonHandler names::d | .py
</Directory>
<Directory "@DOCS@/files">
    PythonHandler names::a
    <Files "special*">
        PythonHandler names::b
    </Files>
</Directory>
<Location /located>
    PythonHandler names::a
    SetHandler mod_python
</Location>
<Location /located/deeper>
    PythonHandler names::b
</Location>
<Location /order/deeper>
    PythonHandler names::b
    SetHandler mod_python
</Location>
<Location /order>
    PythonHandler names::a
</Location>
<Directory "@DOCS@/beaten">
    PythonHandler names::a
</Directory>
<Location /beaten>
    PythonHandler names::c
    SetHandler mod_python
</Location>
"""

site = server(
    CONFIG,
    {
        "python/names.py": NAMES,
        "htdocs/outer/htaccess/.htaccess": "PythonHandler names::d\n",
        "htdocs/outer/htaccess-twice/.htaccess": "PythonHandler names::d\nPythonHandler names::a\n",
        # httpd applies a <Directory> only where there is one.
        **{f"htdocs/{name}/.keep": "" for name in re.findall(r'<Directory "@DOCS@/([^"]+)">', CONFIG)},
    },
    allow_override="All",
    start_lines=[r"MPY0101: PythonHandler at .* the extension (py|\|) does not begin with a dot"],
)


@pytest.mark.parametrize(
    "path, ran",
    [
        # spec: directives:4.1.2, directives:3.4, directives:4.1.1
        ("/split/x", "a b default c"),
        # spec: directives:4.1.1, directives:4.1.3, directives:3.4
        ("/bar/1.x", "a b c"),
        ("/bar/1.y", "a b"),
        ("/bar/1.z", "d"),
        ("/bar/1", "d"),
        # spec: directives:4.1.1, directives:4.1.5
        ("/second-bar/1.y", "a"),
        # spec: directives:4.1.4
        ("/nothing-after-bar/x.py", "a"),
        ("/nothing-after-bar/x", "a"),
        # spec: directives:4.1.5
        ("/no-dot/x.py", "d"),
        ("/no-dot/py", "d"),
        # spec: directives:4.1.6
        ("/case/x.py", "a"),
        ("/case/x.PY", "d"),
        ("/case/x.Py", "d"),
        # spec: directives:4.4.1, directives:4.4.2, directives:4.4.3
        ("/tar/v.tar.gz", "b"),
        ("/tar/v.gz", "a"),
        ("/tar/v.1.gz", "d"),
        ("/tar/.x", "c"),
        ("/tar/.x.gz", "d"),
        ("/tar/gz", "d"),
    ],
)
def test_splitting_and_choice(site, path, ran):
    # spec: directives:4.1.1, directives:4.1.2, directives:4.1.3, directives:4.1.4, directives:4.1.5
    # spec: directives:4.1.6, directives:4.4.1, directives:4.4.2, directives:4.4.3, directives:3.4
    # spec: directives:6/step-1
    answer = site.get(path)
    assert (answer.status, answer.text.split()) == (200, ran.split())


def test_no_list_for_the_extension_is_declined(site):
    # spec: directives:4.4.7, directives:6/step-1
    assert site.get("/only-ext/x.py").text == "a "
    assert site.get("/only-ext/x.txt").status == 404


@pytest.mark.parametrize(
    "path, ran",
    [
        ("/outer/x", "a b"),
        ("/outer/same/x", "a b"),
        # spec: directives:3.3
        ("/outer/inner/x", "c"),
        ("/outer/htaccess/x", "d"),
        ("/outer/htaccess-twice/x", "d a"),
        # spec: directives:3.5
        ("/outer/inner/x.py", "e"),
        ("/outer/htaccess/x.py", "e"),
        ("/outer/inner-ext/x.py", "d"),
        ("/outer/inner-ext/x", "a b"),
        # spec: directives:3.11
        ("/files/x", "a"),
        ("/files/special", "b"),
        ("/located/x", "a"),
        ("/located/deeper/x", "b"),
        ("/order/deeper/x", "a"),
        ("/beaten/x", "c"),
    ],
)
def test_scopes(site, path, ran):
    # spec: directives:3.3, directives:3.4, directives:3.5, directives:3.11
    answer = site.get(path)
    assert (answer.status, answer.text.split()) == (200, ran.split())


def test_extension_attribute(site):
    # spec: directives:4.4.4, directives:6/step-5
    assert site.get("/extension/x.py").text == "'.py'"
    # No list for this extension: the attribute keeps what it was.
    assert site.get("/extension/x.txt").text == "None"
    # The look-up without a dot succeeds with the general list.
    assert site.get("/extension/x").text == "''"


def test_extension_stays_in_later_phases(site):
    # spec: directives:4.4.4
    assert site.get("/persist/x.py").text == "'.py''.py'"
    assert site.get("/persist/x").text == "''''"


def test_locations_know_no_extension(site):
    # spec: directives:4.4.5
    assert site.get("/located/x.py").text == "a "
