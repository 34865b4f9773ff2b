"""Sessions of every kind: the id and its cookie, what a new and a known client get, times, ends, and what may be stored."""

import re
import time

import pytest
from harness import server
from harness.sessions import CONFIG, FILES, KINDS, Browser, files, folder, make_store, typed

MORE = (
    folder("options", typed("memory"), "session.application_path /path", "session.application_domain x.example")
    + folder(
        "bare", typed("memory"), "session.cookie_name sid2", "session.cookie_httponly off", "session.cookie_samesite off",
        "session.cookie_secure on",
    )
    + folder("wrong", typed("memory"), "session.cookie_samesite Sometimes")
    + folder("unknown", "session.session_type filesession")
    + folder("plain")
    + folder("small", typed("file"), "session.max_size 300")
    + folder("pickled", typed("file"), "session.format pickle")
    + folder("yaml", typed("file"), "session.format yaml")
)  # fmt: skip

site = server(
    CONFIG + MORE, {**FILES, **files("options", "bare", "wrong", "unknown", "plain", "small", "pickled", "yaml")},
    processes=1, mpm="event",
)  # fmt: skip


@pytest.fixture(autouse=True)
def store(site):
    """The directory that the configuration names."""
    return make_store(site)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


SID = re.compile(r"pysid=([0-9a-f]{32}); path=/(\w+)/; samesite=Lax; httponly")


@pytest.mark.smoke
def test_first_and_second_request(site, kind):
    # spec: library:S-100, library:S-101, library:S-15, library:S-20, library:S-21, library:S-22, library:S-23, library:S-53,
    # spec: library:S-55, library:S-56, library:Q-4, library:D-20, library:S-14, directives:10/mod_python.session.session_type
    browser = Browser(site, kind)
    before = time.time()
    code = "s['n'] = 1; s.save(); result = (s.is_new(), s.id(), s.timeout(), s.created(), s.last_accessed(), type(s).__name__)"
    new, sid, timeout, created, accessed, name = browser.run(code)
    assert (new, timeout, name) == (True, 1800, f"{kind.capitalize()}Session")
    assert before <= created <= accessed <= time.time()
    found = SID.fullmatch(browser.set[0])
    assert len(browser.set) == 1 and found[1] == sid and found[2] == kind
    assert browser.answer.header_all("Cache-Control") == ['no-cache="set-cookie"']
    again = browser.run("result = (s.is_new(), s.id(), dict(s), s.created(), s.last_accessed(), s.previous_access())")
    assert again[:4] == (False, sid, {"n": 1}, created)
    assert again[4] > accessed == again[5]
    assert browser.set == []


def test_unsaved_and_unknown(site, kind):
    # spec: library:S-102, library:S-103, library:S-104, library:S-41, library:S-13, library:Q-7, library:D-28, library:T-7
    browser = Browser(site, kind)
    first = browser.run("result = s.id()")
    assert browser.run("result = (s.is_new(), s.id() != %r)" % first) == (True, True)
    known = browser.run("s.save(); result = s.id()")
    bad = ["0" * 32, known.upper(), known + "0", known[:-1], "/path/traversal/attack/bad", "abcdef" * 64, f"{known}%0a", f"\"{known}\"", "é" * 32]
    for sid in bad:
        other = Browser(site, kind, sid)
        assert other.run("result = (s.is_new(), s.id())") != (False, known), sid
        assert len(other.set) == 1 and other.cookie not in bad
    assert Browser(site, kind, known).run() is False
    # spec: library:S-112
    # Of two cookies of the name the last one counts.
    assert Browser(site, kind).run(headers=[("Cookie", f"pysid={known}; pysid={'1' * 32}")]) is True
    assert Browser(site, kind).run(headers=[("Cookie", f"pysid={'1' * 32}; pysid={known}")]) is False


def test_explicit_id(site, kind):
    # spec: library:S-106, library:S-107
    known = Browser(site, kind).run("s['a'] = 1; s.save(); result = s.id()")
    browser = Browser(site, kind)
    assert browser.run(f"# other\ns = S.Session(req, {known!r}); result = (s.is_new(), s.id(), s['a'])") == (False, known, 1)
    assert browser.set == []
    for wrong in ("zz", known.upper(), known + "\n", known.encode(), 7):
        name, text = browser.run(f"#\nresult = error(S.Session, req, {wrong!r})")
        assert name == "ValueError" and text.startswith("Invalid Session ID: sid=")
    assert browser.run(f"#\ns = S.Session(req, sid={'2' * 32!r}); result = s.is_new() and s.id() != {'2' * 32!r}") is True
    assert len(browser.set) == 1


