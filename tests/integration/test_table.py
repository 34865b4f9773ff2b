"""The table object: tables of their own, and views of httpd's."""

import textwrap
import urllib.parse

import pytest

from harness.client import parse
from harness.snippets import run, snippet_server, value

site = snippet_server(
    """
    <Directory "@DOCS@/run">
        PythonOption first one
        PythonOption Removed something
        PythonOption removed ""
        PythonOption ALSO gone
        PythonOption also ""
        PythonDebug Off
    </Directory>
    <Directory "@DOCS@/early">
        DirectoryIndex index.html
        SetHandler mod_python
        PythonFixupHandler early::fixup
        PythonHandler early
        PythonOption place directory
    </Directory>
    PythonOption place server
    PythonOption Empty ""
    PythonDebug Off
    PythonAutoReload On
    PythonPostReadRequestHandler early::first
    PythonPath "sys.path + ['@DOCS@/early', '@DOCS@/run']"
    """,
    {
        "htdocs/early/early.py": """
            from mod_python import apache

            def first(req):
                if req.uri.startswith("/early"):
                    req.seen = [req.get_options(), req.get_options()["place"]]
                    req.seen_notes = req.notes
                    req.notes["first"] = "of the request"
                return apache.DECLINED

            def fixup(req):
                req.get_options()["added"] = "yes"
                if not hasattr(req, "seen_notes"):
                    req.notes["fixup"] = "of the sub-request"
                return apache.OK

            def handler(req):
                if req.uri.endswith("index.html"):
                    notes = req.seen_notes
                    req.write(ascii((req.uri, notes is req.notes, notes["first"], notes.get("fixup"))))
                    return apache.OK
                options = req.get_options()
                result = (req.seen[1], options["place"], options is req.seen[0], options.get("added"))
                req.write(ascii(result))
                return apache.OK
            """,
    },
)

OWN = "t = apache.table()\n"
VIEW = "t = req.notes\nt.clear()\n"


@pytest.fixture(params=[OWN, VIEW], ids=["own", "view"])
def table(request, site):
    """Runs a snippet in which `t` is an empty table, of its own or httpd's."""
    return lambda code: run(site, request.param + textwrap.dedent(code))


def test_type(site):
    # spec: api:5/type, api:2/apache.table
    code = """
    t = apache.table
    result = (t.__name__, apache.make_table is t, isinstance(req.headers_in, t),
        error(setattr, t(), "x", 1)[0], type(req.notes) is t)
    """
    assert run(site, code) == ("mp_table", True, True, "AttributeError", True)


def test_subclass(site):
    # spec: api:A-7, api:5/type
    code = """
    class Sub(apache.table):
        def __init__(self, name, items):
            super().__init__(items)
            self.name = name
    s = Sub("n", {"a": "b"})
    result = (type(s).__name__, s.name, s["A"], type(Sub.fromkeys).__name__, type(s.copy()).__name__)
    """
    assert run(site, code) == ("Sub", "n", "b", "builtin_function_or_method", "mp_table")


def test_construct(site):
    # spec: api:5/construct
    code = """
    class Keys:
        def keys(self):
            return ["k"]
        def __getitem__(self, key):
            return 7
    t = apache.table
    result = [
        t().items(), t({1: 1, "n": None, "b": b"a"}).items(), t([("A", "1"), ["b", "2"], ("a", "3")]).items(),
        t(items={"x": "y"}).items(), t(Keys()).items(), t(iter(["kv"])).items(), t(t([("a", "b")])).items(),
    ]
    """
    assert run(site, code) == [
        [],
        [("1", "1"), ("n", "None"), ("b", "b'a'")],
        [("A", "3"), ("b", "2")],
        [("x", "y")],
        [("k", "7")],
        [("k", "v")],
        [("a", "b")],
    ]


def test_construct_errors(site):
    # spec: api:5/construct-errors
    code = """
    t = apache.table
    class Bad:
        def __iter__(self):
            raise LookupError("mine")
    result = [error(t, 1), error(t, None), error(t, [("a", "b"), 3]), error(t, [("a", "b", "c")]),
        error(lambda: t(other={})), error(t, {}, {}), error(t, [Bad()])]
    """
    found = run(site, code)
    assert [kind for kind, _ in found] == [
        "TypeError", "TypeError", "TypeError", "ValueError", "TypeError", "TypeError", "LookupError",
    ]  # fmt: skip
    assert "#1" in found[2][1]
    assert "#0" in found[3][1] and "length 3" in found[3][1]


