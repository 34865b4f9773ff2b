"""mod_python.logging.ApacheHandler: records of the standard module logging in httpd's error log."""

import ast
import re

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate
from harness.ports import hosts

PAGES = '''
import logging
import logging.config
import sys
import threading

from mod_python import apache

CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"named": {"format": "%(name)s/%(levelname)s/%(message)s"}},
    "handlers": {
        "httpd": {"class": "mod_python.logging.ApacheHandler"},
        "named": {"class": "mod_python.logging.ApacheHandler", "formatter": "named", "level": "WARNING"},
    },
    "root": {"level": 1, "handlers": ["httpd"]},
    "loggers": {"named": {"handlers": ["named"], "propagate": False}},
}
logging.config.dictConfig(CONFIG)
logger = logging.getLogger("shop")
logger.warning("imported in %s", apache.interpreter)


def of_import():
    logger.warning("called by PythonImport")
    apache.register_cleanup(lambda data: logger.warning("the child ends with %s", data), "data")


def levels(req):
    for level in map(int, req.args.split(",")):
        logger.log(level, "at level %d", level)


class Shown:
    count = 0

    def __str__(self):
        Shown.count += 1
        return "shown"


def quiet(req):
    before = Shown.count
    logger.debug("a %s", Shown())
    logger.info("an %s", Shown())
    logger.warning("a warning %s", Shown())
    req.write(str(Shown.count - before))


def lines(req):
    logger.error("first\\r\\nsecond\\n\\nlast\\n")
    logger.error("")
    logger.error("\\u00e4\\udc80\\0")


def exception(req):
    try:
        raise ValueError("of the\\nhandler")
    except ValueError:
        logger.exception("It failed:")


def named(req):
    logging.getLogger("named").info("dropped by the handler's level")
    logging.getLogger("named").error("kept")


def thread(req):
    thread = threading.Thread(target=logger.error, args=("from a thread",))
    thread.start()
    thread.join()


def cleanup(req):
    req.register_cleanup(lambda data: logger.error("in a cleanup of %s", data), "the request")


def wrong(req):
    logger.error("%d of %d", "no number")
    logging.raiseExceptions = False
    logger.error("%d", "no number either")
    logging.raiseExceptions = True
    req.write("goes on")


class Worse:
    def __str__(self):
        raise Worse2(self)


class Worse2(Exception):
    def __str__(self):
        raise ValueError("no text at all")


def worse(req):
    logger.error("%s", Worse())


class Logging:
    def __str__(self):
        logger.error("from inside")
        return "a thing that logs"


def nested(req):
    logger.error("%s", Logging())


class Endless:
    def __str__(self):
        logger.error("%s", self)
        return "endless"


def endless(req):
    logger.error("%s", Endless())


class IntoLogging:
    def write(self, text):
        if text.strip():
            logger.error("redirected: %s", text.rstrip())

    def flush(self):
        pass


def redirected(req):
    before, sys.stderr = sys.stderr, IntoLogging()
    try:
        print("of print", file=sys.stderr)
        logger.error("%d", "no number")
    finally:
        sys.stderr = before


def long(req):
    logger.error("%s", "\\u20ac" * 1000)


def log_id(req):
    before = req.log_id
    logger.error("with a number")
    req.write(repr((before, req.log_id)))


def handler(req):
    function = req.path_info.rpartition("/")[2]
    globals()[function](req)
    return apache.OK


def outputfilter(filter):
    logger.error("in a filter of %s", filter.name)
    filter.pass_on()


def plain(req):
    req.write("filtered")


def connectionhandler(conn):
    logger.error("for a connection")
    print("begun for a connection", end="", file=sys.stderr)
    conn.write(conn.log_id)
    return apache.OK


def childinithandler(server):
    logger.error("init of %s", server.server_hostname)
    print("printed for", server.server_hostname, end="", file=sys.stderr)


def childexithandler(server):
    logger.error("exit of %s", server.server_hostname)


def cleanuphandler(req):
    logger.error("in the cleanup phase")
    return apache.OK
'''

SETUP = """
PythonPath "sys.path + ['@ROOT@/lib', '@DOCS@/evaluate']"
PythonImport logged::of_import early
<Location "/debug">
    SetHandler mod_python
    PythonHandler logged
    LogLevel python:trace8
</Location>
<Location "/quiet">
    SetHandler mod_python
    PythonHandler logged
    LogLevel python:warn
</Location>
<Location "/phase">
    SetHandler mod_python
    PythonHandler logged
    PythonCleanupHandler logged
</Location>
<Location "/filtered">
    SetHandler mod_python
    PythonHandler logged
    PythonOutputFilter logged LOGGED
    SetOutputFilter LOGGED
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName sub.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName format.test
    ErrorLogFormat "[%{u}t] [%-m:%l] [pid %P] [%F] [%L] %M"
    ErrorLog "@ROOT@/logs/error.log"
</VirtualHost>
"""

