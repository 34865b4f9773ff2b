"""`Require python`: a Python function decides, alone and among httpd's own requirements."""

import pytest

from harness import server
from harness.credentials import basic, password_line

ACCESS = '''
import os

from mod_python import apache

ANSWERS = {
    "granted": apache.AUTHZ_GRANTED,
    "denied": apache.AUTHZ_DENIED,
    "neutral": apache.AUTHZ_NEUTRAL,
    "error": apache.AUTHZ_GENERAL_ERROR,
    "true": True,
    "false": False,
    "none": None,
    "text": "granted",
    "float": 1.0,
    "list": [1],
    "out-of-range": 17,
    "negative": -1,
    "huge": 1 << 80,
}

def authorize(req, *args):
    """The default function."""
    return ("let", "me in") == args

def answer(req, name):
    return ANSWERS[name]

def raises(req):
    raise ValueError("no idea")

def returns_server_return(req):
    raise apache.SERVER_RETURN(apache.OK)

async def later(req):
    return True

def user(req, *names):
    """Ask for a user first."""
    if req.user is None:
        return apache.AUTHZ_DENIED_NO_USER
    return req.user in names

def never(req):
    return apache.AUTHZ_DENIED_NO_USER

def argument(req):
    return req.args == "open"

class Rule:
    def __init__(self, req):
        self.args = req.args

    def check(self, req):
        return self.args == "open"

def seen(req):
    """Leave marks for the content handler."""
    req.decided = "%s by %d" % (req.uri, os.getpid())
    req.subprocess_env["DECIDED"] = "yes"
    req.notes["decided"] = repr(req.phase)
    return True

def handler(req):
    req.write("%s %s %s" % (req.decided, req.subprocess_env["DECIDED"], req.notes["decided"]))
    return apache.OK

def interpreter(req, name):
    return req.interpreter == name
'''

HTACCESS_RULE = '''
def authorize(req, *args):
    return "closed" not in args
'''



def directory(name, *lines):
    return "\n".join([f'<Directory "@DOCS@/{name}">', *lines, "</Directory>\n"])


NAMES = [
    "granted", "denied", "neutral", "error", "true", "false", "none", "text", "float", "list", "out-of-range",
    "negative", "huge",
]  # fmt: skip
BASIC = ["AuthType Basic", 'AuthName "realm"', "AuthBasicProvider file", 'AuthUserFile "@ROOT@/users"']

PLACES = {
    **{f"answer-{name}": [f"Require python access::answer {name}"] for name in NAMES},
    **{f"not-{name}": ["<RequireAll>", "Require all granted", f"Require not python access::answer {name}",
                       "</RequireAll>"] for name in ("granted", "denied", "neutral", "error")},
    **{f"any-{name}": ["<RequireAny>", f"Require python access::answer {name}", "Require ip 127.0.0.0/8",
                       "</RequireAny>"] for name in ("granted", "denied", "neutral", "error")},
    **{f"all-{name}": ["<RequireAll>", "Require ip 127.0.0.0/8", f"Require python access::answer {name}",
                       "</RequireAll>"] for name in ("granted", "denied", "neutral", "error")},
    **{f"none-{name}": ["<RequireAll>", "Require all granted", "<RequireNone>",
                        f"Require python access::answer {name}", "</RequireNone>", "</RequireAll>"]
       for name in ("granted", "denied", "neutral", "error")},
    "words": ["Require python access let \"me in\""],
    "other-words": ["Require python access let me in"],
    "raises": ["Require python access::raises"],
    "server-return": ["Require python access::returns_server_return"],
    "later": ["Require python access::later"],
    "no-module": ["Require python no_such_module"],
    "no-object": ["Require python access::no_such_function"],
    "broken": ["Require python broken"],
    "user": [*BASIC, "Require python access::user spam"],
    "never": [*BASIC, "Require python access::never"],
    "user-or-argument": [*BASIC, "<RequireAny>", "Require python access::argument", "Require user spam",
                         "</RequireAny>"],
    "class": ["Require python access::Rule.check"],
    "seen": ["Require python access::seen", "SetHandler mod_python", "PythonHandler access"],
    "one": ["PythonInterpreter one", "Require python access::interpreter one"],
    "per-directory": ["PythonInterpPerDirective On", "Require python access::interpreter @DOCS@/per-directory/"],
    "alias": ["Require alias-of-true"],
}  # fmt: skip

