"""The path importer (PythonOption mod_python.importer path): interpreters 6.3."""

import gc
import os
import pickle
import sys

import pytest

OPTIONS = {"mod_python.importer": "path"}
COUNT = "import sys\nsys.runs.append(__file__)\n"


@pytest.fixture(autouse=True)
def runs(monkeypatch):
    """Files of the modules executed, through ``sys.runs`` in their code."""
    runs = []
    monkeypatch.setattr(sys, "runs", runs, raising=False)
    return runs


@pytest.fixture
def handle(core, request_now):
    """Start a request and load the module of its handler entry."""

    def handle(name, directory=None, options=(), autoreload=True, log=False, **kw):
        request_now(options={**OPTIONS, **dict(options)}, **kw)
        return core.load_handler_module(name, directory, autoreload, log, "path")

    return handle


def texts(native, level):
    prefix = f"mod_python (pid={os.getpid()}, interpreter='www.example.com'): "
    found = [text for logged, text in native.log if logged == level]
    assert all(text.startswith(prefix) for text in found)
    return [text[len(prefix) :] for text in found]


# spec: interpreters:6.3.18 interpreters:6.3.14 interpreters:I-19
def test_handler_module(handle, tmp_path, write):
    file = write(tmp_path / "handlers.py", "value = 1")
    module = handle("handlers", f"{tmp_path}/")
    assert module.value == 1
    assert (module.__file__, module.__mp_path__) == (file, [])
    info = module.__mp_info__
    assert (info.label, info.file, info.children) == (module.__name__, file, set())
    assert info.cache.module is module
    assert "handlers" not in sys.modules
    assert f"{tmp_path}/" not in sys.path and str(tmp_path) not in sys.path
    assert module.__name__.startswith("_mp_") and len(module.__name__) == 36
    name = module.__name__
    write(tmp_path / "handlers.py", "value = 2")
    assert handle("handlers", f"{tmp_path}/").__name__ == name


# spec: interpreters:I-19
def test_pickle_and_dataclasses(handle, tmp_path, write):
    write(
        tmp_path / "handlers.py",
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int\n",
    )
    for _ in range(2):
        module = handle("handlers", str(tmp_path))
        point = module.Point(1)
        assert pickle.loads(pickle.dumps(point)) == point
        os.utime(tmp_path / "handlers.py", ns=(1, 1))


# spec: interpreters:6.3
def test_equal_names_in_two_directories(handle, tmp_path, write):
    for name in "ab":
        write(tmp_path / name / "handlers.py", f"value = {name!r}")
    assert handle("handlers", f"{tmp_path}/a/").value == "a"
    assert handle("handlers", f"{tmp_path}/b/").value == "b"
    assert handle("handlers", f"{tmp_path}/a/").value == "a"


# spec: interpreters:6.3.12
def test_reload_is_a_new_module(handle, tmp_path, runs, write):
    write(tmp_path / "handlers.py", COUNT + "old = 1")
    first = handle("handlers", str(tmp_path))
    assert handle("handlers", str(tmp_path)) is first
    write(tmp_path / "handlers.py", COUNT)
    second = handle("handlers", str(tmp_path))
    assert second is not first
    assert not hasattr(second, "old") and first.old == 1
    assert len(runs) == 2


# spec: interpreters:6.3.6
def test_without_autoreload(handle, native, tmp_path, write, request_now, apache):
    write(tmp_path / "handlers.py", "value = 1")
    handle("handlers", str(tmp_path))
    write(tmp_path / "handlers.py", "value = 2")
    assert handle("handlers", str(tmp_path), autoreload=False).value == 1
    path = [str(tmp_path)]
    request_now(options=OPTIONS, config={"PythonAutoReload": "0"})
    assert apache.import_module("handlers", path=path).value == 1
    request_now(options=OPTIONS, config={"PythonAutoReload": "0"})
    assert apache.import_module("handlers", 1, path=path).value == 2
    assert native.log == []
    write(tmp_path / "handlers.py", "value = 3")
    request_now(options=OPTIONS, config={"PythonDebug": "1"})
    assert apache.import_module("handlers", path=path).value == 3
    expected = [f"Reimporting module '{tmp_path}/handlers.py'"]
    assert texts(native, native.APLOG_NOTICE) == expected
    # Outside requests the main server's configuration counts.
    native.request = None
    native.main_server.options.update(OPTIONS)
    native.main_server.config["PythonAutoReload"] = "0"
    write(tmp_path / "handlers.py", "value = 4")
    assert apache.import_module("handlers", path=path).value == 3
    native.main_server.config["PythonAutoReload"] = "1"
    assert apache.import_module("handlers", path=path).value == 4


