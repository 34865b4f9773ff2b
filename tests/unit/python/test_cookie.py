"""mod_python.Cookie outside httpd: making, formatting, refusing, parsing."""

import copy
import importlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def module(native):
    return importlib.import_module("mod_python.Cookie")


@pytest.fixture
def cookie(module):
    return module.Cookie


# spec: library:C-1, library:C-9
def test_names(module):
    assert issubclass(module.CookieError, Exception)
    assert issubclass(module.MarshalCookie, module.SignedCookie) and issubclass(module.SignedCookie, module.Cookie)
    assert (module.Cookie.DOWNGRADE, module.Cookie.IGNORE, module.Cookie.EXCEPTION) == (0, 1, 3)


# spec: library:C-2, library:C-3, library:C-20, library:C-21, library:C-23, library:C-24, library:C-30, library:C-31, library:C-32
# spec: library:C-33, library:C-34, library:C-35
@pytest.mark.parametrize(
    ("arguments", "attributes", "text"),
    [
        (("a", "b"), {}, "a=b"),
        (
            ("a", "b"),
            dict(path="/", Secure=True, max_age=5, expires=0, domain="d", HttpOnly=1, samesite="Lax", version=1,
                 comment="c", discard=1, port="80"),
            "a=b; version=1; path=/; domain=d; secure; comment=c; expires=Thu, 01-Jan-1970 00:00:00 GMT; max-age=5; "
            "samesite=Lax; discard; port=80; httponly",
        ),
        (("a", "b"), dict(partitioned=True, httponly=1, SECURE=1), "a=b; secure; httponly; partitioned"),
        (("a", 5), {}, "a=5"),
        (("a", b"\xc3\xa9\xff"), {}, "a=é\udcff"),
        (("a", "b"), dict(secure=False, httponly=0, discard=None, partitioned=""), "a=b"),
        (("a", "b"), dict(expires="Sat, 14-Jun-2003 02:42:36 GMT"), "a=b; expires=Sat, 14-Jun-2003 02:42:36 GMT"),
        (("a", "b"), dict(expires="Sat, 14 Jun 2003 02:42:36 GMT"), "a=b; expires=Sat, 14 Jun 2003 02:42:36 GMT"),
        (("a", "b"), dict(expires=1055558556.9), "a=b; expires=Sat, 14-Jun-2003 02:42:36 GMT"),
        (("a", "b"), dict(expires=None, path=None), "a=b"),
        (("a", ""), dict(commentURL="http://x/"), "a=; commentURL=http://x/"),
    ],
)  # fmt: skip
def test_text(cookie, arguments, attributes, text):
    # spec: library:C-5, library:C-22, library:D-19
    made = cookie(*arguments, **attributes)
    assert str(made) == text
    assert repr(made) == f"<Cookie: {text}>"


# spec: library:C-4, library:C-6, library:C-36
def test_attributes_are_the_known_ones(module):
    class Mine(module.SignedCookie):
        def note(self):
            self.__data__["note"] = 1

    for made in (module.Cookie("a", "b"), module.MarshalCookie("a", "b", "s"), Mine("a", "b", "s")):
        with pytest.raises(AttributeError):
            made.foo = 1
        with pytest.raises(AttributeError):
            made.Path = "/"
    made.note()
    assert made.__data__ == {"secret": "s", "note": 1}
    assert module.Cookie("a", "b").__data__ == {}
    with pytest.raises(AttributeError, match="foo"):
        module.Cookie("a", "b", foo=1)


# spec: library:C-7
def test_expires(cookie):
    made = cookie("a", "b")
    with pytest.raises(AttributeError):
        made.expires  # noqa: B018
    made.expires = 86400
    assert made.expires == "Fri, 02-Jan-1970 00:00:00 GMT"
    made.expires = time.time()
    assert cookie("a", "b", expires=made.expires).expires == made.expires
    made.expires = None
    with pytest.raises(AttributeError):
        made.expires  # noqa: B018
    for wrong in ("now", "", "Thu, 01-Jan-1970 00:00:00", "Thu, 32-Jan-1970 00:00:00 GMT", "Thu, 31-Feb-1970 00:00:00 GMT",
                  "Thu, 01-Jan 1970 00:00:00 GMT", "thu, 01-Jan-1970 00:00:00 GMT", "Thu, 01-Jan-1970 24:00:00 GMT",
                  "Thu, 01-Jan-1970 00:00:00 GMT\n", 1e300, float("nan"), float("inf"), [], b"now"):  # fmt: skip
        with pytest.raises(ValueError):
            made.expires = wrong
    with pytest.raises(AttributeError):
        del made.expires


def test_attributes_come_and_go(cookie):
    made = cookie("a", "b", Path="/x", secure=True)
    assert (made.path, made.secure) == ("/x", True)
    made.commentURL = "u"
    made.max_age = 0
    assert str(made) == "a=b; path=/x; secure; max-age=0; commentURL=u"
    del made.path
    made.secure = None
    assert str(made) == "a=b; max-age=0; commentURL=u"
    with pytest.raises(AttributeError, match="path"):
        made.path  # noqa: B018
    assert str(copy.copy(made)) == str(copy.deepcopy(made)) == str(made)


# spec: library:C-8
def test_cookies_are_equal_only_to_themselves(cookie):
    one, other = cookie("a", "b"), cookie("a", "b")
    assert one != other and one == one and len({one, other}) == 2


