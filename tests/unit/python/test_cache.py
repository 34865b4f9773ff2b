"""``mod_python.cache``: what is built when, kept how long, and by how many threads."""

import gc
import importlib
import os
import sys
import threading

import pytest


@pytest.fixture
def cache(native):
    return importlib.import_module("mod_python.cache")


@pytest.fixture
def numbered(cache):
    """A class of caches whose values count: name and how many were built before."""

    class Numbered(cache.Cache):
        def __init__(self, *args):
            super().__init__(*args)
            self.built = []
            self.commits = 0

        def commit(self):
            self.commits += 1

        def build(self, key, name, opened, entry):
            self.built.append(name)
            return name, len(self.built) - 1

    return Numbered


def test_built_once(cache, numbered):
    # spec: library:K-1, library:K-2
    values = numbered()
    assert values["a"] == ("a", 0)
    assert values["a"] == ("a", 0)
    assert values["b"] == ("b", 1)
    values["a"] = "mine"
    assert values["a"] == "mine"
    del values["a"]
    assert values["a"] == ("a", 2)
    with pytest.raises(KeyError):
        del values["absent"]
    values.clear()
    assert len(values) == 0 and values.keys() == []
    assert values["b"] == ("b", 3)
    assert (values.mru(), values.lru()) == (None, None)
    assert values.commits > 5
    with pytest.raises(NotImplementedError):
        cache.Cache()["a"]


def test_hooks(cache):
    # spec: library:K-1, library:K-2, library:K-11
    calls = []

    class Hooked(cache.Cache):
        def key(self, name):
            return name.lower()

        def check(self, key, name, entry):
            assert isinstance(entry, cache.Entry)
            calls.append((key, name, entry.get()))
            return "opened" if name == "A" else None

        def build(self, key, name, opened, entry):
            return key, name, opened

    values = Hooked()
    assert values["a"] == ("a", "a", None)
    assert values["a"] == ("a", "a", None)
    assert values["A"] == ("a", "A", "opened")
    assert values["a"] == ("a", "A", "opened")
    assert calls == [
        ("a", "a", cache.NOT_INITIALIZED),
        ("a", "a", ("a", "a", None)),
        ("a", "A", ("a", "a", None)),
        ("a", "a", ("a", "A", "opened")),
    ]


def test_least_recently_used_goes(numbered):
    # spec: library:K-3
    values = numbered(2)
    values["a"], values["b"], values["a"]
    assert (values.mru(), values.lru()) == ("a", "b")
    values["c"]
    assert values.keys() == ["a", "c"]
    assert "b" not in values and "a" in values
    assert values.lru() == "a"


def test_deleted_names_leave_the_list(numbered):
    # spec: library:K-5
    values = numbered(2)
    values["a"], values["b"]
    del values["a"]
    values["c"]
    assert values.keys() == ["b", "c"]
    values["d"]
    assert values.keys() == ["c", "d"]


def test_failing_build(numbered):
    # spec: library:K-4
    class Failing(numbered):
        def build(self, key, name, opened, entry):
            self.built.append(name)
            if len(self.built) < 3:
                raise ValueError(name)
            return name

    values = Failing()
    for _ in range(2):
        with pytest.raises(ValueError):
            values["a"]
        assert len(values) == 0
    assert values["a"] == "a"


def test_value_that_needs_itself(cache):
    class Endless(cache.Cache):
        def build(self, key, name, opened, entry):
            return self[name]

    with pytest.raises(RuntimeError, match="needs itself"):
        Endless()["a"]


