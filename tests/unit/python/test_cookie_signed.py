"""SignedCookie and MarshalCookie outside httpd: signatures, secrets, mismatches, cookies of release 3."""

import base64
import datetime
import decimal
import hashlib
import hmac
import importlib
import logging
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SECRET = "secret"
#: Secret `secret`: name, value, what release 3 sent.
VECTORS = [
    ("a", "b", "0fe26d789d153d69755c401a91a97235b"),
    (
        "pysid",
        "0123456789abcdef0123456789abcdef",
        "8d8ebf3d62fd6abe17e692bcef8de8530123456789abcdef0123456789abcdef",
    ),
    ("spam", "", "11e3ff9ddb279ce3392fc733337b8cca"),
]
DATA_VECTORS = [
    ("eggs", b"spam", "d049b2b61adb6a1d895646719a3dc30bcwQAAABzcGFt"),
    ("n", 7, "de472ea7c431f858faf3a116d8a6d163aQcAAAA="),
]


@pytest.fixture
def module(native):
    return importlib.import_module("mod_python.Cookie")


@pytest.fixture
def signed(module):
    return module.SignedCookie


@pytest.fixture
def data(module):
    return module.MarshalCookie


def sent(cookie):
    """Return the name and value of a cookie as the browser sends them."""
    return str(cookie).partition(";")[0]


def legacy(name, text, secret=SECRET):
    """Return what release 3 sent for a text, after its documentation: HMAC-MD5 of name and text."""
    return hmac.new(secret.encode(), (name + text).encode(), hashlib.md5).hexdigest() + text


# spec: library:C-71, library:C-72, library:C-85, library:D-16
def test_a_signed_value_comes_back(module, signed):
    made = signed("a", "b", SECRET, path="/")
    name, _, value = sent(made).partition("=")
    assert name == "a" and str(made) == f"a={value}; path=/" and repr(made) == f"<SignedCookie: {made}>"
    # The form: a mark that no older value begins with, 64 digits, the text.
    assert value == f"v2.{made.hexdigest('b')}.b" and len(made.hexdigest("b")) == 64
    message = b"mod_python cookie 2:12:1:SignedCookieab"
    assert made.hexdigest("b") == hmac.new(b"secret", message, hashlib.sha256).hexdigest()
    found = signed.parse(f"a={value}", SECRET)["a"]
    assert type(found) is signed and found.value == "b" and str(found) == f"a={value}"
    raw = signed("a", value)
    raw.unsign(SECRET)
    assert raw.value == "b"
    with pytest.raises(module.CookieError):
        raw.unsign(SECRET)


# spec: library:C-71
@pytest.mark.parametrize("secret", [None, "", b"", [], ["x", ""], [b"", "x"], ()])
def test_a_missing_secret_is_an_error_when_it_is_used(module, signed, secret):
    made = signed("a", "b", secret)
    with pytest.raises(module.CookieError):
        str(made)
    with pytest.raises(module.CookieError):
        made.hexdigest("b")
    assert repr(made) == "<SignedCookie: a='b'>"
    for mismatch in (signed.DOWNGRADE, signed.IGNORE, signed.EXCEPTION):
        with pytest.raises(module.CookieError):
            signed.parse("a=b", secret, mismatch)


# spec: library:C-73, library:C-76, library:D-16
def test_whatever_is_changed_is_noticed(signed, data):
    text = sent(signed("name", "value", SECRET))
    assert "name" in signed.parse(text, SECRET, signed.IGNORE)
    for at in range(len("name="), len(text)):
        forged = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        assert signed.parse(forged, SECRET, signed.IGNORE) == {}, forged
    for forged in (text[:-1], text + "x", text.replace("name=", "nam="), text.replace("name=", "namev="), "name=", "name=v2.",
                   "name=v2." + "0" * 64 + ".value", text.replace(".value", "value"), text.upper(), "name=" + "é" * 99):  # fmt: skip
        assert signed.parse(forged, SECRET, signed.IGNORE) == {}, forged
    assert signed.parse(text, "other", signed.IGNORE) == {}
    # Name and value keep their border; a value belongs to its class.
    assert sent(signed("ab", "c", SECRET))[-66:-2] != sent(signed("a", "bc", SECRET))[-67:-3]
    assert data.parse(text, SECRET, signed.IGNORE) == {}
    assert signed.parse(sent(data("name", "value", SECRET)), SECRET, signed.IGNORE) == {}


def test_subclasses_may_have_a_purpose(signed):
    class Ticket(signed):
        purpose = "ticket"

    text = sent(Ticket("a", "b", SECRET))
    assert Ticket.parse(text, SECRET)["a"].value == "b"
    assert signed.parse(text, SECRET, signed.IGNORE) == {}


