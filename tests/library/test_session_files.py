"""FileSession: who can get at the files, what is made of damaged ones, and how expired ones go."""

import os
import pickle
import re
import stat
import time

import pytest
from harness import server
from harness.config import user
from harness.sessions import CONFIG, FILES, Browser, Meanwhile, files, folder, make_store, typed
from harness.waiting import until

CLEANERS = {
    "quick": ["file_session.cleanup_grace_period 0", "file_session.cleanup_time_limit 0"],
    "byname": ["file_session.cleanup_grace_period 0", "file_session.verify_session_timeout off", "file_session.cleanup_time_limit 0"],
    "slow": ["file_session.cleanup_grace_period 0", "file_session.enable_fast_cleanup no", "file_session.cleanup_time_limit 0"],
    "hasty": ["file_session.cleanup_grace_period 0", "file_session.cleanup_time_limit 1"],
    "graceful": ["file_session.cleanup_grace_period 500", "file_session.cleanup_time_limit 0"],
    "wrong": ["file_session.cleanup_grace_period soon"],
    "pickled": ["session.format pickle"],
    "apart": ["file_session.database_directory @ROOT@/tmp/apart"],
}  # fmt: skip
OLD = """
<Directory "@DOCS@/old">
    SetHandler mod_python
    PythonHandler sessions
    PythonOption mod_python.session.database_directory
    PythonOption session FileSession
    PythonOption session_directory @ROOT@/tmp/elsewhere
    PythonOption session_cookie_name sid
    PythonOption ApplicationPath /old/path
    PythonOption session_fast_cleanup off
    PythonOption session_grace_period 7
    PythonOption session_cleanup_time_limit 9
</Directory>
"""

site = server(
    CONFIG + "".join(folder(name, typed("file"), *options) for name, options in CLEANERS.items()) + OLD,
    {**FILES, **files(*CLEANERS, "old")}, processes=1, mpm="event",
)  # fmt: skip


@pytest.fixture
def store(site):
    """An empty store: the directory `mp_sess` in the one that the configuration names."""
    root = make_store(site) / "mp_sess"
    for path in root.glob("*/*"):
        path.unlink()
    for name in ("fs_status.txt", ".mp_sess.lck"):
        (root / name).unlink(missing_ok=True)
    return root


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def own(path):
    """Give a path to the children's user."""
    if owner := user():
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def saved(site, folder="file", code="s['a'] = 1; s.save()"):
    """Return a browser with a saved session."""
    browser = Browser(site, folder)
    browser.run(code)
    return browser


def file_of(store, browser):
    return store / browser.cookie[:2] / browser.cookie


def test_private_place_by_default(serve):
    # spec: library:S-70, library:S-71, library:D-22, library:O-5
    site = serve.make(config=folder("plain", typed("file")), files=files("plain"))
    site.env["TMPDIR"] = str(site.root / "tmp")
    site.start()
    browser = saved(site, "plain")
    place = site.root / f"tmp/mod_python-{user().pw_uid if user() else os.getuid()}"
    root = place / "mp_sess"
    folders = sorted(path.name for path in root.iterdir())
    assert folders == [f"{number:02x}" for number in range(256)]
    assert {mode(path) for path in [place, root, *root.iterdir()]} == {0o700}
    assert mode(file_of(root, browser)) == 0o600
    assert browser.run("result = s['a']") == 1
    assert browser.run("result = S.tempdir") == str(site.root / "tmp")


@pytest.mark.smoke
def test_file(site, store):
    # spec: library:S-72, library:Q-6, library:S-73
    browser = saved(site, code="s['a'] = (1, b'x'); s._created = 5.5; s._accessed = 7.0; s.set_timeout(10**12); s.save()")
    text = file_of(store, browser).read_text()
    assert text == 'mod_python-session 1 json 5500000 7000000 1000000000000\n{"a":{"!tuple":[1,{"!bytes":"eA=="}]}}'
    os.utime(file_of(store, browser), (1, 1))
    assert browser.run("result = (s.is_new(), s.created(), s.previous_access(), s.timeout())") == (False, 5.5, 7.0, 10**12)
    assert time.time() - file_of(store, browser).stat().st_mtime < 60
    assert list(store.glob("*/*")) == [file_of(store, browser)]


