"""The server that hostile clients attack: its configuration, its pages, and what must not leave it. Used by hostile and its kinds."""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from harness.config import user
from harness.httpd import Httpd
from reliability.server import PAGES

#: Stands in files that no client may read: beside the document root, and in it but not published.
SECRET = "the secret text that must stay here"

_CONFIG = """
RequestReadTimeout header=1 body=1
LimitRequestLine 65534
LimitRequestFieldSize 65534
KeepAliveTimeout 15
# So that more spellings get past httpd.
AllowEncodedSlashes On
PythonPath "sys.path + ['@DOCS@']"
PythonOption mod_python.form.upload_directory @ROOT@/uploads
PythonOption mod_python.session.database_directory @ROOT@/sessions
PythonExprFunction hostile_expr hostile
PythonRewriteMap hostile_map hostile
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler hostile::look
</Directory>
<Directory "@DOCS@/pub">
    SetHandler mod_python
    PythonHandler mod_python.publisher
</Directory>
<Directory "@DOCS@/psp">
    AddHandler mod_python .psp .psp_
    PythonHandler mod_python.psp
</Directory>
<Directory "@DOCS@/cgi">
    SetHandler mod_python
    PythonHandler mod_python.cgihandler
</Directory>
<Location "/wsgi">
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonOption mod_python.wsgi.application hostile
</Location>
<Location "/look">
    SetHandler mod_python
    PythonHandler hostile::look
    AuthType Basic
    AuthName hostile
    Require all granted
</Location>
<Location "/expr">
    SetHandler mod_python
    PythonHandler hostile::pid
    Header set X-Test "expr=%{hostile_expr:%{QUERY_STRING}}"
</Location>
RewriteEngine On
RewriteMap hostile int:hostile_map
RewriteRule "^/rewrite/([0-9a-f]*)$" "http://localhost/${hostile:$1}" [R=302,NE,L]
""" + "".join(
    f"""
<Location "/{name}">
    SetHandler mod_python
    PythonHandler hostile::{name}
</Location>
"""
    for name in ("form", "body", "inject", "setters", "onward", "pid")
)

_SESSIONS = "".join(
    f"""
<Location "/session/{kind}">
    SetHandler mod_python
    PythonHandler hostile::session
    PythonOption mod_python.session.session_type {kind.capitalize()}Session
</Location>
"""
    for kind in ("file", "dbm", "memory")
)

_FILES = {
    "secret.txt": SECRET,
    "secret.py": f"def secret():\n    return {SECRET!r}\n",
    "secret.psp": SECRET,
    "htdocs/app/page.txt": "a page",
    "htdocs/pub/index.py": f"""
        _secret = {SECRET!r}

        def index(name=""):
            return "published"

        class page:
            def __init__(self):
                self.text = "text"

        def _hidden():
            return {SECRET!r}
    """,
    "htdocs/psp/page.psp": f"<%\n# {SECRET}\n%>page",
    "htdocs/psp/other.txt": "other",
    "htdocs/cgi/script.py": f"# {SECRET}\nprint('Content-Type: text/plain\\n')\nprint('script')\n",
}


@contextmanager
def attacked(tree, mpm="event"):
    """Start the server. `uploads` and `sessions` are its folders that httpd's user may write to."""
    files = {**_FILES, "htdocs/hostile.py": (PAGES / "hostile.py").read_text()}
    options = {"processes": 1 if mpm == "event" else 4, "threads": 12, "modules": ("reqtimeout",), "log_level": "warn"}
    server = Httpd(tree, mpm, _CONFIG + _SESSIONS, files, **options)
    server.uploads, server.sessions = (_writable(server.root / name) for name in ("uploads", "sessions"))
    with server:
        yield server


def _writable(folder):
    folder.mkdir()
    folder.chmod(0o700)
    if owner := user():
        shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def files_below(server):
    """Return the paths of all files of the server's root but what httpd and sessions write there."""
    own = ("logs", "run", "sessions", "httpd.conf")
    paths = (path.relative_to(server.root) for path in server.root.rglob("*"))
    return sorted(str(path) for path in paths if path.parts[0] not in own)


def open_uploads(folder, children):
    """Return the files below a folder that processes have open: those without a name too."""
    found = []
    for child in children:
        for entry in Path(f"/proc/{child}/fd").glob("*"):
            try:
                target = os.readlink(entry)
            except OSError:
                continue
            if target.startswith(str(folder)):
                found.append(target)
    return found


def heads(data):
    """Return the lines of all that a client got, ended by CR or by LF alone, as a careless client reads them."""
    return re.split(rb"[\r\n]", data)
