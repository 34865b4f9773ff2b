"""PythonConnectionHandler: which handler runs, in which interpreter, and what its result means."""

import os
import re
import time
from pathlib import Path

import pytest

from harness import client
from harness.errorlog import NO_LIBRARY
from harness.ports import hosts

HANDLERS = """
import os, sys, threading
from mod_python import apache

kept = []
calls = 0

def connectionhandler(conn):
    conn.write("default function")
    return apache.OK

def echo(conn):
    try:
        while True:
            conn.write(conn.readline())
    except OSError:
        return apache.OK

def evaluate(conn):
    conn.write(repr(eval(conn.readline(), globals(), {"conn": conn})))
    return apache.OK

def decline(conn):
    global calls
    calls += 1
    conn.notes["declined"] = "by %s, %d" % (apache.interpreter, calls)
    return apache.DECLINED

def first_line(conn):
    conn.notes["first"] = conn.readline().decode()
    return apache.DECLINED

def show(req):
    notes = req.connection.notes
    req.write(repr((req.uri, dict(notes.items()), req.connection.hlist)))
    return apache.OK

def result(conn):
    value = eval(conn.readline())
    if isinstance(value, BaseException):
        raise value
    return value

def keep(conn):
    kept[:] = [conn, conn.notes, conn.hlist, conn.base_server, conn.local_addr]
    conn.write("kept")
    return apache.OK

def look(conn):
    answers = []
    for what in ("c.id", "c.read()", "c.write('x')", "n.get('a')", "h.handler", "h.next()", "s.server_hostname"):
        try:
            answers.append(eval(what, {"c": kept[0], "n": kept[1], "h": kept[2], "s": kept[3]}))
        except Exception as error:
            answers.append(type(error).__name__)
    conn.write(repr(answers))
    return apache.OK

def thread(conn):
    answers = []
    def use():
        for what in (lambda: conn.id, conn.read, conn.readline, lambda: conn.write("x"), lambda: conn.notes["a"]):
            try:
                answers.append(what())
            except Exception as error:
                answers.append(type(error).__name__)
    other = threading.Thread(target=use)
    other.start()
    other.join()
    conn.write(repr(answers))
    return apache.OK

class Talk:
    def __init__(self, conn):
        self.conn = conn
    def talk(self, conn):
        conn.write(repr(self.conn is conn))
        return apache.OK
"""

HOSTS = {
    "echo": "PythonConnectionHandler conns::echo",
    "default": "PythonConnectionHandler conns",
    "evaluate": "PythonConnectionHandler conns::evaluate",
    "named": "PythonInterpreter mine\nPythonConnectionHandler conns::evaluate",
    "directive": "PythonInterpPerDirective On\nPythonConnectionHandler conns::evaluate",
    "directory": "PythonInterpPerDirectory On\nPythonConnectionHandler conns::evaluate",
    "decline": "PythonConnectionHandler conns::decline",
    "first": "PythonConnectionHandler conns::first_line",
    "result": "PythonDebug On\nPythonConnectionHandler conns::result",
    "missing": "PythonConnectionHandler no_such_module",
    "function": "PythonConnectionHandler conns::missing",
    "keep": "PythonInterpreter k\nPythonConnectionHandler conns::keep",
    "look": "PythonInterpreter k\nPythonConnectionHandler conns::look",
    "thread": "PythonConnectionHandler conns::thread",
    "method": "PythonConnectionHandler conns::Talk.talk",
    "two": "PythonConnectionHandler conns::evaluate conns::echo",
    "lines": "PythonConnectionHandler conns::evaluate\nPythonConnectionHandler conns::echo",
    "extension": "PythonConnectionHandler conns::echo | .x",
    "name-a": "PythonConnectionHandler conns::evaluate",
}

CONFIG = """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler conns::show
</Directory>
<VirtualHost 127.0.0.1:@decline@>
    ServerName second.example.com
    PythonConnectionHandler conns::echo
</VirtualHost>
<Location "/server-status">
    SetHandler server-status
</Location>
<IfModule mod_reqtimeout.c>
    RequestReadTimeout header=1 body=1
</IfModule>
"""

