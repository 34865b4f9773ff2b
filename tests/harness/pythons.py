"""Finds the Pythons of this machine, and makes one that httpd's children can read.

Run before there is a virtual environment, so it uses the standard library only:
    python3 -I tests/harness/pythons.py --readable PY   prints the path of PY, or of a copy that httpd's user can read
    python3 -I tests/harness/pythons.py --others PY     prints one supported Python for each other minor version, a path a line
Called by tests/run.sh and .ci/run.
"""

import argparse
import glob
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

#: Where copies of Pythons go that lie in a private folder, such as a pyenv below /root.
COPIES = Path("/opt/mod_python-test/pythons")

OLDEST = (3, 10)

_FACTS = """
import json, os, sys, sysconfig
value = sysconfig.get_config_var
library = value("LDLIBRARY") or ""
print(json.dumps({
    "name": getattr(getattr(sys, "implementation", None), "name", "cpython"),
    "version": list(sys.version_info[:3]),
    "executable": os.path.realpath(sys.executable),
    "prefix": os.path.realpath(getattr(sys, "base_prefix", sys.prefix)),
    "shared": bool(value("Py_ENABLE_SHARED")) and ".so" in library and any(
        d and os.path.exists(os.path.join(d, library)) for d in (value("LIBDIR"), value("LIBPL"))),
}))
"""


def facts(python):
    """Return what a Python says of itself, or None if it does not run."""
    try:
        done = subprocess.run([python, "-c", _FACTS], capture_output=True, text=True, timeout=60, cwd="/")
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def supported(python):
    """Tell whether the module can be built for the Python with these facts."""
    return (
        python is not None
        and python["name"] == "cpython"
        and tuple(python["version"]) >= OLDEST
        and python["shared"]
    )


def readable_by_all(path):
    """Tell whether any user can get to a path: every folder above it is open, and it can be read itself."""
    path = Path(path).resolve()
    ways = [folder.stat().st_mode & stat.S_IXOTH for folder in [path, *path.parents] if folder.is_dir()]
    return all(ways) and bool(path.stat().st_mode & stat.S_IROTH)


def readable(python):
    """Return the path of a Python that httpd's children can read: the given one, or a copy of it.

    A child runs as another user only where httpd is started as root, so for anybody else it is the given one.
    Raises SystemExit with a sentence where the Python cannot be used at all.
    """
    known = facts(python)
    if not supported(known):
        raise SystemExit(f"{python} is not a CPython 3.10 or newer with a shared libpython.")
    if os.geteuid() != 0 or (readable_by_all(known["prefix"]) and readable_by_all(known["executable"])):
        return known["executable"]
    return str(copy_python(known))


def copy_python(known):
    """Copy a whole prefix below COPIES, once for each state of its source, and return the copy's executable."""
    source = Path(known["prefix"])
    name = ".".join(map(str, known["version"]))
    target = COPIES / f"{name}-{hashlib.sha256(str(source).encode()).hexdigest()[:8]}"
    executable = target / Path(known["executable"]).relative_to(source)
    mark = target / "copied-from.json"
    state = json.dumps({"source": str(source), "files": _fingerprint(source, known)}, sort_keys=True)
    if mark.is_file() and mark.read_text() == state:
        return executable

    COPIES.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.new.{os.getpid()}")
    # cp keeps links, modes and the times that byte code is checked against.
    subprocess.run(["cp", "-a", str(source), str(fresh)], check=True)
    _move_prefix(fresh, source, target)
    # -a kept the source's mode, which may be private like everything else there.
    fresh.chmod(0o755)
    (fresh / mark.name).write_text(state)
    if target.exists():
        old = target.with_name(f"{target.name}.old.{os.getpid()}")
        target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old)
    else:
        fresh.rename(target)
    return executable


def _fingerprint(source, known):
    """Return name, size and time of the files that change with any rebuild or upgrade of a Python."""
    files = [Path(known["executable"]), *sorted((source / "lib").glob("libpython3*.so*"))]
    files += sorted((source / "lib").glob("python3*/site-packages"))
    return [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def _move_prefix(fresh, source, target):
    """Make a copied prefix name itself: where builds look for the library, and where the executable does."""
    old, new = os.fsencode(source), os.fsencode(target)
    for pattern in ("lib/python3*/_sysconfigdata_*.py", "lib/pkgconfig/*.pc", "bin/python3*-config"):
        for name in fresh.glob(pattern):
            if not name.is_symlink():
                # A path that only begins like the prefix is another one.
                name.write_bytes(re.sub(re.escape(old) + rb"(?=[/'\"\s:]|$)", lambda _: new, name.read_bytes()))
    # The executable's run path: a shorter one fits into its place in the string table.
    for name in fresh.glob("bin/python3.*"):
        code = name.read_bytes() if not name.is_symlink() else b""
        path = old + b"/lib\0"
        if code.startswith(b"\x7fELF") and path in code and len(path) >= len(b"$ORIGIN/../lib\0"):
            name.write_bytes(code.replace(path, b"$ORIGIN/../lib\0".ljust(len(path), b"\0")))


def others(python):
    """Return one supported Python for each minor version but the given Python's, the newest patch of each."""
    found = {}
    patterns = (
        os.path.expanduser("~/.pyenv/versions/*/bin/python3"),
        "/usr/bin/python3.*",
        "/usr/local/bin/python3.*",
        "/opt/*/bin/python3",
        "/opt/*/*/bin/python3",
    )
    for name in sorted(name for pattern in patterns for name in glob.glob(pattern)):
        if name.startswith(str(COPIES)) or not re.fullmatch(r"python3(\.\d+)?", os.path.basename(name)):
            continue
        known = facts(name)
        if supported(known):
            minor = tuple(known["version"][:2])
            if minor not in found or known["version"] > found[minor]["version"]:
                found[minor] = known
    given = facts(python)
    found.pop(tuple(given["version"][:2]) if given else None, None)
    return [found[minor]["executable"] for minor in sorted(found)]


def main():
    """The two commands above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--readable", metavar="PY")
    group.add_argument("--others", metavar="PY")
    options = parser.parse_args()
    if options.readable:
        print(readable(options.readable))
    else:
        print("\n".join(others(options.others)))


if __name__ == "__main__":
    sys.exit(main())
