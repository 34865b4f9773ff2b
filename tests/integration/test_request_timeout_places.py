"""PythonRequestTimeout: where it may stand, what it takes, and what has a limited time: filters, connections, functions."""

import os
import time

import pytest

from harness.cgi_scripts import CGI
from harness.client import compose
from harness.ports import hosts

SLOW = '''
import os
import time

from mod_python import apache

#: CLOCK_MONOTONIC_COARSE of linux/time.h.
COARSE = 6

def busy(*args):
    while True:
        pass

def handler(req):
    req.write("quick %s" % req.get_config().get("PythonRequestTimeout"))
    return apache.OK

def spin(req):
    end = time.monotonic() + float(req.args)
    while time.monotonic() < end:
        pass
    req.write("done")
    return apache.OK

def nap(req):
    """One call in C, until the other end is opened."""
    os.open("@ROOT@/tmp/nap", os.O_RDONLY)
    return sum(1 for _ in range(3)) - 3

def read(req):
    req.read()
    busy()

def output(filter):
    busy()

def generator(filter):
    for chunk in filter:
        if b"loop" in chunk:
            busy()
        yield chunk.upper()

def inner(req):
    """The filter below loops; then this goes on for ever."""
    try:
        req.write("x" * 100000)
    except OSError:
        pass
    busy()

def late(req):
    """Its filter's time is over a little later than its own, by the clock that counts."""
    started = time.clock_gettime(COARSE)
    while time.clock_gettime(COARSE) == started:
        pass
    req.write("x" * 100000)
    return apache.OK

def through(filter):
    data = filter.read()
    if data:
        filter.write(data)
    elif data is None:
        filter.close()

def chatty(req):
    """It calls its filter all the time."""
    while True:
        req.write("x")

def cleaning(req):
    req.register_cleanup(busy, None)
    req.write("cleaned up later")
    return apache.OK

def element(req):
    busy()

def allow(req, *args):
    busy()

def echo(conn):
    try:
        while True:
            line = conn.readline()
            if line.startswith(b"loop"):
                busy()
            conn.write(line)
    except ConnectionAbortedError:
        return apache.OK

def preconnectionhandler(conn):
    busy()
'''

HTTP = """
PythonRequestTimeout 400ms 10s
AccessFileName .htaccess
<Directory "@DOCS@">
    AllowOverride All
    SetHandler mod_python
    PythonHandler slow
</Directory>
<Files spin>
    PythonHandler slow::spin
</Files>
<Files read>
    PythonHandler slow::read
</Files>
<Files filtered>
    PythonOutputFilter slow::output output
    SetOutputFilter output
</Files>
<Files input>
    PythonHandler slow::read
    PythonInputFilter slow::output input
    SetInputFilter input
</Files>
<Files generated>
    SetHandler cgi-script
    Options ExecCGI
    PythonOutputFilter slow::generator generator
    SetOutputFilter generator
</Files>
<Files inner>
    PythonHandler slow::inner
    PythonOutputFilter slow::output looping
    SetOutputFilter looping
</Files>
<Files late>
    PythonHandler slow::late
    PythonOutputFilter slow::output looping
    SetOutputFilter looping
</Files>
<Files chatty>
    PythonHandler slow::chatty
    PythonOutputFilter slow::through through
    SetOutputFilter through
</Files>
<Files cleaning>
    PythonHandler slow::cleaning
</Files>
<Files page.shtml>
    SetHandler none
    Options Includes
    SetOutputFilter INCLUDES
</Files>
<Location /required>
    Require python slow::allow
</Location>
"""

PIECES = """\
#!/bin/sh
echo "Content-Type: text/plain"
echo
for piece in one two three $QUERY_STRING
do
    printf "$piece "
    sleep 0.25
done
"""

HOSTS = {
    "http": HTTP,
    "echo": "PythonRequestTimeout 400ms 10s\nPythonConnectionHandler slow::echo",
    "pre": "PythonRequestTimeout 400ms 10s\nPythonPreConnectionHandler slow",
}

#: An import takes its time as well.
IMPORTS = "".join(f"PythonImport slow {name}\n" for name in HOSTS)

