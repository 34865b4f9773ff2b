"""After which results the next handler of a list runs, phase by phase."""

import re

import pytest

from harness import server

STEPS = '''
from mod_python import apache

def _first(req):
    value = req.headers_in["X-First"]
    req.notes["ran"] = "first"
    return {"OK": apache.OK, "DECLINED": apache.DECLINED}[value]

def _second(req):
    req.notes["ran"] = req.notes["ran"] + " second"
    return apache.DECLINED

def _log(req):
    apache.log_error("RAN " + req.notes["ran"], apache.APLOG_NOTICE)
    return apache.OK

first, second, log = _first, _second, _log

def early(req):
    """An early phase has no note yet."""
    return _first(req)

def cleanup_first(req):
    apache.log_error("CLEANUP first", apache.APLOG_NOTICE)
    return {"OK": apache.OK, "DECLINED": apache.DECLINED}[req.headers_in["X-First"]]

def cleanup_second(req):
    apache.log_error("CLEANUP second", apache.APLOG_NOTICE)
    return apache.OK


def content(req):
    req.write(req.notes["ran"])
    return apache.OK
'''

#: Directive -> the results after which the next handler runs.
RULES = {
    "PythonHeaderParserHandler": {"OK", "DECLINED"},
    "PythonAccessHandler": {"OK", "DECLINED"},
    "PythonTypeHandler": {"DECLINED"},
    "PythonFixupHandler": {"OK", "DECLINED"},
    "PythonHandler": {"OK", "DECLINED"},
    "PythonInitHandler": {"OK", "DECLINED"},
}
SERVER_RULES = {
    "PythonPostReadRequestHandler": {"OK", "DECLINED"},
    "PythonTransHandler": {"DECLINED"},
    "PythonInitHandler": {"OK", "DECLINED"},
}


def _directory(name):
    handlers = "steps::first steps::second"
    lines = [f'<Directory "@DOCS@/{name}">', "SetHandler mod_python", f"{name} {handlers}"]
    lines.append("PythonHandler steps::content")
    return "\n".join([*lines, "</Directory>"])


def _host(name):
    return f"""
<VirtualHost 127.0.0.1:@PORT@>
    ServerName {name}.test
    PythonInterpreter main_interpreter
    {name} steps::early steps::second
    <Location />
        SetHandler mod_python
        PythonHandler steps::content
    </Location>
</VirtualHost>
"""


CONFIG = f"""
PythonPath "sys.path + ['@ROOT@/python']"
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
    {"".join(_directory(name) + chr(10) for name in RULES)}
    <Directory "@DOCS@/cleanup">
        SetHandler mod_python
        PythonHandler steps::first steps::second
        PythonCleanupHandler steps::cleanup_first steps::cleanup_second
    </Directory>
    <Directory "@DOCS@/log">
        SetHandler mod_python
        PythonHandler steps::first
        PythonLogHandler steps::first steps::second steps::log
    </Directory>
</VirtualHost>
{"".join(_host(name) for name in SERVER_RULES)}
"""

site = server(
    CONFIG,
    {
        "python/steps.py": STEPS,
        **{f"htdocs/{name}/.keep": "" for name in re.findall(r'<Directory "@DOCS@/(\w+)">', CONFIG)},
    },
)


@pytest.mark.parametrize("result", ["OK", "DECLINED"])
@pytest.mark.parametrize("directive", RULES)
def test_chain(site, directive, result):
    # spec: directives:5/PythonHeaderParserHandler, directives:5/PythonAccessHandler, directives:5/PythonTypeHandler
    # spec: directives:5/PythonFixupHandler, directives:5/PythonHandler, directives:5/PythonInitHandler
    # spec: directives:5/content-declined, directives:4.1.2
    answer = site.get(f"/{directive}/x", headers={"X-First": result})
    assert answer.status == 200
    assert answer.text == ("first second" if result in RULES[directive] else "first")


@pytest.mark.parametrize("result", ["OK", "DECLINED"])
@pytest.mark.parametrize("directive", SERVER_RULES)
def test_early_chain(site, directive, result):
    # spec: directives:5/PythonPostReadRequestHandler, directives:5/PythonTransHandler, directives:5/PythonInitHandler
    site.log.allow("AH00127: Cannot map GET")
    answer = site.get("/x", host=f"{directive}.test", headers={"X-First": result})
    assert answer.status == 200
    assert answer.text == ("first second" if result in SERVER_RULES[directive] else "first")


@pytest.mark.parametrize("result", ["OK", "DECLINED"])
def test_log_chain(site, result):
    # spec: directives:5/PythonLogHandler
    site.get("/log/x", headers={"X-First": result})
    site.log.wait_for("RAN first second")


def test_cleanup_chain(site):
    # spec: directives:5/PythonCleanupHandler, directives:9.11.2
    site.get("/cleanup/x", headers={"X-First": "OK"})
    site.log.wait_for("CLEANUP second")
    site.log.check()
    site.get("/cleanup/x", headers={"X-First": "DECLINED"})
    site.log.wait_for("CLEANUP first")
    # What comes after it in the same interpreter is there, the second handler is not.
    site.get("/log/x", headers={"X-First": "OK"})
    site.log.wait_for("RAN first second")
    assert not site.log.find("CLEANUP second")