def test_expiry(site, kind):
    # spec: library:S-105, library:S-24, library:S-16
    browser = Browser(site, kind)
    first = browser.run("s['old'] = 1; s.set_timeout(50_000); s._accessed -= 50_001; s.save(); result = s.id()")
    assert browser.run("result = (s.is_new(), s.get('old'), s.id() != %r, s.timeout())" % first) == (True, None, True, 1800)
    browser.run("s['old'] = 1; s.set_timeout(50_000); s._accessed -= 49_900; s.save()")
    assert browser.run("result = (s.is_new(), s['old'], s.timeout())") == (False, 1, 50_000)
    # A timeout that is asked for counts for new sessions only.
    assert browser.run("#\ns = S.Session(req, timeout=7); result = (s.is_new(), s.timeout())") == (False, 50_000)
    assert Browser(site, kind).run("#\ns = S.Session(req, timeout=7); result = s.timeout()") == 7
    code = "result = [error(s.set_timeout, 'x')[0], error(s.set_timeout, float('nan'))[0]]"
    assert browser.run(code) == ["TypeError", "ValueError"]


def test_ends(site, kind):
    # spec: library:S-25, library:S-26, library:S-27, library:S-108
    browser = Browser(site, kind)
    browser.run("s['a'] = 1; s.save()")
    sid = browser.cookie
    assert browser.run("s.delete(); result = dict(s)") == {}
    assert Browser(site, kind, sid).run() is True
    browser = Browser(site, kind)
    browser.run("s['a'] = 1; s.save()")
    sid = browser.cookie
    assert browser.run("s.delete(); s['b'] = 2; s.save()") is None
    assert browser.run("result = (s.is_new(), dict(s))") == (False, {"b": 2})
    code = "s.invalidate(); s['c'] = 3; s.save(); result = (dict(s), s.do_load(), s.save_due(), error(s.regenerate)[0])"
    assert browser.run(code) == ({"c": 3}, None, False, "ValueError")
    assert browser.set[0].startswith(f"pysid={sid}; path=/{kind}/; expires=Thu, 01-Jan-1970 00:00:00 GMT; ")
    assert Browser(site, kind, sid).run() is True


def test_regenerate(site, kind):
    # spec: library:D-20
    browser = Browser(site, kind)
    old = browser.run("s['a'] = 1; s.save(); result = s.id()")
    new = browser.run("created = s.created(); s.regenerate(); result = s.id() if s.created() == created else None")
    assert new != old and browser.cookie == new and len(browser.set) == 1
    assert browser.run("result = (s.is_new(), s.id(), dict(s))") == (False, new, {"a": 1})
    assert Browser(site, kind, old).run() is True
    # The rest of the request uses the new id.
    code = "#\ns = S.Session(req); s.regenerate(); t = S.Session(req); result = (s.id() == t.id(), t.is_new())"
    assert browser.run(code) == (True, False)


def test_secret(site, kind):
    # spec: library:S-10, library:S-11, library:S-110, library:D-18
    browser = Browser(site, kind)
    signed = "#\ns = S.Session(req, secret='key'); result = s.is_new(); s.save()"
    assert browser.run(signed) is True
    cookie = browser.cookie
    sid = cookie[-32:]
    assert len(cookie) > 64 and re.fullmatch("[0-9a-f]{32}", sid)
    assert browser.run(signed) is False
    for forged in (sid, ("0" if cookie[0] != "0" else "1") + cookie[1:], cookie[:-1] + "x", "x" + cookie):
        assert Browser(site, kind, forged).run(signed) is True, forged
    assert Browser(site, kind, cookie).run(signed.replace("key", "other")) is True


