"""sys.stdout and sys.stderr inside httpd: the error log, line by line."""

import re

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate

PAGES = '''
import sys
import threading
import warnings

from mod_python import apache


def of_import():
    print("imported by PythonImport", file=sys.stderr)
    sys.stderr.write("not ended by PythonImport")


def begun(req):
    print("begun by", req.uri, end="", file=sys.stderr)
    print(" | goes on", file=sys.stderr, end="")


def redirecting(req):
    print("begun by", req.uri, end="", file=sys.stderr)
    req.internal_redirect("/pages/begun")
    print("goes on", file=sys.stderr)
    return "answered"


def around_a_filter(req):
    print("begun, ", end="", file=sys.stderr)
    req.write("filtered")
    print("passed by a filter, ended", file=sys.stderr)
    return "answered"


def outputfilter(filter):
    print("a line of a filter", end="", file=sys.stdout)
    filter.pass_on()


def quiet(req):
    print("dropped")
    print("begun and dropped", end="")
    print("kept", file=sys.stderr)


def threads(req):
    steps = [threading.Event() for _ in range(4)]

    def one():
        sys.stderr.write("one ")
        steps[0].set()
        steps[1].wait(10)
        sys.stderr.write("and one\\n")
        steps[2].set()

    def two():
        steps[0].wait(10)
        sys.stderr.write("two ")
        steps[1].set()
        steps[2].wait(10)
        sys.stderr.write("and two, not ended")

    working = [threading.Thread(target=function) for function in (one, two)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()


def uncaught(req):
    def fail():
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail, name="failing")
    thread.start()
    thread.join()


class Failing:
    def __del__(self):
        raise ValueError("in a finalizer")


def unraisable(req):
    Failing()


def warning(req):
    warnings.simplefilter("always")
    warnings.warn("out of fashion")


def long(req):
    for _ in range(4000):
        sys.stderr.write("0123456789")
    print(file=sys.stderr)


def handler(req):
    if globals()[req.path_info[1:]](req) is None:
        req.write("done")
    return apache.OK
'''

SETUP = (
    CONFIG
    + """
PythonPath "sys.path + ['@ROOT@/lib', '@DOCS@/evaluate']"
PythonImport pages::of_import early
<Location "/pages">
    SetHandler mod_python
    PythonHandler pages
</Location>
<Location "/pages/around_a_filter">
    PythonOutputFilter pages PRINTING
    SetOutputFilter PRINTING
</Location>
<Location "/pages/quiet">
    LogLevel python:warn
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName sub.test
</VirtualHost>
"""
)

site = server(
    SETUP, {**FILES, "lib/pages.py": PAGES},
    start_lines=[r"\] stderr \(interpreter 'early'\): (imported|not ended) by PythonImport$"],
)  # fmt: skip

HOSTS = ["main.test", "sub.test"]
CLIENT = r"\[client 127\.0\.0\.1:\d+\]"


def line(stream, text, host="main.test", owner=CLIENT + " "):
    """Return the pattern of a whole line, from its level on; `owner` is what httpd puts in front for a request."""
    level = {"stdout": "info", "stderr": "error"}[stream]
    return rf"\[python:{level}\] \[pid \d+(:tid \d+)?\] {owner}{stream} \(interpreter '{host}'\): {text}$"


NO_REQUEST = ""


@pytest.mark.parametrize("host", HOSTS)
def test_lines_belong_to_the_request(site, host):
    # spec: interpreters:3.5
    site.log.expect(line("stdout", "to stdout 1", host), times=1)
    site.log.expect(line("stderr", "to stderr", host), times=1)
    site.log.expect(line("stderr", "", host), times=1)
    site.log.expect(line("stderr", "two", host), times=1)
    code = """
    import sys
    print("to stdout", 1)
    print("to stderr\\r\\n\\ntwo", file=sys.stderr)
    result = None
    """
    evaluate(site, code, host=host)


def test_loglevel_decides(site):
    site.log.expect(line("stderr", "kept"), times=1)
    assert site.get("/pages/quiet", host="main.test").status == 200
    assert not site.log.find("dropped")


