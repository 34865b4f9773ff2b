"""``pip install .``: setuptools, and mod_python.so with the program of ``mod_python psp`` inside the package.

pyproject.toml names this file as the build backend, and its classes as
setuptools' commands. The module is built by ``conf/install.sh --build`` for the
Python that pip runs in, unless the variable MOD_PYTHON_MODULE names a built one.
The wheel is for that one minor version of CPython, and for the httpd of this
machine. ``pip install -e .`` makes a folder of links to the Python files below
target/wheel, with a module that lies there: a change of Rust needs the command again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from setuptools import build_meta
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel
from setuptools.command.sdist import sdist

__all__ = ["BuildWithModule", "EditableInTarget", "SourceWithRust", "WheelForOnePython"]

ROOT = Path(__file__).resolve().parents[2]

# What pip calls: the hooks of setuptools, as they are.
build_sdist = build_meta.build_sdist
build_wheel = build_meta.build_wheel
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

# Everything that is made on the way goes where cargo's goes (see pyproject.toml).
(ROOT / "target/wheel").mkdir(parents=True, exist_ok=True)


def build_editable(
    wheel_directory: str, config_settings: Optional[dict[str, Any]] = None, metadata_directory: Optional[str] = None
) -> str:
    """Build a wheel that leads to a folder of links. The module finds its package by its own place, so the two need one."""
    settings = {**(config_settings or {}), "editable_mode": "strict"}
    return build_meta.build_editable(wheel_directory, settings, metadata_directory)


class BuildWithModule(build_py):
    """Adds mod_python.so, and the program mod_python-psp that the build leaves beside it, to the package."""

    _built: Optional[Path] = None

    def run(self) -> None:
        """Copy the Python files, then what is built."""
        # It may have files of an earlier build that are none of ours any more.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        for source, target in self._programs():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o644 if target.suffix else 0o755)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that are installed."""
        return [*super().get_outputs(include_bytecode), *(str(target) for _, target in self._programs())]

    def _programs(self) -> Iterator[tuple[Path, Path]]:
        """Yield what is built and its place in the package."""
        if self._built is None:
            self._built = self._module()
        package = Path(self.build_lib, "mod_python")
        yield self._built, package / "mod_python.so"
        pages = self._built.with_name("mod_python-psp")
        if pages.is_file():
            yield pages, package / "_psp" / pages.name

    def _module(self) -> Path:
        if named := os.environ.get("MOD_PYTHON_MODULE"):
            return Path(named)
        command = ["sh", str(ROOT / "conf/install.sh"), "--python", sys.executable, "--build"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit("mod_python.so could not be built: see above")
        return Path(done.stdout.splitlines()[-1])


class WheelForOnePython(bdist_wheel):
    """Tags the wheel: mod_python.so is linked to one libpython."""

    def finalize_options(self) -> None:
        """Say that it is not pure Python, which setuptools cannot see: it knows of no extension module."""
        self.distribution.has_ext_modules = lambda: True
        super().finalize_options()


class EditableInTarget(editable_wheel):
    """Puts the folder of links below target/wheel too."""

    def finalize_options(self) -> None:
        """Let setuptools take that for the project's folder, which it only uses to put the links there."""
        super().finalize_options()
        self.project_dir = "target/wheel"


class SourceWithRust(sdist):
    """Adds what the module is built from to the source distribution."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Add the Rust and C sources, the install script and what belongs to them."""
        more = ["Cargo.toml", "Cargo.lock", "build.rs", "CHANGELOG.md"]
        for folder in ("src", "include", "conf"):
            found = (path for path in sorted((ROOT / folder).rglob("*")) if path.is_file() and path.suffix != ".pyc")
            more += [str(path.relative_to(ROOT)) for path in found]
        super().make_release_tree(base_dir, [*files, *(name for name in more if name not in files)])
