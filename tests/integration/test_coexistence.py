"""Other modules of httpd beside mod_python in one server: both serve, through a graceful restart, and the log stays clean.

Each of the two servers has many of them at once, with mod_python loaded before and after the others. A check asks both
sides and lets each see what the other did. Modules that are no part of httpd are Debian packages, see tests/run.sh.
"""

import gzip
import json
import subprocess
import time
from pathlib import Path

import pytest

from harness import tls
from harness.config import load_lines, program
from harness.httpd import Httpd

ORDERS = ["python first", "python last"]

_COMMON = """
PythonPath "['@ROOT@/lib', *sys.path]"
PerlRequire "@ROOT@/lib/start.pl"
<Location "/app">
    SetHandler mod_python
    PythonHandler app
</Location>
<Location "/perl">
    PythonAccessHandler app::gate
    SetHandler perl-script
    PerlResponseHandler Site::Answer
</Location>
<Location "/app/behind-perl">
    PerlAccessHandler Site::Gate
</Location>
"""

_THREADS = """
Listen 127.0.0.1:@TLS_PORT@
Listen 127.0.0.1:@BACK_PORT@
Protocols h2c h2 http/1.1
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain
SecTmpDir "@ROOT@/tmp"
SecDataDir "@ROOT@/tmp"
SecAuditEngine Off
SecRule ARGS "@contains evil" "id:1,phase:2,deny,status:406,nolog"
SecRule RESPONSE_BODY "@contains classified" "id:2,phase:4,deny,status:410,nolog"
RewriteEngine On
RewriteRule "^/pretty/(.*)$" "/app/$1?from=rewrite" [PT,QSA]
ProxyPass "/proxied" "http://127.0.0.1:@BACK_PORT@/app"
<LocationMatch "^/(proxied|dav|lua)">
    PythonAccessHandler app::gate
</LocationMatch>
DavLockDB "@ROOT@/tmp/locks"
Alias "/dav" "@ROOT@/tmp/dav"
<Directory "@ROOT@/tmp/dav">
    Dav On
    Require all granted
</Directory>
<Location "/app/packed">
    SetOutputFilter DEFLATE
    SetInputFilter DEFLATE
    # It reads a body before SetInputFilter counts, whoever answers the request.
    SecRequestBodyAccess Off
</Location>
LuaHookFixups "@ROOT@/lib/hooks.lua" fixups
<Files "*.lua">
    SetHandler lua-script
</Files>
<VirtualHost 127.0.0.1:@BACK_PORT@>
    ServerName back
</VirtualHost>
<VirtualHost 127.0.0.1:@TLS_PORT@>
    ServerName localhost
    SSLEngine On
    SSLCertificateFile "@ROOT@/tls.pem"
</VirtualHost>
"""

_PREFORK = """
<Files "*.php">
    SetHandler application/x-httpd-php
    PythonAccessHandler app::gate
</Files>
"""

_APP = '''
import json
from mod_python import apache


def gate(req):
    req.notes["gate"] = "python"
    return apache.OK if req.headers_in.get("X-Gate") == "open" else apache.HTTP_FORBIDDEN


def handler(req):
    req.content_type = "text/plain"
    body = req.read()
    facts = {
        "interpreter": apache.interpreter, "args": req.args, "body": len(body), "https": req.is_https(),
        "protocol": req.ssl_var_lookup("SSL_PROTOCOL"), "lua": req.notes.get("lua"), "perl": req.notes.get("perl"),
    }
    req.write(json.dumps(facts) + "\\n")
    req.flush()
    for _ in range(int(req.headers_in.get("X-Lines", 0))):
        req.write("a line of a long answer\\n", 0)
    if req.headers_in.get("X-Say"):
        req.write(req.headers_in["X-Say"])
    return apache.OK
'''

