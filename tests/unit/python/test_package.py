"""The package itself and the names of ``mod_python.apache``."""

import re
import subprocess
import sys

import fake_apache
import pytest
from fake_apache import PACKAGE


def run_outside(code):
    start = f"import sys; sys.path.insert(0, {str(PACKAGE)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", start + code],
        capture_output=True,
        text=True,
    )


# spec: api:11.4
def test_package_is_importable_outside_the_server_and_apache_is_not():
    done = run_outside("import mod_python; print(mod_python.mp_version)")
    assert (done.returncode, done.stderr) == (0, "")
    done = run_outside("import mod_python.apache")
    assert "ImportError" in done.stderr and "_apache" in done.stderr


# spec: api:11.3
def test_version_is_the_crate_s(apache):
    import mod_python
    from mod_python import version

    cargo = (PACKAGE.parent / "Cargo.toml").read_text()
    expected = re.search(r'^version = "(.*)"', cargo, re.M).group(1)
    assert version.version == mod_python.mp_version == expected


# spec: api:2/HTTP, api:2/log-levels, api:2/methods, api:2/magic-types
def test_constants_of_httpd(apache):
    words = iter(fake_apache.CONSTANTS.split())
    for name in words:
        assert getattr(apache, name) == int(next(words), 0), name
        assert name in apache.__all__
    for name, text in fake_apache.MAGIC_TYPES.items():
        assert getattr(apache, name) == text
        assert name in apache.__all__


# spec: api:2
def test_constants_httpd_does_not_define(apache):
    assert (apache.REQ_PROCEED, apache.REQ_NOACTION, apache.REQ_ABORTED) == (0, -1, 500)
    assert (apache.REQ_EXIT, apache.PROG_TRACEBACK) == ("REQ_EXIT", "PROG_TRACEBACK")
    assert (apache.APLOG_NOERRNO, apache.HTTP_IM_A_TEAPOT) == (0, 418)
    names = "MODE INO DEV NLINK UID GID SIZE ATIME MTIME CTIME FNAME NAME FILETYPE"
    assert [getattr(apache, "FINFO_" + n) for n in names.split()] == list(range(13))
    names = "SCHEME HOSTINFO USER PASSWORD HOSTNAME PORT PATH QUERY FRAGMENT"
    assert [getattr(apache, "URI_" + n) for n in names.split()] == list(range(9))


# spec: api:2
def test_constants_of_a_newer_httpd_are_there_too(native):
    native.HTTP_FROM_THE_FUTURE = 599
    native.APLOG_NOERRNO = 16
    from mod_python import apache

    assert apache.HTTP_FROM_THE_FUTURE == 599
    assert apache.APLOG_NOERRNO == 0
    assert "HTTP_FROM_THE_FUTURE" in apache.__all__


# spec: api:2 api:3
def test_data_and_functions(apache, native):
    assert apache.interpreter == "www.example.com"
    assert apache.main_server is native.main_server
    assert apache.make_table is apache.table is native.table
    assert apache.SERVER_RETURN is native.SERVER_RETURN
    assert apache.ExpiredError is native.ExpiredError
    for name in apache.__all__:
        assert hasattr(apache, name), name
    for name in ("log_error", "config_tree", "server_root", "mpm_query", "stat"):
        assert getattr(apache, name) is getattr(native, name)
    assert not hasattr(apache, "allow_methods")
    assert apache.sys is sys


# spec: api:3
def test_register_cleanup(apache, native):
    apache.register_cleanup(print, "data")
    apache.register_cleanup(print)
    assert native.cleanups == [
        ("www.example.com", print, "data"),
        ("www.example.com", print, None),
    ]
    with pytest.raises(ValueError, match="third argument"):
        apache.register_cleanup("no")


# spec: interpreters:3.1
def test_argv(core):
    assert sys.argv == ["mod_python"]


# spec: api:3
def test_module_mtime(apache, tmp_path, write):
    from types import ModuleType

    module = ModuleType("m")
    assert apache.module_mtime(module) == 0
    module.__file__ = write(tmp_path / "m.pyc", "x", 1000)
    assert apache.module_mtime(module) == 1000
    write(tmp_path / "m.py", "x", 2000)
    assert apache.module_mtime(module) == 2000
    assert module.__mtime_check__ > 2000
