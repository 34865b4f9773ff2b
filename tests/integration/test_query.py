"""_apache.parse_qs and parse_qsl: every worked case, in both types."""

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate

site = server(CONFIG, FILES, processes=1)

# spec: library:U-30, library:U-31, library:U-32, library:U-33, library:U-34, library:U-35, library:U-36
# spec: library:U-37, library:U-38, library:U-39, library:U-40, library:U-41, library:U-45, library:U-46, library:U-47
#: query, result of parse_qsl, result with keep_blank_values
CASES = [
    ("a=1&b=2;c=3", [("a", "1"), ("b", "2"), ("c", "3")], None),
    ("a=1&a=2", [("a", "1"), ("a", "2")], None),
    ("a", [], [("a", "")]),
    ("a=", [], [("a", "")]),
    ("=x", [("", "x")], None),
    ("=", [], [("", "")]),
    ("a=b=c", [("a", "b=c")], None),
    ("&&;", [], None),
    ("a+b=c+d", [("a b", "c d")], None),
    ("%41=%42", [("A", "B")], None),
    ("a=%zz", [("a", "%zz")], None),
    ("a=%", [("a", "%")], None),
    ("a=%4", [("a", "%4")], None),
    ("a=%2Fb", [("a", "/b")], None),
    ("a=%2bb+%2B", [("a", "+b +")], None),
    ("a%3Db=c%26d", [("a=b", "c&d")], None),
    ("a=1&b", [("a", "1")], [("a", "1"), ("b", "")]),
    ("", [], None),
    ("a=1;;b=2", [("a", "1"), ("b", "2")], None),
    ("a=%00b", [("a", "\0b")], None),
]


def _bytes(pairs):
    return [(name.encode(), value.encode()) for name, value in pairs]


def test_worked_cases(site):
    # spec: library:U-11, library:U-12, library:U-13, library:U-14, library:U-15, library:U-16, library:U-17
    # spec: library:U-18, library:U-48, api:3/parse_qsl
    queries = [query for query, _, _ in CASES]
    lists = [plain for _, plain, _ in CASES]
    kept = [plain if blank is None else blank for _, plain, blank in CASES]
    assert evaluate(site, f"[_apache.parse_qsl(q) for q in {queries}]") == lists
    assert evaluate(site, f"[_apache.parse_qsl(q, 1) for q in {queries}]") == kept
    assert evaluate(site, f"[_apache.parse_qsl(q.encode()) for q in {queries}]") == [_bytes(pairs) for pairs in lists]
    assert evaluate(site, f"[_apache.parse_qsl(q.encode(), True, 1) for q in {queries}]") == [
        _bytes(pairs) for pairs in kept
    ]


def test_parse_qs_collects_values(site):
    # spec: library:U-11, library:U-31, library:U-46, api:3/parse_qs
    assert evaluate(site, "_apache.parse_qs('a=1&b=2&a=3;c')") == {"a": ["1", "3"], "b": ["2"]}
    assert evaluate(site, "list(_apache.parse_qs('b=1&a=2&b=3'))") == ["b", "a"]
    assert evaluate(site, "_apache.parse_qs(b'a&b=%E9', 1)") == {b"a": [b""], b"b": [b"\xe9"]}
    assert evaluate(site, "_apache.parse_qs('')") == {}


def test_names_are_not_the_values(site):
    # spec: library:U-21, api:A-4, library:D-1
    long = "n" * 300
    assert evaluate(site, f"_apache.parse_qsl('a=1&b=2&{long}=3')") == [("a", "1"), ("b", "2"), (long, "3")]
    text = "'a%=%&%4\\0=\\0&b=' + 'x' * (1 << 20) + '&c=%zz'"
    code = f"[(name, len(value), value[:3]) for name, value in _apache.parse_qsl({text})]"
    assert evaluate(site, code) == [("a%", 1, "%"), ("%4\0", 1, "\0"), ("b", 1 << 20, "xxx"), ("c", 3, "%zz")]


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("'a=%C3%A9'", [("a", "é")]),
        ("'a=%E9'", [("a", "\ufffd")]),
        ("b'a=%E9'", [(b"a", b"\xe9")]),
        ("'\xe9=1'", [("é", "1")]),
        ("'\u20ac=\u20ac'", [("€", "€")]),
        (r"'a=\udce9'", [("a", "\ufffd")]),
        (r"'a=x\udcc3\udca9'", [("a", "xé")]),
        (r"'a=\ud800x'", [("a", "\ufffd\ufffd\ufffdx")]),
    ],
)
def test_text_that_is_not_ascii(site, query, pairs):
    # spec: library:U-18, library:U-19, library:U-20, library:U-42, library:U-43, library:U-44, library:D-2
    assert evaluate(site, f"_apache.parse_qsl({query})") == pairs
    assert evaluate(site, f"_apache.parse_qs({query})") == {name: [value] for name, value in pairs}


@pytest.mark.parametrize("call", ["parse_qs(None)", "parse_qsl(3)", "parse_qsl(bytearray(b'a=1'))", "parse_qs(['a=1'])"])
def test_other_types_are_refused(site, call):
    # spec: library:U-18
    answer = evaluate(site, f"_apache.{call}")
    assert answer["raised"][0] == "TypeError"
    assert answer["text"] == "not an ISO-8859-1 string"


@pytest.mark.parametrize("call", ["parse_qs(qs='a=1')", "parse_qsl('a=1', keep_blank_values=1)", "parse_qs()"])
def test_arguments_are_positional(site, call):
    # spec: library:U-10
    assert evaluate(site, f"_apache.{call}")["raised"][0] == "TypeError"
