"""Filters that are generator functions: each piece as it comes, all of it at once, more or less than came in."""

import socket
import threading
import time

import pytest

from harness.client import compose
from harness.module_server import server

_CONFIG = """
Timeout 5
<Directory "@DOCS@">
    PythonOutputFilter gen::upper upper
    PythonOutputFilter gen::collect collect
    PythonOutputFilter gen::wrap wrap
    PythonOutputFilter gen::lines lines
    PythonOutputFilter gen::first first
    PythonOutputFilter gen::empty empty
    PythonOutputFilter gen::reading reading
    PythonOutputFilter gen::classic classic
    PythonOutputFilter gen::fails fails
    PythonOutputFilter gen::finish finish
    PythonOutputFilter gen::wrong wrong
    PythonOutputFilter gen::coroutine coroutine
    PythonOutputFilter gen::slow slow
    PythonOutputFilter gen::itself itself
    PythonInputFilter gen::upper in_upper
    PythonInputFilter gen::collect in_collect
    PythonInputFilter gen::first in_first
    PythonInputFilter gen::finish in_finish
    SetHandler mod_python
    PythonHandler gen
    PythonDebug Off
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
    SetOutputFilter upper
</Directory>
"""

_GEN = '''
import os
import time

from mod_python import apache

apache.register_output_filter("Shared", "gen::wrong")
apache.register_output_filter("Shared", "gen::upper", os.path.dirname(__file__))

def upper(filter):
    for chunk in filter:
        yield chunk.upper()


def collect(filter):
    data = b"".join(filter)
    yield b"%d:" % len(data)
    yield data.decode()[::-1]


def wrap(filter):
    yield "<"
    for chunk in filter:
        yield chunk
    yield ">"


def lines(filter):
    rest = b""
    for chunk in filter:
        *whole, rest = (rest + chunk).split(b"\\n")
        for line in whole:
            yield b"[" + line + b"]"
    yield rest


def first(filter):
    yield next(filter)[:2]


def empty(filter):
    for chunk in filter:
        yield None
        yield b""
    return
    yield


def reading(filter):
    while (data := filter.read(2)) is not None:
        yield data + b"."


def classic(filter):
    """No generator: iteration ends with the data of this call."""
    for chunk in filter:
        filter.write(b"(" + chunk + b")")


def fails(filter):
    yield next(filter)
    next(filter)
    raise ValueError("enough")


def finish(filter):
    try:
        for chunk in filter:
            yield chunk
    finally:
        filter.req.log_error("generator finished", apache.APLOG_NOTICE)


def wrong(filter):
    yield 1


def slow(filter):
    for chunk in filter:
        yield chunk
        end = time.monotonic() + 0.8
        while filter.req.args.endswith("long") and time.monotonic() < end:
            filter.req.notes["at"] = str(time.monotonic())
        yield chunk.upper()


async def coroutine(filter):
    pass


def itself(filter):
    for chunk in filter:
        filter.req.write("again")
        yield chunk


def handler(req):
    name, _, rest = req.args.partition("=")
    req.content_type = "text/plain"
    if name.startswith("in_"):
        req.add_input_filter(name)
        if rest == "lines":
            req.write(repr(req.readlines()))
        elif rest == "some":
            req.write(req.read(3))
        elif rest != "nothing":
            req.write(req.read())
        return apache.OK
    req.add_output_filter(name)
    for piece in rest.split(","):
        if piece == "body":
            piece = req.read().decode()
        if piece == "sleep":
            time.sleep(60)
        while piece == "spin":
            pass
        req.write(piece.replace("_", "\\n"))
    return apache.OK
'''

pytestmark = pytest.mark.smoke

site = server(_CONFIG, {"htdocs/gen.py": _GEN, "htdocs/static/a.txt": "some text\n"})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("upper=a,b,c", "ABC"),
        ("upper=", ""),
        ("collect=ab,cd,ef", "6:fedcba"),
        ("wrap=a,b", "<ab>"),
        ("lines=a_b,c_d,_e", "[a][bc][d]e"),
        ("first=abc,def", "ab"),
        ("empty=a,b", ""),
        ("reading=abc,d", "ab.c.d."),
        ("classic=a,b", "(a)(b)"),
    ],
)
def test_output(site, query, expected):
    with site.connect() as connection:
        for _ in range(2):
            answer = connection.request("GET", "/x?" + query)
            assert (answer.status, answer.text) == (200, expected)


