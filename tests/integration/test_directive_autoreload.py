"""PythonAutoReload: a changed module is executed again by the next request, or with Off never."""

import os

from harness import server

SOURCE = "def handler(req):\n    req.write('{}')\n    return 0\n"

CONFIG = """
<Directory "@DOCS@">
    SetHandler mod_python
</Directory>
<Directory "@DOCS@/unset">
    PythonHandler mod_unset
</Directory>
<Directory "@DOCS@/on">
    PythonAutoReload On
    PythonHandler mod_on
</Directory>
<Directory "@DOCS@/off">
    PythonAutoReload Off
    PythonHandler mod_off
</Directory>
<Directory "@DOCS@/off/on">
    PythonAutoReload On
</Directory>
"""

site = server(
    CONFIG,
    {**{f"htdocs/{name}/mod_{name}.py": SOURCE.format("first") for name in ("unset", "on", "off")},
     "htdocs/off/on/.keep": ""},
    processes=1,
)  # fmt: skip


def change(site, name, text):
    """Write the module anew; only the time of its file tells the importer."""
    path = site.write(f"htdocs/{name}/mod_{name}.py", SOURCE.format(text))
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10_000_000))


def restore(site, name):
    change(site, name, "first")
    assert site.get(f"/{name}/x").status == 200


def test_unset_means_on(site):
    # spec: directives:9.1.1, directives:1/PythonAutoReload, directives:4.2.3
    for name in ("unset", "on"):
        for text in ("first", "second", "third"):
            change(site, name, text)
            assert site.get(f"/{name}/x").text == text
        restore(site, name)


def test_off(site):
    # spec: directives:9.1.1, directives:9.1.3
    assert site.get("/off/x").text == "first"
    change(site, "off", "changed")
    assert site.get("/off/x").text == "first"
    # On, further inside, for the same module of the same interpreter.
    assert site.get("/off/on/x").text == "changed"
    assert site.get("/off/x").text == "changed"
    change(site, "off", "first")
    assert site.get("/off/on/x").text == "first"


def test_an_older_file_counts_as_changed(site):
    # spec: directives:9.1.1
    assert site.get("/on/x").text == "first"
    path = site.write("htdocs/on/mod_on.py", SOURCE.format("older"))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert site.get("/on/x").text == "older"
    restore(site, "on")


def test_a_module_that_is_gone(site):
    # spec: directives:9.1.1, directives:4.2.2
    assert site.get("/unset/x").text == "first"
    path = site.docs / "unset/mod_unset.py"
    path.rename(path.with_suffix(".away"))
    site.log.expect_traceback("ModuleNotFoundError: No module named 'mod_unset'", times=1)
    assert site.get("/unset/x").status == 500
    path.with_suffix(".away").rename(path)
    assert site.get("/unset/x").text == "first"
