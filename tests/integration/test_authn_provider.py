"""The provider `python` of Basic and Digest authentication."""

import re

import pytest

from harness import server
from harness.credentials import basic, digest, password_line, realm_hash

PASSWORD = "no-such-eggs"

PEOPLE = f'''
from mod_python import apache

PASSWORDS = {{"ann": "{PASSWORD}", "bob": "b\\u00f6b", "": ""}}
ANSWERS = {{
    "granted": apache.AUTH_GRANTED, "denied": apache.AUTH_DENIED, "unknown": apache.AUTH_USER_NOT_FOUND,
    "error": apache.AUTH_GENERAL_ERROR, "found": apache.AUTH_USER_FOUND,
    "true": True, "false": False, "none": None, "text": "1", "bytes": b"1", "list": [True], "number": 7,
    "large": 1 << 40, "huge": 1 << 80,
}}
calls = []

class authnprovider:
    """The default object: an instance for each question."""

    def __init__(self, req):
        self.uri = req.uri

    def check_password(self, req, user, password):
        if req.uri != self.uri:
            raise AssertionError
        if user not in PASSWORDS:
            return None
        req.notes["checked"] = user
        req.account = "account of " + user
        return PASSWORDS[user] == password

class Static:
    @staticmethod
    def check_password(req, user, password):
        return user == "static"

class Answers:
    def check_password(self, req, user, password):
        if user == "raise":
            raise LookupError("the database is gone")
        if user == "return":
            raise apache.SERVER_RETURN(apache.OK)
        return ANSWERS[user]

    def get_realm_hash(self, req, user, realm):
        if user == "upper":
            return {realm_hash("upper", "realm", PASSWORD).upper()!r}
        if user == "short":
            return "abc"
        if user == "raise":
            raise LookupError("the database is gone")
        return {realm_hash("ann", "realm", PASSWORD)!r} if (user, realm) == ("ann", "realm") else ANSWERS.get(user)

answers = Answers()

class Counting:
    def check_password(self, req, user, password):
        calls.append(user)
        return password == {PASSWORD!r} if user == "ann" else None

    def get_realm_hash(self, req, user, realm):
        calls.append("digest " + user)
        return answers.get_realm_hash(req, user, realm)

counting = Counting()
nothing = object()

def handler(req):
    req.write("%s: %s, %s; %s by %s" % (
        req.user, getattr(req, "account", None), req.notes.get("checked"), req.ap_auth_type, req.interpreter))
    return apache.OK

def called(req):
    req.write(repr(calls))
    return apache.OK
'''

HTACCESS = """
AuthType Basic
AuthName "htaccess"
AuthBasicProvider python
PythonAuthnProvider doorman::doorman
Require valid-user
"""

DOORMAN = """
class doorman:
    def check_password(self, req, user, password):
        return user == "neighbour"

doorman = doorman()
"""


def directory(name, *lines):
    return "\n".join([f'<Directory "@DOCS@/{name}">', *lines, "</Directory>\n"])


PLACES = {
    "basic": ["PythonAuthnProvider people", "SetHandler mod_python", "PythonHandler people"],
    "answers": ["PythonAuthnProvider people::answers"],
    "static": ["PythonAuthnProvider people::Static"],
    "nothing": ["PythonAuthnProvider people::nothing"],
    "no-module": ["PythonAuthnProvider no_such_module"],
    "unset": [],
    "python-file": ["PythonAuthnProvider people", "AuthBasicProvider python file"],
    "file-python": ["PythonAuthnProvider people", "AuthBasicProvider file python"],
    "two": ["AuthBasicProvider first second"],
    "inherited": ["PythonAuthnProvider people"],
    "inherited/below": [],
    "inherited/other": ["PythonAuthnProvider people::Static"],
    "digest": ["AuthType Digest", "AuthDigestProvider python", "PythonAuthnProvider people::answers"],
    "digest-file": ["AuthType Digest", "AuthDigestProvider python file", "PythonAuthnProvider people::answers",
                    'AuthUserFile "@ROOT@/digests"'],
    "cached": ["AuthBasicProvider socache python", "AuthnCacheProvideFor python", "PythonAuthnProvider people::counting"],
    "cached-digest": ["AuthType Digest", "AuthDigestProvider socache python", "AuthnCacheProvideFor python",
                      "PythonAuthnProvider people::counting"],
    "one": ["PythonInterpreter one", "PythonAuthnProvider people", "SetHandler mod_python", "PythonHandler people"],
}  # fmt: skip

SECTION = [
    'AuthName "realm"', 'AuthUserFile "@ROOT@/users"',
    "Require valid-user", """PythonPath "sys.path + ['@ROOT@/python']\"""",
]  # fmt: skip