# spec: library:C-85
def test_secrets_can_be_replaced(module, signed):
    old = sent(signed("a", "b", b"old"))
    assert old == sent(signed("a", "b", "old"))
    new = sent(signed("a", "b", ["new", b"old"]))
    assert new == sent(signed("a", "b", "new")) != old
    for text in (old, new):
        assert signed.parse(text, ("new", "old"))["a"].value == "b"
    assert signed.parse(old, ["new"], signed.IGNORE) == {}
    assert str(signed("é", "ü", "ß")) == str(signed("é", "ü", "ß".encode()))


# spec: library:C-74, library:C-75, library:C-94, library:D-18
def test_mismatch(module, signed, data, caplog, monkeypatch):
    # Outside httpd the line goes to logging.
    monkeypatch.setattr(importlib.import_module("mod_python._cookie.warn"), "_apache", None)
    good = sent(signed("good", "1", SECRET))
    header = f"{good}; bad={'0' * 32}admin; plain=x"
    with caplog.at_level(logging.WARNING, "mod_python.Cookie"):
        assert list(signed.parse(header, SECRET, signed.IGNORE)) == ["good"]
        with pytest.raises(module.CookieError, match="bad"):
            signed.parse(header, SECRET, signed.EXCEPTION)
        assert signed.parse(good, SECRET, mismatch=signed.EXCEPTION, names=["good"])["good"].value == "1"
        assert signed.parse(header, SECRET, names=["good"])["good"].value == "1"
        assert not caplog.records
        for kind in (signed, data):
            found = kind.parse(header, SECRET)
            assert type(found["bad"]) is type(found["plain"]) is module.Cookie
            assert found["bad"].value == "0" * 32 + "admin"
            assert caplog.records[-1].getMessage().startswith("MPY0610: no valid signature for ")
        assert "'bad', 'plain':" in caplog.records[0].getMessage() and len(caplog.records) == 2
        signed.parse("; ".join(f"{'x' * 100}{number}=\x1b" for number in range(99)), SECRET)
        assert len(caplog.records) == 3 and len(caplog.records[2].getMessage()) < 500
        assert "and 94 more" in caplog.records[2].getMessage()
    with pytest.raises(ValueError, match="mismatch"):
        signed.parse(header, SECRET, 2)


# spec: library:C-70, library:C-77, library:C-85, library:Q-5
@pytest.mark.parametrize(("name", "value", "text"), VECTORS)
def test_signatures_of_release_3_count_only_if_asked_for(signed, name, value, text):
    assert legacy(name, value) == text
    header = f"{name}={text}"
    assert signed.parse(header, SECRET, signed.IGNORE) == {}
    found = signed.parse(header, ["new", SECRET], signed.EXCEPTION, legacy=True)[name]
    assert type(found) is signed and found.value == value
    assert signed.parse(header, "other", signed.IGNORE, legacy=True) == {}
    assert signed.parse(f"{name}={text}x", SECRET, signed.IGNORE, legacy=True) == {}
    # It goes out in the new form.
    found.__data__["secret"] = SECRET
    assert sent(found) == sent(signed(name, value, SECRET))
    raw = signed(name, text)
    raw.unsign(SECRET, legacy=True)
    assert raw.value == value


# spec: library:C-80, library:C-84, library:D-17
@pytest.mark.parametrize(
    "value",
    [
        0, -1, 2**70, 1.5, True, None, "", "é\u20ac;,\"\r\n", [], {}, {"a": [1, {"b": None}], "": "x"}, "x" * 3000,
        b"\0\xff", (1, "a", (b"",)), {1: 2, None: ()}, {1, 2}, frozenset("a"), {"!tuple": []},
        datetime.datetime(2026, 11, 21, 12), decimal.Decimal("1.10"),
    ],
)  # fmt: skip
def test_data_comes_back(data, value):
    text = sent(data("name", value, SECRET))
    assert not set(text[5:]) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    found = data.parse(text, SECRET)["name"]
    assert type(found) is data and found.value == value and type(found.value) is type(value)
    assert sent(found) == text


def test_other_data_is_refused(data):
    for value in (object(), print, [1, {"a": 1j}], range(3)):
        with pytest.raises(TypeError, match="'name'"):
            str(data("name", value, SECRET))
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(TypeError, match="nested"):
        str(data("name", deep, SECRET))


