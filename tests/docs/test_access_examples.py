"""The examples of access.md, with requests to a real httpd."""

from docs.pages import blocks
from harness import server
from harness.credentials import basic, digest, password_line

MEMBER_CONF, = blocks("apache", "access.md", "## Authorization: Require python")
MEMBER, = blocks("python", "access.md", "## Authorization: Require python")
PEOPLE_CONF, = blocks("apache", "access.md", "## Authentication: the provider python")
PEOPLE, HASHES = blocks("python", "access.md", "## Authentication: the provider python")
DAV_CONF, GIT_CONF, PROXY_CONF = blocks("apache", "access.md", "## In front of DAV, Subversion, Git and a backend")
AUTHOR, COMMITTER, KNOWN = blocks("python", "access.md", "## In front of DAV, Subversion, Git and a backend")

PLACES = {"/var/www/python": "@ROOT@/python", "/var/www": "@DOCS@", "/etc/apache2": "@ROOT@",
          "ScriptAlias": "Alias", "/usr/lib/git-core/git-http-backend/": "@DOCS@/git/", "127.0.0.1:8000": "127.0.0.1:@PORT@/backend"}  # fmt: skip


def _here(text):
    for old, new in PLACES.items():
        text = text.replace(old, new)
    return text


CONFIG = _here("".join([MEMBER_CONF, PEOPLE_CONF, DAV_CONF, GIT_CONF, PROXY_CONF])) + """
DavLockDB "@ROOT@/tmp/DavLock"
<Directory "@DOCS@/backend">
    SetHandler mod_python
    PythonHandler backend
</Directory>
<Location "/digest">
    AuthType Digest
    AuthName "Members"
    AuthDigestProvider python
    PythonPath "sys.path + ['@ROOT@/python']"
    PythonAuthnProvider hashes::people
    Require valid-user
</Location>
"""

FILES = {
    "python/access.py": MEMBER,
    "python/people.py": PEOPLE,
    "python/hashes.py": HASHES,
    "python/rules.py": AUTHOR + COMMITTER + KNOWN,
    "users": "".join(password_line(user, "secret") for user in ("bob", "tom")),
    "htdocs/backend/backend.py": """
        from mod_python import apache

        def handler(req):
            req.write(req.headers_in["X-User"])
            return apache.OK
        """,
    **{f"htdocs/{name}/page.txt": "the page" for name in ("reports", "members", "dav", "git", "digest")},
    "htdocs/git/git-receive-pack": "",
}

site = server(CONFIG, FILES, mpm="event", modules=["auth_digest", "cgi", "dav", "dav_fs", "proxy", "proxy_http"],
              start_lines=["AH01756", "AH01757"])  # fmt: skip

ANN, BOB, TOM = (basic(user, "secret") for user in ("ann", "bob", "tom"))


def test_authorization(site):
    assert site.get("/reports/page.txt").status == 401
    assert site.get("/reports/page.txt", headers=BOB).text == "the page"
    site.log.expect("AH01631: user tom")
    assert site.get("/reports/page.txt", headers=TOM).status == 401


def test_authentication(site):
    # Ann is known to Python, Bob and Tom to the file.
    assert site.get("/members/page.txt", headers=ANN).text == "the page"
    assert site.get("/members/page.txt", headers=BOB).text == "the page"
    site.log.expect("AH01617: user ann")
    assert site.get("/members/page.txt", headers=basic("ann", "wrong")).status == 401


def test_digest(site):
    challenge = site.get("/digest/page.txt").header("WWW-Authenticate")
    assert site.get("/digest/page.txt", headers=digest(challenge, "ann", "secret", "/digest/page.txt")).status == 200


def test_dav_and_git(site):
    assert site.request("PROPFIND", "/dav/", headers={**ANN, "Depth": "0"}).status == 207
    assert site.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status == 401
    assert site.get("/git/page.txt?service=git-upload-pack").status == 401
    for path in ("/git/page.txt?service=git-upload-pack", "/git/page.txt?service=git-receive-pack"):
        assert site.get(path, headers=ANN).text == "the page"


def test_proxy(site):
    assert site.get("/app/x", headers={**ANN, "X-User": "root"}).text == "ann"
    assert site.get("/app/x", headers={"X-User": "root"}).status == 401