def test_twice_in_one_request(site, kind):
    # spec: library:S-44, library:S-47, library:D-26
    browser = Browser(site, kind)
    code = "t = S.Session(req); result = (s.id() == t.id(), t.is_new()); s.lock(); t.lock(); s.unlock(); s.save()"
    assert browser.run(code) == (True, True)
    assert len(browser.set) == 1
    assert browser.run(code) == (True, False)
    # Sessions with every lock there is, in any order.
    code = """
        mine = [S.Session(req, sid) for sid in SIDS]
        result = [a.is_new() for a in mine] == [False] * len(mine)
    """
    sids = [Browser(site, kind).run("s.save(); result = s.id()") for _ in range(12)]
    assert browser.run(code.replace("SIDS", repr(sids))) is True
    assert browser.run(code.replace("SIDS", repr(sids[::-1]))) is True


def test_error_page(site, kind):
    # spec: library:T-15, library:T-6
    # The page of an internal redirect has a session too, the same, and the client is told of it.
    browser = Browser(site, kind)
    code = "s['a'] = 1; s.save(); req.internal_redirect('/%s/y?result=(dict(s),s.id(),s.is_new())')" % kind
    answer = browser.site.get(f"/{kind}/x?" + code.replace(" ", "%20"))
    assert answer.status == 200
    sid = SID.fullmatch(answer.header("Set-Cookie"))[1]
    assert answer.text.startswith(f"({{'a': 1}}, '{sid}', False)")
    # What httpd answers itself has the cookie as well.
    answer = site.get(f"/{kind}/x?raise%20apache.SERVER_RETURN(404)")
    assert answer.status == 404 and SID.fullmatch(answer.header("Set-Cookie"))


def test_cookie_options(site):
    # spec: library:S-50, library:S-51, library:S-52, library:S-56, library:S-111, library:T-6, library:Q-4, library:S-28
    # spec: library:O-2, library:O-3, library:O-4, directives:10/mod_python.session.cookie_name
    # spec: directives:10/mod_python.session.application_domain, directives:10/mod_python.session.application_path
    browser = Browser(site, "options")
    made = browser.run("result = str(s.make_cookie())")
    assert browser.set == [made]
    assert browser.set[0].endswith("; path=/path; domain=x.example; samesite=Lax; httponly")
    browser = Browser(site, "bare")
    browser.run()
    assert re.fullmatch("sid2=[0-9a-f]{32}; path=/bare/; secure", browser.set[0])
    name, text = Browser(site, "wrong").run("#\nresult = error(S.Session, req)")
    assert name == "ValueError" and "mod_python.session.cookie_samesite: 'Sometimes'" in text


def test_types(site):
    # spec: library:S-1, library:S-2, library:S-3, library:S-4, library:S-5
    name, text = Browser(site, "unknown").run("#\nresult = error(S.Session, req)")
    assert name == "Exception" and "Unknown session type 'filesession'" in text
    assert Browser(site, "plain").run("result = type(s).__name__") == "MemorySession"
    code = """
        #
        names = "COOKIE_NAME DFT_TIMEOUT DFT_LOCK CLEANUP_CHANCE DFT_FAST_CLEANUP DFT_VERIFY_CLEANUP DFT_GRACE_PERIOD"
        result = [getattr(S, name) for name in (names + " DFT_CLEANUP_TIME_LIMIT tempdir").split()]
    """
    *numbers, tempdir = Browser(site, "plain").run(code)
    assert numbers == ["pysid", 1800, True, 1000, True, True, 240, 2]
    assert tempdir == Browser(site, "plain").run("import tempfile; result = tempfile.gettempdir()")
    code = "#\nresult = [S.true_or_false(x) for x in ('yes', 'TRUE', '1', 1, True, 'On', 'no', 'False', '0', 0, False, None, 'OFF')]"
    assert Browser(site, "plain").run(code) == [True] * 6 + [False] * 7
    assert Browser(site, "plain").run("#\nresult = [error(S.true_or_false, x)[0] for x in ('', 'x', 2)]") == ["Exception"] * 3
    assert Browser(site, "yaml").run("#\nresult = error(S.Session, req)[0]") == "ValueError"


