"""Requests that wait for sessions: who else goes on meanwhile, and how a circle of them ends."""

import threading
import time

from harness.sessions import CONFIG, FILES, Browser, client, make_store, together


def test_other_requests_run_while_one_waits(serve):
    # spec: library:S-47, interpreters:I-3
    site = serve(config=CONFIG, files=FILES, processes=1, threads=4)
    make_store(site)
    browser = client(site, "file")
    cookie = browser.cookie

    def waits():
        Browser(site, "file", cookie).run("time.sleep(0.7)")
        return time.monotonic()

    def passes():
        time.sleep(0.3)
        Browser(site, "file").run("#")
        return time.monotonic()

    first, second, other = together(waits, waits, passes)
    assert other < min(first, second) and abs(first - second) > 0.5


def test_circle_of_requests_ends(serve):
    # spec: library:S-44, library:S-47, library:D-26
    site = serve(config=CONFIG, files=FILES, processes=2, threads=4)
    make_store(site)
    # Ids with locks in an order: each one's can be seen from another process.
    sids = [Browser(site, "file").run("s.save(); result = s.id()") for _ in range(12)]
    index = """
        #
        from mod_python import _apache
        result = []
        for sid in SIDS:
            _apache._session_lock(req, sid)
            result += [i for i in range(1, 8) if not _apache._global_trylock(req.server, None, i)]
            free = [i for i in range(1, 8) if i != result[-1]]
            for i in free: _apache._global_unlock(req.server, None, i)
            _apache._session_unlock(req, sid)
    """
    numbers = Browser(site, "file").run(index.replace("SIDS", repr(sids)))
    low, high = sids[numbers.index(min(numbers))], sids[numbers.index(max(numbers))]
    assert min(numbers) < max(numbers)
    code = """
        #
        first = S.Session(req, {!r}); time.sleep(0.5)
        raised = error(S.Session, req, {!r})
        result = raised and raised[0]
    """
    begin = time.monotonic()
    results = together(
        lambda: Browser(site, "file").run(code.format(low, high)), lambda: Browser(site, "file").run(code.format(high, low))
    )
    assert results == [None, "TimeoutError"]
    assert 4 < time.monotonic() - begin < 9
    # A request that waits in the right order only, waits as long as it takes, and a try does not wait at all.
    code = "#\nfrom mod_python import _apache; a = S.Session(req, {!r}); result = _apache._session_trylock(req, {!r})"
    assert Browser(site, "file").run(code.format(high, low)) is True