def test_unsafe_places(serve):
    # spec: library:D-22
    config, names = "", ["link", "loose", "open", "parent"] + (["foreign"] if user() else [])
    for name in names:
        config += folder(name, typed("file"), f"session.database_directory @ROOT@/tmp/{name}")
    site = serve(config=config, files=files(*names), processes=1)
    for name in names:
        place = make_store(site, f"tmp/{name}")
        root = place / "mp_sess"
        if name == "link":
            make_store(site, "tmp/target")
            root.symlink_to(site.root / "tmp/target")
        else:
            root.mkdir()
            if name != "foreign":
                own(root)
            root.chmod(0o755 if name == "loose" else 0o777 if name == "open" else 0o700)
        if name == "parent":
            place.chmod(0o777)
    get = "#\nresult = error(S.Session, req)"
    reasons = {
        "link": "it is no directory, or a symbolic link to one", "open": "others may write to it",
        "parent": "anybody may rename what is in it", "foreign": "it belongs to another user",
    }  # fmt: skip
    for name in names:
        answer = Browser(site, name).run(get)
        if name == "loose":
            assert answer is None
            assert mode(site.root / "tmp/loose/mp_sess") == 0o700
        else:
            assert answer[0] == "PermissionError" and reasons[name] in answer[1], name
    (site.root / "tmp/open/mp_sess").chmod(0o700)
    assert Browser(site, "open").run(get) is None


DAMAGED = [
    (b"", "its first line has no end|does not begin"),
    (b"x" * 500, "it does not begin as a session does"),
    (b"mod_python-session 1 json 1 NOW 1800", "its first line has no end"),
    (b"mod_python-session 2 json 1 NOW 1800\n{}", "it does not begin"),
    (b"mod_python-session 1 xml 1 NOW 1800\n{}", "it does not begin"),
    (b"mod_python-session 1 json 1 NOW\n{}", "it does not begin"),
    (b"mod_python-session 1 json 1 never 1800\n{}", "it does not begin"),
    (b"mod_python-session 1 json 1 NOW 1800\n", "its data cannot be read"),
    (b'mod_python-session 1 json 1 NOW 1800\n{"a":1', "its data cannot be read"),
    (b"mod_python-session 1 json 1 NOW 1800\n{}{}", "something behind its data"),
    (b"mod_python-session 1 json 1 NOW 1800\n[]", "no dict but a 'list'"),
    (b'mod_python-session 1 json 1 NOW 1800\n{"a":"\xff"}', "its data cannot be read"),
    (b'mod_python-session 1 json 1 NOW 1800\n{"a":{"!other":1}}', "'!other' is unknown"),
    (b'mod_python-session 1 json 1 NOW 1800\n{"a":{"!set":[[]]}}', "its data cannot be read: TypeError"),
    (b"mod_python-session 1 json 1 NOW 1800\n" + b"[" * 100_000, "its data cannot be read: RecursionError"),
    (b"mod_python-session 1 json 1 NOW 1800\n" + b" " * 1_100_000, "more than the 1048576 bytes"),
]


def test_damaged_files(site, store):
    # spec: library:Q-6, library:D-22, library:D-24
    browser = saved(site)
    path, sid = file_of(store, browser), browser.cookie
    for content, reason in DAMAGED:
        path.write_bytes(content.replace(b"NOW", b"%d" % (time.time() * 10**6)))
        site.log.expect(rf"MPY0620: the stored session {sid[:8]}\.\.\. is not used: .*({reason}).*phase PythonHandler", times=1)
        other = Browser(site, "file", sid)
        assert other.run("result = (s.is_new(), dict(s))") == (True, {}), reason
        assert other.cookie != sid
        site.log.check()


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickles(site, store):
    # spec: library:D-22, library:Q-6, library:S-72
    browser = saved(site)
    path, sid, trap = file_of(store, browser), browser.cookie, site.root / "tmp/trapped"
    head = b"mod_python-session 1 pickle 1 %d 1800\n" % (time.time() * 10**6)
    path.write_bytes(head + pickle.dumps({"a": Trap(str(trap))}))
    site.log.expect("MPY0620: .*it is a pickle, and mod_python.session.format does not allow that", times=1)
    assert Browser(site, "file", sid).run() is True
    assert not trap.exists()
    # The option allows it, with all that it means.
    assert Browser(site, "pickled", sid).run() is False
    assert trap.exists()
    # Records of classic mod_python are refused with either, which is said once.
    site.log.expect(rf"MPY0626: {store} has sessions of classic mod_python, .* never read", times=1)
    for name in ("file", "pickled", "file"):
        path.write_bytes(pickle.dumps({"_data": {}, "_accessed": time.time(), "_created": 1.0, "_timeout": 1800}, 2))
        assert Browser(site, name, sid).run() is True
    # From one format to the other.
    browser = saved(site, "pickled", "s['a'] = [1]; s.save()")
    assert file_of(store, browser).read_bytes().startswith(b"mod_python-session 1 pickle ")
    browser = saved(site, "file", "s['a'] = [1]; s.save()")
    pickled = Browser(site, "pickled", browser.cookie)
    assert pickled.run("result = (s['a'], s.is_changed()); s['a'] = S.BaseSession; s.save()") == ([1], True)
    assert pickled.run("result = s['a'] is S.BaseSession and s.is_new() is False") is True


