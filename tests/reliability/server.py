"""The server of the long runs: its configuration and pages, and what its processes hold. Used by soak and restarts."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from harness.config import user
from harness.httpd import Httpd
from reliability.command import ROOT
from reliability.kinds import HOSTS, STATIC

PAGES = Path(__file__).with_name("pages")

CONFIG = """
Listen 127.0.0.1:@ECHO@ plain
<VirtualHost 127.0.0.1:@ECHO@>
    ServerName echo
    PythonConnectionHandler soak_handlers
</VirtualHost>
MaxKeepAliveRequests 0
CoreDumpDirectory @ROOT@/cores
ListenBacklog 511
PythonPath "sys.path + ['@DOCS@']"
<Location /handler>
    SetHandler mod_python
    PythonHandler soak_handlers
</Location>
<Location /generation>
    SetHandler mod_python
    PythonHandler soak_handlers::generation
</Location>
<Location /form>
    SetHandler mod_python
    PythonHandler soak_handlers::form
</Location>
<Location /session>
    SetHandler mod_python
    PythonHandler soak_handlers::session
    PythonOption mod_python.session.database_directory @ROOT@/sessions
    PythonOption mod_python.session.application_path /session
</Location>
<Location /session/file>
    PythonOption mod_python.session.session_type FileSession
</Location>
<Location /session/dbm>
    PythonOption mod_python.session.session_type DbmSession
</Location>
<Location /cookie>
    SetHandler mod_python
    PythonHandler soak_handlers::cookie
</Location>
<Location /wsgi>
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonOption mod_python.wsgi.application soak_handlers
</Location>
<Directory @DOCS@/pub>
    SetHandler mod_python
    PythonHandler mod_python.publisher
</Directory>
<Directory @DOCS@/psp>
    SetHandler mod_python
    PythonHandler mod_python.psp
</Directory>
<Directory @DOCS@/filtered>
    PythonOutputFilter soak_handlers::upper UPPER
    SetOutputFilter UPPER
</Directory>
<Directory @DOCS@/guarded>
    PythonAccessHandler soak_handlers
</Directory>
"""

#: Each child has all its interpreters, with what they import, before its first request: else memory would tell when they came.
PRELOAD = """
PythonImport soak_handlers {name}
PythonImport soak_everything {name}
"""

HOST = """
<VirtualHost 127.0.0.1:@PORT@>
    ServerName {name}
</VirtualHost>
"""


def pages():
    """Return the files of the server: path below its root -> content."""
    files = {f"htdocs/{name}/text.txt": STATIC for name in ("filtered", "guarded")}
    for name, place in (("soak_handlers.py", ""), ("soak_everything.py", ""), ("soak_daemons.py", ""), ("soak_pub.py", "pub/"), ("page.psp", "psp/")):
        files[f"htdocs/{place}{name}"] = (PAGES / name).read_text()
    return files


@contextmanager
def running(tree, mpm, config="", preload=True, **options):
    """Start the server; `echo_port` is where the connection handler listens. The log is looked at by whoever runs it.

    A process that crashes leaves its memory behind, in the folder `cores`.
    """
    # The first host gets the main interpreter, each other one an interpreter of its own.
    each = HOST + (PRELOAD if preload else "")
    text = CONFIG + "".join(each.format(name=name) for name in HOSTS) + config
    server = Httpd(tree, mpm, text, pages(), log_level="warn", ports=["ECHO"], **options)
    server.echo_port = server.ports["ECHO"]
    folder = server.root / "sessions"
    folder.mkdir(mode=0o700)
    if owner := user():
        shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    server.cores = server.root / "cores"
    server.cores.mkdir()
    server.cores.chmod(0o777)
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    try:
        with server:
            yield server
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limits)


def saved_cores(server):
    """Move dumps of memory out of the server's root, which goes, and return a sentence for each."""
    problems = []
    for core in server.cores.iterdir():
        kept = shutil.move(core, f"/tmp/{server.root.name}-{core.name}")
        problems.append(f"a process dumped core: {kept}")
    return problems


@contextmanager
def installed(module):
    """Stage a module for the time of a run and return the folder."""
    with tempfile.TemporaryDirectory(prefix="mod_python-tree-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        install = ["sh", str(ROOT / "conf/install.sh"), "--prefix", folder, "--module", str(Path(module).resolve())]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        yield Path(folder)


def held(pid):
    """Return what a process holds: (bytes of resident memory of its own, open descriptors)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024, len(os.listdir(f"/proc/{pid}/fd"))


def processes(session):
    """Return the ids of all processes of a server's session: itself, its children, and what they may have left behind."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # State, parent, group, session.
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)


def wait_until(condition, timeout):
    """Wait until a condition holds; returns its last value."""
    end = time.monotonic() + timeout
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value