def _kind(lines):
    """Return what makes a section ask Python for Basic authentication, unless it says otherwise itself."""
    given = " ".join(lines)
    kind = [] if "AuthType" in given else ["AuthType Basic"]
    return kind + ([] if "AuthBasicProvider" in given or "Digest" in given else ["AuthBasicProvider python"])


CONFIG = """
AuthnCacheSOCache shmcb:@ROOT@/tmp/socache(512000)
<AuthnProviderAlias python first>
    PythonAuthnProvider people
</AuthnProviderAlias>
<AuthnProviderAlias python second>
    PythonAuthnProvider people::Static
</AuthnProviderAlias>
""" + "".join(directory(name, *SECTION, *_kind(lines), *lines) for name, lines in PLACES.items()) + """
<Directory "@DOCS@/htaccess">
    AllowOverride AuthConfig
</Directory>
<Directory "@DOCS@/refused">
    AllowOverride FileInfo
</Directory>
<Location "/called">
    PythonPath "sys.path + ['@ROOT@/python']"
    SetHandler mod_python
    PythonHandler people::called
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName second.example
</VirtualHost>
"""

FILES = {
    "python/people.py": PEOPLE,
    "users": password_line("file", PASSWORD) + password_line("ann", "another"),
    "digests": f"carl:realm:{realm_hash('carl', 'realm', PASSWORD)}\n",
    **{f"htdocs/{name}/page.txt": f"the page of {name}\n" for name in [*PLACES, "htaccess", "refused"]},
    "htdocs/htaccess/.htaccess": HTACCESS,
    "htdocs/htaccess/doorman.py": DOORMAN,
    "htdocs/refused/.htaccess": "PythonAuthnProvider people\n",
}

site = server(
    CONFIG, FILES, processes=1, log_level="debug", modules=["auth_digest", "authn_socache", "socache_shmcb"],
    start_lines=["AH01756: generating secret", "AH01757: generating secret"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_password_in_the_log(site):
    yield
    assert PASSWORD not in site.log.all_text()


def ask(site, name, headers=None, **options):
    answer = site.get(f"/{name}/page.txt", headers=headers, **options)
    if answer.status == 200 and "SetHandler mod_python" not in PLACES.get(name, []):
        assert answer.text == f"the page of {name}\n"
    if answer.status == 500:
        assert "Traceback" not in answer.text
    return answer


def status(site, name, user=None, password=PASSWORD, **options):
    return ask(site, name, None if user is None else basic(user, password), **options).status


def test_basic(site):
    answer = ask(site, "basic")
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Basic realm="realm"')
    answer = ask(site, "basic", basic("ann", PASSWORD))
    assert (answer.status, answer.text) == (200, "ann: account of ann, ann; Basic by localhost")
    assert status(site, "basic", "bob", "b\u00f6b") == 200


def test_wrong_credentials(site):
    site.log.expect("AH01617: user ann: authentication failure", times=2)
    assert status(site, "basic", "ann", "wrong") == status(site, "basic", "ann", "") == 401
    site.log.expect("AH01618: user stranger not found", times=1)
    assert status(site, "basic", "stranger") == 401


@pytest.mark.parametrize(
    ("user", "expected"),
    [("granted", 200), ("true", 200), ("denied", 401), ("false", 401), ("unknown", 401), ("none", 401), ("error", 500)],
)
def test_answers(site, user, expected):
    site.log.allow("AH0161[78]: user")
    assert status(site, "answers", user) == expected


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("found", "it returned a number that is no answer to a password"),
        ("number", "it returned a number that is no answer to a password"),
        ("large", "it returned a number that is no answer to a password"),
        ("text", "it returned a text, expected an AUTH_ value, bool or None"),
        ("bytes", "it returned a text, expected an AUTH_ value, bool or None"),
    ],
)
def test_answers_that_mean_nothing(site, user, reason):
    line = rf"MPY0411: PythonAuthnProvider people::answers: check_password: {reason} \(interpreter 'localhost'\)"
    site.log.expect(rf":error\].*{line}", times=1)
    assert status(site, "answers", user) == 500


@pytest.mark.parametrize(
    ("place", "user", "kind", "last"),
    [
        ("answers", "raise", "LookupError", "the database is gone"),
        ("answers", "return", "SERVER_RETURN", "0"),
        ("answers", "list", "TypeError", "the function returned list, expected int, str, bytes or None"),
        ("answers", "huge", "OverflowError", ".*"),
        ("no-module", "ann", "ModuleNotFoundError", "No module named 'no_such_module'"),
    ],
)
def test_what_fails_lets_nobody_in(site, place, user, kind, last):
    children = site.children()
    site.log.expect(rf":error\].*MPY0410: PythonAuthnProvider \S+: uncaught {kind} \(interpreter 'localhost'\)", times=1)
    site.log.expect_traceback(rf"PythonAuthnProvider \S+: \S*{kind}: {last}")
    assert status(site, place, user) == 500
    assert site.children() == children
    assert status(site, "basic", "ann") == 200


