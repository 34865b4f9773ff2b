"""mod_python.httpdconf: texts of directives, sections, containers and comments, and the script that is written."""

import re
import subprocess

import fake_apache
import pytest


@pytest.fixture
def conf():
    """The module's public names as attributes."""
    from mod_python import httpdconf

    return httpdconf


@pytest.fixture
def rebuilt(conf):
    """repr() read back, in the names that a configuration script has."""
    names = {}
    exec("from mod_python.httpdconf import *", names)
    return lambda value: eval(repr(value), names)


# spec: library:G-1, library:G-20, library:G-21, library:G-22
def test_directive(conf):
    assert str(conf.DocumentRoot("/a")) == "DocumentRoot /a\n"
    assert repr(conf.DocumentRoot("/a")) == repr(conf.Directive("DocumentRoot", "/a")) == "DocumentRoot('/a')"
    assert str(conf.DocumentRoot("C:\\x")) == "DocumentRoot C:/x\n"
    assert repr(conf.DocumentRoot("C:\\x\\\\y")) == "DocumentRoot('C:/x//y')"
    assert str(conf.PythonPath("'a\\b'")) == "PythonPath 'a\\b'\n"
    assert str(conf.LogFormat('"\\"%r\\"" x')) == 'LogFormat "\\"%r\\"" x\n'
    assert str(conf.Directive("Mine", "a\\b", 0)) == "Mine a\\b\n"
    assert (str(conf.Listen(80)), repr(conf.Listen(80))) == ("Listen 80\n", "Listen('80')")


def test_directive_is_one_line(conf):
    for text in ("/a\nUser root", "/a\rb", "/a\0b"):
        with pytest.raises(ValueError, match="more than one line"):
            conf.DocumentRoot(text)
        with pytest.raises(ValueError, match="more than one line"):
            conf.Directory(text)


# spec: library:G-2, library:G-24
def test_container(conf):
    assert str(conf.Container(conf.Listen(80), conf.Container(conf.Timeout(3)))) == "Listen 80\nTimeout 3\n"
    made = conf.Container()
    assert str(made) == ""
    for value in (conf.Listen(80), conf.Container(), conf.Directory("/x"), conf.Comment("c")):
        made.append(value)
    assert str(made) == "Listen 80\n<Directory /x>\n</Directory>\n# c\n"
    made.indent = 2
    assert str(made) == "  Listen 80\n  <Directory /x>\n  </Directory>\n  # c\n"
    for wrong in ("Listen 80", 1, None, conf.Listen):
        with pytest.raises(TypeError):
            made.append(wrong)
        with pytest.raises(TypeError):
            conf.Container(wrong)
        with pytest.raises(TypeError):
            conf.Directory("/x", wrong)


# spec: library:G-2, library:G-3, library:G-25
def test_only_if(conf, monkeypatch):
    import mod_python.version

    assert str(conf.Container(conf.Listen(80), only_if="1==2")) == ""
    made = conf.Container(conf.Listen(80), only_if="mod_python.version.HTTPD_VERSION[0:3] == '2.4'")
    monkeypatch.setattr(mod_python.version, "HTTPD_VERSION", "2.4.1", raising=False)
    assert str(made) == "Listen 80\n"
    monkeypatch.setattr(mod_python.version, "HTTPD_VERSION", "2.2.9")
    assert str(made) == ""
    assert str(conf.Directory("/x", made)) == "<Directory /x>\n</Directory>\n"


# spec: library:G-4, library:G-8, library:G-23
def test_sections(conf):
    nested = conf.Directory("/x", conf.SetHandler("mod_python"), conf.Files("*.py", conf.PythonHandler("p")))
    assert str(nested) == (
        "<Directory /x>\n  SetHandler mod_python\n  <Files *.py>\n    PythonHandler p\n  </Files>\n</Directory>\n"
    )
    for name in ("Directory", "Files", "IfModule", "Location", "VirtualHost"):
        assert str(getattr(conf, name)("a\\b")) == f"<{name} a/b>\n</{name}>\n"
    made = conf.ContainerTag("Macro", "a\\b", [conf.Listen(1)], flipslash=0)
    assert str(made) == "<Macro a\\b>\n  Listen 1\n</Macro>\n"
    assert str(conf.FilesMatch(r"\.py$")) == "<FilesMatch \\.py$>\n</FilesMatch>\n"