VALUES = """
    import datetime, decimal
    values = {
        "str": "é\\ud800\\udc00\\0", "bytes": b"\\0\\xff", "int": -2**80, "float": [0.1, float("inf"), -0.0], "bool": [True, None],
        "list": [1, [2, []]], "tuple": (1, (2,), ()), "dict": {1: "a", (1, 2): {"x": {}}, None: 0}, "!dict": {"!x": 1}, "set": {1, "b"},
        "frozenset": frozenset([frozenset([1])]), "datetime": datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.timezone.utc),
        "date": datetime.date(2024, 2, 29), "time": datetime.time(1, 2), "timedelta": datetime.timedelta(-1, 5, 7),
        "decimal": decimal.Decimal("1.10"), 7: "number", ("a", 1): "tuple",
    }
"""


@pytest.mark.parametrize("folder", ["file", "dbm", "memory", "pickled"])
def test_values(site, folder):
    # spec: library:Q-6, library:D-22, library:S-72
    browser = Browser(site, folder)
    browser.run(VALUES + "\n    s.update(values); s.save()")
    types = "[[type(x) for x in (v if isinstance(v, (list, tuple)) else [v])] for v in {}.values()]"
    code = VALUES + f"\n    result = (dict(s) == values, {types.format('s')} == {types.format('values')}, s.is_changed())"
    assert browser.run(code)[:2] == (True, True)
    if folder != "pickled":
        assert browser.run(code)[2] is False


def test_values_that_cannot_be_stored(site):
    # spec: library:Q-6, library:S-74
    browser = Browser(site, "file")
    browser.run("s['kept'] = 1; s.save()")
    code = """
        import collections
        class Own: pass
        class Text(str): pass
        loop = []
        loop.append(loop)
        result = []
        for value in (Own(), {"deep": [Own]}, req, collections.OrderedDict(), loop, 10**5000, bytearray(b""), {Own()}):
            s["key"] = value
            result.append(error(s.save))
        s.clear()
        s[Own()] = 1
        result.append(error(s.save))
    """
    found = browser.run(code)
    assert [name for name, _ in found] == ["TypeError"] * 9
    assert all(text.startswith("session ['key']: ") for _, text in found[:8]), found
    assert "Own cannot be stored" in found[0][1] and found[8][1].startswith("session the key <")
    assert browser.run("result = dict(s)") == {"kept": 1}
    # What is derived from plain types is stored as those.
    browser.run("import enum\nclass Text(str): pass\nclass N(enum.IntEnum):\n    A = 3\ns['t'] = Text('x'); s['n'] = N.A; s.save()")
    assert browser.run("result = [type(s['t']) is str, s['t'], type(s['n']) is int, s['n']]") == [True, "x", True, 3]
    name, text = Browser(site, "small").run("s['x'] = 'y' * 300; result = error(s.save)")
    assert name == "TooLargeError" and "mod_python.session.max_size allows 300" in text


def test_save_due(site, kind):
    # spec: library:D-49
    browser = Browser(site, kind)
    assert browser.run("result = [s.save_due()]; s['a'] = [1]; s.save()") == [True]
    code = "s['a'][0] += 0; result = [s.save_due(), s.is_changed()]; s['b'] = 1; result += [s.save_due(), s.is_changed()]"
    assert browser.run(code) == [False, False, True, True]
    # Each tenth of the timeout it has to be saved, so that it does not end too early.
    assert browser.run("s._accessed -= 100; s.save(); result = s.save_due()") is False
    assert browser.run("result = s.save_due(); s._accessed -= 190; s.save()") is False
    assert browser.run("result = [s.save_due(), s.is_changed()]; s.save()") == [True, False]
    if kind != "memory":
        assert browser.run("s['a'].append(2); result = s.save_due()") is True


def test_classes_of_users(site):
    # spec: library:S-30, library:S-31, library:S-17
    code = """
        #
        calls = []
        class Mine(S.BaseSession):
            records = {}
            def init_lock(self): calls.append("init_lock")
            def do_load(self): calls.append("load"); return self.records.get(self.id())
            def do_save(self, dict): self.records[self._sid] = dict
            def do_delete(self): self.records.pop(self._sid, None)
            def do_cleanup(self): calls.append("cleanup")
        a = Mine(req)
        a["x"] = 1
        a.save()
        record = dict(Mine.records[a.id()])
        Mine.cleanup_chance = 1
        b = Mine(req, sid=a.id(), timeout=5, lock=0)
        due = (b.is_new(), b.is_changed(), b.save_due())
        b.invalidate()
        result = (calls, sorted(record), record["_data"], record["_timeout"], dict(b), due, Mine.records)
    """
    expected = (
        ["init_lock", "init_lock", "load", "cleanup"], ["_accessed", "_created", "_data", "_timeout"], {"x": 1}, 1800, {},
        (False, True, True), {},
    )  # fmt: skip
    assert Browser(site, "plain").run(code) == expected
    code = "#\nclass Mine(S.BaseSession): pass\nresult = [error(Mine, req, '1' * 32)[0], error(Mine(req).save)[0]]"
    assert Browser(site, "plain").run(code) == ["NotImplementedError"] * 2


