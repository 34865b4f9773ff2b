"""mod_python.Cookie in a request: what browsers send and get, and the native parser against the other one."""

import random

import pytest
from harness.snippets import run, snippet_server

_HANDLERS = '''
from mod_python import Cookie, apache


def echo(req):
    """Add every cookie that came."""
    for cookie in Cookie.get_cookies(req).values():
        Cookie.add_cookie(req, cookie)
    return apache.OK


def refuse(req):
    Cookie.add_cookie(req, "lost", "1")
    Cookie.add_cookie(req, "kept", "2", path="/", err_headers_out=True)
    Cookie.add_cookie(req, Cookie.Cookie("too", "3"), err_headers_out=True)
    return int(req.args)


def received_as_parsed(req, line):
    """Whether the cookies of a request, which the native module makes, are those that Cookie.parse makes."""
    try:
        req.headers_in["Cookie"] = line.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return True
    facts = lambda cookies: [(key, type(one), one.name, one.value, one._attributes) for key, one in cookies.items()]
    made = Cookie.get_cookies(req)
    for one in made.values():
        one.path = "/"
        del one.path
    return facts(made) == facts(Cookie.Cookie.parse(req.headers_in["Cookie"]))


def compare(req):
    """Parse each line with both parsers; write the first one where they differ."""
    from mod_python._cookie import pairs, parser

    assert parser.parse_cookies is not pairs.parse_cookies
    for line in eval(req.read()):
        for names in (None, ["a"], {"a b", "$", "b"}):
            if list(parser.parse_cookies(line, names).items()) != list(pairs.parse_cookies(line, names).items()):
                req.write(ascii((line, names)))
                return apache.OK
        if not received_as_parsed(req, line):
            req.write(ascii(line))
            return apache.OK
    req.write("the same")
    return apache.OK


def compare_texts(req):
    """Make each cookie with and without the native function; write the first where they differ, or how many it made."""
    from mod_python._apache import format_cookie
    from mod_python._cookie import plain

    made = 0
    for name, value, attributes in eval(req.read()):
        native = format_cookie(name, value, attributes)
        plain.format_cookie = lambda *ignored: None
        try:
            text = str(Cookie.Cookie(name, value, **attributes))
        except (ValueError, AttributeError):
            text = None
        finally:
            plain.format_cookie = format_cookie
        made += native is not None
        if native is not None and native != text:
            req.write(ascii((name, value, attributes, native, text)))
            return apache.OK
    req.write(str(made))
    return apache.OK
'''

site = snippet_server(
    "".join(
        f'<Location "/{name}">\nSetHandler mod_python\nPythonHandler cookies_test::{name}\n'
        "PythonPath \"sys.path + ['@DOCS@/run']\"\n</Location>\n"
        for name in ("echo", "refuse", "compare", "compare_texts")
    ),
    {"htdocs/run/cookies_test.py": _HANDLERS},
    mpm="event",
)

ONE = 'no-cache="set-cookie"'


# spec: library:T-4, library:C-62, library:C-90, library:C-92
@pytest.mark.smoke
def test_cookies_come_back(site):
    answer = site.get("/echo", headers=[("Cookie", "spam=foo; path=blah;;eggs=bar;"), ("Cookie", "bar=foo")])
    assert answer.status == 200
    assert answer.header_all("Set-Cookie") == ["spam=foo", "path=blah", "eggs=bar", "bar=foo"]
    assert answer.header_all("Cache-Control") == [ONE]
    answer = site.get("/echo")
    assert answer.status == 200 and answer.header("Set-Cookie") is None and answer.header("Cache-Control") is None


# spec: library:T-5, library:C-83
def test_values_are_echoed_byte_for_byte(site):
    padded = "859690207856ec75fc641a7566894e40" + "cwQAAABzcGFt" * 9 + "Zg=="
    sent = ["eggs=d049b2b61adb6a1d895646719a3dc30bcwQAAABzcGFt", f"test={padded}", 'q="x;y"', r'e="x\"y"', "p=%41+", "==a=b"]
    sent.append(b"n=\xc3\xa9\xff\xe9".decode("latin-1"))
    answer = site.get("/echo", headers={"Cookie": "; ".join(sent)})
    assert answer.header_all("Set-Cookie") == sent[:-2] + ["a=b", sent[-1]]


# spec: library:C-1, library:C-92, library:C-93
def test_get_cookies_and_get_cookie(site):
    found = run(
        site,
        """
        from mod_python import Cookie
        kinds = lambda found: sorted((name, type(one).__name__, one.value) for name, one in found.items())
        result = [
            kinds(Cookie.get_cookies(req)),
            kinds(Cookie.get_cookies(req, names=["b"])),
            Cookie.get_cookie(req, "a").value,
            Cookie.get_cookie(req, "c"),
            Cookie.get_cookie(req, "$d"),
            kinds(Cookie.get_cookies(req, Cookie.SignedCookie, secret="s", mismatch=Cookie.Cookie.IGNORE)),
        ]
        req.headers_in.add("Cookie", "a=3; z=4")
        result.append(kinds(Cookie.get_cookies(req)))
        del req.headers_in["Cookie"]
        result += [Cookie.get_cookies(req), Cookie.get_cookie(req, "a")]
        """,
        headers={"Cookie": "a=1; b=2; $d=3"},
    )
    plain = [("a", "Cookie", "1"), ("b", "Cookie", "2")]
    assert found[:5] == [plain, plain[1:], "1", None, None]
    assert found[5:] == [[], [("a", "Cookie", "3"), plain[1], ("z", "Cookie", "4")], {}, None]