def test_links_and_other_things_in_place_of_a_file(site, store):
    # spec: library:D-22, library:S-73
    browser = saved(site)
    path, sid = file_of(store, browser), browser.cookie
    target = site.root / "tmp/target.session"
    path.rename(target)
    path.symlink_to(target)
    site.log.expect(rf"MPY0621: the file of the session {sid[:8]}\.\.\. cannot be (opened|read)", times=3)
    assert Browser(site, "file", sid).run() is True
    path.unlink()
    path.mkdir()
    assert Browser(site, "file", sid).run() is True
    path.rmdir()
    os.mkfifo(path)
    path.chmod(0)
    assert Browser(site, "file", sid).run() is (True if user() else False)
    path.unlink()


def test_save_and_delete_that_fail(site, store):
    # spec: library:S-74
    browser = saved(site)
    path = file_of(store, browser)
    path.parent.chmod(0o500)
    code = "s['a'] = 2; result = [error(s.save), error(s.delete)]"
    try:
        # Without the id, which would give whoever reads the log the session.
        assert browser.run(code) == [("PermissionError", f"[Errno 13] Permission denied: {str(store)!r}")] * 2
    finally:
        path.parent.chmod(0o700)
    assert browser.run("result = s['a']") == 1
    assert list(store.glob("*/*")) == [path]
    # A write that fails half-way.
    code = """
        import ctypes, resource, signal
        ctypes.CDLL(None).signal(signal.SIGXFSZ, 1)
        most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most[1]))
        s['a'] = 'x' * 5000
        try: result = error(s.save)
        finally: resource.setrlimit(resource.RLIMIT_FSIZE, most)
    """
    assert browser.run(code) == ("OSError", f"[Errno 27] File too large: {str(store)!r}")
    assert list(store.glob("*/*")) == [path]
    # The store was taken away, and comes back; a session that is gone can be deleted.
    for name in store.iterdir():
        for file in name.iterdir() if name.is_dir() else ():
            file.unlink()
        name.rmdir() if name.is_dir() else name.unlink()
    store.rmdir()
    assert browser.run("result = s.delete()") is None
    assert saved(site).run() is False
    assert mode(store) == 0o700


def clean(site, name, code="s.cleanup()", lines=1):
    """Run a cleanup and wait for its line."""
    before = len(site.log.find(r"MPY062[234]"))
    Browser(site, name).run("#\ns = S.Session(req, lock=0); " + code)
    until(lambda: len(site.log.find(r"MPY062[234]")) >= before + lines)
    return site.log.find(r"MPY062[234]")[-1]


def age(path, seconds):
    """Make a file look so old."""
    os.utime(path, (time.time() - seconds,) * 2)


EXPIRED = "s.set_timeout(10); s._accessed -= 60; s.save()"


