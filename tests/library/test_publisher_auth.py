"""The publisher's __auth__, __access__ and __auth_realm__: who gets in, and that a doubt keeps people out."""

import base64

import pytest

from harness import server

_CONFIG = """
MaxKeepAliveRequests 0
<Directory "@DOCS@/a">
    SetHandler mod_python
    PythonHandler mod_python.publisher
</Directory>
"""

_RULES = '''
import functools

GOOD = ("u", "p")
seen = []


def nested(req):
    def __auth__(req, user, password):
        return (user, password) == GOOD
    return "in"


def false(req):
    __auth__ = 0
    return "in"


def true(req):
    __auth__ = 1
    return "in"


def realm(req):
    __auth_realm__ = "R1"; __auth__ = 0
    return "in"


class Dict:
    __auth__ = {"u": "p", "\\u00fc": "\\u00e9", "n": 5, "b": b"p"}
    __auth_realm__ = "RD"

    def __call__(self):
        return "in"

    def inner(self):
        return "in"


with_dict = Dict()


class Access:
    __access__ = ["u"]
    inner = "in"

    def __call__(self):
        return "in"


with_access = Access()


def no_access(req):
    __access__ = 0
    return "in"


class Method:
    def __auth__(self, req, user, password):
        return isinstance(self, Method) and (user, password) == GOOD

    def __call__(self):
        return "in"

    def quoted(self):
        __auth_realm__ = 'a "b" \\\\ c'
        __auth__ = 0

    def both(self):
        def __auth__(req, user, password):
            seen.append("auth")
            return True

        def __access__(req, user):
            seen.append("access")
            return user == "u"
        return repr([seen.pop(0), seen.pop(0)])


with_method = Method()


def open(req):
    return "in"


def access_function(req):
    def __access__(req, user):
        return user is None
    return "in"


def fixed_list(req):
    __access__ = ["u", "v", "w"]
    return "in"


def short_list(req):
    __access__ = ["u"]
    return "in"


def fixed_tuple(req):
    __access__ = ("u",)
    return "in"


def fixed_set(req):
    __access__ = {"u", "v", "w"}
    return "in"


def fixed_dict(req):
    __auth__ = {"u": "p", "v": "q"}
    return "in"


def chained(req):
    __access__ = __auth__ = {"u": "p"}
    return "in"


def shorthand(req):
    __auth__ = lambda req, user, password, good=("u", "p"): (user, password) == good
    return "in"


def keyword(req):
    def __auth__(req: "Request", user: str, password: str, *, good="p") -> bool:
        return (user, password) == ("u", good)
    return "in"


def last_line(req):
    __auth__ = {"u": "p"}
    return req and "in"


def in_condition(req):
    if req:
        __auth__ = {"u": "p"}
    return "in"


def closed_over():
    user_wanted = "u"

    def page(req):
        def __access__(req, user):
            return user == user_wanted
        return "in"
    return page


from_closure = closed_over()


def attribute(req):
    return "in"


attribute.__auth__ = lambda req, user, password: (user, password) == GOOD


def plain(function):
    @functools.wraps(function)
    def inner(*args, **kw):
        return function(*args, **kw)
    return inner


@plain
@plain
def wrapped(req):
    __auth__ = {"u": "p"}
    return "in"


@functools.lru_cache
def cached():
    __auth__ = {"u": "p"}
    return "in"


partial = functools.partial(wrapped)


class Called:
    def __call__(self, req):
        __auth__ = {"u": "p"}
        return "in"


called = Called()


# What cannot be told without running the function.

def table():
    return {"u": "p"}


def unknown_call(req):
    __auth__ = table()
    return "in"


def unknown_choice(req):
    __auth__ = {"u": "p"} if req else 1
    return "in"


def unknown_choice_2(req):
    __access__ = req or ["u"]
    return "in"


def unknown_twice(req):
    __access__ = ["nobody"]
    __access__ = ["u"]
    return "in"


def unknown_closure(req):
    good = "p"

    def __auth__(req, user, password):
        return password == good
    return "in"


def unknown_loop(req):
    for __access__ in [["u"]]:
        pass
    return "in"


def unknown_parameter(req, __auth__=1):
    return "in"


def unknown_decorated(req):
    @plain
    def __auth__(req, user, password):
        return True
    return "in"


def unknown_default(req):
    def __auth__(req, user, password, good=table()):
        return True
    return "in"


def unknown_member(req):
    __access__ = ["u", str(req)]
    return "in"


def unknown_deleted(req):
    __access__ = ["u"]
    del __access__
    return "in"


def unknown_dead(req):
    return "in"
    __auth__ = 1


def unknown_walrus(req):
    return "in" if (__access__ := req) else "in"


def unknown_class(req):
    class __auth__:
        pass
    return "in"


class Endless:
    @property
    def __wrapped__(self):
        return Endless()

    def __call__(self):
        return "in"


unknown_endless = Endless()


# Answers that are none.

def later_auth(req):
    async def __auth__(req, user, password):
        return True
    return "in"


def later_access(req):
    def __access__(req, user):
        yield True
    return "in"


def failing(req):
    def __auth__(req, user, password):
        raise ValueError("on purpose")
    return "in"
'''

