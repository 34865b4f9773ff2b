"""Filters under HTTP/2, over TLS and in clear text: many streams on one connection, and failures that end a stream.

mod_http2 refuses prefork, so there is worker and event here. The client is curl.
"""

import json
import subprocess

import pytest

from harness import tls
from harness.httpd import Httpd

_CONFIG = """
Protocols h2c h2 http/1.1
PythonInterpreter one
PythonPath "['@DOCS@', *sys.path]"
Listen 127.0.0.1:@TLS_PORT@
ProxyPass "/proxied" "http://127.0.0.1:@PORT@/plain"
<VirtualHost 127.0.0.1:@TLS_PORT@>
    ServerName localhost
    DocumentRoot "@DOCS@"
    SSLEngine On
    SSLCertificateFile "@ROOT@/tls.pem"
</VirtualHost>
<Directory "@DOCS@">
    PythonOutputFilter streams::upper upper
    PythonOutputFilter streams::generated generated
    PythonOutputFilter streams::at_once at_once
    PythonOutputFilter streams::in_second in_second
    PythonOutputFilter streams::returned returned
    PythonInputFilter streams::upper upper
    PythonInputFilter streams::at_end at_end
    PythonInputFilter streams::returned returned
    PythonInputFilter streams::ending ending
    SetHandler mod_python
    PythonFixupHandler streams::add_filters
    PythonHandler streams
</Directory>
<Directory "@DOCS@/debug">
    PythonDebug On
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
</Directory>
<Location "/proxied">
    PythonOutputFilter streams::upper upper
    PythonInputFilter streams::upper upper
    SetOutputFilter upper
    SetInputFilter upper
</Location>
"""

_STREAMS = '''
from mod_python import apache


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def generated(filter):
    for data in filter:
        yield data.upper()


def at_once(filter):
    raise ValueError("at once")


def in_second(filter):
    filter.req.calls = getattr(filter.req, "calls", 0) + 1
    if filter.req.calls == 2:
        raise ValueError("in the second call")
    upper(filter)


def returned(filter):
    data = filter.read()
    while data:
        data = filter.read()
    if data is None:
        raise apache.SERVER_RETURN(apache.HTTP_GONE)


def at_end(filter):
    data = filter.read()
    while data:
        data = filter.read()
    if data is None:
        raise ValueError("at the end")


def ending(filter):
    filter.write(filter.read(3))
    filter.close()


def add_filters(req):
    for name in req.headers_in.get("X-Out", "").split():
        req.add_output_filter(name)
    for name in req.headers_in.get("X-In", "").split():
        req.add_input_filter(name)
    return apache.OK


def handler(req):
    req.content_type = "text/plain"
    if req.method == "POST" and req.args != "ignore":
        req.write(req.read())
        return apache.OK
    for piece in (req.args or "").split(","):
        if piece == "-":
            try:
                req.flush()
            except OSError:
                req.log_error("the handler caught OSError", apache.APLOG_INFO)
                break
        elif piece == "length":
            req.set_content_length(1000)
        else:
            req.write(piece, 0)
    return apache.OK
'''

BIG = b"0123456789abcdef" * 65536
#: curl: a stream that was not closed cleanly, or a body shorter than announced.
CUT_SHORT = (92, 18)


def pytest_generate_tests(metafunc):
    """Once for each of --mpm that mod_http2 works with."""
    if "site" in metafunc.fixturenames:
        chosen = [mpm for mpm in metafunc.config.getoption("--mpm").split(",") if mpm != "prefork"]
        metafunc.parametrize("site", chosen, indirect=True, scope="module")


@pytest.fixture(scope="module")
def site(request, tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    tls.certificate(folder)
    files = {
        "htdocs/streams.py": _STREAMS,
        "htdocs/static/big.txt": BIG,
        "htdocs/static/a.txt": "some text\n",
        "htdocs/debug/x": "",
        "tls.pem": (folder / "key").read_bytes() + (folder / "cert").read_bytes(),
    }
    modules = ["http2", "ssl", "socache_shmcb", "proxy", "proxy_http"]
    httpd = Httpd(tree, request.param, _CONFIG, files, modules=modules, threads=16, ports=["TLS_PORT"])
    httpd.tls_port, httpd.certificate = httpd.ports["TLS_PORT"], folder / "cert"
    # mod_ssl's remark on the library's version and its cache.
    httpd.log.allow("AH01882|AH01873|AH01906", always=True)
    with httpd:
        yield httpd


def curl(site, *paths, tls=False, headers=(), data=None, method=None, extra=()):
    """Ask with curl over one connection; returns (exit status, [status of each answer], their bytes one after another)."""
    how = ["--http2", "--cacert", str(site.certificate)] if tls else ["--http2-prior-knowledge"]
    base = f"https://localhost:{site.tls_port}" if tls else f"http://localhost:{site.port}"
    facts = ["-w", "%{stderr}%{json}\\n"]
    command = ["curl", "-sS", "--no-progress-meter", "--max-time", "30", *how, *facts, *extra]
    for name, value in dict(headers).items():
        command += ["-H", f"{name}: {value}"]
    if data is not None:
        command += ["--data-binary", "@-"]
    if method:
        command += ["-X", method]
    command += [base + path for path in paths]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60)
    lines = [json.loads(line) for line in done.stderr.decode().splitlines() if line.startswith("{")]
    # curl has no version for a stream that ended without an answer.
    assert {line["http_version"] for line in lines} <= {"2", "0"}, done.stderr
    return done.returncode, [line["response_code"] for line in lines], done.stdout


