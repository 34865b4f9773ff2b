"""The global mutexes: how many, where, who excludes whom, and what is refused."""

import http.client
import re
import threading
import time

import pytest
from harness import HttpdFailed, launch, server
from harness.evaluate import CONFIG, FILES, evaluate

# Clients enough for all eight mutexes, in more than one process.
site = server(CONFIG, FILES, processes=8, threads=2)

#: Written by the test, so that the module's own arithmetic is not what proves it.
OFFSET, PRIME = 0xCBF29CE484222325, 0x100000001B3


def _chosen(key, count):
    value = OFFSET
    for byte in key:
        value = (value ^ byte) * PRIME % 2**64
    return 1 + value % (count - 1)


def _together(*calls):
    """Run calls at once; returns (their results, seconds)."""
    results = [None] * len(calls)

    def run(index):
        results[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, time.monotonic() - begin


HELD = """
import time
_apache._global_lock(req.server, {key})
begin = time.monotonic()
time.sleep({seconds})
end = time.monotonic()
_apache._global_unlock(req.server, {key})
result = (begin, end)
"""

#: Makes a file while it holds the lock, and goes on when another one is there; `result` tells whether it came.
HELD_UNTIL = """
import pathlib, time
_apache._global_lock(req.server, {key})
pathlib.Path({held!r}).touch()
end = time.monotonic() + {limit}
while not (result := pathlib.Path({until!r}).exists()) and time.monotonic() < end:
    time.sleep(0.01)
_apache._global_unlock(req.server, {key})
"""


def _held_until(site, key, held, until):
    held, until = (str(site.root / "tmp" / name) for name in (held, until))
    with site.connect(40) as connection:
        source = HELD_UNTIL.format(key=key, held=held, until=until, limit=30 * launch.patience)
        return evaluate(site, source, to=connection)


def test_holders_of_one_key_exclude_each_other(site):
    # spec: interpreters:9.8, api:3/_global_lock, api:3/_global_unlock
    source = HELD.format(key="'a session'", seconds=0.2)
    spans, seconds = _together(*[lambda: evaluate(site, source)] * 5)
    assert seconds >= 1.0
    spans.sort()
    assert all(earlier[1] <= later[0] for earlier, later in zip(spans, spans[1:]))


def test_different_locks_do_not_wait_for_each_other(site):
    # spec: api:3/_global_lock
    # Each has its own only until the other has its own as well.
    results, _ = _together(
        lambda: _held_until(site, "None, 1", "first", "second"),
        lambda: _held_until(site, "None, 2", "second", "first"),
    )
    assert results == [True, True]


def test_choice_by_key_is_the_same_everywhere(site):
    # spec: interpreters:9.5, interpreters:I-8, interpreters:I-9
    for key in ["", "abc", "0123456789abcdef0123456789abcdef", "schlüssel€", b"bytes", 42, None, ("a", 1)]:
        source = f"""
            _apache._global_lock(req.server, {key!r})
            free = [i for i in range(8) if _apache._global_trylock(req.server, None, i)]
            for i in free:
                _apache._global_unlock(req.server, None, i)
            _apache._global_unlock(req.server, {key!r})
            result = sorted(set(range(8)) - set(free))
        """
        text = key if isinstance(key, str) else repr(key)
        assert evaluate(site, source) == [_chosen(text.encode(), 8)]


def test_lone_surrogates_in_a_key(site):
    # spec: interpreters:I-9
    source = r"""
        key = "\udce9\ud800"
        result = [_apache._global_lock(req.server, key), _apache._global_unlock(req.server, key)]
    """
    assert evaluate(site, source) == [None, None]


def test_trylock(site):
    # spec: api:3
    source = """
        import threading
        result = [_apache._global_trylock(req.server, None, 3), _apache._global_trylock(req.server, None, 3)]
        s = req.server
        thread = threading.Thread(target=lambda: result.append(_apache._global_trylock(s, None, 3)))
        thread.start(); thread.join()
        result.append(_apache._global_unlock(s, None, 3))
        result.append(_apache._global_trylock(s, None, 3))
        _apache._global_unlock(s, None, 3)
    """
    assert evaluate(site, source) == [True, False, False, None, True]


def test_other_threads_run_while_one_waits_and_may_unlock(site):
    # spec: interpreters:I-3, api:3/_global_lock
    source = """
        import threading, time
        s, order = req.server, []
        _apache._global_lock(s, None, 4)
        def wait():
            _apache._global_lock(s, None, 4)
            order.append("taken")
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.1)
        order.append("released")
        _apache._global_unlock(s, None, 4)
        thread.join()
        # Taken by the other thread, given back by this one, as at the end of a request that was sent by another.
        _apache._global_unlock(s, None, 4)
        result = order
    """
    assert evaluate(site, source) == ["released", "taken"]


def test_keys_may_share_a_lock(site):
    # spec: interpreters:9.6
    keys = [f"key {number}" for number in range(20)]
    first, second = next((a, b) for a in keys for b in keys if a < b and _chosen(a.encode(), 8) == _chosen(b.encode(), 8))
    source = f"""
        result = [_apache._global_trylock(req.server, {first!r}), _apache._global_trylock(req.server, {second!r})]
        _apache._global_unlock(req.server, {second!r})
    """
    assert evaluate(site, source) == [True, False]


def test_end_of_the_request_keeps_them(httpd):
    # spec: interpreters:9.7
    site = httpd(config=CONFIG, files=FILES, processes=1)
    probe = """
        result = _apache._global_trylock(req.server, "k")
        if result:
            _apache._global_unlock(req.server, "k")
    """
    assert evaluate(site, "_apache._global_lock(req.server, 'k')") is None
    assert evaluate(site, probe) is False
    assert evaluate(site, "_apache._global_unlock(req.server, 'k')") is None
    with_cleanup = """
        server = req.server
        result = _apache._global_lock(server, "k")
        req.register_cleanup(lambda key: _apache._global_unlock(server, key), "k")
    """
    assert evaluate(site, with_cleanup) is None
    end = time.monotonic() + 5
    while not evaluate(site, probe):
        assert time.monotonic() < end


def test_unlock_of_a_lock_that_is_not_held(site):
    # spec: api:3, interpreters:I-11
    source = "_apache._global_unlock(req.server, None, 5)"
    answer = evaluate(site, source)
    assert answer["raised"][0] == "ValueError" and "not held" in answer["text"]
    # It did not count as a release: the lock still has one place.
    twice = "[_apache._global_trylock(req.server, None, 5) for _ in 'ab'] + [_apache._global_unlock(req.server, None, 5)]"
    assert evaluate(site, twice) == [True, False, None]


def test_unlock_by_another_process(httpd):
    # spec: interpreters:I-11
    site = httpd(config=CONFIG, files=FILES, mpm="prefork", processes=2)
    source = f"""
        import pathlib, time
        tried = pathlib.Path({str(site.root / "tmp/tried")!r})
        got = _apache._global_trylock(req.server, None, 1)
        if got:
            end = time.monotonic() + {15 * launch.patience}
            while not tried.exists() and time.monotonic() < end:
                time.sleep(0.01)
            _apache._global_unlock(req.server, None, 1)
            result = "held"
        else:
            try:
                _apache._global_unlock(req.server, None, 1)
                result = "stolen"
            except ValueError:
                result = "refused"
            tried.touch()
    """
    results, _ = _together(*[lambda: evaluate(site, source)] * 2)
    assert sorted(results) == ["held", "refused"]


@pytest.mark.parametrize("function", ["_global_lock", "_global_trylock", "_global_unlock"])
def test_wrong_arguments(site, function):
    # spec: api:3/_global_lock, api:3/_global_trylock, api:3/_global_unlock
    for arguments in ("None, 'k'", "req, 'k'", "req.server", "req.server, []", "req.server, {}", "req.server, 'k', 'x'"):
        assert evaluate(site, f"_apache.{function}({arguments})")["raised"][0] == "TypeError", arguments
    for index in (-2, 8, 2**40):
        site.log.expect(rf"\[python:warn\].* MPY0503: index {index} is out of range: there are 8 global mutexes", times=1)
        assert evaluate(site, f"_apache.{function}(req.server, 'k', {index})")["raised"][0] == "ValueError"


def test_key_counts_only_without_an_index(site):
    # spec: api:3
    assert evaluate(site, "[_apache._global_lock(req.server, [], 0), _apache._global_unlock(req.server, {}, 0)]") == [None] * 2


def test_lock_of_a_killed_holder_is_free(site):
    # spec: interpreters:I-11
    # No answer at all.
    with pytest.raises(http.client.HTTPException):
        evaluate(site, "import os\n_apache._global_lock(req.server, None, 6)\nos.kill(os.getpid(), 9)")
    source = "_apache._global_lock(req.server, None, 6)\nresult = _apache._global_unlock(req.server, None, 6)"
    assert evaluate(site, source) is None


def test_children_of_two_generations_exclude_each_other(site):
    # spec: interpreters:9.2, interpreters:I-9
    probe = """
        got = _apache._global_trylock(req.server, "over a restart")
        if got:
            _apache._global_unlock(req.server, "over a restart")
        result = (req.server.my_generation, got)
    """
    generation = evaluate(site, probe)[0]
    holder = threading.Thread(target=_held_until, args=(site, "'over a restart'", "held", "released"))
    holder.start()
    while evaluate(site, probe)[1]:
        assert holder.is_alive()
    site.graceful()
    while (found := evaluate(site, probe))[0] == generation and holder.is_alive():
        time.sleep(0.02)
    assert holder.is_alive()
    assert found == (generation + 1, False)
    (site.root / "tmp/released").touch()
    holder.join()
    assert evaluate(site, probe) == (generation + 1, True)


def test_notices_at_start(httpd, mpm):
    # spec: interpreters:9.1, interpreters:I-8, directives:13.3
    site = httpd(config=CONFIG, files=FILES, processes=1, threads=4)
    # A process of prefork serves one client, and there are two locks at least.
    count = {"prefork": 2}.get(mpm, 4)
    found = re.findall(r"\[python:notice\].*MPY0106: (\d+) global mutexes for at most (\d+) processes of (\d+) threads", site.log.text())
    assert len(found) == 1 and int(found[0][0]) == count
    assert len(site.log.find(r"\[python:notice\].*MPY0107: global mutexes are sysvsem, no lock files")) == 1
    assert evaluate(site, "[_apache._global_lock(req.server, 'k'), _apache._global_unlock(req.server, 'k')]") == [None] * 2
    site.log.expect("MPY0503", times=1)
    assert evaluate(site, f"_apache._global_lock(req.server, 0, {count})")["raised"][0] == "ValueError"


@pytest.mark.parametrize(("value", "count"), [("3", 3), ("12", 12), ("1", 2), ("many", 2)])
def test_mutex_locks_option(httpd, value, count):
    # spec: interpreters:9.1, directives:10, library:O-16
    options = f"PythonOption mod_python.mutex_locks {value}\n"
    vhost = "<VirtualHost *:@PORT@>\nServerName v\nPythonOption mod_python.mutex_locks 5\n</VirtualHost>\n"
    site = httpd(config=CONFIG + options + vhost, files=FILES, mpm="event", processes=2)
    assert len(site.log.find(rf"MPY0106: {count} global mutexes")) == 1


def test_mutex_directory_option(httpd):
    # spec: interpreters:9.2, interpreters:9.3, interpreters:I-10, directives:10, directives:13.3
    config = CONFIG + "PythonOption mod_python.mutex_directory locks\n"
    # The directory is writable for who starts httpd alone.
    site = httpd.make(config=config, files={**FILES, "locks/readme": ""}, processes=2)
    locks = site.root / "locks"
    (locks / "readme").unlink()
    locks.chmod(0o755)
    site.start()
    assert len(site.log.find(rf"MPY0107: global mutexes are fcntl, lock files in {locks}$")) == 1
    # APR takes the name away as soon as the file is open: there is nothing to find or to replace.
    assert list(locks.iterdir()) == []
    source = HELD.format(key="'k'", seconds=0.1)
    spans, _ = _together(*[lambda: evaluate(site, source)] * 4)
    spans.sort()
    assert all(earlier[1] <= later[0] for earlier, later in zip(spans, spans[1:]))
    site.graceful()
    assert evaluate(site, source)


def test_httpds_mutex_directive(httpd):
    # spec: interpreters:I-10
    config = CONFIG + 'Mutex "file:@ROOT@/run" mod_python\n'
    site = httpd(config=config, files=FILES, processes=2)
    assert len(site.log.find(r"MPY0107: global mutexes are (fcntl|flock), lock files in @ROOT@/run".replace("@ROOT@", str(site.root)))) == 1
    source = HELD.format(key="'k'", seconds=0.1)
    spans, _ = _together(*[lambda: evaluate(site, source)] * 3)
    spans.sort()
    assert all(earlier[1] <= later[0] for earlier, later in zip(spans, spans[1:]))


@pytest.mark.parametrize("line", ['Mutex file:/proc mod_python', "PythonOption mod_python.mutex_directory @ROOT@/none"])
def test_start_fails_without_two_locks(httpd, line):
    # spec: interpreters:9.4, directives:13.4
    with pytest.raises(HttpdFailed) as failed:
        httpd(config=CONFIG + line, files=FILES, mpm="event")
    assert re.search(r"\[python:error\].*MPY0105: global mutex 0 of \d could not be created: ", str(failed.value))
    assert "see the directive Mutex" in str(failed.value)


def test_one_process_gives_them_back(httpd):
    # spec: interpreters:9.2
    # The kind of mutex that can be seen: its files stay until it is given back.
    site = httpd(config=CONFIG + 'Mutex "flock:@ROOT@/tmp" mod_python\n', files=FILES, one_process=True)
    assert evaluate(site, "[_apache._global_lock(req.server, 'k'), _apache._global_unlock(req.server, 'k')]") == [None] * 2
    names = sorted(path.name for path in (site.root / "tmp").iterdir())
    assert len(names) == 8
    assert all(name.startswith("mod_python-") for name in names)
    site.stop()
    assert list((site.root / "tmp").iterdir()) == []


def test_interpreters_exclude_each_other(httpd):
    # spec: interpreters:9.8, interpreters:I-6
    hosts = "".join(f"<VirtualHost *:@PORT@>\nServerName {name}\n</VirtualHost>\n" for name in ("localhost", "second"))
    site = httpd(config=CONFIG + hosts, files=FILES, processes=2)
    source = HELD.format(key="'k'", seconds=0.2) + "result = (*result, apache.interpreter)"
    spans, _ = _together(*[lambda host=host: evaluate(site, source, host=host) for host in ("localhost", "second")])
    assert {name for _, _, name in spans} == {"localhost", "second"}
    spans.sort()
    assert spans[0][1] <= spans[1][0]
