"""install.sh --prefix: exactly two things below the prefix, nothing elsewhere, and the way back."""

import os
import stat

import pytest


def tree(around, folder):
    found = around.files(folder)
    return {name for name, content in found.items() if content is not None}


def expected(around):
    return {"modules/mod_python.so"} | {
        f"python/mod_python/{name}" for name, content in around.package().items() if content is not None
    }


@pytest.mark.smoke
def test_writes_exactly_the_module_and_the_package(around, tmp_path):
    before = around.files(tmp_path)
    prefix = tmp_path / "prefix"
    done = around.run("--prefix", str(prefix))
    assert done.returncode == 0, done.stderr
    assert tree(around, prefix) == expected(around)
    assert (prefix / "modules/mod_python.so").read_bytes() == around.module.read_bytes()
    for name, content in around.package().items():
        if content is not None:
            assert (prefix / "python/mod_python" / name).read_bytes() == content
    after = around.files(tmp_path)
    assert {name for name in after if not name.startswith("prefix")} == set(before)


def test_byte_code_and_editors_files_stay_behind(around, tmp_path):
    package = around.source / "python/mod_python"
    wanted = expected(around)
    (package / "__pycache__").mkdir()
    (package / "__pycache__/apache.cpython-311.pyc").write_bytes(b"x")
    (package / "old.pyc").write_bytes(b"x")
    (package / "apache.py~").write_bytes(b"x")
    (package / ".apache.py.swp").write_bytes(b"x")
    assert around.run("--prefix", str(tmp_path / "p")).returncode == 0
    assert tree(around, tmp_path / "p") == wanted


def test_everyone_can_read_it_under_any_umask(around, tmp_path):
    old = os.umask(0o077)
    try:
        around.run("--prefix", str(tmp_path / "p"))
    finally:
        os.umask(old)
    for path in [tmp_path / "p", *(tmp_path / "p").rglob("*")]:
        wanted = 0o755 if path.is_dir() else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_prefix_may_be_relative_have_a_space_and_an_equals_sign(around, tmp_path):
    assert around.run("--prefix=some where", cwd=tmp_path).returncode == 0
    assert tree(around, tmp_path / "some where") == expected(around)


def test_again_is_fine_but_another_file_is_not_overwritten(around, tmp_path):
    prefix = tmp_path / "p"
    assert around.run("--prefix", str(prefix)).returncode == 0
    assert around.run("--prefix", str(prefix)).returncode == 0
    target = prefix / "python/mod_python/apache.py"
    target.write_text("mine\n")
    before = around.files(prefix)
    (prefix / "modules/mod_python.so").unlink()
    done = around.run("--prefix", str(prefix))
    assert done.returncode == 1
    assert str(target) in done.stderr
    assert "nothing was installed" in done.stderr
    before.pop("modules/mod_python.so")
    assert around.files(prefix) == before


def test_uninstall_takes_everything_back(around, tmp_path):
    prefix = tmp_path / "p"
    around.run("--prefix", str(prefix))
    done = around.run("--prefix", str(prefix), "--uninstall")
    assert done.returncode == 0, done.stderr
    assert around.files(prefix) == {}
    assert done.stderr == ""
    assert around.run("--prefix", str(prefix), "--uninstall").returncode == 1


def test_uninstall_leaves_and_names_what_is_not_its_own(around, tmp_path):
    prefix = tmp_path / "p"
    around.run("--prefix", str(prefix))
    (prefix / "python/mod_python/mine.py").write_text("mine\n")
    (prefix / "python/mod_python/apache.py").write_text("changed\n")
    (prefix / "modules/mod_python.so").write_bytes(b"another")
    done = around.run("--prefix", str(prefix), "--uninstall")
    assert done.returncode == 0
    assert tree(around, prefix) == {
        "python/mod_python/mine.py",
        "python/mod_python/apache.py",
        "modules/mod_python.so",
    }
    assert "apache.py was changed" in done.stderr
    assert "mod_python.so is none of the modules built here" in done.stderr
    assert "mod_python is not empty" in done.stderr
