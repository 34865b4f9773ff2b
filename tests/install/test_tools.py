"""install.sh names what is missing, in one sentence with Debian's and Fedora's package, and keeps Pythons apart."""

import re
import sys

import pytest

PYTHON_FACTS = r"printf 'cpython\n{version}\n{executable}\n{library}\n/usr\n'"


@pytest.fixture
def complete(around, tmp_path):
    """Surroundings in which a build would work: cargo writes what it was asked, and a module."""
    around.layout("debian")
    around.tool("cc", "exit 0")
    fake_cargo(around, "1.99.0")
    clang = tmp_path / "clang"
    clang.mkdir()
    (clang / "libclang-14.so.1").write_bytes(b"")
    around.env["LIBCLANG_PATH"] = str(clang)
    around.env["PYO3_PYTHON"] = str(fake_python(around, "python3"))
    return around


def fake_cargo(around, version):
    around.tool(
        "cargo",
        f"""
if [ "$1" = --version ]; then echo "cargo {version} (abc 2026-01-01)"; exit; fi
mkdir -p "$CARGO_TARGET_DIR/release"
echo "$* for $PYO3_PYTHON with $APXS" >"$CARGO_TARGET_DIR/release/libmod_python.so"
""",
    )


def fake_python(around, name, version="3.12", library="shared"):
    executable = f"/usr/bin/{name}"
    return around.tool(name, PYTHON_FACTS.format(version=version, executable=executable, library=library))


def one_sentence(done):
    """Return the only line of stderr, having checked that it is one sentence and that nothing went to stdout."""
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(lines) == 1, done.stderr
    assert lines[0].endswith(".")
    assert "Debian" in lines[0] and "Fedora" in lines[0]
    return lines[0]


def test_a_complete_machine_builds(complete):
    done = complete.run("--build", module=False)
    assert done.returncode == 0, done.stderr
    module = complete.source / "target/release/libmod_python.so"
    assert done.stdout == f"{module}\n"
    assert module.read_text() == f"build --release --locked for /usr/bin/python3 with {complete.bin}/apxs\n"


@pytest.mark.parametrize("action", [["--build"], [], ["--prefix", "p"]])
@pytest.mark.parametrize(
    ("tool", "packages"),
    [
        ("apxs", ("apache2-dev", "httpd-devel")),
        ("cargo", ("rustup", "cargo")),
        ("cc", ("gcc", "gcc")),
    ],
)
def test_missing_tool(complete, tmp_path, tool, packages, action):
    (complete.bin / tool).unlink()
    told = one_sentence(complete.run(*action, module=False, cwd=tmp_path))
    assert told.startswith(f"install.sh: {tool} was not found")
    assert all(re.search(rf"\b{package}\b", told) for package in packages)


def test_apxs_that_does_not_exist(complete):
    told = one_sentence(complete.run("--build", "--apxs", "/nowhere/apxs", module=False))
    assert "/nowhere/apxs" in told
    assert "httpd-devel" in told


def test_missing_libclang(complete, tmp_path):
    (tmp_path / "clang/libclang-14.so.1").rename(tmp_path / "clang/libclang-cpp.so.14")
    told = one_sentence(complete.run("--build", module=False))
    assert "libclang-dev" in told and "clang-devel" in told and "LIBCLANG_PATH" in told


def test_missing_python(complete):
    told = one_sentence(complete.run("--build", "--python", "/nowhere/python3", module=False))
    assert "/nowhere/python3" in told
    assert "python3-dev" in told and "python3-devel" in told


@pytest.mark.parametrize("version", ["3.9", "2.7"])
def test_old_python(complete, version):
    old = fake_python(complete, "old", version)
    told = one_sentence(complete.run("--build", f"--python={old}", module=False))
    assert version in told and "CPython 3.10 or newer" in told


def test_static_python(complete):
    static = fake_python(complete, "static", library="static")
    told = one_sentence(complete.run("--build", "--python", str(static), module=False))
    assert "no shared libpython" in told
    assert "python3-dev" in told and "python3-devel" in told