#: The main interpreter goes by the name of the server that is bound to it.
MAIN = "localhost"

WARNINGS = (
    r"MPY0101: PythonConnectionHandler at \S+: only the first connection handler of a server runs",
    r"MPY0101: PythonConnectionHandler at \S+: a connection has no file name: a handler with an extension never runs",
)


@pytest.fixture(scope="module")
def site(tree, mpm):
    with hosts(tree, mpm, HOSTS, CONFIG, {"htdocs/conns.py": HANDLERS}, processes=1, modules=("status", "reqtimeout")) as running:
        running.log.expect(WARNINGS[0])
        running.log.expect(WARNINGS[1])
        yield running


def ask(site, host, line):
    """Send a line, return all that comes back until httpd closes the connection."""
    return client.exchange(site.ports[host], line.encode() + b"\n")


def evaluate(site, host, text):
    return eval(ask(site, host, text))


def test_warnings(site):
    # spec: directives:D-20
    # httpd reads its configuration twice, the first time before the log is open.
    text = site.log.all_text()
    assert len(re.findall(WARNINGS[0], text)) >= 2
    assert len(re.findall(WARNINGS[1], text)) >= 1


def test_echo(site):
    # spec: directives:9.10.3, directives:5/PythonConnectionHandler
    with site.at("echo") as connection:
        for line in (b"one\n", b"\n", b"two\r\n", b"\xff\x00\n", b"x" * 20000 + b"\n"):
            connection.send(line)
            assert connection.read_line() == line
        connection.send(b"no newline")
        connection.socket.shutdown(1)
        assert connection.read_to_end() == b"no newline"


def test_default_function(site):
    # spec: directives:5/PythonConnectionHandler
    assert ask(site, "default", "") == b"default function"


def test_class(site):
    # spec: directives:4.3/class-method-path
    assert ask(site, "method", "") == b"True"


def test_attributes(site):
    # spec: api:7/hlist, api:7/base_server, api:7/local_addr, api:7/client_addr, directives:9.10.7
    code = (
        "(conn.hlist.handler, conn.hlist.directory, conn.hlist.silent, conn.hlist.is_location, conn.hlist is conn.hlist,"
        " conn.base_server.server_hostname, conn.local_addr, conn.client_ip, conn.aborted, conn.keepalives,"
        " apache._apache.current_request(), repr(conn.hlist), conn.hlist.next(), conn.hlist.handler, conn.hlist.parent)"
    )
    text = "{'handler':'conns::evaluate','is_location':False,'silent':0}"
    assert evaluate(site, "evaluate", code) == (
        "conns::evaluate", None, 0, 0, True, "evaluate", ("127.0.0.1", site.ports["evaluate"]), "127.0.0.1", 0, 0,
        None, text, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "host, name",
    [("evaluate", "evaluate"), ("named", "mine"), ("directive", MAIN), ("directory", "directory")],
)
def test_interpreter(site, host, name):
    # spec: interpreters:1.1/PythonInterpreter, interpreters:1.1/PythonInterpPerDirective, interpreters:1.1/server-name, interpreters:1.2/connection
    found, child = evaluate(site, host, "(apache.interpreter, os.getpid())")
    assert found == name
    assert child in site.children()


def test_address_decides(site):
    # spec: directives:9.10.1
    assert evaluate(site, "name-a", "conn.base_server.server_hostname") == "name-a"
    assert evaluate(site, "evaluate", "conn.base_server.port") is not None
    # The main server has no handler.
    assert site.get("/x").text == repr(("/x", {}, None))


def test_names_share_the_handler_of_their_address(site):
    # spec: directives:9.10.1
    answer = client.exchange(site.ports["decline"], client.compose("GET", "/x", host="second.example.com"))
    assert eval(client.parse(answer).text)[1]["declined"].startswith("by decline, ")


def test_no_limit_of_http_holds(site):
    # spec: directives:9.10.3
    # RequestReadTimeout is for requests.
    with site.at("echo") as connection:
        for _ in range(2):
            time.sleep(1.2)
            connection.send(b"slow\n")
            assert connection.read_line() == b"slow\n"


