"""PythonRewriteMap: maps of mod_rewrite that are Python functions."""

import pytest

from harness import Httpd, server

MAPS = '''
import threading

from mod_python import apache

ANSWERS = {"none": None, "empty": "", "bytes": b"plain.txt", "number": 1, "list": ["a"], "null": "a\\0b"}


def rewritemap(req, key):
    """The default function."""
    return {"a": "plain.txt", "\\xe4": "plain.txt"}.get(key)


def second(req, key):
    return "second.txt"


def answer(req, key):
    return ANSWERS[key]


def raises(req, key):
    raise ValueError("no idea")


def leaves(req, key):
    raise apache.SERVER_RETURN(apache.HTTP_FORBIDDEN)


def place(req, key):
    req.notes["asked"] = "%s %s %r %s" % (req.interpreter, req.uri, req.phase, key)
    return "handler/page"


class Rule:
    def __init__(self, req):
        self.uri = req.uri

    def look(self, req, key):
        return "plain.txt" if self.uri == req.uri else None


def handler(req):
    req.write("%s / %s" % (req.notes.get("asked"), req.unparsed_uri))
    return apache.OK


def redirect(req):
    req.internal_redirect("/default/a")
    return apache.OK
'''

NAMES = {
    "default": "maps", "second": "maps::second", "answer": "maps::answer", "raises": "maps::raises",
    "leaves": "maps::leaves", "place": "maps::place", "dotted": "maps::Rule.look", "nomodule": "no_such_module::f",
    "noobject": "maps::no_such_function",
}  # fmt: skip
DEFINITIONS = "\n".join(f"PythonRewriteMap {name} {text}" for name, text in NAMES.items())
RULES = "\n".join(
    [
        "RewriteEngine On",
        *(f"RewriteMap {name}-map int:{name}" for name in NAMES),
        *(f"RewriteRule ^/{name}/(.*)$ /${{{name}-map:$1|default.txt}} [PT]" for name in NAMES),
        "RewriteCond ${second-map:x} =second.txt",
        "RewriteRule ^/condition$ /plain.txt",
        "RewriteRule ^/no-default/(.*)$ /<${default-map:$1}>",
    ]
)
CONFIG = f"""
PythonPath "sys.path + ['@ROOT@/python']"
{DEFINITIONS}
<Directory "@DOCS@/handler">
    SetHandler mod_python
    PythonHandler maps
</Directory>
<Directory "@DOCS@/redirect">
    SetHandler mod_python
    PythonHandler maps::redirect
</Directory>
<Directory "@DOCS@/local">
    RewriteEngine On
    RewriteRule ^(.*)$ /${{second-map:$1}} [PT]
</Directory>
<VirtualHost *>
    ServerName localhost
    PythonRewriteMap here maps::second
    {RULES}
</VirtualHost>
<VirtualHost *>
    ServerName other.example
    PythonRewriteMap default maps::second
    RewriteMap foreign int:here
    {RULES}
    RewriteRule ^/foreign/(.*)$ /${{foreign:$1|default.txt}}
</VirtualHost>
"""
FILES = {
    "python/maps.py": MAPS,
    **{f"htdocs/{name}.txt": name for name in ("plain", "second", "default")},
    "htdocs/handler/page": "",
    "htdocs/redirect/page": "",
    "htdocs/local/page": "",
}

site = server(CONFIG, FILES)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/default/a", "plain"),
        ("/default/b", "default"),
        ("/default/%C3%A4", "plain"),
        ("/second/x", "second"),
        ("/answer/none", "default"),
        ("/answer/bytes", "plain"),
        ("/dotted/x", "plain"),
        ("/condition", "plain"),
        ("/local/page", "second"),
        ("/redirect/page", "plain"),
        ("/place/k", "localhost /place/k None k / /place/k"),
    ],
)
def test_values(site, path, text):
    assert site.get(path).text == text


def test_empty_is_a_value(site):
    answer = site.get("/answer/empty")
    assert answer.status in (403, 404) and "default" not in answer.text
    site.log.allow("AH01276")


