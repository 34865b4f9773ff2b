"""The default importer: interpreters 6.1 and 6.2."""

import importlib
import os
import sys
import time
import zipfile

import pytest


@pytest.fixture
def site(tmp_path):
    """A directory on ``sys.path``."""
    sys.path.insert(0, str(tmp_path))
    return tmp_path


def notices(native):
    return [text for level, text in native.log if level == native.APLOG_NOTICE]


# spec: interpreters:6.1.1 interpreters:6.2.5
def test_reload_is_in_place(apache, site, write):
    write(site / "handlers.py", "def gone(): return 1\nkept = []\nchanged = 1\n")
    module = apache.import_module("handlers")
    module.kept.append("state")
    module.own = 2
    write(site / "handlers.py", "try: kept\nexcept NameError: kept = []\nchanged = 2\n")
    assert apache.import_module("handlers") is module
    assert module is sys.modules["handlers"]
    assert (module.kept, module.own, module.changed) == (["state"], 2, 2)
    assert module.gone() == 1


# spec: interpreters:6.2.5 interpreters:6.2.2
def test_time_attributes(apache, site, write):
    write(site / "handlers.py", "", 1234)
    before = time.time()
    module = apache.import_module("handlers")
    assert module.__mtime__ == 1234
    assert before <= module.__mtime_check__ <= time.time()
    status = os.stat(site / "handlers.py")
    stamp = status.st_mtime_ns, status.st_size, status.st_ino
    assert module.__mp_stamp__ == stamp


# spec: interpreters:6.2.5
def test_mtime_is_st_mtime_to_the_last_bit(apache, site):
    """The native module compares, and so may anybody."""
    file = site / "handlers.py"
    file.write_text("")
    for number in range(200):
        date = 1_700_000_000_123_456_789 + number * 98_765_432_101
        os.utime(file, ns=(date, date))
        module = apache.import_module("handlers")
        assert (
            module.__mtime__
            == os.stat(file).st_mtime
            == date // 10**9 + (1e-9 * (date % 10**9))
        )


# spec: interpreters:6.1.1
def test_unchanged_module_is_not_executed_again(apache, native, site, write):
    write(site / "handlers.py", "runs = globals().get('runs', 0) + 1")
    for _ in range(5):
        module = apache.import_module("handlers", log=1)
    assert module.runs == 1
    assert len(notices(native)) == 1


# spec: interpreters:6.1.2
def test_older_date_reloads_too(apache, site, write):
    write(site / "handlers.py", "value = 1", 2000)
    apache.import_module("handlers")
    write(site / "handlers.py", "value = 2", 1000)
    assert apache.import_module("handlers").value == 2


# spec: interpreters:6.2.2 interpreters:6.2.5
@pytest.mark.parametrize("bytecode", [True, False])
def test_edits_within_a_second_are_seen_at_once(
    apache, site, monkeypatch, bytecode, write
):
    """Same size, same second: a .pyc would be taken for valid."""
    monkeypatch.setattr(sys, "dont_write_bytecode", not bytecode)
    file = site / "handlers.py"
    for number in range(1, 6):
        file.write_text(f"value = {number}")
        os.utime(file, ns=(10**18 + number, 10**18 + number))
        assert apache.import_module("handlers").value == number
    assert apache.import_module("handlers").value == 5


# spec: interpreters:6.1.2
def test_swapped_file_of_the_same_date_and_size_is_seen(apache, tmp_path, write):
    for release in "12":
        write(tmp_path / release / "handlers.py", f"value = {release}", 1000)
    link = tmp_path / "current"
    link.symlink_to("1")
    sys.path.insert(0, str(link))
    assert apache.import_module("handlers").value == 1
    link.unlink()
    link.symlink_to("2")
    assert apache.import_module("handlers").value == 2


# spec: interpreters:6.1.3
def test_module_of_a_plain_import_is_executed_once_more(apache, site, write):
    write(site / "handlers.py", "runs = globals().get('runs', 0) + 1")
    plain = importlib.import_module("handlers")
    for _ in range(3):
        assert apache.import_module("handlers") is plain
        assert plain.runs == 2


# spec: interpreters:6.1.3 interpreters:6.1.7
def test_what_is_never_executed_again(apache):
    from mod_python import version

    version.mark = importlib.import_module("time").mark = 1
    try:
        assert apache.import_module("mod_python.version") is version
        assert apache.import_module("mod_python") is sys.modules["mod_python"]
        assert apache.import_module("time").mark == 1
        assert apache.import_module("sys") is sys
        if "_json" in sys.modules:
            assert apache.import_module("_json") is sys.modules["_json"]
    finally:
        del time.mark
    assert not hasattr(version, "__mtime__")
    assert not hasattr(sys.modules["mod_python"], "__mtime__")


