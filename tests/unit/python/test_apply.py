"""Calling functions with the fields of a form: which parameter gets what."""

import functools
import importlib

import pytest


class Field:
    """A field of a form as ``FieldStorage`` gives it."""

    def __init__(self, name, value, filename=None):
        self.name, self.value, self.filename = name, value, filename


class Form:
    def __init__(self, *pairs):
        self.list = [Field(*pair) for pair in pairs]


UPLOAD = Field("up", b"data", "a.txt")
FORM = Form(("a", "1"), ("b", "2"), ("b", "3"), ("zz", "9"), ("req", "evil"))
REQ = object()


@pytest.fixture
def apply(native):
    apply_fs_data = importlib.import_module("mod_python._apply").apply_fs_data
    return lambda callee, form=FORM: apply_fs_data(callee, form, req=REQ)


class Instance:
    def __init__(self, a="none"):
        self.a = a

    def method(self, a):
        return a

    @classmethod
    def of_class(cls, a):
        return cls, a

    @staticmethod
    def static(a):
        return a

    def __call__(self, b):
        return b


def passing(function):
    @functools.wraps(function)
    def inner(*args, **kw):
        return function(*args, **kw)

    return inner


def test_functions(apply):
    # spec: library:U-200, library:U-201, library:U-208, library:U-210, library:U-211, library:U-213, library:U-216, library:U-217
    def everything(**kw):
        return kw

    assert apply(lambda req, a, b=5: (req, a, b)) == (REQ, "1", ["2", "3"])
    assert apply(everything) == {"a": "1", "b": ["2", "3"], "zz": "9", "req": REQ}
    assert apply(lambda a: a) == "1"
    assert apply(lambda: "nothing") == "nothing"
    assert apply(lambda absent="default": absent) == "default"
    assert apply(lambda a, *args: (a, args)) == ("1", ())


def test_uploaded_files_and_odd_names(apply):
    # spec: library:U-200, library:U-218, library:U-219
    form = Form(("a b", "1"), ("", "2"))
    form.list += [UPLOAD, Field("empty", b"", "")]
    assert apply(lambda req, up, empty: (up, empty), form) == (UPLOAD, b"")
    assert apply(lambda **kw: kw, form) == {"a b": "1", "": "2", "up": UPLOAD, "empty": b"", "req": REQ}


def test_methods_classes_and_instances(apply):
    # spec: library:U-202, library:U-214, library:U-215
    assert apply(Instance().method) == "1"
    assert apply(Instance.of_class) == (Instance, "1")
    assert apply(Instance.static) == "1"
    assert apply(Instance).a == "1"
    assert apply(Instance()) == ["2", "3"]

    class Child(Instance):
        pass

    class New:
        def __new__(cls, a):
            return a

    class Meta(type):
        def __call__(cls, zz):
            return zz

    class Made(metaclass=Meta):
        def __init__(self, a):
            raise AssertionError("the metaclass does not call it")

    assert apply(Child).a == "1"
    assert apply(New) == "1"
    assert apply(Made) == "9"


def test_call_that_is_no_method(apply):
    # spec: library:U-204
    class Outer:
        __call__ = Instance()

    class Static:
        @staticmethod
        def __call__(a):
            return a

    class Endless:
        pass

    Endless.__call__ = Endless()
    assert apply(Outer()) == ["2", "3"]
    assert apply(Static()) == "1"
    with pytest.raises((RecursionError, TypeError)):
        apply(Endless())


def test_what_is_not_written_in_python_gets_nothing(apply):
    # spec: library:U-203, library:U-207
    class Empty:
        pass

    assert apply(dict) == {}
    assert apply([1, 2].copy) == [1, 2]
    assert isinstance(apply(Empty), Empty)
    with pytest.raises(TypeError):
        apply(len)


def test_missing_argument(apply):
    # spec: library:U-205, library:Q-12
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'other'"):
        apply(lambda req, other: None)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'other'"):
        def function(*, other):
            pass

        apply(function)


def test_keyword_only_and_position_only(apply):
    # spec: library:U-206
    def function(req, /, a, *rest, b, c="c", **kw):
        return req, a, rest, b, c, kw

    class Only:
        def method(*args, b):
            return len(args), b

        def position(self, b, a, /):
            return b, a

    assert apply(function) == (REQ, "1", (), ["2", "3"], "c", {"zz": "9"})
    assert apply(Only().method) == (1, ["2", "3"])
    assert apply(Only().position) == (["2", "3"], "1")

    def gap(absent=0, a=5, /):
        return absent, a

    assert apply(gap) == (0, 5)


def test_partial(apply):
    # spec: library:U-206
    def function(req, a, b, zz=None, c="c"):
        return req, a, b, zz, c

    assert apply(functools.partial(function, "mine", b="fixed")) == ("mine", "1", "fixed", "9", "c")
    assert apply(functools.partial(Instance().method, a="fixed")) == "fixed"
    assert apply(functools.partial(dict, x=1)) == {"x": 1}


def test_decorated(apply):
    # spec: library:U-206
    def function(req, a, *, b=None):
        return req, a, b

    assert apply(passing(function)) == (REQ, "1", ["2", "3"])
    assert apply(passing(passing(function))) == (REQ, "1", ["2", "3"])
    assert apply(functools.lru_cache(lambda a: a)) == "1"

    def own(zz, **kw):
        return zz, sorted(kw)

    own.__wrapped__ = function
    assert apply(own) == ("9", ["a", "b", "req"])

    def positions(*args):
        return function(*args)

    positions.__wrapped__ = function
    assert apply(positions) == (REQ, "1", None)

    def narrow(req):
        return function(req, "narrow")

    narrow.__wrapped__ = function
    assert apply(narrow) == (REQ, "narrow", None)

    class Class:
        @passing
        def method(self, a):
            return a

    assert apply(Class().method) == "1"


def test_functions_of_many_requests_do_not_pile_up(apply):
    made = importlib.import_module("mod_python._apply")
    for number in range(3000):
        space = {}
        exec(f"def f(a): return a, {number}", space)
        assert apply(space["f"]) == ("1", number)
    assert len(made._known) <= 1024