# spec: interpreters:6.3.9
def test_each_file_is_decided_once_per_request(
    handle, core, apache, tmp_path, runs, write
):
    text = COUNT + "from mod_python import apache\nimport helper\n"
    text += "def again(): return apache.import_module('helper')\n"
    write(tmp_path / "handlers.py", text)
    write(tmp_path / "helper.py", COUNT)
    module = handle("handlers", str(tmp_path))
    helper = module.again()
    write(tmp_path / "helper.py", COUNT)
    assert module.again() is helper is module.helper
    again = core.load_handler_module("handlers", str(tmp_path), True, False, "path")
    assert again is module
    assert handle("handlers", str(tmp_path)).helper is not helper
    assert len(runs) == 4


# spec: interpreters:6.3
def test_search_order(handle, apache, tmp_path, write):
    """path argument, caller's directory, its __mp_path__, the option, sys.path."""
    order = ["argument", "caller", "mp", "option"]
    for place in order:
        write(tmp_path / place / "target.py", f"place = {place!r}")
    write(
        tmp_path / "caller" / "handlers.py",
        "from mod_python import apache\n"
        f"__mp_path__ = [{str(tmp_path / 'mp')!r}]\n"
        "def find(**kw): return apache.import_module('target', **kw)\n",
    )
    options = {"mod_python.importer.path": repr([str(tmp_path / "option")])}
    sys.path.insert(0, str(tmp_path / "standard"))
    write(tmp_path / "standard" / "target.py", "place = 'standard'")
    for place in order:
        module = handle("handlers", str(tmp_path / "caller"), options)
        assert module.find(path=[str(tmp_path / "argument")]).place == place
        # Removed and forgotten: a known file would still be used.
        (tmp_path / place / "target.py").unlink()
        from mod_python import _importer_path

        _importer_path._cache.pop(str(tmp_path / place / "target.py"))
    module = handle("handlers", str(tmp_path / "caller"), options)
    assert module.find().place == "standard"
    assert module.find() is sys.modules["target"]


# spec: interpreters:6.3.1
def test_names(handle, apache, tmp_path, write):
    write(tmp_path / "pkg" / "__init__.py", "value = 'init'")
    write(tmp_path / "pkg" / "mod.py", "value = 'mod'")
    assert handle("pkg/mod", str(tmp_path)).value == "mod"
    assert handle("pkg/__init__", str(tmp_path)).value == "init"
    for name in ("pkg", "pkg.mod", "pkg/none"):
        with pytest.raises(ModuleNotFoundError):
            handle(name, str(tmp_path))
    assert handle("json.decoder", str(tmp_path)) is sys.modules["json.decoder"]


# spec: interpreters:6.3.2 interpreters:6.3.5
def test_file_forms(handle, apache, tmp_path, write, request_now):
    write(tmp_path / "top.txt", "value = 'top'")
    write(tmp_path / "sub" / "near.py", "value = 'near'")
    caller = (
        "from mod_python import apache\n"
        "def load(*names): return apache.import_module(names[0], path=names[1:])\n"
    )
    write(tmp_path / "sub" / "handlers.py", caller)
    for name in ("./handlers.py", f"{tmp_path}/sub/handlers.py", "~/handlers.py"):
        module = handle(name, f"{tmp_path}/sub/")
        assert module.__file__ == f"{tmp_path}/sub/handlers.py"
    assert handle("../top.txt", f"{tmp_path}/sub").value == "top"
    module = handle("handlers", f"{tmp_path}/sub")
    assert module.load("./near.py").value == "near"
    assert module.load("../top.txt").value == "top"
    assert module.load("~/near.py", "/x", "/y").__mp_path__ == []
    assert handle("handlers", f"{tmp_path}/sub").load("./near.py").value == "near"
    new = write(tmp_path / "sub" / "new.py", "")
    assert module.load(new, "/x", "/y").__mp_path__ == ["/x", "/y"]
    for name in ("./near", "~/none.py"):
        with pytest.raises(ModuleNotFoundError, match="No module file"):
            module.load(name)
    with pytest.raises(ImportError, match="calling module is not known"):
        apache.import_module("./near.py")


