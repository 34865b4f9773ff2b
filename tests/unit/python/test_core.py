"""What the native module calls: ``mod_python._core``."""

import bdb
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fake_apache import PACKAGE


# spec: directives:4.5.1 interpreters:7.2
def test_sys_path_is_the_caller_s(core, tmp_path, write):
    write(tmp_path / "handlers.py", "")
    before = list(sys.path)
    with pytest.raises(ModuleNotFoundError):
        core.load_handler_module("handlers", f"{tmp_path}/", True, False, "")
    assert sys.path == before


# spec: interpreters:6.3.19 directives:4.5.2 interpreters:7.1
def test_old_importer_in_place_of_the_path_importer(
    core, native, request_now, tmp_path, write
):
    write(tmp_path / "handlers.py", "")
    before = list(sys.path)
    native.main_server.options["mod_python.legacy.importer"] = "*"
    load, directory = core.load_handler_module, f"{tmp_path}/"
    request_now(config={"PythonPath": "sys.path"})
    with pytest.raises(ModuleNotFoundError):
        load("handlers", directory, True, False, "path")
    request_now()
    for _ in range(3):
        module = load("handlers", directory, True, False, "path")
        assert sys.path == [directory, *before]
    assert module is sys.modules["handlers"]


# spec: directives:9.1.1 directives:7.10
def test_autoreload_and_log_are_passed_on(core, native, tmp_path, write):
    directory = f"{tmp_path}/"
    sys.path.insert(0, directory)
    write(tmp_path / "handlers.py", "value = 1")
    core.load_handler_module("handlers", directory, False, False, "")
    assert native.log == []
    write(tmp_path / "handlers.py", "value = 2")
    load = core.load_handler_module
    assert load("handlers", directory, False, True, "").value == 1
    assert load("handlers", directory, True, True, "").value == 2
    text = "mod_python: (Re)importing module 'handlers'"
    assert native.log == [(native.APLOG_NOTICE, text)]


# spec: directives:9.8.1
def test_python_path_replaces_in_place(core):
    path = sys.path
    core.apply_python_path("[os.path.join('/a', 'b')] + sys.path[1:]")
    assert sys.path is path
    assert path[0] == "/a/b"
    core.apply_python_path("(p for p in ['/x', '/y'] + sys.path)")
    assert path[:3] == ["/x", "/y", "/a/b"]


# spec: directives:9.8.1
def test_python_path_sees_the_names_of_apache(core):
    core.apply_python_path("sys.path + [interpreter, __name__, server_root()]")
    assert sys.path[-3:] == ["www.example.com", "mod_python.apache", "/etc/apache2"]


# spec: directives:9.8.3 directives:D-11 interpreters:7.3 interpreters:7.4
def test_each_python_path_text_is_applied_once(core):
    for _ in range(1000):
        core.apply_python_path("['/a'] + sys.path")
        core.apply_python_path("['/b'] + sys.path")
    assert sys.path[:2] == ["/b", "/a"]
    assert (sys.path.count("/a"), sys.path.count("/b")) == (1, 1)
    del sys.path[0]
    core.apply_python_path("['/b'] + sys.path")
    assert "/b" not in sys.path


# spec: directives:9.8.4
@pytest.mark.parametrize(
    "text, error",
    [
        ("5", TypeError),
        ("None", TypeError),
        ("'/a/text'", TypeError),
        ("[b'/a']", TypeError),
        ("[1]", TypeError),
        ("no_such_name", NameError),
        ("sys.path +", SyntaxError),
    ],
)
def test_failed_python_path_is_not_remembered(core, text, error):
    before = list(sys.path)
    for _ in range(3):
        with pytest.raises(error):
            core.apply_python_path(text)
        assert sys.path == before


# spec: directives:9.8.4
def test_python_path_works_once_its_cause_is_mended(core, apache):
    with pytest.raises(NameError):
        core.apply_python_path("['/mended'] + extra + sys.path")
    apache.extra = [Path("/extra")]
    core.apply_python_path("['/mended'] + extra + sys.path")
    assert sys.path[:2] == ["/mended", "/extra"]


