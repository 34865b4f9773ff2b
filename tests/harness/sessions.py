"""Sessions of a test server: a page that runs Python with a session of the kind of its folder, and a browser with cookies.

`FILES` and `CONFIG` have a folder for each kind of session: file, memory, dbm. Their store is below the server's root.
"""

import ast
import os
import re
import textwrap
import threading
import urllib.parse

from harness.config import user

HANDLER = '''
import os
import time
import urllib.parse

from mod_python import Session as S, apache


def error(function, *args, **keywords):
    """The type's name and the text of what a call raises, None where it raises nothing."""
    try:
        function(*args, **keywords)
    except Exception as raised:
        return type(raised).__name__, str(raised)


def handler(req):
    names = {"req": req, "apache": apache, "S": S, "os": os, "time": time, "error": error}
    code = urllib.parse.unquote(req.args)
    if not code.startswith("#"):
        names["s"] = S.Session(req)
    exec(code, names)
    req.write(ascii(names.get("result")))
    return apache.OK
'''

KINDS = ("file", "memory", "dbm")

FOLDER = """
<Directory "@DOCS@/{name}">
    SetHandler mod_python
    PythonHandler sessions
    {options}
</Directory>
"""


def folder(name, *options):
    """Return the configuration of a folder; options are "KEY VALUE" without the prefix mod_python."""
    return FOLDER.format(name=name, options="\n    ".join(f"PythonOption mod_python.{option}" for option in options))


def files(*names):
    """Return the page for each folder."""
    return {f"htdocs/{name}/sessions.py": HANDLER for name in names}


def typed(kind):
    """Return the option that chooses a kind."""
    return f"session.session_type {kind.capitalize()}Session"


CONFIG = "PythonOption mod_python.session.database_directory @ROOT@/tmp/store\n" + "".join(
    folder(kind, typed(kind)) for kind in KINDS
)

FILES = files(*KINDS)


def make_store(site, name="tmp/store"):
    """Make a directory for records, as an administrator does: the children's user may write to it."""
    path = site.root / name
    path.mkdir(exist_ok=True)
    path.chmod(0o700)
    if owner := user():
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return path


class Browser:
    """A client that keeps the session cookie. `set` are the Set-Cookie headers of the last answer."""

    def __init__(self, site, folder, cookie=None):
        self.site, self.folder, self.cookie = site, folder, cookie
        self.set = []
        self.answer = None

    def run(self, code="result = s.is_new()", status=200, path="x", headers=()):
        """Run statements with a session `s` (none, if they begin with #); return the literal they leave in `result`."""
        code = urllib.parse.quote(textwrap.dedent(code).strip())
        headers = list(headers)
        if self.cookie:
            headers.append(("Cookie", f"other=1; pysid={self.cookie}"))
        self.answer = self.site.get(f"/{self.folder}/{path}?{code}", headers=headers)
        self.set = self.answer.header_all("Set-Cookie")
        assert self.answer.status == status, (self.answer, self.site.log.text())
        for header in self.set:
            found = re.match(r"\w+=([^;]*)", header)
            self.cookie = None if "expires=Thu, 01-Jan-1970" in header else found[1]
        return ast.literal_eval(self.answer.text) if status == 200 else None


def client(site, kind, code="s['n'] = 0; s.save()"):
    """Return a browser with a session."""
    browser = Browser(site, kind)
    browser.run(code)
    return browser


def together(*calls):
    """Run calls at once, each in a thread; return their results, an exception where one was raised."""
    results = [None] * len(calls)

    def run(index):
        try:
            results[index] = calls[index]()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