# spec: interpreters:6.1.4
def test_only_the_named_module_is_checked(apache, site, write):
    write(site / "helper.py", "value = 1")
    text = "from mod_python import apache\nvalue = apache.import_module('helper').value"
    write(site / "handlers.py", text)
    assert apache.import_module("handlers").value == 1
    write(site / "helper.py", "value = 2")
    assert apache.import_module("handlers").value == 1
    write(site / "handlers.py", text)
    assert apache.import_module("handlers").value == 2


# spec: interpreters:6.1.5
def test_first_directory_wins(apache, tmp_path, write):
    for name in "ab":
        write(tmp_path / name / "handlers.py", f"value = {name!r}")
    sys.path.insert(0, str(tmp_path / "a"))
    apache.import_module("handlers")
    sys.path.insert(0, str(tmp_path / "b"))
    assert apache.import_module("handlers").value == "a"


# spec: interpreters:6.1.6
@pytest.mark.parametrize(
    "text, error",
    [("def broken(:", SyntaxError), ("value = 2; new = 1; 1 / 0", ZeroDivisionError)],
)
def test_failed_reload_keeps_the_module_and_is_tried_again(
    apache, site, text, error, write
):
    write(site / "handlers.py", "value = 1")
    module = apache.import_module("handlers")
    write(site / "handlers.py", text)
    for _ in range(2):
        with pytest.raises(error):
            apache.import_module("handlers")
        assert sys.modules["handlers"] is module
        assert module.value == 1
        assert not hasattr(module, "new")
    write(site / "handlers.py", "value = 3")
    assert apache.import_module("handlers") is module
    assert module.value == 3


# spec: interpreters:6.1.6
def test_failed_first_import_leaves_nothing(apache, site, write):
    write(site / "handlers.py", "1 / 0")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            apache.import_module("handlers")
        assert "handlers" not in sys.modules
    write(site / "handlers.py", "value = 1")
    assert apache.import_module("handlers").value == 1


def test_removed_file_is_an_error_until_it_is_back(apache, site, write):
    write(site / "handlers.py", "value = 1")
    module = apache.import_module("handlers")
    (site / "handlers.py").unlink()
    with pytest.raises(ModuleNotFoundError):
        apache.import_module("handlers")
    write(site / "handlers.py", "value = 2")
    assert apache.import_module("handlers") is module
    assert module.value == 2


# spec: interpreters:6.1.1
def test_packages(apache, site, write):
    write(site / "pkg" / "__init__.py", "runs = globals().get('runs', 0) + 1")
    write(site / "pkg" / "sub" / "__init__.py", "from . import mod\nfirst = mod.runs")
    write(site / "pkg" / "sub" / "mod.py", "runs = globals().get('runs', 0) + 1")
    module = apache.import_module("pkg.sub.mod")
    package = sys.modules["pkg"]
    assert (module.runs, package.runs, package.sub.first) == (1, 1, 1)
    assert package.sub.mod is module is sys.modules["pkg.sub.mod"]
    write(site / "pkg" / "sub" / "mod.py", "runs = globals().get('runs', 0) + 1")
    assert apache.import_module("pkg.sub.mod") is module
    assert (module.runs, package.runs) == (2, 1)
    write(site / "pkg" / "__init__.py", "runs = globals().get('runs', 0) + 1")
    apache.import_module("pkg.sub.mod")
    assert (module.runs, package.runs) == (2, 1)
    write(site / "pkg" / "sub" / "mod.py", "runs = globals().get('runs', 0) + 1")
    apache.import_module("pkg.sub.mod")
    assert (module.runs, package.runs) == (3, 2)


def test_namespace_package(apache, site, write):
    write(site / "space" / "mod.py", "value = 1")
    assert apache.import_module("space.mod").value == 1
    write(site / "space" / "mod.py", "value = 2")
    assert apache.import_module("space.mod").value == 2


def test_plain_import_of_a_package_is_not_repeated_for_its_module(apache, site, write):
    write(site / "pkg" / "__init__.py", "runs = globals().get('runs', 0) + 1")
    write(site / "pkg" / "mod.py", "value = 1")
    package = importlib.import_module("pkg")
    assert apache.import_module("pkg.mod").value == 1
    assert package.runs == 1


def test_submodule_of_a_module(apache, site, write):
    write(site / "single.py", "")
    with pytest.raises(ModuleNotFoundError, match="'single' is not a package"):
        apache.import_module("single.sub")