def test_attributes(site):
    code = """
    import io, sys
    def facts(s):
        return (s.encoding, s.errors, s.newlines, s.line_buffering, s.closed, s.name, s.mode, s.isatty(), s.fileno(),
            s.readable(), s.writable(), s.seekable(), isinstance(s, io.TextIOBase), s.buffer.writable(), s.buffer.fileno())
    result = (facts(sys.stdout), facts(sys.stderr), sys.__stdout__.fileno(), sys.__stderr__.fileno())
    """
    out, err, *real = evaluate(site, code)
    same = (True, False, isinstance("", str), True)
    assert out == ("utf-8", "backslashreplace", None, True, False, "<stdout>", "w", False, 1, False, *same, 1)
    assert err == ("utf-8", "backslashreplace", None, True, False, "<stderr>", "w", False, 2, False, *same, 2)
    assert real == [1, 2]


def test_wrong_values(site):
    code = """
    import sys
    def error(function, *values):
        try:
            function(*values)
        except Exception as raised:
            return type(raised).__name__, str(raised)
    result = (error(sys.stderr.write, b"x"), error(sys.stderr.write, None), error(sys.stderr.buffer.write, "x")[0],
        error(sys.stderr.buffer.write, 3)[0], error(sys.stderr.read)[0], error(_apache._write_stream, 0, "x"))
    """
    assert evaluate(site, code) == (
        ("TypeError", "write() argument must be str, not bytes"), ("TypeError", "write() argument must be str, not NoneType"),
        "TypeError", "TypeError", "UnsupportedOperation", ("ValueError", "there are streams 1 and 2"),
    )  # fmt: skip


def test_writing_counts_characters(site):
    site.log.expect(line("stderr", r"\\xc3\\xa4\\\\udc80\\x01\\\\0"), times=1)
    site.log.expect(line("stderr", "list of lines"), times=1)
    code = """
    import sys
    result = sys.stderr.write("\\u00e4\\udc80\\x01\\0\\n"), sys.stderr.writelines(["list ", "of ", "lines\\n"])
    """
    assert evaluate(site, code, host="main.test") == (5, None)


def test_closing_and_changing_settings_do_no_harm(site):
    site.log.expect(line("stderr", "first"), times=1)
    site.log.expect(line("stderr", "second"), times=1)
    code = """
    import sys
    sys.stderr.write("first")
    sys.stderr.close()
    sys.stderr.reconfigure(encoding="latin-1", line_buffering=False)
    sys.stderr.buffer.close()
    sys.stderr.write("second\\n")
    result = sys.stderr.closed
    """
    assert evaluate(site, code, host="main.test") is False


def test_bytes_share_the_line(site):
    site.log.expect(line("stderr", r"text, bytes\\xff and text"), times=1)
    code = """
    import sys
    sys.stderr.write("text, ")
    sys.stderr.buffer.write(bytearray(b"bytes\\xff"))
    sys.stderr.write(" and text\\n")
    result = None
    """
    evaluate(site, code, host="main.test")


def test_flush_ends_a_line(site):
    site.log.expect(line("stderr", "a"), times=1)
    site.log.expect(line("stdout", "of stdout"), times=1)
    site.log.expect(line("stderr", "bc"), times=1)
    code = """
    import sys
    print("a", end="", file=sys.stderr, flush=True)
    print("b", end="", file=sys.stderr)
    print("of stdout", end="", flush=True)
    sys.stdout.flush()
    print("c", file=sys.stderr)
    result = None
    """
    evaluate(site, code, host="main.test")


def test_the_handlers_end_ends_a_line(site):
    # Asked twice by one connection: the second line does not begin with the rest of the first.
    site.log.expect(line("stderr", r"begun by /pages/begun \| goes on"), times=2)
    with site.connect() as connection:
        for _ in range(2):
            assert connection.request("GET", "/pages/begun", host="main.test").status == 200


def test_another_request_ends_a_line(site):
    site.log.expect(line("stderr", "begun by /pages/redirecting"), times=1)
    site.log.expect(line("stderr", r"begun by /pages/begun \| goes on"), times=1)
    site.log.expect(line("stderr", "goes on"), times=1)
    assert site.get("/pages/redirecting", host="main.test").text == "done"


