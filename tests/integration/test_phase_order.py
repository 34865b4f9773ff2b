"""Every phase in its order: main requests, sub-requests, internal redirects, and requests that end early."""

import pytest

from harness import server

TRACE = '''
from mod_python import apache

def _phase(name, result):
    def function(req):
        apache.log_error("TRACE %s %s" % (req.uri, name), apache.APLOG_NOTICE)
        if req.args == name:
            return 403
        if req.args == name + "-upper":
            req.handler = "Mod_Python"
        if req.args == name + "-done":
            req.write("done by " + name)
            return apache.DONE
        if req.args == name + "-raise":
            raise ValueError("in " + name)
        return result
    return function

inithandler = _phase("init", apache.OK)
postreadrequesthandler = _phase("postreadrequest", apache.OK)
quickhandler = _phase("quick", apache.DECLINED)
transhandler = _phase("trans", apache.DECLINED)
maptostoragehandler = _phase("maptostorage", apache.DECLINED)
headerparserhandler = _phase("headerparser", apache.OK)
accesshandler = _phase("access", apache.OK)
accesscheckerexhandler = _phase("accesscheckerex", apache.DECLINED)
typehandler = _phase("type", apache.DECLINED)
fixuphandler = _phase("fixup", apache.OK)
insertfilterhandler = _phase("insertfilter", apache.OK)
loghandler = _phase("log", apache.OK)
cleanuphandler = _phase("cleanup", apache.OK)

def authenhandler(req):
    req.user = "somebody"
    return _phase("authen", apache.OK)(req)

authzhandler = _phase("authz", apache.OK)

def handler(req):
    status = _phase("content", apache.OK)(req)
    if status == apache.OK:
        req.write("content")
    return status
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonInterpreter one
PythonInitHandler steps
PythonPostReadRequestHandler steps
PythonQuickHandler steps
PythonTransHandler steps
PythonMapToStorageHandler steps
PythonLogHandler steps
PythonCleanupHandler steps
<Directory "@DOCS@">
    SetHandler mod_python
    DirectoryIndex index
    PythonHeaderParserHandler steps
    PythonAccessHandler steps
    PythonAccessCheckerExHandler steps
    PythonTypeHandler steps
    PythonFixupHandler steps
    PythonInsertFilterHandler steps
    PythonHandler steps
</Directory>
<Directory "@DOCS@/private">
    AuthType Basic
    AuthName private
    PythonAuthenHandler steps
    PythonAuthzHandler steps
    Require valid-user
</Directory>
<Directory "@DOCS@/granted">
    AuthType Basic
    AuthName private
    PythonAuthenHandler steps
    PythonAuthzHandler steps
    Require all granted
</Directory>
<Directory "@DOCS@/static">
    SetHandler none
    <Files "index">
        # A configuration of its own, so that httpd does not take access for granted.
        PythonOption own yes
    </Files>
    ErrorDocument 403 /after-error
</Directory>
<Directory "@DOCS@/program">
    SetHandler python-program
</Directory>
<Directory "@DOCS@/another">
    SetHandler another
</Directory>
"""

site = server(
    CONFIG,
    {
        "python/steps.py": TRACE,
        "htdocs/private/.keep": "",
        "htdocs/granted/.keep": "",
        "htdocs/program/.keep": "",
        "htdocs/another/file.txt": "static",
        "htdocs/static/index": "the index",
        "htdocs/static/file.txt": "static",
    },
    # mod_auth_basic would ask for a password itself.
    load_python="first",
)

EARLY = ["init", "postreadrequest", "quick", "trans", "maptostorage"]
LATE = ["log", "cleanup"]
PUBLIC = [
    *EARLY, "headerparser", "access", "accesscheckerex", "type", "fixup", "insertfilter", "content", *LATE,
]  # fmt: skip
#: httpd takes no result from it.
VOID = ["insertfilter"]


def traced(site, last="cleanup"):
    """The (uri, phase) pairs since the last look; waits for the last phase, which comes after the response."""
    site.log.wait_for(rf"TRACE \S+ {last}")
    return [tuple(line.split("TRACE ")[1].split()[:2]) for line in site.log.find("TRACE ")]


def phases(site):
    return [phase for _, phase in traced(site)]


def test_public(site):
    # spec: directives:5.1.1, directives:5.1.2, directives:5/PythonPostReadRequestHandler
    # spec: directives:5/PythonTransHandler, directives:5/PythonHeaderParserHandler, directives:5/PythonAccessHandler
    # spec: directives:5/PythonTypeHandler, directives:5/PythonFixupHandler, directives:5/PythonLogHandler
    # spec: directives:5/PythonCleanupHandler
    assert site.get("/x").text == "content"
    assert phases(site) == PUBLIC


def test_private(site):
    # spec: directives:5.1.1, directives:5.1.2, directives:5/PythonAuthenHandler, directives:5/PythonAuthzHandler
    assert site.get("/private/x").text == "content"
    assert phases(site) == [
        *EARLY, "headerparser", "access", "accesscheckerex", "authen", "authz", "type", "fixup", "insertfilter",
        "content", *LATE,
    ]  # fmt: skip


def test_granted_asks_nobody(site):
    # spec: directives:5.1.2
    assert site.get("/granted/x").text == "content"
    seen = phases(site)
    assert "authz" not in seen


def test_handler_names(site):
    # spec: directives:5.1.5
    assert site.get("/program/x").text == "content"
    assert phases(site) == PUBLIC
    site.log.check()
    # httpd's default handler answers, every other phase is Python's all the same.
    for path in ("/another/file.txt", "/program/.keep?fixup-upper"):
        assert site.get(path).status == 200
        assert phases(site) == [phase for phase in PUBLIC if phase != "content"]
        site.log.check()


@pytest.mark.parametrize("phase", [phase for phase in PUBLIC if phase not in LATE + VOID])
def test_a_phase_that_refuses(site, phase):
    # spec: directives:5.1.6, directives:6.3/other-phases
    assert site.get(f"/x?{phase}").status == 403
    seen = phases(site)
    assert seen == [*PUBLIC[: PUBLIC.index(phase) + 1], *LATE]


@pytest.mark.parametrize(
    "phase", ["quick", "maptostorage", "headerparser", "access", "accesscheckerex", "type", "fixup", "content"]
)
def test_a_phase_that_answers_itself(site, phase):
    # spec: directives:6.3/other-phases, directives:6.3/done
    answer = site.get(f"/x?{phase}-done")
    assert (answer.status, answer.text) == (200, f"done by {phase}")
    assert phases(site) == [*PUBLIC[: PUBLIC.index(phase) + 1], *LATE]


@pytest.mark.parametrize("phase", [phase for phase in PUBLIC if phase not in LATE + VOID + ["content"]])
def test_a_phase_that_raises(site, phase):
    # spec: directives:7.1, directives:6.1/exception
    directive = {
        "init": "PythonInitHandler", "postreadrequest": "PythonPostReadRequestHandler", "trans": "PythonTransHandler",
        "quick": "PythonQuickHandler", "maptostorage": "PythonMapToStorageHandler",
        "headerparser": "PythonHeaderParserHandler", "access": "PythonAccessHandler", "type": "PythonTypeHandler",
        "accesscheckerex": "PythonAccessCheckerExHandler", "fixup": "PythonFixupHandler",
    }[phase]  # fmt: skip
    site.log.expect_traceback(f"{directive} steps: ValueError: in {phase}", times=1)
    site.log.expect(rf"MPY0401: {directive} steps: uncaught ValueError \(phase {directive}, interpreter 'one'\)", 1)
    assert site.get(f"/x?{phase}-raise").status == 500
    site.log.check()
    assert site.get("/x").status == 200


@pytest.mark.parametrize("phase", LATE)
def test_a_late_phase_that_raises(site, phase):
    # spec: directives:7.1, directives:7.12
    site.log.expect_traceback(f"Python{phase.title()}Handler steps: ValueError: in {phase}", times=1)
    answer = site.get(f"/x?{phase}-raise")
    assert (answer.status, answer.text) == (200, "content")


def test_directory_index_is_a_sub_request(site):
    # spec: directives:5.1.3
    assert site.get("/static/").text == "the index"
    seen = traced(site)
    inner = [phase for uri, phase in seen if uri == "/static/index"]
    # fast_redirect makes the sub-request's result the main request's own.
    assert inner[: inner.index("fixup") + 1] == [
        "trans", "maptostorage", "access", "accesscheckerex", "type", "fixup",
    ]  # fmt: skip
    assert "init" not in inner and "postreadrequest" not in inner and "headerparser" not in inner


def test_internal_redirect_runs_all_phases_again(site):
    # spec: directives:5.1.4
    assert site.get("/static/file.txt?access").status == 403
    seen = traced(site)
    first = [phase for uri, phase in seen if uri != "/after-error"]
    after = [phase for uri, phase in seen if uri == "/after-error"]
    assert first[:7] == [*EARLY, "headerparser", "access"]
    assert after == [phase for phase in PUBLIC if phase != "log"]
    # httpd logs the request once, as it came.
    assert first[7:] == LATE


def test_no_python_no_cleanup(site):
    # spec: directives:5.1.7
    assert site.get("/x").status == 200
    assert phases(site).count("cleanup") == 1