def test_keys_in_any_case(table):
    # spec: api:5/case, api:5/natural-order, api:A-8
    code = """
    t["Key 1"] = "v"
    t["kEY[`"] = "w"
    result = (t["kEY 1"], "KEY 1" in t, t.get("key 1"), t.has_key("key 1"), t["Key[`"],
        "key1" in t, t.get("key1"), error(lambda: t["key1"])[0], t.get("key{@"), t.get("key 1 "), t.get(""))
    """
    assert table(code) == ("v", True, "v", 1, "w", False, None, "KeyError", None, None, None)


def test_getitem(table):
    # spec: api:5/getitem
    code = """
    t["one"] = "1"
    t.add("two", "a"); t.add("x", "y"); t.add("Two", "b"); t.add("TWO", "c")
    try:
        t["none"]
    except KeyError as raised:
        args = raised.args
    result = (t["one"], t["two"], args, error(lambda: t[1]))
    """
    assert table(code) == ("1", ["a", "b", "c"], ("none",), ("TypeError", "not an ISO-8859-1 string"))


def test_setitem(table):
    # spec: api:5/setitem
    code = """
    t["first"] = "1"
    t.add("Dup", "a"); t.add("mid", "m"); t.add("dup", "b"); t.add("DUP", "c")
    t["dup"] = "new"
    t["FIRST"] = "2"
    t["bytes"] = b"raw"
    t[b"bytes2"] = "r"
    result = (t.items(), [error(t.__setitem__, k, v) for k, v in (("k", 1), (1, "v"), ("k", None), ("k", "\\u20ac"),
        ("k", bytearray(b"x")))])
    """
    items, errors = table(code)
    assert items == [("first", "2"), ("Dup", "new"), ("mid", "m"), ("bytes", "raw"), ("bytes2", "r")]
    assert errors == [("TypeError", "not an ISO-8859-1 string")] * 5


def test_text_in_and_out(table):
    # spec: api:1.1, api:1.3, api:1.6, api:1.7, api:1.8, api:A-1
    code = """
    class Text(str):
        pass
    t["latin"] = "caf\\xe9"
    t["utf8"] = "caf\\xe9".encode()
    t["escaped"] = "\\udcff\\udc80"
    t[Text("sub")] = Text("class")
    t["again"] = t["latin"]
    t.add("dup", b"\\xff"); t.add("dup", b"\\xfe")
    t[b"\\xe9key"] = "x"
    result = (t["latin"], t["utf8"], t["escaped"], t["sub"], t["again"] == t["latin"], t["dup"], t.get("\\xe9KEY"),
        t.keys()[-1], len(t.values()), list(t.iteritems())[0], dict(t)["dup"])
    """
    assert table(code) == (
        "caf\udce9", "café", "\udcff\udc80", "class", True, ["\udcff", "\udcfe"], "x",
        "\udce9key", 8, ("latin", "caf\udce9"), ["\udcff", "\udcfe"],
    )  # fmt: skip


def test_raw_bytes_of_a_client(site):
    # spec: api:1.7, api:A-1
    code = urllib.parse.quote(
        "h = req.headers_in\nresult = (h['X-Raw'], h.get('x-raw'), ('X-Raw', h['X-Raw']) in h.items(), '\\\\xe9' in repr(h))"
    )
    raw = f"GET /run/x?{code} HTTP/1.0\r\nHost: localhost\r\nX-Raw: a\xe9b\xff\r\n\r\n".encode("latin-1")
    assert value(site, parse(site.raw(raw))) == ("a\udce9b\udcff", "a\udce9b\udcff", True, True)


def test_nul_is_refused(table):
    # spec: api:A-29, api:1.8
    code = """
    calls = [(t.__setitem__, "k", "a\\0b"), (t.add, "k\\0", "v"), (t.setdefault, "k", b"\\0"), (t.update, {"k": "\\0"}),
        (t.get, "\\0")]
    result = ([error(*call)[0] for call in calls], len(t))
    """
    assert table(code) == (["ValueError"] * 5, 0)


