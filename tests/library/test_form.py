"""util.FieldStorage: query strings and urlencoded bodies, the mapping, and fields of text."""

import json
import subprocess

import pytest
from harness import server
from harness.asking import HANDLER, ask, ask_response, error, request_headers

CONFIG = """
Protocols h2c http/1.1
<Directory "@DOCS@/app">
    SetHandler mod_python
    PythonHandler asking
</Directory>
"""

site = server(CONFIG, {"htdocs/app/asking.py": HANDLER}, processes=1, mpm="event", modules=["http2"])

FORM = "from mod_python import util; form = util.FieldStorage(req); "
PAIRS = FORM + "result = [(field.name, field) for field in form.list]"


def post(site, code, body, path="/app/x", **headers):
    """Run statements in a POST request."""
    pairs = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(site, FORM + code, path, method="POST", body=body, headers=pairs)


@pytest.mark.smoke
def test_query(site):
    # spec: library:U-61, library:U-62, library:U-180
    assert ask(site, PAIRS, "/app/x?a=1&b=2;a=3&c=%C3%A9+x") == [["a", "1"], ["b", "2"], ["a", "3"], ["c", "é x"]]
    assert ask(site, PAIRS) == ask(site, PAIRS, "/app/x?") == []
    for method in ("PUT", "post", "DELETE"):
        assert ask(site, PAIRS, "/app/x?a=1", method=method, body=b"b=2") == [["a", "1"]]


@pytest.mark.smoke
def test_body(site):
    # spec: library:U-64, library:U-65, library:U-68, library:U-181, library:U-184, library:T-1
    body = b"spam=1&spam=2&eggs=3&bacon=4"
    text = "[Field('spam', '1'), Field('spam', '2'), Field('eggs', '3'), Field('bacon', '4')]"
    assert post(site, "result = repr(form.list)", body) == text
    for media in ("application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=utf-8"):
        assert post(site, "result = repr(form.list)", body, Content_Type=media) == text
    code = "result = [form['spam'], form['x'], form.keys()]"
    assert post(site, code, body, "/app/x?x=0&spam=0") == [["0", "1", "2"], "0", ["x", "spam", "eggs", "bacon"]]
    assert post(site, "result = [len(form), bool(form)]", b"") == [0, False]


def test_chunks(site):
    # spec: library:U-63, library:Q-13
    body = b"3\r\na=1\r\n4\r\n&b=2\r\n0\r\n\r\n"
    assert post(site, "result = form.items()", body, Transfer_Encoding="chunked") == [["a", "1"], ["b", "2"]]
    answer = ask_response(site, PAIRS, method="POST")
    assert "411" in answer.text


