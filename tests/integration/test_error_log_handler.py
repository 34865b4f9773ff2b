"""PythonErrorLogHandler: every line of the error log, in a thread of its own, whoever wrote it and whatever it held."""

import json
import re
import threading
import time

import pytest

from harness import Httpd, server
from harness.errorlog import read_lines
from harness.waiting import until

LINES = '''
import json
import os
import threading
import time

from mod_python import _apache, apache
from mod_python.errorlog import ErrorLine

def keep(kind, line):
    with open("@ROOT@/tmp/lines", "a") as lines:
        facts = line._asdict()
        facts["server"] = line.server.server_hostname
        facts.update(kind=kind, interpreter=apache.interpreter, type=type(line).__name__,
                     request=_apache.current_request() is not None, thread=threading.get_native_id())
        lines.write(json.dumps(facts) + "\\n")

def errorloghandler(line):
    assert isinstance(line, ErrorLine) and isinstance(line.server, _apache.mp_server)
    keep("first", line)

def second(line):
    if line.module == "python" and "say" in line.message:
        apache.log_error("echo of " + line.message)
        line.server.log_error("echo again")
    return apache.DECLINED

def others(line):
    keep("others", line)

class Tool:
    def __init__(self, line):
        self.line = line

    def method(self, line):
        keep("method %s" % (line is self.line), line)
        return apache.OK

def fail(line):
    raise ValueError("on purpose")

def leave(line):
    raise SystemExit(3)

def number(line):
    return 403

def text(line):
    return "text"

def stop(line):
    raise apache.SERVER_RETURN(apache.OK)

def stop_with(line):
    raise apache.SERVER_RETURN(apache.HTTP_GONE, 1)

def slow(line):
    if "slowly" in line.message:
        while not os.path.exists("@ROOT@/tmp/go"):
            time.sleep(0.01)
    keep("slow", line)

def blocked(line):
    while "wait" in line.message and not os.path.exists("@ROOT@/tmp/go"):
        time.sleep(0.01)
    keep("blocked", line)

def forever(line):
    while True:
        time.sleep(60)

def childinithandler(server):
    server.log_error("said at the start")

def childexithandler(server):
    server.log_error("said at the end")

def left(server):
    open("@ROOT@/tmp/left", "w").close()

def handler(req):
    what, _, argument = (req.args or "").partition("=")
    if what == "request":
        req.log_error(argument, apache.APLOG_WARNING)
    elif what == "server":
        req.server.log_error(argument)
    elif what == "connection":
        req.connection.log_error(argument)
    elif what == "main":
        apache.log_error(argument)
    elif what == "debug":
        req.log_error(argument, apache.APLOG_DEBUG)
    elif what == "bytes":
        req.log_error("a\\nb \\udcff \\u20ac")
    elif what == "many":
        for number in range(int(argument)):
            apache.log_error("wait %d" % number)
    elif what == "slowly":
        for number in range(int(argument)):
            apache.log_error("slowly %d" % number)
    elif what == "fork":
        pid = os.fork()
        if pid == 0:
            try:
                _apache.log_error("said in a fork")
            finally:
                os._exit(7)
        req.write("%d " % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    req.write("content %d" % os.getpid())
    return apache.OK
'''

HOSTS = """
PythonPath "sys.path + ['@ROOT@/python']"
<Location "/">
    SetHandler mod_python
    PythonHandler lines
    Require all granted
</Location>
<Location "/denied">
    SetHandler none
    Require all denied
</Location>
"""
FILES = {"python/lines.py": LINES, "python/broken.py": "def x(:\n", "htdocs/denied/x": "denied"}


def kept(site, pattern=""):
    file = site.root / "tmp/lines"
    lines = [json.loads(line) for line in read_lines(file).splitlines()] if file.exists() else []
    return [line for line in lines if re.search(pattern, line["message"])]


def wait_for(site, pattern, times=1):
    """The lines that handlers kept: they come a moment after the log has them."""
    end = time.monotonic() + 10
    while len(found := kept(site, pattern)) < times:
        assert time.monotonic() < end, kept(site)
        time.sleep(0.02)
    return found


site = server(
    "PythonErrorLogHandler lines lines::second lines::Tool.method\n"
    + HOSTS
    + """
    <VirtualHost 127.0.0.1:@PORT@>
        ServerName one.test
    </VirtualHost>
    <VirtualHost 127.0.0.1:@PORT@>
        ServerName two.test
        PythonOption own yes
    </VirtualHost>
    <VirtualHost 127.0.0.1:@PORT@>
        ServerName other.test
        PythonInterpreter elsewhere
        PythonErrorLogHandler lines::others
    </VirtualHost>
    <VirtualHost 127.0.0.1:@PORT@>
        ServerName quiet.test
        LogLevel crit
    </VirtualHost>
    """,
    FILES,
    processes=1,
)


