"""RedisSession: limits of time and size, records that are none, options, and what is missing."""

import textwrap

import pytest
from harness.redis_server import ADD, PREFIX, WAIT, RedisServer, httpd_with
from harness.sessions import Browser, Meanwhile
from harness.waiting import until


@pytest.fixture(scope="module")
def store():
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def one(tree, store):
    with httpd_with(tree, "event", store.url) as httpd:
        yield httpd


@pytest.fixture(scope="module")
def two(tree, store):
    with httpd_with(tree, "event", store.url) as httpd:
        yield httpd


NAME_OF_URL = r"mod_python\.redis_session\.url"

def test_the_server_drops_what_has_expired(one, store):
    # spec: library:S-105
    browser = Browser(one, "plain")
    browser.run("s.set_timeout(100); s.save()")
    sid = browser.cookie
    assert 90_000 < store.ask("PTTL", PREFIX + sid) <= 100_000
    assert browser.run("result = s.is_new(); s.set_timeout(1); s.save()") is False
    until(lambda: store.ask("EXISTS", PREFIX + sid) == 0)
    assert browser.run() is True
    sid = browser.run("s.set_timeout(float('inf')); s.save(); result = s.id()")
    assert store.ask("PTTL", PREFIX + sid) > 10**12
    browser.run("s.set_timeout(0); s.save()")
    assert store.ask("EXISTS", PREFIX + sid) == 0


def test_without_a_lock_nobody_waits(one, two, store):
    browser = Browser(one, "plain")
    browser.run(ADD)
    slow = Meanwhile(Browser(one, "plain", browser.cookie), WAIT)
    store.held()
    assert store.ask("EXISTS", f"{PREFIX}{browser.cookie}:lock") == 1
    code = "#\ns = S.RedisSession(req, lock=0); s['free'] = 1; s.save(); result = s.is_new()"
    assert Browser(two, "plain", browser.cookie).run(code) is False
    assert slow.is_alive()
    store.ask("SET", "go", "1")
    assert slow.result() is True


def test_a_lock_that_ended_is_noticed(one, two, store):
    browser = Browser(one, "short")
    assert browser.run(ADD) == 1
    # Nobody came: the session is stored, and locked again.
    code = "time.sleep(1.3); s['n'] += 1; s.save(); result = s['n']"
    assert browser.run(code) == 2
    # Somebody came: what he stored stays.
    late = WAIT + "s['n'] = 'late'; result = (error(s.save), error(s.lock))"
    slow = Meanwhile(Browser(one, "short", browser.cookie), late)
    store.held()
    assert Browser(two, "short", browser.cookie).run(ADD) == 3
    store.ask("SET", "go", "1")
    (name, text), (again, _) = slow.result()
    assert name == again == "LockLostError" and "was not stored" in text
    assert browser.run("result = s['n']") == 3


def test_who_asks_for_more_time_gets_it(one, two, store):
    browser = Browser(one, "plain")
    browser.run(ADD)
    lock = f"{PREFIX}{browser.cookie}:lock"
    # The time that is left is cut, not waited for: no pause of the machine ends the lock.
    code = """
        cut, left = [], []
        for _ in range(8):
            s._server.client.pexpire(s._lock_key, 15_000)
            cut.append(s._server.client.pttl(s._lock_key))
            s.lock()
            left.append(s._server.client.pttl(s._lock_key))
        """
    code = textwrap.dedent(code) + WAIT + ADD + "; result = (cut, left, s['n'])"
    slow = Meanwhile(Browser(one, "plain", browser.cookie), code)
    store.held()
    other = Meanwhile(Browser(two, "plain", browser.cookie), ADD)
    assert 15_000 < store.ask("PTTL", lock) <= 30_000
    store.ask("SET", "go", "1")
    cut, left, number = slow.result()
    assert all(0 < ms <= 15_000 for ms in cut) and all(15_000 < ms <= 30_000 for ms in left)
    assert (number, other.result()) == (2, 3)


def test_a_session_that_ended_stays_ended(one, two, store):
    browser = Browser(one, "plain")
    browser.run(ADD)
    slow = Meanwhile(Browser(one, "plain", browser.cookie), WAIT + "result = error(s.save)")
    store.held()
    # A log-out that does not wait.
    Browser(two, "plain", browser.cookie).run("#\nS.Session(req, lock=0).invalidate()")
    store.ask("SET", "go", "1")
    assert slow.result()[0] == "LockLostError"
    assert store.ask("EXISTS", PREFIX + browser.cookie) == 0


