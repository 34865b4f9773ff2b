"""PythonInitHandler: first of all phases at server level, with the header parser in a directory."""

from harness import server

STEPS = '''
from mod_python import apache

def _note(req, what):
    req.notes["ran"] = (req.notes["ran"] + " " if hasattr(req, "noted") else "") + what
    req.noted = True

def inithandler(req):
    _note(req, "init")
    req.init_phase = req.phase
    req.init_file = req.filename
    return apache.OK

def inner(req):
    _note(req, "inner")
    return apache.OK

def ext(req):
    _note(req, "ext")
    return apache.OK

def early(req):
    _note(req, "early")
    return apache.OK

def headerparserhandler(req):
    _note(req, "headerparser")
    return apache.OK

def decline(req):
    _note(req, "decline")
    return apache.DECLINED

def stop(req):
    return apache.HTTP_FORBIDDEN

def done(req):
    req.write("done")
    return apache.DONE

def handler(req):
    req.write("%s; phase %s; file known: %s; mark %s" % (
        req.notes["ran"], getattr(req, "init_phase", None), bool(getattr(req, "init_file", None)),
        "python_init_ran" in req.notes))
    return apache.OK
'''

HOSTS = {
    "server": "PythonInitHandler steps",
    "both": "PythonInitHandler steps\nPythonPostReadRequestHandler steps::early",
    "declines": "PythonInitHandler steps::decline\nPythonPostReadRequestHandler steps::early",
    "stops": "PythonInitHandler steps::stop\nPythonPostReadRequestHandler steps::early",
    "none": "",
}


def _host(name, lines):
    return f"""
<VirtualHost 127.0.0.1:@PORT@>
    ServerName {name}.test
    {lines}
</VirtualHost>
"""


CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter main_interpreter
<Directory "@DOCS@">
    SetHandler mod_python
    PythonHeaderParserHandler steps
    PythonHandler steps
</Directory>
<Directory "@DOCS@/inner">
    PythonInitHandler steps::inner
</Directory>
<Directory "@DOCS@/forbids">
    PythonInitHandler steps::stop
</Directory>
<Directory "@DOCS@/done">
    PythonInitHandler steps::done
</Directory>
<Directory "@DOCS@/same">
    PythonInitHandler steps
</Directory>
<Directory "@DOCS@/ext">
    PythonInitHandler steps::ext | .py
</Directory>
<Directory "@DOCS@/htaccess">
    AllowOverride All
</Directory>
""" + "".join(_host(name, lines) for name, lines in HOSTS.items())

site = server(
    CONFIG,
    {
        "python/steps.py": STEPS,
        "htdocs/htaccess/.htaccess": "PythonInitHandler steps::inner\n",
        **{f"htdocs/{name}/.keep": "" for name in ("inner", "forbids", "done", "same", "ext")},
    },
)


def ran(site, host, path):
    """What ran before the content, and the rest of what the content handler says."""
    answer = site.get(path, host=f"{host}.test")
    assert answer.status == 200, answer.text
    steps, _, rest = answer.text.partition("; ")
    return steps.split(), rest


def test_at_server_level_it_comes_first(site):
    # spec: directives:5.2.1, directives:5.2.2, directives:5.2.5, directives:5/PythonInitHandler
    assert ran(site, "server", "/x") == (
        ["init", "headerparser"], "phase PythonInitHandler; file known: False; mark True",
    )  # fmt: skip
    assert ran(site, "both", "/x")[0] == ["init", "early", "headerparser"]
    assert ran(site, "declines", "/x")[0] == ["decline", "early", "headerparser"]


def test_another_result_ends_the_phase(site):
    # spec: directives:5.2.2
    assert site.get("/x", host="stops.test").status == 403


def test_in_a_directory_it_comes_with_the_header_parser(site):
    # spec: directives:5.2.1, directives:5.2.3, directives:5.2.4, directives:D-4
    assert ran(site, "none", "/inner/x") == (["inner", "headerparser"], "phase None; file known: False; mark True")
    assert ran(site, "none", "/same/x") == (
        ["init", "headerparser"], "phase PythonInitHandler; file known: True; mark True",
    )  # fmt: skip
    assert ran(site, "none", "/htaccess/x")[0] == ["inner", "headerparser"]


def test_server_and_directory_each_run_once(site):
    # spec: directives:5.2.4, directives:D-4
    assert ran(site, "server", "/inner/x")[0] == ["init", "inner", "headerparser"]
    assert ran(site, "server", "/x")[0] == ["init", "headerparser"]
    assert ran(site, "both", "/htaccess/x")[0] == ["init", "early", "inner", "headerparser"]


def test_without_any_there_is_no_mark(site):
    # spec: directives:5.2.4
    assert ran(site, "none", "/x") == (["headerparser"], "phase None; file known: False; mark False")


def test_results_in_a_directory(site):
    # spec: directives:5/PythonInitHandler, directives:5.2.4
    assert site.get("/forbids/x", host="none.test").status == 403
    answer = site.get("/done/x", host="none.test")
    assert (answer.status, answer.text) == (200, "done")


def test_extensions(site):
    # spec: directives:4.1.8
    assert ran(site, "none", "/ext/x.py")[0] == ["ext", "headerparser"]
    assert ran(site, "none", "/ext/x")[0] == ["headerparser"]
    assert ran(site, "server", "/ext/x.py")[0] == ["init", "ext", "headerparser"]
