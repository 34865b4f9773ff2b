"""The site of the tests that read request bodies, and how they ask it."""

import json

from harness.module_server import server

CONFIG = """
PythonPath "['@DOCS@', *sys.path]"
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler reader
</Directory>
<Directory "@DOCS@/limited">
    LimitRequestBody 100
</Directory>
<Directory "@DOCS@/phases">
    PythonFixupHandler reader::first_line
</Directory>
<Directory "@DOCS@/uncaught">
    PythonHandler reader::uncaught
</Directory>
<Directory "@DOCS@/caught">
    PythonHandler reader::refused
</Directory>
<Directory "@DOCS@/caught/limited">
    LimitRequestBody 100
</Directory>
<Directory "@DOCS@/memory">
    PythonHandler reader::memory
    LimitRequestBody 0
</Directory>
<Directory "@DOCS@/redirected">
    PythonHandler reader::redirected
</Directory>
"""

#: The URL's query is an expression over `req`; its value comes back as JSON, bytes as str.
READER = """
import json
import os
import threading
import time
import urllib.parse

from mod_python import apache

kept = []

def make(name):
    open("@ROOT@/tmp/" + name, "w").close()

def seen(name):
    end = time.monotonic() + 15
    while not os.path.exists("@ROOT@/tmp/" + name) and time.monotonic() < end:
        time.sleep(0.01)
    return os.path.exists("@ROOT@/tmp/" + name)

def meanwhile():
    threading.Thread(target=lambda: seen("asked") and make("answered"), daemon=True).start()

def caught(call, *args):
    try:
        return call(*args)
    except apache.SERVER_RETURN as error:
        return ["SERVER_RETURN", list(error.args)]
    except Exception as error:
        return [type(error).__name__, str(error)]

def answer(req, value):
    req.content_type = "application/json"
    req.write(json.dumps(value, default=lambda data: data.decode("latin-1")))
    return apache.OK

def handler(req):
    names = dict(globals(), req=req)
    return answer(req, eval(urllib.parse.unquote(req.args), names))

def uncaught(req):
    req.read()
    return apache.OK

def first_line(req):
    req.line_of_fixup = req.readline().decode()
    return apache.OK

def refused(req):
    outcomes = []
    for call in (req.read, req.readline, req.readlines):
        try:
            call()
        except apache.SERVER_RETURN as error:
            outcomes.append(list(error.args))
    req.log_error(f"outcomes {outcomes}")
    return apache.OK

def memory(req):
    def peak():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmPeak"))
    before = peak()
    outcome = caught(req.read if req.args == "read" else req.readlines)
    return answer(req, [outcome, peak() - before])

def redirected(req):
    line = req.readline().decode()
    req.internal_redirect("/read?" + urllib.parse.quote(f"[{line!r}, req.readline(), req.read()]"))
    return apache.OK
"""

FOLDERS = ("limited", "caught", "caught/limited", "phases", "uncaught", "memory", "redirected")


def reading_site(timeout=20):
    """Return a module-scoped fixture: a server whose handlers read, each time for so many seconds at most."""
    files = {"htdocs/reader.py": READER, **{f"htdocs/{folder}/x": "" for folder in FOLDERS}}
    return server(f"Timeout {timeout}\n{CONFIG}", files)


def quoted(expression):
    return "".join(char if char.isalnum() else f"%{ord(char):02x}" for char in expression)


def ask(site, expression, body=None, path="/read", method="POST", **options):
    """Return the value of an expression that the handler evaluates with this body."""
    answer = site.request(method, f"{path}?{quoted(expression)}", body=body, **options)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def chunks(*pieces, trailer=b""):
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return coded + b"0\r\n" + trailer + b"\r\n"