# spec: library:C-81, library:C-82, library:D-17
def test_data_is_read_only_behind_a_right_signature(module, data, monkeypatch):
    marshal = importlib.import_module("mod_python._cookie.marshal")
    read = []
    for name in ("loads", "unpacked"):
        monkeypatch.setattr(marshal, name, read.append, raising=False)
    monkeypatch.setattr(data, "_decode", lambda self, text: read.append(text))
    text = sent(data("n", 7, SECRET))
    for header in (text + "x", "n=" + DATA_VECTORS[1][2] + "A", "n=aQcAAAA=", "n=v2." + "0" * 64 + ".Nw"):
        for allowed in (False, True):
            assert data.parse(header, SECRET, data.IGNORE, legacy=allowed) == {}
    assert read == []
    data.parse(text, SECRET)
    assert read == ["Nw"]


# spec: library:C-82
@pytest.mark.parametrize("text", ["", "x", "Nw==Nw", "é", "bm9uc2Vuc2U", "W10gWw", "/w", "W" * 20000])
def test_signed_nonsense_is_a_cookie_error(module, data, text):
    signature = importlib.import_module("mod_python._cookie.signature")
    header = "n=" + signature.sign("MarshalCookie", "n", text, SECRET)
    assert data.parse(header, SECRET, data.IGNORE) == {}
    with pytest.raises(module.CookieError, match="no readable value"):
        data.parse(header, SECRET, data.EXCEPTION)


# spec: library:C-83, library:C-85, library:Q-5
@pytest.mark.parametrize(("name", "value", "text"), DATA_VECTORS)
def test_data_of_release_3_is_read_only_if_asked_for(data, signed, name, value, text):
    header = f"{name}={text}"
    assert data.parse(header, SECRET, data.IGNORE) == {}
    found = data.parse(header, SECRET, data.EXCEPTION, legacy=True)[name]
    assert found.value == value and type(found.value) is type(value)
    # In the old form the class was not part of the signature.
    assert signed.parse(header, SECRET, legacy=True)[name].value == text[32:]


def packed(data):
    return base64.b64encode(data).decode()


# spec: library:C-83
@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"N", None), (b"T", True), (b"F", False), (b".", ...),
        (b"I" + struct.pack("<q", -(2**40)), -(2**40)),
        (b"g" + struct.pack("<d", 0.5), 0.5), (b"f\x030.5", 0.5), (b"y" + struct.pack("<dd", 1, 2), 1 + 2j),
        (b"l\x03\0\0\0\x01\0\x02\0\x03\0", 1 + (2 << 15) + (3 << 30)), (b"l\xff\xff\xff\xff\x05\0", -5),
        (b"u\x02\0\0\0\xc3\xa9", "\u00e9"), (b"t\x01\0\0\0a", b"a"),
        (b"(\x03\0\0\0t\x01\0\0\0at\x01\0\0\0bR\0\0\0\0", (b"a", b"b", b"a")),
        (b"[\x02\0\0\0N[\0\0\0\0", [None, []]), (b"<\x01\0\0\0T", {True}), (b">\x00\0\0\0", frozenset()),
        (b"{s\x01\0\0\0ai\x01\0\0\0i\x02\0\0\0N0", {b"a": 1, 2: None}),
    ],
)  # fmt: skip
def test_all_data_of_python_2_is_known(data, raw, value):
    found = data.parse("n=" + legacy("n", packed(raw)), SECRET, legacy=True)["n"].value
    assert found == value and type(found) is type(value)


# spec: library:C-82, library:C-85, library:D-17
@pytest.mark.parametrize(
    "raw",
    [
        b"", b"0", b"?", b"c" + b"\0" * 100, b"i\0", b"(\xff\xff\xff\x7f", b"(\xff\xff\xff\xff", b"s\xff\xff\xff\xff",
        b"[\x01\0\0\0" * 200 + b"N", b"R\0\0\0\0", b"R\xff\xff\xff\xff", b"{N", b"{NN", b"{N00", b"[\x01\0\0\x000",
        b"{[\0\0\0\0N0", b"<\x01\0\0\0{0", b"f\x01x", b"f\x03nan"[:2], b"l\xff\xff\xff\x7f", b"u\x01\0\0\0\xff",
        b"l\0\0\0\x80", b"N" * 7000,
    ],
)  # fmt: skip
def test_bad_data_of_python_2_is_a_cookie_error(module, data, raw):
    if raw != b"N" * 7000:
        loads = importlib.import_module("mod_python._cookie.marshal2").loads
        with pytest.raises(ValueError):
            loads(raw)
    header = "n=" + legacy("n", packed(raw))
    with pytest.raises(module.CookieError):
        data.parse(header, SECRET, data.EXCEPTION, legacy=True)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.lists(st.sampled_from(b"NTF.0iIgfylstRu([{<>c\0\1\2"), max_size=40).map(bytes))
def test_any_bytes_are_data_or_an_error(some, likely):
    from mod_python._cookie.marshal2 import loads

    for raw in (some, likely):
        try:
            loads(raw)
        except ValueError:
            pass
