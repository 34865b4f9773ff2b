"""pip install: what the wheel and the source distribution hold, and that httpd serves with the lines that it prints."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest

from harness.httpd import Httpd

ROOT = Path(__file__).resolve().parents[2]

#: What the tests' server root and httpd's user need: readable for everybody.
UMASK = 0o022


@pytest.fixture(scope="module")
def installed(built_module):
    """A virtual environment in which the package was installed from a copy of the sources, and that copy."""
    os.umask(UMASK)
    with tempfile.TemporaryDirectory(prefix="mod_python-test-", dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        source = folder / "source"
        left_out = shutil.ignore_patterns("target", "tests", "__pycache__", ".git", ".ci")
        shutil.copytree(ROOT, source, ignore=left_out)
        venv = folder / "venv"
        subprocess.run([os.path.realpath(sys.executable), "-m", "venv", venv], check=True)
        environment = {
            **os.environ,
            # The build of the module has its own tests; here it is what the package is made of.
            "MOD_PYTHON_MODULE": str(built_module),
            # What the builds require is there, from tests/run.sh.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": os.path.join(sys.prefix, "wheels"),
        }
        before = {path.name for path in source.iterdir()}
        command = [venv / "bin/pip", "install", "--no-input", "--disable-pip-version-check", "."]
        done = subprocess.run(
            command, cwd=source, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, done.stdout
        assert {path.name for path in source.iterdir()} - before == {"target"}
        yield venv, source, environment


def run(*command, **options):
    """Run a program that has to succeed and write no error; return its output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout
    return done.stdout


def test_what_is_installed(installed, built_module):
    venv, source, _ = installed
    (package,) = venv.glob("lib/python3*/site-packages/mod_python")
    wanted = {path.relative_to(source / "python/mod_python") for path in (source / "python/mod_python").rglob("*.py*")}
    wanted = {str(path) for path in wanted if "__pycache__" not in path.parts} | {"py.typed", "mod_python.so"}
    # The program is built with the module; its own tests need it there.
    assert built_module.with_name("mod_python-psp").is_file()
    wanted.add("_psp/mod_python-psp")
    there = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert {name for name in there if "__pycache__" not in name} == wanted
    assert (package / "mod_python.so").read_bytes() == built_module.read_bytes()
    assert {"_apache.pyi", "_command/serve.py"} <= wanted
    said = run(venv / "bin/mod_python", "version")
    assert f"4.0.0 ({package}/mod_python.so)" in said
    metadata = run(venv / "bin/python", "-c", "import importlib.metadata as m; d = m.metadata('mod_python'); "
                   "print(d['Version'], d['License-Expression'], d['Requires-Python'], d.get_all('Provides-Extra'), "
                   "m.requires('mod_python'))")  # fmt: skip
    assert metadata.split()[:3] == ["4.0.0", "Apache-2.0", ">=3.10"]
    assert re.search(r"\['redis'\] \['redis>=\d", metadata)
    assert looks_at_pages(venv)


def looks_at_pages(venv):
    """Tell whether the command finds the program for pages."""
    page = venv / "wrong.psp"
    page.write_text("<% if x: %>")
    done = subprocess.run([venv / "bin/mod_python", "psp", "--check", page], capture_output=True, text=True, cwd="/")
    return (done.returncode, done.stderr) == (1, f"{page}:1: invalid syntax\n")


def test_httpd_serves_with_the_printed_lines(installed):
    venv, source, _ = installed
    lines = run(venv / "bin/mod_python", "module-config").splitlines()
    assert len(lines) == 2 and lines[0].startswith("LoadModule python_module ") and lines[1] == f"PythonHome {venv}"
    text = "\n".join(lines) + "\n<Location />\nSetHandler mod_python\nPythonHandler where\n</Location>\n"
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "where.py").write_text(
        "import sys\nimport mod_python\nfrom mod_python import apache\n\n"
        "def handler(req):\n    req.write(f'{mod_python.__file__} {sys.prefix} {sys.path.count(req.args)}')\n"
        "    return apache.OK\n"
    )
    with Httpd(source, "event", text, load_python=False) as server:
        # The package's folder is site-packages, which Python has on its path by itself: it is not put there twice.
        answer = server.get(f"/?{site}")
        assert answer.body.decode() == f"{site}/mod_python/__init__.py {venv} 1"


def test_editable(installed):
    _, source, environment = installed
    venv = source.parent / "editable"
    subprocess.run([os.path.realpath(sys.executable), "-m", "venv", venv], check=True)
    before = {path.name for path in source.iterdir()}
    run(venv / "bin/pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-e", ".", cwd=source, env=environment)
    assert {path.name for path in source.iterdir()} == before
    package = source / "python/mod_python"
    edited = package / "version.py"
    text = edited.read_text()
    try:
        edited.write_text(text + "\nedited = 'yes'\n")
        assert run(venv / "bin/python", "-c", "import mod_python.version as v; print(v.edited)", cwd="/") == "yes\n"
    finally:
        edited.write_text(text)
    load, home = run(venv / "bin/mod_python", "module-config").splitlines()
    assert home == f"PythonHome {venv}"
    assert load.startswith(f"LoadModule python_module {source}/target/wheel/")
    assert looks_at_pages(venv)
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "which.py").write_text(
        "import os, mod_python\nfrom mod_python import apache\n\n"
        "def handler(req):\n    req.write(os.path.realpath(mod_python.__file__))\n    return apache.OK\n"
    )
    text = f"{load}\n{home}\n<Location />\nSetHandler mod_python\nPythonHandler which\n</Location>\n"
    with Httpd(source, "event", text, load_python=False) as server:
        assert server.get("/").body.decode() == str(package / "__init__.py")


def test_wheel_and_source_distribution(installed):
    venv, source, environment = installed
    out = source.parent / "out"
    code = (
        "import sys, os; sys.path.insert(0, 'conf/install'); import build_backend as b; out = sys.argv[1]; "
        "os.makedirs(out); print(b.build_sdist(out)); print(b.build_wheel(out))"
    )
    subprocess.run([venv / "bin/pip", "install", "--quiet", "setuptools>=77"], check=True, env=environment)
    done = subprocess.run(
        [venv / "bin/python", "-c", code, out], cwd=source, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    tag = f"cp3{sys.version_info[1]}"
    (wheel,) = out.glob("*.whl")
    assert re.fullmatch(rf"mod_python-4\.0\.0-{tag}-{tag}-linux_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"mod_python/mod_python.so", "mod_python/py.typed", "mod_python/_apache.pyi"} <= set(names)
    (source_file,) = out.glob("*.tar.gz")
    with tarfile.open(source_file) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    needed = {str(path.relative_to(source)) for folder in ("src", "include", "conf") for path in (source / folder).rglob("*.*")}
    needed = {name for name in needed if "__pycache__" not in name and (source / name).is_file()}
    assert needed | {"Cargo.toml", "Cargo.lock", "build.rs", "pyproject.toml", "LICENSE", "python/mod_python/_apache.pyi"} <= packed