def test_cleanup(site, store):
    # spec: library:S-31, library:S-81, library:S-82, library:S-85, library:D-25
    # spec: directives:10/mod_python.file_session.enable_fast_cleanup
    # spec: directives:10/mod_python.file_session.verify_session_timeout
    old, live = saved(site, code=EXPIRED), saved(site)
    long = saved(site, code="s.set_timeout(10**6); s._accessed -= 4000; s.save()")
    young = saved(site, code=EXPIRED)
    for browser, seconds in ((old, 4000), (live, 4000), (long, 4000), (young, 100)):
        age(file_of(store, browser), seconds)
    line = clean(site, "quick")
    # The young file is not even opened, though its session has expired.
    assert "python:notice" in line and "1 of 4 files" in line
    assert [file_of(store, browser).exists() for browser in (old, live, long, young)] == [False, True, True, True]
    assert "1 of 3 files" in clean(site, "slow")
    assert [file_of(store, browser).exists() for browser in (live, long, young)] == [True, True, False]
    age(file_of(store, live), 0)
    # By its date alone: what the option is for is told in the documentation.
    assert "1 of 2 files" in clean(site, "byname")
    assert [file_of(store, browser).exists() for browser in (live, long)] == [True, False]
    assert (store / "fs_status.txt").read_text() == "MPFS_4.0 0 0 0 0.000000\n"
    assert not (store / ".mp_sess.lck").exists()


def test_grace_and_arguments(site, store):
    # spec: library:S-76, library:S-77, library:S-78, library:O-9, library:O-10, library:O-11, library:O-12
    # spec: directives:10/mod_python.file_session.cleanup_grace_period
    browser = saved(site, code=EXPIRED)
    age(file_of(store, browser), 2000)
    assert "0 of 1 files" in clean(site, "graceful", "s.cleanup()")
    assert "0 of 1 files" in clean(site, "graceful", "S.FileSession(req, fast_cleanup=0, lock=0).cleanup()")
    # The timeout of the session that cleans is what dates are compared with.
    age(file_of(store, browser), 100)
    assert "0 of 1 files" in clean(site, "quick")
    assert "1 of 1 files" in clean(site, "quick", "S.FileSession(req, timeout=50, lock=0).cleanup()")
    browser = saved(site)
    age(file_of(store, browser), 2000)
    assert "0 of 1 files" in clean(site, "quick")
    assert "0 of 1 files" in clean(site, "quick", "S.FileSession(req, fast_cleanup=0, verify_cleanup=0, lock=0).cleanup()")
    assert "1 of 1 files" in clean(site, "quick", "S.FileSession(req, verify_cleanup=False, lock=0).cleanup()")
    name, text = Browser(site, "wrong").run("#\nresult = error(S.Session, req)")
    assert name == "ValueError" and "cleanup_grace_period: 'soon'" in text


def test_older_names_of_options(site):
    # spec: library:O-1, library:O-2, library:O-3, library:O-5, library:O-8, library:O-9, library:O-11, library:O-12
    # spec: directives:10/session, directives:10/session_cookie_name, directives:10/session_directory
    # spec: directives:10/session_cleanup_time_limit, directives:10/ApplicationPath
    make_store(site, "tmp/elsewhere")
    browser = Browser(site, "old")
    plan = browser.run("s.save(); p = s._plan(); result = (type(s).__name__, p.root, p.fast, p.verify, p.grace, p.limit)")
    assert plan == ("FileSession", str(site.root / "tmp/elsewhere/mp_sess"), False, True, 7, 9)
    assert re.match("sid=[0-9a-f]{32}; path=/old/path; ", browser.set[0])


def test_directories(site, store):
    # spec: library:S-70, library:O-8, directives:10/mod_python.file_session.database_directory
    # spec: directives:10/mod_python.session.database_directory
    place = make_store(site, "tmp/apart")
    browser = saved(site, "apart")
    assert file_of(place / "mp_sess", browser).exists() and not file_of(store, browser).exists()
    browser = saved(site)
    assert file_of(store, browser).exists() and not file_of(place / "mp_sess", browser).exists()


def test_other_files(site, store):
    # spec: library:D-25, library:Q-6
    browser = saved(site)
    folder = file_of(store, browser).parent
    for name, seconds in (("f" * 32, 5000), ("e" * 32, 100), (browser.cookie + ".0a1b2c3d", 5000), (browser.cookie + ".00000000", 5)):
        (folder / name).write_bytes(pickle.dumps({"_data": {}}, 2))
        own(folder / name)
        age(folder / name, seconds)
    assert "2 of 5 files" in clean(site, "quick")
    names = {path.name for path in folder.iterdir()}
    assert names == {browser.cookie, "e" * 32, browser.cookie + ".00000000"}


