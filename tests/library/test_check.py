"""mod_python check: a clean configuration, and one with everything wrong in it."""

import os
import subprocess
import sys

import pytest

from harness import config

#: The Python that mod_python.so is built for, not the tests' virtual environment.
PYTHON = os.path.realpath(sys.executable)

GOOD = """
    import os
    from mod_python import apache

    open(os.path.join(os.path.dirname(__file__), "..", "tmp", "imported"), "w").close()

    class Shop:
        def show(self, req):
            return apache.OK

    class Users:
        def check_password(self, req, user, password):
            return None

    users = Users()
    number = 3

    def handler(req):
        return apache.OK

    accesshandler = start = handler
"""


@pytest.fixture
def check(tree, serve):
    """Write a configuration and files with the harness, and check them; returns (status, lines, standard error, server)."""

    def run(text, files, *options, **server_options):
        server = serve.make(config=text, files=files, **server_options)
        conf = server.root / "httpd.conf"
        conf.write_text(config.compose(server))
        for file in server.docs.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        command = [PYTHON, "-B", f"{tree}/python/mod_python", "check", *options, str(conf)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd="/", env={"PATH": os.environ["PATH"]})
        return done.returncode, done.stdout.splitlines(), done.stderr, server

    return run


@pytest.mark.smoke
def test_clean(check):
    status, lines, errors, server = check(
        """
        <Directory "@DOCS@">
            SetHandler mod_python
            PythonHandler good good::Shop.show good::Shop(1).x | .py
            PythonAccessHandler good
            PythonAuthnProvider good::users
        </Directory>
        <Location "/other">
            PythonPath "['@DOCS@'] + sys.path"
            PythonHandler good::Shop.made_in_init
            Require python good::handler
        </Location>
        PythonPath "['@DOCS@'] + sys.path"
        PythonImport good::start main_interpreter
        """.replace("good::Shop(1).x ", ""),
        {"htdocs/good.py": GOOD},
    )
    assert (status, lines, errors) == (0, ["No findings; 7 handlers looked at."], "")
    assert (server.root / "tmp/imported").exists()


def test_everything_wrong(check):
    status, lines, errors, server = check(
        """
        <Directory "@DOCS@">
            PythonHandler good::none good::number syntax missing nowhere leaves | .a b
            PythonAccessHandler raises
            PythonAuthnProvider good::nobody
        </Directory>
        <Location "/other">
            PythonHandler good
        </Location>
        <Location "/path">
            PythonPath "['@DOCS@'] +"
            PythonHandler good
        </Location>
        PythonDebug On
        Include "@ROOT@/more.conf"
        """,
        {
            "htdocs/good.py": GOOD,
            "htdocs/syntax.py": "x = 1\ndef handler(\n",
            "htdocs/missing.py": "import not_there\n",
            "htdocs/raises.py": "def f():\n    return 1 / 0\nf()\n",
            "htdocs/leaves.py": "raise SystemExit(3)\n",
            "more.conf": "\n<Location /status>\nPythonHandler mod_python.testhandler\nPythonOption mod_python.nothing 1\n</Location>\n",
        },
    )
    assert (status, errors) == (1, "")
    conf, docs = server.root / "httpd.conf", server.docs
    written = conf.read_text().splitlines()

    def at(text):
        return f"{conf}:{next(number for number, line in enumerate(written, 1) if text in line)}"

    handlers = at("PythonHandler good::none")
    expected = [
        f"{handlers}: error: PythonHandler: good has no none",
        f"{handlers}: error: PythonHandler: good: number cannot be called",
        f"{handlers}: error: PythonHandler: syntax cannot be imported: {docs}/syntax.py:2: SyntaxError: ",
        f"{handlers}: error: PythonHandler: missing cannot be imported: {docs}/missing.py:1: ModuleNotFoundError: ",
        f"{handlers}: error: PythonHandler: nowhere cannot be imported: ModuleNotFoundError: No module named 'nowhere'",
        f"{handlers}: error: PythonHandler: leaves cannot be imported: {docs}/leaves.py:1: SystemExit: 3",
        f"{handlers}: warning: PythonHandler: the extension b does not begin with a dot",
        f"{handlers}: warning: no SetHandler or AddHandler gives anything to mod_python",
        f"{at('PythonAccessHandler')}: error: PythonAccessHandler: raises cannot be imported: {docs}/raises.py:2: ZeroDivisionError",
        f"{at('good::nobody')}: error: PythonAuthnProvider: good has no nobody",
        f"{at('PythonDebug')}: warning: PythonDebug On shows tracebacks",
        f"{server.root}/more.conf:3: warning: mod_python.testhandler shows",
        f"{server.root}/more.conf:4: warning: PythonOption mod_python.nothing: mod_python has no such option",
    ]
    for text in expected:
        assert [line for line in lines if line.startswith(text)], (text, lines)
    # In a Location there is no folder to import from; a wrong path is told for what needs it.
    others = [line for line in lines if "PythonHandler: good cannot be imported" in line]
    assert len(others) == 1 and "No module named 'good'" in others[0]
    assert [line for line in lines if "error: PythonHandler: PythonPath: " in line and "SyntaxError" in line]
    assert lines[-1].endswith("findings; 11 handlers looked at.")

    before = (server.root / "tmp/imported").stat().st_mtime_ns
    command = [PYTHON, "-B", f"{server.tree}/python/mod_python", "check", "--no-import", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "cannot be imported" in done.stdout) == (1, False)
    assert done.stdout.endswith("11 handlers not imported.\n")
    assert (server.root / "tmp/imported").stat().st_mtime_ns == before