def test_threads(cache):
    # spec: library:K-4, library:D-51
    built, both = [], threading.Barrier(2, timeout=10)

    class Slow(cache.Cache):
        def build(self, key, name, opened, entry):
            built.append(name)
            # Comes through only if the other key is built at the same time.
            both.wait()
            return object()

    values, seen = Slow(), []
    threads = [threading.Thread(target=lambda k=k: seen.append((k, values[k]))) for k in "abababab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(built) == ["a", "b"]
    assert len(seen) == 8 and len(set(seen)) == 2


def test_threads_and_a_failing_build(cache):
    # spec: library:K-4, library:D-51
    built, go = [], threading.Event()

    class Failing(cache.Cache):
        def build(self, key, name, opened, entry):
            go.wait(10)
            built.append(name)
            if len(built) == 1:
                raise ValueError(name)
            return "value"

    values, seen = Failing(), []

    def get():
        try:
            seen.append(values["a"])
        except ValueError:
            seen.append("failed")

    threads = [threading.Thread(target=get) for _ in range(4)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert sorted(seen) == ["failed", "value", "value", "value"]
    assert len(built) == 2


def test_many_threads_and_few_places(numbered):
    # spec: library:D-51
    values, failures = numbered(3), []

    def work(seed):
        try:
            for number in range(300):
                name = (seed * 7 + number * 3) % 10
                assert values[name][0] == name
                if number % 11 == 0:
                    values[name] = (name, "set")
                if number % 17 == 0:
                    try:
                        del values[name]
                    except KeyError:
                        pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(values) <= 3


def test_weak_values(cache):
    # spec: library:K-6
    class Thing:
        pass

    class Things(cache.WeakCache):
        def build(self, key, name, opened, entry):
            return Thing()

    things = Things()
    kept = things["a"]
    assert things["a"] is kept
    del kept
    gc.collect()
    assert len(things) == 0 and "a" not in things
    again = things["a"]
    assert isinstance(again, Thing)
    assert things.keys() == ["a"]
    things["b"] = again
    assert things["b"] is again
    with pytest.raises(TypeError):
        things["c"] = 1


def test_files(cache, tmp_path, write):
    # spec: library:K-7
    file = write(tmp_path / "a.txt", "first")
    files, texts = cache.FileCache(), cache.FileCache(mode="r")
    assert (files[file], texts[file]) == (b"first", "first")
    assert files[file] is files[os.path.join(tmp_path, ".", "a.txt")]
    write(tmp_path / "a.txt", "second", 5)
    assert (files[file], texts[file]) == (b"second", "second")
    os.unlink(file)
    with pytest.raises(OSError):
        files[file]
    with pytest.raises(FileNotFoundError):
        files[tmp_path / "absent"]
    assert len(files) == 1


def test_modules(cache, tmp_path, write):
    # spec: library:K-8, library:B-100, library:B-101
    one = write(tmp_path / "one" / "m-1.py", "where = 'one'")
    two = write(tmp_path / "two" / "m-1.py", "where = 'two'")
    modules = cache.ModuleCache()
    first, second = modules[one], modules[two]
    assert (first.where, second.where) == ("one", "two")
    assert modules[one] is first
    assert first.__file__ == one
    assert first.__name__ == "".join(c if c.isalnum() or c == "_" else "_" for c in one)
    assert first.__name__ not in sys.modules
    write(tmp_path / "one" / "m-1.py", "other = 1", 7)
    again = modules[one]
    assert again is not first and again.other == 1 and not hasattr(again, "where")


def test_name_of_a_module(cache):
    # spec: library:B-101
    name = importlib.import_module("mod_python._cache.files").module_name
    assert name("/srv/a--b/ü_1.py") == "_srv_a_b_ü_1_py"


@pytest.mark.parametrize("text, error", [("1/0", ZeroDivisionError), ("a b", SyntaxError)])
def test_a_module_that_fails_keeps_failing(cache, tmp_path, write, text, error):
    # spec: library:B-104, library:D-40
    file = write(tmp_path / "m.py", "value = 1")
    modules = cache.ModuleCache()
    assert modules[file].value == 1
    write(tmp_path / "m.py", text)
    for _ in range(3):
        with pytest.raises(error):
            modules[file]
    write(tmp_path / "m.py", "value = 2")
    assert modules[file].value == 2


def test_function(cache):
    # spec: library:K-10
    calls = []

    def function(*args, **kw):
        calls.append((args, kw))
        return len(calls)

    results = cache.FunctionCache(function, 10)
    assert results(1, 2) == 1 == results(1, 2)
    assert results(1, a=2, b=3) == 2 == results(1, a=2, b=3)
    assert results(1, b=3, a=2) == 3
    assert results(("a", 1)) == 4
    assert results(a=1) == 5
    assert calls[1] == ((1,), {"a": 2, "b": 3})
    with pytest.raises(TypeError):
        results([])


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 784111777),
        ("6 Nov 1994 08:49:37", 784111777),
    ],
)
def test_date(cache, text, seconds):
    # spec: library:K-11
    assert cache.parseRFC822Time(text) == seconds
    with pytest.raises(ValueError):
        cache.parseRFC822Time("yesterday")


def test_nothing_is_fetched(cache):
    # spec: library:K-9, library:D-46
    assert not [name for name in vars(cache) if name.upper().startswith("HTTP")]
