"""DbmSession: every kind of database, where the file lies and who can get at it, cleanups. MemorySession: its limits."""

import stat
import time

import pytest
from harness import server
from harness.config import user
from harness.sessions import CONFIG, FILES, Browser, files, folder, make_store, typed

PLACES = {
    "byfile": ["dbm_session.database_filename @ROOT@/tmp/named/own.db", "dbm_session.database_directory @ROOT@/tmp/none"],
    "bydir": ["dbm_session.database_directory @ROOT@/tmp/named"],
    "shared": ["session.database_directory /tmp"],
    "few": ["memory_session.max_sessions 3"],
}  # fmt: skip
OLD = """
<Directory "@DOCS@/old">
    SetHandler mod_python
    PythonHandler sessions
    PythonOption session DbmSession
    PythonOption session_dbm @ROOT@/tmp/named/older.db
    PythonOption mod_python.dbm_session.database_directory /none
</Directory>
"""

site = server(
    CONFIG + OLD + "".join(folder(name, typed("memory" if name == "few" else "dbm"), *more) for name, more in PLACES.items()),
    {**FILES, **files(*PLACES, "old")}, processes=1, mpm="event",
)  # fmt: skip


@pytest.fixture(autouse=True)
def store(site):
    """The directory that the configuration names."""
    return make_store(site)


#: A session in a file of its own kind, as `s`.
OWN = """
    #
    import importlib
    from mod_python._session import identity
    def own(sid=0, **more):
        identity.give(req, "pysid", None)
        return S.DbmSession(req, PATH, sid, dbmtype=importlib.import_module(KIND), **more)
    s = own()
"""


def own(path, kind, code):
    return OWN.strip("\n").replace("PATH", repr(str(path))).replace("KIND", repr(kind)) + "\n" + code


def kinds(site):
    """Return the kinds of databases that the server's Python has."""
    code = """
        #
        import importlib
        result = []
        for name in ("dbm.dumb", "dbm.gnu", "dbm.ndbm", "dbm.sqlite3"):
            try: importlib.import_module(name)
            except ImportError: continue
            result.append(name)
    """
    return Browser(site, "dbm").run(code)


CLEAN = """
    from mod_python._session import format
    sids = ["%032x" % number for number in range(250)]
    with s._database.opened() as records:
        for number, sid in enumerate(sids):
            records[sid.encode()] = format.join(1, time.time() - 11, 10 if number % 2 else 20, "json", b"{}")
    from mod_python._session import dbm as module
    held = []
    real = module.Database.opened
    def opened(database):
        held.append(1)
        return real(database)
    module.Database.opened = opened
    try: counts = module._remove_expired(s._database)
    finally: module.Database.opened = real
    with s._database.opened() as records: left = set(records.keys())
    result = (counts, len(held), left == {sid.encode() for sid in sids[::2]})
"""


def test_every_kind(site, store):
    # spec: library:S-61, library:S-63, library:S-65, library:S-66, library:D-25
    found = kinds(site)
    assert "dbm.dumb" in found
    for kind in found:
        path = store / f"kind.{kind}"
        sid = Browser(site, "dbm").run(own(path, kind, "    s['a'] = (1,)\n    s.save()\n    result = s.id()"))
        code = f"    s = own({sid!r})\n    result = (s.is_new(), s['a'])\n    s.delete()\n    result += (own({sid!r}).is_new(),)"
        assert Browser(site, "dbm").run(own(path, kind, code)) == (False, (1,), True), kind
        # One look for the keys, and one for each hundred of them.
        assert Browser(site, "dbm").run(own(path, kind, CLEAN)) == ((125, 250), 4, True), kind
        # The generic module finds out which kind it is, and remembers it.
        code = "    s.save()\n    t = S.DbmSession(req, PATH)\n    t.save()\n    result = t._database.kind.__name__"
        assert Browser(site, "dbm").run(own(path, kind, code.replace("PATH", repr(str(path))))) == kind
        modes = {stat.S_IMODE(file.stat().st_mode) for file in store.glob(f"kind.{kind}*")}
        assert modes == {0o600}, kind


def test_where_the_file_is(site):
    # spec: library:S-60, library:O-6, library:O-7, library:S-62, library:D-22, directives:10/session_dbm
    # spec: directives:10/mod_python.dbm_session.database_filename
    # spec: directives:10/mod_python.dbm_session.database_directory
    named = make_store(site, "tmp/named")
    for name, file in (("byfile", "own.db"), ("bydir", "mp_sess.dbm"), ("old", "older.db")):
        browser = Browser(site, name)
        assert browser.run("s.save(); result = s._database.path") == str(named / file)
        assert browser.run() is False
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in named.iterdir())
    name, text = Browser(site, "shared").run("#\nresult = error(S.Session, req)")
    assert name == "PermissionError" and "others may write to it" in text
    (named / "link").symlink_to(named / "none")
    name, text = Browser(site, "dbm").run(f"#\nresult = error(S.DbmSession(req, {str(named / 'link')!r}).save)")
    assert name == "PermissionError" and "it is no file of this user" in text


