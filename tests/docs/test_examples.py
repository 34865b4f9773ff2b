"""The examples of the pages are tried: configurations by httpd's own check, handlers by requests to a real httpd."""

import ast
import base64

import pytest

from docs.pages import blocks, examples, read, section
from harness import Httpd, client, server
from harness.ports import hosts


@pytest.mark.parametrize("page", sorted({example.page for example in examples("apache")}))
def test_configurations_are_accepted(tree, page):
    lines = []
    for block in examples("apache"):
        if block.page == page and block.checked:
            lines += [f"# {block}", block.text]
    # One MPM is enough: it has no say in what a directive accepts.
    httpd = Httpd(tree, "event", "\n".join(lines), modules=["dav", "dav_fs", "proxy", "proxy_http"])
    try:
        status, said = httpd.check_config()
    finally:
        httpd.remove()
    assert (status, said.strip().splitlines()[-1]) == (0, "Syntax OK"), said
    # A line that the module doubts is no good example.
    assert "MPY0101" not in said


def test_only_these_configurations_are_not_checked():
    unchecked = sorted(block.text.split()[0] for block in examples("apache") if not block.checked)
    assert unchecked == ["<VirtualHost", "LoadModule", "PythonHome", "PythonHome", "WSGIRestrictEmbedded"]


#: Every block with a `handler` function becomes a module below htdocs/examples, called by its place in the list.
#: Those of the tutorial have a test of their own.
HANDLERS = [b for b in examples("python") if "def handler(" in b.text and b.page != "tutorial.md"]

BASIC, TOKEN = blocks("python", "handlers.md", "## Authentication")
BASIC_CONF, TOKEN_CONF = blocks("apache", "handlers.md", "## Authentication")
(GATE,) = blocks("python", "handlers.md", "## Access control in front of anything")

CHOICES = "\n".join(f"PythonHandler example{number} | .e{number}" for number in range(len(HANDLERS)))

CONFIG = f"""
PythonOption mod_python.wsgi.base_uri /examples
<Directory "@DOCS@/examples">
    SetHandler mod_python
    {CHOICES}
</Directory>
<Directory "@DOCS@/constants">
    SetHandler mod_python
    PythonHandler constants
</Directory>
<Directory "@DOCS@/guarded">
    PythonAccessHandler gate
</Directory>
{BASIC_CONF.replace("/var/www/app", "@DOCS@/basic")}
{TOKEN_CONF.replace("/var/www/app", "@DOCS@/token")}
"""

CONSTANTS = """
from mod_python import apache


def handler(req):
    req.write(repr({name: getattr(apache, name) for name in apache.__all__ if name.isupper()
                    and isinstance(getattr(apache, name), (int, str))}))
    return apache.OK
"""

FILES = {
    "htdocs/constants/constants.py": CONSTANTS,
    "htdocs/guarded/gate.py": GATE,
    "htdocs/guarded/file.txt": "guarded",
    "htdocs/basic/members/members.py": BASIC,
    "htdocs/basic/members/file.txt": "for members",
    "htdocs/token/members/token.py": TOKEN,
    "htdocs/token/members/file.txt": "for members",
}
for number, block in enumerate(HANDLERS):
    # Files of an example go where the test's own folder is.
    FILES[f"htdocs/examples/example{number}.py"] = block.text.replace('"/tmp/', '"@ROOT@/tmp/')
    FILES[f"htdocs/examples/file.e{number}"] = ""

site = server(CONFIG, FILES, mpm="event")

#: What examples answer other than 200, by a part of their text.
STATUSES = {"Gone fishing": 404, "www.example.com/new": 301}


@pytest.mark.parametrize("number", range(len(HANDLERS)), ids=lambda number: str(HANDLERS[number]))
def test_handler_examples_run(site, number):
    answer = site.get(f"/examples/file.e{number}?21")
    wanted = next((status for part, status in STATUSES.items() if part in HANDLERS[number].text), 200)
    assert answer.status == wanted
    assert answer.body


def test_server_return_example(site):
    number = next(n for n, block in enumerate(HANDLERS) if "SERVER_RETURN(apache.HTTP_BAD_REQUEST)" in block.text)
    assert site.get(f"/examples/file.e{number}?21").text == "42\n"
    assert site.get(f"/examples/file.e{number}?many").status == 400


def test_lock_example_counts(site):
    number = next(n for n, block in enumerate(HANDLERS) if "_global_lock" in block.text)
    first, second = (int(site.get(f"/examples/file.e{number}").text) for _ in range(2))
    assert second == first + 1


def test_basic_authentication_example(site):
    def ask(user):
        credentials = base64.b64encode(user.encode()).decode()
        return site.get("/basic/members/file.txt", headers={"Authorization": f"Basic {credentials}"})

    nobody = site.get("/basic/members/file.txt")
    assert nobody.status == 401
    assert nobody.header("WWW-Authenticate") == 'Basic realm="Members"'
    assert ask("eve:wrong").status == 401
    assert ask("adam:secret").status == 401
    assert ask("eve:secret").text == "for members"


def test_token_authentication_example(site):
    nobody = site.get("/token/members/file.txt")
    assert nobody.status == 401
    assert nobody.header("WWW-Authenticate") == 'Bearer realm="Members"'
    token = next(iter(ast.literal_eval(TOKEN.split("TOKENS = ")[1].splitlines()[0])))
    assert site.get("/token/members/file.txt", headers={"Authorization": f"Bearer {token}"}).text == "for members"
    assert site.get("/token/members/file.txt", headers={"Authorization": "Bearer 1"}).status == 401


def test_access_example(site):
    assert site.get("/guarded/file.txt").text == "guarded"
    assert site.post("/guarded/file.txt", b"x").status == 403


def test_values_of_constants(site):
    actual = ast.literal_eval(site.get("/constants/x").text)
    documented = {}
    for line in section(read("api.md"), "Constants").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`"):
            documented[cells[0].strip("`")] = ast.literal_eval(cells[1].strip("`"))
    assert documented
    assert documented == {name: actual[name] for name in documented}


def test_connection_examples(tree):
    # One MPM is enough, as above.
    words, gate, upgrade = [block.text for block in examples("python") if block.page == "connections.md"]
    wanted = {
        "words": "PythonConnectionHandler words",
        "gate": "PythonPreConnectionHandler gate\nPythonHeaderParserHandler upgrade",
    }
    files = {"htdocs/words.py": words, "htdocs/gate.py": gate, "htdocs/upgrade.py": upgrade, "htdocs/x.txt": "inside"}
    with hosts(tree, "event", wanted, "", files) as site:
        with site.at("words") as connection:
            assert connection.read_line() == b"ready\r\n"
            for line, answer in (("tea", "tea 1"), ("tea", "tea 2"), ("milk", "milk 1")):
                connection.send(f"{line}\n".encode())
                assert connection.read_line() == f"{answer}\r\n".encode()
            connection.send(b"quit\n")
            assert connection.read_to_end() == b"bye\r\n"
        with site.at("gate") as connection:
            assert connection.request("GET", "/x.txt").text == "inside"
            connection.send(client.compose("GET", "/x.txt", {"Upgrade": "words", "Connection": "Upgrade"}, close=False))
            assert [connection.read_line() for _ in range(4)][-1] == b"\r\n"
            connection.send(b"tea\n")
            assert connection.read_line() == b"TEA\n"
