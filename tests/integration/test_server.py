"""mp_server: attributes of the main server and of virtual hosts, log_error, register_cleanup."""

import time

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate

HOSTS = """
PythonInterpreter main_interpreter
<VirtualHost *:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName other.test:45678
    ServerAlias one.test two.test *.three.test
    ServerAdmin admin@other.test
    ServerPath /other
    ErrorLog "@ROOT@/logs/other.log"
    LogLevel debug
    Timeout 33
    KeepAlive Off
    KeepAliveTimeout 1500ms
    MaxKeepAliveRequests 77
    LimitRequestLine 5000
    LimitRequestFieldSize 4000
    LimitRequestFields 50
</VirtualHost>
"""

site = server(CONFIG + HOSTS, FILES, processes=1)


def _attributes(site, names, host=None):
    return evaluate(site, f"[getattr(req.server, n) for n in {names.split()}]", host=host)


def test_virtual_host(site):
    # spec: api:9/server_hostname, api:9/server_admin, api:9/error_fname, api:9/path, api:9/defn_name
    # spec: api:9/is_virtual, api:9/port, api:9/loglevel, api:9/keep_alive, api:9/keep_alive_max
    # spec: api:9/pathlen, api:9/defn_line_number, api:9/limit_req_line, api:9/limit_req_fieldsize
    # spec: api:9/limit_req_fields, api:9/timeout, api:9/keep_alive_timeout, api:9/names, api:9/wild_names
    host = "other.test"
    text = "server_hostname server_admin error_fname path defn_name"
    conf = str(site.root / "httpd.conf")
    assert _attributes(site, text, host) == [host, "admin@other.test", f"{site.root}/logs/other.log", "/other", conf]
    lines = (site.root / "httpd.conf").read_text().splitlines()
    begin = max(number for number, line in enumerate(lines, 1) if line.startswith("<VirtualHost"))
    numbers = "is_virtual port loglevel keep_alive keep_alive_max pathlen defn_line_number"
    assert _attributes(site, numbers, host) == [1, 45678, 7, 0, 77, 6, begin]
    limits = "limit_req_line limit_req_fieldsize limit_req_fields"
    assert _attributes(site, limits, host) == [5000, 4000, 50]
    assert _attributes(site, "timeout keep_alive_timeout", host) == [33.0, 1.5]
    assert _attributes(site, "names wild_names", host) == [("one.test", "two.test"), ("*.three.test",)]


def test_main_server(site):
    # spec: api:9/is_virtual, api:9/defn_name, api:9/defn_line_number, api:9/server_hostname, api:9/names
    # spec: api:9/wild_names, api:9/path, api:9/limit_req_line, api:9/error_fname, api:2/apache.main_server
    source = """
        s = apache.main_server
        result = {n: getattr(s, n) for n in ("is_virtual defn_name defn_line_number server_hostname names wild_names "
            "path limit_req_line limit_req_fieldsize limit_req_fields keep_alive keep_alive_max timeout "
            "keep_alive_timeout loglevel error_fname").split()}
    """
    assert evaluate(site, source) == {
        "is_virtual": 0, "defn_name": None, "defn_line_number": 0, "server_hostname": "localhost", "names": (),
        "wild_names": (), "path": None, "limit_req_line": 8190, "limit_req_fieldsize": 8190, "limit_req_fields": 100,
        "keep_alive": 1, "keep_alive_max": 100, "timeout": 20.0, "keep_alive_timeout": 5.0, "loglevel": 6,
        "error_fname": str(site.root / "logs/error.log"),
    }  # fmt: skip


def test_types(site):
    # spec: api:9/port, api:9/my_generation, api:9/restart_time, api:9/timeout, api:9/names
    # spec: api:9/_server_rec
    kinds = {
        "int": "defn_line_number port loglevel is_virtual keep_alive keep_alive_max pathlen my_generation "
        "limit_req_line limit_req_fieldsize limit_req_fields",
        "float": "timeout keep_alive_timeout restart_time",
        "tuple": "names wild_names",
        "PyCapsule": "_server_rec",
    }
    for kind, names in kinds.items():
        found = evaluate(site, f"{{type(getattr(req.server, n)).__name__ for n in {names.split()}}}")
        assert found == {kind}, names
    assert evaluate(site, "type(apache.main_server).__name__") == "mp_server"


def test_next_goes_through_all_servers(site):
    # spec: api:9
    source = """
        found, s = [], apache.main_server
        while s is not None:
            found.append((s.server_hostname, s.is_virtual))
            s = s.next
        result = found
    """
    found = evaluate(site, source)
    assert found[0] == ("localhost", 0)
    assert sorted(found[1:]) == [("localhost", 1), ("other.test", 1)]


def test_one_object_per_request_takes_attributes(site):
    # spec: api:6.1/server
    source = """
        req.server.remembered = [1]
        req.server.remembered.append(2)
        result = [req.server is req.server, req.server.remembered]
    """
    with site.connect() as connection:
        assert evaluate(site, source, to=connection) == [True, [1, 2]]
        assert evaluate(site, "hasattr(req.server, 'remembered')", to=connection) is False


