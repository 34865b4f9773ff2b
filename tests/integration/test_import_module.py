"""apache.import_module and the functions beside it, called by a handler."""

import os

from harness.snippets import run, snippet_server

FILES = {
    "one/target.py": "place = 'one'\nonly_one = 1\nruns = globals().get('runs', 0) + 1",
    "two/target.py": "place = 'two'\nruns = globals().get('runs', 0) + 1",
    "one/logged.py": "",
    "one/positional.py": "value = 1",
    "one/timed.py": "value = 1",
    "one/tools.py": """
        class Tool:
            def __init__(self, arg):
                self.arg = arg
            def method(self):
                return self.arg
        def function():
            return "function"
        """,
}

site = snippet_server(
    "PythonPath \"sys.path + ['@DOCS@/run']\"", FILES, processes=1, threads=2
)


def test_path(site):
    # spec: api:3/import_module, interpreters:6.2.4, interpreters:6.1/step-1, interpreters:6.1/step-2, interpreters:I-1
    one, two = f"{site.root}/one", f"{site.root}/two"
    code = f"""
        import sys
        result = ["target" in sys.modules, {one!r} in sys.path]
        module = apache.import_module("target", path=[{one!r}])
        result += [module.place, module.runs, module is sys.modules["target"]]
        again = apache.import_module("target", path=[{one!r}])
        result += [again is module, module.runs]
        # Outside of the path given: imported again, in place.
        other = apache.import_module("target", path=[{two!r}, {one!r}])
        result += [other is module, module.place, module.runs]
        other = apache.import_module("target", path=[{two!r}])
        result += [other is module, module.place, module.runs, module.only_one]
        result.append(apache.import_module("target") is module)
        result.append(error(apache.import_module, "nowhere_to_be_found", 1, 0, [{one!r}])[0])
    """
    expected = [False, False, "one", 1, True, True, 1, True, "one", 1, True, "two", 2, 1, True, "ModuleNotFoundError"]
    assert run(site, code) == expected


def test_signature(site):
    # spec: interpreters:6/signature, api:3/import_module, interpreters:6.2.1
    code = f"""
        path = ["{site.root}/one"]
        first = apache.import_module("positional", 1, 0, path)
        result = [first is apache.import_module(module_name="positional", autoreload=0, log=0, path=path)]
        result.append(first.value)
    """
    assert run(site, code) == [True, 1]
    site.write("one/positional.py", "value = 2")
    path = f"path=['{site.root}/one']"
    assert run(site, f"result = apache.import_module('positional', 0, {path}).value") == 1
    assert run(site, f"result = apache.import_module('positional', {path}).value") == 2
    assert run(site, "result = error(apache.import_module)[0]") == "TypeError"


def test_log(site):
    # spec: interpreters:6.1/step-3
    code = f"""
        path = ["{site.root}/one"]
        for _ in range(2):
            apache.import_module("logged", log=1, path=path)
        result = None
    """
    run(site, code)
    line = rf"\[python:notice\].* mod_python: \(Re\)importing module 'logged' with path set to '\['{site.root}/one'\]'$"
    assert len(site.log.find(line)) == 1
    site.write("one/logged.py", "changed = 1")
    run(site, code)
    assert len(site.log.find(line)) == 2


def test_times(site):
    # spec: interpreters:6.1/step-3, interpreters:6.1/step-4, interpreters:6.2.2
    os.utime(site.root / "one/timed.py", (1_234_567_890.5, 1_234_567_890.5))
    code = f"""
        import time
        before = time.time()
        module = apache.import_module("timed", path=["{site.root}/one"])
        result = [module.__mtime__, apache.module_mtime(module), before <= module.__mtime_check__ <= time.time()]
    """
    assert run(site, code) == [1_234_567_890.5, 1_234_567_890.5, True]


def test_resolve_object(site):
    # spec: api:3/resolve_object
    code = f"""
        tools = apache.import_module("tools", path=["{site.root}/one"])
        resolve = apache.resolve_object
        result = [resolve(tools, "function")(), resolve(tools, "Tool.method", "argument")()]
        result += [resolve(tools, "missing", None, 1), resolve(tools, "Tool.missing", None, silent=1)]
        result += [error(resolve, tools, "missing"), error(resolve, tools, "Tool.missing")]
    """
    expected = ["function", "argument", None, None]
    expected += [("AttributeError", f"module '{site.root}/one/tools.py' contains no 'missing'")]
    expected += [("AttributeError", "'Tool' object has no attribute 'missing'")]
    assert run(site, code) == expected