# spec: library:G-5, library:G-26
def test_comment(conf):
    assert str(conf.Comment("\nThis is\na comment\n")) == "# \n# This is\n# a comment\n"
    assert str(conf.Comment("")) == "# \n"
    assert str(conf.Comment("a\n\nb")) == "# a\n# \n# b\n"
    assert str(conf.Location("/", conf.Comment("a\nb"))) == "<Location />\n  # a\n  # b\n</Location>\n"
    assert repr(conf.Comment("")) == "Comment('')"
    # A lone CR would end the line for nobody but an editor, but the next line stays a comment.
    assert str(conf.Comment("a\rUser root")) == "# a\n# User root\n"


# spec: library:G-6
def test_repr_is_source(conf, rebuilt):
    made = conf.Container(
        conf.Listen(80),
        conf.Container(conf.Timeout(3), conf.PythonPath("\"sys.path+['a\\\\b']\""), only_if="1==1"),
        conf.Directory("C:\\x", conf.Files("*.py", conf.PythonDebug("On"), conf.Comment("it's\n"))),
        conf.ContainerTag("Macro", "a\\b", [conf.Listen(1), conf.Location("/")], flipslash=0),
        conf.Directive("Mine", "a\\b", 0),
        conf.DocumentRoot("a\\b", 0),
        conf.LogFormat("a\\b", 1),
        conf.FilesMatch(r"\.py$", conf.PythonInterpPerDirectory()),
    )
    assert str(rebuilt(made)) == str(made)
    assert repr(rebuilt(made)) == repr(made)
    assert repr(conf.Container(conf.Listen(80), conf.Location("/", conf.Timeout(3)), only_if="x")) == (
        "Container(\n    Listen('80'),\n    Location('/',\n        Timeout('3'),\n    ),\n    only_if='x',\n)"
    )


# spec: library:G-7
def test_directive_classes(conf, rebuilt):
    classic = (
        "AddHandler AddOutputFilter AddType AuthBasicAuthoritative AuthBasicProvider AuthName AuthType CustomLog "
        "DirectoryIndex DocumentRoot ErrorLog KeepAliveTimeout Listen LoadModule LockFile LogFormat LogLevel MaxClients "
        "MaxConnectionsPerChild MaxRequestsPerChild MaxSpareServers MaxSpareThreads MaxThreadsPerChild MinSpareThreads "
        "Mutex NameVirtualHost NumServers Options PidFile PythonAccessHandler PythonAuthenHandler PythonAuthzHandler "
        "PythonCleanupHandler PythonConnectionHandler PythonDebug PythonFixupHandler PythonHandler PythonImport "
        "PythonOption PythonOutputFilter PythonPath PythonPostReadRequestHandler PythonTransHandler Require ServerAdmin "
        "ServerName ServerPath ServerRoot SetHandler StartServers StartThreads ThreadsPerChild Timeout TypesConfig "
        "PythonInterpPerDirectory PythonInterpPerDirective"
    ).split()
    source = fake_apache.PACKAGE.parent / "src"
    own = "".join((source / file).read_text() for file in ("phase.rs", "directives/mod.rs"))
    own = set(re.findall(r'c"(Python\w+)"', own))
    assert len(own) > 30
    for name in {*classic, *own}:
        assert name in conf.__all__
        made = getattr(conf, name)("a b")
        assert isinstance(made, conf.Directive)
        assert (str(made), repr(made)) == (f"{name} a b\n", f"{name}('a b')")
        assert str(rebuilt(made)) == str(made)
        backslash = str(getattr(conf, name)("a\\b"))
        assert backslash == f"{name} " + ("a\\b\n" if name in ("LogFormat", "PythonPath") else "a/b\n")
    for name in ("PythonInterpPerDirectory", "PythonInterpPerDirective"):
        assert str(getattr(conf, name)()) == f"{name} Off\n"


