"""Sessions of a test server: a page that runs Python with a session of the kind of its folder, and a browser with cookies.

`FILES` and `CONFIG` have a folder for each kind of session: file, memory, dbm. Their store is below the server's root.
"""

import ast
import contextlib
import os
import re
import textwrap
import threading
import urllib.parse

from harness.config import user
from harness.waiting import until

HANDLER = '''
import os
import time
import urllib.parse

from mod_python import Session as S, apache

# A test asks for a cleanup itself: none comes by chance.
S.BaseSession.cleanup_chance = 10**18


def error(function, *args, **keywords):
    """The type's name and the text of what a call raises, None where it raises nothing."""
    try:
        function(*args, **keywords)
    except Exception as raised:
        return type(raised).__name__, str(raised)


def hold(path):
    """Make a file and wait until somebody takes it away."""
    open(path, "x").close()
    end = time.monotonic() + 20
    while os.path.exists(path):
        assert time.monotonic() < end
        time.sleep(0.005)


def handler(req):
    names = {"req": req, "apache": apache, "S": S, "os": os, "time": time, "error": error, "hold": hold}
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


class Meanwhile(threading.Thread):
    """A request that runs beside the test; `result()` waits for it."""

    def __init__(self, browser, code, **options):
        super().__init__()
        self.call = lambda: browser.run(code, **options)
        self.start()

    def run(self):
        try:
            self.value = self.call()
        except BaseException as error:
            self.value = error

    def result(self):
        self.join(30)
        assert not isinstance(self.value, BaseException), self.value
        return self.value


@contextlib.contextmanager
def holding(browser, code=""):
    """Keep a request behind its statements while the block runs, which therefore must not wait for its end."""
    path = browser.site.root / "tmp/held"
    request = Meanwhile(browser, f"{code}\nhold({str(path)!r})")
    try:
        until(path.exists)
        yield
        assert request.is_alive()
    finally:
        path.unlink(missing_ok=True)
    request.result()


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
