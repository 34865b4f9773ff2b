"""Where each directive may stand: server level, virtual host, sections and .htaccess, as httpd's start judges it."""

import pytest

from harness import Httpd, server

#: Allowed in every context, `.htaccess` included.
ANYWHERE = {
    "PythonAccessCheckerExHandler": "m",
    "PythonAccessHandler": "m",
    "PythonAuthenHandler": "m",
    "PythonAuthzHandler": "m",
    "PythonAutoReload": "On",
    "PythonCleanupHandler": "m",
    "PythonDebug": "Off",
    "PythonEnablePdb": "Off",
    "PythonFixupHandler": "m",
    "PythonHandler": "m",
    "PythonHandlerModule": "m",
    "PythonHeaderParserHandler": "m",
    "PythonInitHandler": "m",
    "PythonInsertFilterHandler": "m",
    "PythonInterpPerDirective": "Off",
    "PythonInterpPerDirectory": "Off",
    "PythonInterpreter": "name",
    "PythonLogHandler": "m",
    "PythonOption": "key value",
    "PythonPath": "sys.path",
    "PythonTypeHandler": "m",
}
FILTERS = {"PythonInputFilter": "m name", "PythonOutputFilter": "m name"}
SERVER_ONLY = {
    "PythonChildExitHandler": "m",
    "PythonChildInitHandler": "m",
    "PythonErrorLogHandler": "m",
    "PythonConnectionHandler": "m",
    "PythonExprFunction": "name m",
    "PythonImport": "m main_interpreter",
    "PythonOptimize": "Off",
    "PythonPostReadRequestHandler": "m",
    "PythonQuickHandler": "m",
    "PythonRewriteMap": "name m",
    "PythonTransHandler": "m",
}
EVERY = {**ANYWHERE, **FILTERS, **SERVER_ONLY}
SECTIONS = [
    '<Directory "@DOCS@">', "<DirectoryMatch x>", "<Location /x>", "<LocationMatch x>", "<Files x>", "<FilesMatch x>",
    '<If "false">',
]  # fmt: skip


def check(tree, config):
    """What `httpd -t` says of a configuration: (exit status, output)."""
    made = Httpd(tree, "event", config)
    try:
        return made.check_config()
    finally:
        made.remove()


def closing(section):
    return f"</{section[1:].split()[0].rstrip('>')}>"


def test_server_level_and_virtual_host(tree):
    # spec: directives:1/PythonAccessHandler, directives:1/PythonAuthenHandler, directives:1/PythonAuthzHandler
    # spec: directives:1/PythonAutoReload, directives:1/PythonCleanupHandler, directives:1/PythonConnectionHandler
    # spec: directives:1/PythonDebug, directives:1/PythonEnablePdb, directives:1/PythonFixupHandler
    # spec: directives:1/PythonHandler, directives:1/PythonHandlerModule, directives:1/PythonHeaderParserHandler
    # spec: directives:1/PythonImport, directives:1/PythonInitHandler, directives:1/PythonInputFilter
    # spec: directives:1/PythonInterpPerDirective, directives:1/PythonInterpPerDirectory
    # spec: directives:1/PythonInterpreter, directives:1/PythonLogHandler, directives:1/PythonOptimize
    # spec: directives:1/PythonOption, directives:1/PythonOutputFilter, directives:1/PythonPath
    # spec: directives:1/PythonPostReadRequestHandler, directives:1/PythonTransHandler, directives:1/PythonTypeHandler
    # spec: directives:1/filter-contexts
    assert len(EVERY) == 34
    lines = "\n".join(f"{name} {value}" for name, value in EVERY.items())
    status, said = check(tree, f"{lines}\n<VirtualHost *>\n{lines}\n</VirtualHost>")
    # Only PythonImport has a doubt: a virtual host's line is not carried out.
    doubts = [line for line in said.splitlines() if "MPY0101" in line]
    assert (status, "Syntax OK" in said, len(doubts), "MPY0101: PythonImport" in doubts[0]) == (0, True, 1, True), said