_MODULE = """
__auth_realm__ = "outer"

def __auth__(req, user, password):
    return user in ("u", "x")

def index(req):
    return "in"

def inner(req):
    __access__ = ("u",)
    return "in"

class Instance:
    __auth__ = {"u": "p"}

    def page(self):
        return "in"

instance = Instance()
"""

site = server(
    _CONFIG,
    {"htdocs/a/rules.py": _RULES, "htdocs/a/module.py": _MODULE},
    mpm="event",
    processes=1,
)


def basic(text):
    """Return the header of Basic credentials."""
    data = text if isinstance(text, bytes) else text.encode()
    return {"Authorization": "Basic " + base64.b64encode(data).decode()}


def get(site, path, credentials=None):
    headers = basic(credentials) if credentials is not None else {}
    return site.request("GET", "/a/" + path, headers=list(headers.items()))


def three(site, name):
    """Return the statuses without credentials, with the right ones, and with wrong ones."""
    answers = [get(site, "rules/" + name, who) for who in (None, "u:p", "x:y")]
    for answer in answers:
        assert (answer.status == 200) == (answer.body == b"in"), answer
    return [answer.status for answer in answers]


@pytest.mark.smoke
@pytest.mark.parametrize(
    "name, statuses",
    [
        ("nested", [401, 200, 401]),
        ("false", [401, 401, 401]),
        ("true", [401, 200, 200]),
        ("realm", [401, 401, 401]),
        ("with_dict", [401, 200, 401]),
        ("with_dict/inner", [401, 200, 401]),
        ("with_access", [403, 200, 403]),
        ("with_access/inner", [403, 200, 403]),
        ("no_access", [403, 403, 403]),
        ("with_method", [401, 200, 401]),
        ("open", [200, 200, 200]),
        ("access_function", [200, 403, 403]),
        ("fixed_list", [403, 200, 403]),
        ("short_list", [403, 200, 403]),
        ("fixed_tuple", [403, 200, 403]),
        ("fixed_set", [403, 200, 403]),
        ("fixed_dict", [401, 200, 401]),
        ("chained", [401, 200, 401]),
        ("shorthand", [401, 200, 401]),
        ("keyword", [401, 200, 401]),
        ("last_line", [401, 200, 401]),
        ("in_condition", [401, 200, 401]),
        ("from_closure", [403, 200, 403]),
        ("attribute", [401, 200, 401]),
        ("wrapped", [401, 200, 401]),
        ("cached", [401, 200, 401]),
        ("partial", [401, 200, 401]),
        ("called", [401, 200, 401]),
    ],
)
def test_rules(site, name, statuses):
    # spec: library:B-50, library:B-51, library:B-52, library:B-54, library:B-55, library:B-56, library:B-57, library:B-58
    # spec: library:B-59, library:B-60, library:B-70, library:B-71, library:B-72, library:B-73, library:B-74, library:B-75
    # spec: library:B-76, library:B-77, library:B-79, library:D-36, library:D-37, library:T-9
    assert three(site, name) == statuses


