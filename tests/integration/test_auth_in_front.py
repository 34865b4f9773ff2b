"""Python decides about what Python does not serve: files, WebDAV, CGI scripts, a backend behind a proxy."""

import http.server
import threading

import pytest

from harness import Httpd
from harness.credentials import basic, digest, realm_hash

PASSWORD = "eggs"

DOOR = f'''
from mod_python import apache

outcome = []

class authnprovider:
    def __init__(self, req):
        pass

    def check_password(self, req, user, password):
        return password == "{PASSWORD}" if user in ("reader", "writer") else None

    def get_realm_hash(self, req, user, realm):
        return {{"reader": "{realm_hash('reader', 'dav', PASSWORD)}",
                "writer": "{realm_hash('writer', 'dav', PASSWORD)}"}}.get(user)

def authorize(req, *writers):
    """Everybody may read, only some may write."""
    if req.user is None:
        return apache.AUTHZ_DENIED_NO_USER
    req.subprocess_env["DOOR_USER"] = req.user.upper()
    req.headers_in["X-Door-User"] = req.user.upper()
    req.notes["door"] = "opened"
    req.opened = True
    return req.method in ("GET", "HEAD", "PROPFIND", "OPTIONS") or req.user in writers

def hidden(req):
    """Files below a name with a dash are nobody's business."""
    return "-" not in req.uri.rpartition("/")[2]

def not_twice(req):
    """A request that was redirected may go where others may not."""
    return req.prev is not None or req.main is not None or req.args == "open"

def handler(req):
    """A handler that is running while httpd asks about another request."""
    before = req.phase, req.interpreter, req.hlist.handler
    req.mark = "kept"
    req.internal_redirect("/redirected/page.txt")
    after = req.phase, req.interpreter, req.hlist.handler
    outcome.append((before == after, req.mark))
    return apache.OK

def told(req):
    req.write(repr(outcome))
    return apache.OK
'''

SCRIPT = """\
#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "$REMOTE_USER $DOOR_USER"
cat
"""

CONFIG = """
ScriptSock "@ROOT@/run/cgi.sock"
DavLockDB "@ROOT@/tmp/DavLock"
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
    PythonPath "sys.path + ['@ROOT@/python']"
    PythonAuthnProvider door
    <Location "/">
        AuthName "dav"
        AuthDigestProvider python
        AuthType Basic
        AuthBasicProvider python
    </Location>
    <Location "/file">
        Require python door writer
    </Location>
    <Location "/dav">
        Dav On
        Require python door writer
    </Location>
    <Location "/digest">
        AuthType Digest
        Dav On
        Require python door writer
    </Location>
    ScriptAlias "/cgi" "@ROOT@/cgi"
    <Directory "@ROOT@/cgi">
        Require python door writer
    </Directory>
    ProxyPass "/proxy/" "http://127.0.0.1:{backend}/"
    <Location "/proxy">
        Require python door writer
    </Location>
    <Directory "@DOCS@/index">
        Options +Indexes
        Require python door::hidden
    </Directory>
    <Directory "@DOCS@/redirected">
        PythonInterpreter another
        Require python door::not_twice
    </Directory>
    <Directory "@DOCS@/redirecting">
        DirectoryIndex /redirected/page.txt
    </Directory>
    <Location "/handler">
        SetHandler mod_python
        PythonHandler door
        Require all granted
    </Location>
    <Location "/told">
        SetHandler mod_python
        PythonHandler door::told
        Require all granted
    </Location>
    <Location "/errors">
        Require all denied
        ErrorDocument 403 /redirected/page.txt
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName second.example
    PythonPath "sys.path + ['@ROOT@/python']"
    <Directory "@DOCS@/file">
        Require python door::hidden
    </Directory>
</VirtualHost>
"""

FILES = {
    "python/door.py": DOOR,
    "cgi/script": SCRIPT,
    "htdocs/file/page.txt": "a file\n",
    "htdocs/dav/page.txt": "a resource\n",
    "htdocs/digest/page.txt": "a resource\n",
    "htdocs/redirected/page.txt": "redirected\n",
    "htdocs/redirecting/.keep": "",
    "htdocs/index/open.txt": "",
    "htdocs/index/not-you.txt": "",
}


class Backend(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        text = f"{self.command} {self.path} by {self.headers.get('X-Door-User')}: {body}\n".encode()
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_args):
        pass


@pytest.fixture(scope="module")
def backend():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as running:
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(tree, mpm, backend):
    modules = ["auth_digest", "dav", "dav_fs", "dav_lock", "proxy", "proxy_http", "autoindex"]
    modules.append("cgi" if mpm == "prefork" else "cgid")
    config = CONFIG.replace("{backend}", str(backend.server_port))
    if mpm == "prefork":
        config = config.replace("ScriptSock", "# ScriptSock")
    httpd = Httpd(tree, mpm, config, FILES, modules=modules, processes=1)
    (httpd.root / "cgi/script").chmod(0o755)
    for folder in ("dav", "digest"):
        (httpd.docs / folder).chmod(0o777)
    for pattern in ("AH01756", "AH01757"):
        httpd.log.allow(pattern, always=True)
    with httpd as running:
        yield running