WHERE = {**FILES, "lib/logged.py": PAGES}

site = server(CONFIG + SETUP, WHERE, start_lines=[r"imported in ", "called by PythonImport", "the child ends with data"])

HOSTS = ["main.test", "sub.test"]
CLIENT = r"\[client 127\.0\.0\.1:\d+\] "
SOURCE = r"logged\.py\(\d+\): "

LEVELS = {
    60: "crit", 50: "crit", 49: "error", 40: "error", 35: "warn", 30: "warn", 29: "notice", 25: "notice", 24: "info",
    20: "info", 15: "debug", 10: "debug", 9: "trace1", 8: "trace2", 7: "trace3", 6: "trace4", 5: "trace5", 4: "trace6",
    3: "trace7", 2: "trace8", 1: "trace8",
}  # fmt: skip


def line(level, text, owner=CLIENT, source=""):
    """Return the pattern of a whole line, from its level on."""
    return rf"\[python:{level}\] \[pid \d+(:tid \d+)?\] {source}{owner}{text}$"


@pytest.mark.parametrize("host", HOSTS)
def test_levels(site, host):
    for number, level in LEVELS.items():
        source = SOURCE if number < 20 else ""
        site.log.expect(line(level, f"at level {number}", source=source), times=1)
    numbers = ",".join(map(str, LEVELS))
    assert site.get(f"/debug/levels?{numbers}", host=host).status == 200


def place(text):
    """Return the number of the line of `PAGES` that has a text."""
    (found,) = [number for number, source in enumerate(PAGES.split("\n"), 1) if text in source]
    return found


def test_file_and_line(site):
    number = place('logger.log(level, "at level %d", level)')
    site.log.expect(line("debug", "at level 10", source=rf"logged\.py\({number}\): "), times=1)
    assert site.get("/debug/levels?10", host="main.test").status == 200


def test_format_of_the_log(site):
    number = place('logger.log(level, "at level %d", level)')
    site.log.expect(rf"python:error\] \[pid \d+\] \[logged\.py\({number}\)\] \[[^ -]\S{{10,}}\] at level 40$", times=1)
    assert site.get("/debug/levels?40", host="format.test").status == 200


def test_log_id(site):
    pattern = r"\] \[logged\.py\(\d+\)\] \[(\S+)\] with a number$"
    site.log.expect(pattern, times=1)
    before, after = ast.literal_eval(site.get("/debug/log_id", host="format.test").text)
    (found,) = site.log.find(pattern)
    assert after == re.search(pattern, found)[1]
    # The child may have logged the import of the handler for this request.
    assert before in (None, after)


def test_loglevel_of_the_location_decides(site):
    site.log.expect(line("warn", "a warning shown"), times=1)
    # Records that httpd drops are not formatted.
    assert site.get("/quiet/quiet", host="main.test").text == "1"
    assert len(site.log.find(r"shown$")) == 1


def test_each_line_is_a_line(site):
    for text in ("first", "second", "last", r"\\xc3\\xa4\\\\udc80\\\\0"):
        site.log.expect(line("error", text), times=1)
    site.log.expect(line("error", ""), times=2)
    assert site.get("/debug/lines", host="main.test").status == 200


def test_traceback(site):
    site.log.expect(line("error", "It failed:"), times=1)
    site.log.expect(line("error", r"Traceback \(most recent call last\):"), times=1)
    number = place('raise ValueError("of the')
    site.log.expect(line("error", rf'  File ".*/logged\.py", line {number}, in exception'), times=1)
    site.log.expect(line("error", r'    raise ValueError\("of the\\\\nhandler"\)'), times=1)
    site.log.expect(line("error", "ValueError: of the"), times=1)
    site.log.expect(line("error", "handler"), times=1)
    assert site.get("/debug/exception", host="main.test").status == 200


def test_formatter_and_level_of_the_handler(site):
    site.log.expect(line("error", "named/ERROR/kept"), times=1)
    assert site.get("/debug/named", host="main.test").status == 200
    assert not site.log.find("dropped")


@pytest.mark.parametrize("host", HOSTS)
def test_threads_use_the_main_servers_log(site, host):
    site.log.expect(line("error", "from a thread", owner=""), times=1)
    assert site.get("/debug/thread", host=host).status == 200


