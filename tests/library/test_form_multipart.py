"""util.FieldStorage with multipart bodies: the rules for parts, files, callbacks, limits and malformed bodies."""

import hashlib
import json
import os
import socket
import time

import pytest
from harness import server
from harness.asking import HANDLER, request_headers
from harness.asking import ask as ask_get
from harness.client import compose

CONFIG = """
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler asking
</Directory>
<Location "/app/small">
    PythonOption mod_python.form.max_body 2000
    PythonOption mod_python.form.max_fields 3
    PythonOption mod_python.form.max_part_header 200
    PythonOption mod_python.form.max_memory_field 100
    PythonOption mod_python.form.max_memory 250
</Location>
<Location "/app/large">
    PythonOption mod_python.form.max_body 0
</Location>
<Location "/app/elsewhere">
    PythonOption mod_python.form.upload_directory /nonexistent/folder
</Location>
<Location "/app/wrong">
    PythonOption mod_python.form.max_body many
</Location>
<Directory "@DOCS@/plain">
    SetHandler mod_python
    PythonHandler plain
</Directory>
"""

PLAIN = """
import gc
import os
import tempfile
from mod_python import apache, util

def handler(req):
    if req.args in ("state", "collect"):
        if req.args == "collect":
            gc.collect()
        files = [target(name) for name in os.listdir("/proc/self/fd")]
        uploads = [file for file in files if "(deleted)" in file and os.path.dirname(file) == tempfile.gettempdir()]
        req.write(f"{os.getpid()} {len(uploads)}")
        return apache.OK
    form = util.FieldStorage(req)
    req.write(repr([(field.name, len(field.value)) for field in form.list]))
    return apache.OK

def target(name):
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""
"""

site = server(
    CONFIG, {"htdocs/app/asking.py": HANDLER, "htdocs/plain/plain.py": PLAIN}, processes=1, mpm="event",
)  # fmt: skip

FORM = "from mod_python import util; form = util.FieldStorage(req); "
VALUES = FORM + "result = [(f.name, f.filename, f.value if isinstance(f, str) else f.value.decode('latin-1')) for f in form.list]"
TYPE = "multipart/form-data; boundary=XX"
#: None of the field itself, with its data.
HEAD = 'Content-Disposition: form-data; name="s"'


def part(data=b"", head=HEAD):
    """Return a part with its delimiter."""
    return b"--XX\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def file_part(data, filename="a.txt", more=""):
    """Return a part that holds a file."""
    return part(data, f'Content-Disposition: form-data; name="f"; filename="{filename}"{more}')


def ask(site, code, body, media=TYPE, path="/app/x", **headers):
    """Run statements in a POST of a multipart body."""
    return ask_get(site, code, path, method="POST", body=body, headers={"Content-Type": media, **headers})


def values(site, body, media=TYPE):
    """Return (name, filename, value) of each field; an error as its text."""
    found = ask(site, VALUES, body, media)
    return found["text"] if isinstance(found, dict) else [tuple(item) for item in found]


END = b"--XX--\r\n"
ONE = [("s", None, "val")]


@pytest.mark.smoke
def test_field_and_file(site):
    # spec: library:U-85, library:U-100, library:U-160, library:U-163, library:U-164, library:U-165, library:U-166
    # spec: library:U-182, library:U-183, library:D-10
    body = part(b"v") + file_part(b"data", more="\r\nContent-Type: Text/Plain; charset=utf-8\r\nX-More: 1") + END
    code = FORM + """
def facts(f):
    return [f.name, f.filename, f.type, f.ctype, f.type_options, f.disposition, f.disposition_options,
            f.disp_options == f.disposition_options, type(f).__name__, type(f.value).__name__, f.headers.items()]
result = [facts(f) for f in form.list] + [form['f'].file.read().decode(), form['s'].file.read().decode()]
"""
    head = ["Content-Disposition", 'form-data; name="s"']
    text = ["s", None, "text/plain", "text/plain", {}, "form-data", {"name": "s"}, True, "StringField", "str", [head]]
    options = {"name": "f", "filename": "a.txt"}
    headers = [["Content-Disposition", 'form-data; name="f"; filename="a.txt"']]
    headers += [["Content-Type", "Text/Plain; charset=utf-8"], ["X-More", "1"]]
    file = ["f", "a.txt", "text/plain", "text/plain", {"charset": "utf-8"}, "form-data", options, True, "Field", "bytes", headers]
    assert ask(site, code, body) == [text, file, "data", "v"]


