"""When and how the path importer loads a file again: interpreters 6.3."""

import gc
import os
import sys

import pytest

OPTIONS = {"mod_python.importer": "path"}
COUNT = "import sys\nsys.runs.append(__file__)\n"


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
def test_without_autoreload(
    handle, logged, native, tmp_path, write, request_now, apache
):
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
    assert logged(native.APLOG_NOTICE) == expected
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
def test_removed_file(handle, logged, native, tmp_path, write):
    write(tmp_path / "handlers.py", "")
    module = handle("handlers", str(tmp_path))
    (tmp_path / "handlers.py").unlink()
    assert handle("handlers", str(tmp_path)) is module
    (text,) = logged(native.APLOG_WARNING)
    assert f"{tmp_path}/handlers.py" in text
    write(tmp_path / "handlers.py", "")
    assert handle("handlers", str(tmp_path)) is not module


# spec: interpreters:6.3.11
def test_module_importing_itself(handle, tmp_path, write):
    write(tmp_path / "handlers.py", "import handlers")
    with pytest.raises(AssertionError, match="Import cycle"):
        handle("handlers", str(tmp_path))


# spec: interpreters:6.3.11
def test_importing_an_ancestor(handle, logged, native, tmp_path, runs, write):
    write(tmp_path / "a.py", COUNT + "import b")
    write(tmp_path / "b.py", COUNT + "import a")
    for count in (1, 2, 3):
        module = handle("a", str(tmp_path))
        assert module.b.a is module
        assert len(runs) == 2 * count
        assert len(logged(native.APLOG_WARNING)) == count


# spec: interpreters:6.3.12 interpreters:6.3.16
def test_clone(handle, logged, native, tmp_path, write):
    text = "def __mp_clone__(module): module.state = state\n"
    file = write(tmp_path / "handlers.py", text + "state = ['kept']")
    first = handle("handlers", str(tmp_path), log=True)
    write(tmp_path / "handlers.py", text)
    second = handle("handlers", str(tmp_path), log=True)
    assert second is not first and second.state is first.state
    assert logged(native.APLOG_NOTICE) == [
        f"Importing module '{file}'",
        f"Reimporting module '{file}'",
        f"Cloning module '{file}'",
    ]


# spec: interpreters:6.3.12 interpreters:6.3.16
def test_failing_clone(handle, logged, native, tmp_path, write):
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
    errors = logged(native.APLOG_ERR)
    assert errors[0] == f"Cloning module '{file}' failed"
    assert errors[-1].startswith("ZeroDivisionError")
    assert logged(native.APLOG_NOTICE)[-1] == f"Purging module '{file}'"


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


# spec: interpreters:I-20
def test_notes_die_with_the_request(handle, native, tmp_path, write):
    from mod_python._current import RequestNotes

    write(tmp_path / "handlers.py", "")
    for _ in range(3):
        handle("handlers", str(tmp_path))
    native.request = None
    gc.collect()
    assert not [o for o in gc.get_objects() if type(o) is RequestNotes]
