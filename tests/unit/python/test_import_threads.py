"""Both importers in several threads: interpreters 6.2.5 and I-18."""

import sys
import threading
import time

import pytest


@pytest.fixture(params=["default", "path"])
def imports(request, apache, request_now, native, tmp_path):
    """``import_module`` of one importer, with ``tmp_path`` searched."""
    if request.param == "path":
        native.main_server.options["mod_python.importer"] = "path"
        native.main_server.options["mod_python.importer.path"] = repr([str(tmp_path)])
    else:
        sys.path.insert(0, str(tmp_path))
    return apache.import_module


class Thread(threading.Thread):
    """A daemon thread that keeps what its function returned or raised."""

    def __init__(self, function, *args):
        super().__init__(daemon=True)
        self.call, self.result, self.error = (function, args), None, None
        self.start()

    def run(self):
        function, args = self.call
        try:
            self.result = function(*args)
        except BaseException as error:
            self.error = error

    def get(self):
        self.join(20)
        assert not self.is_alive(), "dead lock"
        if self.error:
            raise self.error
        return self.result


@pytest.fixture
def gate(monkeypatch):
    """Events that module code reaches as ``sys.gate``."""

    class Gate:
        entered = threading.Event()
        go = threading.Event()

    monkeypatch.setattr(sys, "gate", Gate, raising=False)
    Gate.entered.clear()
    Gate.go.clear()
    return Gate


WAIT = "import sys\nsys.gate.entered.set()\nassert sys.gate.go.wait(20)\nvalue = 1\n"


# spec: interpreters:I-18
def test_slow_import_blocks_no_other_name(imports, tmp_path, gate, write):
    write(tmp_path / "slow.py", WAIT)
    write(tmp_path / "quick.py", "value = 2")
    slow = Thread(imports, "slow")
    assert gate.entered.wait(20)
    assert Thread(imports, "quick").get().value == 2
    assert slow.is_alive()
    gate.go.set()
    assert slow.get().value == 1


# spec: interpreters:6.2.5
def test_half_made_module_is_seen_by_nobody(imports, tmp_path, gate, write):
    write(tmp_path / "slow.py", WAIT)
    slow = Thread(imports, "slow")
    assert gate.entered.wait(20)
    others = [Thread(imports, "slow"), Thread(imports, "slow", False)]
    time.sleep(0.05)
    assert all(other.is_alive() for other in others)
    gate.go.set()
    assert {slow.get(), *(other.get() for other in others)} == {slow.get()}


# spec: interpreters:6.2.5
def test_plain_import_waits_too(apache, tmp_path, gate, write):
    sys.path.insert(0, str(tmp_path))
    write(tmp_path / "slow.py", WAIT)
    slow = Thread(apache.import_module, "slow")
    assert gate.entered.wait(20)
    plain = Thread(__import__, "slow")
    time.sleep(0.05)
    assert plain.is_alive()
    gate.go.set()
    assert plain.get() is slow.get()


# spec: interpreters:6.2.5
def test_one_execution_for_many_threads(imports, tmp_path, monkeypatch, write):
    monkeypatch.setattr(sys, "runs", [], raising=False)
    text = "import sys, time\nsys.runs.append(1)\ntime.sleep(0.05)\nvalue = 1\n"
    for expected in (1, 2):
        write(tmp_path / "handlers.py", text)
        for thread in [Thread(imports, "handlers") for _ in range(8)]:
            assert thread.get().value == 1
        assert len(sys.runs) == expected


# spec: interpreters:6.2.5
def test_nested_and_repeated_imports_of_one_thread(imports, tmp_path, write):
    write(
        tmp_path / "outer.py",
        "from mod_python import apache\ninner = apache.import_module('inner')\n",
    )
    write(
        tmp_path / "inner.py",
        "from mod_python import apache\nouter = apache.import_module('outer')\n",
    )
    outer = Thread(imports, "outer").get()
    assert outer.inner.outer is outer


# spec: interpreters:6.2.5
@pytest.mark.parametrize(
    "statement", ["other = apache.import_module('{}')", "import {} as other"]
)
def test_crossed_imports_of_two_threads(imports, tmp_path, statement, write):
    """a imports b while b imports a: each thread holds what the other wants."""
    for mine, other in ("ab", "ba"):
        write(
            tmp_path / f"{mine}.py",
            "import sys\nfrom mod_python import apache\n"
            "sys.meet()\n"
            f"{statement.format(other)}\n",
        )
    barrier = threading.Barrier(2, timeout=20)
    met = threading.Event()

    def meet():
        # The path importer loads a module of a circle again.
        if not met.is_set():
            barrier.wait()
            met.set()

    sys.meet = meet
    try:
        threads = [Thread(imports, "a"), Thread(imports, "b")]
        for thread in threads:
            assert thread.get().other
    finally:
        del sys.meet


# spec: interpreters:6.2.5
def test_module_importing_itself(apache, tmp_path, write):
    sys.path.insert(0, str(tmp_path))
    text = "from mod_python import apache\nme = apache.import_module(__name__)\n"
    for _ in range(2):
        write(tmp_path / "handlers.py", text)
        module = Thread(apache.import_module, "handlers").get()
        assert module.me is module


# spec: interpreters:6.1.1
def test_reload_of_a_package_that_imports_its_module(apache, tmp_path, write):
    sys.path.insert(0, str(tmp_path))
    package = (
        "from mod_python import apache\n"
        "runs = globals().get('runs', 0) + 1\n"
        "mod = apache.import_module('pkg.mod')\n"
    )
    for expected in (1, 2):
        write(tmp_path / "pkg" / "__init__.py", package)
        write(tmp_path / "pkg" / "mod.py", "")
        assert Thread(apache.import_module, "pkg.mod").get()
        assert sys.modules["pkg"].runs == expected


# spec: interpreters:6.2.5
def test_module_whose_source_is_still_being_read(apache, core, native, monkeypatch, tmp_path, gate, write):
    # It stands in sys.modules already, and nothing is reloaded that would make others look twice.
    sys.path.insert(0, str(tmp_path))
    write(tmp_path / "slow.py", "value = 1")
    execute = sys.modules["mod_python._execute"]
    compile_source = execute._compile

    def slowly(*args):
        gate.entered.set()
        assert gate.go.wait(20)
        return compile_source(*args)

    monkeypatch.setattr(execute, "_compile", slowly)
    first = Thread(apache.ximport_module, "slow", False)
    assert gate.entered.wait(20)
    others = [Thread(apache.ximport_module, "slow", False), Thread(__import__, "slow")]
    time.sleep(0.05)
    early = [other for other in others if not other.is_alive()]
    gate.go.set()
    assert [thread.get().value for thread in [first, *others]] == [1, 1, 1]
    assert not early