@pytest.mark.parametrize("name", ["", ".x", "x.", "a..b", "no_such", "no.such"])
def test_bad_names(apache, name):
    with pytest.raises(ModuleNotFoundError):
        apache.import_module(name)


def test_file_paths_are_no_names(apache, site, write):
    file = write(site / "handlers.py", "")
    for name in (file, file[:-3], "./handlers.py"):
        with pytest.raises(ModuleNotFoundError):
            apache.import_module(name)


# spec: interpreters:6.2.1
def test_without_autoreload(apache, site, tmp_path, write):
    write(site / "handlers.py", "value = 1")
    module = apache.import_module("handlers", autoreload=0)
    write(site / "handlers.py", "value = 2")
    other = [str(tmp_path / "elsewhere")]
    assert apache.import_module("handlers", autoreload=0, path=other) is module
    assert module.value == 1
    assert apache.import_module("handlers", autoreload=1).value == 2


# spec: interpreters:6.2.5
def test_path_is_the_search_path_of_the_first_component(apache, site, tmp_path, write):
    write(site / "handlers.py", "value = 'site'")
    write(tmp_path / "other" / "handlers.py", "value = 'other'")
    write(tmp_path / "other" / "pkg" / "__init__.py", "")
    write(tmp_path / "other" / "pkg" / "mod.py", "value = 'pkg'")
    path = [str(tmp_path / "other") + "/"]
    assert apache.import_module("handlers", path=path).value == "other"
    assert apache.import_module("pkg.mod", path=path).value == "pkg"
    assert apache.import_module("pkg.mod", path=path[0]).value == "pkg"
    import json.decoder

    with pytest.raises(ModuleNotFoundError):
        apache.import_module("json.decoder", 1, 0, [str(tmp_path / "empty")])
    assert sys.modules["json.decoder"] is json.decoder


# spec: interpreters:6.1.5
def test_module_outside_path_is_imported_again_in_place(apache, site, tmp_path, write):
    write(site / "handlers.py", "value = 'site'; only = 1")
    write(tmp_path / "other" / "handlers.py", "value = 'other'")
    module = apache.import_module("handlers")
    again = apache.import_module("handlers", path=[str(tmp_path / "other")])
    assert again is module
    assert (module.value, module.only) == ("other", 1)
    assert module.__file__ == module.__spec__.origin
    assert module.__file__ == str(tmp_path / "other" / "handlers.py")
    write(tmp_path / "other" / "handlers.py", "value = 'new'")
    assert apache.import_module("handlers", path=[str(tmp_path / "other")]) is module
    assert module.value == "new"


def test_directory_that_left_sys_path(apache, site, write):
    """PythonPath of another section replaces the list."""
    write(site / "handlers.py", "value = 1")
    apache.import_module("handlers")
    sys.path.remove(str(site))
    write(site / "handlers.py", "value = 2")
    assert apache.import_module("handlers").value == 2


# spec: directives:7.10
def test_log_lines(apache, native, site, write):
    write(site / "handlers.py", "")
    apache.import_module("handlers", log=1)
    apache.import_module("handlers", log=1)
    write(site / "handlers.py", "")
    apache.import_module("handlers", log=1, path=[str(site)])
    write(site / "handlers.py", "")
    apache.import_module("handlers")
    text = "mod_python: (Re)importing module 'handlers'"
    assert native.log == [
        (native.APLOG_NOTICE, text),
        (native.APLOG_NOTICE, f"{text} with path set to '{[str(site)]}'"),
    ]


def test_module_that_replaces_itself(apache, site, write):
    write(site / "handlers.py", "import sys, json\nsys.modules[__name__] = json")
    assert apache.import_module("handlers") is sys.modules["json"]


def test_zipped_module(apache, tmp_path):
    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as archive:
        archive.writestr("zipped.py", "runs = globals().get('runs', 0) + 1")
    sys.path.insert(0, str(tmp_path / "lib.zip"))
    for _ in range(2):
        assert apache.import_module("zipped").runs == 1


def test_new_file_in_a_directory_just_listed(apache, site, write):
    """importlib caches listings by the directory's date."""
    date = os.stat(site).st_mtime_ns
    with pytest.raises(ModuleNotFoundError):
        apache.import_module("late")
    write(site / "late.py", "value = 1")
    os.utime(site, ns=(date, date))
    assert apache.import_module("late").value == 1


# spec: api:3/importer-extras
def test_old_importer_is_the_default_one(apache, site, write):
    write(site / "handlers.py", "value = 1")
    module = apache.ximport_module("handlers")
    assert module is apache.import_module("handlers")
