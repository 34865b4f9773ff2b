"""The filter object, where filters come from, and which interpreter runs them."""

import json

import pytest

from harness.module_server import server

_CONFIG = """
PythonInterpreter one
<Directory "@DOCS@">
    PythonOutputFilter objects::facts FACTS
    PythonOutputFilter objects::closing closing
    PythonOutputFilter objects::upper upper
    PythonOutputFilter objects::where where
    PythonOutputFilter objects::keeping keeping
    PythonOutputFilter objects::threaded threaded
    PythonOutputFilter objects::text text
    PythonOutputFilter objects::flushes flushes
    PythonOutputFilter objects::request request
    PythonInputFilter objects::upper upper
    SetHandler mod_python
    PythonHeaderParserHandler objects::early
    PythonFixupHandler objects::add_filters
    PythonHandler objects
    PythonLogHandler objects
</Directory>
<Directory "@DOCS@/own">
    PythonOutputFilter objects::where own_where
    PythonOutputFilter objects::upper where
</Directory>
<Directory "@DOCS@/own/inner">
    PythonOutputFilter objects::closing other_name
</Directory>
<Directory "@DOCS@/other">
    PythonInterpreter other
</Directory>
<Directory "@DOCS@/pat*">
    PythonOutputFilter objects::where from_pattern
</Directory>
<DirectoryMatch "^@DOCS@/(?<name>reg[a-z]+)/">
    PythonOutputFilter objects::where from_regex
</DirectoryMatch>
<Location "/at">
    PythonOutputFilter objects::where from_location
</Location>
"""

_OBJECTS = '''
import json
import sys
import threading

from mod_python import apache

kept = []


def error(function, *args):
    try:
        return repr(function(*args))
    except Exception as raised:
        return type(raised).__name__ + ": " + str(raised)


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()


def take_all(filter):
    data = filter.read()
    while data:
        data = filter.read()
    return data is None


def where(filter):
    """Says who it is once, instead of the content."""
    if take_all(filter):
        module = sys.modules[__name__]
        filter.write(json.dumps([filter.name, filter.handler, filter.dir, apache.interpreter,
            [path for path in sys.path if path.startswith("/at") or "*" in path]]))


def facts(filter):
    if not take_all(filter):
        return
    filter.softspace = 1
    filter.write(json.dumps({
        "name": filter.name, "handler": filter.handler, "dir": filter.dir, "is_input": filter.is_input,
        "closed": filter.closed, "softspace": filter.softspace, "type": type(filter).__name__,
        "req": type(filter.req).__name__, "phase": filter.req.phase, "same_req": filter.req is filter.req,
        "errors": [error(setattr, filter, name, None) for name in ("req", "name", "is_input", "handler", "dir", "closed")],
        "unknown": [error(setattr, filter, "mine", 1), error(getattr, filter, "mine")],
        "delete": [error(delattr, filter, name) for name in ("softspace", "req", "mine")],
        "write": [error(filter.write, value) for value in (None, 5, ["a"], bytearray(b"x"))],
        "arguments": [error(filter.read, "x"), error(filter.readline, None), error(filter.write), error(filter.close, 1)],
        "softspaces": [error(setattr, filter, "softspace", "x"), error(setattr, filter, "softspace", -2)],
        "new": error(type(filter)),
    }))


def closing(filter):
    filter.write(b"before ")
    filter.close()
    filter.close()
    said = [filter.closed, error(filter.read), error(filter.readline), error(filter.write, "x"), error(filter.flush),
            error(filter.pass_on), error(filter.read, 0)]
    filter.req.said = json.dumps(said)


def keeping(filter):
    kept.append((filter, filter.read, filter.req))
    filter.pass_on()


def threaded(filter):
    """Another thread must not use the filter."""
    if not take_all(filter):
        return
    said = []
    for work in (lambda: filter.read(), lambda: filter.write("x"), lambda: filter.name, lambda: filter.req.uri):
        thread = threading.Thread(target=lambda: said.append(error(work).partition(":")[0]))
        thread.start()
        thread.join()
    filter.write(json.dumps(said))


def text(filter):
    data = filter.read()
    if data:
        filter.write("\\u20ac")
        filter.write("")
        filter.write(b"")
        # A mutable copy of the caller's would be seen changing.
        for number in range(1000):
            filter.write(("%d," % number).upper())
        filter.write("x" * 100000)
        del data


def flushes(filter):
    """What is behind a flush marker is another read."""
    pieces = []
    data = filter.read()
    while data:
        pieces.append(len(data))
        data = filter.read()
    filter.req.pieces = getattr(filter.req, "pieces", []) + [pieces, data is None]


def request(filter):
    """Uses the request while its handler writes."""
    data = filter.read()
    if data:
        req = filter.req
        req.headers_out["X-Filter"] = req.headers_in.get("X-Mine", "-")
        req.notes["filter"] = req.uri
        req.seen = getattr(req, "seen", 0) + len(data)
        filter.write(data)


def early(req):
    if req.headers_in.get("X-Early"):
        req.add_output_filter(req.headers_in["X-Early"])
    return apache.OK


def add_filters(req):
    for name in req.headers_in.get("X-Out", "").split():
        req.add_output_filter(name)
    return apache.OK


def handler(req):
    if req.method == "POST":
        req.register_input_filter("own", "objects::upper")
        req.add_input_filter("own")
        req.write(req.read())
        return apache.OK
    for line in req.args.split("+"):
        name, _, value = line.partition("=")
        if name == "register":
            req.register_output_filter(*value.split(","))
        elif name == "add":
            req.add_output_filter(value)
        elif name == "write":
            req.write(value, 0)
        elif name == "flush":
            req.flush()
        elif name == "errors":
            functions = (req.register_output_filter, req.register_input_filter)
            req.write(json.dumps(
                [error(function, *args) for function in functions
                    for args in ((), ("a",), ("a", 5), (None, "b"), ("a", "b", 7), ("a", "b", "c", "d"))]
                + [error(function, *args) for function in (req.add_output_filter, req.add_input_filter)
                    for args in ((), (5,), (None,), ("a", "b"))]))
        elif name == "seen":
            req.write("%s %s" % (getattr(req, "seen", None), req.notes.get("filter")))
    return apache.OK


def loghandler(req):
    for name in ("said", "pieces"):
        if hasattr(req, name):
            req.log_error("%s %s" % (name, getattr(req, name)), apache.APLOG_INFO)
    for filter, read, request in kept:
        said = [error(getattr, filter, name).partition(":")[0] for name in ("name", "handler", "dir", "closed")]
        said += [error(call).partition(":")[0] for call in (read, filter.close, filter.flush, filter.pass_on,
            filter.disable, filter.readline)]
        req.log_error("kept %s" % sorted(set(said)), apache.APLOG_INFO)
    kept.clear()
    return apache.OK
'''