def test_an_object_without_the_method(site):
    site.log.expect("MPY0411: PythonAuthnProvider people::nothing: check_password: the object has no such method", 1)
    assert status(site, "nothing", "ann") == 500


def test_no_object(site):
    site.log.expect(r":error\].*MPY0415: httpd asks the provider python for a user, but no PythonAuthnProvider applies", 1)
    assert status(site, "unset", "ann") == 500


def test_a_static_method(site):
    assert status(site, "static", "static") == 200
    site.log.expect("AH01617: user ann", times=1)
    assert status(site, "static", "ann") == 401


def test_chains(site):
    # Python knows ann; the file has her with another password.
    assert status(site, "python-file", "ann") == status(site, "python-file", "file") == 200
    assert status(site, "file-python", "file") == status(site, "file-python", "bob", "b\u00f6b") == 200
    site.log.expect("AH01617: user ann", times=2)
    assert status(site, "file-python", "ann") == status(site, "python-file", "ann", "another") == 401


def test_two_objects_in_one_chain(site):
    assert status(site, "two", "ann") == 200
    assert status(site, "two", "static") == 200


def test_inner_sections_win(site):
    assert status(site, "inherited/below", "ann") == 200
    assert status(site, "inherited/other", "static") == 200
    site.log.expect("AH01617: user ann", times=1)
    assert status(site, "inherited/other", "ann") == 401


def test_htaccess(site):
    assert status(site, "htaccess", "neighbour") == 200
    site.log.expect("AH01617: user ann", times=1)
    assert status(site, "htaccess", "ann") == 401
    site.log.expect("PythonAuthnProvider not allowed here", times=1)
    assert status(site, "refused", "ann") == 500


def test_interpreters(site):
    assert ask(site, "one", basic("ann", PASSWORD)).text.endswith(" by one")
    answer = ask(site, "basic", {**basic("ann", PASSWORD), "Host": "second.example"})
    assert answer.text == "ann: account of ann, ann; Basic by second.example"


def ask_digest(site, name, user, password=PASSWORD):
    challenge = ask(site, name).header("WWW-Authenticate")
    assert challenge.startswith("Digest ")
    return ask(site, name, digest(challenge, user, password, f"/{name}/page.txt")).status


def test_digest(site):
    assert ask_digest(site, "digest", "ann") == 200
    assert ask_digest(site, "digest", "upper") == 200


def test_wrong_digest(site):
    site.log.expect("AH01794: user ann: password mismatch", times=1)
    assert ask_digest(site, "digest", "ann", "wrong") == 401
    site.log.expect("AH01790: user `stranger' in realm `realm' not found", times=1)
    assert ask_digest(site, "digest", "stranger") == 401
    site.log.expect("AH01791: user `false' in realm `realm' denied by provider", times=1)
    assert ask_digest(site, "digest", "false") == 401


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("true", "it returned a number, expected a hash, None or AUTH_USER_NOT_FOUND"),
        ("found", "it returned a number, expected a hash, None or AUTH_USER_NOT_FOUND"),
        ("short", "it returned a text that is no MD5 of 32 hexadecimal digits"),
    ],
)
def test_digests_that_mean_nothing(site, user, reason):
    site.log.expect(rf"MPY0411: PythonAuthnProvider people::answers: get_realm_hash: {reason}", times=1)
    assert ask_digest(site, "digest", user) == 500


def test_digest_that_raises(site):
    site.log.expect_traceback("PythonAuthnProvider people::answers: LookupError: the database is gone")
    assert ask_digest(site, "digest", "raise") == 500


def test_digest_chain(site):
    assert ask_digest(site, "digest-file", "carl") == 200
    assert ask_digest(site, "digest-file", "ann") == 200


def test_the_cache_asks_once(site):
    assert [status(site, "cached", "ann") for _ in range(3)] == [200] * 3
    site.log.expect("AH01617: user ann", times=1)
    assert status(site, "cached", "ann", "wrong") == 401
    assert [ask_digest(site, "cached-digest", "ann") for _ in range(3)] == [200] * 3
    assert site.get("/called").text == "['ann', 'digest ann']"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("PythonAuthnProvider", "takes one argument"),
        ("PythonAuthnProvider a b", "takes one argument"),
        ('PythonAuthnProvider ""', "takes one argument"),
    ],
)
def test_a_wrong_line_stops_the_start(httpd, line, text):
    code, said = httpd.make(config=line).check_config()
    assert code != 0 and re.search(re.escape(text), said)
