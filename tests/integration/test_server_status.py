"""The part about Python of mod_status's page."""

import http.client
import re
import threading
import time

import pytest

from harness import server

HANDLERS = '''
import os
import time

from mod_python import apache


def handler(req):
    req.write(req.interpreter)
    return apache.OK


def slow(req):
    req.write("begun ")
    req.flush()
    time.sleep(0.3)
    return apache.OK


def wait(req):
    req.write("begun ")
    req.flush()
    while not os.path.exists(req.get_options()["go-on"]):
        time.sleep(0.01)
    return apache.OK


def fail(req):
    raise ValueError("by intention")


def die(req):
    os._exit(0)


def fixuphandler(req):
    return apache.OK
'''

SITE = """
    SetHandler mod_python
    PythonPath "sys.path + ['@ROOT@/python']"
    PythonOption go-on @ROOT@/tmp/go-on
    PythonHandler status_handlers
    <Location /fixup>
        PythonFixupHandler status_handlers
    </Location>
    <Location /slow>
        PythonHandler status_handlers::slow
    </Location>
    <Location /wait>
        PythonHandler status_handlers::wait
    </Location>
    <Location /fail>
        PythonHandler status_handlers::fail
    </Location>
    <Location /die>
        PythonHandler status_handlers::die
    </Location>
    <Location /odd>
        PythonInterpreter "<b>&'x"
    </Location>
    <Location /status>
        SetHandler server-status
        Require all granted
    </Location>
"""
CONFIG = f"""
{SITE}
<VirtualHost *>
    ServerName localhost
</VirtualHost>
<VirtualHost *>
    ServerName other.example
</VirtualHost>
"""
FILES = {"python/status_handlers.py": HANDLERS}

site = server(CONFIG, FILES, modules=["status"])
one_child = server(CONFIG, FILES, modules=["status"], processes=1)
untimed = server(CONFIG + "ExtendedStatus Off\n", FILES, modules=["status"])
without = server(CONFIG.replace("SetHandler server-status", ""), FILES)


def facts(site):
    """Return our lines of ?auto as a dict; their keys must be unique."""
    lines = [line.split(": ", 1) for line in site.get("/status?auto").text.splitlines() if line.startswith("Python")]
    assert all(len(line) == 2 for line in lines)
    assert len({key for key, _ in lines}) == len(lines)
    return dict(lines)


def growth(site, change):
    """Return how the numbers grow while `change()` runs."""
    before = facts(site)
    change()
    after = facts(site)
    numbers = [key for key in after if re.match(r"Python(Calls|Running|Seconds)", key)]
    return {key: float(after[key]) - float(before.get(key, 0)) for key in numbers}


def test_all_children_are_counted(site):
    def change():
        for _ in range(7):
            assert site.get("/fixup").status == 200
        for _ in range(5):
            assert site.get("/").status == 200

    grown = growth(site, change)
    assert (grown["PythonCalls"], grown["PythonCalls[PythonHandler]"], grown["PythonCalls[PythonFixupHandler]"]) == (
        19, 12, 7,
    )  # fmt: skip
    assert grown["PythonRunning"] == 0
    assert float(facts(site)["PythonCalls"]) == sum(
        float(value) for key, value in facts(site).items() if key.startswith("PythonCalls[")
    )


def test_time_is_measured(site):
    grown = growth(site, lambda: site.get("/slow"))
    assert 0.3 <= grown["PythonSeconds[PythonHandler]"] < 5
    assert grown["PythonSeconds"] == pytest.approx(grown["PythonSeconds[PythonHandler]"], abs=1e-5)


def test_failures_are_calls(site):
    site.log.expect_traceback("ValueError: by intention", times=1)
    assert growth(site, lambda: site.get("/fail"))["PythonCalls[PythonHandler]"] == 1