site = server(
    _CONFIG,
    {
        "htdocs/objects.py": _OBJECTS,
        "htdocs/x": "",
        "htdocs/elsewhere/mine.py": "def outputfilter(filter):\n    filter.write(filter.dir)\n",
        **{f"htdocs/{name}/x": "content" for name in ("own", "own/inner", "other", "pattern", "regular")},
    },
    processes=1,
)


def get(site, query="write=content", path="/x", **headers):
    answer = site.get(f"{path}?{query}", headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status == 200, answer
    return answer


def json_of(site, *args, **options):
    return json.loads(get(site, *args, **options).text)


def test_attributes(site):
    # spec: api:8/name, api:8/req, api:8/is_input, api:8/handler, api:8/dir, api:8/closed, api:8/softspace, api:A-21
    # spec: directives:8.1.3, directives:8.2.9
    facts = json_of(site, X_Out="facts")
    assert facts["name"] == "facts" and facts["handler"] == "objects::facts" and facts["dir"] == f"{site.docs}/"
    assert (facts["is_input"], facts["closed"], facts["softspace"]) == (0, 0, 1)
    assert (facts["type"], facts["req"], facts["same_req"]) == ("mp_filter", "mp_request", True)
    # The handler has returned: its phase is still the one that runs, or none is.
    assert facts["phase"] in ("PythonHandler", None)
    assert all(text.startswith("AttributeError: ") for text in facts["errors"] + facts["unknown"])
    assert facts["delete"] == ["AttributeError: can't delete filter attributes"] * 3
    assert [text.partition(":")[0] for text in facts["write"]] == ["TypeError"] * 4
    assert [text.partition(":")[0] for text in facts["arguments"]] == ["TypeError"] * 4
    assert facts["softspaces"][0].startswith("TypeError") and facts["softspaces"][1] == "None"
    assert facts["new"].startswith("TypeError: ")


def test_after_close(site):
    # spec: api:8.1, api:8/close, api:8/closed
    site.log.expect(
        r"said \[1, (\"ValueError: I/O operation on closed filter\", ){3}\"None\", \"None\", "
        r"\"ValueError: I/O operation on closed filter\"\]",
        times=1,
    )
    assert get(site, X_Out="closing").text == "before "


def test_after_the_call(site):
    # spec: api:A-12
    site.log.expect(r"kept \['ExpiredError'\]", times=1)
    assert get(site, X_Out="keeping").text == "content"


def test_another_thread(site):
    # spec: api:A-12
    assert json_of(site, X_Out="threaded") == ["ExpiredError"] * 4


def test_written_data_is_copied(site):
    # spec: api:8.5, api:A-24, api:8/write
    expected = "\u20ac" + "".join(f"{number}," for number in range(1000)) + "x" * 100000
    assert get(site, X_Out="text").text == expected


def test_flush_markers_end_a_read(site):
    # spec: api:8.6, directives:8.2.1
    site.log.expect(r"pieces \[\[3\], False, \[2\], False, \[\], False, \[1\], True\]", times=1)
    query = "write=abc+flush+write=de+flush+flush+write=f"
    assert get(site, query, X_Out="flushes").text == ""


def test_the_request_while_its_handler_writes(site):
    # spec: directives:8.2.9, api:8/req
    query = "write=some+flush+write=content+flush+seen"
    answer = get(site, query, X_Out="request", X_Mine="given")
    assert (answer.text, answer.header("X-Filter")) == ("somecontent11 /x", "given")


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("/x", "where", ["where", "objects::where", "@DOCS@/", "one", []]),
        ("/own/x", "own_where", ["own_where", "objects::where", "@DOCS@/own/", "one", []]),
        # The nearest scope that names it counts; the names beside it stay.
        ("/own/inner/x", "own_where", ["own_where", "objects::where", "@DOCS@/own/", "one", []]),
        ("/pattern/x", "from_pattern", ["from_pattern", "objects::where", "@DOCS@/pattern/", "one", []]),
        ("/regular/x", "from_regex", ["from_regex", "objects::where", "@DOCS@/regular/", "one", []]),
        ("/at/x", "from_location", ["from_location", "objects::where", "/at", "one", []]),
        ("/other/x", "where", ["where", "objects::where", "@DOCS@/", "other", []]),
    ],
)
def test_where_it_comes_from(site, path, name, expected):
    # spec: directives:3.6, directives:8.1.7, directives:8.2.2, directives:8.2.11, directives:D-9, api:8/dir
    assert json_of(site, path=path, X_Out=name) == [
        item.replace("@DOCS@", str(site.docs)) if isinstance(item, str) else item for item in expected
    ]