def test_virtual_hosts_mean_their_own_functions(site):
    headers = {"Host": "other.example"}
    assert site.get("/default/a", headers=headers).text == "second"
    assert site.get("/place/k", headers=headers).text == "other.example /place/k None k / /place/k"


def test_a_name_of_another_virtual_host(site):
    site.log.expect("MPY0420: PythonRewriteMap here: this virtual host has no function of that name", times=1)
    assert site.get("/foreign/x", headers={"Host": "other.example"}).text == "default"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/raises/x", "ValueError: no idea"),
        ("/leaves/x", "SERVER_RETURN: 403"),
        ("/answer/list", "TypeError: the function returned list, expected"),
        ("/answer/null", "ValueError: the function returned a text with a null byte"),
        ("/nomodule/x", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("/noobject/x", "AttributeError: module .*maps.py' contains no 'no_such_function'"),
    ],
)
def test_failures_are_no_match(site, path, text):
    site.log.expect_traceback(text, times=1)
    site.log.expect(r"MPY0410: PythonRewriteMap \S+: uncaught \w+ .*interpreter 'localhost'", times=1)
    assert site.get(path).text == "default"


def test_numbers_are_no_values(site):
    site.log.expect("MPY0411: PythonRewriteMap maps::answer: the function returned a number, expected str", times=1)
    assert site.get("/answer/number").text == "default"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("PythonRewriteMap toupper m::f", "toupper is mod_rewrite's own"),
        ("PythonRewriteMap name", "takes two arguments, a name for RewriteMap's int: and the function it calls"),
        ("RewriteMap m int:late\nPythonRewriteMap late m::f", "RewriteMap: internal map not found:late"),
        ("<Location /x>\nPythonRewriteMap name m::f\n</Location>", "not allowed in"),
        # httpd has no way for a module to add a kind of map: what it does not know is the path of a file.
        ('RewriteMap m "python:maps::second"', "RewriteMap: file for map m not found"),
        ("\n".join(f"PythonRewriteMap name{number} m::f" for number in range(65)), "there can be 64 names at most"),
    ],
)
def test_wrong_lines_stop_the_start(tree, lines, sentence):
    made = Httpd(tree, "event", lines)
    try:
        status, said = made.check_config()
    finally:
        made.remove()
    assert status != 0
    assert sentence in said


def test_as_many_names_as_there_are(tree, mpm):
    count = 64
    lines = [f"PythonRewriteMap name{number} many::f{number}\nRewriteMap m{number} int:name{number}" for number in range(count)]
    lines += [f"RewriteRule ^/x{number}$ /${{m{number}:k}}" for number in range(count)]
    text = "\n".join(f"def f{number}(req, key):\n    return 'file{number}.txt'\n" for number in range(count))
    files = {"python/many.py": text, **{f"htdocs/file{number}.txt": str(number) for number in range(count)}}
    # The same name again takes no other place.
    again = "<VirtualHost *>\nPythonRewriteMap name0 many::f0\nRewriteEngine On\nRewriteOptions InheritDown\n</VirtualHost>"
    config = "\n".join(["RewriteEngine On", "RewriteOptions InheritDown", *lines, again])
    with Httpd(tree, mpm, "PythonPath \"sys.path + ['@ROOT@/python']\"\n" + config, files) as site:
        assert [site.get(f"/x{number}").text for number in range(count)] == [str(number) for number in range(count)]
        site.restart()
        assert site.get("/x63").text == "63"


def test_without_mod_rewrite(tree, mpm, monkeypatch):
    from harness import config

    monkeypatch.setattr(config, "MODULES", [name for name in config.MODULES if name not in ("rewrite",)])
    with Httpd(tree, mpm, "PythonRewriteMap name m::f", {"htdocs/x.txt": "there"}) as site:
        site.log.expect("MPY0101: PythonRewriteMap at .*mod_rewrite is not loaded, nothing can ask the map")
        assert site.get("/x.txt").text == "there"
