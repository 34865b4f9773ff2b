"""Handlers that do what none should, children that are killed, disks and memory that are full: what httpd and the next requests see.

docs/reliability.md has the table.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest
from harness.config import user
from harness.httpd import Httpd
from reliability.findings import content, head, send, status
from reliability.hostile_site import open_uploads
from reliability.server import PAGES, wait_until

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow]

_CONFIG = """
<IfModule !mpm_prefork_module>
    # A child that ends is replaced at once, not only when others are short of threads.
    MinSpareThreads 6
    MaxSpareThreads 40
</IfModule>
PythonPath "sys.path + ['@DOCS@']"
PythonOption mod_python.form.upload_directory @ROOT@/uploads
PythonOption mod_python.session.database_directory @ROOT@/sessions
<Location "/">
    SetHandler mod_python
    PythonHandler faulty
</Location>
<Location "/limited">
    PythonRequestTimeout 500ms
</Location>
<Location "/other">
    PythonInterpreter other
</Location>
"""


@pytest.fixture(scope="module", params=["event", "worker", "prefork"])
def site(tree, request):
    server = Httpd(
        tree, request.param, _CONFIG, {"htdocs/faulty.py": (PAGES / "faulty.py").read_text()}, processes=2, threads=4, log_level="warn"
    )
    for name in ("uploads", "sessions"):
        folder = server.root / name
        folder.mkdir()
        folder.chmod(0o700)
        if owner := user():
            shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    with server:
        yield server


def ask(site, what, place="/x", body=None):
    """Ask for one of the functions; returns (status or None for a cut connection, text)."""
    request = head(b"GET", f"{place}?{what}".encode())
    if body is not None:
        request = head(b"POST", f"{place}?{what}".encode(), b"Content-Length: %d" % len(body)) + body
    data = send(site, request)
    found = status(data)
    return (None if found == "closed" else found), content(data).decode("utf-8", "replace")


def serves(site):
    """Ask until each of two children has answered, never wrongly; returns their ids."""
    seen = set()
    end = time.monotonic() + 30
    while len(seen) < 2 and time.monotonic() < end:
        found, text = ask(site, "ok")
        assert found == 200, (found, text)
        seen.add(int(text))
    return seen


def in_every_child(site, what, **options):
    """Ask until each child has run the function, which answers with something that is told apart by its child."""
    seen = set()
    end = time.monotonic() + 30
    while len(seen) < 2 and time.monotonic() < end:
        found, text = ask(site, what, **options)
        assert found == 200, (found, text)
        seen.add(int(text))
    assert len(seen) == 2


def restarted(site):
    """Give the next test children that nobody has harmed, and no others: a former one is listed until httpd has reaped it."""
    former = set(site.children())
    site.graceful()
    assert wait_until(lambda: former.isdisjoint(site.children()), 20), (former, site.children())


def dies(site, what, log=None):
    """Ask for the end of a child: the connection is cut, the other children serve on, and a new one comes."""
    before = set(site.children())
    if log:
        site.log.expect(log)
    assert ask(site, what)[0] is None
    assert wait_until(lambda: len(set(site.children()) - before) == 1 and len(site.children()) >= 2, 20), (before, site.children())
    serves(site)


def test_exit_of_the_process(site):
    dies(site, "exits:0")
    dies(site, "exits:3")


def test_crash(site):
    site.log.allow("seg fault or similar nasty error|AH00051|AH00052")
    dies(site, "crashes", r"exit signal Segmentation fault \(11\)")


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_exceptions_that_end_programs(site, name):
    # spec: api:6.4.1
    before = site.children()
    site.log.expect_traceback(rf"PythonHandler faulty: {name}(: 3)?$", times=1)
    assert ask(site, f"raises:{name}")[0] == 500
    serves(site)
    assert site.children() == before


def test_endless_loop(site):
    # spec: api:6.4.1
    serves(site)
    before = site.children()
    site.log.expect("MPY0430")
    site.log.allow("MPY0431")
    site.log.expect_traceback("PythonHandler faulty: .*RequestTimeout")
    assert ask(site, "loops", place="/limited")[0] == 504
    serves(site)
    assert site.children() == before


@pytest.mark.parametrize("what", ["recurses", "deep:repr", "deep:dumps", "deep:loads", "deep:equal", "deep:compile", "deep:free"])
def test_recursion(site, what):
    before = site.children()
    if what == "deep:free":
        assert ask(site, what) == (200, "freed")
    else:
        site.log.expect_traceback(r"PythonHandler faulty: (RecursionError|SyntaxError|MemoryError)", times=1)
        # From Python 3.14 on, a note for each level of the data.
        site.log.allow(r"PythonHandler faulty: (when serializing list item 0|  \[\d+ more parts are left out\])")
        assert ask(site, what)[0] == 500
    serves(site)
    assert site.children() == before


def test_impossible_amount(site):
    site.log.expect_traceback("PythonHandler faulty: (MemoryError|OverflowError)", times=1)
    assert ask(site, "asks_too_much")[0] == 500
    serves(site)


@pytest.mark.parametrize("what", ["exhausts", "exhausts:cycle", "reads_too_much"])
def test_memory(site, what):
    serves(site)
    before = site.children()
    site.log.expect("MPY0401.*uncaught MemoryError")
    site.log.allow("PythonHandler faulty: ")
    body = bytes(150_000_000) if what == "reads_too_much" else None
    assert ask(site, what, body=body)[0] == 500
    serves(site)
    assert site.children() == before
    in_every_child(site, "unlimited")


def test_working_directory(site):
    assert ask(site, "changes_directory")[1].startswith("/proc")
    serves(site)
    # It belongs to the process: others see it, too.
    assert wait_until(lambda: ask(site, "where")[1].startswith("/proc"), 20)
    restarted(site)
    assert ask(site, "where") == (200, "/")


def test_standard_error_closed(site):
    """The next connection of that child gets its number, and httpd's error log with it: only a restart helps."""
    assert ask(site, "closes_stderr")[0] == 200
    restarted(site)
    serves(site)
    for number in range(4):
        site.log.expect(f"printed {number}$", times=1)
        site.log.expect(f"logged {number}$", times=1)
        assert ask(site, f"writes_stderr:{number}")[0] == 200