# spec: interpreters:6.3.3 interpreters:6.3.4
def test_handler_root(handle, core, native, apache, tmp_path, write, request_now):
    write(tmp_path / "a" / "first.py", "")
    write(tmp_path / "b" / "second.py", "")
    write(tmp_path / "a" / "lib" / "shared.py", "value = 'shared'")
    write(tmp_path / "doc" / "handlers.py", "value = 'doc'")
    handle("first", f"{tmp_path}/a/")
    core.load_handler_module("second", f"{tmp_path}/b/", True, False, "path")
    assert apache.get_handler_root() == f"{tmp_path}/a/"
    for path in (["~/lib"], [f"{tmp_path}", "~/lib"]):
        assert apache.import_module("shared", path=path).value == "shared"
    native.request.phase = "PythonLogHandler"
    core.load_handler_module("second", f"{tmp_path}/b/", True, False, "path")
    assert apache.get_handler_root() == f"{tmp_path}/b/"
    request_now(options=OPTIONS, root=f"{tmp_path}/doc")
    assert apache.get_handler_root() == f"{tmp_path}/doc"
    assert apache.import_module("handlers", path=["~"]).value == "doc"
    native.request = None
    assert apache.get_handler_root() is None


# spec: interpreters:6.3.6
def test_current_config_and_options(apache, native, request_now):
    native.main_server.config["PythonDebug"] = "0"
    native.main_server.options["k"] = "main"
    assert apache.get_current_config().get("PythonDebug") == "0"
    assert apache.get_current_options().get("k") == "main"
    request_now(options={"k": "request"}, config={"PythonDebug": "1"})
    assert apache.get_current_config().get("PythonDebug") == "1"
    assert apache.get_current_options().get("k") == "request"


# spec: interpreters:6.3.7
def test_import_statement(handle, tmp_path, write):
    write(
        tmp_path / "handlers.py",
        "import helper, os.path, json.decoder as decoder\n"
        "from helper import value as imported\n"
        "from helper import *\n"
        "def late():\n    import helper\n    return helper\n",
    )
    write(tmp_path / "helper.py", "value = 1")
    for name in ("json.py", "json.decoder.py"):
        write(tmp_path / name, "raise AssertionError('dotted names are not ours')")
    module = handle("handlers", str(tmp_path))
    assert module.helper.__file__ == f"{tmp_path}/helper.py"
    assert module.imported == module.value == 1
    assert module.late() is module.helper
    assert "helper" not in sys.modules
    assert module.os is os
    write(tmp_path / "helper.py", "value = 2")
    assert module.late() is module.helper
    reloaded = handle("handlers", str(tmp_path))
    assert reloaded.helper.value == reloaded.imported == 2
    with pytest.raises(ImportError):
        __import__("helper")


# spec: interpreters:6.3.8
def test_dependencies(handle, tmp_path, runs, write):
    """a imports b, b imports c; d imports c."""
    write(tmp_path / "a.py", COUNT + "import b")
    write(tmp_path / "b.py", COUNT + "import c")
    write(tmp_path / "c.py", COUNT)
    write(tmp_path / "d.py", COUNT + "import c")

    def reloaded(name):
        runs.clear()
        handle(name, str(tmp_path))
        return "".join(sorted(os.path.basename(file)[0] for file in runs))

    assert (reloaded("a"), reloaded("d")) == ("abc", "d")
    assert (reloaded("a"), reloaded("d")) == ("", "")
    write(tmp_path / "b.py", COUNT + "import c")
    assert (reloaded("a"), reloaded("a")) == ("ab", "")
    write(tmp_path / "c.py", COUNT)
    assert (reloaded("a"), reloaded("a")) == ("abc", "")
    # c is newer than d's load.
    assert (reloaded("d"), reloaded("d")) == ("d", "")
    write(tmp_path / "c.py", "1 / 0")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            reloaded("a")
    write(tmp_path / "c.py", COUNT)
    assert (reloaded("a"), reloaded("a")) == ("abc", "")


