"""req.hlist: the cursor that the dispatcher moves, too."""

import json

from harness import server

CONFIG = """
PythonPath "['@ROOT@/lib', *sys.path]"
SetHandler mod_python
<Directory "@DOCS@">
    PythonHandler listed::first listed::second
    PythonFixupHandler listed::fixup
</Directory>
<Directory "@DOCS@/quiet">
    PythonHandler listed::first
    PythonHandlerModule silent
</Directory>
<Location "/place">
    PythonHandler listed::first listed::second
</Location>
"""

LISTED = """
import json

from mod_python import apache

NAMES = ("handler", "directory", "silent", "is_location")
kept = []

def caught(call, *args):
    try:
        return call(*args)
    except Exception as error:
        return [type(error).__name__, str(error)]

def fields(cursor):
    return {name: getattr(cursor, name) for name in NAMES}

def say(req, value):
    req.write(json.dumps(value) + "\\n", 0)

def fixup(req):
    req.fixup = (repr(req.hlist), req.hlist)
    return apache.OK

def first(req):
    cursor = req.hlist
    what = req.args
    if what == "fields":
        say(req, fields(cursor))
    elif what == "repr":
        say(req, [repr(cursor), str(cursor)])
    elif what == "same":
        say(req, [req.fixup[0], req.fixup[1] is cursor, cursor is req.hlist, repr(cursor)])
    elif what == "skip":
        say(req, [cursor.next(), cursor.handler])
    elif what == "end":
        for _ in range(5):
            say(req, cursor.next())
        say(req, [fields(cursor), cursor.unknown, caught(getattr, cursor, "__unknown__")[0], repr(cursor)])
    elif what == "errors":
        say(req, [caught(setattr, cursor, name, 1)[0] for name in (*NAMES, "unknown", "next")])
        say(req, [caught(delattr, cursor, "handler")[0], caught(getattr, cursor, "unknown")[0], caught(cursor.next, 1)[0],
                  caught(type(cursor))[0], caught(setattr, req, "hlist", cursor)[0], type(cursor).__name__])
    elif what == "keep":
        kept.append(cursor)
    elif what == "kept":
        say(req, [caught(getattr, old, "handler")[0] for old in kept] + [caught(old.next)[0] for old in kept]
                 + [caught(repr, old)[0] for old in kept])
    return apache.OK

def second(req):
    say(req, fields(req.hlist))
    return apache.OK
"""

SILENT = """
from listed import second as handler
"""

site = server(
    CONFIG, {"lib/listed.py": LISTED, "lib/silent.py": SILENT, "htdocs/quiet/x": "", "htdocs/place": ""}, processes=1
)  # fmt: skip


def values(site, what, path="/x"):
    answer = site.get(f"{path}?{what}")
    assert answer.status == 200, answer
    return [json.loads(line) for line in answer.text.splitlines()]


def entry(handler, directory, *, silent=0, is_location=0):
    return {"handler": handler, "directory": directory, "silent": silent, "is_location": is_location}


def test_fields(site):
    # spec: api:10/handler, api:10/directory, api:10/is_location, api:6.1/hlist
    docs = f"{site.docs}/"
    assert values(site, "fields") == [entry("listed::first", docs), entry("listed::second", docs)]
    assert values(site, "fields", "/place") == [
        entry("listed::first", "/place", is_location=1), entry("listed::second", "/place", is_location=1)
    ]  # fmt: skip


def test_silent(site):
    # spec: api:10/silent, directives:D-15
    assert values(site, "fields", "/quiet/x")[1] == entry("silent", f"{site.docs}/quiet/", silent=1)


def test_repr(site):
    # spec: api:10/repr
    expected = f"{{'handler':'listed::first','directory':'{site.docs}/','is_location':False,'silent':0}}"
    assert values(site, "repr")[0] == [expected, expected]
    expected = "{'handler':'listed::first','directory':'/place','is_location':True,'silent':0}"
    assert values(site, "repr", "/place")[0] == [expected, expected]


def test_one_cursor_for_the_request(site):
    # spec: api:6.1/hlist, directives:6/step-5
    fixup, same, still_same, content = values(site, "same")[0]
    assert "'handler':'listed::fixup'" in fixup and "'handler':'listed::first'" in content
    assert same is True and still_same is True


def test_next_skips_a_handler(site):
    # spec: api:10/shared, api:10/next
    assert values(site, "skip") == [[None, "listed::second"]]


def test_next_at_the_end_does_nothing(site):
    # spec: directives:D-18, api:10/next, api:10/end
    *nothing, last = values(site, "end")
    assert nothing == [None] * 5
    assert last[0] == dict.fromkeys(("handler", "directory", "silent", "is_location"))
    assert last[1:] == [None, "AttributeError", "{'handler':None}"]
    assert len(values(site, "fields")) == 2


def test_errors(site):
    # spec: api:10/assignment
    assigned, others, _second = values(site, "errors")
    assert assigned == ["AttributeError"] * 6
    assert others == ["AttributeError", "AttributeError", "TypeError", "TypeError", "AttributeError", "mp_hlist"]


def test_expires_with_the_request(site):
    # spec: api:A-12
    values(site, "keep")
    assert values(site, "kept")[0] == ["ExpiredError"] * 3
