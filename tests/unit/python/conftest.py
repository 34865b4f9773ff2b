"""The package ``mod_python`` in a process without httpd."""

import importlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fake_apache  # noqa: E402


@pytest.fixture(autouse=True)
def native(monkeypatch):
    """A new stand-in for ``_apache`` and an unloaded ``mod_python``."""
    modules = dict(sys.modules)
    path = list(sys.path)
    for name in [name for name in modules if name.partition(".")[0] == "mod_python"]:
        del sys.modules[name]
    module = fake_apache.build()
    sys.modules["_apache"] = sys.modules["mod_python._apache"] = module
    sys.path.insert(0, str(fake_apache.PACKAGE))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    yield module
    sys.path[:] = path
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]
    sys.modules.update(modules)
    importlib.invalidate_caches()


@pytest.fixture
def apache(native):
    return importlib.import_module("mod_python.apache")


@pytest.fixture
def core(native):
    return importlib.import_module("mod_python._core")


@pytest.fixture
def request_now(native):
    """Start a request: ``request_now(option=value, ...)`` gives a new one."""

    def start(body=b"", options=(), config=(), **attributes):
        native.request = fake_apache.Request(body, **attributes)
        native.request.options.update(options)
        native.request.config.update(config)
        return native.request

    return start


@pytest.fixture
def write():
    """Write a source file whose date differs from all earlier ones."""
    dates = iter(range(1_000_000_000, 2_000_000_000))

    def write(file, text, date=None):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        date = next(dates) if date is None else date
        os.utime(file, ns=(date * 10**9, date * 10**9))
        return str(file)

    return write


@pytest.fixture
def runs(monkeypatch):
    """Files of the modules executed, through ``sys.runs`` in their code."""
    runs = []
    monkeypatch.setattr(sys, "runs", runs, raising=False)
    return runs


@pytest.fixture
def handle(core, request_now, runs):
    """Start a request and load its handler with the path importer."""

    def handle(name, directory=None, options=(), autoreload=True, log=False, **kw):
        request_now(options={"mod_python.importer": "path", **dict(options)}, **kw)
        return core.load_handler_module(name, directory, autoreload, log, "path")

    return handle


@pytest.fixture
def logged(native):
    """What the path importer logged at a level, without the prefix."""
    prefix = f"mod_python (pid={os.getpid()}, interpreter='www.example.com'): "

    def logged(level):
        found = [text for at, text in native.log if at == level]
        assert all(text.startswith(prefix) for text in found)
        return [text[len(prefix) :] for text in found]

    return logged