def test_attributes_do_not_keep_the_request(site):
    # spec: api:A-12
    with site.connect() as connection:
        source = """
            import weakref
            class Kept:
                pass
            kept = req.server.kept = Kept()
            kept.req = req
            apache.watched = weakref.ref(kept)
            del kept
            result = apache.watched() is not None
        """
        assert evaluate(site, source, to=connection) is True
        assert evaluate(site, "apache.watched() is None", to=connection) is True


@pytest.mark.parametrize("name", ["port", "server_hostname", "names", "next", "timeout", "is_virtual"])
def test_attributes_are_read_only(site, name):
    # spec: api:9/port, api:9/server_hostname, api:9/names, api:9/next, api:9/timeout, api:9/is_virtual
    assert evaluate(site, f"setattr(req.server, {name!r}, None)")["raised"][0] == "AttributeError"
    assert evaluate(site, f"delattr(req.server, {name!r})")["raised"][0] == "AttributeError"


def test_generation_and_restart_time(site):
    # spec: api:9/my_generation, api:9/restart_time
    generation, started = _attributes(site, "my_generation restart_time")
    assert started <= time.time()
    site.graceful()
    end = time.monotonic() + 10
    while (now := _attributes(site, "my_generation restart_time"))[0] == generation:
        assert time.monotonic() < end
        time.sleep(0.05)
    # httpd's own notion: a graceful restart is a new generation, and no restart.
    assert now == [generation + 1, started]
    site.restart()
    assert started < _attributes(site, "restart_time")[0] <= time.time()


def test_log_error(site):
    # spec: api:9, api:A-28
    site.log.expect(r"\[python:error\].* without a level", times=1)
    site.log.expect(r"\[python:warn\].* with one", times=1)
    source = """
        s = req.server
        s.log_error("without a level"); s.log_error("with one", apache.APLOG_WARNING)
        s.log_error("the keyword", level=apache.APLOG_NOTICE); s.log_error(None); s.log_error("hidden", apache.APLOG_DEBUG)
        result = 0
    """
    evaluate(site, source)
    assert len(site.log.find(r"\[python:notice\].* the keyword")) == 1
    assert not site.log.find("hidden")


def test_log_error_goes_to_the_servers_own_log(site):
    # spec: api:9/log_error
    evaluate(site, "req.server.log_error('of the other', apache.APLOG_DEBUG)", host="other.test")
    assert "[python:debug]" in (site.root / "logs/other.log").read_text()
    assert "of the other" in (site.root / "logs/other.log").read_text()
    assert not site.log.find("of the other")


@pytest.mark.parametrize("arguments", ["b'bytes'", "1", "", "'text', 'error'", "'text', None, 3"])
def test_log_error_wrong_arguments(site, arguments):
    # spec: api:9/log_error
    assert evaluate(site, f"req.server.log_error({arguments})")["raised"][0] == "TypeError"


def test_register_cleanup_wrong_arguments(site):
    # spec: api:9
    answer = evaluate(site, "req.server.register_cleanup(req.server, print)")
    assert (answer["raised"][0], answer["text"]) == ("ValueError", "first argument must be a request object")
    answer = evaluate(site, "req.server.register_cleanup(req, 1)")
    assert (answer["raised"][0], answer["text"]) == ("ValueError", "second argument must be a callable object")


def test_cleanups_run_at_the_childs_end(httpd):
    # spec: interpreters:8/server.register_cleanup, interpreters:8.1, interpreters:8.2, interpreters:8.6
    # spec: api:9/register_cleanup, api:3/register_cleanup
    site = httpd(config=CONFIG, files=FILES, processes=1)
    source = """
        def note(data):
            with open("@ROOT@/tmp/cleanups", "a") as file:
                file.write("%s %r\\n" % (apache.interpreter, data))
        def fail(data):
            raise ValueError("cleanup " + data)
        req.server.register_cleanup(req, note, "first")
        apache.register_cleanup(note, ("second", 2))
        req.server.register_cleanup(req, fail, "fails")
        req.server.register_cleanup(req, note)
        result = apache.interpreter
    """
    interpreter = evaluate(site, source.replace("@ROOT@", str(site.root)))
    notes = site.root / "tmp/cleanups"
    assert not notes.exists()
    site.log.expect(r"python_cleanup: Error calling cleanup object <function fail", times=1)
    site.log.expect(r"ValueError.*: cleanup fails", times=1)
    site.stop_when_idle()
    assert notes.read_text().splitlines() == [f"{interpreter} {data!r}" for data in (None, ("second", 2), "first")]


def test_objects_do_not_pile_up(site):
    # spec: interpreters:I-14
    source = """
        import sys
        for _ in range(20):
            seen = (req.server, req.server.next, req.connection, req.connection.base_server, apache.main_server.next)
        del seen
        result = sys.getallocatedblocks()
    """
    # One connection is one child; what is made once is there after the first requests.
    with site.connect() as connection:
        counts = [evaluate(site, source, to=connection) for _ in range(90)]
    assert max(counts[-20:]) - max(counts[10:30]) < 100, counts