def test_the_nearest_directory_replaces_a_name(site):
    # spec: directives:3.6
    assert get(site, path="/own/x", X_Out="where").text == "CONTENT"
    assert get(site, path="/own/inner/x", X_Out="where").text == "CONTENT"


def test_registered_by_the_request(site):
    # spec: directives:8.1.6, api:6.2/register_output_filter, api:6.2/add_output_filter, api:6.2/register_input_filter
    # spec: api:6.2/add_input_filter, directives:D-8
    assert get(site, "register=mine,objects::upper+add=mine+write=content").text == "CONTENT"
    facts = json_of(site, "register=mine,objects::facts+add=mine+write=content")
    assert (facts["name"], facts["handler"], facts["dir"]) == ("mod_python", "objects::facts", None)
    # A directory is completed and makes the module found; the name is looked up without its case.
    text = get(site, f"register=mine,mine,{site.docs}/elsewhere+add=MINE+write=content").text
    assert text == f"{site.docs}/elsewhere/" * text.count("elsewhere") and text
    # One of the request stands before one of the configuration, and may be registered again.
    assert get(site, "register=where,objects::upper+add=where+write=content").text == "CONTENT"
    assert get(site, "register=a,objects::closing+register=a,objects::upper+add=a+write=content").text == "CONTENT"
    assert site.post("/x", b"content").text == "CONTENT"
    # The next request knows nothing of it.
    site.log.expect("an unknown filter was not added: mine", times=1)
    assert get(site, "add=mine+write=content").text == "content"


def test_wrong_arguments(site):
    # spec: api:6.2/register_output_filter, api:6.2/register_input_filter, api:6.2/add_output_filter, api:6.2/add_input_filter
    said = json_of(site, "errors")
    assert len(said) == 20 and all(text.startswith("TypeError: ") for text in said), said


@pytest.mark.parametrize("name", ["upper", "DEFLATE_NOT_LOADED"])
def test_added_in_an_early_phase(site, name):
    # spec: api:6.2/add_output_filter, directives:8.1.4
    if name != "upper":
        site.log.expect("an unknown filter was not added: DEFLATE_NOT_LOADED", times=1)
    expected = "CONTENT" if name == "upper" else "content"
    assert get(site, X_Early=name).text == expected