def test_a_filter_of_the_request_ends_no_line(site):
    site.log.expect(line("stderr", "begun, passed by a filter, ended"), times=1)
    site.log.expect(line("stdout", "(a line of a filter)+"))
    assert site.get("/pages/around_a_filter", host="main.test").text == "filtered"


def test_threads_do_not_mix(site):
    site.log.expect(line("stderr", "one and one", owner=NO_REQUEST), times=1)
    site.log.expect(line("stderr", "two and two, not ended", owner=NO_REQUEST), times=1)
    assert site.get("/pages/threads", host="main.test").status == 200


@pytest.mark.parametrize("host", HOSTS)
def test_uncaught_in_a_thread(site, host):
    site.log.expect(line("stderr", "Exception in thread failing:", host, NO_REQUEST), times=1)
    site.log.expect_traceback(line("stderr", "ValueError: in a thread", host, NO_REQUEST), times=1)
    assert site.get("/pages/uncaught", host=host).status == 200


@pytest.mark.parametrize("host", HOSTS)
def test_unraisable(site, host):
    site.log.expect(line("stderr", "Exception ignored .*Failing.__del__.*", host), times=1)
    site.log.expect_traceback(line("stderr", "ValueError: in a finalizer", host), times=1)
    assert site.get("/pages/unraisable", host=host).status == 200


def test_warnings(site):
    site.log.expect(line("stderr", r".*pages\.py:\d+: UserWarning: out of fashion"), times=1)
    site.log.expect(line("stderr", r"  warnings\.warn\(\"out of fashion\"\)"), times=1)
    assert site.get("/pages/warning", host="main.test").status == 200


def test_long_lines_are_cut(site):
    whole = line("stderr", "([0-9]+)")
    site.log.expect(whole, times=6)
    assert site.get("/pages/long", host="main.test").status == 200
    found = [re.search(whole, text)[2] for text in site.log.find(whole)]
    assert "".join(found) == "0123456789" * 4000
    assert [len(text) for text in found] == [7168] * 5 + [4160]


def test_a_child_process_finds_the_streams(site):
    site.log.expect(r"^from a child$", times=1)
    code = """
    import faulthandler, subprocess, sys
    faulthandler.enable()
    faulthandler.disable()
    result = subprocess.run(["/bin/echo", "from a child"], stdout=sys.stderr).returncode
    """
    assert evaluate(site, code, host="main.test") == 0


def test_import_writes_to_the_main_servers_log(httpd):
    site = httpd(config=SETUP, files={**FILES, "lib/pages.py": PAGES}, processes=1)
    site.log.wait_for(line("stderr", "imported by PythonImport", "early", NO_REQUEST))
    assert site.get("/pages/warning", host="early").status == 200
    site.log.allow("UserWarning|warnings.warn")
    # The next request's line, or the child's end, ends what the import has begun.
    assert evaluate(site, "1", host="main.test") == 1
    site.stop_when_idle()
    assert site.log.find(line("stderr", "not ended by PythonImport", "early", NO_REQUEST))
    site.log.expect("by PythonImport$")


def test_one_process_keeps_the_terminal(serve):
    site = serve(mpm="prefork", config=CONFIG, files=FILES, one_process=True)
    site.log.expect(r"^at the terminal$", times=1)
    site.log.expect(line("stderr", "in the log", "localhost"), times=1)
    code = """
    import sys
    print("at the terminal", flush=True)
    print("in the log", file=sys.stderr)
    result = sys.stdout is sys.__stdout__
    """
    assert evaluate(site, code) is True


def test_what_python_writes_before_is_not_lost(httpd):
    files = {**FILES, "early/sitecustomize.py": "import sys\nprint('very early', file=sys.stderr)\nraise ValueError('at start')\n"}
    site = httpd.make(config=CONFIG, files=files, processes=1)
    site.env["PYTHONPATH"] = str(site.root / "early")
    site.start()
    site.log.expect(r"^Error in sitecustomize; set PYTHONVERBOSE for traceback:$", times=1)
    site.log.wait_for("^very early$")
    site.log.wait_for("^ValueError: at start$")
    assert evaluate(site, "1 + 1") == 2