def test_a_line_of_httpd(site):
    site.log.expect("AH01630: client denied", times=1)
    with site.connect() as connection:
        port = connection.socket.getsockname()[1]
        assert connection.request("GET", "/denied/x?secret", host="one.test").status == 403
    first, method = wait_for(site, "AH01630: client denied by server configuration: .*/denied/x", 2)[:2]
    assert (first["kind"], method["kind"], first["type"]) == ("first", "method True", "ErrorLine")
    assert (first["level"], first["level_name"], first["module"]) == (3, "error", "authz_core")
    assert first["file"].endswith("mod_authz_core.c") and first["line"] > 0
    assert (first["client"], first["method"], first["uri"]) == (["127.0.0.1", port], "GET", "/denied/x")
    assert (first["server"], first["interpreter"]) == ("one.test", "one.test")
    assert first["pid"] in site.children() and abs(first["time"] - time.time()) < 60
    assert first["log_id"] and not first["request"]
    # Called by another thread than the one that wrote it.
    assert first["tid"] != first["thread"]
    logged = site.log.find("AH01630")[0]
    assert f"pid {first['pid']}" in logged


@pytest.mark.parametrize(
    ("what", "level", "client", "uri"),
    [
        ("request", "warn", True, "/x"),
        ("server", "error", False, None),
        ("connection", "error", True, None),
        ("main", "error", False, None),
    ],
)
def test_lines_of_python(site, what, level, client, uri):
    site.log.expect(f"python:{level}.*from {what}", times=1)
    assert site.get(f"/x?{what}=from%20{what}".replace("%20", "_"), host="two.test").status == 200
    site.log.reset()
    found = wait_for(site, f"from_{what}$")[0]
    assert (found["level_name"], found["module"], found["uri"]) == (level, "python", uri)
    assert (found["client"] is not None, found["log_id"] is not None) == (client, client)
    # A connection has the server of its address; what belongs to no server goes to the main one.
    assert found["server"] == {"connection": "one.test", "main": "localhost"}.get(what, "two.test")


def test_text_is_as_in_the_log(site):
    site.log.expect(r"a\\nb ", times=1)
    assert site.get("/x?bytes").status == 200
    message = wait_for(site, "^a..b ")[0]["message"]
    assert message in site.log.find(r"a\\nb ")[0]


def test_what_is_not_logged_is_not_shown(site):
    site.get("/x?debug=hidden")
    site.get("/x?request=hidden_too", host="quiet.test")
    site.log.expect("shown", times=1)
    site.get("/x?request=shown")
    wait_for(site, "^shown$")
    assert not kept(site, "hidden")


def test_a_virtual_host_with_handlers_of_its_own(site):
    site.log.expect("for_the_other", times=1)
    site.get("/x?request=for_the_other", host="other.test")
    found = wait_for(site, "for_the_other")
    assert [(line["kind"], line["interpreter"]) for line in found] == [("others", "elsewhere")]


def test_lines_of_a_handler_are_not_shown_again(site):
    site.log.expect("say_something$", times=2)
    site.log.expect("echo of say_something", times=1)
    site.log.expect("echo again", times=1)
    site.get("/x?request=say_something")
    wait_for(site, "say_something", 2)
    site.log.wait_for("echo again")
    time.sleep(0.2)
    assert not kept(site, "echo")


BAD = {
    "no_such_module": "ModuleNotFoundError: No module named 'no_such_module'",
    "broken": "SyntaxError: invalid syntax",
    "lines::missing": "AttributeError: module '.*/lines.py' contains no 'missing'",
    "lines::fail": "ValueError: on purpose",
    "lines::leave": "SystemExit: 3",
}
STRANGE = {"lines::number": "403", "lines::text": "<class 'str'>", "lines::stop_with": "410"}


def test_failures_are_logged_once(httpd):
    handlers = " ".join([*BAD, *STRANGE, "lines::stop", "lines"])
    site = httpd(config=f"PythonErrorLogHandler {handlers}\n" + HOSTS, files=FILES, processes=1, log_level="warn")
    directive = "PythonErrorLogHandler"
    # Nothing was logged so far: the first line comes with the first request.
    pids = site.children()
    for text, last in BAD.items():
        site.log.expect(rf":error\].*MPY0410: {directive} {text}: uncaught \w+ \(interpreter '\w+'\)", times=1)
        site.log.expect(rf":error\].*{directive} {text}: {last}", times=1)
        site.log.allow(rf"{directive} {text}: ")
    for text, shown in STRANGE.items():
        site.log.expect(rf"MPY0404: {directive} {text}: the result {shown} has no meaning here \(interpreter", times=1)
    site.log.expect("line_of_a_request", times=20)
    for _ in range(20):
        assert site.get("/x?request=line_of_a_request").status == 200
    found = wait_for(site, "line_of_a_request", 20)
    assert {line["kind"] for line in found} == {"first"}
    assert site.children() == pids


