"""install.sh into httpd's own folders: the manifest, each distribution's layout, and the way back."""

import hashlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def left(around):
    """The files that are there now."""
    return {name for name, content in around.files().items() if content is not None}


@pytest.fixture(params=["debian", "fedora", "own"])
def layout(request, around):
    return request.param, around.layout(request.param)


def test_installs_and_takes_everything_back(around, layout):
    name, sysconfdir = layout
    before = around.files()
    done = around.run()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""

    assert (around.modules / "mod_python.so").read_bytes() == around.module.read_bytes()
    installed = around.files(around.python / "mod_python")
    assert installed == around.package()

    line = f"LoadModule python_module {around.modules}/mod_python.so"
    if name == "debian":
        load, conf = (sysconfdir / "mods-available" / file for file in ("python.load", "python.conf"))
        assert "a2enmod python" in done.stdout
    elif name == "fedora":
        load = sysconfdir.parent / "conf.modules.d/10-python.conf"
        conf = sysconfdir.parent / "conf.d/python.conf"
    else:
        load = conf = None
        assert line in done.stdout
    if load:
        assert load.read_text() == line + "\n"
        assert conf.read_bytes() == (around.source / "conf/python.conf").read_bytes()

    # The command that it names works from anywhere.
    command = next(line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("The command"))
    assert command.split()[0] == "python3"
    done = subprocess.run([sys.executable, "-B", *command.split()[1:]], capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "module-config" in done.stdout

    done = around.run("--uninstall")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert around.files() == before


def test_manifest_lists_every_file_with_its_checksum(around):
    around.layout("debian")
    before = left(around)
    around.run()
    listed = {}
    for line in around.manifest.read_text().splitlines():
        checksum, path = line.split("  ", 1)
        if checksum != "directory":
            listed[path] = checksum
    manifest = str(around.manifest.relative_to(around.system))
    assert {str(around.system / name) for name in left(around) - before - {manifest}} == set(listed)
    for path, checksum in listed.items():
        with open(path, "rb") as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == checksum


def test_upgrade_replaces_its_own_files_and_drops_old_ones(around):
    around.layout("debian")
    old = around.source / "python/mod_python/old_part.py"
    old.write_text("old\n")
    before = around.files()
    around.run()
    old.unlink()
    (around.source / "python/mod_python/apache.py").write_text("new\n")
    around.module.write_bytes(b"\x7fELF two")
    done = around.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert (around.modules / "mod_python.so").read_bytes() == b"\x7fELF two"
    assert (around.python / "mod_python/apache.py").read_text() == "new\n"
    assert not (around.python / "mod_python/old_part.py").exists()
    around.run("--uninstall")
    assert around.files() == before


def test_program_file_that_is_not_ours_stops_the_install(around):
    around.layout("debian")
    (around.modules / "mod_python.so").write_bytes(b"another package's")
    before = around.files()
    done = around.run()
    assert done.returncode == 1
    assert f"{around.modules}/mod_python.so is not a file that this script wrote" in done.stderr
    assert "nothing was installed" in done.stderr
    assert around.files() == before


def test_program_file_that_is_a_link_stops_the_install(around, tmp_path):
    around.layout("debian")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (around.modules / "mod_python.so").symlink_to(precious)
    assert around.run().returncode == 1
    assert precious.read_text() == "precious"
    assert (around.modules / "mod_python.so").is_symlink()


def test_changed_program_file_stops_the_upgrade(around):
    around.layout("debian")
    around.run()
    (around.python / "mod_python/apache.py").write_text("hot fix\n")
    before = around.files()
    around.module.write_bytes(b"\x7fELF two")
    done = around.run()
    assert done.returncode == 1
    assert "apache.py was changed since it was installed" in done.stderr
    assert around.files() == before


@pytest.mark.parametrize("owner", ["changed", "foreign"])
def test_configuration_of_the_administrator_stays(around, owner):
    conf = around.layout("debian") / "mods-available/python.conf"
    if owner == "changed":
        around.run()
    conf.write_text("PythonOptimize On\n")
    done = around.run()
    assert done.returncode == 0
    assert f"{conf} " in done.stderr
    assert "left as it is" in done.stderr
    assert conf.read_text() == "PythonOptimize On\n"
    assert (around.modules / "mod_python.so").exists()

    done = around.run("--uninstall")
    assert done.returncode == 0
    assert conf.read_text() == "PythonOptimize On\n"
    assert (f"{conf} was changed" in done.stderr) == (owner == "changed")
    assert left(around) == {str(conf.relative_to(around.system))}


def test_equal_file_of_somebody_else_is_not_taken_over(around):
    conf = around.layout("debian") / "mods-available/python.conf"
    conf.write_bytes((around.source / "conf/python.conf").read_bytes())
    done = around.run()
    assert done.returncode == 0
    assert f"{conf} was there already" in done.stderr
    around.run("--uninstall")
    assert conf.exists()


def test_install_that_was_cut_off_can_be_repeated(around):
    around.layout("debian")
    before = around.files()
    around.run()
    # As if the run had ended between two files: an old one here, a missing one there.
    (around.python / "mod_python/apache.py").unlink()
    around.module.write_bytes(b"\x7fELF two")
    around.tool("chmod", 'case $2 in *mod_python.so.new.*) exit 1;; esac; exec /bin/chmod "$@"')
    done = around.run()
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert not list(around.system.rglob("*.new.*"))
    around.tool("chmod", 'exec /bin/chmod "$@"')
    assert around.run().returncode == 0
    assert (around.modules / "mod_python.so").read_bytes() == b"\x7fELF two"
    around.run("--uninstall")
    assert around.files() == before


def test_enabled_module_does_not_keep_httpd_from_starting(around):
    sysconfdir = around.layout("debian")
    around.run()
    for name in ("python.load", "python.conf"):
        (sysconfdir / "mods-enabled" / name).symlink_to(f"../mods-available/{name}")
    done = around.run("--uninstall")
    assert done.returncode == 0
    assert list((sysconfdir / "mods-enabled").iterdir()) == []


def test_byte_code_of_removed_files_goes_and_other_files_stay(around):
    around.layout("own")
    around.run()
    cache = around.python / "mod_python/__pycache__"
    cache.mkdir()
    (cache / "apache.cpython-311.pyc").write_bytes(b"x")
    around.run("--uninstall")
    assert not around.python.exists()

    around.run()
    (around.python / "mod_python/mine.py").write_text("mine\n")
    done = around.run("--uninstall")
    assert "is not empty: left" in done.stderr
    assert left(around) == {str((around.python / "mod_python/mine.py").relative_to(around.system))}


def test_module_folder_behind_a_link(around):
    # Red Hat's apxs names a folder that is reached through /etc/httpd/modules as well.
    around.layout("own")
    link = around.system / "modules"
    link.symlink_to(around.modules)
    around.tool("apxs", f'case $2 in LIBEXECDIR) echo "{link}";; SYSCONFDIR) echo "{around.system}/usr/local/conf";; esac')
    around.run()
    assert (around.python / "mod_python/apache.py").exists()
    assert not (around.system / "python").exists()


def test_uninstall_without_an_install_says_so(around):
    around.layout("debian")
    done = around.run("--uninstall")
    assert done.returncode == 1
    assert "nothing was installed by this script" in done.stderr