# spec: library:C-90
def test_add_cookie(site):
    answer = site.get(
        "/run/x?"
        + "from%20mod_python%20import%20Cookie%0A"
        + "result=[Cookie.add_cookie(req,'a','1',Path='/x',secure=1),Cookie.add_cookie(req,'b'),"
        + "Cookie.add_cookie(req,Cookie.SignedCookie('c','2','s'),'unused'),"
        + "error(Cookie.add_cookie,req,'a','1;'),error(Cookie.add_cookie,req,Cookie.SignedCookie('c','2'))]"
    )
    assert answer.status == 200
    nothing, also, none, wrong, unsigned = eval(answer.text)
    assert nothing is also is none is None and wrong[0] == "ValueError" and unsigned[0] == "CookieError"
    first, second, third = answer.header_all("Set-Cookie")
    assert (first, second) == ("a=1; path=/x; secure", "b=")
    assert third.startswith("c=v2.") and third.endswith(".2") and len(third) == 71
    assert answer.header_all("Cache-Control") == [ONE]


# spec: library:C-91, library:D-48
def test_cookies_on_error_documents(site):
    for status in (200, 403):
        answer = site.get(f"/refuse?{0 if status == 200 else status}")
        assert answer.status == status
        expected = ["kept=2; path=/", "too=3"] + ["lost=1"] * (status == 200)
        assert sorted(answer.header_all("Set-Cookie")) == sorted(expected)
        assert answer.header("Cache-Control") == ONE


# spec: library:C-94, library:D-18
def test_downgrades_are_logged(site):
    code = """
        from mod_python import Cookie
        result = type(Cookie.get_cookie(req, "id", Cookie.SignedCookie, secret="s")).__name__
        """
    assert run(site, code, headers={"Cookie": "id=" + "0" * 32 + "admin"}) == "Cookie"
    site.log.expect(
        r"\[python:warn\].*\[client .*MPY0610: interpreter='localhost' phase='PythonHandler': no valid signature for 'id': "
        r"SignedCookie\.parse with DOWNGRADE hands over what the client sent$",
        times=1,
    )
    quiet = code.replace('secret="s"', 'secret="s", mismatch=1')
    assert run(site, quiet, headers={"Cookie": "id=" + "0" * 32 + "admin"}) == "NoneType"


# spec: library:C-40, library:U-4
def test_both_parsers_follow_one_rule(site):
    chance = random.Random(20261121)
    pieces = ["a", "b", "$", "=", ";", ",", " ", '"', "\\", "\t", "é", "€", "\udce9", "\ud800", "a=1", '="x', '"; ']
    lines = ["".join(chance.choices(pieces, k=chance.randrange(40))) for _ in range(4000)]
    answer = site.post("/compare", ascii(lines).encode())
    assert answer.status == 200 and answer.text == "the same"


# spec: library:C-10, library:C-20, library:C-22
def test_both_ways_to_make_a_text_give_the_same(site):
    chance = random.Random(20261122)
    pieces = ["a", "b-c", "__Host-", "=", ";", ",", " ", '"', "\\", "\t", "é", "\udce9", "\x7f", ""]
    text = lambda: "".join(chance.choices(pieces, k=chance.choice([0, 1, 1, 2, 5])))  # noqa: E731
    plain = lambda: chance.choice(["x", "/", "y z", "a=b"])  # noqa: E731
    any_value = lambda: chance.choice([text, plain, plain])()  # noqa: E731
    odd = [None, True, False, 0, 5, -1, 2**70, 1.5, b"x", [], "x"]
    names = ["version", "path", "domain", "secure", "comment", "max_age", "samesite", "commentURL", "discard", "port",
             "httponly", "partitioned", "other", "name"]  # fmt: skip
    cookies = []
    for _ in range(4000):
        attributes = {
            name: chance.choice([any_value(), chance.choice(odd)])
            for name in chance.sample(names[:-3] if chance.random() < 0.8 else names[2:-1], chance.choice([0, 1, 2, 5]))
        }
        cookies.append((chance.choice(["a", "_b", text()]), chance.choice([any_value(), "1", 5, b"x"]), attributes))
    answer = site.post("/compare_texts", ascii(cookies).encode())
    assert answer.status == 200 and int(answer.text) > 500, answer.text


def test_the_native_parser_refuses_other_types(site):
    found = run(
        site,
        """
        from mod_python._apache import parse_cookies
        result = [error(parse_cookies, b"a=1"), error(parse_cookies, None), error(parse_cookies, "a=1", 5)]
        """,
    )
    assert [name for name, _ in found] == ["TypeError"] * 3
