"""From `module::object` to a call: what each kind of object does, and what a wrong one says."""

import pytest

from harness import server

OBJECTS = '''
from mod_python import apache

def handler(req):
    req.write("function")
    return apache.OK

class Callable:
    def __call__(self, req):
        req.write("callable")
        return apache.OK

callable_instance = Callable()

class Counted:
    def __init__(self, req=None):
        self.req = req
        if req is not None:
            req.notes["made"] = "init "

    def method(self, req):
        req.write(req.notes["made"] + "method " + str(self.req is req))
        return apache.OK

    def bound(self, req):
        req.write("bound " + str(self.req))
        return apache.OK

    @staticmethod
    def static(req):
        req.write("static")
        return apache.OK

    @classmethod
    def of_class(cls, req):
        req.write("class " + cls.__name__)
        return apache.OK

inst = Counted()

class Outer:
    def __init__(self, req):
        req.write("Outer ")

    class Inner:
        def __init__(self, req):
            req.write("Inner ")

        def method(self, req):
            req.write("method")
            return apache.OK

class NoArgument:
    def __init__(self):
        pass

    def method(self, req):
        return apache.OK

nothing = None
number = 5

def __getattr__(name):
    if name == "dynamic":
        return handler
    raise AttributeError(name)
'''

GOOD = {
    # spec ids are at the test below
    "function": ("objects", "function"),
    "named": ("objects::handler", "function"),
    "callable": ("objects::callable_instance", "callable"),
    "instance-method": ("objects::inst.bound", "bound None"),
    "class-method-path": ("objects::Counted.method", "init method True"),
    "static": ("objects::Counted.static", "static"),
    "of-class": ("objects::Counted.of_class", "class Counted"),
    "nested": ("objects::Outer.Inner.method", "Outer Inner method"),
    "package": ("pack.inside::handler", "package"),
}

BAD = {
    "last-class": ("objects::Counted", r"AssertionError: .*found Counted, expected int"),
    "init": ("objects::NoArgument.method", r"TypeError: .*__init__\(\) takes 1 positional argument"),
    "none": ("objects::nothing", r"TypeError: 'NoneType' object is not callable"),
    "number": ("objects::number", r"TypeError: 'int' object is not callable"),
    "missing": ("objects::bad_handler", r"AttributeError: module '@DOCS@/objects.py' contains no 'bad_handler'"),
    "empty": ("objects::", r"AttributeError: module '@DOCS@/objects.py' contains no ''"),
    "later": ("objects::inst.missing", r"AttributeError: 'Counted' object has no attribute 'missing'"),
    "second-colons": ("objects::a::b", r"AttributeError: module '@DOCS@/objects.py' contains no 'a::b'"),
    "missing-dotted": ("objects::nobody.method", r"AttributeError: module '@DOCS@/objects.py' contains no 'nobody'"),
    "dynamic": ("objects::dynamic", r"AttributeError: module '@DOCS@/objects.py' contains no 'dynamic'"),
}


def _config():
    parts = ['<Directory "@DOCS@">', "    SetHandler mod_python", "    PythonHandler objects", "</Directory>"]
    for name, (handler, _) in {**GOOD, **BAD}.items():
        parts.append(f'<Directory "@DOCS@">\n<Files "{name}">\nPythonHandler {handler}\n</Files>\n</Directory>')
    return "\n".join(parts)


site = server(
    _config(),
    {
        "htdocs/objects.py": OBJECTS,
        "htdocs/pack/__init__.py": "",
        "htdocs/pack/inside.py": "def handler(req):\n    req.write('package')\n    return 0\n",
    },
)


@pytest.mark.parametrize("name", GOOD)
def test_object_is_called(site, name):
    # spec: directives:4.3/function, directives:4.3/callable-instance, directives:4.3/instance-method
    # spec: directives:4.3/class-method-path, directives:4.3/static-class-method, directives:4.3/nested-class
    # spec: directives:4.3.2, directives:4.2.1, directives:6/step-6
    for _ in range(2):
        answer = site.get(f"/{name}")
        assert (answer.status, answer.text) == (200, GOOD[name][1])


@pytest.mark.parametrize("name", BAD)
def test_wrong_object_is_500(site, name):
    # spec: directives:4.3/last-is-class, directives:4.3/init-without-argument, directives:4.3/false-object
    # spec: directives:4.3/not-callable, directives:4.3.1, directives:4.2.1, directives:4.2.4, directives:4.2.5
    handler, pattern = BAD[name]
    for _ in range(2):
        pattern = site.fill(pattern)
        site.log.expect_traceback(f"PythonHandler {handler}: {pattern}", times=1)
        site.log.expect(rf"MPY0401: PythonHandler {handler}: uncaught \w+ \(phase PythonHandler, interpreter", times=1)
        assert site.get(f"/{name}").status == 500
        site.log.check()
    assert site.get("/function").text == "function"


def test_a_missing_name_that_comes_later_is_found(site):
    # spec: directives:4.2.3
    source = (site.docs / "objects.py").read_text()
    # Nothing of Python ran, so there is no traceback above the line.
    site.log.expect(r"PythonHandler objects::bad_handler: AttributeError: .* contains no 'bad_handler'", times=2)
    site.log.expect("MPY0401", times=2)
    assert site.get("/missing").status == 500
    site.write("htdocs/objects.py", source + "\nbad_handler = handler\n")
    assert site.get("/missing").text == "function"
    # Run again in the same namespace, as a reload does, nothing takes it away but this.
    site.write("htdocs/objects.py", source + "\nglobals().pop('bad_handler', None)\n")
    assert site.get("/missing").status == 500