_PERL = r"""
use strict; use warnings;
use Apache2::RequestRec (); use Apache2::RequestIO (); use APR::Table ();
use Apache2::Const -compile => qw(OK FORBIDDEN);

package Site::Answer;
sub handler {
    my $r = shift;
    my $body = '';
    while ($r->read(my $piece, 8192)) { $body .= $piece }
    $r->content_type('text/plain');
    $r->print('perl after ', $r->notes->get('gate'), ', ', length $body, ' bytes');
    return Apache2::Const::OK;
}

package Site::Gate;
sub handler {
    my $r = shift;
    $r->notes->set(perl => 'was here');
    return ($r->headers_in->get('X-Gate') || '') eq 'open' ? Apache2::Const::OK : Apache2::Const::FORBIDDEN;
}
1;
"""

_FILES = {
    "lib/app.py": _APP,
    "lib/start.pl": _PERL,
    "lib/hooks.lua": 'function fixups(r)\n    r.notes["lua"] = "was here"\n    return apache2.DECLINED\nend\n',
    "htdocs/lua/page.lua": 'function handle(r)\n    r:puts("lua after ", r.notes["gate"])\n    return apache2.OK\nend\n',
    "htdocs/page.php": "<?php echo 'php after ', apache_note('gate'), ', ', strlen(file_get_contents('php://input')); ?>",
    "htdocs/around.php": "<?php echo 'before '; virtual('/app/inside?from=php'); echo 'after'; ?>",
}

OPEN = {"X-Gate": "open"}
BODY = b"".join(b"%d some text\n" % number for number in range(10000))


def php_line():
    """Return the LoadModule line for mod_php, whose file has its version in the name."""
    found = sorted(Path(program()[1]).glob("libphp*.so"))
    assert found, "there is no mod_php: install libapache2-mod-php"
    return f'LoadModule php_module "{found[-1]}"'


def in_order(order, others):
    """Return LoadModule lines for mod_python and others."""
    python = 'LoadModule python_module "@TREE@/modules/mod_python.so"'
    lines = [python, *others] if order == "python first" else [*others, python]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    tls.certificate(folder)
    return folder


@pytest.fixture(scope="module", params=ORDERS)
def threads(request, tree, certificate):
    """A server with event and every module that can do with threads."""
    names = ["http2", "ssl", "socache_shmcb", "proxy", "proxy_http", "dav", "dav_fs", "dav_lock", "unique_id", "security2",
             "deflate", "lua", "perl", "filter"]  # fmt: skip
    files = {**_FILES, "tls.pem": (certificate / "key").read_bytes() + (certificate / "cert").read_bytes()}
    config = in_order(request.param, load_lines(names)) + _COMMON + _THREADS
    httpd = Httpd(tree, "event", config, files, load_python=False, ports=("TLS_PORT", "BACK_PORT"))
    httpd.tls_port = httpd.ports["TLS_PORT"]
    httpd.certificate = certificate / "cert"
    (httpd.root / "tmp/dav").mkdir()
    (httpd.root / "tmp/dav").chmod(0o1777)
    # mod_ssl's remark on the library's version and its cache; mod_security2's on a newer PCRE.
    httpd.log.allow("AH01882|AH01873|AH01906|ModSecurity: Loaded PCRE do not match with compiled!", always=True)
    with httpd:
        yield httpd


@pytest.fixture(scope="module", params=ORDERS)
def prefork(request, tree):
    """A server with prefork, which mod_php asks for."""
    config = in_order(request.param, [php_line(), *load_lines(["perl"])]) + _COMMON + _PREFORK
    with Httpd(tree, "prefork", config, _FILES, load_python=False) as httpd:
        yield httpd


def facts(answer):
    """Return what the Python handler saw."""
    assert answer.status == 200, (answer, answer.body)
    return json.loads(answer.body.splitlines()[0])


def curl(site, url, *options):
    """Ask with curl; returns (the version of HTTP, body)."""
    command = ["curl", "-sS", "--fail", "--max-time", "20", "--cacert", site.certificate, "-w", "%{stderr}%{http_version}"]
    done = subprocess.run([*command, *options, url], capture_output=True, timeout=60, check=True)
    return done.stderr.decode(), done.stdout


