"""The files a benchmark server runs from: the C module, the installed tree, the site.

Owns the temporary folder of one run.  Called by run.py and parallel.py.

Everything is copied below /tmp, mode 755: httpd started by root serves as www-data, which cannot
enter the folders of a checkout.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
REPOSITORY = BENCH.parent.parent
DEFAULT_MODULE = REPOSITORY / "target" / "release" / "libmod_python.so"
STATIC_TEXT = b"A static file of the benchmark site.\n"
MEGABYTE_TEXT = b"0123456789abcdef" * (1 << 16)


class StageError(Exception):
    """Something the benchmark needs is missing; the text says what and what to do."""


def apxs(*names):
    """Return the values of the apxs variables `names`, one str each."""
    tool = shutil.which("apxs") or shutil.which("apxs2")
    if tool is None:
        raise StageError("apxs is missing: install httpd's development package")
    return [subprocess.check_output([tool, "-q", name], text=True).strip() for name in names]


def build_c_module():
    """Compile c/mod_bench.c into out/mod_bench.so if the source is newer; return its Path."""
    source = BENCH / "c" / "mod_bench.c"
    target = BENCH / "out" / "mod_bench.so"
    if target.exists() and target.stat().st_mtime > source.stat().st_mtime:
        return target
    target.parent.mkdir(exist_ok=True)
    includes = ["-I" + path for path in apxs("INCLUDEDIR", "APR_INCLUDEDIR")]
    flags = " ".join(apxs("CFLAGS", "EXTRA_CPPFLAGS")).split()
    command = ["cc", "-shared", "-fPIC", "-Wall", "-Wextra", *flags, *includes]
    subprocess.run([*command, "-o", str(target), str(source)], check=True)
    return target


class Stage:
    """A temporary folder with modules/, python/, site/ and run/.

    `module` is the Path of mod_python's shared object, or None for a server without it.
    Use as a context manager: the folder goes when the block ends, unless `keep` is true.
    Raises StageError if the module or the C compiler's input is missing.
    """

    def __init__(self, module=None, keep=False):
        if module is not None and not Path(module).is_file():
            raise StageError(f"{module} is missing: run cargo build --release, or name the module")
        c_module = build_c_module()
        self.keep = keep
        self.root = Path(tempfile.mkdtemp(prefix="mod_python-bench-", dir="/tmp"))
        self.root.chmod(0o755)
        for name in ("modules", "python", "site", "run"):
            (self.root / name).mkdir(mode=0o755)
        # Callgrind writes its dumps as the user that httpd has become.
        (self.root / "counts").mkdir()
        (self.root / "counts").chmod(0o777)
        # What the library keeps among the temporary files, sessions for instance.
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)
        self.c_module = self._copy(c_module, "mod_bench.so")
        self.module = None
        if module is not None:
            self.module = self._copy(Path(module), "mod_python.so")
            self._copy_package()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if not self.keep:
            shutil.rmtree(self.root)

    def _copy(self, source, name):
        target = self.root / "modules" / name
        shutil.copyfile(source, target)
        target.chmod(0o755)
        return target

    def _copy_package(self):
        target = self.root / "python" / "mod_python"
        ignore = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(REPOSITORY / "python" / "mod_python", target, ignore=ignore)
        make_readable(target)

    def add_site(self, name):
        """Make site/`name` with the handlers and a few static files; return its Path."""
        folder = self.root / "site" / name
        if not folder.exists():
            shutil.copytree(
                BENCH / "handlers", folder, ignore=shutil.ignore_patterns("__pycache__")
            )
            for file in ("page", "page.py", "page.txt"):
                (folder / file).write_bytes(STATIC_TEXT)
            (folder / "megabyte").write_bytes(MEGABYTE_TEXT)
            make_readable(folder)
        return folder


def make_readable(folder):
    """Let every user read `folder` and what is in it."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def unreadable_for_others(path):
    """Return the first part of `path` that another user cannot enter or read, or None."""
    path = Path(path).resolve()
    for part in reversed(path.parents):
        if not part.stat().st_mode & 0o001:
            return part
    return None if path.stat().st_mode & 0o004 else path


def check_libpython(module):
    """Raise StageError if www-data could not load the Python that `module` is linked with."""
    if os.geteuid() != 0:
        return
    for line in subprocess.check_output(["ldd", str(module)], text=True).splitlines():
        name, _, place = line.strip().partition(" => ")
        if not name.startswith("libpython"):
            continue
        file = place.split(" (")[0]
        if not os.path.exists(file):
            raise StageError(f"{module}: {name} is not found; set LD_LIBRARY_PATH")
        blocked = unreadable_for_others(file)
        if blocked is not None:
            raise StageError(f"{file}: www-data cannot enter {blocked}; copy that Python elsewhere")