# spec: library:C-10, library:D-19
@pytest.mark.parametrize("wrong", ["\r", "\n", "\0", "\t", "\x7f", "\x1f", "\x85", "\r\nSet-Cookie: x=y"])
def test_control_characters_are_refused_everywhere(module, wrong):
    for make in (
        lambda: module.Cookie("a" + wrong, "b"),
        lambda: module.Cookie("a", "b" + wrong),
        lambda: module.Cookie("a", '"b' + wrong + '"'),
        lambda: module.Cookie("a", "b", path="/" + wrong),
        lambda: module.Cookie("a", "b", samesite=wrong),
        lambda: module.SignedCookie("a", wrong, "s"),
        lambda: str(module.Cookie("a", wrong.encode())),
    ):
        with pytest.raises(ValueError):
            make()
    made = module.Cookie("a", "b")
    with pytest.raises(ValueError):
        made.domain = "d" + wrong
    made.value = wrong
    with pytest.raises(ValueError):
        str(made)
    assert repr(made) == f"<Cookie: a={wrong!r}>"


# spec: library:C-10
def test_what_would_begin_an_attribute_is_refused(cookie):
    for make in (
        lambda: cookie("a;b", "c"),
        lambda: cookie("a", "b; httponly"),
        lambda: cookie("a", '"b"; c="d"'),
        lambda: cookie("a", "b", path="/; domain=x"),
        lambda: cookie("a", "b", max_age="1;"),
        lambda: cookie("", "b"),
        lambda: cookie("a=", "b"),
        lambda: cookie("a b", "c"),
    ):
        with pytest.raises(ValueError):
            make()
    assert str(cookie("a", r'"b;\";c"', comment='"x, é"')) == r'a="b;\";c"; comment="x, é"'


def test_what_browsers_refuse_is_refused(cookie):
    for attributes in ({}, {"path": "/"}, {"secure": 0}):
        with pytest.raises(ValueError, match="secure"):
            str(cookie("__Secure-a", "b", **attributes))
    assert str(cookie("__Secure-a", "b", secure=1)) == "__Secure-a=b; secure"
    for attributes in ({"path": "/"}, {"secure": 1}, {"secure": 1, "path": "/x"}, {"secure": 1, "path": "/", "domain": "d"}):
        with pytest.raises(ValueError, match="path='/'"):
            str(cookie("__host-a", "b", **attributes))
    assert str(cookie("__Host-a", "b", secure=1, path="/")) == "__Host-a=b; path=/; secure"
    assert str(cookie("__other", "b")) == "__other=b"
    with pytest.raises(ValueError, match="partitioned"):
        str(cookie("a", "b", partitioned=True))


#: header, {name: value}
PARSED = [
    ("a=b; c=d", {"a": "b", "c": "d"}),
    ("a=b;c=d", {"a": "b", "c": "d"}),
    ("a = b ; c=d", {"a": "b ", "c": "d"}),
    ("a", {"a": ""}),
    ("a;b=1", {"a": "", "b": "1"}),
    ("a b=1", {"a": "b=1"}),
    ('a="x;y"; c=1', {"a": '"x;y"', "c": "1"}),
    (r'a="x\"y"', {"a": r'"x\"y"'}),
    ("$Version=1; a=b; $Path=/", {"a": "b"}),
    ("a=1, b=2", {"a": "1, b=2"}),
    (", a=1", {"a": "1"}),
    ("a=1;a=2", {"a": "2"}),
    ("a=b=c", {"a": "b=c"}),
    ("=x", {"x": ""}),
    ("spam=foo; path=blah;;eggs=bar;, bar=foo", {"spam": "foo", "path": "blah", "eggs": "bar", "bar": "foo"}),
    ('a="unterminated; b=1', {"a": '"unterminated', "b": "1"}),
    ('a="x"y; b=1', {"a": '"x"', "y": "", "b": "1"}),
    ("", {}),
    ("A=1; a=2", {"A": "1", "a": "2"}),
    ("a=%41+\t\udce9", {"a": "%41+\t\udce9"}),
]


# spec: library:C-40, library:C-41, library:C-42, library:C-43, library:C-50, library:C-51, library:C-52, library:C-53
# spec: library:C-54, library:C-55, library:C-56, library:C-57, library:C-58, library:C-59, library:C-60, library:C-61
# spec: library:C-62, library:C-63, library:C-64, library:C-65
@pytest.mark.parametrize(("header", "expected"), PARSED)
def test_parse(cookie, header, expected):
    found = cookie.parse(header)
    assert {name: made.value for name, made in found.items()} == expected
    assert all(type(made) is cookie and made.name == name for name, made in found.items())


# spec: library:C-44, library:C-66
def test_parse_keeps_the_names_asked_for(cookie):
    assert list(cookie.parse("a=1; b=2", names=["b"])) == ["b"]
    assert list(cookie.parse("a=1; $b=2", names=["$b", "a"])) == ["a"]
    assert cookie.parse("a=1", names=()) == {}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(' ,;="\\$ab\t\u00e9\udce9\n'), max_size=40))
def test_nothing_makes_parse_fail(text):
    from mod_python.Cookie import Cookie

    for name, made in Cookie.parse(text).items():
        assert name in text and made.value in text and repr(made)


def test_a_long_header_takes_time_in_proportion(cookie):
    for piece in (r'a="\";', 'a=";', "=", ";", '"', "\\", r'="\\', ", "):
        assert len(cookie.parse(piece * 100_000)) <= 2


def test_subclasses_come_from_parse(cookie):
    class Mine(cookie):
        pass

    assert type(Mine.parse("a=1")["a"]) is Mine