def http2(site):
    secure, clear = f"https://localhost:{site.tls_port}", f"http://localhost:{site.port}"
    for base, how in ((secure, "--http2"), (clear, "--http2-prior-knowledge")):
        version, body = curl(site, f"{base}/app/x?two", how, "-H", "X-Lines: 9000")
        assert version == "2" and json.loads(body.splitlines()[0])["args"] == "two"
        assert body.count(b"\n") == 9001


def ssl(site):
    version, body = curl(site, f"https://localhost:{site.tls_port}/app/x", "--http1.1", "--data-binary", "some body")
    seen = json.loads(body)
    assert version == "1.1" and seen["https"] and seen["protocol"].startswith("TLSv1.") and seen["body"] == 9
    assert not facts(site.get("/app/x"))["https"]


def proxy(site):
    assert site.get("/proxied/x").status == 403
    seen = facts(site.post("/proxied/x?a=1", BODY, headers=OPEN))
    assert (seen["interpreter"], seen["args"], seen["body"]) == ("back", "a=1", len(BODY))


def dav(site):
    assert site.request("PUT", "/dav/a.txt", body=BODY).status == 403
    assert not (site.root / "tmp/dav/a.txt").exists()
    assert site.request("PUT", "/dav/a.txt", body=BODY, headers=OPEN).status == 201
    assert site.request("PROPFIND", "/dav/", headers={**OPEN, "Depth": "1"}).body.count(b"<D:response ") == 2
    assert site.get("/dav/a.txt", headers=OPEN).body == BODY
    assert site.request("DELETE", "/dav/a.txt", headers=OPEN).status == 204


def security(site):
    assert site.get("/app/x?word=evil").status == 406
    assert site.get("/app/x", headers={"X-Say": "classified"}).status == 410
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert site.post("/app/x", b"word=evil", headers=form).status == 406
    # It has read the body before Python reads it.
    body = b"word=" + b"good" * 20000
    assert facts(site.post("/app/x", body, headers=form))["body"] == len(body)


def rewrite(site):
    assert facts(site.get("/pretty/name?and=more"))["args"] == "from=rewrite&and=more"


def deflate(site):
    packed = gzip.compress(BODY)
    headers = {"Accept-Encoding": "gzip", "Content-Encoding": "gzip", "X-Lines": "9000"}
    answer = site.post("/app/packed", packed, headers=headers)
    assert answer.header("Content-Encoding") == "gzip" and len(answer.body) < 5000
    lines = gzip.decompress(answer.body).splitlines()
    assert len(lines) == 9001 and json.loads(lines[0])["body"] == len(BODY)


def lua(site):
    assert site.get("/lua/page.lua").status == 403
    assert site.get("/lua/page.lua", headers=OPEN).text == "lua after python"
    assert facts(site.get("/app/x"))["lua"] == "was here"


def perl(site):
    assert site.get("/perl").status == 403
    assert site.post("/perl", BODY, headers=OPEN).text == f"perl after python, {len(BODY)} bytes"
    assert site.get("/app/behind-perl").status == 403
    assert facts(site.post("/app/behind-perl", BODY, headers=OPEN))["perl"] == "was here"


def php(site):
    assert site.get("/page.php").status == 403
    assert site.post("/page.php", BODY, headers=OPEN).text == f"php after python, {len(BODY)}"
    before, inside = site.get("/around.php", headers=OPEN).text.split(" ", 1)
    assert before == "before" and inside.endswith("\nafter") and json.loads(inside.splitlines()[0])["args"] == "from=php"


WITH_THREADS = [http2, ssl, proxy, dav, security, rewrite, deflate, lua, perl]
WITH_PREFORK = [perl, php]


@pytest.mark.parametrize("check", WITH_THREADS)
def test_beside_with_threads(threads, check):
    check(threads)


def test_all_after_a_graceful_restart_with_threads(threads):
    threads.graceful()
    for check in WITH_THREADS:
        check(threads)


@pytest.mark.parametrize("check", WITH_PREFORK)
def test_beside_with_prefork(prefork, check):
    check(prefork)


def test_all_after_a_graceful_restart_with_prefork(prefork):
    prefork.graceful()
    for check in WITH_PREFORK:
        check(prefork)
