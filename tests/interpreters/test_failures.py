"""Starts that fail: logged once for each child with what to do, requests get 500, and no child dies of it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import Httpd
from harness.errorlog import NO_LIBRARY

pytestmark = pytest.mark.interpreters

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
<Location "/app">
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

PAGES = """
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.write(apache.interpreter)
    return apache.OK
"""

FILES = {"lib/pages.py": PAGES, "htdocs/plain.txt": "plain\n"}


def test_python_that_does_not_start(serve):
    # spec: interpreters:I-12, interpreters:I-5
    # One child: what two write at once to the same log comes out in pieces.
    site = serve(mpm="prefork", processes=1, config=CONFIG, files=FILES, env={"PYTHONHOME": "/nonexistent"})
    site.log.expect(
        r"MPY0201: Python did not start in this process: .*Requests for Python get status 500; check PythonHome",
        times=1,
    )
    site.log.expect(r"MPY0204: can't get/create interpreter '(main|sub)\.test' \(phase PythonHandler\): ", times=8)
    site.log.allow(NO_LIBRARY)
    before = set(site.children())
    for _ in range(4):
        for host in ("main.test", "sub.test"):
            assert site.get("/app", host=host).status == 500
            assert site.get("/plain.txt", host=host).body == b"plain\n"
    # No child has ended and come again.
    assert set(site.children()) == before
    site.stop()


@pytest.fixture
def changed_tree(tree):
    """A copy of the installed form, to be changed."""
    folder = Path(tempfile.mkdtemp(prefix="mod_python-tree-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("modules", "python"):
        shutil.copytree(tree / name, folder / name)
    yield folder
    shutil.rmtree(folder)


def test_package_that_cannot_be_imported(changed_tree):
    # spec: interpreters:2.5
    source = changed_tree / "python/mod_python/_core.py"
    text = source.read_text()
    source.write_text("raise ImportError('broken on purpose')\n")
    with Httpd(changed_tree, "prefork", CONFIG, FILES, processes=1) as site:
        site.log.expect(r"MPY0201: the package mod_python could not be imported: .*broken on purpose", times=1)
        site.log.expect(r"MPY0203: mod_python\.apache: .*ImportError: broken on purpose", times=5)
        site.log.allow(r"MPY0203: mod_python\.apache: ")
        site.log.expect(r"MPY0204: can't get/create interpreter .*broken on purpose", times=4)
        before = set(site.children())
        for host in ("main.test", "sub.test") * 2:
            assert site.get("/app", host=host).status == 500
        # It is tried again at each request.
        source.write_text(text)
        for host in ("main.test", "sub.test") * 2:
            assert site.get("/app", host=host).text == host
        assert set(site.children()) == before


def test_package_of_another_version(changed_tree):
    # spec: interpreters:2.7, interpreters:2.6
    source = changed_tree / "python/mod_python/version.py"
    source.write_text(source.read_text() + '\nversion = "0.0.1"\n')
    with Httpd(changed_tree, "worker", CONFIG, FILES, processes=1) as site:
        for _ in range(3):
            assert site.get("/app", host="main.test").text == "main.test"
            assert site.get("/app", host="sub.test").text == "sub.test"
        # Once for each interpreter.
        site.log.expect(r"MPY0207: mod_python\.so is \d+\.\d+\.\d+, the Python package mod_python is 0\.0\.1", times=2)
        site.log.expect(rf"MPY0207: the package is {changed_tree}/python/mod_python/__init__\.py", times=2)


#: A library that starts Python in httpd's parent process and lets its GIL go, as a module that embeds Python may.
EARLY = """
#define _GNU_SOURCE
#include <dlfcn.h>

__attribute__((constructor)) static void start(void)
{
    void (*init)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "Py_InitializeEx");
    void *(*leave)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyEval_SaveThread");
    int (*running)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsInitialized");

    /* httpd loads it twice: it reads its configuration twice. */
    if (running())
        return;
    init(0);
    leave();
}
"""


def test_python_that_another_module_has_started(serve):
    made = serve.make(mpm="prefork", processes=1, config='LoadFile "@ROOT@/early.so"\n' + CONFIG, files=FILES)
    source = made.write("early.c", EARLY)
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-o", source.with_suffix(".so"), source], check=True)
    made.log.expect("MPY0201: Python did not start in this process: another module has started Python in this process", times=1)
    made.log.expect(r"MPY0204: can't get/create interpreter 'main\.test' \(phase PythonHandler\): ", times=2)
    site = made.start()
    before = set(site.children())
    for _ in range(2):
        assert site.get("/app", host="main.test").status == 500
        assert site.get("/plain.txt", host="main.test").body == b"plain\n"
    assert set(site.children()) == before
    site.stop()
