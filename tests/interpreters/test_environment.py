"""What a handler finds in its interpreter: sys, os.environ, standard streams, signals, processes of its own."""

import json
import re

import pytest

from harness import server

pytestmark = pytest.mark.interpreters

HOSTS = ["main.test", "sub.test"]

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
PythonOptimize On
<Location "/">
    SetHandler mod_python
    PythonHandler pages
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName sub.test
</VirtualHost>
"""

PAGES = '''
"""A docstring that PythonOptimize drops."""

import json
import os
import signal
import site
import subprocess
import sys
import threading

from mod_python import apache

def facts(req):
    return {
        "argv": sys.argv,
        "path": sys.path,
        "user_site": [site.ENABLE_USER_SITE, sys.flags.no_user_site],
        "optimize": sys.flags.optimize,
        "doc": __doc__,
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
        "package": apache.__file__,
        "version": sys.version_info[:2],
    }

def signals(req):
    found = {}
    for number in sorted(signal.valid_signals()):
        handler = signal.getsignal(number)
        found[int(number)] = str(handler)
    with open("/proc/self/status") as status:
        masks = {line.split()[0]: int(line.split()[1], 16) for line in status if line.startswith(("SigCgt", "SigIgn"))}
    return [found, masks]

def set_signal(req):
    try:
        old = signal.signal(signal.SIGUSR2, lambda *args: None)
        signal.signal(signal.SIGUSR2, old if old is not None else signal.SIG_DFL)
    except ValueError as error:
        return f"ValueError: {error}"
    return "set"

def streams(req):
    print("to stderr from", apache.interpreter, file=sys.stderr)
    sys.stderr.flush()
    print("to stdout")

def environ(req):
    name, _, value = req.args.partition("=")
    if value:
        os.environ[name] = value
    child = subprocess.run(["/bin/sh", "-c", f"echo ${name}"], capture_output=True, text=True)
    return child.stdout.strip()

def pipe(req):
    ends = os.pipe()
    os.close(ends[0])
    try:
        os.write(ends[1], b"x")
    except BrokenPipeError:
        return "BrokenPipeError"
    finally:
        os.close(ends[1])

def fork(req):
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def run(req):
    return subprocess.run(["/bin/sh", "-c", "exit 3"]).returncode

def interrupt(req):
    raise KeyboardInterrupt("on purpose")

def leave(req):
    sys.exit(3)

def handler(req):
    req.content_type = "application/json"
    answer = globals()[req.path_info[1:]](req)
    req.write(json.dumps(answer))
    return apache.OK
'''

site = server(CONFIG, {"lib/pages.py": PAGES}, env={"MARK": "of the server", "HOME": "/root"})


def ask(site, path, host):
    answer = site.get(path, host=host)
    assert answer.status == 200
    return json.loads(answer.text)


@pytest.mark.parametrize("host", HOSTS)
def test_sys(site, host, python_version):
    # spec: interpreters:3.1, interpreters:3.2, interpreters:3.3, interpreters:3.6, interpreters:3.7
    facts = ask(site, "/facts", host)
    assert facts["argv"] == ["mod_python"]
    assert facts["user_site"] == [False, 1]
    assert (facts["optimize"], facts["doc"]) == (2, None)
    assert facts["cwd"] == "/"
    assert facts["package"] == site.fill("@TREE@/python/mod_python/apache.py")
    assert facts["path"][0] == site.fill("@TREE@/python")
    assert facts["path"][-1] == site.fill("@ROOT@/lib")
    library = "python{}.{}".format(*python_version)
    assert [path for path in facts["path"] if path.endswith(f"/lib/{library}")]
    assert [path for path in facts["path"] if path.endswith(f"/lib/{library}/lib-dynload")]
    assert "" not in facts["path"] and "/" not in facts["path"]


def test_environment_is_the_servers(site):
    # spec: interpreters:3.8
    for host in HOSTS:
        environment = ask(site, "/facts", host)["environment"]
        assert environment["MARK"] == "of the server"
        assert environment["PATH"] == site.env["PATH"]


def test_environment_is_the_process_own(serve):
    # spec: interpreters:3.8
    server = serve(mpm="worker", processes=1, config=CONFIG, files={"lib/pages.py": PAGES})
    assert ask(server, "/environ?NOTE=set", "main.test") == "set"
    # A process that another interpreter starts without an environment of its own has it: putenv was called.
    assert ask(server, "/facts", "sub.test")["environment"].get("NOTE") in (None, "set")
    assert ask(server, "/environ?NOTE", "main.test") == "set"


@pytest.mark.parametrize("host", HOSTS)
def test_stderr_is_the_error_log(site, host):
    # spec: interpreters:3.5
    site.log.expect(rf"python:error\].*\] stderr \(interpreter '{host}'\): to stderr from {host}$", times=1)
    site.log.expect(rf"python:info\].*\] stdout \(interpreter '{host}'\): to stdout$", times=1)
    assert ask(site, "/streams", host) is None


@pytest.mark.parametrize("host", HOSTS)
def test_no_signal_handler_of_python(site, host):
    # spec: interpreters:10.1, interpreters:10.4
    found, masks = ask(site, "/signals", host)
    assert not [name for name in found.values() if "default_int_handler" in name]
    assert masks["SigIgn:"] & 1 << 13 - 1, "SIGPIPE is not ignored"
    assert ask(site, "/pipe", host) == "BrokenPipeError"


def test_signal_handlers(site, mpm):
    # spec: interpreters:10.2
    assert re.match("ValueError: signal only works in main thread", ask(site, "/set_signal", "sub.test"))
    main = ask(site, "/set_signal", "main.test")
    if mpm == "prefork":
        assert main == "set"
    else:
        assert main.startswith("ValueError: signal only works in main thread")


@pytest.mark.parametrize("host", HOSTS)
def test_interrupt_and_exit_are_ordinary_exceptions(site, host):
    # spec: interpreters:10.3, interpreters:10.5
    pid = site.children()
    site.log.expect_traceback(r"KeyboardInterrupt: on purpose", times=1)
    site.log.expect_traceback(r"SystemExit: 3", times=1)
    assert site.get("/interrupt", host=host).status == 500
    assert site.get("/leave", host=host).status == 500
    assert ask(site, "/run", host) == 3
    assert set(pid) & set(site.children()) == set(pid)


def test_fork(serve):
    # spec: interpreters:10.5
    # Python 3.12 and newer warn where other threads run.
    site = serve(mpm="prefork", processes=1, config=CONFIG, files={"lib/pages.py": PAGES})
    site.log.allow(r"DeprecationWarning: .*multi-threaded, use of fork\(\)")
    site.log.allow(r"stderr \(interpreter 'main\.test'\):   pid = os\.fork\(\)$")
    assert ask(site, "/fork", "main.test") == 7
    assert ask(site, "/fork", "main.test") == 7