@pytest.mark.parametrize("section", SECTIONS)
def test_sections(tree, section):
    # spec: directives:1/filter-contexts
    lines = "\n".join(f"{name} {value}" for name, value in {**ANYWHERE, **FILTERS}.items())
    status, said = check(tree, f"{section}\n{lines}\n{closing(section)}")
    assert (status, "Syntax OK" in said) == (0, True), said


@pytest.mark.parametrize("directive", SERVER_ONLY)
def test_server_directive_in_a_section_stops_the_start(tree, directive):
    # spec: directives:1/section-refused
    for section in ('<Directory "@DOCS@">', "<Location /x>"):
        status, said = check(tree, f"{section}\n{directive} {SERVER_ONLY[directive]}\n{closing(section)}")
        assert status != 0
        assert f"{directive} not allowed in {section[:5]}" in said


@pytest.mark.parametrize(
    "name",
    ["PythonAuthoritative", "PythonAuthenAuthoritative", "PythonNoReload"],
)
def test_names_that_never_existed(tree, name):
    # spec: directives:1/never-existed
    status, said = check(tree, f"{name} On")
    assert status != 0
    assert f"Invalid command '{name}'" in said


HANDLER = """
from mod_python import apache

def handler(req):
    req.write("from .htaccess")
    return apache.OK

def pass_on(req):
    return apache.DECLINED
"""

CLASSES = ["Limit", "Options", "FileInfo", "AuthConfig", "Indexes"]


def _site_config():
    parts = []
    for name in CLASSES:
        # FileInfo is needed for SetHandler, which therefore stands here.
        parts.append(f'<Directory "@DOCS@/{name}">\nAllowOverride {name}\nSetHandler mod_python\n</Directory>')
    parts.append('<Directory "@DOCS@/None">\nSetHandler mod_python\n</Directory>')
    return "\n".join(parts)


def _site_files():
    files = {}
    for name in [*CLASSES, "None"]:
        files[f"htdocs/{name}/.htaccess"] = "PythonHandler content\n"
        files[f"htdocs/{name}/content.py"] = HANDLER
    full = "\n".join(f"{name} {value}" for name, value in ANYWHERE.items() if not name.endswith(("Handler", "Module")))
    names = [name for name in ANYWHERE if name.endswith("Handler") and name != "PythonHandler"]
    handlers = "\n".join(f"{name} content::pass_on" for name in names)
    files["htdocs/Limit/all/.htaccess"] = f"{full}\n{handlers}\nPythonPath sys.path+['@DOCS@/Limit']\n"
    for name, value in {**FILTERS, **SERVER_ONLY}.items():
        files[f"htdocs/Limit/{name}/.htaccess"] = f"{name} {value}\n"
    files["htdocs/Limit/case/.htaccess"] = "pYtHoNhAnDlEr content\n"
    return files


site = server(_site_config(), _site_files(), mpm="event")


@pytest.mark.parametrize("name", CLASSES)
def test_one_override_class_is_enough(site, name):
    # spec: directives:1/override
    answer = site.get(f"/{name}/x")
    assert (answer.status, answer.body) == (200, b"from .htaccess")


def test_override_none_leaves_the_file_unread(site):
    # spec: directives:1/override
    assert site.get("/None/x").status == 404


def test_everything_that_htaccess_may_have(site):
    # spec: directives:1/override
    answer = site.get("/Limit/all/x")
    assert (answer.status, answer.body) == (200, b"from .htaccess")


@pytest.mark.parametrize("directive", [*FILTERS, *SERVER_ONLY])
def test_refused_in_htaccess(site, directive):
    # spec: directives:1/htaccess-refused
    site.log.expect(rf":alert\].*\.htaccess: {directive} not allowed here", times=1)
    assert site.get(f"/Limit/{directive}/x").status == 500
    assert site.get("/Limit/x").body == b"from .htaccess"


def test_names_match_in_any_case(site):
    # spec: directives:1/case
    assert site.get("/Limit/case/x").body == b"from .htaccess"
