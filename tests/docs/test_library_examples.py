"""The examples of the library's pages that are no handlers of their own: configurations with the code beside them, asked."""

import os
import subprocess
import sys

from docs.pages import ROOT, blocks, examples, read
from harness import server
from harness.credentials import basic


def of(language, page):
    """Return the texts of a page's blocks of a language."""
    return [block.text for block in examples(language) if block.page == page]


BASKET, STAFF = of("python", "publisher.md")
SHOP_CONF, API_CONF = of("apache", "publisher.md")
LIST, WHO = of("html", "psp.md")
PAGES_CONF, AUTOESCAPE = of("apache", "psp.md")
HELLO = of("python", "wsgi.md")[0]
HELLO_CONF = of("apache", "wsgi.md")[0]
(PRICES,) = blocks("python", "cache.md", "## A cache of your own")
(TABLE,) = blocks("python", "sessions.md", "## Classes of your own")

PLACES = {"/var/www": "@DOCS@", "/srv/": "@ROOT@/srv/"}


def _here(text):
    for old, new in PLACES.items():
        text = text.replace(old, new)
    return text


CONFIG = _here("".join([SHOP_CONF, API_CONF, PAGES_CONF, HELLO_CONF])) + f"""
<Directory "@DOCS@/escaped">
    AddHandler mod_python .psp
    PythonHandler mod_python.psp
    {AUTOESCAPE}
</Directory>
<Directory "@DOCS@/own">
    SetHandler mod_python
    PythonHandler own
</Directory>
"""

FILES = {
    "htdocs/shop/basket.py": BASKET,
    "htdocs/shop/staff.py": STAFF,
    "srv/api/basket.py": BASKET,
    "htdocs/app/list.psp": LIST,
    "htdocs/app/who.psp": WHO,
    "htdocs/escaped/value.psp": "<%= '<b>' %><%= psp.raw('<i>') %>",
    "srv/hello/hello.py": HELLO,
    "htdocs/own/prices.py": PRICES,
    "htdocs/own/table.py": TABLE,
    "htdocs/own/own.py": """
        from mod_python import apache
        from prices import Prices
        from table import TableSession

        shop = Prices()

        def handler(req):
            session = TableSession(req)
            session["visits"] = session.get("visits", 0) + 1
            session.save()
            session.cleanup()
            req.write(f"{session['visits']} {shop['Tea']} {len(shop)}")
            return apache.OK
        """,
}

site = server(CONFIG, FILES, mpm="event", processes=1)

EVA, ADAM = basic("eva", "sesame"), basic("adam", "sesame")


def test_publisher(site):
    for place in ("/shop", "/api"):
        assert site.get(f"{place}/basket").text == "<html><h1>Your basket</h1></html>"
        assert site.get(f"{place}/basket/add?article=tea").text == "1 of tea added"
        assert site.post(f"{place}/basket/add", b"article=tea&count=2").text == "2 of tea added"


def test_publisher_passwords(site):
    assert site.get("/shop/staff").header("WWW-Authenticate") == 'Basic realm="staff"'
    assert site.get("/shop/staff", headers=EVA).text == "for all of the staff"
    assert site.get("/shop/staff", headers=ADAM).status == 401
    assert site.get("/shop/staff/salaries", headers=EVA).text == "for eva"
    assert site.get("/shop/staff/office", headers=EVA).text == "for the staff at this machine"
    # All on the way have to agree.
    assert site.get("/shop/staff/office").status == 401


def test_pages(site):
    assert "<li>Ada</li>" in site.get("/app/list.psp").text
    assert site.get("/app/list.psp").text.count("<li>") == 2
    assert site.get("/app/who.psp").text.strip() == "Who are you?"
    assert site.get("/escaped/value.psp").text == "&lt;b&gt;<i>"


def test_wsgi(site):
    for path in ("/hello", "/hello/", "/hello/a%20b?c=d"):
        assert site.get(path).text == "Hello World!"
    assert site.get("/hellos").status == 404


def test_classes_of_ones_own(site):
    first = site.get("/own/")
    assert first.text == "1 30 1"
    cookie = first.header("Set-Cookie").split(";")[0]
    assert site.get("/own/", headers={"Cookie": cookie}).text == "2 30 1"


def run(code):
    """Run an example in a Python of its own; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run([sys.executable, "-B", "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_configurations_as_objects(tmp_path):
    objects, script = of("python", "httpdconf.md")
    shown = read("httpdconf.md").split("prints\n\n")[1].split("\n\n")[0]
    first = "".join(line[4:] + "\n" for line in shown.splitlines() if line.strip() != "...")
    assert run(objects).startswith(first)
    assert run(script.replace("/srv/site", str(tmp_path)) + "print(script)").endswith("/conf/httpd_conf.py\n")
    assert "shop.currency EUR" in run((tmp_path / "conf/httpd_conf.py").read_text())
