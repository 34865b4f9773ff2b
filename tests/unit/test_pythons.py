"""Finding and copying Pythons for httpd's children."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "harness/pythons.py"


@pytest.fixture
def pythons(tmp_path, monkeypatch):
    """The module, fresh, with its copies below a temporary folder."""
    spec = importlib.util.spec_from_file_location("pythons_under_test", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "COPIES", tmp_path / "copies")
    return module


@pytest.fixture
def prefix(tmp_path):
    """A prefix as an install leaves it, in a folder that nobody else may enter."""
    source = tmp_path / "a rather private folder" / "3.99.1"
    for folder in ("bin", "lib/pkgconfig", "lib/python3.99/site-packages"):
        (source / folder).mkdir(parents=True)
    (source / "bin/python3.99").write_bytes(b"\x7fELF\0" + os.fsencode(source) + b"/lib\0end")
    (source / "bin/python3.99").chmod(0o755)
    (source / "bin/python3").symlink_to("python3.99")
    (source / "lib/libpython3.99.so.1.0").write_bytes(b"library")
    (source / "lib/python3.99/_sysconfigdata__linux_.py").write_text(
        f"build_time_vars = {{'LIBDIR': '{source}/lib', 'prefix': '{source}', 'OTHER': '{source}0/lib'}}\n"
    )
    source.parent.chmod(0o700)
    return source


def known(prefix):
    return {
        "name": "cpython", "version": [3, 99, 1], "shared": True,
        "executable": str(prefix / "bin/python3.99"), "prefix": str(prefix),
    }  # fmt: skip


def test_copy_names_itself(pythons, prefix):
    executable = pythons.copy_python(known(prefix))
    copy = executable.parent.parent
    assert copy.parent == pythons.COPIES
    assert copy.name.startswith("3.99.1-")
    code = executable.read_bytes()
    original = (prefix / "bin/python3.99").read_bytes()
    assert len(code) == len(original)
    assert code.startswith(b"\x7fELF\0$ORIGIN/../lib\0") and code.endswith(b"\0end")
    facts = {}
    exec((copy / "lib/python3.99/_sysconfigdata__linux_.py").read_text(), facts)
    assert facts["build_time_vars"] == {"LIBDIR": f"{copy}/lib", "prefix": str(copy), "OTHER": f"{prefix}0/lib"}
    assert os.readlink(copy / "bin/python3") == "python3.99"
    assert copy.stat().st_mode & 0o777 == 0o755


def test_copy_is_made_once_for_each_state_of_its_source(pythons, prefix):
    first = pythons.copy_python(known(prefix))
    stamp = first.stat().st_ino
    assert pythons.copy_python(known(prefix)) == first
    assert first.stat().st_ino == stamp
    (prefix / "lib/libpython3.99.so.1.0").write_bytes(b"rebuilt library")
    assert pythons.copy_python(known(prefix)) == first
    assert (first.parent.parent / "lib/libpython3.99.so.1.0").read_bytes() == b"rebuilt library"
    assert len(list(pythons.COPIES.iterdir())) == 1


def test_readable_by_all(pythons, prefix):
    assert pythons.readable_by_all("/usr/bin/env")
    assert not pythons.readable_by_all(prefix / "bin/python3.99")


@pytest.mark.parametrize(
    "change", [{"name": "pypy"}, {"version": [3, 9, 20]}, {"version": [2, 7, 18]}, {"shared": False}]
)
def test_unsupported(pythons, prefix, change):
    assert pythons.supported(known(prefix))
    assert not pythons.supported({**known(prefix), **change})


def test_what_does_not_run_is_no_python(pythons):
    assert pythons.facts("/nowhere/python3") is None
    assert pythons.facts("/bin/false") is None
    assert not pythons.supported(None)


def test_others_leaves_out_the_given_minor_version(pythons):
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    found = pythons.others(sys.executable)
    assert here not in [Path(python).name for python in found]
    assert len({Path(python).name for python in found}) == len(found)
    for python in found:
        assert pythons.supported(pythons.facts(python))


def test_commands_need_nothing_but_the_standard_library():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SOURCE), "--readable", "/bin/false"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr == "/bin/false is not a CPython 3.10 or newer with a shared libpython.\n"
