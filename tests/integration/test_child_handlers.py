"""PythonChildInitHandler and PythonChildExitHandler: for each server that has them, at the start and end of each child."""

import time

import pytest

from harness import Httpd

HOOKS = '''
import atexit
import os
import time

from mod_python import _apache, apache

def note(text):
    with open("@ROOT@/tmp/notes", "a") as notes:
        notes.write("%s %s\\n" % (apache.interpreter, text))

def imported():
    note("import")

def _told(name, server):
    note("%s %s %s" % (name, server.server_hostname, _apache.current_request()))

def childinithandler(server):
    _told("init", server)
    assert server.get_options().get("who") == server.server_hostname
    apache.register_cleanup(note, "cleanup of init")
    atexit.register(note, "atexit of init")

def childexithandler(server):
    _told("exit", server)
    apache.register_cleanup(note, "cleanup of exit")
    return apache.OK

def second(server):
    _told("second", server)
    return apache.DECLINED

class Tool:
    def __init__(self, server):
        self.server = server

    def method(self, server):
        _told("method %s" % (self.server is server), server)
        return apache.OK

def fail(server):
    raise ValueError("on purpose for " + server.server_hostname)

def leave(server):
    raise SystemExit(3)

def number(server):
    return 500

def text(server):
    return "text"

def stop(server):
    raise apache.SERVER_RETURN(apache.OK)

def stop_with(server):
    raise apache.SERVER_RETURN((403, 1))

def hang(server):
    time.sleep(3600)

def handler(req):
    apache.register_cleanup(note, "cleanup of a request")
    req.write("content in " + req.interpreter)
    return apache.OK
'''

HOSTS = """
PythonPath "sys.path + ['@ROOT@/python']"
<Location "/">
    SetHandler mod_python
    PythonHandler hooks
    Require all granted
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName one.test
    PythonOption who one.test
    {one}
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName two.test
    PythonOption who two.test
    {two}
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName three.test
</VirtualHost>
"""
FILES = {"python/hooks.py": HOOKS, "python/broken.py": "def x(:\n"}


def config(main="", one="", two=""):
    return f"PythonOption who localhost\n{main}\n" + HOSTS.format(one=one, two=two)


def notes(site):
    file = site.root / "tmp/notes"
    return file.read_text().splitlines() if file.exists() else []


def test_every_server_at_start_and_end(httpd):
    site = httpd(
        config=config(
            "PythonImport hooks::imported two.test\nPythonChildInitHandler hooks hooks::second\nPythonChildExitHandler hooks",
            "PythonChildInitHandler hooks\nPythonChildInitHandler hooks::second\nPythonChildExitHandler hooks hooks::second",
            "PythonInterpreter named\nPythonChildInitHandler hooks::Tool.method\nPythonChildExitHandler hooks::second",
        ),
        files=FILES,
        processes=1,
    )
    assert site.get("/", host="three.test").text == "content in three.test"
    started = [
        "two.test import",
        "localhost init localhost None",
        "localhost second localhost None",
        "one.test init one.test None",
        "one.test second one.test None",
        "named method True two.test None",
    ]
    assert notes(site) == started
    assert site.stop_when_idle() < 5
    assert notes(site)[len(started) :] == [
        # What was registered later comes first.
        "three.test cleanup of a request",
        "one.test cleanup of init",
        "localhost cleanup of init",
        "named second two.test None",
        "one.test exit one.test None",
        "one.test second one.test None",
        "localhost exit localhost None",
        "localhost cleanup of exit",
        "one.test cleanup of exit",
        # By interpreter, the main one last.
        "localhost atexit of init",
        "one.test atexit of init",
    ]


def test_each_child_and_each_restart(httpd):
    site = httpd(
        config=config(one="PythonChildInitHandler hooks::second\nPythonChildExitHandler hooks"), files=FILES, processes=2
    )

    def wait_for(inits, exits):
        deadline = time.monotonic() + 10
        text = "\n".join(notes(site))
        while text.count(" second ") < inits or text.count(" exit one.test") < exits:
            assert time.monotonic() < deadline, text
            # An old child of worker may wait for a turn to accept until somebody asks.
            site.get("/")
            time.sleep(0.05)
            text = "\n".join(notes(site))

    wait_for(2, 0)
    # A child that has only just begun to serve may be told to go in another way.
    time.sleep(0.5)
    site.graceful()
    # Two go; worker makes one new child where there is nothing to do.
    wait_for(3, 2)