FILES = {
    "htdocs/slow.py": SLOW,
    "htdocs/shorter/.htaccess": "PythonRequestTimeout 100ms",
    "htdocs/longer/.htaccess": "PythonRequestTimeout 5 1min",
    "htdocs/off/.htaccess": "PythonRequestTimeout Off",
    "htdocs/wrong/.htaccess": "PythonRequestTimeout soon",
    "htdocs/generated": PIECES,
    "htdocs/page.shtml": '<!--#python eval="[0 for _ in iter(int, 1)]" --> and on',
}


@pytest.fixture(scope="module")
def site(tree):
    with hosts(tree, "event", HOSTS, CGI + IMPORTS, files=FILES, processes=1, modules=["include"]) as running:
        yield running


def ask(site, path, **options):
    with site.at("http") as connection:
        return connection.request(options.pop("method", "GET"), path, **options)


def told(site, name, times=1, after="0.4"):
    site.log.expect(rf":error\].*MPY0430: {name}: PythonRequestTimeout, no end after {after} seconds \(", times=times)
    site.log.expect(rf":error\].*MPY0431: {name}: ")


def uncaught(site, code, times=1):
    site.log.expect(rf":error\].*{code}: .*uncaught RequestTimeout", times=times)
    site.log.expect_traceback("_apache.RequestTimeout$", times=times)


def uncaught_in(site, call):
    site.log.expect(f"MPY0401: {call}: uncaught RequestTimeout", times=1)
    site.log.expect_traceback(f"{call}: _apache.RequestTimeout$", times=1)


def test_shows_in_the_configuration(site):
    assert ask(site, "/x").text == "quick 400ms 10s"
    assert ask(site, "/off/x").text == "quick Off"
    assert ask(site, "/longer/x").text == "quick 5 1min"


@pytest.mark.parametrize("folder, seconds", [("", "0.01"), ("longer/", "0.7"), ("off/", "0.7")])
def test_enough_time(site, folder, seconds):
    assert ask(site, f"/{folder}spin?{seconds}").text == "done"


def test_less_time_in_htaccess(site):
    told(site, "PythonHandler /shorter/spin", after="0.1")
    uncaught(site, "MPY0401")
    started = time.monotonic()
    assert ask(site, "/shorter/spin?20").status == 504
    assert time.monotonic() - started < 3


def test_wrong_htaccess(site):
    site.log.expect(r"AH00035|PythonRequestTimeout: 'soon' is no time", times=1)
    assert ask(site, "/wrong/x").status == 500


def test_waiting_for_the_client_counts(site):
    """The exception waits until the read is over."""
    told(site, "PythonHandler /read")
    uncaught(site, "MPY0401")
    with site.at("http") as connection:
        connection.send(b"POST /read HTTP/1.1\r\nHost: http\r\nContent-Length: 4\r\n\r\n12")
        site.log.wait_for("MPY0431")
        connection.send(b"34")
        assert connection.response().status == 504


def test_output_filter(site):
    told(site, "PythonOutputFilter /filtered")
    uncaught_in(site, "output slow::output")
    # The handler's write tells it that the filter has failed.
    site.log.allow("MPY0401: PythonHandler")
    site.log.allow("PythonHandler slow: ")
    assert ask(site, "/filtered").status == 504
    assert len(site.log.find("MPY0430")) == 1


def test_input_filter(site):
    told(site, "PythonInputFilter /input")
    uncaught_in(site, "input slow::output")
    site.log.allow("MPY0401: PythonHandler")
    site.log.allow("PythonHandler slow::read: ")
    assert ask(site, "/input", method="POST", body=b"body").status >= 500


def test_generator_rests_between_its_pieces(site):
    """All in all it takes longer than its limit, but no piece does."""
    assert ask(site, "/generated").text == "ONE TWO THREE "


def test_generator(site):
    told(site, "PythonOutputFilter /generated")
    uncaught_in(site, "generator slow::generator")
    # mod_cgid has nobody to send to.
    site.log.allow("AH0")
    with site.at("http") as connection:
        connection.send(b"GET /generated?loop HTTP/1.1\r\nHost: http\r\nConnection: close\r\n\r\n")
        answer = connection.read_to_end()
    assert b"ONE" in answer and b"LOOP" not in answer and not answer.endswith(b"0\r\n\r\n")


def test_handler_whose_filter_was_ended(site):
    """The exception has ended the call within; the handler goes on, so it is told as well."""
    site.log.expect(r":error\].*MPY0430: Python(Handler|OutputFilter) /inner: ")
    site.log.expect(r":error\].*MPY0431: Python(Handler|OutputFilter) /inner: ")
    uncaught_in(site, "looping slow::output")
    uncaught_in(site, "PythonHandler slow::inner")
    assert ask(site, "/inner").status == 504
    assert not site.log.find("MPY0432")