def test_chance_of_a_cleanup(site):
    # spec: library:S-17
    code = """
        #
        class Mine(S.MemorySession):
            count = 0
            cleanup_chance = 4
            def do_cleanup(self): Mine.count += 1
        for _ in range(2000): Mine(req, lock=0)
        result = Mine.count
    """
    assert 350 < Browser(site, "plain").run(code) < 650


def test_ids_are_random(site):
    # spec: library:S-40, library:S-42, library:D-21
    ids = Browser(site, "plain").run("#\nfrom mod_python._session.identity import new_sid; result = [new_sid() for _ in range(2000)]")
    assert len(set(ids)) == 2000 and all(re.fullmatch("[0-9a-f]{32}", sid) for sid in ids)
    # Each of the 128 bits is set in about a half of them.
    counts = [sum(int(sid, 16) >> bit & 1 for sid in ids) for bit in range(128)]
    assert min(counts) > 850 and max(counts) < 1150


def test_native_and_python_write_the_same(site):
    # spec: library:S-72, library:Q-6
    # What the native function leaves to Python is counted; all else is what Python writes.
    code = """
        import math
        from mod_python import _apache
        from mod_python._session import format
        deep, flat = [], {}
        for _ in range(19):
            deep, flat = [deep], {"k": flat}
        plain = [
            {}, {"": ""}, {"a": None, "b": True, "c": False}, {"n": [0, -1, 2**63 - 1, -(2**63)], "f": [0.1, -0.0, 1e300, 5e-324]},
            {"q": "".join(map(chr, range(0x180))) + chr(0x20ac) + chr(0x1f600)}, {chr(34) + chr(92) + chr(10): {"x": []}},
            {"d": deep}, flat, {"!a": 1, "b": {"c": {}, "!d": 2}},
        ]
        class Text(str): pass
        odd = [
            {"!a": 1}, {"a": {"!b": 1}}, {1: 2}, {"n": 2**63}, {"f": math.inf}, {"f": math.nan}, {"s": chr(0xdce9)}, {chr(0xd800): 1},
            {"t": (1,)}, {"b": b"x"}, {"s": {1}}, {Text("k"): 1}, {"v": Text("v")}, {"d": [deep]}, {"k": {"k": flat}},
        ]
        times = {"_created": 1795280400.123456, "_accessed": 0.0000015, "_timeout": 1800}
        store = lambda data, limit=10**6, **other: _apache._session_store(s._place, s._sid, {"_data": data, **times, **other}, limit)
        written = lambda: _apache._session_read(s._path(), 10**6)
        s.save()
        result = []
        for data in plain:
            data = format.write_data(data, "json"), store(data)
            raw = format.join(*times.values(), "json", data[0])
            result.append(data[0] == data[1] and written() == raw and _apache._session_load(s._place, s._sid, len(raw)) == format.parts(raw))
        result = [result == [True] * len(plain)]
        before = written()
        result += [store(data) for data in odd]
        result += [store({}, _timeout=1.5), store({}, _timeout=-1), store({}, _timeout=True), store({}, _created=1), store({}, _accessed=-1.0)]
        result += [store({}, _accessed=math.nan), store({}, _accessed=1e10), store({}, 10), written() == before]
        result += [_apache._session_load(s._place, s._sid, len(before) - 1), _apache._session_load(s._place, "0" * 32, 99)]
        result += [_apache._session_load(s._place, "", 99), format.parts(before)[:4] == ("json", 1795280400.123456, 0.000002, 1800)]
    """
    assert Browser(site, "file").run(code) == [True, *[None] * 23, True, *[None] * 3, True]
