"""A private httpd: its folder, its process, the way to its end. Used by serve.py and check.py.

The configuration comes from the caller, but for what holds it apart from other
servers: `settings`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Optional

from mod_python import _installed
from mod_python._command import _httpd
from mod_python._command._failure import Failed
from mod_python._httpdconf import names, script
from mod_python._httpdconf.nodes import Container, Directive, Node

#: How many generations of children may be there at once, through restarts.
_GENERATIONS = 8

_THREADS = 8


class Private:
    """An httpd in a new folder, which goes with it; a context manager that ends both.

    `name` is that of the command. `line` is called, in a thread of its own, with
    each line that httpd writes.
    """

    def __init__(self, name: str, line: Callable[[str], None]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"mod_python-{name}-"))
        # Children that run as another user look into it.
        self.folder.chmod(0o755)
        (self.folder / "run").mkdir(mode=0o755)
        (self.folder / "empty").mkdir(mode=0o755)
        self._line = line
        self._process: Optional[subprocess.Popen[str]] = None
        self._reader: Optional[threading.Thread] = None
        self._ready = threading.Event()

    def __enter__(self) -> Private:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def config(self) -> Path:
        """The path of its httpd.conf."""
        return self.folder / "httpd.conf"

    def start(self, text: str, environment: Optional[Mapping[str, str]] = None) -> bool:
        """Start it with a configuration and wait until it serves; False if it has ended instead, with its reason written.

        `environment` stands in for this process's own.
        """
        self.config.write_text(text)
        self._ready.clear()
        self._process = subprocess.Popen(
            [_httpd.find(), "-d", str(self.folder), "-f", str(self.config), "-DFOREGROUND"],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            # Its own session: a Ctrl-C is for us, and we end it in an orderly way.
            start_new_session=True, text=True, errors="replace", env=environment,
        )  # fmt: skip
        assert self._process.stdout
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        while not self._ready.wait(0.05):
            if self._process.poll() is not None:
                self._reader.join(5)
                return False
        return True

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            if "resuming normal operations" in line:
                self._ready.set()
            self._line(line.rstrip("\n"))

    def ended(self, seconds: float) -> Optional[int]:
        """Wait so long for its end; return the exit status, or None if it still runs."""
        assert self._process
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def restart(self, text: str) -> None:
        """Let new children serve, with this configuration; running requests end in the old ones."""
        assert self._process
        self.config.write_text(text)
        self._process.send_signal(signal.SIGUSR1)

    def stop(self, seconds: float = 10) -> None:
        """End it, by force if it takes longer."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._reader:
            self._reader.join(5)


def settings(private: Private, host: str, port: int, user: Sequence[Node], python: Sequence[Node]) -> Container:
    """Return the beginning of a private httpd's configuration: MPM, modules that are always needed, places, logs.

    `user` are the lines User and Group, `python` those that load mod_python.so.
    """
    name = mpm()
    sizes: dict[str, int]
    if name == "prefork":
        sizes = {"StartServers": 2, "MinSpareServers": 1, "MaxSpareServers": 4, "ServerLimit": 8, "MaxRequestWorkers": 8}
    else:
        sizes = {
            "ServerLimit": 1 + _GENERATIONS, "StartServers": 1, "ThreadLimit": _THREADS, "ThreadsPerChild": _THREADS,
            "MaxRequestWorkers": _THREADS, "MinSpareThreads": 1, "MaxSpareThreads": _THREADS,
        }  # fmt: skip
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Container(
        *script.mpm(),
        *script.loading(("unixd", "authn_core", "authz_core", "log_config")),
        names.ServerRoot(_quoted(private.folder)),
        names.DefaultRuntimeDir(_quoted(private.folder / "run")),
        names.PidFile(_quoted(private.folder / "run/httpd.pid")),
        names.ServerName("localhost"),
        names.Listen(listen),
        *user,
        *(Directive(size, value) for size, value in sizes.items()),
        # The pipe to us; httpd cannot be asked to leave its standard error alone.
        names.ErrorLog("/proc/self/fd/2"),
        names.DocumentRoot(_quoted(private.folder / "empty")),
        *python,
    )


def mpm() -> str:
    """Return the MPM that `settings` uses: the one that is compiled in, or the one that is loaded."""
    found = [name for name in script.MPMS if name in _installed.built_in()]
    found += [name for name in script.MPMS if _installed.has_module(f"mpm_{name}")]
    if not found:
        raise Failed(f"httpd has no MPM: {_installed.libexecdir() or 'its folder of modules'} has no mod_mpm_event.so")
    return found[0]


def package() -> Path:
    """Return the folder of this package."""
    return Path(_installed.__file__).resolve().parent


def python(test: bool = True) -> list[Node]:
    """Return the lines of `script.python`; Failed if there is no mod_python.so for the Python that runs now."""
    file = _installed.module_file() or os.path.join(_installed.libexecdir(), "mod_python.so")
    if not os.path.isfile(file):
        raise Failed("mod_python.so was not found, neither beside this package nor among httpd's modules; see docs/install.md")
    built_for = _installed.python_of(file)
    if built_for and built_for != sys.version_info[:2]:
        version = ".".join(map(str, built_for))
        raise Failed(
            f"{file} was built for Python {version}, and this is {sys.version.split()[0]}: run the command with python{version}"
        )
    return script.python(test)


@contextlib.contextmanager
def free_port(host: str) -> Iterator[int]:
    """Hold a port of an address that nobody listens on; Failed if the address is none of this machine's.

    Nobody else is given it meanwhile, and httpd, which sets SO_REUSEADDR, can listen on it: socket(7).
    """
    with contextlib.ExitStack() as stack:
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
            held = stack.enter_context(socket.socket(family, kind))
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(address)
        except OSError as error:
            raise Failed(f"{host}: {error.strerror}") from None
        yield int(held.getsockname()[1])


def _quoted(path: Path) -> str:
    return f'"{path}"'