@pytest.mark.parametrize("media", [
    'multipart/form-data; boundary="XX"', "multipart/mixed; BOUNDARY=XX", "Multipart/Form-Data; boundary=XX; charset=utf-8",
    'multipart/x; charset="a;boundary=YY"; boundary="XX"',
])  # fmt: skip
def test_boundary(site, media):
    # spec: library:U-66, library:U-67, library:U-80, library:U-101, library:U-102, library:D-7
    assert values(site, part(b"val") + END, media) == ONE


def test_no_boundary(site):
    # spec: library:U-103
    for media in ("multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""'):
        assert values(site, part(b"val") + END, media) == "400"


def test_around_the_parts(site):
    # spec: library:U-82, library:U-94, library:U-104, library:U-105, library:U-106, library:U-108, library:U-127
    # spec: library:U-91, library:U-92, library:D-5
    body = part(b"val")
    for whole in (
        b"preamble\r\n" + body + END, body + END + b"epilogue\r\nmore", body + b"--XX--", body.replace(b"XX\r", b"XX \t\r") + END,
        b"--XX\r\n" + body + END, b"--XX\r\nA: b\r\n" + body + END,
    ):  # fmt: skip
        assert values(site, whole) == ONE, whole
    assert values(site, b"") == values(site, b"nothing") == []


@pytest.mark.parametrize("data", [
    b"", b"a", b"x\r", b"x\n", b"x\r\n", b"x\r\r\n", b"abc\rdef", b"b" * 65367 + b"\rc", b"b" * 65367 + b"\r\nc",
    b"b" * 65367, b"b" * 65367 + b"\r", b"a" * 100 + b"\r\n" + b"b" * 65367 + b"\rccc" + b"d" * 100 + b"\r\n",
    b"x\r\n--XX-", b"x\r\n--XXY\r\n", b"x\n--XX\r\ny", bytes(range(256)) * 4096,
], ids=range(16))  # fmt: skip
def test_data_survives(site, data):
    # spec: library:U-89, library:U-110, library:U-111, library:U-112, library:U-113, library:U-114, library:U-115
    # spec: library:U-117, library:U-118, library:T-2, library:D-8
    head = 'Content-Type: x/y\r\nContent-Disposition: form-data;\r\n name="testfile";\r\n\tfilename="t"'
    media = 'multipart/form-data; boundary="a=b"'
    body = (part(data, head) + END).replace(b"--XX", b"--a=b") if b"--XX" not in data else part(data, head) + END
    code = FORM + "import hashlib; f = form.getfirst('testfile'); result = [hashlib.md5(f.file.read()).hexdigest(), len(f.value)]"
    expected = [hashlib.md5(data).hexdigest(), len(data)]
    assert ask(site, code, body, media if b"--XX" not in data else TYPE) == expected


def test_random_megabyte(site):
    # spec: library:U-116, library:T-2, library:U-63
    data = os.urandom(1 << 20)
    code = FORM + "import hashlib; result = hashlib.md5(form.getfirst('f').file.read()).hexdigest()"
    body = file_part(data) + END
    assert ask(site, code, body) == hashlib.md5(data).hexdigest()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert ask(site, code, chunked, **{"Transfer-Encoding": "chunked"}) == hashlib.md5(data).hexdigest()


def test_names(site):
    # spec: library:U-86, library:U-93, library:U-95, library:U-120, library:U-121, library:U-122, library:U-123
    # spec: library:U-124, library:U-125, library:U-126, library:U-90, library:U-70
    def one(disposition, more=""):
        head = f"Content-Disposition: form-data; {disposition}{more}"
        return values(site, part(b"v", head) + END)[0][:2]

    assert one('name="s"; filename="a;b.txt"') == ("s", "a;b.txt")
    assert one('name="s"; filename="a\\"b.txt"') == ("s", 'a"b.txt')
    assert one("name=s; filename*=UTF-8''x.txt") == ("s", "x.txt")
    assert one('name="é"; filename="ü"') == ("é", "ü")
    assert one('name="s"; filename="../C:\\dir\\x"') == ("s", "../C:\\dir\\x")
    assert one("x") == (None, None)
    assert values(site, part(b"", "X: y") + part(b"w") + END) == [("s", None, "w")]
    assert values(site, part(b"1") + part(b"2") + part(b"") + END) == [("s", None, "1"), ("s", None, "2"), ("s", None, "")]
    code = FORM + "f = form['s']; result = [f, list(f.raw), f.decode('latin-1'), type(f).__name__]"
    assert ask(site, code, part(b"\xe9") + END) == ["\ufffd", [0xE9], "é", "StringField"]
    code = FORM + "f = form['f']; result = [f, type(f).__name__, f.type, f.file.read().decode(), hasattr(f.file, 'fileno')]"
    body = file_part(b"v", "", "\r\nContent-Type: what") + END
    assert ask(site, code, body) == ["v", "StringField", "application/octet-stream", "v", True]


MALFORMED = {
    "no end": part(b"val"),
    "cut": (part(b"val") + END)[:40],
    "bare LF": (part(b"val") + END).replace(b"\r", b""),
    "no colon": part(b"val", HEAD + "\r\nnothing") + END,
    "no name": part(b"val", ": x") + END,
    "folded first": part(b"val", " x: y") + END,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed(site, body):
    # spec: library:U-107, library:U-109, library:U-119, library:D-6
    before = at_rest(site, "collect")
    answer = site.request("POST", "/plain/x", body=body, headers={"Content-Type": TYPE})
    assert answer.status == 400
    assert "Traceback" not in answer.text
    assert at_rest(site) == before


def at_rest(site, ask="state"):
    """Return the child's pid once it has no upload, a file without a name; it may have one after the answer has come.

    "collect" drops cycles of former tests' own code.
    """
    end = time.monotonic() + 10
    while True:
        pid, uploads = site.request("GET", f"/plain/x?{ask}").text.split()
        if uploads == "0":
            return pid
        assert time.monotonic() < end
        time.sleep(0.05)


def test_limits(site):
    # spec: library:U-72, library:D-4
    def small(body, **headers):
        found = ask(site, VALUES, body, path="/app/small", **headers)
        return found["text"] if isinstance(found, dict) else len(found)

    before = at_rest(site, "collect")
    assert small(part(b"v") * 3 + END) == 3
    assert small(part(b"v") * 4 + END) == "400"
    assert small(file_part(b"x" * 1500) + END) == 1
    assert small(file_part(b"x" * 2500) + END) == "413"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (2500, file_part(b"x" * 2500)[:2500])
    assert small(chunked, **{"Transfer-Encoding": "chunked"}) == "413"
    assert small(part(b"v", HEAD + "\r\nX: " + "y" * 300) + END) == "413"
    assert small(part(b"v" * 99) * 2 + END) == 2
    assert small(part(b"v" * 99) * 3 + END) == "413"
    code = FORM + "f = form['s']; result = [type(f).__name__, f.filename, f.value.decode(), f.type]"
    assert ask(site, code, part(b"v" * 101) + END, path="/app/small") == ["Field", None, "v" * 101, "text/plain"]
    assert at_rest(site) == before
    found = ask(site, VALUES, b"", path="/app/wrong")
    assert found["error"] == "ValueError" and "mod_python.form.max_body" in found["text"]
    found = ask(site, VALUES, file_part(b"v") + END, path="/app/elsewhere")
    assert found["error"] == "FileNotFoundError" and "/nonexistent/folder" in found["text"]


def test_one_parse(site):
    # spec: library:U-69, library:D-13
    code = FORM + "again = util.FieldStorage(req); result = [again.list == form.list, again['f'] is form['f'], len(again.list)]"
    assert ask(site, code, file_part(b"v") + part(b"w") + END, path="/app/x?q=1") == [True, True, 3]
    code = "from mod_python import util\n" + """
result = []
for attempt in range(2):
    try:
        util.FieldStorage(req)
    except apache.SERVER_RETURN as error:
        result.append(list(error.args))
"""
    assert ask(site, code, part(b"v")) == [[400], [400]]


CALLBACKS = """
import io
class Store(io.BytesIO):
    closes = 0
    def close(self):
        Store.closes += 1
        super().close()
made = []
def make(*names):
    made.append((names, Store()))
    return made[-1][1]
from mod_python import util
"""


def test_callbacks(site):
    # spec: library:U-60, library:U-87, library:U-88, library:U-146, library:U-167
    body = part(b"v") + file_part(b"data") + file_part(b"", "") + END
    code = CALLBACKS + """
form = util.FieldStorage(req, file_callback=make, field_callback=make)
result = [[names for names, _ in made], [f.value for f in form.list], [f.file is s for f, (_, s) in zip(form.list, made)]]
"""
    assert ask(site, code, body) == [[[], ["a.txt"], [""]], ["v", "b'data'", ""], [True, True, True]]
    code = CALLBACKS + """
class Form(util.FieldStorage):
    def make_file(self):
        return make("file")
    def make_field(self):
        return make("field")
form = Form(req, file_callback=3)
result = [list(names) for names, _ in made]
"""
    assert ask(site, code, body) == [["field"], ["file"], ["file"]]
    code = CALLBACKS + """
try:
    util.FieldStorage(req, file_callback=make, field_callback=make)
except apache.SERVER_RETURN as error:
    result = [list(error.args), len(made), Store.closes]
"""
    assert ask(site, code, part(b"v") + file_part(b"data")) == [[400], 2, 2]


def test_nested_multipart_is_data(site):
    # spec: library:U-117
    inner = b"--YY\r\nContent-Disposition: file\r\n\r\nx\r\n" * 100 + b"--YY--"
    head = HEAD + "\r\nContent-Type: multipart/mixed; boundary=YY"
    assert values(site, part(inner, head) + END) == [("s", None, inner.decode())]


def test_other_methods_do_not_read(site):
    # spec: library:U-128
    assert ask_get(site, VALUES, method="GET", body=part(b"v") + END, headers={"Content-Type": TYPE}) == []


def test_a_client_that_goes_away(site):
    # spec: library:D-4
    before = at_rest(site, "collect")
    head = {"Content-Type": TYPE, "Content-Length": "100000"}
    with site.connect() as connection:
        connection.send(compose("POST", "/plain/x", headers=head) + file_part(b"x" * 1000))
        connection.socket.shutdown(socket.SHUT_RDWR)
    assert at_rest(site) == before


def test_flood_of_fields(site):
    # spec: library:D-4
    before = at_rest(site, "collect")
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    assert site.request("POST", "/plain/x", body=b"a=1&" * 1_000_000, headers=urlencoded).status == 400
    assert site.request("POST", "/plain/x", body=part(b"v") * 20_000 + END, headers={"Content-Type": TYPE}).status == 400
    assert site.request("POST", "/plain/x", body=b"&" * 1_000_000, headers=urlencoded).text == "[]"
    assert at_rest(site) == before


def test_memory_of_a_large_upload(site):
    # spec: library:D-3
    def upload(megabytes, path):
        size = megabytes << 20
        begin, end = part(b"", 'Content-Disposition: form-data; name="f"; filename="a"')[:-2], b"\r\n" + END
        code = """
import threading
from mod_python import util
def rss():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
before, seen, done = rss(), [], threading.Event()
def look():
    while not done.wait(0.002):
        seen.append(rss())
thread = threading.Thread(target=look)
thread.start()
try:
    form = util.FieldStorage(req)
finally:
    done.set()
    thread.join()
result = [form['f'].file.seek(0, 2), max(seen) - before, len(seen)]
"""
        length = str(len(begin) + size + len(end))
        pairs = request_headers(code, headers={"Content-Type": TYPE, "Content-Length": length})
        with site.connect() as connection:
            connection.send(compose("POST", path, headers=pairs) + begin)
            block = b"0123456789abcde\n" * 65536
            for _ in range(megabytes):
                connection.send(block)
            connection.send(end)
            return json.loads(connection.response().body)

    assert upload(65, "/app/x")["text"] == "413"
    size, growth, looks = upload(100, "/app/large")
    assert size == 100 << 20
    assert looks > 5, "other threads run meanwhile"
    assert growth < 8192
