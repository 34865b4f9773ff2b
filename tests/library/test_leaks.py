"""Features asked for many thousand times, one by one: the memory of the child stays as it is."""

import os
import re

import pytest
from harness import server

CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler features
</Directory>
<Directory "@DOCS@/pages">
    SetHandler mod_python
    PythonHandler mod_python.publisher | .py
    PythonHandler mod_python.psp | .psp
</Directory>
"""

FEATURES = '''
from mod_python import Cookie, apache, util

QUERY = "&".join(f"name{number}=v+%41{number}" for number in range(10)) + "&name1=%E9"

def query(req):
    util.parse_qs(QUERY), util.parse_qsl(QUERY), util.parse_qsl(QUERY.encode()), util.parse_header("a; b=c")

def form(req):
    form = util.FieldStorage(req, 1)
    for name in form:
        form[name], form.getlist(name), form.getfirst(name).value
    form.items(), form.list, form.get("missing")
    form["more"] = "x"
    # The garbage collector has to see fields that refer to their form.
    form["more"].form = form

def lazy_cycle(req):
    form = util.FieldStorage(req)
    form["name2"].form = form

def cookies(req):
    cookie = Cookie.SignedCookie("a", "b", "secret")
    Cookie.add_cookie(req, cookie)
    Cookie.SignedCookie.parse(str(cookie), "secret"), Cookie.get_cookies(req)
    Cookie.MarshalCookie.parse(str(Cookie.MarshalCookie("a", [1, 2], "secret")), "secret")

def redirect(req):
    try:
        util.FieldStorage(req)["missing"]
    except KeyError:
        pass
    util.redirect(req, "/elsewhere")

def memory(req):
    import gc
    gc.collect()
    with open("/proc/self/statm") as file:
        req.write(str(int(file.read().split()[1]) * 4096))

def handler(req):
    feature = globals()[req.path_info[1:]]
    for _ in range(1 if feature is memory else 5):
        feature(req)
    return apache.OK
'''

PUBLISHED = "def index(req, name1, name2=None):\n    return 'x'\n"
PAGE = "<%= form.getfirst('name1') %>\n<%\nfor n in range(3):\n    req.write('x')\n%>\n"

# A child of one thread: each further one would take memory of its own (stack, arena of malloc) when it first has its turn.
site = server(
    CONFIG,
    {
        "htdocs/app/features.py": FEATURES,
        "htdocs/pages/index.py": PUBLISHED,
        "htdocs/pages/page.psp": PAGE,
        "htdocs/app/x": "",
    },
    processes=1,
    mpm="prefork",
)

QUERY = "&".join(f"name{number}=v+%41{number}" for number in range(10))
BOUNDARY = "XX"
MULTIPART = "".join(
    f'--XX\r\nContent-Disposition: form-data; name="name{number}"{filename}\r\n\r\nvalue\r\n'
    for number, filename in ((0, ""), (1, '; filename="a"'), (2, ""))
)
#: So many requests are measured.
COUNT = int(os.environ.get("MOD_PYTHON_LEAK_REQUESTS", "1000"))
#: A leak of one small object, of 48 bytes, for each use of a feature adds twice as much.
ALLOWED = 48 * 5 * COUNT // 2

ASKED = {
    "query": ("GET", "/app/x/query", "", 200),
    "form of a query": ("GET", f"/app/x/form?{QUERY}", "", 200),
    "form of a body": ("POST", f"/app/x/form?{QUERY}", QUERY, 200),
    "form in parts": ("POST", f"/app/x/form?{QUERY}", MULTIPART + "--XX--\r\n", 200),
    "malformed": ("POST", "/app/x/form", MULTIPART + "--XX\r\nbad", 400),
    "cycles": ("GET", f"/app/x/lazy_cycle?{QUERY}", "", 200),
    "cookies": ("GET", "/app/x/cookies", "", 200),
    "redirect": ("GET", f"/app/x/redirect?{QUERY}", "", 302),
    "publisher": ("GET", f"/pages/index.py?{QUERY}", "", 200),
    "psp": ("GET", f"/pages/page.psp?{QUERY}", "", 200),
}


def many(site, feature, count):
    """Ask so many times, in pipelines of 50."""
    method, path, body, status = ASKED[feature]
    media = "multipart/form-data; boundary=XX" if body.startswith("--") else "application/x-www-form-urlencoded"
    lines = [f"{method} {path} HTTP/1.1", "Host: h", "Cookie: a=b; c=d"]
    lines += [f"Content-Type: {media}", f"Content-Length: {len(body)}"] if method == "POST" else []
    ending = "Connection: close"
    one = "\r\n".join(lines) + "\r\n\r\n" + body
    last = "\r\n".join([*lines, ending]) + "\r\n\r\n" + body
    answered = 0
    while answered < count:
        answer = site.raw((one * 49 + last).encode())
        found = re.findall(rb"HTTP/1\.1 (\d+)", answer)
        # A malformed body ends its connection.
        assert set(found) == {b"%d" % status} and len(found) in (50, 1), answer[:500]
        answered += len(found)


def resident(site):
    return int(site.get("/app/x/memory").text)


@pytest.mark.parametrize("feature", ASKED)
def test_memory_stays_flat(site, feature):
    # spec: library:D-50
    many(site, feature, COUNT)
    before = resident(site)
    many(site, feature, COUNT)
    assert resident(site) - before < ALLOWED