def test_waiting_has_an_end(one, two, store):
    browser = Browser(one, "hurried")
    browser.run(ADD)
    slow = Meanwhile(Browser(one, "hurried", browser.cookie), WAIT + ADD)
    store.held()
    Browser(two, "hurried", browser.cookie).run(ADD, status=503)
    two.log.expect(r"\[python:warn\].*MPY0632: the session \w{8}\.\.\. was not free within 1 s \(interpreter .*PythonHandler", 1)
    store.ask("SET", "go", "1")
    assert slow.result() == 2


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"\x80\x05}.", b"mod_python-session 1 json 1 2 3\n{", None])
def test_what_is_no_record_is_not_used(one, store, garbage):
    browser = Browser(one, "plain")
    sid = browser.run("s.save(); result = s.id()")
    store.ask("DEL", PREFIX + sid)
    store.ask(*(("LPUSH", PREFIX + sid, "x") if garbage is None else ("SET", PREFIX + sid, garbage)))
    assert browser.run("result = (s.is_new(), s.id())") != (False, sid)
    assert browser.cookie != sid
    if garbage == b"\x80\x05}.":
        one.log.expect(r"MPY0626: Redis, in keys mod_python:session:\*, has sessions of classic mod_python", 1)
    else:
        one.log.expect(rf"MPY0620: the stored session {sid[:8]}\.\.\. is not used: ", 1)


def test_formats_and_sizes(one, store):
    # spec: library:D-22, library:Q-6
    browser = Browser(one, "plain")
    assert browser.run("s['x'] = object(); result = error(s.save)")[0] == "TypeError"
    code = "s.clear(); s['x'] = (1, {2, 3}, b'\\xff', None); s.save(); result = error(s.update(y='x' * 2000000) or s.save)"
    assert browser.run(code)[0] == "TooLargeError"
    assert browser.run("result = dict(s)") == {"x": (1, {2, 3}, b"\xff", None)}
    pickled = Browser(one, "pickled")
    pickled.run("s['x'] = complex(1, 2); s.save()")
    assert pickled.run("result = s['x']") == 1 + 2j
    assert Browser(one, "plain", pickled.cookie).run() is True
    one.log.expect("MPY0620: .* it is a pickle", 1)


def test_options_that_mean_nothing(one):
    for name, text in (("wrong", "'maybe' is neither unavailable nor new"), ("never", "0 is less than one second"),
                       ("nowhere", "Redis URL must specify one of the following schemes")):  # fmt: skip
        Browser(one, name).run(status=500)
        one.log.expect_traceback(f"ValueError: .*{text}")


def test_a_missing_package_is_named(one):
    Browser(one, "bare").run(status=500)
    one.log.expect_traceback(r"ImportError: RedisSession needs the package redis.* \(pip install redis\)")


def test_the_password_is_not_logged(tree, store):
    with httpd_with(tree, "event", store.url.replace("://", "://anna:geheim@")) as httpd:
        Browser(httpd, "plain").run(status=503)
        httpd.log.expect("MPY0630: .*AuthenticationError", 1)
        # URLs whose password is not written as it should be, and others that redis-py refuses with a piece of them.
        for name in ("slash", "digits", "fold", "keyword"):
            Browser(httpd, name).run(status=500)
            httpd.log.expect_traceback(f"ValueError: PythonOption {NAME_OF_URL}: ")
        assert "geheim" not in httpd.log.text()


def test_a_server_that_repeats_the_password(tree):
    with RedisServer(arguments=("--rename-command", "AUTH", "")) as store:
        with httpd_with(tree, "event", store.url.replace("://", "://anna:geheim@")) as httpd:
            Browser(httpd, "plain").run(status=503)
            httpd.log.expect(r"MPY0630: .*unknown command .*AUTH.*'anna' '\.\.\.'", 1)
            assert "geheim" not in httpd.log.text()


def test_a_socket_and_tls(tree, tmp_path):
    with RedisServer(tls=True) as store:
        for url in store.socket_url, store.tls_url:
            with httpd_with(tree, "event", url) as httpd:
                browser = Browser(httpd, "plain")
                assert browser.run(ADD) == 1
                assert browser.run(ADD) == 2
                assert store.ask("EXISTS", PREFIX + browser.cookie) == 1
        # A certificate that nobody vouches for is none.
        with httpd_with(tree, "event", store.tls_url.partition("?")[0]) as httpd:
            Browser(httpd, "plain").run(status=503)
            httpd.log.expect("MPY0630: .*CERTIFICATE_VERIFY_FAILED", 1)
