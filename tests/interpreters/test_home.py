"""Which Python runs: PythonHome as a prefix and as an environment, refused ones, and a PATH that is not looked at."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import HttpdFailed

pytestmark = pytest.mark.interpreters

HANDLER = """
import json
import sys

from mod_python import apache

def handler(req):
    req.content_type = "application/json"
    try:
        import only_in_the_environment as extra
    except ImportError:
        extra = None
    facts = {
        "prefix": sys.prefix,
        "base": sys.base_prefix,
        "path": sys.path,
        "version": list(sys.version_info[:2]),
        "extra": extra and extra.__file__,
        "library": json.__file__,
        "optimize": sys.flags.optimize,
    }
    req.write(json.dumps(facts))
    return apache.OK
"""

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
SetHandler mod_python
PythonHandler facts
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName sub.test
</VirtualHost>
"""

FILES = {"lib/facts.py": HANDLER}


@pytest.fixture
def start(serve):
    """Start a server with lines in front, and return what Python says of itself in both kinds of interpreters."""

    def run(lines="", **options):
        server = serve(config=lines + CONFIG, files=FILES, **options)
        main, sub = (json.loads(server.get("/", host=host).text) for host in ("main.test", "sub.test"))
        assert main == sub
        return main

    return run


@pytest.fixture
def folder():
    """A folder that every user can look into."""
    made = Path(tempfile.mkdtemp(prefix="mod_python-home-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def own_python(built_module, python_version):
    """The facts of the Python that the module was built with: (prefix, executable)."""
    linked = subprocess.run(["ldd", built_module], capture_output=True, text=True, check=True).stdout
    library = Path(re.search(r"libpython\S+ => (\S+)", linked)[1])
    name = "python{}.{}".format(*python_version)
    for prefix in library.parents:
        if (prefix / f"lib/{name}/os.py").is_file():
            return prefix, prefix / "bin" / name
    raise AssertionError(f"no Python belongs to {library}")


def make_environment(folder, own_python):
    executable = own_python[1]
    subprocess.run([executable, "-m", "venv", "--without-pip", folder / "env"], check=True, capture_output=True)
    name = next((folder / "env/lib").glob("python3.*")).name
    extra = folder / "env/lib" / name / "site-packages/only_in_the_environment.py"
    extra.write_text("")
    extra.chmod(0o644)
    return folder / "env"


def test_without_home(start, own_python, python_version):
    # spec: interpreters:3.4
    facts = start()
    assert (facts["prefix"], facts["base"]) == (str(own_python[0]), str(own_python[0]))
    assert facts["version"] == list(python_version)


def test_path_is_never_looked_at(start, own_python, folder):
    # spec: interpreters:3.4
    # A python3 in front of PATH, with something beside it that looks like its library.
    (folder / "bin").mkdir()
    (folder / "bin/python3").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bin/python3").chmod(0o755)
    for version in range(10, 16):
        (folder / f"lib/python3.{version}").mkdir(parents=True)
        (folder / f"lib/python3.{version}/os.py").write_text("raise SystemExit('the wrong library')\n")
    facts = start(env={"PATH": f"{folder}/bin:/usr/bin:/bin"})
    assert facts["prefix"] == str(own_python[0])


def test_prefix(start, own_python):
    # spec: interpreters:3.4
    facts = start(f'PythonHome "{own_python[0]}"\n')
    assert (facts["prefix"], facts["base"]) == (str(own_python[0]), str(own_python[0]))
    assert facts["library"].startswith(f"{own_python[0]}/lib")


def test_environment(start, own_python, folder):
    # spec: interpreters:3.4, interpreters:3.2
    home = make_environment(folder, own_python)
    facts = start(f'PythonHome "{home}"\n')
    assert (facts["prefix"], facts["base"]) == (str(home), str(own_python[0]))
    assert facts["extra"].startswith(f"{home}/lib/")
    assert facts["library"].startswith(f"{own_python[0]}/lib")


def test_environment_variables_of_the_server(start, folder):
    # spec: interpreters:3.2, interpreters:3.8
    (folder / "only_in_the_environment.py").write_text("")
    facts = start(env={"PYTHONPATH": str(folder)})
    assert facts["extra"] == f"{folder}/only_in_the_environment.py"
    assert str(folder) in facts["path"]


def refusal(serve, lines):
    server = serve.make(config=lines)
    status, text = server.check_config()
    assert status != 0
    with pytest.raises(HttpdFailed):
        server.start()
    return text


@pytest.mark.parametrize(
    ("home", "sentence"),
    [
        ("/nonexistent", r"PythonHome /nonexistent cannot be read: No such file"),
        ("relative", r"PythonHome relative must be an absolute path"),
        ("/usr/share", r"PythonHome /usr/share has no Python 3\.\d+: /usr/share/lib/python3\.\d+/os\.py is missing"),
        ("/etc/passwd", r"PythonHome /etc/passwd cannot be read: Not a directory"),
    ],
)
def test_what_is_no_home_stops_the_start(serve, home, sentence):
    # spec: interpreters:3.4
    assert re.search(sentence, refusal(serve, f"PythonHome {home}\n"))


def test_environment_of_another_version_stops_the_start(serve, folder, python_version):
    # spec: interpreters:3.4
    other = f"3.{python_version[1] - 1}.4"
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {other}\n")
    wanted = "{}.{}".format(*python_version)
    assert (
        f"is a virtual environment of Python {other}, this module runs Python {wanted}: "
        f"make one with python{wanted} -m venv"
    ) in refusal(serve, f'PythonHome "{folder}"\n')


def test_broken_environment_stops_the_start(serve, folder, python_version):
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = {}.{}.1\n".format(*python_version))
    assert "is a virtual environment without bin/python" in refusal(serve, f'PythonHome "{folder}"\n')


@pytest.mark.skipif(os.geteuid() != 0, reason="children run as the user who started serve, who made the folder")
@pytest.mark.parametrize("what", ["whole", "library", "environment"])
def test_home_that_children_cannot_read_stops_the_start(serve, own_python, folder, what):
    # spec: interpreters:3.4, interpreters:I-12
    name = own_python[1].name
    if what == "environment":
        home = make_environment(folder, own_python)
        closed = home / "lib" / name / "site-packages"
        named = closed
    else:
        # A home that root can read and that would do.
        home = folder / "home"
        (home / "lib").mkdir(parents=True)
        (home / "lib" / name).symlink_to(own_python[0] / "lib" / name)
        closed = home if what == "whole" else home / "lib"
        named = home / "lib" / name / "os.py"
    closed.chmod(0o700)
    server = serve.make(config=f'PythonHome "{home}"\n' + CONFIG, files=FILES)
    with pytest.raises(HttpdFailed) as failed:
        server.start()
    assert re.search(
        rf"MPY0110: PythonHome {home} cannot be used: {named} is not readable for the user that serves requests "
        r"\(uid \d+\)\. Open it",
        str(failed.value),
    )
    closed.chmod(0o755)
    # The server root stays as it is: a start with the same configuration works now.
    server.start()
    assert server.get("/", host="main.test").status == 200