def test_handler_and_its_filter_are_told_once(site):
    """Both have no time left at almost the same moment: the call within is what takes it."""
    told(site, "PythonOutputFilter /late")
    uncaught_in(site, "looping slow::output")
    # The handler's write tells it that the filter has failed.
    site.log.allow("MPY0401: PythonHandler slow::late: uncaught OSError")
    site.log.allow("PythonHandler slow::late: ")
    assert ask(site, "/late").status == 504


def test_handler_that_calls_its_filter_all_the_time(site):
    site.log.expect(r":error\].*MPY0430: Python(Handler|OutputFilter) /chatty: ")
    site.log.expect(r":error\].*MPY0431: Python(Handler|OutputFilter) /chatty: ")
    # Wherever it is hit, it ends.
    site.log.expect("MPY0401: (PythonHandler slow::chatty|through slow::through): uncaught RequestTimeout", times=1)
    site.log.allow("MPY0401: PythonHandler slow::chatty: uncaught OSError")
    site.log.allow("(PythonHandler slow::chatty|through slow::through): ")
    started = time.monotonic()
    with site.at("http") as connection:
        connection.send(b"GET /chatty HTTP/1.1\r\nHost: http\r\nConnection: close\r\n\r\n")
        assert connection.read_to_end().startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - started < 3
    assert not site.log.find("MPY0432")


def test_page(site):
    told(site, "includes /page.shtml")
    site.log.expect(r"MPY0401: includes .*uncaught RequestTimeout", times=1)
    site.log.expect_traceback("_apache.RequestTimeout$", times=1)
    answer = ask(site, "/page.shtml")
    assert answer.status == 200 and answer.text.endswith("error occurred while processing this directive] and on")


def test_cleanup(site):
    told(site, "PythonCleanupHandler /cleaning")
    site.log.expect("python_cleanup: Error calling cleanup object", times=1)
    site.log.expect("_apache.RequestTimeout", times=1)
    assert ask(site, "/cleaning").text == "cleaned up later"
    site.log.wait_for("MPY0431")
    assert ask(site, "/x").status == 200


def test_function_that_httpd_asks(site):
    told(site, "Require python /required/x")
    uncaught(site, "MPY0410")
    assert ask(site, "/required/x").status >= 500


def test_connection_handler_rests_while_it_reads(site):
    with site.at("echo") as connection:
        for _ in range(3):
            time.sleep(0.3)
            connection.send(b"line\n")
            assert connection.read_line() == b"line\n"


def test_connection_handler(site):
    told(site, r"PythonConnectionHandler 127\.0\.0\.1")
    uncaught(site, "MPY0416")
    with site.at("echo") as connection:
        time.sleep(0.5)
        connection.send(b"loop\n")
        assert connection.read_to_end() == b""


def test_connection_before_anything_is_read(site):
    told(site, r"PythonPreConnectionHandler 127\.0\.0\.1")
    uncaught(site, "MPY0416")
    with site.at("pre") as connection:
        assert connection.read_to_end() == b""


def test_one_process(serve):
    """There is no parent that could replace the process: it goes on."""
    config = """
        PythonPath "sys.path + ['@DOCS@']"
        PythonRequestTimeout 100ms 2
        SetHandler mod_python
        PythonHandler slow
        <Location /nap>
            PythonHandler slow::nap
        </Location>
        <Location /plain>
            PythonRequestTimeout Off
        </Location>
    """
    site = serve(mpm="prefork", one_process=True, config=config, files={"htdocs/slow.py": SLOW})
    assert site.get("/plain").status == 200
    told(site, "PythonHandler /nap", after="0.1")
    site.log.expect("MPY0432: PythonHandler /nap: .*, there is nobody to replace the process", times=1)
    uncaught(site, "MPY0401")
    nap = site.root / "tmp/nap"
    os.mkfifo(nap)
    nap.chmod(0o644)
    with site.connect() as connection:
        connection.send(compose("GET", "/nap"))
        site.log.wait_for("MPY0432")
        os.close(os.open(nap, os.O_WRONLY | os.O_NONBLOCK))
        assert connection.response().status == 504
    assert site.get("/plain").status == 200
