"""Requests that wait for sessions: who else goes on meanwhile, and how a circle of them ends."""

import time

from harness.sessions import CONFIG, FILES, Browser, Meanwhile, client, make_store
from harness.waiting import until


def test_other_requests_run_while_one_waits(serve):
    # spec: library:S-47, interpreters:I-3
    site = serve(config=CONFIG, files=FILES, processes=1, threads=4)
    make_store(site)
    cookie = client(site, "file").cookie
    held = site.root / "tmp/held"
    first = Meanwhile(Browser(site, "file", cookie), f"hold({str(held)!r}); result = time.monotonic()")
    until(held.exists)
    second = Meanwhile(Browser(site, "file", cookie), "result = time.monotonic()")
    # These requests are the others: they tell whether a thread is in the lock.
    code = "#\nimport sys; result = 'lock' in [frame.f_code.co_name for frame in sys._current_frames().values()]"
    until(lambda: Browser(site, "file").run(code))
    assert first.is_alive() and second.is_alive()
    held.unlink()
    assert first.result() < second.result()


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
        first = S.Session(req, {!r}); hold({!r})
        raised = error(S.Session, req, {!r})
        result = raised and raised[0]
    """
    held = [site.root / "tmp/low", site.root / "tmp/high"]
    codes = [code.format(low, str(held[0]), high), code.format(high, str(held[1]), low)]
    requests = [Meanwhile(Browser(site, "file"), code) for code in codes]
    until(lambda: all(path.exists() for path in held))
    begin = time.monotonic()
    for path in held:
        path.unlink()
    results = [request.result() for request in requests]
    assert results == [None, "TimeoutError"]
    assert 4 < time.monotonic() - begin < 9
    # A request that waits in the right order only, waits as long as it takes, and a try does not wait at all.
    code = "#\nfrom mod_python import _apache; a = S.Session(req, {!r}); result = _apache._session_trylock(req, {!r})"
    assert Browser(site, "file").run(code.format(high, low)) is True