PATH = """PythonPath "sys.path + ['@ROOT@/python']\""""

CONFIG = """
<AuthzProviderAlias python alias-of-true "access::answer true">
</AuthzProviderAlias>
""" + "".join(directory(name, PATH, *lines) for name, lines in PLACES.items()) + f"""
<Directory "@DOCS@/htaccess">
    AllowOverride AuthConfig
</Directory>
<Location "/location">
    {PATH}
    Require python access::argument
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName second.example
    <Directory "@DOCS@/second">
        {PATH}
        Require python access::interpreter second.example
    </Directory>
</VirtualHost>
"""

FILES = {
    "python/access.py": ACCESS,
    "python/broken.py": "import no_such_thing\n",
    "users": password_line("spam", "eggs") + password_line("other", "eggs"),
    **{f"htdocs/{name}/page.txt": f"the page of {name}\n" for name in [*PLACES, "location", "second", "htaccess"]},
    "htdocs/htaccess/.htaccess": "Require python rule open\n",
    "htdocs/htaccess/closed/page.txt": "never seen\n",
    "htdocs/htaccess/closed/.htaccess": "Require python rule closed\n",
    "htdocs/htaccess/rule.py": HTACCESS_RULE,
    "htdocs/htaccess/wrong/.htaccess": "Require python\n",
    "htdocs/htaccess/wrong/page.txt": "never seen\n",
}

site = server(CONFIG, FILES, processes=1)

DENIED = "AH01630: client denied by server configuration"


def status(site, name, **options):
    answer = site.get(f"/{name.partition('?')[0]}/page.txt" + "".join(name.partition("?")[1:]), **options)
    if answer.status == 200:
        assert answer.text == f"the page of {name.partition('?')[0]}\n"
    elif answer.status == 403:
        site.log.expect(DENIED)
    return answer.status


@pytest.mark.parametrize(
    "name, expected",
    [("granted", 200), ("true", 200), ("denied", 403), ("false", 403), ("neutral", 403), ("none", 403), ("error", 500)],
)
def test_answers(site, name, expected):
    assert status(site, f"answer-{name}") == expected


@pytest.mark.parametrize(
    "name, reason",
    [
        ("text", "the function returned a text, expected an AUTHZ_ value, bool or None"),
        ("out-of-range", "the function returned 17, which is no AUTHZ_ value"),
        ("negative", "the function returned -1, which is no AUTHZ_ value"),
    ],
)
def test_answers_that_mean_nothing(site, name, reason):
    site.log.expect(rf":error\].*MPY0411: Require python access::answer: {reason} \(interpreter 'localhost'\)", times=1)
    assert status(site, f"answer-{name}") == 500