def test_static_file(site):
    answer = site.get("/static/a.txt")
    assert (answer.body, answer.header("Content-Length")) == (b"SOME TEXT\n", "10")


def test_pieces_arrive_as_they_are_written(site):
    answer = site.get("/x?upper=a,b")
    assert answer.header("Content-Length") is None
    assert answer.body == b"AB"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("in_upper=", b"ABC" * 20000),
        ("in_upper=some", b"ABC"),
        ("in_collect=some", b"600"),
        ("in_first=", b"ab"),
    ],
)
def test_input(site, query, expected):
    with site.connect() as connection:
        for _ in range(2):
            answer = connection.request("POST", "/x?" + query, body=b"abc" * 20000)
            assert (answer.status, answer.body) == (200, expected)


def test_input_nobody_reads(site):
    site.log.expect("generator finished", times=2)
    with site.connect() as connection:
        for _ in range(2):
            answer = connection.request("POST", "/x?in_finish=nothing", body=b"abc\n" * 20000)
            assert (answer.status, answer.body) == (200, b"")


def _allow_the_rest(site, filter):
    """The filter's traceback, and the handler that cannot write any more."""
    site.log.allow(rf"{filter}: |PythonHandler gen: |MPY0401: (PythonHandler gen|{filter}): uncaught OSError")


def test_exception(site):
    site.log.expect("MPY0401: fails gen::fails: uncaught ValueError", times=1)
    _allow_the_rest(site, "fails gen::fails")
    raw = site.raw(b"GET /x?fails=one,two,three HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"one" in raw
    assert not raw.endswith(b"0\r\n\r\n")
    assert b"three" not in raw


@pytest.mark.parametrize(
    ("name", "kind"), [("wrong", "TypeError"), ("coroutine", "TypeError")]
)
def test_wrong_results(site, name, kind):
    site.log.expect(rf"MPY0401: {name} gen::{name}: uncaught {kind}", times=1)
    _allow_the_rest(site, f"{name} gen::{name}")
    assert site.get(f"/x?{name}=a").status == 500


def test_output_to_itself(site):
    site.log.expect("MPY0408: an output filter causes output")
    _allow_the_rest(site, "itself gen::itself")
    site.get("/x?itself=a,b")


def test_client_leaves(site):
    """The generator's finally clause runs although the response never ends."""
    site.log.expect("generator finished")
    _allow_the_rest(site, "finish gen::finish")
    with socket.create_connection(("127.0.0.1", site.port)) as client:
        client.sendall(b"GET /x?finish=" + b"y" * 2000 + b",z" * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.recv(10)
    site.log.wait_for("generator finished")


def test_many_at_once(site):
    answers = []

    def ask(number):
        answers.append(site.get(f"/x?collect={number},a,b,c").text == f"{3 + len(str(number))}:cba{str(number)[::-1]}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 40


def test_registered_for_the_interpreter(site):
    assert site.get("/x?shared=a,b").text == "AB"
    assert site.get("/x?SHARED=a,b").text == "AB"


@pytest.mark.parametrize("piece", ["sleep", "spin"])
def test_child_ends_while_a_generator_waits(serve, piece):
    """The generator's thread cannot run any more then; nobody waits for it."""
    own = serve(mpm="prefork", config=_CONFIG, files={"htdocs/gen.py": _GEN})
    with own.connect() as connection:
        connection.send(compose("GET", f"/x?upper=a,{piece}", close=False))
        while connection.read_line() != b"A\r\n":
            pass
        started = time.monotonic()
        own.stop()
        assert time.monotonic() - started < 3


def test_child_is_ended_while_a_generator_works(serve):
    """What the generator works with stays until its turn is over."""
    own = serve(mpm="prefork", config=_CONFIG, files={"htdocs/gen.py": _GEN})
    with own.connect() as connection:
        data = "a" * 20000
        connection.send(compose("POST", "/x?slow=body,long", body=data.encode(), close=False))
        while not connection.read_line().startswith(b"aaa"):
            pass
        own.stop()
