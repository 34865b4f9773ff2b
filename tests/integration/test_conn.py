"""The connection object of a request."""

import textwrap
import urllib.parse

from harness.snippets import run, snippet_server, value

site = snippet_server()


def test_closed_to_attributes(site):
    # spec: api:7/closed
    code = """
    c = req.connection
    result = (type(c).__name__, c is req.connection, error(setattr, c, "mine", 1)[0], error(getattr, c, "mine")[0],
        error(delattr, c, "keepalive"), error(delattr, c, "mine"), error(setattr, c, "aborted", 1)[0])
    """
    deleted = ("AttributeError", "can't delete connection attributes")
    assert run(site, code) == (
        "mp_conn", True, "AttributeError", "AttributeError", deleted, deleted, "AttributeError",
    )  # fmt: skip


def test_addresses(site):
    # spec: api:7/client_addr, api:7/client_ip, api:7/local_addr, api:7/local_ip
    with site.connect() as connection:
        own = connection.socket.getsockname()
        code = "c = req.connection\nresult = (c.client_addr, c.client_ip, c.local_addr, c.local_ip)"
        answer = connection.request("GET", "/run/x?" + urllib.parse.quote(code))
    assert value(site, answer) == (own, "127.0.0.1", ("127.0.0.1", site.port), "127.0.0.1")


def test_old_names_warn(site):
    # spec: api:7/remote_addr, api:7/remote_ip
    site.log.expect(r"python:warn\].*\[client 127\.0\.0\.1:\d+\] MPY0501: conn\.remote_addr .*conn\.client_addr", times=2)
    site.log.expect(r"python:warn\].*MPY0501: conn\.remote_ip .*conn\.client_ip.*PythonHandler", times=1)
    code = """
    c = req.connection
    result = (c.remote_addr == c.client_addr, c.remote_addr[0], c.remote_ip)
    """
    assert run(site, code) == (True, "127.0.0.1", "127.0.0.1")


def test_names(site):
    # spec: api:7/remote_host, api:7/remote_logname, api:7/local_host, api:7/double_reverse
    code = """
    c = req.connection
    result = (c.remote_host, c.remote_logname, c.local_host, c.double_reverse)
    """
    assert run(site, code) == (None, None, None, 0)


def test_numbers(site):
    # spec: api:7/aborted, api:7/id, api:7/hlist, api:A-20
    code = """
    c = req.connection
    result = (c.aborted, type(c.id).__name__, c.hlist)
    """
    assert run(site, code) == (0, "int", None)


def test_base_server(site):
    # spec: api:7/base_server
    code = """
    s = req.connection.base_server
    result = (type(s).__name__, s is req.connection.base_server, s.server_hostname)
    """
    assert run(site, code) == ("mp_server", True, "localhost")


def test_keepalive(site):
    # spec: api:7/keepalive, api:7/keepalives
    code = """
    c = req.connection
    before = (c.keepalive, c.keepalives)
    req.write("")
    req.write("(")
    during = (c.keepalive, c.keepalives)
    req.write("%r, %r, " % (before, during))
    result = error(setattr, c, "keepalive", "1")
    """
    with site.connect() as connection:
        # The snippet opens a tuple that holds its own result too.
        answers = [
            connection.request("GET", "/run/x?" + urllib.parse.quote(textwrap.dedent(code) + "\nreq.write(repr(result) + ')[:3] # ')"))
            for _ in range(2)
        ]
    wrong = ("TypeError", "keepalive must be a integer")
    texts = [answer.text.partition("[:3]")[0] for answer in answers]
    assert texts == [repr(((0, 0), (2, 1), wrong)), repr(((0, 1), (2, 2), wrong))]


def test_keepalive_is_writable(site):
    # spec: api:7/keepalive
    code = """
    req.connection.keepalive = apache.AP_CONN_CLOSE
    result = req.connection.keepalive
    """
    with site.connect() as connection:
        answer = connection.request("GET", "/run/x?" + urllib.parse.quote(textwrap.dedent(code)))
        assert value(site, answer) == 1
        assert answer.header("Connection") == "close"
        assert connection.read_to_end() == b""


def test_notes_live_as_long_as_the_connection(site):
    # spec: api:7/notes
    code = """
    n = req.connection.notes
    seen = n.get("count", "0")
    n["count"] = str(int(seen) + 1)
    result = (seen, n is req.connection.notes, type(n) is apache.table)
    """
    with site.connect() as connection:
        answers = [connection.request("GET", "/run/x?" + urllib.parse.quote(textwrap.dedent(code))) for _ in range(3)]
    assert [value(site, answer) for answer in answers] == [(str(n), True, True) for n in range(3)]
    assert run(site, code)[0] == "0"


def test_capsule(site):
    # spec: api:7/_conn_rec
    code = """
    import ctypes
    c = req.connection
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    result = (type(c._conn_rec).__name__, pointer(c._conn_rec, None) == pointer(c._conn_rec, None) != 0)
    """
    assert run(site, code) == ("PyCapsule", True)


def test_log_error(site):
    # spec: api:7/log_error
    site.log.expect(r"python:error\].*\[client 127\.0\.0\.1:\d+\] no level 100%s$", times=1)
    site.log.expect(r"python:warn\].*\[client [^\]]+\] a warning$", times=1)
    site.log.expect(r"python:emerg\].*\[client [^\]]+\] an emergency$", times=1)
    code = """
    log = req.connection.log_error
    log("no level 100%s")
    log("a warning", apache.APLOG_WARNING)
    log("an emergency", apache.APLOG_EMERG)
    log("too low to be seen", apache.APLOG_DEBUG)
    log(None)
    result = (error(log, b"x")[0], error(log, 1)[0], error(log, "x", "y")[0])
    """
    assert run(site, code) == ("TypeError",) * 3
    assert not site.log.find("too low")