READER, WRITER, STRANGER = basic("reader", PASSWORD), basic("writer", PASSWORD), basic("stranger", PASSWORD)


def refused(site, user, times=1):
    site.log.expect(f"AH01631: user {user}: authorization failure for", times=times)


def test_file(site):
    assert site.get("/file/page.txt").status == 401
    assert site.get("/file/page.txt", headers=READER).text == "a file\n"
    answer = site.get("/file/page.txt", headers={**READER, "Range": "bytes=2-5"})
    assert (answer.status, answer.text) == (206, "file")
    site.log.expect("AH01618: user stranger not found", times=1)
    assert site.get("/file/page.txt", headers=STRANGER).status == 401


def test_dav(site):
    depth = {"Depth": "1"}
    answer = site.request("PROPFIND", "/dav/", headers={**READER, **depth})
    assert answer.status == 207 and "/dav/page.txt" in answer.text
    refused(site, "reader", times=2)
    assert site.request("PUT", "/dav/new.txt", headers=READER, body=b"no").status == 401
    assert not (site.docs / "dav/new.txt").exists()
    assert site.request("PUT", "/dav/new.txt", headers=WRITER, body=b"yes\n").status == 201
    assert site.get("/dav/new.txt", headers=READER).text == "yes\n"
    host = f"localhost:{site.port}"
    target = {"Host": host, "Destination": f"http://{host}/dav/moved.txt"}
    answer = site.request("MOVE", "/dav/new.txt", headers={**WRITER, **target})
    assert answer.status == 201 and (site.docs / "dav/moved.txt").read_text() == "yes\n"
    assert site.request("DELETE", "/dav/moved.txt", headers=READER).status == 401
    assert site.request("DELETE", "/dav/moved.txt", headers=WRITER).status == 204


def by_digest(site, user, method, path, **options):
    challenge = site.request(method, path, **options).header("WWW-Authenticate")
    headers = digest(challenge, user, PASSWORD, path, method)
    return site.request(method, path, headers={**headers, "Depth": "0"}, **options)


def test_dav_with_digest(site):
    assert by_digest(site, "reader", "PROPFIND", "/digest/").status == 207
    refused(site, "reader")
    assert by_digest(site, "reader", "PUT", "/digest/new.txt", body=b"no").status == 401
    assert by_digest(site, "writer", "PUT", "/digest/new.txt", body=b"yes\n").status == 201
    assert by_digest(site, "reader", "GET", "/digest/new.txt").text == "yes\n"


def test_cgi(site):
    assert site.get("/cgi/script").status == 401
    assert site.get("/cgi/script", headers=READER).text == "reader READER\n"
    refused(site, "reader")
    assert site.post("/cgi/script", b"body", headers=READER).status == 401
    assert site.post("/cgi/script", b"body", headers=WRITER).text == "writer WRITER\nbody"


def test_proxy(site, backend):
    backend.asked.clear()
    assert site.get("/proxy/a?b").status == 401
    refused(site, "reader")
    assert site.post("/proxy/a", b"body", headers=READER).status == 401
    # Whoever is refused never reaches the backend.
    assert backend.asked == []
    # What the client says about itself does not count.
    answer = site.get("/proxy/a?b", headers={**READER, "X-Door-User": "ADMIN"})
    assert answer.text == "GET /a?b by READER: \n"
    assert site.post("/proxy/a", b"body", headers=WRITER).text == "POST /a by WRITER: body\n"
    assert backend.asked == ["/a?b", "/a"]


def test_sub_requests_are_asked_about(site):
    listing = site.get("/index/").text
    assert "open.txt" in listing and "not-you" not in listing
    # Once for the listing, once for the file itself.
    site.log.expect("AH01630: client denied", times=2)
    assert site.get("/index/not-you.txt").status == 403


def test_redirects_are_asked_about(site):
    site.log.expect("AH01630: client denied by server configuration: .*redirected", times=1)
    assert site.get("/redirected/page.txt").status == 403
    assert site.get("/redirected/page.txt?open").status == 200
    # An index, an error document and a Python handler lead to the same file, in another interpreter.
    assert site.get("/redirecting/").text == "redirected\n"
    site.log.expect("AH01630: client denied by server configuration: .*errors", times=1)
    answer = site.get("/errors/x")
    assert (answer.status, answer.text) == (403, "redirected\n")


def test_a_handler_goes_on_after_a_question(site):
    assert site.get("/handler/x").text == "redirected\n"
    assert site.get("/told").text == "[(True, 'kept')]"


def test_virtual_hosts_have_their_own_function(site):
    assert site.get("/file/page.txt", headers={"Host": "second.example"}).text == "a file\n"


def test_one_connection(site):
    with site.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/file/page.txt").status == 401
            assert connection.request("GET", "/file/page.txt", headers=READER).text == "a file\n"
            assert connection.request("PUT", "/dav/k.txt", headers=WRITER, body=b"x").status in (201, 204)


def test_after_a_restart(site):
    site.graceful()
    assert site.get("/file/page.txt").status == 401
    assert site.get("/file/page.txt", headers=READER).text == "a file\n"
    assert by_digest(site, "reader", "GET", "/digest/page.txt").text == "a resource\n"
