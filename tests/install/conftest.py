"""A copy of the sources, a made-up httpd layout and a PATH of chosen tools: the install script's surroundings."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: What the script itself may use on any machine.
ORDINARY = (
    "sh cat cp mv rm mkdir rmdir chmod find sed sort cut grep cmp sha256sum mktemp dirname id tr uname ls env".split()
)


class Surroundings:
    """A source tree that a test may change, a fake apxs, and the script run in them."""

    def __init__(self, folder):
        self.source = folder / "source"
        self.bin = folder / "bin"
        self.system = folder / "system"
        self.modules = self.system / "usr/lib/httpd/modules"
        self.python = self.system / "usr/lib/httpd/python"
        self.manifest = self.python / "mod_python.manifest"
        self.module = folder / "built.so"
        for made in (self.source, self.bin, self.modules, folder / "home"):
            made.mkdir(parents=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "conf", self.source / "conf", ignore=ignored)
        shutil.copytree(ROOT / "python", self.source / "python", ignore=ignored)
        shutil.copy(ROOT / "Cargo.toml", self.source)
        self.module.write_bytes(b"\x7fELF one")
        for name in ORDINARY:
            (self.bin / name).symlink_to(shutil.which(name))
        self.env = {"PATH": str(self.bin), "HOME": str(folder / "home"), "TMPDIR": str(folder)}

    def layout(self, name):
        """Make httpd's folders as Debian, as Fedora, or as a build of one's own has them, and an apxs for them."""
        if name == "debian":
            sysconfdir = self.system / "etc/apache2"
            (sysconfdir / "mods-available").mkdir(parents=True)
            (sysconfdir / "mods-enabled").mkdir()
        elif name == "fedora":
            sysconfdir = self.system / "etc/httpd/conf"
            sysconfdir.mkdir(parents=True)
            (sysconfdir.parent / "conf.d").mkdir()
            (sysconfdir.parent / "conf.modules.d").mkdir()
        else:
            sysconfdir = self.system / "usr/local/conf"
            sysconfdir.mkdir(parents=True)
        self.tool("apxs", f'case $2 in LIBEXECDIR) echo "{self.modules}";; SYSCONFDIR) echo "{sysconfdir}";; esac')
        return sysconfdir

    def tool(self, name, script):
        """Put a tool on the PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def run(self, *options, module=True, cwd=None):
        """Run the script under dash; returns the finished process with stdout and stderr as str."""
        shell = shutil.which("dash") or "/bin/sh"
        given = ["--module", str(self.module)] if module else []
        command = [shell, str(self.source / "conf/install.sh"), *options, *given]
        return subprocess.run(command, env=self.env, cwd=cwd, capture_output=True, text=True, timeout=120)

    def files(self, folder=None):
        """Return what lies below a folder: relative path -> contents, None for a folder."""
        folder = folder or self.system
        return {
            str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))
        }

    def package(self):
        """Return the package's files as they have to arrive."""
        folder = self.source / "python/mod_python"
        return {name: content for name, content in self.files(folder).items() if not name.startswith(".")}


@pytest.fixture
def around(tmp_path):
    """The script's surroundings, private to a test."""
    os.umask(0o022)
    return Surroundings(tmp_path)
