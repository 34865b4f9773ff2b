"""Filters of several interpreters in one request: each runs in its own, and the request's attributes go along."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from harness.httpd import Httpd
from harness.module_server import server

_CONFIG = """
PythonInterpPerDirective On
<Directory "@DOCS@">
    PythonOutputFilter chain::link outer
    PythonOutputFilter chain::made outer_made
    PythonInputFilter chain::at_end outer
    SetHandler mod_python
    PythonHandler chain
</Directory>
<Directory "@DOCS@/in*">
    PythonOutputFilter chain::link inner
    PythonOutputFilter chain::made inner_made
    PythonOutputFilter chain::failing failing
    PythonInputFilter chain::at_end inner
</Directory>
<Directory "@DOCS@/inner/own">
    PythonHandler chain
</Directory>
<Directory "@DOCS@/inner/set">
    PythonInterpreter set
</Directory>
<Directory "@DOCS@/inner/file">
    PythonInterpPerDirective Off
    PythonInterpPerDirectory On
</Directory>
"""

_CHAIN = '''
import json

from mod_python import apache


def link(filter):
    """Adds what it knows to what goes through."""
    data = filter.read()
    req = filter.req
    if data:
        req.seen = getattr(req, "seen", "") + "%s " % filter.name
        mine = {"filter": filter.name, "interpreter": apache.interpreter, "req": req.interpreter, "seen": req.seen}
        filter.write(data + json.dumps(mine).encode() + b"\\n")


def at_end(filter):
    data = filter.read()
    while data:
        filter.write(data)
        data = filter.read()
    if data is None:
        filter.write(json.dumps({"interpreter": apache.interpreter}) + "\\n")


def made(filter):
    for data in filter:
        mine = {"filter": filter.name, "interpreter": apache.interpreter, "req": filter.req.interpreter}
        yield data + json.dumps(mine).encode() + b"\\n"


def failing(filter):
    raise ValueError("in the chain")


def handler(req):
    for name in req.args.split(","):
        if req.method == "POST":
            req.add_input_filter(name)
        else:
            req.add_output_filter(name)
    if req.method == "POST":
        req.write(req.read(), 0)
        return apache.OK
    for _ in range(2):
        try:
            req.write(json.dumps({"handler": apache.interpreter, "req": req.interpreter,
                "seen": getattr(req, "seen", "")}) + "\\n")
        except OSError:
            # The filter has failed: this interpreter goes on undisturbed.
            req.log_error("caught in %s" % req.interpreter, apache.APLOG_INFO)
    return apache.OK
'''

site = server(
    _CONFIG,
    {"htdocs/chain.py": _CHAIN, **{f"htdocs/inner{name}/{file}": content for name in ("", "/own", "/set", "/file")
     for file, content in (("x", ""), ("chain.py", _CHAIN))}},
    processes=1,
)  # fmt: skip


def lines(answer):
    assert answer.status == 200, answer
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize(
    ("path", "handler", "outer", "inner"),
    [
        # Each entry's own directory names the interpreter, a pattern by the directory that it has matched.
        ("/inner/x", "", "", "/inner"),
        ("/inner/own/x", "/inner/own", "", "/inner"),
    ],
)
@pytest.mark.parametrize("kind", ["", "_made"])
def test_output(site, path, handler, outer, inner, kind):
    # spec: directives:8.2.11, directives:8.1.7, directives:D-9, interpreters:1.2/filter, interpreters:4.5
    names = {name: f"{site.docs}{folder}/" for name, folder in (("h", handler), ("o", outer), ("i", inner))}
    for order in (("outer", "inner"), ("inner", "outer"), ("outer", "outer")):
        found = lines(site.get(f"{path}?{','.join(name + kind for name in order)}"))
        handled = [line for line in found if "handler" in line]
        filtered = [line for line in found if "filter" in line]
        assert [(line["handler"], line["req"]) for line in handled] == [(names["h"], names["h"])] * 2
        assert {(line["filter"], line["interpreter"], line["req"]) for line in filtered} == {
            (name + kind, names[name[0]], names[name[0]]) for name in order
        }
        if not kind:
            # What one interpreter writes to the request, the next one sees, and so does the handler.
            assert [line["seen"] for line in filtered][:2] == [f"{order[0]} ", f"{order[0]} {order[1]} "]
            assert handled[1]["seen"] == f"{order[0]} {order[1]} "


@pytest.mark.parametrize(("path", "expected"), [("/inner/set/x", "set"), ("/inner/file/x", "@DOCS@/inner/file/")])
def test_settings_of_the_request(site, path, expected):
    # spec: directives:8.2.11, interpreters:1.2/filter
    expected = expected.replace("@DOCS@", str(site.docs))
    found = lines(site.get(f"{path}?outer,inner"))
    assert {line.get("interpreter", line.get("handler")) for line in found} == {expected}


def test_input(site):
    # spec: directives:8.2.11, interpreters:1.2/filter
    found = lines(site.post("/inner/x?outer,inner", b'{"body": 1}\n'))
    assert [line.get("interpreter") for line in found] == [None, f"{site.docs}/inner/", f"{site.docs}/"]


def test_a_failure_in_another_interpreter(site):
    # spec: directives:8.2.7, interpreters:1.2/filter
    site.log.expect(rf"MPY0401: failing chain::failing: uncaught ValueError .*interpreter '{site.docs}/inner/'", times=1)
    site.log.expect_traceback("failing chain::failing: ValueError: in the chain", times=1)
    site.log.expect(f"caught in {site.docs}/inner/own/", times=2)
    assert site.get("/inner/own/x?outer,failing").status == 500
    assert lines(site.get("/inner/own/x?outer"))


def test_an_interpreter_that_cannot_be_had(tree, mpm):
    # spec: directives:8.2.11
    folder = Path(tempfile.mkdtemp(prefix="mod_python-tree-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        for name in ("modules", "python"):
            shutil.copytree(tree / name, folder / name)
        (folder / "python/mod_python/_core.py").write_text("raise ImportError('broken on purpose')\n")
        config = """
        <Directory "@DOCS@">
            PythonOutputFilter chain::link upper
            PythonInputFilter chain::link upper
            AddOutputFilter upper .txt
            AddInputFilter upper .in
        </Directory>
        """
        with Httpd(folder, mpm, config, {"htdocs/a.txt": "some text", "htdocs/a.in": "some text"}, processes=1) as broken:
            broken.log.allow(r"MPY0203: mod_python\.apache: |MPY0201: |MPY0206: ", always=True)
            broken.log.expect(r"MPY0204: can't get/create interpreter 'localhost' \(filter upper\): .*broken", times=3)
            before = broken.children()
            answer = broken.get("/a.txt")
            assert answer.status == 500 and "some text" not in answer.text
            assert broken.get("/a.txt").status == 500
            assert broken.request("GET", "/a.in", body=b"body").status == 500
            assert broken.children() == before
    finally:
        shutil.rmtree(folder)