def test_the_thread_counts_as_busy(site):
    if site.mpm == "prefork":
        # Its only child answers after the connection.
        return
    with site.at("echo") as connection:
        connection.send(b"x\n")
        assert connection.read_line() == b"x\n"
        status = site.get("/server-status?auto").text
        assert "R" in re.search(r"^Scoreboard: (\S+)", status, re.M)[1]


def test_only_the_first_runs(site):
    # spec: directives:9.10.2
    assert evaluate(site, "two", "conn.hlist.handler") == "conns::evaluate"
    assert evaluate(site, "lines", "conn.hlist.handler") == "conns::evaluate"


def test_extension_never_runs(site):
    # spec: directives:4.1.8, directives:D-20
    assert client.parse(client.exchange(site.ports["extension"], client.compose("GET", "/x"))).text == "('/x', {}, None)"


def test_declined(site):
    # spec: directives:9.10.3, api:7/notes
    seen = []
    for _ in range(2):
        with site.at("decline") as connection:
            # Once for each connection, however long it is kept alive.
            texts = [eval(connection.request("GET", f"/{n}").text)[1]["declined"] for n in range(3)]
        seen += [int(re.fullmatch(r"by decline, (\d+)", text)[1]) for text in texts]
    assert seen == [seen[0]] * 3 + [seen[0] + 1] * 3


def test_what_was_not_read_is_left_to_http(site):
    # spec: directives:9.10.3
    data = b"hello\n" + client.compose("GET", "/x")
    answer = client.parse(client.exchange(site.ports["first"], data))
    assert answer.text == repr(("/x", {"first": "hello\n"}, None))


@pytest.mark.parametrize("value", ["apache.OK", "apache.DONE", "500", "404", "200", "-3", "7"])
def test_integers_close(site, value):
    # spec: directives:9.10.3
    assert ask(site, "result", value) == b""


NON_INTEGERS = {
    "None": "NoneType",
    "'x'": "str",
    "True": "bool",
    "1.0": "float",
}


@pytest.mark.parametrize("value", NON_INTEGERS)
def test_non_integer(site, value):
    # spec: directives:9.10.4, directives:7.13
    site.log.expect(
        r"\[client 127.0.0.1:\d+\] MPY0416: PythonConnectionHandler conns::result: uncaught AssertionError "
        r"\(phase PythonConnectionHandler, interpreter 'result'\)", 1,
    )  # fmt: skip
    site.log.expect_traceback(
        r"ConnectionHandler conns::result: AssertionError: handler 'conns::result' returned, or raised SERVER_RETURN "
        rf"with, a non-integer: found {NON_INTEGERS[value]}, expected int", 1,
    )  # fmt: skip
    assert ask(site, "result", value) == b""


def test_integer_too_large(site):
    # spec: directives:9.10.4, directives:D-12
    site.log.expect("MPY0416: PythonConnectionHandler conns::result: uncaught OverflowError", 1)
    site.log.expect_traceback("ConnectionHandler conns::result: OverflowError: handler 'conns::result' returned", 1)
    assert ask(site, "result", "2 ** 40") == b""


@pytest.mark.parametrize(
    "value, last",
    [
        ("ValueError('no')", "ValueError: no"),
        ("SystemExit(1)", "SystemExit: 1"),
        ("KeyboardInterrupt()", "KeyboardInterrupt"),
        ("apache.SERVER_RETURN(apache.OK)", r".*SERVER_RETURN: 0"),
        ("apache.SERVER_RETURN(apache.DECLINED)", r".*SERVER_RETURN: -1"),
    ],
)
def test_exception(site, value, last):
    # spec: directives:9.10.5, directives:9.10.6, directives:7.13
    site.log.expect(r":error\] .*MPY0416: PythonConnectionHandler conns::result: uncaught ", 1)
    site.log.expect_traceback(rf"\[client [^\]]+\] ConnectionHandler conns::result: {last}$", 1)
    assert ask(site, "result", value) == b""


