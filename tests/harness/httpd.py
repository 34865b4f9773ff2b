"""One real httpd with its own server root on a free loopback port. Tests get it from the fixtures of harness.plugin."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import time
from pathlib import Path
from typing import ClassVar

from harness import client, config, launch
from harness.errorlog import ErrorLog
from harness.held_ports import hold_port, port_of

#: States of a socket in proc(5)'s net/tcp, from the kernel's net/tcp_states.h. A closed one that waits has no process.
_LISTENS, _TIME_WAIT = "0A", "06"


class HttpdFailed(AssertionError):
    """httpd did not start, did not stop, or ended by itself; the message has its log."""


class Httpd:
    """A server root with a configuration, and the httpd that runs in it; a context manager that starts and stops it.

    tree: folder with modules/mod_python.so and python/mod_python.
    config: text for the main server, below the defaults. `@ROOT@`, `@DOCS@` (its htdocs), `@PORT@` and `@TREE@` are
        filled in, here and in the files.
    files: path below the server root -> content; handlers usually go to `htdocs/`. str is dedented; what begins with `#!`
        can be run.
    processes: exactly so many children; None for what starts quickly. threads: per child, for worker and event.
    one_process: httpd -X, everything in one process.
    load_python: False leaves mod_python out; "first" loads it before other modules, whose hooks then come after its own.
    ports: names of more ports, which nobody else gets; `@name@` is filled in as well, and `ports[name]` has the number.
    env: environment variables for httpd, which otherwise gets a bare environment.
    """

    #: The servers that run now: harness.plugin checks their logs after each test.
    running: ClassVar[list] = []

    def __init__(
        self, tree, mpm="event", config="", files=None, *, modules=(), allow_override="None", log_level="info",
        processes=None, threads=8, one_process=False, load_python=True, ports=(), env=None,
    ):  # fmt: skip
        self.tree, self.mpm, self.config = tree, mpm, textwrap.dedent(config)
        self.modules, self.allow_override, self.log_level = tuple(modules), allow_override, log_level
        self.processes, self.threads, self.one_process = processes, threads, one_process
        self.load_python = load_python
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        self.env |= {**launch.env, **(env or {})}
        self.process = None
        self._held = [hold_port() for _ in ("PORT", *ports)]
        self.port, *more = map(port_of, self._held)
        self.ports = dict(zip(ports, more))
        # Not below a private TMPDIR: httpd's user has to get here.
        self.root = Path(tempfile.mkdtemp(prefix="mod_python-test-", dir="/tmp"))
        self.root.chmod(0o755)
        for name, mode in (("htdocs", 0o755), ("logs", 0o755), ("run", 0o755), ("tmp", 0o1777)):
            (self.root / name).mkdir()
            (self.root / name).chmod(mode)
        self.docs = self.root / "htdocs"
        self.log = ErrorLog(self.root / "logs/startup.log", self.root / "logs/error.log")
        for path, content in (files or {}).items():
            self.write(path, content)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_exc):
        try:
            self.stop()
            self.log.check()
        finally:
            self.remove()

    def fill(self, text):
        """Put this server's paths and port into a text."""
        places = {"ROOT": self.root, "DOCS": self.docs, "PORT": self.port, "TREE": self.tree}
        for name, value in {**self.ports, **places}.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def write(self, path, content):
        """Write a file below the server root, readable for httpd's children, and return its path."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = self.fill(textwrap.dedent(content)).encode()
        target.write_bytes(content)
        target.chmod(0o755 if content.startswith(b"#!") else 0o644)
        return target

    def _command(self, *options):
        conf = self.root / "httpd.conf"
        # A test writes bytes that are no UTF-8 as lone surrogates.
        conf.write_text(config.compose(self), "utf-8", "surrogateescape")
        return [*launch.under, config.program()[0], "-d", str(self.root), "-f", str(conf), *options]

    def check_config(self):
        """Run httpd -t; returns (exit status, all that it printed)."""
        done = subprocess.run(
            self._command("-t"), env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60 * launch.patience,
        )
        return done.returncode, done.stdout

    def start(self):
        """Start httpd and wait until it answers; raises HttpdFailed with the log if it does not."""
        with (self.root / "logs/startup.log").open("ab") as startup:
            self.process = subprocess.Popen(
                self._command("-X" if self.one_process else "-DFOREGROUND"), env=self.env, cwd="/",
                stdin=subprocess.DEVNULL, stdout=startup, stderr=startup, start_new_session=True,
            )  # fmt: skip
        if not self._wait_for_port():
            ended = self.process.poll()
            self._kill()
            # The exception has the log: whoever expects it need not announce the lines as well.
            self.log.reset()
            raise HttpdFailed(f"httpd did not start (exit status {ended})\n{self.log.all_text()}")
        Httpd.running.append(self)
        return self

    def _wait_for_port(self, timeout=30):
        end = time.monotonic() + timeout * launch.patience
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                # The parent listens before it logs that it is ready; restarts count that line.
                if self.one_process or "resuming normal operations" in self.log.all_text():
                    return True
                time.sleep(0.02)
        return False

    def graceful(self):
        """Restart as `apachectl graceful` does, and wait until the new generation is there."""
        self._restart(signal.SIGUSR1)

    def restart(self):
        """Restart at once, as `apachectl restart` does, and wait until httpd is there again."""
        self._restart(signal.SIGHUP)

    def _restart(self, signum):
        ready = "resuming normal operations"
        before = self.log.all_text().count(ready)
        # A test may have changed the configuration's text since the start.
        self._command()
        self._allow_ending()
        self._let_connections_end()
        former, listeners = self.children(), self.listeners()
        self.process.send_signal(signum)
        end = time.monotonic() + 30 * launch.patience
        while self.log.all_text().count(ready) == before:
            if self.process.poll() is not None or time.monotonic() > end:
                raise HttpdFailed(f"httpd did not come back from a restart\n{self.log.all_text()}")
            time.sleep(0.02)
        # httpd is ready before its former children know that they are to end: they may accept one more connection.
        end = time.monotonic() + 10 * launch.patience
        while accepting := [pid for pid in former if accepts(pid, listeners)]:
            if time.monotonic() > end:
                raise HttpdFailed(f"after a restart former children still accept: {accepting}\n{self.log.all_text()}")
            time.sleep(0.02)

    def listeners(self):
        """Return the listening sockets, as /proc/<pid>/fd calls them."""
        return {f"socket:[{row[9]}]" for row in self._sockets() if row[3] == _LISTENS}

    def _sockets(self):
        """Return the rows of proc(5)'s net/tcp, split into columns, whose local port is one of the server's."""
        ports = tuple(f":{port:04X}" for port in (self.port, *self.ports.values()))
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [row for row in rows if row[1].endswith(ports)]

    def _is_connected(self):
        return any(row[3] not in (_LISTENS, _TIME_WAIT) for row in self._sockets())

    def _let_connections_end(self):
        """Give event a moment: where it is told to end while it closes a connection, httpd's own code may crash.

        mod_mpm_event then asks for the socket of a connection whose memory another thread frees, Python or not. That thread
        may still be at it when the kernel has no connection any more.
        """
        if self.mpm == "event":
            _wait_at_most(0.3, lambda: not self._is_connected() and self.threads_sleep())

    def _allow_ending(self):
        """Allow what httpd itself says where a child of event ends while it still closes a connection."""
        self.log.allow(r"AH03092: process_lingering_close")
        if launch.patience > 1:
            # httpd's own patience, three seconds, has no factor.
            self.log.allow(r"AH00045: child process \d+ still did not exit, sending a SIGTERM")

    def children(self):
        """Return the process ids of httpd's children."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def thread_names(self):
        """Return the names of the threads of all children, at most 15 characters each; mod_cgid's daemon is a child as well."""
        return {name.rstrip("\n") for name in self._of_threads("comm")}

    def threads_sleep(self):
        """Tell whether all threads of all children wait for something, or have ended."""
        return all(map(_sleeps, self._of_threads("stat")))

    def _of_threads(self, name):
        """Return what proc(5) has under a name for each thread of all children, but for those that end meanwhile."""
        found = []
        for pid in self.children():
            with contextlib.suppress(OSError):
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    with contextlib.suppress(OSError):
                        found.append((thread / name).read_text())
        return found

    def stop_when_idle(self):
        """Stop once the children are between two connections, where exit code of users runs; return the seconds it took."""
        _wait_at_most(5, lambda: not self._is_connected())
        # From the end of the last one to the wait for the next.
        time.sleep(0.5)
        _wait_at_most(4.5, lambda: all(map(_first_thread_sleeps, self.children())))
        started = time.monotonic()
        self.stop()
        return time.monotonic() - started

    def stop(self, timeout=20):
        """Stop httpd by its pid; HttpdFailed if it had ended by itself or had to be killed."""
        if self in Httpd.running:
            Httpd.running.remove(self)
        if self.process is None:
            return
        ended = self.process.poll()
        if ended is None:
            self._allow_ending()
            self._let_connections_end()
            self.process.terminate()
            try:
                self.process.wait(timeout * launch.patience)
            except subprocess.TimeoutExpired:
                self._kill()
                raise HttpdFailed(f"httpd did not stop in {timeout * launch.patience} s\n{self.log.all_text()}") from None
        self.process = None
        if ended is not None:
            raise HttpdFailed(f"httpd had ended by itself with {ended}\n{self.log.all_text()}")

    def _kill(self):
        """End what is left of this server: its own session, and nothing else."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None

    def remove(self):
        """Delete the server root."""
        if self.process is not None:
            self._kill()
        for held in self._held:
            held.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def request(self, method, path, **options):
        """Send a request that closes the connection and return the Response (options: see client.compose)."""
        return client.parse(self.raw(client.compose(method, path, **options)), method)

    def get(self, path="/", **options):
        """GET a path."""
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        """POST bytes to a path."""
        return self.request("POST", path, body=body, **options)

    def raw(self, data, **options):
        """Send bytes, read to the end of the connection, and return the bytes."""
        return client.exchange(self.port, data, **options)

    def connect(self, timeout=20):
        """Open a connection that stays open (client.Connection)."""
        return client.Connection(self.port, timeout)

    def access_log(self):
        """Return the lines of the access log."""
        return (self.root / "logs/access.log").read_text().splitlines()


def _wait_at_most(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def _first_thread_sleeps(pid):
    try:
        return _sleeps(Path(f"/proc/{pid}/stat").read_text())
    except OSError:
        return True


def _sleeps(stat):
    """Tell whether a thread waits for something, or has ended, by its line in proc(5)'s `stat`."""
    return stat.rpartition(")")[2].split()[0] in "SZX"


def accepts(pid, listeners):
    """Tell whether a process may take a connection from one of the listening sockets."""
    opened = set()
    # The process ends meanwhile, or closes a file between the list and the look at it.
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                opened.add(os.readlink(file))
    return not listeners.isdisjoint(opened)
