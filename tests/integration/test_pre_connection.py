"""PythonPreConnectionHandler: for each client's connection, before anything of it is read."""

import socketserver
import threading

import pytest

from harness import client
from harness.ports import hosts

HANDLERS = """
from mod_python import apache

kept = []

def error(call, *args):
    try:
        return call(*args)
    except Exception as raised:
        return type(raised).__name__, str(raised)

def preconnectionhandler(conn):
    conn.notes["pre"] = conn.notes.get("pre", "") + "default "
    return apache.OK

def note(conn):
    conn.notes["pre"] = repr((
        conn.client_addr[0], conn.local_addr, conn.base_server.server_hostname, apache.interpreter, conn.hlist.handler,
        conn.hlist.next(), conn.hlist.handler, apache._apache.current_request(),
    ))
    return apache.DECLINED

def io(conn):
    conn.notes["pre"] = repr([error(conn.read), error(conn.readline), error(conn.write, "x")])
    return apache.OK

def keep(conn):
    kept[:] = [conn, conn.notes, conn.hlist]
    return apache.OK

def result(conn):
    value = eval(apache.main_server.get_options()["answer-" + conn.base_server.server_hostname])
    if isinstance(value, BaseException):
        raise value
    return value

def log(conn):
    conn.log_error("a client's connection")
    return apache.OK

def never(conn):
    conn.log_error("this one is never reached")
    return apache.OK

def connectionhandler(conn):
    conn.write(conn.notes["pre"])
    return apache.OK

def show(req):
    notes = req.connection.notes
    req.write(repr((notes.get("pre"), req.connection.hlist)))
    return apache.OK

def expired(req):
    answers = [error(lambda: kept[0].id), error(kept[1].get, "pre"), error(lambda: kept[2].handler)]
    req.write(repr([answer[0] for answer in answers]))
    return apache.OK
"""

RESULTS = {
    "ok": "apache.OK",
    "declined": "apache.DECLINED",
    "done": "apache.DONE",
    "forbidden": "403",
    "other": "7",
    "negative": "-7",
    "none": "None",
    "exception": "ValueError('no')",
    "return": "apache.SERVER_RETURN(apache.OK)",
}

HOSTS = {
    "plain": "PythonPreConnectionHandler pre",
    "several": "PythonPreConnectionHandler pre pre\nPythonPreConnectionHandler pre",
    "note": "PythonPreConnectionHandler pre::note pre::never",
    "io": "PythonPreConnectionHandler pre::io",
    "keep": "PythonInterpreter localhost\nPythonPreConnectionHandler pre::keep",
    "both": "PythonPreConnectionHandler pre\nPythonConnectionHandler pre",
    "extension": "PythonPreConnectionHandler pre::never | .x",
    "missing": "PythonPreConnectionHandler no_such_module",
    "without": "",
    **{name: "PythonPreConnectionHandler pre::result pre" for name in RESULTS},
}

CONFIG = (
    """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler pre::show
    <Files "expired">
        PythonInterpreter localhost
        PythonHandler pre::expired
    </Files>
</Directory>
"""
    + "\n".join(f'PythonOption answer-{name} "{value}"' for name, value in RESULTS.items())
)


@pytest.fixture(scope="module")
def backend():
    """The port of a server that is no httpd."""
    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield serving.server_address[1]
        serving.shutdown()
        thread.join()


class Answer(socketserver.StreamRequestHandler):
    """Answers one request."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbehind")


@pytest.fixture(scope="module")
def site(tree, mpm, backend):
    files = {"htdocs/pre.py": HANDLERS, "htdocs/expired": ""}
    proxy = f'PythonPreConnectionHandler pre::log\nProxyPass "/" "http://127.0.0.1:{backend}/"'
    options = {"processes": 1, "modules": ("proxy", "proxy_http")}
    with hosts(tree, mpm, {**HOSTS, "proxy": proxy}, CONFIG, files, **options) as running:
        running.log.expect("MPY0101: PythonPreConnectionHandler at .*: a connection has no file name")
        yield running


def get(site, host, path="/x"):
    return client.parse(client.exchange(site.ports[host], client.compose("GET", path)))


def show(site, host):
    return eval(get(site, host).text)


def test_runs_before_http(site):
    assert show(site, "plain") == ("default ", None)
    # The main server has no such handler, nor has one of its virtual hosts.
    assert eval(site.get("/x").text) == (None, None)
    assert show(site, "without") == (None, None)


def test_once_for_each_connection(site):
    for _ in range(2):
        with site.at("plain") as connection:
            assert [eval(connection.request("GET", "/x").text)[0] for _ in range(3)] == ["default "] * 3


def test_every_handler_runs(site):
    assert show(site, "several") == ("default " * 3, None)


def test_attributes(site):
    # The second handler is passed over by conn.hlist.next().
    assert eval(show(site, "note")[0]) == (
        "127.0.0.1", ("127.0.0.1", site.ports["note"]), "note", "note", "pre::note", None, "pre::never", None,
    )  # fmt: skip


def test_nothing_can_be_read_yet(site):
    text = "the connection cannot be read or written yet: httpd opens it after its PythonPreConnectionHandlers"
    assert eval(show(site, "io")[0]) == [("RuntimeError", text)] * 3


def test_with_a_connection_handler(site):
    assert client.exchange(site.ports["both"], b"") == b"default "


def test_expired(site):
    assert show(site, "keep") == (None, None)
    assert eval(site.get("/expired").text) == ["ExpiredError"] * 3


def test_extension_never_runs(site):
    assert show(site, "extension") == (None, None)


@pytest.mark.parametrize("host", ["ok", "declined"])
def test_goes_on(site, host):
    assert show(site, host) == ("default ", None)


@pytest.mark.parametrize("host", ["done", "forbidden", "other", "negative"])
def test_refused(site, host):
    before = site.children()
    for _ in range(5):
        assert refused(site, host)
    assert show(site, "plain") == ("default ", None)
    assert site.children() == before


def refused(site, host):
    """Tell whether a connection is closed without a byte."""
    try:
        return client.exchange(site.ports[host], client.compose("GET", "/x")) == b""
    except (ConnectionResetError, BrokenPipeError):
        # httpd has read nothing of what we sent.
        return True


@pytest.mark.parametrize(
    "host, last",
    [
        ("none", r"pre::result: AssertionError: handler 'pre::result' returned, .* found NoneType, expected int"),
        ("exception", "pre::result: ValueError: no"),
        ("return", ".*SERVER_RETURN: 0"),
        ("missing", "no_such_module: ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_failure_closes(site, host, last):
    site.log.expect(
        rf":error\].*\[client [^\]]+\] MPY0416: PythonPreConnectionHandler \S+: uncaught \w+ "
        rf"\(phase PythonPreConnectionHandler, interpreter '{host}'\)", 1,
    )  # fmt: skip
    site.log.expect_traceback(f"PreConnectionHandler {last}", 1)
    assert refused(site, host)
    assert show(site, "plain") == ("default ", None)


def test_not_for_the_connections_of_a_proxy(site):
    # The proxy's own connection belongs to the virtual host that has the handler, too.
    site.log.expect("a client's connection", times=1)
    assert get(site, "proxy").text == "behind"


def test_memory(site):
    [child] = site.children()
    for _ in range(50):
        show(site, "plain")

    def resident():
        with open(f"/proc/{child}/statm") as file:
            return int(file.read().split()[1]) * 4096

    before = resident()
    for _ in range(300):
        show(site, "plain")
    assert resident() - before < 2_000_000