def test_a_slow_handler_holds_nobody_up(httpd):
    site = httpd(config="PythonErrorLogHandler lines::blocked\n" + HOSTS, files=FILES, processes=1)
    site.log.allow("python:error.* wait ")
    site.log.expect(r"MPY0417: (199|200|201) lines came faster than PythonErrorLogHandler took them", times=1)
    started = time.monotonic()
    for _ in range(4):
        assert site.get("/x?many=300").status == 200
    assert time.monotonic() - started < 5
    assert not kept(site)
    site.write("tmp/go", "")
    wait_for(site, "wait", 1000)
    site.log.wait_for("MPY0417")
    assert len(kept(site, "wait")) in (1000, 1001)


def test_start_and_end_of_a_child(httpd):
    site = httpd.make(
        config="PythonErrorLogHandler lines::slow\nPythonChildInitHandler lines\nPythonChildExitHandler lines\n" + HOSTS,
        files=FILES,
        processes=1,
    )
    site.log.expect("said at the start", times=1)
    site.start()
    wait_for(site, "said at the start")
    site.log.allow("slowly", always=True)
    site.log.allow("said at the end", always=True)
    assert site.get("/x?slowly=20").status == 200
    assert not kept(site, "slowly")
    stop = threading.Thread(target=site.stop_when_idle)
    stop.start()
    until(lambda: "mod_python exit" in site.thread_names(), 20)
    site.write("tmp/go", "")
    stop.join()
    # What waited was shown before the exit handlers ran, whose own lines are not.
    assert [line["message"] for line in kept(site, "slowly")] == [f"slowly {number}" for number in range(20)]
    assert not kept(site, "said at the end")


def test_a_handler_that_never_returns(httpd):
    site = httpd(
        config="PythonErrorLogHandler lines::forever\nPythonChildExitHandler lines::left\n" + HOSTS,
        files=FILES,
        processes=1,
    )
    site.log.allow(r"python:warn.* line_\d")
    # httpd's remark after three seconds.
    site.log.allow(r"AH00045: child process \d+ still did not exit, sending a SIGTERM")
    # It holds up nobody but itself.
    for number in range(3):
        assert site.get(f"/x?request=line_{number}").status == 200
    # The end waits two seconds for it, and goes on with what others registered.
    seconds = site.stop_when_idle()
    began = time.time() - seconds
    assert 1.5 < (site.root / "tmp/left").stat().st_mtime - began < 4.5


def test_stop_in_the_middle_of_requests(httpd):
    site = httpd(config="PythonErrorLogHandler lines::slow\n" + HOSTS, files={**FILES, "tmp/go": ""}, processes=2)
    site.log.allow("python:error", always=True)
    for _ in range(3):
        site.get("/x?many=50")
        site.graceful()
        site.get("/x?slowly=5")
    with site.connect() as connection:
        connection.request("GET", "/x?slowly=5")
        started = time.monotonic()
        site.stop()
        assert time.monotonic() - started < 8


def test_with_a_failing_cgi_script(httpd):
    # Between fork and exec mod_cgi logs in a copy of the child.
    site = httpd.make(
        config='PythonErrorLogHandler lines\nPythonPath "[\'@ROOT@/python\'] + sys.path"\nScriptAlias /cgi/ "@DOCS@/cgi/"\n'
        '<Directory "@DOCS@/cgi">\nOptions +ExecCGI\n</Directory>\n',
        files={**FILES, "htdocs/cgi/script": "#!/no/such/program\n"},
        processes=1,
        modules=["cgi"],
    )
    (site.docs / "cgi/script").chmod(0o755)
    site.start()
    site.log.allow("AH0|End of script output before headers|exec of|No such file")
    for _ in range(3):
        assert site.get("/cgi/script").status == 500
    wait_for(site, "End of script output before headers|AH01241|AH01215", 3)


def test_in_a_fork(httpd):
    # It must not hang on a lock that another thread held when it was made. Only a process with one interpreter can fork.
    site = httpd(config="PythonErrorLogHandler lines\n" + HOSTS, files=FILES, processes=1)
    site.log.expect("said in a fork", times=5)
    site.log.allow("python:error.* wait ")
    for _ in range(5):
        assert site.get("/x?many=20").status == 200
        assert site.get("/x?fork").text.startswith("7 ")
    wait_for(site, "wait", 100)
    assert not kept(site, "said in a fork")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('<Directory "@DOCS@">\n{} lines\n</Directory>', "{} not allowed in <Dire"),
        ('<Location "/x">\n{} lines\n</Location>', "{} not allowed in <Loca"),
        ("{} lines | .py", '{} does not accept "| .ext" syntax.'),
    ],
)
def test_refused(tree, line, said):
    made = Httpd(tree, "event", line.format("PythonErrorLogHandler"))
    try:
        status, output = made.check_config()
    finally:
        made.remove()
    assert status != 0
    assert said.format("PythonErrorLogHandler") in output