# spec: interpreters:7.4 directives:4.5.6
def test_python_path_from_many_threads(core):
    def apply():
        core.apply_python_path("[__import__('time').sleep(0.05) or '/a'] + sys.path")

    threads = [threading.Thread(target=apply) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.path.count("/a") == 1


# spec: directives:9.4.4 directives:9.4.6
def test_run_import(core, native, tmp_path, write):
    sys.path.insert(0, str(tmp_path))
    write(
        tmp_path / "startup.py",
        "called = []\n"
        "def start(): called.append('start')\n"
        "class Service:\n"
        "    def __init__(self, *args): called.append(args)\n"
        "    @staticmethod\n"
        "    def start(): called.append('service')\n"
        "    @classmethod\n"
        "    def boot(cls): called.append('boot')\n",
    )
    core.run_import("startup", True)
    called = sys.modules["startup"].called
    assert called == []
    assert len(native.log) == 1
    for function in ("start", "Service.start", "Service.boot"):
        core.run_import(f"startup::{function}", True)
    assert called == ["start", "service", "boot"]
    assert len(native.log) == 1


# spec: directives:9.4.7
def test_run_import_failures(core, tmp_path, write):
    sys.path.insert(0, str(tmp_path))
    write(tmp_path / "startup.py", "def fail(): 1 / 0\nfail.x = 1")
    with pytest.raises(ZeroDivisionError):
        core.run_import("startup::fail", False)
    with pytest.raises(AttributeError, match="contains no 'missing'"):
        core.run_import("startup::missing", False)
    with pytest.raises(AttributeError):
        core.run_import("startup::fail.y", False)
    with pytest.raises(ModuleNotFoundError):
        core.run_import("no_such_module::f", False)


# spec: interpreters:6.3.15
def test_run_import_with_the_path_importer(core, native, tmp_path, write):
    write(tmp_path / "startup.py", "import sys\ndef start(): sys.started = __name__")
    native.main_server.options["mod_python.importer"] = "path"
    core.run_import(f"{tmp_path}/startup.py::start", False)
    assert sys.started.startswith("_mp_")
    del sys.started


# spec: directives:7.1
def test_format_exception(core):
    try:
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as cause:
            raise ValueError("two\nlines") from cause
    except ValueError as error:
        chunks = core.format_exception(error)
    assert chunks[0] == "Traceback (most recent call last):"
    assert chunks[-1] == "ValueError: two\nlines"
    assert any("ZeroDivisionError" in chunk for chunk in chunks)
    assert not any(chunk.endswith("\n") for chunk in chunks)


# spec: directives:7.1
def test_format_exception_of_a_very_long_one(core):
    causes = [ValueError(str(number)) for number in range(3_000)]
    for cause, error in zip(causes, causes[1:]):
        error.__cause__ = cause
    chunks = core.format_exception(causes[-1])
    assert chunks[0] == "ValueError: 0" and chunks[-1] == "ValueError: 2999"
    assert len(chunks) == 2_001 and "more parts are left out]" in chunks[1_000]


# spec: directives:7.1
def test_format_exception_of_a_hostile_one(core):
    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    chunks = core.format_exception(Hostile())
    assert "Hostile" in chunks[-1]
    with pytest.raises(SyntaxError) as caught:
        compile("a b", "handlers.py", "exec")
    assert core.format_exception(caught.value)[-1].startswith("SyntaxError")


REFUSALS = [
    "module x does not support loading in subinterpreters",
    "PyO3 modules do not yet support subinterpreters, see https://example.org",
    "PyO3 modules compiled for CPython 3.8 or older may only be initialized once"
    " per interpreter process",
    "Interpreter change detected - this module can only be loaded into one"
    " interpreter per process.",
    "cannot load module more than once per process",
    "this module does not support multiple interpreters",
]


# spec: interpreters:2.10
@pytest.mark.parametrize("message", REFUSALS)
@pytest.mark.parametrize("importer", ["", "path"])
def test_refused_extension_is_explained_once(
    core, native, request_now, tmp_path, write, message, importer
):
    request_now(phase="PythonFixupHandler")
    sys.path.insert(0, str(tmp_path))
    write(tmp_path / "deep.py", f"raise ImportError({message!r})")
    write(
        tmp_path / "handlers.py",
        "from mod_python import apache\n"
        "try: apache.import_module('deep')\n"
        "except ImportError as error: raise RuntimeError('no deep') from error\n",
    )
    with pytest.raises(RuntimeError) as caught:
        core.load_handler_module("handlers", f"{tmp_path}/", True, False, importer)
    core.format_exception(caught.value)
    ((level, text),) = native.log
    assert level == native.APLOG_ERR
    assert text.startswith(
        "MPY0301: interpreter='www.example.com' phase='PythonFixupHandler': "
    )
    assert "deep" in text and message in text
    assert "'PythonInterpreter main_interpreter'" in text
    with pytest.raises(RuntimeError):
        core.load_handler_module("handlers", f"{tmp_path}/", True, False, importer)
    assert len(native.log) == 2


# spec: interpreters:2.10
def test_import_inside_a_handler_is_explained_too(core, native):
    core.format_exception(ImportError(REFUSALS[0]))
    assert native.log[0][1].startswith("MPY0301: ")
    assert "phase='-'" in native.log[0][1]


def test_the_innermost_refusal_is_quoted(core, native):
    error = ImportError(f"advice\n\nOriginal error: {REFUSALS[0]}\n")
    error.__cause__ = ImportError(REFUSALS[0])
    core.format_exception(error)
    ((_, text),) = native.log
    assert REFUSALS[0] in text and "advice" not in text


def test_other_errors_are_not_explained(core, native):
    for error in (
        ImportError("libx.so.1: cannot open shared object file"),
        ModuleNotFoundError("No module named '_xxsubinterpreters'"),
        ValueError("subinterpreters"),
    ):
        core.format_exception(error)
    assert native.log == []


# spec: directives:9.3.1 directives:9.3.3
def test_pdb_call(core, monkeypatch):
    def handler(req):
        doubled = req * 2
        return doubled

    def call(commands):
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(commands))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            return core.pdb_call(handler, 21), out.getvalue()

    result, shown = call("next\np 'doubled is', doubled\ncontinue\n")
    assert result == 42
    assert "doubled = req * 2" in shown
    assert "('doubled is', 42)" in shown
    with pytest.raises(bdb.BdbQuit):
        call("quit\n")
    assert sys.gettrace() is None or "pdb" not in repr(sys.gettrace())


# spec: interpreters:I-7
def test_exit_callbacks(tmp_path):
    """In a process of its own: they are pytest's callbacks as well."""
    code = (
        f"import sys; sys.path[:0] = {[str(PACKAGE), os.path.dirname(__file__)]!r}\n"
        "import fake_apache, atexit, os\n"
        "module = fake_apache.build()\n"
        "sys.modules['_apache'] = sys.modules['mod_python._apache'] = module\n"
        "from mod_python import _core\n"
        "atexit.register(print, 'first')\n"
        "atexit.register(lambda: 1 / 0)\n"
        "atexit.register(print, 'last')\n"
        "_core.run_exit_callbacks()\n"
        "_core.run_exit_callbacks()\n"
        "sys.stdout.flush()\n"
        "os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True
    )
    assert done.stdout == "last\nfirst\n"
    assert done.stderr.count("ZeroDivisionError") == 1
    assert done.returncode == 0
