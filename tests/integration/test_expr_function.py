"""PythonExprFunction: functions of httpd's expressions that are Python's."""

import base64
import hashlib

import pytest

from harness import Httpd, server

FUNCTIONS = '''
from mod_python import apache

ANSWERS = {"none": None, "bytes": b"raw", "number": 1, "true": True, "list": ["a"], "null": "a\\0b", "text": "a text"}


def exprfunction(req, text):
    """The default function."""
    return "default " + text


def greet(req, text):
    return "hello " + text


def other(req, text):
    return "other host: " + text


def place(req, text):
    return "%s %s %s" % (req.interpreter, req.uri, req.main is not None)


def answer(req, name):
    return ANSWERS[name]


LISTS = {"list": ["ann", b"bob"], "tuple": ("ann",), "set": {"ann"}, "frozen": frozenset(["ann"]), "empty": [],
         "none": None, "text": "ann", "dict": {"ann": 1}, "mixed": ["ann", 1], "null": ["ann\\0"], "number": 1}


def members(req, name):
    if name == "raises":
        raise ValueError("no idea")
    return LISTS[name]


def raises(req, text):
    if text == "fine":
        return "yes"
    raise ValueError("no idea")


def leaves(req, text):
    raise apache.SERVER_RETURN(apache.HTTP_FORBIDDEN)


def mark(req, text):
    req.mark = text
    return repr(req.phase)


class Rule:
    def __init__(self, req):
        self.uri = req.uri

    def check(self, req, text):
        return "same" if self.uri == req.uri else "other"


def handler(req):
    req.write("%s %s" % (getattr(req, "mark", None), req.subprocess_env.get("MARKED")))
    return apache.OK


def redirect(req):
    req.internal_redirect(req.args or "/if/page.txt")
    return apache.OK


def during(req, text):
    """Called while the handler below is writing."""
    req.asked = getattr(req, "asked", 0) + 1
    if text == "raises":
        raise ValueError("no idea")
    return "%s by %s" % (req.phase, req.writer)


def writes(req):
    req.writer = "me"
    before = req.hlist.handler
    req.write("first ")
    req.write("%s %s %s %s" % (req.asked, req.writer, req.phase, req.hlist.handler == before))
    return apache.OK

'''

DEFINITIONS = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonExprFunction default functions
PythonExprFunction greet functions::greet
PythonExprFunction place functions::place
PythonExprFunction answer functions::answer
PythonExprFunction members functions::members
PythonExprFunction raises functions::raises
PythonExprFunction leaves functions::leaves
PythonExprFunction mark functions::mark
PythonExprFunction during functions::during
PythonExprFunction Rule_1 functions::Rule.check
PythonExprFunction nomodule no_such_module::f
PythonExprFunction noobject functions::no_such_function
"""

#: Shown as a response header, which is made long after access was decided.
SHOWN = {
    "default": "default:x", "greet": "greet:%{REQUEST_METHOD}", "place": "place:-", "none": "answer:none",
    "bytes": "answer:bytes", "number": "answer:number", "true": "answer:true", "list": "answer:list",
    "null": "answer:null", "text": "answer:text", "raises": "raises:x", "leaves": "leaves:x", "dotted": "rule_1:x",
    "nomodule": "nomodule:x", "noobject": "noobject:x", "upper": "GREET:you", "here": "here:x",
    "inner": "greet:%{tolower:%{answer:text}}",
}  # fmt: skip

LOCATIONS = {
    **{f"show-{name}": [f'Header set Value "expr=<%{{{expression}}}>"'] for name, expression in SHOWN.items()},
    "elsewhere": ['PythonInterpreter "elsewhere"', 'Header set Value "expr=<%{place:-}>"'],
    "if": ["<If \"greet('you') == 'hello you' && -n answer('text')\">", "Header set If yes", "</If>",
           "<If \"greet('you') == 'x'\">", "Header set If no", "</If>"],
    "if-fails": ["<If \"raises('x') == 'secret'\">", "Require all denied", "</If>"],
    "if-any": ["AuthType Basic", 'AuthName "x"', 'AuthUserFile "@ROOT@/users"', "Satisfy Any", "Require valid-user",
               "<If \"raises('x') == 'secret'\">", "Order deny,allow", "Deny from all", "</If>"],
    "env-fails": ["SetEnvIfExpr \"raises('x') == 'secret'\" BLOCKED"],
    "require": ["Require expr \"greet(%{QUERY_STRING}) == 'hello sesame'\""],
    "list": ["Require expr \"'ann' in members(%{QUERY_STRING})\""],
    "not-list": ["Require expr \"! ('ann' in members(%{QUERY_STRING}))\""],
    "require-fails": ["Require expr \"raises(%{QUERY_STRING}) != 'blocked'\""],
    "require-not": ["<RequireAll>", "Require all granted",
                    "Require not expr \"raises(%{QUERY_STRING}) == 'blocked'\"", "</RequireAll>"],
    "require-any": ["<RequireAny>", "Require expr \"raises(%{QUERY_STRING}) == 'x'\"", "Require all granted",
                    "</RequireAny>"],
    "here-if": ["<If \"here('x') == 'blocked'\">", "Require all denied", "</If>"],
    "mark": ["SetHandler mod_python", "PythonHandler functions", "SetEnvIfExpr \"mark('it') == 'None'\" MARKED=yes"],
    "redirect": ["SetHandler mod_python", "PythonHandler functions::redirect",
                 "<If \"greet('you') == 'hello you'\">", "Header always set Outer yes", "</If>"],
    "writes": ["SetHandler mod_python", "PythonHandler functions::writes", 'Header set Value "expr=<%{during:-}>"'],
    "writes-fails": ["SetHandler mod_python", "PythonHandler functions::writes",
                     'Header set Value "expr=<%{during:raises}>"'],
    "ssi": ["Options +Includes", "SetOutputFilter INCLUDES"],
}  # fmt: skip

CONFIG = (
    DEFINITIONS
    + """