@pytest.mark.parametrize(
    "name, kind, last",
    [
        ("answer-float", "TypeError", "the function returned float, expected int, str, bytes or None"),
        ("answer-list", "TypeError", "the function returned list, expected int, str, bytes or None"),
        ("answer-huge", "OverflowError", ".*"),
        ("raises", "ValueError", "no idea"),
        ("server-return", "SERVER_RETURN", "0"),
        ("later", "TypeError", "the function returned coroutine, .*"),
        ("no-module", "ModuleNotFoundError", "No module named 'no_such_module'"),
        ("no-object", "AttributeError", "module '.*' contains no 'no_such_function'"),
        ("broken", "ModuleNotFoundError", "No module named 'no_such_thing'"),
    ],
)
def test_what_fails_lets_nobody_in(site, name, kind, last):
    if name == "later":
        site.log.allow("RuntimeWarning: coroutine 'later' was never awaited")
        site.log.allow("Enable tracemalloc")
    children = site.children()
    summary = rf":error\].*MPY0410: Require python \S+: uncaught {kind} \(interpreter 'localhost'\)"
    site.log.expect(summary, times=1)
    site.log.expect_traceback(rf"Require python \S+: \S*{kind}: {last}")
    answer = site.get(f"/{name}/page.txt")
    assert answer.status == 500
    assert "Traceback" not in answer.text and "the page" not in answer.text
    assert site.children() == children
    assert status(site, "answer-granted") == 200


@pytest.mark.parametrize(
    "group, expected",
    [
        ("not", {"granted": 403, "denied": 200, "neutral": 200, "error": 500}),
        ("any", {"granted": 200, "denied": 200, "neutral": 200, "error": 500}),
        ("all", {"granted": 200, "denied": 403, "neutral": 200, "error": 500}),
        ("none", {"granted": 403, "denied": 200, "neutral": 200, "error": 500}),
    ],
)
def test_groups(site, group, expected):
    assert {name: status(site, f"{group}-{name}") for name in expected} == expected


def test_arguments_are_words_of_httpd(site):
    assert status(site, "words") == 200
    assert status(site, "other-words") == 403


def test_a_user_is_asked_for_first(site):
    answer = site.get("/user/page.txt")
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Basic realm="realm"')
    assert status(site, "user", headers=basic("spam", "eggs")) == 200
    site.log.expect("AH01631: user other: authorization failure for", times=1)
    assert status(site, "user", headers=basic("other", "eggs")) == 401
    site.log.expect("AH01617: user spam: authentication failure", times=1)
    assert status(site, "user", headers=basic("spam", "wrong")) == 401


def test_a_user_is_not_enough(site):
    site.log.expect("AH0[0-9]+: authorization failure \\(no authenticated user\\)", times=1)
    assert status(site, "never", headers=basic("spam", "eggs")) == 401


def test_either_the_function_or_a_user(site):
    assert status(site, "user-or-argument?open") == 200
    assert status(site, "user-or-argument") == 401
    assert status(site, "user-or-argument", headers=basic("spam", "eggs")) == 200


def test_a_class_gets_the_request(site):
    assert status(site, "class?open") == 200
    assert status(site, "class") == 403


def test_an_alias(site):
    assert status(site, "alias") == 200


def test_what_it_leaves_is_there_later(site):
    decided, _, rest = site.get("/seen/page.txt").text.partition(" by ")
    assert (decided, rest.split()[1:]) == ("/seen/page.txt", ["yes", "None"])


def test_htaccess(site):
    # The module lies beside the file: that folder is searched.
    assert status(site, "htaccess") == 200
    assert status(site, "htaccess/closed") == 403
    site.log.expect("Require python needs a function: module", times=1)
    assert site.get("/htaccess/wrong/page.txt").status == 500


def test_location(site):
    assert status(site, "location?open") == 200
    assert status(site, "location") == 403


def test_interpreters(site):
    assert status(site, "one") == 200
    assert status(site, "per-directory") == 200
    assert status(site, "second", headers={"Host": "second.example"}) == 200


@pytest.mark.parametrize("line", ["Require python", 'Require python ""'])
def test_a_line_without_a_function_stops_the_start(httpd, line):
    code, text = httpd.make(config=directory("x", line)).check_config()
    assert code != 0
    assert "Require python needs a function: module[::object] [argument ...]" in text


def test_a_wrong_section_stops_the_start(httpd):
    config = '<DirectoryMatch "(">\nRequire python access\n</DirectoryMatch>\n'
    assert httpd.make(config=config).check_config()[0] != 0