def test_line_ends_in_response_headers(site):
    # spec: api:A-30
    code = r"""
    result = []
    for t in (req.headers_out, req.err_headers_out):
        before = len(t)
        calls = [(t.__setitem__, "k", "a\r\nSet-Cookie: x"), (t.__setitem__, "k\n", "v"), (t.add, "k", "v\r"),
            (t.setdefault, "k", "\n"), (t.update, {"k": "\n"}), (t.update, apache.table({"k": "\n"})),
            (t.__setitem__, "k", "\0")]
        result.append(([error(*call)[0] for call in calls], len(t) == before))
    own = apache.table()
    own["k"] = "a\nb"
    result.append(own["k"])
    """
    assert run(site, code) == [(["ValueError"] * 7, True)] * 2 + ["a\nb"]


def test_delitem(table):
    # spec: api:5/delitem
    code = """
    t["a"] = "1"; t.add("B", "2"); t.add("b", "3"); t["c"] = "4"
    del t["b"]
    del t["missing"]
    result = t.items()
    """
    assert table(code) == [("a", "1"), ("c", "4")]


def test_contains(table):
    # spec: api:5/contains
    code = """
    t["a"] = ""
    result = ("A" in t, "b" in t, t.has_key("A"), t.has_key("b"), error(t.__contains__, 1)[0])
    """
    assert table(code) == (True, False, 1, 0, "TypeError")


def test_get(table):
    # spec: api:5/get
    code = """
    t.add("a", "1"); t.add("a", "2")
    marker = object()
    result = (t.get("A"), t.get("b"), t.get("b", 3), t.get("b", marker) is marker, error(t.get)[0])
    """
    assert table(code) == ("1", None, 3, True, "TypeError")


def test_setdefault(table):
    # spec: api:5/setdefault, api:A-9
    code = """
    t.add("a", "1"); t.add("a", "2")
    result = (t.setdefault("A", "x"), t.setdefault("new", "v"), t["new"], t.setdefault("empty"), t["empty"],
        error(t.setdefault, "a", 1)[0], error(t.setdefault, "b", None)[0], len(t))
    """
    assert table(code) == ("1", "v", "v", "", "", "TypeError", "TypeError", 4)


def test_add_len_bool(table):
    # spec: api:5/add, api:5/len, api:5/bool
    code = """
    empty = bool(t)
    result = (empty, t.add("a", "1"), t.add("a", "1"), len(t), bool(t), error(t.add, "a")[0], error(t.add, "a", "b", "c")[0])
    """
    assert table(code) == (False, None, None, 2, True, "TypeError", "TypeError")


def test_lists_and_iterators(table):
    # spec: api:5/keys, api:5/iter
    code = """
    t["b"] = "1"; t.add("A", "2"); t.add("a", "3")
    i = t.iterkeys()
    result = (t.keys(), t.values(), t.items(), list(t), list(t.iterkeys()), list(t.itervalues()), list(t.iteritems()),
        i.next(), next(i), iter(i) is i, type(i).__name__, list(i), error(i.next)[0], type(iter(t)) is type(i))
    """
    assert table(code) == (
        ["b", "A", "a"], ["1", "2", "3"], [("b", "1"), ("A", "2"), ("a", "3")],
        ["b", "A", "a"], ["b", "A", "a"], ["1", "2", "3"], [("b", "1"), ("A", "2"), ("a", "3")],
        "b", "A", True, "dictionary-iterator", ["a"], "StopIteration", True,
    )  # fmt: skip


def test_size_change_while_iterating(table):
    # spec: api:5/iter
    code = """
    t["a"] = "1"; t["b"] = "2"
    i = iter(t)
    next(i)
    t["a"] = "changed"
    same = next(i)
    i = iter(t)
    t["c"] = "3"
    first = error(next, i)
    del t["c"]
    result = (same, first, error(next, i)[0])
    """
    assert table(code) == ("b", ("RuntimeError", "table changed size during iteration"), "RuntimeError")


def test_as_dict(table):
    # spec: api:5/dict
    code = """
    t.add("A", "1"); t.add("a", "2"); t["b"] = "3"
    result = dict(t)
    """
    assert table(code) == {"A": ["1", "2"], "a": ["1", "2"], "b": "3"}