@pytest.mark.parametrize(
    "host, last",
    [
        ("missing", "no_such_module: ModuleNotFoundError: No module named 'no_such_module'"),
        ("function", r"conns::missing: AttributeError: module '.*/conns.py' contains no 'missing'"),
    ],
)
def test_handler_cannot_be_had(site, host, last):
    # spec: directives:9.10.5, directives:4.2.4
    before = evaluate(site, "evaluate", "os.getpid()")
    site.log.expect("MPY0416: PythonConnectionHandler ", 1)
    site.log.expect_traceback(f"ConnectionHandler {last}", 1)
    assert ask(site, host, "") == b""
    assert evaluate(site, "evaluate", "os.getpid()") == before


def test_expired(site):
    # spec: directives:D-19
    assert ask(site, "keep", "") == b"kept"
    assert evaluate(site, "look", "") == ["ExpiredError"] * 6 + ["keep"]


def test_other_thread(site):
    # spec: interpreters:4.1
    assert evaluate(site, "thread", "") == ["ExpiredError"] * 5


def test_no_leak(site):
    # spec: directives:D-19, api:A-26
    [child] = site.children()
    # Without a collection the count has as many objects of dead cycles as the collector's threshold lets wait.
    code = "(conn.notes, conn.hlist, conn.base_server, __import__('gc').collect(), sys.getallocatedblocks())[3:]"

    def memory(connections):
        for _ in range(connections):
            answer = ask(site, "evaluate", code)
        resident = int(Path(f"/proc/{child}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return eval(answer)[1], resident

    memory(100)
    for _ in range(3):
        blocks, resident = memory(20)
        blocks_later, resident_later = memory(500)
        # What Python keeps for itself, such as specialised code, comes once; a leak adds to every round.
        if blocks_later - blocks < 100:
            break
    assert blocks_later - blocks < 100, "Python objects are left of each connection"
    assert resident_later - resident < 2_000_000


def test_graceful_restart_while_a_handler_waits(tree, mpm):
    # spec: interpreters:2.9
    with hosts(tree, mpm, {"echo": HOSTS["echo"]}, "", {"htdocs/conns.py": HANDLERS}, processes=2) as running:
        with running.at("echo") as connection:
            assert say(connection, b"before\n") == b"before\n"
            running.graceful()
            # The old child goes on with it, a new one has the next.
            assert say(connection, b"after\n") == b"after\n"
            with running.at("echo") as other:
                assert say(other, b"new\n") == b"new\n"


def test_no_interpreter(tree, mpm):
    # spec: interpreters:2.5
    own = {"handler": "PythonConnectionHandler conns", "early": "PythonPreConnectionHandler conns"}
    with hosts(tree, mpm, own, "", {}, processes=1, env={"PYTHONHOME": "/nonexistent"}) as running:
        running.log.allow(rf"MPY0201|{NO_LIBRARY}", always=True)
        before = running.children()
        for host, directive in (("handler", "PythonConnectionHandler"), ("early", "PythonPreConnectionHandler")):
            running.log.expect(
                rf"\[client [^\]]+\] MPY0204: can't get/create interpreter '{host}' \(phase {directive}\): ", times=2
            )
            for _ in range(2):
                assert client.exchange(running.ports[host], b"") == b""
            running.log.check()
        assert running.children() == before


# With event httpd itself waits for its threads, ten seconds until it kills the child, for requests as well.
@pytest.mark.parametrize("kind", ["prefork", "worker"])
@pytest.mark.parametrize("how", ["restart", "stop"])
def test_end_while_a_handler_waits(tree, kind, how):
    # spec: interpreters:2.9
    with hosts(tree, kind, {"echo": HOSTS["echo"]}, "", {"htdocs/conns.py": HANDLERS}, processes=2) as running:
        with running.at("echo") as connection:
            assert say(connection, b"before\n") == b"before\n"
            started = time.monotonic()
            getattr(running, how)()
            assert time.monotonic() - started < 8
        if how == "restart":
            with running.at("echo") as other:
                assert say(other, b"new\n") == b"new\n"


def say(connection, line):
    """Send a line and return the one that comes back."""
    connection.send(line)
    return connection.read_line()
