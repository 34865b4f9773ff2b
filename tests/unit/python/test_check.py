"""mod_python check: how it reads httpd's words, dumps and complaints, and that it knows every phase and callback."""

import re

import fake_apache
import pytest


@pytest.fixture
def words():
    from mod_python._command._check import words

    return words


def test_every_phase_and_callback_has_its_default_function(words):
    source = (fake_apache.PACKAGE.parent / "src/phase.rs").read_text()
    known = dict(re.findall(r'info\(Phase::\w+, c"(\w+)", "(\w+)"', source))
    names = dict(re.findall(r'Callback::(\w+) => "([\w ^]+)"', source[: source.index("pub fn function(self)", source.index("impl Callback"))]))
    functions = dict(re.findall(r'Callback::(\w+) => "(\w*)"', source[source.index("pub fn function(self)", source.index("impl Callback")) :]))
    assert len(known) == 18 and len(names) == len(functions) > 9
    # Those two stand in a log format and in a page.
    known |= {names[which]: function for which, function in functions.items() if which not in ("LogItem", "Include")}
    assert words.FUNCTIONS == known


def test_words(words):
    assert words.split(r'''a  "b c" 'd e' "f\"g\\h" "" i"j''') == ["a", "b c", "d e", 'f"g\\h', "", 'i"j']
    assert words.handlers("PythonHandler", 'a b::C.d "e" | .x .y') == [("a", ""), ("b", "C.d"), ('"e"', "")]
    assert words.handlers("PythonHandler", "| .x") == []
    assert words.handlers("PythonInputFilter", "f::g NAME") == [("f", "g")]
    assert words.handlers("PythonRewriteMap", "name m::f") == [("m", "f")]
    assert words.handlers("PythonRewriteMap", "name") == []


def test_dump_and_complaints():
    from mod_python._command._check import tree

    nodes = tree.parse(
        "# In file: /a.conf\n#   3:\nListen 80\n#  12:\n<Directory \"/a b\">\n  # In file: /b.conf\n  #   1:\n"
        "  PythonHandler a>\n</Directory>\n# In file: /a.conf\n#  20:\nTimeout 3\n"
    )
    assert [(node.name, node.args, node.file, node.line) for node in nodes] == [
        ("Listen", "80", "/a.conf", 3), ("Directory", '"/a b"', "/a.conf", 12), ("Timeout", "3", "/a.conf", 20),
    ]  # fmt: skip
    (inner,) = nodes[1].children
    assert (inner.name, inner.args, inner.file, inner.line) == ("PythonHandler", "a>", "/b.conf", 1)
    found = tree.complaints(
        "AH00558: apache2: Could not reliably determine the server's name\n"
        "AH00526: Syntax error on line 4 of /a b.conf:\nPythonDebug must be On or Off\n"
        "apache2: Syntax error on line 5 of /c.conf: Cannot load x.so\n"
        "[date] [python:warn] [pid 1:tid 1] MPY0101: PythonHandler at /d.conf:6: the extension y\n",
        "/conf",
    )
    assert [str(finding) for finding in found] == [
        "/a b.conf:4: error: PythonDebug must be On or Off",
        "/c.conf:5: error: Cannot load x.so",
        "/d.conf:6: warning: PythonHandler: the extension y",
    ]


@pytest.mark.parametrize(
    ("text", "level", "part"),
    [
        ("PythonDebug On", "warning", "tracebacks"),
        ("pythonenablepdb on", "warning", "httpd -X"),
        ("PythonOption mod_python.form.max_body many", "error", "not an integer"),
        ("PythonOption mod_python.form.max_body 0", "warning", "any size"),
        ("PythonOption mod_python.form.max_bodi 1", "warning", "no such option"),
        ("PythonOption mod_python.test.flag perhaps", "error", "neither on nor off"),
        ("PythonOption mod_python.session.format pickle", "warning", "runs code"),
        ("PythonOption mod_python.session.cookie_httponly No", "warning", "scripts"),
        ("PythonOption mod_python.session.cookie_samesite None", "warning", "other sites"),
        ("PythonOption session_directory @TMP@/open", "warning", "mode 755"),
        ("PythonOption session_directory @TMP@/link", "warning", "symbolic link"),
        ("PythonOption session_directory @TMP@/file", "error", "not a folder"),
        ("PythonOption session_directory @TMP@/none", "note", "No such file"),
    ],
)
def test_risks(text, level, part, tmp_path):
    from mod_python import _options
    from mod_python._command._check import options, walk
    from mod_python._command._check.tree import Node

    # What the sessions read, whether or not their module is there.
    for name, default, *older in (
        ("mod_python.test.flag", "on"), ("mod_python.session.format", "json"), ("mod_python.session.cookie_httponly", "on"),
        ("mod_python.session.cookie_samesite", "Lax"),
        ("mod_python.session.database_directory", None, "session_directory"),
    ):  # fmt: skip
        _options.OPTIONS[name] = _options.Option(name, default, tuple(older))
    for name in ("open", "private"):
        (tmp_path / name).mkdir()
    (tmp_path / "open").chmod(0o755)
    (tmp_path / "private").chmod(0o700)
    (tmp_path / "link").symlink_to("private")
    (tmp_path / "file").touch()

    def found(line):
        name, _, args = line.replace("@TMP@", str(tmp_path)).partition(" ")
        return list(options.risks(walk.Line(Node(name, args, "/a", 1), walk.Scope())))

    (finding,) = found(text)
    assert finding.level == level and part in finding.text
    for fine in (
        "PythonDebug Off", "PythonOption mod_python.form.max_body 10", "PythonOption mod_python.test.flag Off",
        "PythonOption mod_python.form.max_body", "PythonOption mine many", "PythonOption session_directory @TMP@/private",
        "PythonOption mod_python.importer path",
    ):  # fmt: skip
        assert found(fine) == [], fine
