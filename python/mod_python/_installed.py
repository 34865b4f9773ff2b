"""Where things are: mod_python.so beside this package, httpd, its modules, its configuration.

Used by ``mod_python.version``, ``mod_python.httpdconf`` and the command. Each
answer is found once, when it is first asked for.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

#: Where distributions keep programs that an ordinary user's PATH leaves out.
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/apache2/bin", "/opt/httpd/bin")


@functools.cache
def module_file() -> str:
    """Return the path of the mod_python.so that belongs to this package, or ``''`` if there is none.

    pip puts it into the package, conf/install.sh into ``../../modules`` or, where
    that is httpd's own folder, `libexecdir`.
    """
    package = Path(__file__).resolve().parent
    # `pip install -e` makes a folder with the module and with links to the Python files.
    linked = Path(os.path.abspath(__file__)).parent
    for file in (linked / "mod_python.so", package / "mod_python.so", package.parent.parent / "modules/mod_python.so"):
        if file.is_file():
            return str(file)
    return ""


def python_of(module: str) -> Optional[tuple[int, int]]:
    """Return the (major, minor) of the Python that a mod_python.so is linked to, None if that cannot be told."""
    found = re.search(rb"libpython(\d+)\.(\d+)\.so", Path(module).read_bytes())
    return (int(found[1]), int(found[2])) if found else None


def python_home() -> Optional[str]:
    """Return the virtual environment that runs now, None outside of one."""
    return sys.prefix if sys.prefix != sys.base_prefix else None


@functools.cache
def apxs() -> str:
    """Return the path of apxs (the variable APXS comes first), or ``''``: it comes with httpd's development files."""
    return _program("APXS", "apxs", "apxs2")


@functools.cache
def httpd() -> str:
    """Return the path of the httpd program (the variable HTTPD comes first), or ``''``."""
    if not os.environ.get("HTTPD") and apxs():
        path = f"{_asked('SBINDIR')}/{_asked('PROGNAME')}"
        if os.access(path, os.X_OK):
            return path
    return _program("HTTPD", "httpd", "apache2", "httpd2")


@functools.cache
def httpd_version() -> str:
    """Return httpd's version, as ``'2.4.62'``, or ``''``."""
    return _said(r"^Server version: \S*?/(\S+)")


@functools.cache
def apr_version() -> str:
    """Return the version of the APR library that httpd runs with, as ``'1.7.2'``, or ``''``."""
    return _said(r"^Server loaded: .*?APR (\d[\d.]*)")


@functools.cache
def libexecdir() -> str:
    """Return the folder of httpd's modules, or ``''``."""
    root = _said(r'HTTPD_ROOT="(.*)"')
    guesses = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules", "/usr/lib/apache2"]
    for folder in (_asked("LIBEXECDIR"), f"{root}/modules", *guesses):
        if folder and os.path.isfile(f"{folder}/mod_mime.so"):
            return os.path.realpath(folder)
    return _asked("LIBEXECDIR")


@functools.cache
def sysconfdir() -> str:
    """Return the folder of httpd's configuration, or ``''``."""
    if folder := _asked("SYSCONFDIR"):
        return folder
    file = _said(r'SERVER_CONFIG_FILE="(.*)"')
    return os.path.dirname(os.path.join(_said(r'HTTPD_ROOT="(.*)"'), file)) if file else ""


@functools.cache
def built_in() -> frozenset[str]:
    """Return the names of the modules that are compiled into httpd, without ``mod_``: ``so``, ``core``, ``http``."""
    return frozenset(re.findall(r"^\s+(?:mod_)?(\w+)\.c$", _output(httpd(), "-l"), re.M))


def has_module(name: str) -> bool:
    """Tell whether httpd has a module, as ``'mime'`` or ``'mpm_event'``, compiled in or as a file."""
    return name.removeprefix("mpm_") in built_in() or os.path.isfile(f"{libexecdir()}/mod_{name}.so")


def _program(variable: str, *names: str) -> str:
    if named := os.environ.get(variable):
        return shutil.which(named) or ""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_PLACES])
    return next((found for name in names if (found := shutil.which(name, path=path))), "")


@functools.cache
def _asked(what: str) -> str:
    """Return what ``apxs -q`` says."""
    return _output(apxs(), "-q", what).strip()


def _said(pattern: str) -> str:
    """Return the first group of a pattern in what ``httpd -V`` says."""
    found = re.search(pattern, _facts(), re.M)
    return found[1] if found else ""


@functools.cache
def _facts() -> str:
    # It says all this even where it then finds fault with the system's configuration.
    return _output(httpd(), "-V")


def _output(program: str, *words: str) -> str:
    if not program:
        return ""
    try:
        done = subprocess.run(
            [program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, errors="replace", timeout=30,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
