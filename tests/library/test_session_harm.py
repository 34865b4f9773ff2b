"""Sessions on a full disk, in damaged databases, and after kill -9 in the middle of a save."""

import contextlib
import http.client
import os
import subprocess
import threading
import time

import pytest
from harness import server
from harness.sessions import CONFIG, FILES, Browser, files, folder, make_store, typed

DISK = "session.database_directory @ROOT@/tmp/disk"

site = server(
    CONFIG + folder("diskfile", typed("file"), DISK),
    {**FILES, **files("diskfile")}, processes=4, threads=4, mpm="event",
)  # fmt: skip

#: A session in a database of a kind and a place of its own, as `s`.
OWN = """#
import importlib
kind = importlib.import_module({kind!r})
def own(sid=0, **more):
    return S.DbmSession(req, {path!r}, sid, dbmtype=kind, **more)
"""

#: A disk without a free byte.
FILL = """
def filled(call):
    fd = os.open({disk!r} + "/filling", os.O_WRONLY | os.O_CREAT)
    try:
        try:
            while True: os.write(fd, bytes(512))
        except OSError: pass
        return error(call)
    finally:
        os.close(fd)
        os.unlink({disk!r} + "/filling")
"""

FULL = "[Errno 28] No space left on device: "


@pytest.fixture(autouse=True)
def store(site):
    """The directory that the configuration names; empty."""
    root = make_store(site)
    for path in [*root.rglob("*")]:
        if path.is_file():
            path.unlink()
    return root


@pytest.fixture
def disk(site):
    """A small file system."""
    path = make_store(site, "tmp/disk")
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", path], check=True)
    try:
        yield make_store(site, "tmp/disk")
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def kinds(site):
    """Return the kinds of databases that the server's Python has."""
    code = """
        #
        import importlib
        result = []
        for name in ("dbm.dumb", "dbm.gnu", "dbm.ndbm", "dbm.sqlite3"):
            with __import__("contextlib").suppress(ImportError):
                importlib.import_module(name)
                result.append(name)
    """
    found = Browser(site, "dbm").run(code)
    assert "dbm.dumb" in found
    return found


def test_full_disk_and_files(site, disk):
    # spec: library:S-74, library:D-24
    browser = Browser(site, "diskfile")
    browser.run("s['n'] = 'x' * 1000; s.save()")
    before = sorted(disk.rglob("*"))
    long = FILL.format(disk=str(disk)) + "s['n'] = 'y' * 100_000; result = filled(s.save)"
    assert browser.run(long) == ("OSError", FULL + repr(str(disk / "mp_sess")))
    assert sorted(disk.rglob("*")) == before
    assert browser.run("result = (s.is_new(), s['n'] == 'x' * 1000)") == (False, True)
    # A new one has no room either, and the client's answer says nothing of it.
    site.log.expect_traceback(r"OSError: \[Errno 28\] No space left on device: '[^']*/mp_sess'", times=1)
    (disk / "filling").write_bytes(bytes(os.statvfs(disk).f_bavail * 4096))
    Browser(site, "diskfile").run("s['n'] = 'z' * 5000; s.save()", status=500)
    assert browser.run("result = s['n'] == 'x' * 1000") is True
    (disk / "filling").unlink()
    assert browser.run("s['n'] = 'y' * 100_000; s.save()") is None
    assert browser.run("result = s['n'] == 'y' * 100_000") is True


def test_full_disk_and_databases(site, disk):
    # spec: library:S-67
    for kind in kinds(site):
        path = disk / kind
        head = OWN.format(kind=kind, path=str(path)) + FILL.format(disk=str(disk))
        sid = Browser(site, "dbm").run(head + "s = own(); s['n'] = 'x' * 1000; s.save(); result = s.id()")
        for size in (1000, 20_000):
            code = head + f"s = own({sid!r}); s['n'] = 'y' * {size}; result = filled(s.save)"
            assert Browser(site, "dbm").run(code) == ("OSError", FULL + repr(str(path))), kind
            code = head + f"s = own({sid!r}); result = (s.is_new(), s['n'] == 'x' * 1000)"
            assert Browser(site, "dbm").run(code) == (False, True), kind
        code = head + f"s = own({sid!r}); s['n'] = 'y'; s.save(); s.unlock(); result = own({sid!r})['n']"
        assert Browser(site, "dbm").run(code) == "y", kind


