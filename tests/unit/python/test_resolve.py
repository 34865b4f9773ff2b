"""Resolving the object of a handler: directives 4.3."""

from types import ModuleType

import pytest

SOURCE = """
made = []

def function(req): return 'function', req

class Callable:
    def __call__(self, req): return 'called', req
    def method(self, req): return 'method', req
instance = Callable()

class Handler:
    def __init__(self, req):
        made.append(('Handler', req))
        self.req = req
    def method(self, req): return self.req, req
    @staticmethod
    def static(req): return 'static', req
    @classmethod
    def of_class(cls, req): return cls.__name__, req
    class Inner:
        def __init__(self, req): made.append(('Inner', req))
        def method(self, req): return 'inner', req

class Heir(Handler): pass

class NoArgument:
    def __init__(self): pass
    def method(self, req): pass

nothing = None
number = 5

def __getattr__(name):
    if name == 'lazy': return Handler
    raise AttributeError(name)
"""


@pytest.fixture
def module():
    module = ModuleType("handlers")
    module.__file__ = "/srv/handlers.py"
    exec(SOURCE, vars(module))
    return module


@pytest.fixture
def resolve(apache, module):
    def resolve(name, arg="req", **kw):
        return apache.resolve_object(module, name, arg, **kw)

    return resolve


# spec: directives:4.3/function, directives:4.3/callable-instance, directives:4.3/instance-method
# spec: directives:4.3/class-method-path, directives:4.3/nested-class
@pytest.mark.parametrize(
    "name, result, made",
    [
        ("function", ("function", "req"), []),
        ("instance", ("called", "req"), []),
        ("instance.method", ("method", "req"), []),
        ("Handler.method", ("req", "req"), [("Handler", "req")]),
        (
            "Handler.Inner.method",
            ("inner", "req"),
            [("Handler", "req"), ("Inner", "req")],
        ),
        # spec: directives:4.3.2
        ("Handler.static", ("static", "req"), []),
        ("Handler.of_class", ("Handler", "req"), []),
        ("Heir.static", ("static", "req"), []),
        ("Heir.of_class", ("Heir", "req"), []),
        ("Heir.method", ("req", "req"), [("Handler", "req")]),
    ],
)
def test_what_is_called(resolve, module, name, result, made):
    assert resolve(name)("req") == result
    assert module.made == made


# spec: directives:4.3/last-is-class, directives:4.3/init-without-argument
def test_what_is_returned_as_it_is(resolve, module):
    assert resolve("Handler") is module.Handler
    assert resolve("nothing") is None
    assert resolve("number") == 5
    assert module.made == []
    with pytest.raises(TypeError):
        resolve("NoArgument.method")


# spec: directives:4.2.1 directives:4.2.4
@pytest.mark.parametrize("name", ["bad_handler", "", "bad.method", "lazy"])
def test_missing_first_component(resolve, name):
    with pytest.raises(AttributeError) as error:
        resolve(name)
    first = name.split(".")[0]
    assert str(error.value) == f"module '/srv/handlers.py' contains no '{first}'"


# spec: directives:4.3.1
def test_module_getattr_serves_dotted_names_only(resolve):
    assert resolve("lazy.static")("req") == ("static", "req")


# spec: directives:4.2.5
def test_missing_later_component(resolve):
    with pytest.raises(AttributeError, match="'Handler' object has no attribute 'no'"):
        resolve("Handler.no")


# spec: api:3/resolve_object
def test_silent(resolve):
    assert resolve("missing", silent=1) is None
    assert resolve("Handler.missing", silent=1) is None
    assert resolve("function", silent=1)("r") == ("function", "r")


def test_module_without_file(apache):
    with pytest.raises(AttributeError, match="^module 'bare' contains no 'x'$"):
        apache.resolve_object(ModuleType("bare"), "x")
