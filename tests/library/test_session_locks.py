"""Locks of sessions: no change is lost between processes and threads, nothing waits for ever, all are given back."""

import http.client
import time
import urllib.parse

import pytest
from harness import server
from harness.sessions import CONFIG, FILES, Browser, client, files, folder, holding, make_store, together, typed

OTHER = folder("other", typed("file")).replace("</Directory>", "    PythonInterpreter second\n</Directory>")

site = server(CONFIG + OTHER, {**FILES, **files("other")}, processes=4, threads=4)

COUNT = "n = s['n']; time.sleep(0.01); s['n'] = n + 1; s.save(); result = os.getpid()"


@pytest.fixture(autouse=True)
def store(site):
    """The directory that the configuration names."""
    return make_store(site)


@pytest.mark.smoke
@pytest.mark.parametrize("kind", ["file", "dbm"])
def test_no_change_is_lost(site, kind):
    # spec: library:S-109, library:S-29, library:S-43, library:S-47, library:S-64, library:D-27, interpreters:I-9
    browser = client(site, kind)
    cookie = browser.cookie
    processes = together(*[lambda: Browser(site, kind, cookie).run(COUNT)] * 16)
    assert len(set(processes)) > 1
    assert browser.run("result = s['n']") == 16


def test_no_change_is_lost_in_memory(httpd, mpm):
    # spec: library:S-109, library:S-90, library:S-91, library:D-51
    site = httpd(config=CONFIG, files=FILES, processes=1, threads=8)
    browser = client(site, "memory")
    cookie = browser.cookie
    assert len(set(together(*[lambda: Browser(site, "memory", cookie).run(COUNT)] * 12))) == 1
    assert browser.run("result = s['n']") == 12
    browser.run("s['list'] = []; s.save()")
    browser.run("s['list'].append(1)")
    assert browser.run("result = (s['list'], len(S.MemorySession.sdict))") == ([1], 1)


def test_without_locking(site):
    # spec: library:S-45, library:S-75, library:D-24
    # While one request has the session, others read it; what they write is whole at any time.
    browser = client(site, "file", "s['n'] = 'x' * 200_000; s.save()")
    cookie = browser.cookie
    write = "#\ns = S.Session(req, lock=0); s['n'] = str(os.getpid() % 10) * 200_000; s.save(); result = s.is_new()"
    read = "#\ns = S.Session(req, lock=0); result = (s.is_new(), len(set(s['n'])), len(s['n']))"
    calls = [lambda code=code: Browser(site, "file", cookie).run(code) for code in [write, read] * 8]
    results = together(*calls)
    assert results[::2] == [False] * 8
    assert results[1::2] == [(False, 1, 200_000)] * 8
    with holding(Browser(site, "file", cookie)):
        assert Browser(site, "memory", cookie).run("#\ns = S.Session(req, lock=0); s.lock(); s.unlock()") is None


def test_lock_goes_back(site):
    # spec: library:S-32, library:S-45, library:S-47, interpreters:9.7
    browser = client(site, "file")
    cookie = browser.cookie
    begin = time.monotonic()
    # The exception's traceback keeps the session object as long as the request has one.
    site.log.expect_traceback("ZeroDivisionError")
    for _ in range(3):
        browser.run("req.kept = s; 1 / 0", status=500)
    browser.run("import builtins; builtins.kept = s")
    browser.run("s.unlock(); s.unlock(); s.lock(); s.lock()")
    assert browser.run(COUNT)
    # Given back in the middle of a request.
    for code in ("s.save(); s.unlock()", "del s"):
        with holding(Browser(site, "file", cookie), code):
            assert browser.run("result = s['n']") == 1
    assert time.monotonic() - begin < 6


def test_killed_holder(site):
    # spec: library:S-47, interpreters:I-11, library:D-24
    for kind in ("file", "dbm"):
        browser = client(site, kind)
        with pytest.raises(http.client.HTTPException):
            browser.run("os.kill(os.getpid(), 9)")
        site.log.allow("AH00052|exit signal Killed|AH1039[23]: children are killed")
        begin = time.monotonic()
        assert browser.run("result = (s.is_new(), dict(s))") == (False, {"n": 0})
        assert time.monotonic() - begin < 5


def test_same_session_inside_a_request(site):
    # spec: library:S-44, library:D-26, library:T-15
    # A redirect to another interpreter, which has a request object of its own.
    browser = client(site, "file")
    inner = "s['n'] %2B= 1; s.save(); result = (s['n'], s.is_new(), apache.interpreter)"
    code = f"s['n'] += 1; s.save(); req.internal_redirect('/other/y?' + {inner!r}.replace(' ', '%20'))"
    answer = site.get(
        "/file/x?" + code.replace("%", "%25").replace(" ", "%20").replace("+", "%2B"),
        headers=[("Cookie", f"pysid={browser.cookie}")],
    )
    assert answer.text.startswith("(2, False, 'second')")
    assert browser.run("result = s['n']") == 2


def test_a_session_begun_before_a_redirect(site):
    # spec: library:S-44, library:T-15
    # The other interpreter goes on with it, although the client knows nothing of it yet; after its end it begins one.
    def ask(first):
        inner = "result = (dict(s), s.id(), s.is_new(), apache.interpreter)"
        code = f"{first}; req.internal_redirect('/other/y?' + {inner!r})"
        answer = site.get("/file/x?" + urllib.parse.quote(code))
        return [header[6:38] for header in answer.header_all("Set-Cookie")], answer.text.split("None")[0]

    (sid,), found = ask("s['n'] = 1; s.save()")
    assert found == f"({{'n': 1}}, '{sid}', False, 'second')"
    (sid,), found = ask("s['n'] = 1")
    assert found == f"({{}}, '{sid}', True, 'second')"
    sids, found = ask("s['n'] = 1; s.save(); s.invalidate()")
    assert len(sids) == 3 and found == f"({{}}, '{sids[2]}', True, 'second')" and sids[2] not in sids[:2]


def test_functions(site):
    # spec: library:S-43, library:S-46, api:3/_global_lock
    code = """
        #
        from mod_python import _apache
        a, b = "a" * 32, "b" * 32
        lock, trylock, unlock = _apache._session_lock, _apache._session_trylock, _apache._session_unlock
        result = [error(unlock, req, a)]
        lock(req, a); lock(req, a)
        result += [trylock(req, a), unlock(req, a), unlock(req, a)]
        # What a request has is nobody else's to give back.
        result += [error(_apache._global_unlock, req.server, a)[0], _apache._global_trylock(req.server, a)]
        result += [unlock(req, a), error(unlock, req, a)[0]]
        result += [_apache._global_trylock(req.server, a), trylock(req, a), _apache._global_unlock(req.server, a)]
        result += [error(lock, req)[0], error(lock, req.server, a)[0], error(lock, req, 7)[0]]
    """
    expected = [
        ("ValueError", "this request does not hold the lock of that session"), True, None, None, "ValueError", False, None,
        "ValueError", True, False, None, "TypeError", "TypeError", "TypeError",
    ]  # fmt: skip
    assert Browser(site, "file").run(code) == expected