def test_running_handlers(site):
    before = facts(site)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(site.get("/wait").status)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        end = time.monotonic() + 10
        while facts(site)["PythonRunning"] != "2" and time.monotonic() < end:
            time.sleep(0.02)
        now = facts(site)
        assert now["PythonRunning"] == now["PythonRunning[PythonHandler]"] == "2"
        assert int(now["PythonCalls"]) == int(before["PythonCalls"]) + 2
    finally:
        go_on = site.root / "tmp/go-on"
        go_on.touch()
        for thread in threads:
            thread.join(20)
        go_on.unlink()
    assert answers == [200, 200]
    assert facts(site)["PythonRunning"] == "0"


def test_versions(site):
    found = facts(site)
    assert re.fullmatch(r"3\.\d+\.\d+", found["PythonVersion"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["PythonModuleVersion"])
    assert int(found["PythonPid"]) in site.children()
    assert 1 <= int(found["PythonChildren"]) <= len(site.children())


def test_interpreters_of_the_answering_child(one_child):
    site = one_child
    assert site.get("/").text == "localhost"
    assert site.get("/", headers={"Host": "other.example"}).text == "other.example"
    found = facts(site)
    assert [found[f"PythonInterpreter[{index}]{what}"] for index in (0, 1) for what in ("Name", "Main", "GIL")] == [
        "localhost", "1", "shared", "other.example", "0", "shared",
    ]  # fmt: skip
    assert site.get("/odd").text == "<b>&'x"
    assert facts(site)["PythonInterpreters"] == "3"
    assert facts(site)["PythonInterpreter[2]Name"] == "<b>&'x"
    page = site.get("/status").text
    assert "<td>&lt;b&gt;&amp;'x</td>" in page
    assert "<b>&'x" not in page


@pytest.mark.parametrize("query", ["", "?notable"])
def test_page(site, query):
    assert site.get("/fixup").status == 200
    page = site.get("/status" + query)
    assert page.status == 200
    ours = page.text.split("<h2>Python</h2>")[1]
    assert page.header("Content-Type").startswith("text/html")
    assert ("<table" in ours) == (not query)
    if query:
        assert re.search(r"<li>Functions: PythonFixupHandler, Calls: \d+, Running: 0, Total seconds: \d+\.\d{3}, ", ours)
        assert re.search(r"<li>Name: \S+, Kind: main, GIL: shared</li>", ours)
    else:
        assert re.search(r"<tr><td>PythonFixupHandler</td><td>\d+</td><td>0</td><td>\d+\.\d{3}</td>", ours)
        assert "<td>main</td><td>shared</td>" in ours
    assert f"{facts(site)['PythonChildren']} children" in ours


def test_no_time_without_extended_status(untimed):
    grown = growth(untimed, lambda: untimed.get("/slow"))
    assert grown["PythonCalls[PythonHandler]"] == 1
    assert not any(key.startswith("PythonSeconds") for key in grown)
    assert "seconds" not in untimed.get("/status").text.split("<h2>Python</h2>")[1]


def test_without_mod_status(without):
    assert without.get("/").status == 200


def test_restarts(one_child):
    site = one_child
    assert site.get("/").status == 200
    before = int(facts(site)["PythonCalls"])
    site.graceful()
    assert int(facts(site)["PythonCalls"]) == before > 0
    assert site.get("/").status == 200
    assert int(facts(site)["PythonCalls"]) == before + 1
    site.restart()
    assert facts(site)["PythonCalls"] == "0"


def test_a_child_that_dies_runs_nothing_more(site):
    before = int(facts(site)["PythonCalls"])
    old = site.children()
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        site.get("/die")
    end = time.monotonic() + 10
    while facts(site)["PythonRunning"] != "0" and time.monotonic() < end:
        time.sleep(0.05)
    found = facts(site)
    assert (int(found["PythonCalls"]), found["PythonRunning"]) == (before + 1, "0")
    assert set(site.children()) - set(old) or len(site.children()) < len(old)