def test_old_cargo(complete):
    needed = re.search(r'^rust-version = "1\.(\d+)"', (complete.source / "Cargo.toml").read_text(), re.M)
    fake_cargo(complete, f"1.{int(needed[1]) - 1}.0")
    assert f"1.{needed[1]} or newer" in one_sentence(complete.run("--build", module=False))
    fake_cargo(complete, f"1.{needed[1]}.0")
    assert complete.run("--build", module=False).returncode == 0


def test_cargo_in_its_usual_place(complete, tmp_path):
    usual = tmp_path / "home/.cargo/bin"
    usual.mkdir(parents=True)
    (complete.bin / "cargo").rename(usual / "cargo")
    assert complete.run("--build", module=False).returncode == 0


def test_each_named_python_has_its_own_target_directory(complete):
    modules = set()
    for name in ("one", "two", "one"):
        done = complete.run("--build", "--python", str(fake_python(complete, name)), module=False)
        module = done.stdout.strip()
        assert re.search(r"/target/py3\.12-[0-9a-f]{8}/release/libmod_python\.so$", module)
        with open(module) as stream:
            assert f"for /usr/bin/{name} " in stream.read()
        modules.add(module)
    assert len(modules) == 2


def test_failed_build_is_told(complete):
    complete.tool("cargo", 'case $1 in --version) echo "cargo 1.99.0";; *) echo "error: boom" >&2; exit 101;; esac')
    done = complete.run("--build", module=False)
    assert done.returncode == 1
    assert "error: boom" in done.stderr
    assert "the build failed" in done.stderr


def test_the_facts_of_a_real_python(complete):
    done = complete.run("--build", "--python", sys.executable, module=False)
    assert done.returncode == 0, done.stderr
    assert f"target/py3.{sys.version_info[1]}-" in done.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--nonsense"], "unknown option --nonsense"),
        (["--prefix"], "--prefix needs a value"),
        (["--python="], "--python needs a value"),
        (["--demo", "--uninstall"], "--demo does not go together"),
        (["--module", "/nowhere.so"], "/nowhere.so does not exist"),
    ],
)
def test_wrong_options(around, options, told):
    done = around.run(*options, module=False)
    assert done.returncode == 1
    assert told in done.stderr


def test_help_names_every_option(around):
    done = around.run("--help", module=False)
    assert done.returncode == 0
    script = (around.source / "conf/install.sh").read_text()
    for option in set(re.findall(r"--[a-z]+", script)):
        assert option in done.stdout


def test_no_scratch_files_stay(complete, tmp_path):
    complete.run("--build", module=False)
    complete.run("--build", "--python", "/nowhere", module=False)
    assert list(tmp_path.glob("mod_python-install-*")) == []


def test_demo_installs_what_is_missing_as_root(complete, tmp_path):
    """apt is asked for the packages of the missing tools only, and starts no service."""
    for name in ("apxs", "cc"):
        (complete.bin / name).rename(tmp_path / name)
    (tmp_path / "clang/libclang-14.so.1").rename(tmp_path / "libclang-14.so.1")
    complete.tool("id", "echo 0")
    complete.tool(
        "apt-get",
        f"""
echo "$RUNLEVEL $DEBIAN_FRONTEND $*" >>"{tmp_path}/asked"
if [ "$1" = install ]; then
    mv "{tmp_path}/apxs" "{tmp_path}/cc" "{complete.bin}/"
    mv "{tmp_path}/libclang-14.so.1" "$LIBCLANG_PATH/"
fi
""",
    )
    complete.env.update(RUNLEVEL="", DEBIAN_FRONTEND="")
    done = complete.run("--demo", module=False)
    # This surrounding has no httpd to serve with: that is where it ends.
    assert "was not found: install apache2-bin on Debian or httpd on Fedora." in done.stderr
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update == "  update"
    words = install.split()
    assert words[:4] == ["1", "noninteractive", "install", "-y"]
    assert {"apache2-dev", "gcc", "libclang-dev"} <= set(words)
    assert "apache2" not in words and "python3-dev" not in words


def test_demo_installs_nothing_as_a_user(complete, tmp_path):
    (complete.bin / "apxs").unlink()
    complete.tool("id", "echo 1000")
    complete.tool("apt-get", f'touch "{tmp_path}/asked"')
    assert "apache2-dev" in one_sentence(complete.run("--demo", module=False))
    assert not (tmp_path / "asked").exists()
