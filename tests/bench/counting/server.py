"""One httpd process for a benchmark: configuration, start, stop, error log.

Used by run.py (under callgrind, `-X`, prefork) and parallel.py (one worker child).  The process is
stopped by its own id; nothing else is ever signalled.
"""

import os
import shutil
import socket
import subprocess
import time

from .stage import StageError, apxs

SERVER_USER = "www-data"


class ServerError(Exception):
    """httpd did not start, did not stop, or wrote an error; the text carries its error log."""


def base_config(stage, port, mpm, directives):
    """Return the text of a small httpd.conf: one listener, no access log, `directives` at the end."""
    modules = apxs("LIBEXECDIR")[0]
    user = f"User {SERVER_USER}\nGroup {SERVER_USER}" if os.geteuid() == 0 else ""
    return f"""ServerRoot "{stage.root}/run"
DefaultRuntimeDir "{stage.root}/run"
PidFile "{stage.root}/run/httpd.pid"
ErrorLog "{stage.root}/run/error.log"
LogLevel warn
ServerName localhost
Listen 127.0.0.1:{port}
{user}
LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule bench_module {stage.c_module}
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
Timeout 600
DocumentRoot "{stage.root}/site"
<Directory />
    AllowOverride None
    Require all granted
</Directory>
<Location /bench-dump>
    SetHandler bench-dump
</Location>
{directives}
"""


class Server:
    """A running httpd; a context manager that stops it.

    `callgrind` true runs it under callgrind with dumps in `stage.root/counts`.  `single` true passes
    -X, so that the process that was started is also the one that serves.
    Raises ServerError if it is not ready after `patience` seconds, and at the end if the error log
    has a line of level error or worse.
    """

    def __init__(self, stage, directives, mpm="prefork", callgrind=False, single=True, patience=120):
        self.stage = stage
        # Nobody else is given the port, and httpd, which sets SO_REUSEADDR, can listen on it: socket(7).
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self.port = self._held.getsockname()[1]
        self.patience = patience
        self.log = stage.root / "run" / "error.log"
        self.output = stage.root / "run" / "output"
        config = stage.root / "run" / "httpd.conf"
        config.write_text(base_config(stage, self.port, mpm, directives))
        httpd = shutil.which("apache2") or shutil.which("httpd")
        if httpd is None:
            raise StageError("neither apache2 nor httpd is on PATH")
        command = [httpd, "-X" if single else "-DFOREGROUND", "-f", str(config)]
        if callgrind:
            command = self._under_callgrind(command)
        self.command = command
        self.process = None

    def _under_callgrind(self, command):
        valgrind = shutil.which("valgrind")
        if valgrind is None:
            raise StageError("valgrind is missing: install it")
        counts = self.stage.root / "counts" / "dump"
        options = ["--tool=callgrind", "--cache-sim=no", "--branch-sim=no"]
        return [valgrind, *options, "--vgdb=no", "--quiet", f"--callgrind-out-file={counts}", *command]

    def __enter__(self):
        for old in (self.stage.root / "counts").iterdir():
            old.unlink()
        self.log.unlink(missing_ok=True)
        # A fixed hash seed: the collisions of a dict are the same in every run.
        environment = dict(os.environ, PYTHONHASHSEED="0", LC_ALL="C", TMPDIR=str(self.stage.root / "tmp"))
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        finally:
            self._held.close()
        return self

    def __exit__(self, kind, error, trace):
        self._stop()
        if kind is None:
            bad = self.errors()
            if bad:
                raise ServerError("the error log has:\n" + "\n".join(bad))

    def _wait_until_ready(self):
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise ServerError("httpd ended at once:\n" + self.text())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise ServerError("httpd is not ready:\n" + self.text())
        # Callgrind opened its last file as root and writes it as the user that httpd has become.
        for file in (self.stage.root / "counts").iterdir():
            file.chmod(0o666)

    def _stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self.process.wait(1)
                return
            except subprocess.TimeoutExpired:
                self._wake()
        self.process.kill()
        self.process.wait()
        raise ServerError("httpd did not stop within 60 s:\n" + self.text())

    def _wake(self):
        """Connect once: with -X a signal just before httpd waits is seen only after the wait."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            pass

    def errors(self):
        """Return the lines of the error log with level error, crit, alert or emerg."""
        if not self.log.exists():
            return []
        levels = (":error]", ":crit]", ":alert]", ":emerg]")
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(level in line for level in levels)]

    def text(self):
        """Return the end of the error log and of what the process printed."""
        files = [file for file in (self.output, self.log) if file.exists()]
        return "\n".join(file.read_text(errors="replace")[-4000:] for file in files)
