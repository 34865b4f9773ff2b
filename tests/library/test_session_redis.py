"""RedisSession: two servers that share sessions, locks between them, and a Redis that goes and comes."""

import threading

import pytest
from harness.redis_server import ADD, PREFIX, WAIT, RedisServer, httpd_with
from harness.sessions import Browser, Meanwhile
from harness.waiting import until


@pytest.fixture(scope="module")
def store():
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def one(tree, mpm, store):
    with httpd_with(tree, mpm, store.url) as httpd:
        yield httpd


@pytest.fixture(scope="module")
def two(tree, mpm, store):
    with httpd_with(tree, mpm, store.url) as httpd:
        yield httpd


@pytest.mark.smoke
def test_a_login_counts_on_both_servers(one, two, store):
    # spec: library:S-2, library:S-25, library:S-27, library:S-108
    browser = Browser(one, "plain")
    assert browser.run("s['user'] = 'anna'; s.save(); result = (type(s).__name__, s.is_new())") == ("RedisSession", True)
    key = PREFIX + browser.cookie
    assert 1_790_000 < store.ask("PTTL", key) <= 1_800_000
    assert store.ask("GET", key).startswith(b"mod_python-session 1 json ")
    other = Browser(two, "plain", browser.cookie)
    assert other.run("result = (s.is_new(), dict(s), s.previous_access() <= s.last_accessed())") == (
        False, {"user": "anna"}, True,
    )  # fmt: skip
    assert other.set == []
    other.run("s.set_timeout(100); s.save()")
    assert 90_000 < store.ask("PTTL", key) <= 100_000
    old = browser.cookie
    assert browser.run("s.regenerate(); result = s.id() == %r" % old) is False
    assert store.ask("EXISTS", key) == 0
    assert Browser(two, "plain", old).run() is True
    assert Browser(two, "plain", browser.cookie).run("result = dict(s)") == {"user": "anna"}
    ended = browser.cookie
    browser.run("s.invalidate(); s.save()")
    assert store.ask("EXISTS", PREFIX + ended) == 0
    # Nothing is left locked.
    until(lambda: store.ask("KEYS", "*:lock") == [])


def test_increments_of_both_servers_are_serialised(one, two):
    # spec: library:S-109, library:S-29, library:S-45
    browser = Browser(one, "plain")
    browser.run(ADD)
    code = "n = s.get('n', 0); time.sleep(0.005); s['n'] = n + 1; s.save()"

    def several(site):
        for _ in range(5):
            Browser(site, "plain", browser.cookie).run(code)

    threads = [threading.Thread(target=several, args=(site,)) for site in (one, two) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert browser.run("result = s['n']") == 21


def test_a_request_may_open_its_session_again(one, two, store):
    # spec: library:S-47, library:D-26
    browser = Browser(one, "plain")
    browser.run(ADD)
    code = """
        again = S.Session(req)
        s['n'] += 1
        s.lock()
        again.unlock()
        s.save()
        result = (again.id() == s.id(), dict(again), s['n'])
        """
    assert browser.run(code) == (True, {"n": 1}, 2)
    # So may an internal redirect, in another interpreter too.
    for place in ("plain", "elsewhere"):
        code = f"""
            req.internal_redirect('/{place}/x?s["n"]%2B=1;s.save();result=s["n"]')
            raise apache.SERVER_RETURN(apache.OK)
            """
        assert browser.run(code) == 3
        browser.run("s['n'] -= 1; s.save()")
    # An exception gives the lock back too.
    browser.run("1 / 0", status=500)
    one.log.expect_traceback("ZeroDivisionError")
    assert Browser(two, "plain", browser.cookie).run(ADD) == 3
    # So does unlock, before the request is over.
    code = "s.save(); s.unlock(); s.unlock()" + WAIT
    slow = Meanwhile(Browser(one, "plain", browser.cookie), code)
    store.held()
    assert Browser(two, "plain", browser.cookie).run(ADD) == 4
    assert slow.is_alive()
    store.ask("SET", "go", "1")
    assert slow.result() is True


def test_a_redis_that_dies_and_comes_back(tree, mpm):
    with RedisServer(durable=True) as store, httpd_with(tree, mpm, store.url) as httpd:
        strict, lenient = Browser(httpd, "plain"), Browser(httpd, "goes_on")
        for browser in (strict, lenient):
            assert browser.run(ADD) == 1
            assert browser.run(ADD) == 2
        sids = strict.cookie, lenient.cookie
        # In the middle of a request.
        middle = "while not error(s._server.client.ping): time.sleep(0.01)\ns['n'] = 'lost'; s.save(); result = 'went on'"
        slow = [Meanwhile(Browser(httpd, "plain", sids[0]), middle, status=503),
                Meanwhile(Browser(httpd, "goes_on", sids[1]), middle)]  # fmt: skip
        until(lambda: all(store.ask("EXISTS", f"{PREFIX}{sid}:lock") for sid in sids))
        store.stop(kill=True)
        assert [one.result() for one in slow] == [None, "went on"]
        # While it is away.
        strict.run(ADD, status=503)
        assert strict.set == []
        code = "again = S.Session(req); s['n'] = 1; s.save(); s.invalidate; result = (s.is_new(), dict(again))"
        assert lenient.run(code) == (True, {}) and lenient.set == []
        assert Browser(httpd, "goes_on").run() is True
        httpd.log.expect(r"\[python:error\].*MPY0630: the server of sessions cannot be used: ConnectionError: .*PythonHandler", 5)
        httpd.log.allow("MPY0631: ")
        assert (strict.cookie, lenient.cookie) == sids
        # Back again: connections are made anew, and what was saved is there. The locks of the dead requests end.
        store.start()
        for sid in sids:
            store.ask("DEL", f"{PREFIX}{sid}:lock")
        assert [strict.run(ADD), lenient.run(ADD)] == [3, 3]
        # A restart between requests is not noticed.
        store.stop()
        store.start()
        assert [strict.run(ADD), lenient.run(ADD)] == [4, 4]


def test_a_forked_child_has_connections_of_its_own(two, store):
    # This server has no second interpreter: CPython cannot fork a process that has one.
    if two.mpm != "prefork":
        # A fork of a process with threads may end in any lock.
        code = "result = True"
    else:
        code = """
            s.save()
            pid = os.fork()
            if pid == 0:
                try:
                    from mod_python._session.redis_server import server, _servers
                    key = next(iter(_servers))
                    mine = server(*key[1:])
                    os._exit(0 if mine is not s._server and mine.client.ping() else 1)
                finally:
                    os._exit(2)
            result = os.waitpid(pid, 0)[1] == 0 and s._server.client.ping()
            """
    assert Browser(two, "plain").run(code) is True
