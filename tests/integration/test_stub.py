"""_apache.pyi says what the live module has: compared in both directions."""

import ast
from pathlib import Path

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate

PACKAGE = Path(__file__).parents[2] / "python/mod_python"

site = server(CONFIG, FILES, processes=1, mpm="event")

#: What the build takes from httpd's headers; another httpd may have more of these.
GROUPS = (
    "HTTP_", "M_", "AP_MPMQ_", "AP_REQ_", "AP_CONN_", "PROXYREQ_", "REMOTE_", "REQUEST_", "APR_", "APLOG_",
    "MODULE_MAGIC_NUMBER_", "AUTHZ_",
)  # fmt: skip

#: Special methods that make a difference to a caller; the others every class has.
PROTOCOL = {"__getitem__", "__setitem__", "__delitem__", "__contains__", "__len__", "__iter__", "__next__"}


def _parameters(function):
    """Return (name, may be a keyword, has a default) for each parameter of a stub's function."""
    arguments = function.args
    assert not arguments.kwonlyargs and not arguments.vararg and not arguments.kwarg
    every = arguments.posonlyargs + arguments.args
    required = len(every) - len(arguments.defaults)
    found = [(a.arg, at >= len(arguments.posonlyargs), at >= required) for at, a in enumerate(every)]
    return [parameter for parameter in found if parameter[0] != "self"]


def _is_property(node):
    return any(isinstance(mark, ast.Name) and mark.id == "property" for mark in node.decorator_list)


def _stub_class(node):
    """Return {name: parameters of a method, or None for an attribute}."""
    members = {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign):
            members[item.target.id] = None
        elif isinstance(item, ast.FunctionDef) and item.name in PROTOCOL:
            members[item.name] = "protocol"
        elif isinstance(item, ast.FunctionDef) and not item.name.startswith("__"):
            members[item.name] = None if _is_property(item) else _parameters(item)
    return members


def _nodes():
    """Return the statements of the stub, the classes that it takes from its second file in their place."""
    classes = {node.name: node for node in ast.parse((PACKAGE / "_apache_objects.pyi").read_text()).body
               if isinstance(node, ast.ClassDef)}  # fmt: skip
    for node in ast.parse((PACKAGE / "_apache.pyi").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module == "mod_python._apache_constants":
            yield from ast.parse((PACKAGE / "_apache_constants.pyi").read_text()).body
        elif isinstance(node, ast.ImportFrom) and node.module == "mod_python._apache_objects":
            assert all(name.name == name.asname for name in node.names)
            yield from [classes.pop(name.name) for name in node.names]
        else:
            yield node
    assert not classes, "not taken over by _apache.pyi"


def _stub():
    """Return (constants and data, functions, classes) of the stub."""
    data, functions, classes = set(), {}, {}
    for node in _nodes():
        if isinstance(node, ast.AnnAssign):
            data.add(node.target.id)
        elif isinstance(node, ast.FunctionDef):
            functions[node.name] = _parameters(node)
        elif isinstance(node, ast.ClassDef):
            classes[node.name] = _stub_class(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in classes:
            classes[node.targets[0].id] = classes[node.value.id]
    return data, functions, classes


LIVE = """
import inspect
def parameters(f):
    found = [(p.name, p.kind is not p.POSITIONAL_ONLY, p.default is not p.empty)
             for p in inspect.signature(f).parameters.values()]
    return [p for p in found if p[0] != "self"]
def member(value):
    return parameters(value) if callable(value) or isinstance(value, staticmethod) else None
def members(cls):
    return {n: "protocol" if n in %(protocol)r else member(getattr(cls, n)) for n in vars(cls)
            if n in %(protocol)r or not n.startswith("__")}
data, functions, classes = {}, {}, {}
for name, value in vars(_apache).items():
    if name.startswith("__"):
        continue
    elif isinstance(value, type):
        classes[name] = members(value)
    elif callable(value):
        functions[name] = parameters(value)
    else:
        data[name] = type(value).__name__
result = (data, functions, classes)
"""


@pytest.fixture(scope="module")
def live(site):
    return evaluate(site, LIVE % {"protocol": sorted(PROTOCOL)})


def test_data(live):
    # spec: api:3/_apache
    stub, (data, _, _) = _stub()[0], live
    assert stub - set(data) == set()
    unknown = {name for name in set(data) - stub if not (name.startswith(GROUPS) and data[name] == "int")}
    assert unknown == set()


def test_functions(live):
    # spec: api:3/_apache
    assert live[1] == _stub()[1]


def test_classes_are_the_same(live):
    # spec: api:3/_apache
    assert set(live[2]) == set(_stub()[2])


@pytest.mark.parametrize("name", sorted(_stub()[2]))
def test_members(live, name):
    # spec: api:3/_apache
    stub, found = _stub()[2][name], live[2][name]
    assert {"only in the stub": set(stub) - set(found), "only live": set(found) - set(stub)} == {
        "only in the stub": set(), "only live": set(),
    }  # fmt: skip
    assert found == stub