def test_an_exit_handler_makes_its_interpreter_at_start(httpd):
    # No request ever came to two.test.
    site = httpd(config=config(two="PythonChildExitHandler hooks::second"), files=FILES, processes=1)
    assert site.stop_when_idle() < 5
    assert notes(site) == ["two.test second two.test None"]


def test_per_directive_has_no_directory_here(httpd):
    site = httpd(
        config=config(one="PythonInterpPerDirective On\nPythonChildInitHandler hooks::second"), files=FILES, processes=1
    )
    deadline = time.monotonic() + 5
    while not notes(site) and time.monotonic() < deadline:
        time.sleep(0.05)
    # The first server name that has Python is bound to the main interpreter.
    assert [line.split(" ", 1)[1] for line in notes(site)] == ["second one.test None"]
    assert notes(site)[0].split()[0] != "two.test"


BAD = {
    "no_such_module": "ModuleNotFoundError: No module named 'no_such_module'",
    "broken": "SyntaxError: invalid syntax",
    "hooks::missing": "AttributeError: module '.*/hooks.py' contains no 'missing'",
    "hooks::fail": "ValueError: on purpose for one.test",
    "hooks::leave": "SystemExit: 3",
}
STRANGE = {"hooks::number": "500", "hooks::text": "<class 'str'>", "hooks::stop_with": "403"}


@pytest.mark.parametrize("when", ["Init", "Exit"])
def test_failures_are_logged_and_the_others_run(httpd, when):
    directive = f"PythonChild{when}Handler"
    handlers = " ".join([*BAD, *STRANGE, "hooks::stop", "hooks::second"])
    site = httpd.make(config=config(one=f"{directive} {handlers}"), files=FILES, processes=1)
    for text, last in BAD.items():
        site.log.expect(rf":error\].*MPY0410: {directive} {text}: uncaught \w+ \(interpreter 'one.test'\)", times=1)
        site.log.expect(rf":error\].*{directive} {text}: {last}", times=1)
        site.log.allow(rf"{directive} {text}: ")
    for text, shown in STRANGE.items():
        pattern = rf":error\].*MPY0404: {directive} {text}: the result {shown} has no meaning here \(interpreter 'one.test'\)"
        site.log.expect(pattern, times=1)
    site.start()
    # The child serves, the same one.
    pids = site.children()
    assert site.get("/", host="one.test").text == "content in one.test"
    assert site.children() == pids
    assert site.stop_when_idle() < 5
    assert [line for line in notes(site) if "request" not in line] == ["one.test second one.test None"]


def test_the_time_limit_holds_for_exit_handlers(httpd):
    site = httpd(config=config(one="PythonChildExitHandler hooks::second hooks::hang"), files=FILES, processes=1)
    # httpd's parent asks again and says so.
    site.log.allow(r"AH00045: child process \d+ still did not exit, sending a SIGTERM")
    site.log.expect("MPY0205: .* 5 seconds", times=1)
    # httpd itself would end it after nine seconds, and say so: AH00046.
    assert site.stop_when_idle() >= 5
    assert notes(site) == ["one.test second one.test None"]


def test_an_interpreter_that_cannot_be_had(httpd):
    # A package that is not there: Python starts, its side of the module does not.
    site = httpd.make(
        config=config(one="PythonChildInitHandler hooks\nPythonChildExitHandler hooks"), files=FILES, processes=1
    )
    site.write("python/sitecustomize.py", "import sys\nsys.modules['mod_python'] = None\n")
    site.env["PYTHONPATH"] = str(site.root / "python")
    site.log.expect("MPY0201: ")
    site.log.allow("MPY0203: ")
    site.log.allow("MPY0204: ")
    site.log.allow("MPY0206: ", always=True)
    site.start()
    assert site.get("/", host="one.test").status == 500
    assert notes(site) == []


@pytest.mark.parametrize("directive", ["PythonChildInitHandler", "PythonChildExitHandler"])
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('<Directory "@DOCS@">\n{} hooks\n</Directory>', "{} not allowed in <Dire"),
        ('<Location "/x">\n{} hooks\n</Location>', "{} not allowed in <Loca"),
        ("{} hooks | .py", '{} does not accept "| .ext" syntax.'),
    ],
)
def test_refused(tree, directive, line, said):
    made = Httpd(tree, "event", line.format(directive))
    try:
        status, output = made.check_config()
    finally:
        made.remove()
    assert status != 0
    assert said.format(directive) in output


def test_doubts(tree):
    made = Httpd(tree, "event", 'PythonChildInitHandler "hooks"\nPythonChildExitHandler\n')
    try:
        status, output = made.check_config()
    finally:
        made.remove()
    assert status == 0
    assert output.count("MPY0101: PythonChild") == 2