def test_http2(site):
    # spec: library:U-63, library:Q-13
    def send(*options):
        code = FORM + "result = [form.items(), 'Content-Length' in req.headers_in]"
        headers = [option for name, value in request_headers(code) for option in ("-H", f"{name}: {value}")]
        command = ["curl", "-sS", "--http2-prior-knowledge", *headers, *options, f"http://127.0.0.1:{site.port}/app/x?q=1"]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)

    site.write("body", "a=1&b=2")
    site.write("parts", b'--XX\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + 70_000 * b"v" + b"\r\n--XX--\r\n")
    body, parts = (["--data-binary", f"@{site.root}/{name}"] for name in ("body", "parts"))
    fields = [["q", "1"], ["a", "1"], ["b", "2"]]
    assert send(*body) == [fields, True]
    # The end of the stream is the end of the body.
    assert send(*body, "-H", "Content-Length:") == [fields, False]
    multipart = ["-H", "Content-Type: multipart/form-data; boundary=XX", "-H", "Content-Length:"]
    assert send(*parts, *multipart) == [[["q", "1"], ["f", 70_000 * "v"]], False]
    assert send("-X", "POST") == [[["q", "1"]], False]


def test_other_types(site):
    # spec: library:U-66
    for media in ("application/json", "text/plain", "x"):
        assert post(site, "result = 1", b"{}", Content_Type=media)["text"] == "501"


def test_blank_values(site):
    # spec: library:U-60, library:U-70, library:U-71
    def ask_blank(arguments):
        code = f"from mod_python import util; result = util.FieldStorage({arguments}).items()"
        return ask(site, code, "/app/x?a=&b", method="POST", body=b"c=&d=1")

    blank = [["a", ""], ["b", ""], ["c", ""], ["d", "1"]]
    assert ask_blank("req") == ask_blank("req, 0, 1") == [["d", "1"]]
    assert ask_blank("req, 1") == ask_blank("req, keep_blank_values=True, strict_parsing=1") == blank
    assert ask(site, PAIRS, "/app/x?a=%E9;b=%00x") == [["a", "\ufffd"], ["b", "\x00x"]]


MAPPING = "/app/x?a=1&b=2&a=3"


def test_mapping(site):
    # spec: library:U-130, library:U-131, library:U-132, library:U-133, library:U-134, library:U-135, library:U-136
    # spec: library:U-137, library:U-138, library:U-139, library:U-150, library:Q-2, library:D-9
    code = FORM + """
list_ = form.getlist('a')
list_.append('x')
form['a'].append('x')
result = [
    form['a'], form['b'], form[b'a'], form.get('b'), form.get('c'), form.get('c', 5), form.get('c', default=6),
    form.getfirst('a'), form.getfirst('c'), form.getfirst('c', 7), form.getlist('a'), form.getlist('b'), form.getlist('c'),
    form.has_key('a'), 'c' in form, b'b' in form, form.keys(), len(form), bool(form), form.items(), list(form),
    isinstance(form['b'], str), type(form['b'].value) is str, form['b'].name,
]
"""
    two = ["1", "3"]
    assert ask(site, code, MAPPING) == [
        two, "2", two, "2", None, 5, 6, "1", None, 7, two, ["2"], [], True, False, True, ["a", "b"], 2, True,
        [["a", "1"], ["b", "2"], ["a", "3"]], ["a", "b"], True, True, "b",
    ]  # fmt: skip
    assert ask(site, FORM + "form['c']", MAPPING) == error("KeyError", "'c'")


def test_changes(site):
    # spec: library:U-140, library:U-141, library:U-142, library:U-143, library:U-144, library:U-145, library:D-12
    def changed(statements):
        return ask(site, FORM + statements + "; result = [form.keys(), form.items()]", MAPPING)

    assert changed("form.add_field('a', b'\\xc3\\xa9'); form.add_field(b'n', 5)")[1][3:] == [["a", "é"], ["n", "5"]]
    assert changed("form['a'] = 'x'") == [["b", "a"], [["b", "2"], ["a", "x"]]]
    assert changed("form[b'a'] = b'y'") == [["b", "a"], [["b", "2"], ["a", "y"]]]
    assert changed("form.add_field('c', '2'); del form['b']")[0] == ["a", "c"]
    assert ask(site, FORM + "del form['c']", MAPPING) == error("KeyError", "'c'")
    assert changed("form.clear()") == [[], []]
    new = "f = util.StringField('v'); f.name = 'n'; form['a']; "
    for change in (
        "form.list.append(f)", "form.list.insert(0, f)", "form.list.extend([f])", "form.list += [f]", "form.list[1] = f",
        "form.list[0:0] = [f]", "form.list = [f]",
    ):  # fmt: skip
        assert "n" in changed(new + change)[0], change
    for change in ("form.list.pop()", "form.list.remove(form['a'][1])", "del form.list[2]", "form.list[2:] = []"):
        assert changed(new + change)[1] == [["a", "1"], ["b", "2"]], change
    assert changed(new + "form.list.reverse()") == [["a", "b"], [["a", "3"], ["b", "2"], ["a", "1"]]]
    assert changed(new + "form.list.sort()")[1] == [["a", "1"], ["b", "2"], ["a", "3"]]
    assert changed(new + "form.list.clear()") == [[], []]
    assert changed(new + "form.list *= 2")[1] == [["a", "1"], ["b", "2"], ["a", "3"]] * 2
    shown = "{'a': [Field('a', '1'), Field('a', '3')], 'b': [Field('b', '2')]}"
    assert ask(site, FORM + "result = repr(form)", MAPPING) == shown


def test_fields_of_text(site):
    # spec: library:U-150, library:U-161, library:U-162, library:U-163, library:U-164, library:U-165, library:U-166
    # spec: library:U-168, library:U-169, library:U-170, library:U-180, library:Q-1, library:D-14
    code = FORM + """
import copy, pickle
f = form['a']
made = util.StringField(b'\\xe9')
result = [
    f.value, list(f.raw), f.decode('latin-1'), f.file.read().decode('latin-1'), f.filename, f.type, f.ctype, f.type_options,
    f.disposition, f.disposition_options, f.disp_options, f.headers, repr(f), f == '\\ufffd', hasattr(f, 'nothing'),
    pickle.loads(pickle.dumps(f)).name, made, made.name, list(made.raw), util.StringField(3), type(f + 'x') is str,
]
"""
    assert ask(site, code, "/app/x?a=%E9") == [
        "\ufffd", [0xE9], "é", "é", None, "text/plain", "text/plain", {}, None, {}, {}, {}, "Field('a', '\ufffd')", True,
        False, "a", "\ufffd", None, [0xE9], "3", True,
    ]  # fmt: skip
    code = "from mod_python import util\n" + """
import io
closed = []
class File:
    def __init__(self, data):
        self.data = io.BytesIO(data)
        self.seek, self.read = self.data.seek, self.data.read
    def close(self):
        closed.append(1)
f = util.Field('n', File(b'data'), 'a/b', {'c': 'd'}, 'x', {'y': 'z'}, {'h': '1'})
result = [f.value.decode(), f.value.decode(), f.filename, f.ctype, f.disp_options, f.headers, util.Field('n').value, repr(f)]
del f
result.append(len(closed))
try:
    util.Field('n', io.StringIO('x')).value
except TypeError as error:
    result.append(type(error).__name__)
"""
    assert ask(site, code) == [
        "data", "data", None, "a/b", {"y": "z"}, {"h": "1"}, None, "Field('n', b'data')", 1, "TypeError",
    ]  # fmt: skip


def test_one_parse(site):
    # spec: library:U-69, library:D-13
    code = "again = util.FieldStorage(req, 1); result = [form.items(), again.items()]"
    assert post(site, code, b"a=1&b=") == [[["a", "1"]], [["a", "1"], ["b", ""]]]


def test_lazy_fields(site):
    # spec: library:U-131, library:U-134, library:U-145, library:U-150
    code = FORM + """
first = form['a'][0]
text = type('Text', (str,), {'__hash__': str.__hash__})
result = [
    first is form['a'][0], first is form.getfirst(b'a'), first is form.getlist('a')[0], first is form.list[0], form['b'] is form['b'],
    first is form.getfirst('a'), form.getfirst(text('b')), form.get(5), len(form), form.keys(),
]
"""
    assert ask(site, code, MAPPING) == [True, True, True, True, True, True, "2", None, 2, ["a", "b"]]
    assert ask(site, FORM + "form[[]]", MAPPING)["error"] == "TypeError"
    assert ask(site, FORM + "result = [form.get('\\ud800'), '\\ud800' in form]", MAPPING) == [None, False]
    many = "/app/x?" + "&".join(f"n{number}={number}" for number in range(200)) + "&n7=x&%E9=y&%C3%A9=z"
    code = FORM + "result = [form['n7'], form['n199'], form['\ufffd'], form[b'\\xe9'], form['é'], form['é'].name, len(form)]"
    assert ask(site, code, many) == [["7", "x"], "199", "y", "y", "z", "é", 202]
    code = FORM + "form['a'][0].seen = 1; form.list.append(form['b']); result = [form['a'][0].seen, form['b']]"
    assert ask(site, code, MAPPING) == [1, ["2", "2"]]
    # Other classes of fields.
    code = """
from mod_python import util
class Text(str):
    def __setattr__(self, name, value):
        super().__setattr__(name, value.upper())
class Form(util.FieldStorage):
    _string_field = Text
    names = ()
Text.name = Text.value = None
result = [Form(req)['b'].name, type(Form(req)['b']).__name__]
"""
    assert ask(site, code, MAPPING) == ["B", "Text"]


def test_query_functions(site):
    # spec: library:D-1, library:D-2, library:U-20, library:U-21
    code = """
import random
from urllib.parse import unquote_to_bytes
from mod_python import util

def slow(query, keep):
    pairs = []
    for segment in query.replace(b';', b'&').split(b'&'):
        name, _, value = segment.partition(b'=')
        if segment and (value or keep):
            pairs.append(tuple(unquote_to_bytes(part.replace(b'+', b' ')) for part in (name, value)))
    return pairs

source, wrong = random.Random(5), []
for length in [*range(40)] * 20 + [1 << 20]:
    query = bytes(source.choices(b'ab&;=+%%%4Ee\\0\\xc3\\xa9\\xff', k=length))
    expected = slow(query, length % 2)
    text = [tuple(part.decode('utf-8', 'replace') for part in pair) for pair in expected]
    lists = {}
    for name, value in text:
        lists.setdefault(name, []).append(value)
    # Bytes that are no UTF-8 reach a str as lone surrogates.
    as_text = query.decode('utf-8', 'surrogateescape')
    if util.parse_qsl(query, length % 2) != expected or util.parse_qsl(as_text, length % 2) != text:
        wrong.append(query[:100])
    if util.parse_qs(as_text, length % 2) != lists:
        wrong.append(query[:100])
result = [repr(query) for query in wrong[:3]]
""".replace("\\\\", "\\")
    assert ask(site, code) == []
    assert ask(site, "from mod_python import util; result = util.parse_qs('a=1;b=%E9&a=%00')") == {"a": ["1", "\0"], "b": ["\ufffd"]}


def test_parse_header(site):
    # spec: library:U-190, library:U-191, library:U-192
    line = """'Form-Data ; Name="a b"; x=y; junk; f=a"b"'"""
    expected = ["form-data", {"name": "a b", "x": "y", "f": 'a"b"'}]
    for argument in (line, "b" + line):
        assert ask(site, f"from mod_python import util; result = util.parse_header({argument})") == expected
    assert ask(site, "from mod_python import util; util.parse_header(3)")["error"] == "TypeError"


def test_subclass(site):
    # spec: library:U-60
    code = """
from mod_python import util
class Form(util.FieldStorage):
    def __init__(self, req, more):
        util.FieldStorage.__init__(self, req, keep_blank_values=1)
        self.more = more
form = Form(req, more=3)
result = [form['a'], form.more, len(Form.__new__(Form))]
"""
    assert ask(site, code, "/app/x?a=") == ["", 3, 0]


def test_package(site):
    # spec: library:U-5
    code = """
names = {}
exec("from mod_python import *", names)
modules = [name for name, value in names.items() if getattr(value, "__name__", "") == "mod_python." + name]
result = [sorted(modules), names["mp_version"] == names["version"].version]
"""
    assert ask(site, code) == [["apache", "cgihandler", "psp", "publisher", "util", "version"], True]


def test_module(site):
    # spec: library:U-1, library:U-2, library:U-3, library:U-4
    code = "from mod_python import util, _apache; result = [util.readBlockSize, util.parse_qs is _apache.parse_qs, sorted(util.__all__)]"
    assert ask(site, code) == [65368, True, [
        "Field", "FieldList", "FieldStorage", "StringField", "apply_fs_data", "parse_header", "parse_qs", "parse_qsl",
        "readBlockSize", "redirect",
    ]]  # fmt: skip