def test_update(table):
    # spec: api:5/update
    code = """
    class Bad:
        def keys(self):
            raise OSError("mine")
    t["Old"] = "1"
    r = t.update({"old": 2, 3: None})
    other = apache.table()
    other.add("d", "1"); other.add("d", "2")
    t.update(other)
    result = (r, t.items(), error(t.update, [("a", "b")])[0], error(t.update, None)[0], error(t.update, Bad()),
        error(lambda: t.update(a="b"))[0], error(t.update)[0])
    """
    assert table(code) == (
        None, [("Old", "2"), ("3", "None"), ("d", "2")], "AttributeError", "AttributeError", ("OSError", "mine"),
        "TypeError", "TypeError",
    )  # fmt: skip


def test_copy(table):
    # spec: api:5/copy
    code = """
    t["x"] = "y"; t.add("Dup", "1"); t.add("dup", "2")
    c = t.copy()
    c["x"] = "z"
    t["new"] = "n"
    result = (c.items(), t["x"], type(c) is apache.table)
    """
    assert table(code) == ([("x", "z"), ("Dup", "2")], "y", True)


def test_clear_and_popitem(table):
    # spec: api:5/clear, api:5/popitem, api:A-10
    code = """
    keys = [str(n) for n in range(12)]
    for k in keys:
        t[k] = k
    popped = [t.popitem() for _ in keys]
    t.add("D", "1"); t.add("x", "2"); t.add("d", "3")
    mixed = (t.popitem(), t.items(), t.popitem(), t.popitem(), len(t), error(t.popitem)[0])
    t["a"] = "b"
    result = (popped == [(k, k) for k in keys], mixed, t.clear(), t.items())
    """
    mixed = (("D", "1"), [("x", "2"), ("d", "3")], ("x", "2"), ("d", "3"), 0, "KeyError")
    assert table(code) == (True, mixed, None, [])


def test_pop_and_fromkeys(table):
    # spec: api:5/pop
    code = """
    t.add("a", "1"); t.add("A", "2"); t["b"] = "3"
    result = (t.pop("a"), t.items(), t.pop("B", None), t.pop("none", None), error(t.pop, "none")[0],
        apache.table.fromkeys(["x", "y"], "1").items(), apache.table.fromkeys("q").items())
    """
    assert table(code) == (["1", "2"], [("b", "3")], "3", None, "KeyError", [("x", "1"), ("y", "1")], [("q", "")])


def test_comparison(table):
    # spec: api:5/eq, api:A-11
    code = """
    import types
    t["a"] = "1"
    o = apache.table({"a": "1"})
    r = [t == {"a": "1"}, t != {"a": "1"}, t == {"A": "1"}, t == o, o != t, t == types.MappingProxyType({"a": "1"}),
        t == 1, t != 1, t == None, t == [("a", "1")], t == dict]
    t.add("a", "2")
    r += [t == {"a": ["1", "2"]}, t == o]
    result = (r, error(lambda: t < {})[0], error(lambda: t >= o)[0], "a" in t)
    """
    expected = [True, False, False, True, False, True, False, True, False, False, False, True, False]
    assert table(code) == (expected, "TypeError", "TypeError", True)


def test_hash(table):
    # spec: api:5/hash
    assert table("result = error(hash, t)") == ("TypeError", "mp_table objects are unhashable")


def test_repr(table):
    # spec: api:5/repr
    code = """
    empty = repr(t)
    t["b"] = "it's"; t["a"] = b"\\xe9\\n\\\\"; t.add("b", "\\"'")
    result = (empty, repr(t), str(t) == repr(t))
    """
    text = r"""{'b': "it's", 'a': '\xe9\n\\', 'b': '"\''}"""
    assert table(code) == ("{}", text, True)