<VirtualHost *>
    ServerName localhost
    PythonExprFunction here functions::greet
    RewriteEngine On
    RewriteCond expr "greet('rule') == 'hello rule'"
    RewriteRule ^/rewritten$ /plain.txt
    RewriteCond expr "raises('rule') == 'x'"
    RewriteRule ^/rewrite-fails$ /nowhere
</VirtualHost>
"""
    + "\n".join("\n".join([f'<Location "/{name}">', *lines, "</Location>"]) for name, lines in LOCATIONS.items())
    + """
<Files page.txt>
    Header set Value "expr=<%{place:-}>"
</Files>
<Directory "@DOCS@/index">
    DirectoryIndex page.txt
</Directory>
<Directory "@DOCS@/index-fails">
    DirectoryIndex secret.txt
</Directory>
<Files secret.txt>
    <If "raises('x') == 'x'">
        Require all denied
    </If>
</Files>
<VirtualHost *>
    ServerName other.example
    PythonExprFunction greet functions::other
</VirtualHost>
<VirtualHost *>
    ServerName log.example
    CustomLog "@ROOT@/logs/some.log" "%U" "expr=raises(%{QUERY_STRING}) == 'yes'"
</VirtualHost>
"""
)
USERS = "ann:{SHA}" + base64.b64encode(hashlib.sha1(b"eggs").digest()).decode() + "\n"
ANN = "Basic " + base64.b64encode(b"ann:eggs").decode()

FILES = {
    "python/functions.py": FUNCTIONS,
    "users": USERS,
    "htdocs/plain.txt": "plain",
    "htdocs/htaccess/.htaccess": "<If \"greet('x') == 'hello x'\">\nHeader set Found yes\n</If>\n",
    "htdocs/htaccess/x.txt": "reached",
    "htdocs/htaccess-fails/.htaccess": "<If \"raises('x') == 'x'\">\nRequire all denied\n</If>\n",
    "htdocs/htaccess-fails/x.txt": "reached",
    "htdocs/index-fails/secret.txt": "reached",
    "htdocs/rewrite-fails": "reached",
    "htdocs/index/page.txt": "the index",
    "htdocs/if/page.txt": "the page",
    "htdocs/ssi/page.html": "<!--#if expr=\"greet('x') == 'hello x'\" -->yes<!--#endif -->",
    **{f"htdocs/{name}/x.txt": "reached" for name in LOCATIONS},
}

site = server(CONFIG, FILES, modules=["access_compat", "include"], allow_override="All")


def fails(site, text, times=1):
    """Announce what a function that fails leaves in the log: our lines, and httpd's own about the expression.

    `times` is None for an <If>, which httpd looks at several times.
    """
    site.log.expect_traceback(text, times=times)
    site.log.expect(r"MPY0410: PythonExprFunction \S+: uncaught \w+ .*interpreter 'localhost'", times=times)
    site.log.expect("a Python function failed")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("default", "<default x>"),
        ("greet", "<hello GET>"),
        ("upper", "<hello you>"),
        ("place", "<localhost /show-place/x.txt False>"),
        ("none", "<>"),
        ("bytes", "<raw>"),
        ("text", "<a text>"),
        ("dotted", "<same>"),
        ("here", "<hello x>"),
    ],
)
def test_values(site, name, expected):
    assert site.get(f"/show-{name}/x.txt").header("Value") == expected


def test_interpreter_of_the_place(site):
    assert site.get("/elsewhere/x.txt").header("Value") == "<elsewhere /elsewhere/x.txt False>"


def test_virtual_hosts_mean_their_own_functions(site):
    answer = site.get("/show-greet/x.txt", headers={"Host": "other.example"})
    assert answer.header("Value") == "<other host: GET>"
    answer = site.get("/show-place/x.txt", headers={"Host": "other.example"})
    assert answer.header("Value") == "<other.example /show-place/x.txt False>"


def test_a_name_of_another_virtual_host(site):
    site.log.expect("MPY0420: PythonExprFunction here: this virtual host has no function of that name")
    site.log.expect("a Python function failed")
    assert site.get("/show-here/x.txt", headers={"Host": "other.example"}).status == 200
    # What the section would have closed stays closed.
    assert site.get("/here-if/x.txt", headers={"Host": "other.example"}).status == 500


def test_conditions(site):
    assert site.get("/if/x.txt").header("If") == "yes"
    assert site.get("/require/x.txt?sesame").text == "reached"
    site.log.expect("AH01630: client denied", times=1)
    assert site.get("/require/x.txt?other").status == 403
    assert site.get("/rewritten").text == "plain"


def test_log_with_a_condition(site):
    for query in ("fine", "fine&no"):
        if query != "fine":
            site.log.expect_traceback("ValueError: no idea", times=1)
            site.log.expect("a Python function failed")
        assert site.get("/plain.txt?" + query, headers={"Host": "log.example"}).status == 200
    assert (site.root / "logs/some.log").read_text().splitlines() == ["/plain.txt"]


def test_redirects_and_sub_requests(site):
    answer = site.get("/redirect/x.txt")
    assert (answer.text, answer.header("If")) == ("the page", "yes")
    assert site.get("/index/").header("Value") in ("<localhost /index/page.txt True>", "<localhost /index/page.txt False>")


def test_another_interpreter_in_the_middle_of_a_handler(site):
    answer = site.get("/redirect/x.txt?/elsewhere/x.txt")
    assert (answer.text, answer.header("Value")) == ("reached", "<elsewhere /elsewhere/x.txt False>")


def test_the_same_request_in_the_middle_of_its_handler(site):
    answer = site.get("/writes/x.txt")
    assert answer.header("Value") == "<PythonHandler by me>"
    assert answer.text == "first 1 me PythonHandler True"


def test_a_failure_in_the_middle_of_a_handler(site):
    fails(site, "ValueError: no idea")
    assert site.get("/writes-fails/x.txt").text == "first 1 me PythonHandler True"


def test_the_request_is_that_of_the_handlers(site):
    assert site.get("/mark/x.txt").text == "it yes"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raises", "ValueError: no idea"),
        ("leaves", "SERVER_RETURN: 403"),
        ("list", "TypeError: the function returned list, expected"),
        ("null", "ValueError: the function returned a text with a null byte"),
        ("nomodule", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("noobject", "AttributeError: module .*functions.py' contains no 'no_such_function'"),
    ],
)
def test_failures_after_access_was_decided(site, name, text):
    fails(site, text)
    answer = site.get(f"/show-{name}/x.txt")
    assert (answer.status, answer.text) == (200, "reached")
    assert "hello" not in (answer.header("Value") or "")


@pytest.mark.parametrize("query", ["list", "tuple", "set", "frozen"])
def test_lists(site, query):
    assert site.get(f"/list/x.txt?{query}").text == "reached"
    site.log.expect("AH01630: client denied", times=1)
    assert site.get(f"/not-list/x.txt?{query}").status == 403


@pytest.mark.parametrize("query", ["empty", "none"])
def test_empty_lists(site, query):
    site.log.expect("AH01630: client denied", times=1)
    assert site.get(f"/list/x.txt?{query}").status == 403
    assert site.get(f"/not-list/x.txt?{query}").text == "reached"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("raises", "ValueError: no idea"),
        ("text", "TypeError: the function returned str, expected a list, tuple or set of str, or None"),
        ("dict", "TypeError: the function returned dict, expected a list"),
        ("number", "TypeError: the function returned int, expected a list"),
        ("mixed", "TypeError: the function returned int, expected only str in the list"),
        ("null", "ValueError: the function returned a text with a null byte"),
    ],
)
@pytest.mark.parametrize("place", ["list", "not-list"])
def test_lists_that_fail(site, place, query, text):
    fails(site, text)
    assert site.get(f"/{place}/x.txt?{query}").status == 500


@pytest.mark.parametrize("name", ["number", "true"])
def test_numbers_are_no_values(site, name):
    site.log.expect("MPY0411: PythonExprFunction functions::answer: the function returned a number, expected", times=1)
    site.log.expect("a Python function failed")
    assert site.get(f"/show-{name}/x.txt").status == 200


@pytest.mark.parametrize("path", ["/if-fails/x.txt", "/env-fails/x.txt", "/rewrite-fails"])
def test_failures_before_access_is_decided(site, path):
    fails(site, "ValueError: no idea", None if "if" in path else 1)
    answer = site.get(path)
    assert answer.status == 500
    assert "idea" not in answer.text and "reached" not in answer.text


@pytest.mark.parametrize("authorization", [None, ANN])
def test_no_other_way_in_after_a_failure(site, authorization):
    fails(site, "ValueError: no idea", None)
    headers = {"Authorization": authorization} if authorization else {}
    assert site.get("/if-any/x.txt", headers=headers).status == 500


@pytest.mark.parametrize("name", ["require-fails", "require-not", "require-any"])
def test_requirements_fail_closed(site, name):
    if name != "require-any":
        assert site.get(f"/{name}/x.txt?fine").text == "reached"
    fails(site, "ValueError: no idea")
    assert site.get(f"/{name}/x.txt?x").status == 500


def test_not_where_httpd_allows_harmless_functions_only(site):
    site.log.expect("Python functions are not available in a restricted context")
    assert "yes" not in site.get("/ssi/page.html").text


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("PythonExprFunction two-words m::f", "a name consists of letters, digits and underscores"),
        ("PythonExprFunction 1st m::f", "a name consists of letters, digits and underscores"),
        ('PythonExprFunction name ""', "takes two arguments, a name for httpd's expressions and the function it calls"),
        ("PythonExprFunction name", "takes two arguments, a name for httpd's expressions and the function it calls"),
        ("PythonExprFunction md5 m::f", "md5 is a function of another module"),
        ("PythonExprFunction ToLower m::f", "ToLower is a function of another module"),
        ('Header set X "expr=%{late:x}"\nPythonExprFunction late m::f', "Function 'late' does not exist"),
        ("<Location /x>\nPythonExprFunction name m::f\n</Location>", "not allowed in"),
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


def test_names_may_come_again(tree):
    lines = "PythonExprFunction name m::f\nPythonExprFunction NAME m::g\n<VirtualHost *>\nPythonExprFunction name m::h"
    made = Httpd(tree, "event", lines + '\n</VirtualHost>\nHeader set X "expr=%{name:x}"')
    try:
        assert made.check_config() == (0, "Syntax OK\n")
    finally:
        made.remove()


def test_htaccess(site):
    assert site.get("/htaccess/x.txt").header("Found") == "yes"
    fails(site, "ValueError: no idea", None)
    answer = site.get("/htaccess-fails/x.txt")
    assert (answer.status, "reached" in answer.text) == (500, False)


def test_failures_in_sub_requests(site):
    fails(site, "ValueError: no idea", None)
    site.log.allow("AH01276")
    answer = site.get("/index-fails/")
    assert answer.status in (403, 404, 500) and "reached" not in answer.text


def test_names_go_with_a_restart(site):
    config = site.config
    try:
        site.config = config.replace("PythonExprFunction default functions\n", "PythonExprFunction default functions::greet\n")
        site.restart()
        assert site.get("/show-default/x.txt").header("Value") == "<hello x>"
    finally:
        site.config = config
        site.restart()
    assert site.get("/show-default/x.txt").header("Value") == "<default x>"