@pytest.mark.parametrize("name", ["upper", "generated"])
@pytest.mark.parametrize("tls", [False, True], ids=["h2c", "h2"])
def test_output(site, tls, name):
    # spec: directives:8.1.4, directives:8.2.1
    headers = {"X-Out": name}
    assert curl(site, "/static/a.txt", tls=tls, headers=headers) == (0, [200], b"SOME TEXT\n")
    assert curl(site, "/static/big.txt", tls=tls, headers=headers) == (0, [200], BIG.upper())
    assert curl(site, "/x?some,-,more,-,end", tls=tls, headers=headers) == (0, [200], b"SOMEMOREEND")
    if not tls:
        return  # curl 7.88 asks only once on a connection in clear text.
    # One connection for all of them, and the next one on it is right.
    paths = ["/static/big.txt", "/x?one", "/static/a.txt", "/x?two,-,three"]
    expected = BIG.upper() + b"ONESOME TEXT\nTWOTHREE"
    assert curl(site, *paths, tls=tls, headers=headers) == (0, [200] * 4, expected)


@pytest.mark.parametrize("tls", [False, True], ids=["h2c", "h2"])
def test_input(site, tls):
    # spec: directives:8.1.4, directives:8.2.1
    for body in (b"some body", b"a long body " * 30000):
        for headers in ({"X-In": "upper"}, {"X-Out": "upper"}, {"X-Out": "generated", "X-In": "upper"}):
            times = 2 if tls else 1
            answer = curl(site, *["/x"] * times, tls=tls, headers=headers, data=body)
            assert answer == (0, [200] * times, body.upper() * times)
        assert curl(site, "/proxied", tls=tls, data=body) == (0, [200], body.upper())
        assert curl(site, "/x", tls=tls, headers={"X-In": "ending"}, data=body) == (0, [200], body[:3])


@pytest.mark.parametrize("name", ["upper", "generated"])
def test_many_streams_at_once(site, name):
    # spec: directives:8.2.1
    paths = [f"/x?stream,-,{number},-,end" for number in range(40)] + ["/static/big.txt"] * 4
    output = [argument for _ in paths for argument in ("-o", "-")]
    status, codes, body = curl(
        site, *paths, tls=True, headers={"X-Out": name}, extra=["--parallel", "--parallel-max", "12", *output]
    )
    assert status == 0 and codes == [200] * 44
    assert len(body) == 4 * len(BIG) + sum(len(f"stream{number}end") for number in range(40))


def test_error_page_while_nothing_was_sent(site):
    # spec: directives:8.2.7
    site.log.expect_traceback("at_once streams::at_once: ValueError: at once", times=3)
    for path in ("/x?some,-,more", "/static/a.txt"):
        status, codes, body = curl(site, path, headers={"X-Out": "at_once"})
        assert (status, codes) == (0, [500]) and b"Internal Server Error" in body and b"some" not in body
    status, codes, body = curl(site, "/debug/x?some", headers={"X-Out": "at_once"})
    assert (status, codes) == (0, [500]) and b"ValueError: at once" in body
    assert curl(site, "/x?goes,-,on", headers={"X-Out": "upper"}) == (0, [200], b"GOESON")


@pytest.mark.parametrize("tls", [False, True], ids=["h2c", "h2"])
@pytest.mark.parametrize("path", ["/x?some,-,more,-,end", "/x?length,some,-,more,-,end", "/static/big.txt"])
def test_a_begun_stream_is_reset(site, tls, path):
    # spec: directives:8.2.7
    site.log.expect_traceback("in_second streams::in_second: ValueError: in the second call", times=1)
    status, _, body = curl(site, path, tls=tls, headers={"X-Out": "in_second"})
    assert status in CUT_SHORT and not body.endswith(b"END") and len(body) < len(BIG)
    assert curl(site, "/x?goes,-,on", tls=tls, headers={"X-Out": "upper"}) == (0, [200], b"GOESON")


def test_server_return(site):
    # spec: directives:8.2.8
    site.log.expect("MPY0412: returned streams::returned: SERVER_RETURN ends the response with status 410", times=3)
    asked = ("/x?some", {"X-Out": "returned"}, None), ("/static/a.txt", {"X-Out": "returned"}, None), (
        "/x", {"X-In": "returned"}, b"body",
    )  # fmt: skip
    for path, headers, data in asked:
        status, codes, body = curl(site, path, headers=headers, data=data)
        assert (status, codes) == (0, [410]) and b"some" not in body and b"Gone" in body


def test_input_that_fails(site):
    # spec: directives:8.2.7
    # Where a request ends before its body is read, mod_http2 resets the stream, and curl may miss the answer.
    site.log.expect_traceback("at_end streams::at_end: ValueError: at the end", times=1)
    status, codes, body = curl(site, "/x", headers={"X-In": "at_end"}, data=b"some body")
    assert (status, codes) == (0, [500]) and b"some" not in body
    assert curl(site, "/x", headers={"X-In": "upper"}, data=b"goes on") == (0, [200], b"GOES ON")