def test_what_httpd_refuses_and_defines(check):
    status, lines, errors, server = check("PythonDebug perhaps\n", {})
    conf = server.root / "httpd.conf"
    number = conf.read_text().splitlines().index("PythonDebug perhaps") + 1
    assert (status, errors) == (1, "")
    assert lines[0] == f"{conf}:{number}: error: PythonDebug must be On or Off"
    assert "does not accept" in lines[1]
    text = "<IfDefine Public>\nPythonDebug On\n</IfDefine>\n"
    assert check(text, {})[:2] == (0, ["No findings; 0 handlers looked at."])
    assert check(text, {}, "-D", "Public")[0] == 1


def test_a_module_that_others_can_change(check):
    status, lines, errors, server = check(
        '<Directory "@DOCS@">\nSetHandler mod_python\nPythonHandler open\n</Directory>\n',
        {"htdocs/open.py": "def handler(req):\n    return 0\n"},
    )
    assert status == 0, lines
    (server.docs / "open.py").chmod(0o666)
    command = [PYTHON, "-B", f"{server.tree}/python/mod_python", "check", str(server.root / "httpd.conf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"everybody on this machine can write to {server.docs}/open.py" in done.stdout


def test_wrong_command_lines(tree):
    for words in ((), ("/nonexistent",), ("--unknown", "/dev/null")):
        command = [PYTHON, "-B", f"{tree}/python/mod_python", "check", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("usage: mod_python")


def test_files_in_folders(check):
    status, lines, errors, server = check(
        """
        <Directory "@DOCS@">
            AllowOverride All
            PythonPath "['@ROOT@/lib'] + sys.path"
        </Directory>
        <Directory "@DOCS@/closed">
            AllowOverride None
        </Directory>
        <Directory "@DOCS@/listed">
            AllowOverride None
            AllowOverrideList SetHandler PythonHandler
        </Directory>
        <Directory "@ROOT@/other">
            AllowOverride Limit
        </Directory>
        """,
        {
            "lib/shop.py": "def handler(req):\n    return 0\n",
            "htdocs/.htaccess": "SetHandler mod_python\nPythonHandler shop\n",
            "other/deep/local.py": "def handler(req):\n    return 0\n",
            "other/deep/.htaccess": "PythonHandler local\n",
            "htdocs/sub/.htaccess": '<Files "x">\nPythonHandler shop nowhere\n</Files>\nPythonDebug On\n',
            "htdocs/closed/.htaccess": "PythonHandler never_looked_at\n",
            "htdocs/listed/.htaccess": "PythonHandler shop\nPythonOption mod_python.nothing 1\n",
            "htdocs/wrong/.htaccess": "PythonHandler shop\nPythonDebug perhaps\n",
            "htdocs/filter/.htaccess": "PythonOutputFilter shop SHOP\n",
        },
    )
    docs = server.docs
    for expected in (
        f"{docs}/sub/.htaccess:2: error: PythonHandler: nowhere cannot be imported: ModuleNotFoundError: No module named 'nowhere'",
        f"{docs}/sub/.htaccess:4: warning: PythonDebug On shows tracebacks, with paths and source, to everybody",
        f"{docs}/listed/.htaccess:2: warning: PythonOption mod_python.nothing: mod_python has no such option",
        f"{docs}/listed/.htaccess:2: error: AllowOverride does not permit PythonOption here: requests get 500",
        f"{docs}/wrong/.htaccess:2: error: PythonDebug must be On or Off",
        f"{docs}/filter/.htaccess:1: error: PythonOutputFilter does not work in such a file: requests get 500",
    ):
        assert expected in lines, lines
    assert (status, errors) == (1, "")
    assert not [line for line in lines if "never_looked_at" in line or "shop cannot" in line or "local cannot" in line]
    assert lines[-1] == "7 findings; 6 handlers looked at.", lines
    assert [line for line in lines if line.startswith(f"{docs}/filter/.htaccess:1: error: PythonOutputFilter: shop has no outputfilter")]


def test_a_file_that_others_can_change(check):
    text = '<Directory "@DOCS@">\nAllowOverride FileInfo\n</Directory>\n'
    files = {"htdocs/.htaccess": "SetHandler mod_python\nPythonHandler good\n", "htdocs/good.py": "def handler(req):\n    return 0\n"}
    status, lines, errors, server = check(text, files)
    assert (status, lines, errors) == (0, ["No findings; 1 handler looked at."], "")
    (server.docs / ".htaccess").chmod(0o666)
    command = [PYTHON, "-B", f"{server.tree}/python/mod_python", "check", "--no-import", str(server.root / "httpd.conf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[0] == (
        f"{server.docs}/.htaccess: warning: everybody on this machine can write to this file, and so run code in the server"
    )
    assert done.returncode == 1
