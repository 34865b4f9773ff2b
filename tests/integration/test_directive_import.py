"""PythonImport: at each child's start, in order, in the interpreter named; a failure is logged and the child serves."""

from harness import server

STARTED = '''
import sys
from mod_python import apache

def note(text):
    apache.log_error("IMPORT " + text + " in " + apache.interpreter, apache.APLOG_NOTICE)

note(__name__)
server = apache.main_server.server_hostname
order = []

def function():
    note("function called, server " + str(server))

def failing():
    raise ValueError("on purpose")

class Tool:
    def method(self):
        note("method called")

tool = Tool()
'''

ASK = '''
import sys
from mod_python import apache

def handler(req):
    names = [name for name in sys.modules if name.startswith("started")]
    req.write(repr((apache.interpreter, sorted(names), "@ROOT@/python" in sys.path)))
    return apache.OK
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonImport started_a first
PythonImport started_b::function first
PythonImport started_b::tool.method first
PythonImport no_such_module first
PythonImport started_broken second
PythonImport started_b::missing second
PythonImport started_b::failing second
PythonImport started_b::function::more second
PythonImport started_a second
PythonImport started_exit second
PythonImport started_a main_interpreter
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHandler ask
</Directory>
<Directory "@DOCS@/first">
    PythonInterpreter first
</Directory>
<Directory "@DOCS@/second">
    PythonInterpreter second
</Directory>
<Directory "@DOCS@/third">
    PythonInterpreter third
</Directory>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
    PythonImport started_vhost first
</VirtualHost>
"""

FILES = {
    "python/ask.py": ASK,
    "python/started_a.py": STARTED,
    "python/started_b.py": STARTED,
    "python/started_vhost.py": STARTED,
    "python/started_broken.py": "def x(:\n",
    "python/started_exit.py": "raise SystemExit(3)\n",
    **{f"htdocs/{name}/.keep": "" for name in ("first", "second", "third")},
}

FAILURES = {
    "no_such_module": "ModuleNotFoundError: No module named 'no_such_module'",
    "started_broken": "SyntaxError: invalid syntax",
    "started_b::missing": "AttributeError: module '.*/started_b.py' contains no 'missing'",
    "started_b::failing": "ValueError: on purpose",
    "started_b::function::more": "AttributeError: module '.*/started_b.py' contains no 'function::more'",
    "started_exit": "SystemExit: 3",
}


def announce(log):
    for text, last in FAILURES.items():
        prefix = f"directive_PythonImport: error importing {text}"
        log.expect(rf":error\].*MPY0302: {prefix} \(interpreter '\w+'\)", times=1)
        log.expect(rf":error\].*{prefix}: {last}", times=1)
        log.allow(rf"{prefix}: ")


def test_imports(httpd):
    # spec: directives:9.4.1, directives:9.4.2, directives:9.4.3, directives:9.4.4, directives:9.4.5
    # spec: directives:9.4.6, directives:9.4.7, directives:9.4.9, directives:9.4.10, directives:D-10
    # spec: directives:1/PythonImport, interpreters:1.2/PythonImport
    site = httpd.make(config=CONFIG, files=FILES, processes=1)
    announce(site.log)
    site.log.expect(r"MPY0101: PythonImport at .* only the main server's lines are carried out")
    site.start()
    pids = site.children()
    said = [line.split("IMPORT ")[1] for line in site.log.wait_for("IMPORT started_a in", times=3)]
    said = [line.split("IMPORT ")[1] for line in site.log.find("IMPORT ")]
    assert said[:6] == [
        "started_a in first", "started_b in first", "function called, server localhost in first",
        "method called in first", "started_b in second", "started_a in second",
    ]  # fmt: skip
    assert len(said) == 7 and said[6].startswith("started_a in ")
    assert eval(site.get("/first/x").text) == ("first", ["started_a", "started_b"], True)
    assert eval(site.get("/second/x").text) == ("second", ["started_a", "started_b"], True)
    assert eval(site.get("/third/x").text) == ("third", [], True)
    assert eval(site.get("/x").text)[1] == ["started_a"]
    # No child has ended over it, and nothing is imported twice.
    assert site.children() == pids
    assert len(site.log.find("IMPORT started_a in first")) == 1


def test_every_child_imports(httpd):
    # spec: directives:9.4.1
    config = "PythonPath \"sys.path + ['@ROOT@/python']\"\nPythonImport started_a one"
    site = httpd.make(config=config, files=FILES, processes=2).start()
    found = site.log.wait_for("IMPORT started_a in one", times=2)
    assert len({line.split("[pid ")[1].split(":")[0].split("]")[0] for line in found}) == 2
    site.graceful()
    # How many children follow at once is the MPM's affair.
    site.log.wait_for("IMPORT started_a in one", times=3)


def test_failing_path(httpd):
    # spec: directives:9.4.8, directives:9.4.7
    config = """
        PythonPath "sys.path + nowhere"
        PythonImport json one
        PythonImport json two
    """
    site = httpd.make(config=config, files=FILES, processes=1)
    site.log.expect(r"MPY0302: directive_PythonImport: error importing json \(interpreter 'one'\)", times=1)
    site.log.expect(r"MPY0302: directive_PythonImport: error importing json \(interpreter 'two'\)", times=1)
    site.log.expect("error importing json: NameError: name 'nowhere' is not defined", times=2)
    site.log.allow("error importing json: ")
    site.start()
    site.log.wait_for(r"MPY0302: .*'two'")


simple = server("PythonImport json::dumps.no main_interpreter", start_lines=["directive_PythonImport"], mpm="event")


def test_server_serves_after_a_failure(simple):
    # spec: directives:9.4.7
    assert simple.get("/nothing").status == 404
