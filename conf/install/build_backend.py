"""``pip install .``: setuptools, and mod_python.so inside the package.

pyproject.toml names this file as the build backend, and its classes as
setuptools' commands. The module is built by ``conf/install.sh --build`` for the
Python that pip runs in, unless the variable MOD_PYTHON_MODULE names a built one.
The wheel is for that one minor version of CPython, and for the httpd of this
machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import build_meta
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

__all__ = ["BuildWithModule", "SourceWithRust", "WheelForOnePython"]

ROOT = Path(__file__).resolve().parents[2]

# What pip calls: the hooks of setuptools, as they are.
build_sdist = build_meta.build_sdist
build_wheel = build_meta.build_wheel
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel

# Everything that is made on the way goes where cargo's goes (see pyproject.toml).
(ROOT / "target/wheel").mkdir(parents=True, exist_ok=True)


class BuildWithModule(build_py):
    """Adds mod_python.so to the package."""

    def run(self) -> None:
        """Copy the Python files, then the built module."""
        # It may have files of an earlier build that are none of ours any more.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        shutil.copyfile(self._module(), self._target())

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that are installed."""
        return [*super().get_outputs(include_bytecode), self._target()]

    def _target(self) -> str:
        return os.path.join(self.build_lib, "mod_python", "mod_python.so")

    def _module(self) -> str:
        if named := os.environ.get("MOD_PYTHON_MODULE"):
            return named
        command = ["sh", str(ROOT / "conf/install.sh"), "--python", sys.executable, "--build"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit("mod_python.so could not be built: see above")
        return done.stdout.splitlines()[-1]


class WheelForOnePython(bdist_wheel):
    """Tags the wheel: mod_python.so is linked to one libpython."""

    def finalize_options(self) -> None:
        """Say that it is not pure Python, which setuptools cannot see: it knows of no extension module."""
        self.distribution.has_ext_modules = lambda: True
        super().finalize_options()


class SourceWithRust(sdist):
    """Adds what the module is built from to the source distribution."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Add the Rust and C sources, the install script and what belongs to them."""
        more = ["Cargo.toml", "Cargo.lock", "build.rs", "CHANGELOG.md"]
        for folder in ("src", "include", "conf"):
            found = (path for path in sorted((ROOT / folder).rglob("*")) if path.is_file() and path.suffix != ".pyc")
            more += [str(path.relative_to(ROOT)) for path in found]
        super().make_release_tree(base_dir, [*files, *(name for name in more if name not in files)])