def test_session_in_use_is_not_removed(site, store):
    # spec: library:D-25, library:S-82
    browser, held = saved(site), site.root / "tmp/held"
    path = file_of(store, browser)
    later = "s._accessed = time.time(); s.set_timeout(1800); s.save()"
    request = Meanwhile(Browser(site, "file", browser.cookie), f"{EXPIRED}\nhold({str(held)!r})\n{later}")
    until(held.exists)
    age(path, 4000)
    assert "0 of 1 files" in clean(site, "quick")
    held.unlink()
    request.result()
    assert browser.run("result = s['a']") == 1
    # Saved again between the first look and the second one.
    browser = saved(site, code=EXPIRED)
    path = file_of(store, browser)
    age(path, 4000)
    code = f"""
        #
        from mod_python import _apache
        trylock = _apache._session_trylock
        def meanwhile(req, sid):
            with open({str(path)!r}, "w") as file:
                file.write("mod_python-session 1 json 1 %d 1800\\n{{}}" % (time.time() * 10**6))
            return trylock(req, sid)
        _apache._session_trylock = meanwhile
        def back(_): _apache._session_trylock = trylock
        req.register_cleanup(back)
        s = S.Session(req)
        s.cleanup()
    """
    before = len(site.log.find("MPY0624"))
    Browser(site, "quick").run(code)
    until(lambda: len(site.log.find("MPY0624")) > before)
    assert "0 of 2 files" in site.log.find("MPY0624")[-1]
    assert path.exists()


def test_one_cleanup_at_a_time(site, store):
    # spec: library:S-80, library:S-84
    saved(site)
    lock = store / ".mp_sess.lck"
    lock.touch()
    own(lock)
    assert re.search("python:info.*MPY0623: another process is removing", clean(site, "quick"))
    assert lock.exists()
    age(lock, 3700)
    site.log.expect("MPY0623: a lock file of a cleanup that has not ended was removed", times=1)
    assert "python:warn" in clean(site, "quick")
    assert not lock.exists()
    assert "MPY0624" in clean(site, "quick")
    # It goes away when something fails, too.
    broken = store / "00"
    for path in broken.iterdir():
        path.unlink()
    broken.rmdir()
    broken.write_text("no folder")
    site.log.expect("MPY0622: expired sessions could not be removed: .*Not a directory", times=1)
    clean(site, "quick")
    assert not lock.exists()
    broken.unlink()
    broken.mkdir(0o700)
    own(broken)


def test_goes_on_where_it_ended(site, store):
    # spec: library:S-81, library:S-83, library:S-84, directives:10/mod_python.file_session.cleanup_time_limit
    sessions = [saved(site, code=EXPIRED) for _ in range(3)]
    for browser in sessions:
        age(file_of(store, browser), 4000)
    status = store / "fs_status.txt"
    for text in ("MPFS_3.2 200 1 2 3.0", "MPFS_4.0 300 0 0 0.0", "\0", "MPFS_4.0 x"):
        status.write_text(text)
        own(status)
        assert "files of sessions were removed" in clean(site, "quick")
    for path in store.glob("*/*"):
        path.unlink()
    early, late = store / "10" / ("10" * 16), store / "f0" / ("f0" * 16)
    for path in (early, late):
        path.write_text("mod_python-session 1 json 1 1 10\n{}")
        own(path)
        age(path, 4000)
    status.write_text("MPFS_4.0 128 5 7 1.500000\n")
    own(status)
    line = clean(site, "quick")
    assert "6 of 8 files" in line and float(re.search(r"in ([\d.]+) s", line)[1]) >= 1.5
    assert early.exists() and not late.exists()
    # The time is over after some folders: no line, and the place to go on.
    code = """
        #
        from mod_python._session import cleanup
        real, at = cleanup.time, [0.0]
        class Clock:
            @staticmethod
            def time():
                at[0] += 0.01
                return real.time() + at[0]
        cleanup.time = Clock
        def back(_): cleanup.time = real
        req.register_cleanup(back)
        S.Session(req).cleanup()
    """
    Browser(site, "hasty").run(code)
    until(lambda: re.match(r"MPFS_4.0 [1-9]", status.read_text()))
    assert 50 < int(status.read_text().split()[1]) < 150
    assert not early.exists()
