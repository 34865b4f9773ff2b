"""The forms of arguments: what stops the start with which sentence, and what is only warned about."""

import pytest

from harness import Httpd

FLAGS = [
    "PythonAutoReload", "PythonDebug", "PythonEnablePdb", "PythonInterpPerDirective", "PythonInterpPerDirectory",
    "PythonOptimize",
]  # fmt: skip
LISTS = [
    "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonCleanupHandler",
    "PythonConnectionHandler", "PythonFixupHandler", "PythonHandler", "PythonHandlerModule",
    "PythonHeaderParserHandler", "PythonInitHandler", "PythonLogHandler", "PythonPostReadRequestHandler",
    "PythonTransHandler", "PythonTypeHandler",
]  # fmt: skip


@pytest.fixture
def check(tree):
    """check(config): (exit status, output) of `httpd -t`."""

    def run(config):
        made = Httpd(tree, "event", config)
        try:
            return made.check_config()
        finally:
            made.remove()

    return run


@pytest.mark.parametrize("name", FLAGS)
def test_flags(check, name):
    # spec: directives:2/on-off
    status, said = check("\n".join(f"{name} {word}" for word in ("On", "off", "ON", "oFF")))
    assert status == 0, said
    for word in ("1", "yes", "", '""'):
        status, said = check(f"{name} {word}")
        assert status != 0
        assert f"{name} must be On or Off" in said


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("PythonInterpreter", "PythonInterpreter takes one argument, "),
        ("PythonInterpreter a b", "PythonInterpreter takes one argument, "),
        ("PythonPath", "PythonPath takes one argument, "),
        ("PythonPath sys.path + ['x']", "PythonPath takes one argument, "),
        ("PythonImport m", "PythonImport takes two arguments, "),
        ("PythonImport m a b", "PythonImport takes two arguments, "),
        ("PythonOption", "PythonOption takes 1-2 arguments, "),
        ("PythonOption a b c", "PythonOption takes 1-2 arguments, "),
        ("PythonInputFilter", "PythonInputFilter takes 1-2 arguments, "),
        ("PythonOutputFilter a b c", "PythonOutputFilter takes 1-2 arguments, "),
    ],
)
def test_wrong_number_of_words(check, line, sentence):
    # spec: directives:2/exact-arguments
    status, said = check(line)
    assert status != 0
    # What follows is the help text of the directive.
    rest = said[said.index(sentence) + len(sentence) :]
    assert len(rest.split("\n")[0].split()) > 3


def test_quotes_group_words(check):
    # spec: directives:2/exact-arguments
    status, said = check("PythonPath \"sys.path + ['a \\\"b']\"\nPythonOption 'a key' \"a value\"")
    assert status == 0, said


@pytest.mark.parametrize("name", LISTS)
def test_any_list_is_accepted(check, name):
    # spec: directives:2/raw-list, directives:D-23
    for value in ("no.such.module::x", "\"a::x b::y\"", "'", "::", "a::", "\u00fc\u00df", "a b c d"):
        status, said = check(f"{name} {value}")
        assert status == 0, said
        quoted = "quotes have no meaning here" in said
        assert quoted == ("'" in value or '"' in value)


@pytest.mark.parametrize("name", LISTS)
def test_empty_list_is_a_warning_only(check, name):
    # spec: directives:2/empty-list, directives:D-23
    status, said = check(name)
    assert status == 0
    assert f"MPY0101: {name} at " in said
    assert "it names no handler" in said


def test_warning_names_file_and_line(tree):
    # spec: directives:D-23
    made = Httpd(tree, "event", "PythonHandler x | py")
    try:
        status, said = made.check_config()
        lines = (made.root / "httpd.conf").read_text().splitlines()
        number = lines.index("PythonHandler x | py") + 1
        assert status == 0
        assert f"MPY0101: PythonHandler at {made.root}/httpd.conf:{number}: the extension py does not begin" in said
    finally:
        made.remove()


@pytest.mark.parametrize("name", ["PythonPostReadRequestHandler", "PythonTransHandler"])
@pytest.mark.parametrize("value", ["m | .py", "m|", "m|.py", "|"])
def test_no_extensions_in_early_phases(check, name, value):
    # spec: directives:4.1.7
    status, said = check(f"{name} {value}")
    assert status != 0
    assert f'{name} does not accept "| .ext" syntax.' in said


def test_connection_handlers_that_never_run(check):
    # spec: directives:D-20, directives:4.1.8
    status, said = check("PythonConnectionHandler a | .x")
    assert (status, said.count("MPY0101")) == (0, 1)
    assert "a handler with an extension never runs" in said
    for config in ("PythonConnectionHandler a b", "PythonConnectionHandler a\nPythonConnectionHandler b"):
        status, said = check(config)
        assert (status, said.count("MPY0101")) == (0, 1), said
        assert "only the first connection handler of a server runs" in said


def test_one_connection_handler_for_each_server_is_fine(check):
    # spec: directives:D-20
    host = "<VirtualHost *>\nPythonConnectionHandler a\n</VirtualHost>"
    status, said = check(f"PythonConnectionHandler a\n{host}")
    assert (status, "MPY" in said) == (0, False), said


def test_interpreter_name_with_quotes(check):
    # spec: directives:2/exact-arguments
    status, said = check("PythonInterpreter 'two words'")
    assert status == 0, said