# spec: interpreters:6.3.10
def test_removed_file(handle, native, tmp_path, write):
    write(tmp_path / "handlers.py", "")
    module = handle("handlers", str(tmp_path))
    (tmp_path / "handlers.py").unlink()
    assert handle("handlers", str(tmp_path)) is module
    (text,) = texts(native, native.APLOG_WARNING)
    assert f"{tmp_path}/handlers.py" in text
    write(tmp_path / "handlers.py", "")
    assert handle("handlers", str(tmp_path)) is not module


# spec: interpreters:6.3.11
def test_module_importing_itself(handle, tmp_path, write):
    write(tmp_path / "handlers.py", "import handlers")
    with pytest.raises(AssertionError, match="Import cycle"):
        handle("handlers", str(tmp_path))


# spec: interpreters:6.3.11
def test_importing_an_ancestor(handle, native, tmp_path, runs, write):
    write(tmp_path / "a.py", COUNT + "import b")
    write(tmp_path / "b.py", COUNT + "import a")
    for count in (1, 2, 3):
        module = handle("a", str(tmp_path))
        assert module.b.a is module
        assert len(runs) == 2 * count
        assert len(texts(native, native.APLOG_WARNING)) == count


# spec: interpreters:6.3.12 interpreters:6.3.16
def test_clone(handle, native, tmp_path, write):
    text = "def __mp_clone__(module): module.state = state\n"
    file = write(tmp_path / "handlers.py", text + "state = ['kept']")
    first = handle("handlers", str(tmp_path), log=True)
    write(tmp_path / "handlers.py", text)
    second = handle("handlers", str(tmp_path), log=True)
    assert second is not first and second.state is first.state
    assert texts(native, native.APLOG_NOTICE) == [
        f"Importing module '{file}'",
        f"Reimporting module '{file}'",
        f"Cloning module '{file}'",
    ]


# spec: interpreters:6.3.12 interpreters:6.3.16
def test_failing_clone(handle, native, tmp_path, write):
    text = (
        "def __mp_clone__(module):\n    module.left = 1\n    1 / 0\n"
        "purged = 0\n"
        "def __mp_purge__():\n    global purged\n    purged += 1\n"
    )
    file = write(tmp_path / "handlers.py", text)
    first = handle("handlers", str(tmp_path))
    write(tmp_path / "handlers.py", text)
    second = handle("handlers", str(tmp_path), log=True)
    assert first.purged == 1 and second.purged == 0
    assert not hasattr(second, "left")
    errors = texts(native, native.APLOG_ERR)
    assert errors[0] == f"Cloning module '{file}' failed"
    assert errors[-1].startswith("ZeroDivisionError")
    assert texts(native, native.APLOG_NOTICE)[-1] == f"Purging module '{file}'"


# spec: interpreters:6.3.13
@pytest.mark.parametrize("bad", ["def broken(:", "1 / 0"])
def test_failed_loads(handle, apache, tmp_path, write, bad):
    write(tmp_path / "handlers.py", bad)
    for _ in range(2):
        with pytest.raises((SyntaxError, ZeroDivisionError)):
            handle("handlers", str(tmp_path))
        assert not any(name.startswith("_mp_") for name in sys.modules)
    write(tmp_path / "handlers.py", "")
    module = handle("handlers", str(tmp_path))
    write(tmp_path / "handlers.py", bad)
    for _ in range(2):
        with pytest.raises((SyntaxError, ZeroDivisionError)):
            handle("handlers", str(tmp_path))
        assert apache.module_info(module.__name__).module is module
        assert sys.modules[module.__name__] is module
    write(tmp_path / "handlers.py", "")
    assert handle("handlers", str(tmp_path)) is not module


# spec: interpreters:6.3.8 interpreters:6.3.13
def test_failed_reload_is_repeated_even_if_the_file_is_as_before(
    handle, tmp_path, write
):
    write(tmp_path / "handlers.py", "x = 1", 1000)
    module = handle("handlers", str(tmp_path))
    write(tmp_path / "handlers.py", "1 / 0", 2000)
    with pytest.raises(ZeroDivisionError):
        handle("handlers", str(tmp_path))
    write(tmp_path / "handlers.py", "x = 1", 1000)
    again = handle("handlers", str(tmp_path))
    assert again is not module
    assert handle("handlers", str(tmp_path)) is again


