"""The path importer: files that change while modules that use them are being imported, and modules that import each other."""

import time
from concurrent.futures import ThreadPoolExecutor

from harness import server

CONFIG = """
SetHandler mod_python
PythonOption mod_python.importer path
<Location "/slow">
    PythonHandler @DOCS@/slow.py
</Location>
<Location "/other">
    PythonHandler @DOCS@/other.py
</Location>
<Location "/here">
    PythonHandler @DOCS@/here.py
</Location>
<Location "/there">
    PythonHandler @DOCS@/there.py
</Location>
"""

HANDLER = "def handler(req):\n    req.write(f'{}')\n    return 0\n"

SLOW = """
import os
import time

import lowest

open("@ROOT@/tmp/started", "w").close()
while not os.path.exists("@ROOT@/tmp/gate"):
    time.sleep(0.01)

import middle

""" + HANDLER.format("{lowest.value} {middle.value}")

site = server(
    CONFIG,
    {
        "htdocs/slow.py": SLOW,
        "htdocs/other.py": "import lowest\n" + HANDLER.format("{lowest.value}"),
        "htdocs/middle.py": "import lowest\nvalue = lowest.value",
        "htdocs/lowest.py": "value = 1",
        "htdocs/here.py": "import there\nfrom mod_python import apache\n" + HANDLER.format("{apache.module_info(__name__).generation}"),
        "htdocs/there.py": "import here\nfrom mod_python import apache\n" + HANDLER.format("{apache.module_info(__name__).generation}"),
    },
    mpm="event",
    processes=1,
)


def test_module_of_a_request_that_began_before_the_change(site):
    """It belongs to what the request had decided on; the next request loads it again."""
    # spec: interpreters:6.3.8, interpreters:6.3.9
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(site.get, "/slow")
        while not (site.root / "tmp/started").exists():
            assert not first.done(), first.result().text
            time.sleep(0.01)
        site.write("htdocs/lowest.py", "value = 22")
        assert site.get("/other").text == "22"
        (site.root / "tmp/gate").touch()
        assert first.result().text == "1 1"
    assert [site.get("/slow").text for _ in range(3)] == ["22 22"] * 3


def test_modules_that_import_each_other(site):
    """Neither can be the newer one, so each request loads them again."""
    # spec: interpreters:6.3.11
    generations = []
    for name in ["here", "there"] * 2:
        generations.append(int(site.get(f"/{name}").text))
        site.log.wait_for(f"Module '{site.root}/htdocs/{name}.py' is imported by one that it imports")
    assert generations == sorted(set(generations))
