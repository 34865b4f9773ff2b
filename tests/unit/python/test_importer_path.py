"""The path importer (PythonOption mod_python.importer path), names and files.

Interpreters 6.3; reloading is in ``test_importer_path_reload.py``.
"""

import os
import pickle
import sys

import pytest

OPTIONS = {"mod_python.importer": "path"}


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


# spec: interpreters:6.3.16
def test_warning_about_sys_path(handle, logged, native, tmp_path, write):
    file = write(tmp_path / "handlers.py", "")
    sys.path.append(f"{tmp_path}/")
    handle("handlers", str(tmp_path))
    assert native.log == []
    write(tmp_path / "handlers.py", "")
    handle("handlers", str(tmp_path), log=True)
    (text,) = logged(native.APLOG_WARNING)
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