# spec: interpreters:6.3.15
def test_freeze(handle, apache, tmp_path, write):
    write(tmp_path / "handlers.py", "value = 1")
    handle("handlers", str(tmp_path))
    apache.freeze_modules()
    write(tmp_path / "handlers.py", "value = 2")
    assert handle("handlers", str(tmp_path)).value == 1
    write(tmp_path / "other.py", "value = 3")
    assert handle("other", str(tmp_path)).value == 3


# spec: interpreters:6.3.15
def test_freeze_by_python_import(handle, core, tmp_path, write):
    write(tmp_path / "handlers.py", "value = 1")
    handle("handlers", str(tmp_path))
    core.run_import("mod_python.apache::freeze_modules", False)
    write(tmp_path / "handlers.py", "value = 2")
    assert handle("handlers", str(tmp_path)).value == 1


# spec: interpreters:6.3.16
def test_warning_about_sys_path(handle, native, tmp_path, write):
    file = write(tmp_path / "handlers.py", "")
    sys.path.append(f"{tmp_path}/")
    handle("handlers", str(tmp_path))
    assert native.log == []
    write(tmp_path / "handlers.py", "")
    handle("handlers", str(tmp_path), log=True)
    (text,) = texts(native, native.APLOG_WARNING)
    assert file in text and "sys.path" in text


# spec: interpreters:6.3.17
def test_graphs_and_info(handle, apache, native, tmp_path, write):
    write(tmp_path / "a.py", "import b")
    write(tmp_path / "b.py", "")
    write(tmp_path / 'c"d.py', "", 1234)
    c = handle('c"d', str(tmp_path))
    a = handle("a", str(tmp_path))
    b = a.b
    everything = apache.modules_graph()
    assert everything.startswith("digraph modules {")
    assert f"{a.__name__} -> {b.__name__};" in everything
    assert f'{c.__name__} [label="c\\"d.py"];' in everything
    assert "mtime 1234.0" in apache.modules_graph(verbose=1)
    of_request = apache.request_modules_graph()
    assert a.__name__ in of_request and b.__name__ in of_request
    assert c.__name__ not in of_request
    assert "mtime" in apache.request_modules_graph(1)
    native.request = None
    assert a.__name__ not in apache.request_modules_graph()
    info = apache.module_info(a.__name__)
    assert (info.file, info.module) == (a.__file__, a)
    assert info.children == {b.__file__}
    with pytest.raises(KeyError):
        apache.module_info("a")


# spec: interpreters:6.3.19
def test_legacy_importer(handle, native, tmp_path, write):
    write(tmp_path / "handlers.py", "")
    options = native.main_server.options
    for names in ("*", "one, www.example.com"):
        options["mod_python.legacy.importer"] = names
        assert handle("handlers", f"{tmp_path}/") is sys.modules["handlers"]
    options["mod_python.legacy.importer"] = "one,two"
    assert handle("handlers", str(tmp_path)) is not sys.modules["handlers"]


# spec: interpreters:6.3
def test_option_selects_the_importer(apache, request_now, tmp_path, write):
    write(tmp_path / "handlers.py", "")
    path = [str(tmp_path)]
    request_now(options=OPTIONS)
    assert "handlers" not in sys.modules
    assert apache.import_module("handlers", path=path).__name__.startswith("_mp_")
    request_now()
    assert apache.import_module("handlers", path=path).__name__ == "handlers"


# spec: interpreters:6.3
def test_modules_of_the_path_importer_go_on_using_it(
    handle, request_now, tmp_path, write
):
    write(
        tmp_path / "handlers.py",
        "from mod_python import apache\n"
        "def late(): return apache.import_module('helper')\n",
    )
    write(tmp_path / "helper.py", "")
    module = handle("handlers", str(tmp_path))
    request_now()
    assert module.late().__file__ == f"{tmp_path}/helper.py"
    assert "helper" not in sys.modules


# spec: interpreters:I-20
def test_notes_die_with_the_request(handle, native, tmp_path, write):
    from mod_python._current import RequestNotes

    write(tmp_path / "handlers.py", "")
    for _ in range(3):
        handle("handlers", str(tmp_path))
    native.request = None
    gc.collect()
    assert not [o for o in gc.get_objects() if type(o) is RequestNotes]
