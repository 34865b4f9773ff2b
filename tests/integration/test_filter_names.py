"""The names of filters: whose they are, how many there may be, and what a restart does to them."""

import pytest

from harness.config import load_lines
from harness.module_server import server

_NAMES = '''
from mod_python import apache


def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()


def named(filter):
    data = filter.read()
    if data:
        filter.write(filter.name + ":" + data.decode())


def handler(req):
    for name in req.headers_in.get("X-In", "").split():
        req.add_input_filter(name)
    for name in (req.args or "").split(","):
        req.add_output_filter(name)
    req.write(req.read() if req.method == "POST" else "content", 0)
    return apache.OK
'''

#: More than have a function of their own.
_MANY = 80

_CONFIG = (
    """
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler names
    PythonOutputFilter names::upper Same
    PythonInputFilter names::upper SAME
    PythonOutputFilter names::named with.dots-and:colons
    PythonOutputFilter names::named "with blank"
    PythonOutputFilter names::named Gr\u00f6\u00dfe
"""
    + "".join(f"    PythonOutputFilter names::named many{number}\n" for number in range(_MANY))
    + """
</Directory>
<Directory "@DOCS@/again">
    PythonOutputFilter names::upper same
    PythonOutputFilter names::upper many7
</Directory>
"""
)

site = server(_CONFIG, {"htdocs/names.py": _NAMES, "htdocs/again/x": ""})


def test_case_and_direction(site):
    # spec: directives:8.1.3, directives:D-21
    for name in ("same", "SAME", "sAmE"):
        assert site.get(f"/x?{name}").text == "CONTENT"
    assert site.post("/x?with.dots-and:colons", b"body", headers={"X-In": "Same"}).text == "with.dots-and:colons:BODY"


def test_any_number_of_names(site):
    # spec: directives:8.1.3, directives:8.1.5
    for number in range(_MANY):
        assert site.get(f"/x?MANY{number}").text == f"many{number}:content"
    assert site.get("/again/x?many7").text == "CONTENT"
    assert site.get("/again/x?many8,many9").text == "many9:many8:content"


@pytest.mark.parametrize("direction", ["Output", "Input"])
def test_a_name_of_another_module_is_refused(httpd, direction):
    # spec: directives:D-21
    # mod_deflate is loaded before the directive is read, or behind it.
    load = load_lines(["deflate"])[0]
    name = {"Output": "deflate", "Input": "Deflate"}[direction]
    line = f"Python{direction}Filter names::upper {name}"
    status, text = httpd.make(config=f"{load}\n{line}").check_config()
    assert status != 0 and "the filter name 'deflate' belongs to another module" in text
    late = httpd.make(config=f"{line}\n{load}")
    with pytest.raises(AssertionError, match="the filter name 'deflate' belongs to another module"):
        late.start()


def test_restarts(httpd):
    # spec: directives:8.1.3, directives:D-21
    one = (
        '<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler names\nPythonOutputFilter names::upper first\n{}'
        "</Directory>\n"
    )
    running = httpd(config=one.format(""), files={"htdocs/names.py": _NAMES})
    running.log.expect("an unknown filter was not added: second", times=2)
    for _ in range(2):
        assert running.get("/x?first").text == "CONTENT"
        assert running.get("/x?second").text == "content"
        running.config = one.format("PythonOutputFilter names::named second\n")
        running.graceful()
        assert running.get("/x?first,second").text == "second:CONTENT"
        running.config = one.format("")
        running.restart()