def test_lost_in_silence(site, store):
    # spec: library:S-67
    # Berkeley DB's close() says nothing of a write that failed.
    code = """#
class Forgetful(dict):
    def open(self, *_): return self
    def close(self): self.clear()
s = S.DbmSession(req, dbmtype=Forgetful()); result = error(s.save)
"""
    name, text = Browser(site, "dbm").run(code)
    assert name == "OSError" and "the database has not kept what was stored: '" in text


def harmed(paths, harm):
    for path in paths:
        content = path.read_bytes()
        path.write_bytes(harm(content))


def test_damaged_database(site, store):
    # spec: library:S-67, library:D-23
    harms = {
        "garbage": lambda content: bytes(range(7, 207)) * (len(content) // 200 + 1),
        "text": lambda content: b"this is no database\n" * 400,
        "half": lambda content: content[: len(content) // 2],
    }
    site.log.allow(r"^BDB\d+ ")
    for kind in kinds(site):
        for name, harm in harms.items():
            if (kind, name) == ("dbm.ndbm", "half"):
                # Berkeley DB takes it for one that has fewer records.
                continue
            path = store / f"{kind}-{name}"
            head = OWN.format(kind=kind, path=str(path))
            code = head + "s = own(); s['n'] = 'x' * 9000; s.save(); result = s.id()"
            sid = Browser(site, "dbm").run(code)
            harmed([store / f"{path.name}.dir"] if kind == "dbm.dumb" else list(store.glob(f"{path.name}*")), harm)
            site.log.expect(f"MPY0627: the database {path} is damaged, and has been renamed .*interpreter", times=1)
            code = head + f"s = own({sid!r}); s['n'] = 1; result = (s.is_new(), s.id() != {sid!r}); s.save(); sid = s.id(); del s\n"
            code += "s = own(sid); result += (s['n'],)"
            assert Browser(site, "dbm").run(code) == (True, True, 1), (kind, name)
            assert list(store.glob(f"{path.name}*.damaged")), kind
            site.log.check()
            site.log.allow(r"^BDB\d+ ")


def test_damaged_database_of_no_named_kind(site, store):
    # spec: library:S-61, library:S-67
    browser = Browser(site, "dbm")
    browser.run("s['n'] = 'x' * 9000; s.save()")
    harmed(store.glob("mp_sess.dbm*"), lambda content: b"this is no database\n" * 400)
    site.log.allow(r"^BDB\d+ ")
    site.log.expect("MPY0627: the database .*/mp_sess.dbm is damaged", times=1)
    sid = browser.cookie
    assert browser.run("s['n'] = 1; s.save(); result = s.is_new()") is True
    assert browser.cookie != sid
    assert browser.run("result = (s.is_new(), s['n'])") == (False, 1)


def test_torn_record(site, store):
    # spec: library:D-22, library:Q-6
    # A value that is part old, part new, and JSON all the same.
    browser = Browser(site, "dbm")
    browser.run("s['n'] = 'x' * 100; s.save()")
    code = "with s._database.opened() as r: r[s.id().encode()] = r[s.id().encode()].replace(b'x' * 50, b'y' * 50, 1)"
    browser.run(code)
    site.log.expect(r"MPY0620: the stored session \w{8}\.\.\. is not used: it is not as it was saved", times=1)
    assert browser.run() is True


def killed(browser, code, delay=None):
    """Run what ends with the death of its child: by itself, or `delay` seconds after it has told its pid."""
    told = browser.site.root / "tmp/pid"
    told.unlink(missing_ok=True)

    def run():
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            browser.run(code)

    thread = threading.Thread(target=run)
    thread.start()
    if delay is not None:
        end = time.monotonic() + 10
        while not (told.exists() and told.read_text().endswith("\n")):
            assert time.monotonic() < end
            time.sleep(0.005)
        time.sleep(delay)
        os.kill(int(told.read_text()), 9)
    thread.join()


KILLS = "AH00052|exit signal Killed|AH1039[23]: children are killed"


def test_killed_in_the_middle_of_a_file(site, store):
    # spec: library:D-24
    # The kernel kills a child that writes beyond this size.
    browser = Browser(site, "file")
    browser.run("s['n'] = 'x' * 1000; s.save()")
    site.log.allow(KILLS + "|exit signal File size limit exceeded")
    limit = "import ctypes, signal; ctypes.CDLL(None).signal(signal.SIGXFSZ, 0); "
    # A worker thread has all signals blocked.
    limit += "signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGXFSZ}); r = __import__('resource'); r.setrlimit(r.RLIMIT_CORE, (0, 0)); r.setrlimit(r.RLIMIT_FSIZE, (5000, 5000)); "
    killed(browser, limit + "s['n'] = 'y' * 20_000; s.save()")
    assert browser.run("result = (s.is_new(), s['n'] == 'x' * 1000)") == (False, True)
    # What it had written is no session, and lies there until a cleanup an hour later.
    left = [path for path in store.glob("mp_sess/*/*") if "." in path.name]
    assert [path.stat().st_size for path in left] == [5000]


#: Save one letter in a great number, and the next one, and so on.
SAVES = """
open({told!r}, "w").write(f"{{os.getpid()}}\\n")
for number in range(10**6):
    s['n'] = chr(97 + number % 26) * (30_000 + number % 7 * 1000)
    s.save()
"""


def whole(value):
    is_new, letters, length = value
    return is_new or (letters == 1 and 30_000 <= length <= 36_000 and length % 1000 == 0)


LOOK = "n = s.get('n', ''); result = (s.is_new(), len(set(n)), len(n))"


def test_killed_at_any_time_in_a_file(site):
    # spec: library:D-24, library:S-47
    site.log.allow(KILLS)
    browser = Browser(site, "file")
    browser.run("s['n'] = 'x' * 30_000; s.save()")
    saves = SAVES.format(told=str(site.root / "tmp/pid"))
    for delay in (0, 0.013, 0.037, 0.071):
        killed(browser, saves, delay)
        value = browser.run(LOOK)
        # A file is always there, the old one or the new one.
        assert not value[0] and whole(value), value


def test_killed_at_any_time_in_a_database(site, store):
    # spec: library:S-47, library:S-64, library:D-23
    # The lock of all databases comes back. What is read is an old record or a new one; where the kind of database
    # does not survive this, the session is new, and a line says why.
    sqlite = "dbm.sqlite3"
    site.log.allow(KILLS)
    site.log.allow(r"^BDB\d+ |MPY0620: .*it is not as it was saved|MPY0620: .*its first line has no end|MPY0627: ")
    for kind in kinds(site):
        head = OWN.format(kind=kind, path=str(store / kind))
        sid = Browser(site, "dbm").run(head + "s = own(); s['n'] = 'x' * 30_000; s.save(); result = s.id()")
        load = head + f"s = own({sid!r}); "
        saves = SAVES.format(told=str(site.root / "tmp/pid"))
        for delay in (0, 0.017, 0.053):
            killed(Browser(site, "dbm"), load + "\n" + saves, delay)
            # Once a child is there, the lock is.
            Browser(site, "dbm").run("#")
            begin = time.monotonic()
            value = Browser(site, "dbm").run(load + LOOK)
            assert time.monotonic() - begin < 5
            assert whole(value), (kind, value)
            assert kind != sqlite or not value[0], value
            if value[0]:
                sid = Browser(site, "dbm").run(head + "s = own(); s['n'] = 'x' * 30_000; s.save(); result = s.id()")
                load = head + f"s = own({sid!r}); "