# spec: library:G-9
def test_quote_if_space(conf):
    assert [conf.quote_if_space(text) for text in ("", "a", "a b", "a\tb")] == ["", "a", '"a b"', "a\tb"]


# spec: library:G-10
def test_write_basic_config(conf, tmp_path, capsys):
    root = tmp_path / "new" / "root"
    written = conf.write_basic_config(str(root))
    assert written == str(root / "conf/httpd_conf.py")
    assert {path.name for path in root.iterdir()} == {"conf", "logs", "public"}
    assert "exists" not in capsys.readouterr().err
    first = (root / "conf/httpd_conf.py").read_text()
    assert "Listen('0.0.0.0:8888')" in first and "PythonHandler('mod_python.publisher')" in first
    assert "PythonPath" not in first and "PythonOption" not in first

    (root / "conf/httpd_conf.py").write_text("mine")
    assert conf.write_basic_config(str(root)) is None
    assert "httpd_conf.py exists already" in capsys.readouterr().err
    assert (root / "conf/httpd_conf.py").read_text() == "mine"
    assert conf.write_basic_config(str(root), replace_config=True) == written
    assert (root / "conf/httpd_conf.py").read_text() == first

    other = conf.write_basic_config(
        str(root), listen="81", conf="c", logs="l", htdocs="h", conf_name="other.py", pythonhandler="mine"
    )
    assert other == str(root / "c/other.py")
    assert (root / "l").is_dir() and (root / "h").is_dir()
    with pytest.raises(FileNotFoundError):
        conf.write_basic_config(str(tmp_path / "missing"), createdirs=False)
    with pytest.raises(ValueError, match="more than one line"):
        conf.write_basic_config(str(root), conf_name="third.py", pythonoptions=["a b\nUser root"])
    assert not (root / "conf/third.py").exists()


# spec: library:G-11, library:G-12
def test_what_is_written(conf, tmp_path):
    import sys

    root = tmp_path / "a root"
    path = ["/srv/it's", '/srv/"quoted"', "/srv/back\\slash"]
    written = conf.write_basic_config(
        str(root), pythonpath=path, pythonoptions=["a 1", "b 2"], mp_comments=["one", "two\nthree"], listen="8080"
    )
    command = [sys.executable, "-B", written]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(fake_apache.PACKAGE)})
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    loads = [line.split()[1] for line in lines if line.strip().startswith("LoadModule")]
    # Each stands in a test of its own, the MPM in one for each MPM.
    for name in loads:
        at = next(at for at, line in enumerate(lines) if line.strip().startswith(f"LoadModule {name} "))
        test = "mpm_event_module" if name.startswith("mpm_") else name
        assert lines[at - 1].strip() == f"<IfModule !{test}>"
    assert len(loads) == 22 + 2 and loads[0].startswith("mpm_") and loads[-1] == "python_module"
    tests = [line.strip() for line in lines if "IfModule !mpm" in line]
    assert tests == [f"<IfModule !mpm_{name}_module>" for name in ("prefork", "worker", "event")]
    for line in (
        f'ServerRoot "{root}"', "MaxConnectionsPerChild 65536", f'CustomLog "{root}/logs/access_log" combined',
        f'ErrorLog "{root}/logs/error_log"', "LogLevel warn", f'PidFile "{root}/logs/httpd.pid"',
        f'TypesConfig "{root}/conf/mime.types"', "ServerName 127.0.0.1", "Listen 8080",
        f'DocumentRoot "{root}/public"', "SetHandler mod_python", "# PythonDebug On",
        "PythonHandler mod_python.publisher", "PythonOption a 1", "PythonOption b 2", "# one", "# two", "# three",
    ):  # fmt: skip
        assert line in lines, line
    assert not [line for line in lines if line.startswith(("LockFile", "MaxRequestsPerChild"))]
    assert next(line for line in lines if line.startswith("LogFormat")).endswith('" combined')
    # httpd takes the outer quotes and the backslashes.
    expression = next(line for line in lines if line.startswith("PythonPath")).partition(" ")[2]
    expression = re.sub(r"\\(.)", r"\1", expression[1:-1])
    assert eval(expression, {"sys": sys}) == sys.path + path
