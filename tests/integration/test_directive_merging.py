"""Settings through the scopes: the innermost value wins, key by key, and nothing of a section reaches the server."""

import re

import pytest

from harness import server

SHOW = '''
from mod_python import apache

def handler(req):
    def shown(table):
        return sorted((key, table[key]) for key in table.keys())
    req.content_type = "text/plain"
    req.write(repr({
        "config": shown(req.get_config()),
        "options": shown(req.get_options()),
        "server_config": shown(req.server.get_config()),
        "server_options": shown(req.server.get_options()),
    }))
    return apache.OK

def fail(req):
    raise ValueError("shown or not")
'''

CONFIG = """
SetHandler mod_python
PythonHandler show
PythonPath "sys.path + ['@ROOT@/python']"
PythonDebug On
PythonInterpPerDirective On
PythonInterpPerDirective Off
PythonInterpPerDirectory Off
PythonOption color red
PythonOption Size 1
PythonOption Size 2
PythonOption sIZE 3
PythonOption gone yes
PythonOption mod_python.custom reserved
<Directory "@DOCS@/inner">
    pythondebug off
    PythonAutoReload Off
    PythonOption COLOR blue
    PythonOption gone
    PythonOption own mine
</Directory>
<Directory "@DOCS@/inner/empty">
    PythonOption color ""
</Directory>
<Directory "@DOCS@/inner/back">
    PythonDebug On
    PythonAutoReload On
    PythonOption gone again
</Directory>
<Directory "@DOCS@/fail">
    PythonHandler show::fail
</Directory>
<Directory "@DOCS@/fail/off">
    PythonDebug Off
</Directory>
<Directory "@DOCS@/htaccess">
    AllowOverride All
</Directory>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName main.test
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName other.test
    PythonOption color green
    PythonDebug Off
    PythonOption host other
</VirtualHost>
"""

site = server(
    CONFIG,
    {
        "python/show.py": SHOW,
        "htdocs/htaccess/.htaccess": "PythonOption color black\nPythonOption secret leaked\nPythonInterpreter localhost\n",
        **{f"htdocs/{name}/.keep": "" for name in re.findall(r'<Directory "@DOCS@/([^"]+)">', CONFIG)},
    },
)


def show(site, path, host="main.test"):
    """What a request sees: a dict of the four tables, each one a dict."""
    answer = site.get(path, host=host)
    assert answer.status == 200, answer.text
    return {name: dict(pairs) for name, pairs in eval(answer.text).items()}


def test_server_level_settings_are_in_both_records(site):
    # spec: directives:3.1, directives:3.8, directives:3.14, directives:9.7.1, directives:9.7.4
    seen = show(site, "/x")
    assert seen["options"]["color"] == seen["server_options"]["color"] == "red"
    for table in (seen["config"], seen["server_config"]):
        assert table["PythonDebug"] == "1"
        assert table["PythonInterpPerDirective"] == "0"
        assert table["PythonPath"].startswith("sys.path + ")
    assert seen["config"]["PythonInterpPerDirectory"] == "0"
    assert "PythonInterpPerDirectory" not in seen["server_config"]


def test_off_is_stored_as_zero(site):
    # spec: directives:2/on-off, directives:D-1, directives:9.1.3, directives:9.2/off, directives:1/case
    seen = show(site, "/inner/x")
    assert (seen["config"]["PythonDebug"], seen["config"]["PythonAutoReload"]) == ("0", "0")
    seen = show(site, "/inner/back/x")
    assert (seen["config"]["PythonDebug"], seen["config"]["PythonAutoReload"]) == ("1", "1")


def test_innermost_option_wins_key_by_key(site):
    # spec: directives:3.2, directives:9.7.3, directives:9.7.5
    assert show(site, "/x")["options"] == {
        "color": "red", "Size": "3", "gone": "yes", "mod_python.custom": "reserved",
    }  # fmt: skip
    # A key given again keeps its first spelling.
    inner = show(site, "/inner/x")["options"]
    assert inner == {"color": "blue", "Size": "3", "own": "mine", "mod_python.custom": "reserved"}


def test_empty_value_removes_the_key(site):
    # spec: directives:9.7.2
    assert "color" not in show(site, "/inner/empty/x")["options"]
    assert show(site, "/inner/back/x")["options"]["gone"] == "again"


def test_sections_and_htaccess_do_not_reach_the_server(site):
    # spec: directives:3.8, directives:D-2, directives:3.14
    before = show(site, "/x")
    for path in ("/inner/x", "/htaccess/x", "/inner/back/x", "/htaccess/x"):
        seen = show(site, path)
        assert seen["server_options"] == before["server_options"]
        assert seen["server_config"] == before["server_config"]
    assert show(site, "/htaccess/x")["options"]["color"] == "black"
    assert show(site, "/x") == before


def test_virtual_host_is_laid_over_the_main_server(site):
    # spec: directives:3.10, directives:9.7.4
    seen = show(site, "/x", host="other.test")
    for options in (seen["options"], seen["server_options"]):
        assert (options["color"], options["host"], options["gone"]) == ("green", "other", "yes")
    assert seen["config"]["PythonDebug"] == seen["server_config"]["PythonDebug"] == "0"
    assert "host" not in show(site, "/x")["options"]


@pytest.mark.parametrize("path, host, sent", [
    ("/fail/x", "main.test", True), ("/fail/off/x", "main.test", False), ("/fail/x", "other.test", False),
])  # fmt: skip
def test_debug_off_overrides_an_outer_on(site, path, host, sent):
    # spec: directives:9.2/off, directives:D-1, directives:1/PythonDebug
    site.log.expect_traceback("ValueError: shown or not", times=1)
    answer = site.get(path, host=host)
    assert (answer.status, b"shown or not" in answer.body) == (500, sent)