def looked_after(site):
    """Wait until httpd's parent, which sleeps a second between two looks at its children, has looked at these."""

    def sleeps():
        with open(f"/proc/{site.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    first = sleeps()
    assert wait_until(lambda: sleeps() >= first + 2, 20)


def test_listener_closed(site):
    site.log.allow(r"\[(core|mpm_\w+):\w+\]")
    serves(site)
    # Before that worker and event take such a child for one that could not start, and end: AH02325.
    looked_after(site)
    assert ask(site, "closes_listener") == (200, "1")
    # The other child takes all that comes.
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert ask(site, "ok")[0] == 200
    restarted(site)
    serves(site)


@pytest.mark.parametrize("place", ["/x", "/other"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGINT", "SIGCHLD"])
def test_signals(site, name, place):
    # spec: interpreters:10.2
    found, text = ask(site, f"sets_signal:{name}", place=place)
    assert found == 200 and text.startswith("ValueError "), text


def test_exit_of_a_thread(site):
    before = site.children()
    assert ask(site, "exits_thread") == (200, "joined")
    serves(site)
    assert site.children() == before


def test_locale(site):
    for wanted in ("C", "C.UTF-8"):
        assert ask(site, f"sets_locale:{wanted}")[0] == 200
        serves(site)
        assert ask(site, "session")[0] == 200
    restarted(site)


@pytest.mark.parametrize("mask", ["0", "77"])
def test_umask(site, mask):
    assert ask(site, f"sets_umask:{mask}")[0] == 200
    names = {ask(site, "session")[1] for _ in range(6)}
    files = [path for path in (site.root / "sessions").rglob("*") if path.name in names]
    assert len(files) == 6
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    restarted(site)


def _upload(size):
    return (
        b'--edge\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + bytes(size) + b"\r\n--edge--\r\n",
        b"Content-Type: multipart/form-data; boundary=edge",
    )


def test_killed_in_an_upload(site):
    # spec: library:U-95
    before = set(site.children())
    body, kind = _upload(3_000_000)
    with site.connect() as connection:
        connection.send(head(b"POST", b"/x?form", b"Content-Length: %d" % len(body), kind) + body[:2_000_000])
        assert wait_until(lambda: open_uploads(site.root / "uploads", site.children()), 20)
        holders = [pid for pid in site.children() if open_uploads(site.root / "uploads", [pid])]
        os.kill(holders[0], signal.SIGKILL)
        with contextlib.suppress(ConnectionResetError):
            assert connection.read_to_end() == b""
    assert wait_until(lambda: holders[0] not in site.children() and len(site.children()) >= 2, 20)
    assert set(site.children()) - before
    assert [*(site.root / "uploads").iterdir()] == []
    serves(site)


def test_full_disk(site):
    # spec: library:U-95
    folder = site.root / "uploads"
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "none", folder], check=True)
    try:
        body, kind = _upload(3_000_000)
        site.log.expect_traceback(r"OSError: \[Errno 28\] No space left on device: '[^']*/uploads'", times=1)
        assert status(send(site, head(b"POST", b"/x?form", b"Content-Length: %d" % len(body), kind) + body)) == 500
        assert wait_until(lambda: not open_uploads(folder, site.children()), 10)
        assert [*folder.iterdir()] == []
        body, kind = _upload(500_000)
        data = send(site, head(b"POST", b"/x?form", b"Content-Length: %d" % len(body), kind) + body)
        assert (status(data), content(data)) == (200, b"500000")
        assert os.statvfs(folder).f_bfree == os.statvfs(folder).f_blocks or wait_until(
            lambda: os.statvfs(folder).f_bfree == os.statvfs(folder).f_blocks, 10
        )
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
    serves(site)