@pytest.mark.smoke
@pytest.mark.parametrize(
    "name, denied",
    [
        ("unknown_call", 401),
        ("unknown_choice", 401),
        ("unknown_choice_2", 403),
        ("unknown_twice", 403),
        ("unknown_closure", 401),
        ("unknown_loop", 403),
        ("unknown_parameter", 401),
        ("unknown_decorated", 401),
        ("unknown_default", 401),
        ("unknown_member", 403),
        ("unknown_deleted", 403),
        ("unknown_dead", 401),
        ("unknown_walrus", 403),
        ("unknown_class", 401),
        ("unknown_endless", 401),
    ],
)
def test_what_cannot_be_told_is_denied(site, name, denied):
    # spec: library:B-60, library:D-36
    site.log.expect(r"MPY0653: .*access denied: the value that .* cannot be told without running it")
    assert three(site, name) == [denied, denied, denied]


def test_answers_that_are_none(site):
    # spec: library:B-60
    site.log.expect(r"MPY0653: .*__auth__ of <function later_auth at \w+> has returned an awaitable")
    assert three(site, "later_auth") == [401, 401, 401]
    site.log.expect(r"MPY0653: .*__access__ of <function later_access at \w+> has returned a generator")
    assert three(site, "later_access") == [403, 403, 403]
    site.log.expect_traceback(r"ValueError: on purpose", times=1)
    assert get(site, "rules/failing", "u:p").status == 500


def test_realms(site):
    # spec: library:B-54, library:B-55, library:B-73, library:B-74
    def challenge(path, who=None):
        return get(site, path, who).header("WWW-Authenticate")

    assert challenge("rules/nested") == 'Basic realm="unknown"'
    assert challenge("rules/nested", "x:y") == 'Basic realm="unknown"'
    assert challenge("rules/realm") == 'Basic realm="R1"'
    assert challenge("rules/with_dict", "x:y") == 'Basic realm="RD"'
    assert challenge("rules/with_method/quoted", "u:p") == r'Basic realm="a \"b\" \\ c"'
    assert challenge("module") == 'Basic realm="outer"'
    assert challenge("rules/no_access") is None


def test_both_are_called(site):
    # spec: library:B-52, library:T-9
    assert get(site, "rules/with_method/both", "u:p").body == b"['auth', 'access']"


def test_every_level_must_pass(site):
    # spec: library:B-7, library:B-50, library:B-61
    assert [get(site, "module", who).status for who in (None, "u:p", "x:y", "z:")] == [401, 200, 200, 401]
    assert [get(site, "module/inner", who).status for who in (None, "u:p", "x:y", "z:")] == [401, 200, 403, 401]
    assert [get(site, "module/instance/page", who).status for who in ("u:p", "u:q", "x:y")] == [200, 401, 401]
    # Who may not even see the module learns nothing of what is in it.
    assert get(site, "module/absent").status == 401
    assert get(site, "module/absent", "u:p").status == 404


def test_characters(site):
    # spec: library:B-62
    assert get(site, "rules/with_dict", "ü:é").status == 200
    assert get(site, "rules/with_dict", "ü:é".encode("latin-1")).status == 200
    assert get(site, "rules/with_dict", "b:p").status == 200
    assert get(site, "rules/with_dict", "n:5").status == 401
    assert get(site, "rules/with_dict", "u:p:").status == 401
    assert get(site, "rules/with_dict", ":p").status == 401


@pytest.mark.parametrize(
    "header, status",
    [
        ("Basic !!!", 400),
        ("Basic", 400),
        ("Basic ", 400),
        ("Basic dTpw=", 400),
        ("Basic dTp", 400),
        ("Basic d!Tpw", 400),
        ("Basic dTpw dTpw", 400),
        ("Basic dXA=", 400),
        ("Basic \xff\xfe", 400),
        ("Basic " + "A" * 6001, 400),
        ("Digest username=\"u\"", 401),
        ("Bearer dTpw", 401),
        ("dTpw", 401),
        ("Basicx dTpw", 401),
        ("basic dTpw", 200),
        ("BASIC  dTpw ", 200),
    ],
)
def test_credentials(site, header, status):
    # spec: library:B-53, library:B-62, library:B-78, library:B-79, library:D-47, library:T-10
    answer = site.request("GET", "/a/rules/nested", headers=[("Authorization", header)])
    assert answer.status == status
    assert (answer.header("WWW-Authenticate") is not None) == (status == 401)
    # What asks for nobody does not look.
    assert site.request("GET", "/a/rules/open", headers=[("Authorization", header)]).status == 200
