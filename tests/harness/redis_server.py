"""A real redis-server on a free loopback port, the package redis where httpd's Python finds it, and servers that use both.

For tests of RedisSession.
"""

import atexit
import functools
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import redis

from harness.held_ports import hold_port, port_of
from harness.httpd import Httpd
from harness.sessions import files, folder
from harness.waiting import until

#: What has to be importable; async_timeout only with old Pythons.
_PACKAGES = ("redis", "async_timeout")


class RedisServer:
    """A server in a folder of its own; a context manager. `durable` writes each change to a file before it answers.

    `tls` has it answer at `socket_url` and `tls_url` too; `arguments` are more of its own.
    """

    def __init__(self, durable=False, tls=False, arguments=()):
        self.durable = durable
        self.tls = tls
        self.arguments = arguments
        self._held = hold_port(), hold_port()
        self.port, self.tls_port = map(port_of, self._held)
        self.folder = Path(tempfile.mkdtemp(prefix="mod_python-redis-", dir="/tmp"))
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc):
        self.stop()
        for held in self._held:
            held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def socket_url(self):
        return f"unix://{self.folder}/redis.sock?db=0"

    @property
    def tls_url(self):
        return f"rediss://127.0.0.1:{self.tls_port}/0?ssl_ca_certs={self.folder}/cert.pem"

    def start(self):
        """Start it, again with what the last one wrote, and wait until it answers."""
        program = shutil.which("redis-server")
        assert program, "there is no redis-server: install the package redis-server"
        command = [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--daemonize", "no", "--save", "",
            "--dir", str(self.folder), "--logfile", str(self.folder / "redis.log"),
            "--appendonly", "yes" if self.durable else "no", "--appendfsync", "always",
            *self.arguments,
        ]  # fmt: skip
        if self.tls:
            certify(self.folder)
            command += [
                "--unixsocket", str(self.folder / "redis.sock"), "--unixsocketperm", "777", "--tls-port", str(self.tls_port),
                "--tls-cert-file", str(self.folder / "cert.pem"), "--tls-key-file", str(self.folder / "key.pem"),
                "--tls-ca-cert-file", str(self.folder / "cert.pem"), "--tls-auth-clients", "no",
            ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                if self.ask("PING"):
                    return
            except redis.ConnectionError:
                problem = (self.folder / "redis.log").read_text() if (self.folder / "redis.log").exists() else ""
                assert self.process.poll() is None and time.monotonic() < end, f"redis-server did not start\n{problem}"
                time.sleep(0.02)

    def stop(self, kill=False):
        """End it, in order or at once."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self.process.wait(20)

    def ask(self, *command):
        """Return the answer to one command."""
        with redis.Redis(port=self.port, socket_timeout=5, retry=None) as client:
            return client.execute_command(*command)

    def held(self):
        """Wait until a request keeps its session as WAIT does."""
        until(lambda: self.ask("GETDEL", "held"))


def certify(folder):
    """Write cert.pem and key.pem of 127.0.0.1, signed by itself; the certificate is readable for httpd's user."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    folder.chmod(0o755)
    cert.chmod(0o644)


@functools.cache
def packages():
    """Return a folder with the package redis of the tests' Python, compiled as it is, where httpd's user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="mod_python-packages-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in _PACKAGES:
        found = find_spec(name)
        if found:
            shutil.copytree(Path(found.origin).parent, folder / name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


#: Folder -> its options beside those of all.
FOLDERS = {
    "plain": (),
    "goes_on": ("redis_session.on_failure new",),
    "short": ("redis_session.lock_time_limit 1", "redis_session.lock_wait 10", "redis_session.key_prefix short/"),
    "hurried": ("redis_session.lock_wait 1",),
    "pickled": ("session.format pickle",),
    "wrong": ("redis_session.on_failure maybe",),
    "never": ("redis_session.lock_time_limit 0",),
    "nowhere": ("redis_session.url http://localhost/",),
    "slash": ("redis_session.url redis://:geheim/x@localhost/0",),
    "digits": ("redis_session.url redis://:12/geheim@localhost/0",),
    "fold": ("redis_session.url redis://:geheim\u2100@localhost/0",),
    "keyword": ("redis_session.url redis://localhost/0?password=x&geheim=y",),
}

#: What the keys begin with by default.
PREFIX = "mod_python:session:"

#: Counts in the session.
ADD = "s['n'] = s.get('n', 0) + 1; s.save(); result = s['n']"

#: Tells `held`, and keeps the session until the key `go` is there; `result` is True if it came.
WAIT = """
s._server.client.set("held", 1)
end = time.monotonic() + 20
while not (result := bool(s._server.client.getdel("go"))) and time.monotonic() < end:
    time.sleep(0.01)
"""

_CONFIG = """
PythonOption mod_python.session.session_type RedisSession
PythonOption mod_python.redis_session.url @URL@
PythonPath "sys.path + ['@DOCS@/plain', '@PACKAGES@']"
<Directory "@DOCS@/elsewhere">
    SetHandler mod_python
    PythonHandler sessions
    PythonInterpreter elsewhere
</Directory>
<Directory "@DOCS@/bare">
    SetHandler mod_python
    PythonHandler sessions
    PythonInterpreter bare
    PythonPath "sys.path + ['@DOCS@/bare']"
</Directory>
""" + "".join(folder(name, *options) for name, options in FOLDERS.items())


def httpd_with(tree, mpm, url):
    """Return an Httpd with a page for each of FOLDERS, whose sessions are in a Redis; in the folder `bare` redis-py is missing."""
    config = _CONFIG.replace("@URL@", url).replace("@PACKAGES@", str(packages()))
    return Httpd(tree, mpm, config, files(*FOLDERS, "elsewhere", "bare"))