def test_private_place_by_default(serve):
    # spec: library:S-60, library:S-4, library:D-22
    # Several children: DbmSession is what fits.
    site = serve.make(config=folder("plain"), files=files("plain"), processes=2)
    site.env["TMPDIR"] = str(site.root / "tmp")
    site.start()
    browser = Browser(site, "plain")
    path = browser.run("s.save(); result = s._database.path")
    folders = list((site.root / "tmp").glob("mod_python-*"))
    assert len(folders) == 1 and stat.S_IMODE(folders[0].stat().st_mode) == 0o700
    assert path == str(folders[0] / "mp_sess.dbm")
    assert browser.run("result = (s.is_new(), type(s).__name__)") == (False, "DbmSession")


def test_errors_are_raised_and_the_lock_goes_back(site):
    # spec: library:S-67, library:D-23, library:S-64
    code = """
        #
        class Broken:
            @staticmethod
            def open(*_): raise RuntimeError("no database today")
        s = S.DbmSession(req, dbmtype=Broken)
        result = [error(s.save) for _ in "ab"]
    """
    browser = Browser(site, "dbm")
    assert browser.run(code) == [("RuntimeError", "no database today")] * 2
    assert browser.run("s.save()") is None
    assert browser.run() is False


def test_damaged_records(site):
    # spec: library:Q-6, library:D-22
    browser = Browser(site, "dbm")
    browser.run("s.save()")
    put = "#\ns = S.Session(req, lock=0)\nwith s._database.opened() as records: records[b%r] = %r"
    for record, line in ((b"\x80\x02}.", "MPY0626"), (b"damaged", "MPY0620")):
        Browser(site, "dbm").run(put % (browser.cookie, record))
        site.log.expect(line, times=1)
        for _ in "ab" if line == "MPY0626" else "a":
            assert Browser(site, "dbm", browser.cookie).run() is True
        site.log.check()


def test_cleanup_at_the_end_of_a_request(site):
    # spec: library:S-31, library:S-65, library:S-66, library:D-25
    def clean(counts):
        Browser(site, "dbm").run("s.cleanup()")
        end = time.monotonic() + 10
        while not site.log.find(rf"python:info.*MPY0624: {counts} sessions of the database were removed"):
            assert time.monotonic() < end
            time.sleep(0.02)

    Browser(site, "dbm").run("#\ns = S.Session(req, lock=0)\nwith s._database.opened() as r:\n    for k in list(r.keys()): del r[k]")
    live, gone = Browser(site, "dbm"), Browser(site, "dbm")
    live.run("s.save()")
    gone.run("s._accessed -= 1801; s.save()")
    put = "#\ns = S.Session(req, lock=0)\nwith s._database.opened() as records: records[b'7' * 32] = b'damaged'"
    Browser(site, "dbm").run(put)
    clean("2 of 3")
    assert live.run() is False
    site.log.expect("MPY0622: expired sessions could not be removed: RuntimeError: gone", times=1)
    code = "#\nclass K:\n    def open(*_): raise RuntimeError('gone')\nS.DbmSession(req, dbmtype=K, lock=0).cleanup()"
    Browser(site, "dbm").run(code)
    end = time.monotonic() + 10
    while not site.log.find("MPY0622"):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_memory_is_bounded(site):
    # spec: library:S-90, library:S-92, library:D-29
    code = """
        #
        S.MemorySession.sdict.clear()
        S.MemorySession._last_look = 0.0
        S.MemorySession._next_complaint = 0.0
        from mod_python._session import identity
        def new():
            identity.give(req, "pysid", None)
            return S.Session(req, lock=0)
        made = [new() for _ in range(8)]
        for s in made[:3]: s.save()
        made[0].save()
        made[3].save()
        result = [[m.id() for m in made].index(sid) for sid in S.MemorySession.sdict]
    """
    site.log.expect("MPY0625: there are 3 sessions in memory: those that were saved longest ago are dropped", times=1)
    assert Browser(site, "few").run(code) == [2, 0, 3]
    for _ in range(5):
        Browser(site, "few").run("s.save()")
    assert Browser(site, "few").run("result = len(S.MemorySession.sdict)") == 3
    # Expired ones make room first, and go by themselves.
    code = """
        #
        store = S.MemorySession.sdict
        store.clear()
        from mod_python._session import identity
        def new():
            identity.give(req, "pysid", None)
            return S.Session(req, lock=0)
        made = [new() for _ in range(6)]
        made[1]._accessed -= 2000
        for s in made[:3]: s.save()
        S.MemorySession._last_look = 0.0
        made[3].save()
        result = [[m.id() for m in made].index(sid) for sid in store]
        store.clear()
        made[4]._accessed -= 2000
        made[4].save()
        S.MemorySession._last_look = time.time()
        made[5].save()
        result.append(len(store))
        S.MemorySession._last_look -= 61
        made[5].save()
        result.append(len(store))
    """
    assert Browser(site, "few").run(code) == [0, 2, 3, 2, 1]
    browser = Browser(site, "few")
    browser.run("s._accessed -= 2000; s.save(); s.cleanup()")
    end = time.monotonic() + 5
    while Browser(site, "few").run("#\nresult = %r in S.MemorySession.sdict" % browser.cookie):
        assert time.monotonic() < end