def test_cleanups(site):
    site.log.expect(line("error", "in a cleanup of the request"), times=1)
    site.log.expect(line("error", "in the cleanup phase"), times=1)
    assert site.get("/phase/cleanup", host="main.test").status == 200


def test_filters(site):
    site.log.expect(line("error", "in a filter of logged"))
    assert site.get("/filtered/plain", host="main.test").text == "filtered"


def test_records_that_cannot_be_formatted(site):
    site.log.expect(line("error", r"MPY0504: .*/logged\.py:\d+ was not written: TypeError \(interpreter 'main\.test'\)"), times=1)
    site.log.expect_traceback(line("error", "TypeError: (%d format|format argument 1: %d|not enough|not all).*"), times=1)
    assert site.get("/debug/wrong", host="main.test").text == "goes on"


def test_exceptions_that_cannot_be_shown(site):
    site.log.expect(line("error", r"MPY0504: .* was not written: Worse2 \(interpreter 'main\.test'\)"), times=1)
    site.log.expect_traceback(line("error", r"logged\.Worse2: <(exception str\(\) failed|unprintable Worse2 object)>"), times=1)
    assert site.get("/debug/worse", host="main.test").status == 200


def test_logging_while_formatting(site):
    site.log.expect(line("error", "from inside"), times=1)
    site.log.expect(line("error", "a thing that logs"), times=1)
    assert site.get("/debug/nested", host="main.test").status == 200


def test_logging_without_end(site):
    site.log.expect(line("error", "MPY0504: .*: logged by what formats another record .*"), times=1)
    site.log.expect(line("error", "endless"), times=5)
    assert site.get("/debug/endless", host="main.test").status == 200


def test_stderr_that_leads_to_logging(site):
    site.log.expect(line("error", "redirected: of print"), times=1)
    site.log.expect(line("error", "MPY0504: .*: TypeError .*"), times=1)
    site.log.expect_traceback(line("error", "TypeError: (%d format|format argument 1: %d).*"), times=1)
    assert site.get("/debug/redirected", host="main.test").status == 200


def test_long_messages_are_cut(site):
    site.log.expect(line("error", r"(\\xe2\\x82\\xac)+"), times=2)
    assert site.get("/debug/long", host="main.test").status == 200
    text = "".join(site.log.find("xac$"))
    assert text.count(r"\xe2\x82\xac") == 1000


def test_native_functions(site):
    code = """
    def error(function, *values):
        try:
            function(*values)
        except Exception as raised:
            return type(raised).__name__
    log = _apache._log
    result = ([_apache._is_logged(level) for level in (0, 3, 6, 7, 8, 15)], error(log, 3, b"x"), error(log, "3", "x"),
        error(log, 3, "x", b"file"), error(_apache._is_logged, None))
    """
    answers = [True, True, True, False, False, False]
    assert evaluate(site, code) == (answers, "TypeError", "TypeError", "TypeError", "TypeError")


def test_connections_and_servers(tree, mpm):
    own = """
    PythonChildInitHandler logged
    PythonChildExitHandler logged
    ErrorLogFormat "[%{u}t] [%-m:%l] [pid %P] [%v] [%{c}L] [%F] %M"
    ErrorLog "@ROOT@/logs/error.log"
    """
    places = {"first": f"{own}PythonConnectionHandler logged", "second": own}
    with hosts(tree, mpm, places, 'PythonPath "[\'@ROOT@/lib\'] + sys.path"', {"lib/logged.py": PAGES}, processes=1) as site:
        site.log.allow("imported in")
        for name in places:
            site.log.wait_for(rf"python:error\] \[pid \d+\] \[{name}\] \[logged\.py\(\d+\)\] init of {name}$")
            site.log.wait_for(rf"\[{name}\] .*stderr \(interpreter '{name}'\): printed for {name}$")
        with site.at("first") as client:
            number = client.read_to_end().decode()
        site.log.wait_for(rf"\[first\] \[{re.escape(number)}\] \[logged\.py\(\d+\)\] for a connection$")
        site.log.wait_for(rf"\[first\] \[{re.escape(number)}\] .*stderr \(interpreter 'first'\): begun for a connection$")
        site.stop_when_idle()
        for name in places:
            site.log.wait_for(rf"\[{name}\] \[logged\.py\(\d+\)\] exit of {name}$")


def test_outside_requests(httpd):
    site = httpd(config=CONFIG + SETUP, files=WHERE, processes=1)
    site.log.wait_for(line("warn", "imported in early", owner=""))
    site.log.wait_for(line("warn", "called by PythonImport", owner=""))
    site.stop_when_idle()
    site.log.wait_for(line("warn", "the child ends with data", owner=""))