def test_repeated_set_keeps_the_size(site):
    # spec: api:5/setitem
    # 20,000 values of 1 kB would be 20 MB if replaced ones were kept.
    code = """
    import resource
    t = apache.table()
    for warm in range(1000):
        t["k"] = "%d" % warm * 300
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for n in range(20000):
        t["k"] = ("%04d" % (n % 10000)) * 256
    result = (len(t), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    size, grown = run(site, code)
    assert size == 1
    assert grown < 8 * 1024


def test_kept_after_the_request(site):
    # spec: api:A-12, api:5/lifetime
    code = """
    req.notes["a"] = "b"
    kept["now"] = (req.notes, req.headers_in, req.connection.notes, iter(req.notes), req.get_options(), req.connection)
    result = len(kept["now"])
    """
    assert run_in_one_process(site, code, "result = len(kept.pop('now'))") == (6, 6)
    after = """
    notes, headers, conn_notes, i, options, conn = kept.pop("now")
    calls = [(len, notes), (notes.get, "a"), (notes.__setitem__, "a", "b"), (notes.keys,), (repr, headers),
        (next, i), (dict, headers), (conn_notes.clear,), (notes.popitem,), (notes.copy,), (notes.update, {"a": "b"}),
        (lambda: conn.notes,), (lambda: conn.id,), (lambda: notes == {},)]
    result = (sorted({error(*call)[0] for call in calls}), options.get("first"))
    """
    assert run_in_one_process(site, code, after) == (6, (["ExpiredError"], "one"))


def run_in_one_process(site, first, second):
    """Run two snippets in two requests of one connection, so in one child."""
    with site.connect() as connection:
        answers = [
            connection.request("GET", f"/run/x?{urllib.parse.quote(textwrap.dedent(code))}") for code in (first, second)
        ]
    return tuple(value(site, answer) for answer in answers)


def test_replaced_by_a_fast_redirect(site):
    # spec: api:5/replaced
    # mod_dir overlays the tables of the request for /early/ with those of its sub-request for the index.
    site.docs.joinpath("early/index.html").write_text("unused")
    assert value(site, site.get("/early/")) == ("/early/index.html", True, "of the request", "of the sub-request")


def test_response_headers_arrive(site):
    # spec: api:5/setitem, api:5/add
    code = """
    req.headers_out["X-One"] = "1"
    req.headers_out["x-one"] = "2"
    req.headers_out.add("X-Two", "a")
    req.headers_out.add("X-Two", "b")
    req.headers_out["X-Gone"] = "x"
    del req.headers_out["x-gone"]
    result = None
    """
    answer = site.get("/run/x?" + urllib.parse.quote(textwrap.dedent(code)))
    assert answer.header_all("X-One") == ["2"]
    assert answer.header_all("X-Two") == ["a", "b"]
    assert answer.header("X-Gone") is None


def test_request_config_and_options(site):
    # spec: api:6.2/get_config, api:6.2/get_options, directives:9.7.1, directives:9.7.2, directives:3.14
    code = """
    c, o = req.get_config(), req.get_options()
    result = (c["PythonDebug"], c["PythonAutoReload"], c.keys(), sorted(o.items()), req.get_config() is c,
        req.get_options() is o, type(c) is apache.table)
    """
    debug, reload, keys, options, *same = run(site, code)
    assert (debug, reload, same) == ("0", "1", [True] * 3)
    assert "PythonHandler" not in keys and "PythonOption" not in keys
    assert options == [("first", "one"), ("place", "server")]


def test_options_are_copies(site):
    # spec: api:A-15
    code = """
    o, s = req.get_options(), req.server.get_options()
    before = ("mine" in o, "mine" in s)
    o["mine"] = s["mine"] = "x"
    req.get_config()["PythonDebug"] = "1"
    result = (before, req.get_options()["mine"])
    """
    first, second = run_in_one_process(site, code, code)
    assert first == second == ((False, False), "x")


def test_options_follow_the_phase(site):
    # spec: api:6.2/get_options, directives:3.14
    assert value(site, site.get("/early/x")) == ("server", "directory", True, "yes")


def test_server_config_and_options(site):
    # spec: api:9/get_config, api:9/get_options, directives:9.7.2, directives:9.7.4, directives:3.14
    code = """
    s = req.server
    result = (s.get_config()["PythonAutoReload"], sorted(s.get_options().items()), "PythonPath" in s.get_config(),
        apache.main_server.get_options()["place"])
    """
    assert run(site, code) == ("1", [("Empty", ""), ("place", "server")], True, "server")
