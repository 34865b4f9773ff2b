"""Objects that outlive their request, and threads that have no business with it."""

import pytest

from harness import server

pytestmark = pytest.mark.interpreters

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
<Location "/">
    SetHandler mod_python
    PythonHandler pages
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName sub.test
</VirtualHost>
"""

PAGES = """
import threading

from mod_python import apache

kept = []

ATTEMPTS = {
    "req.uri": lambda req, table, conn: req.uri,
    "req.write": lambda req, table, conn: req.write("x"),
    "req.headers_in": lambda req, table, conn: req.headers_in,
    "set": lambda req, table, conn: setattr(req, "content_type", "text/html"),
    "table.get": lambda req, table, conn: table["Host"],
    "table.add": lambda req, table, conn: table.add("X", "y"),
    "len": lambda req, table, conn: len(table),
    "keys": lambda req, table, conn: list(table),
    "conn": lambda req, table, conn: conn.remote_ip,
}

def outcome(objects):
    found = {}
    for name, attempt in ATTEMPTS.items():
        try:
            attempt(*objects)
        except Exception as error:
            found[name] = type(error) is apache.ExpiredError and isinstance(error, RuntimeError)
        else:
            found[name] = False
    return found

def handler(req):
    req.content_type = "text/plain"
    what = req.path_info[1:]
    objects = (req, req.headers_in, req.connection)
    if what == "keep":
        req.mine = object()
        kept.append(objects)
        req.write("kept")
    elif what == "use":
        bad = [name for objects in kept for name, expired in outcome(objects).items() if not expired and name != "conn"]
        req.write(f"{len(kept)} {sorted(set(bad))}")
    elif what == "thread":
        found = []
        worker = threading.Thread(target=lambda: found.append(outcome(objects)))
        worker.start()
        worker.join()
        bad = [name for name, expired in found[0].items() if not expired]
        req.write(f"{req.uri} {bad}")
    return apache.OK
"""

site = server(CONFIG, {"lib/pages.py": PAGES}, processes=1, threads=8)


@pytest.mark.parametrize("host", ["main.test", "sub.test"])
def test_kept_after_the_request(site, host):
    # spec: interpreters:I-20
    for _ in range(20):
        assert site.get("/keep", host=host).text == "kept"
    for _ in range(5):
        assert site.get("/use", host=host).text == "20 []"
    # On the connection of the kept request too, whose memory the next request uses again.
    with site.connect() as connection:
        for _ in range(10):
            assert connection.request("GET", "/keep", host=host).text == "kept"
            assert connection.request("GET", "/use", host=host).text.endswith(" []")


@pytest.mark.parametrize("host", ["main.test", "sub.test"])
def test_thread_while_the_request_lives(site, host):
    # spec: interpreters:4.8
    assert site.get("/thread", host=host).text == "/thread []"
