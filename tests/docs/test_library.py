"""Each module of the library has its page, with an entry for each public name."""

import ast

import pytest

from docs.pages import ROOT, entries, read
from docs.test_docs import same

PACKAGE = ROOT / "python/mod_python"

#: Module -> its page in docs/.
PAGES = {
    "Cookie": "cookies.md",
    "Session": "sessions.md",
    "cache": "cache.md",
    "cgihandler": "cgi.md",
    "httpdconf": "httpdconf.md",
    "psp": "psp.md",
    "publisher": "publisher.md",
    "testhandler": "testhandler.md",
    "util": "forms.md",
    "wsgi": "wsgi.md",
}

#: Public modules that other tests hold: apache in test_docs.py, logging with its own page.
ELSEWHERE = {"apache", "errorlog", "logging", "version"}


def modules():
    """Return the names of the package's public modules."""
    return {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")}


def public(module):
    """Return what `__all__` of a module lists."""
    for node in ast.parse((PACKAGE / f"{module}.py").read_text()).body:
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
        if getattr(target, "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{module}.py has no __all__")


def test_every_module_has_a_page():
    assert modules() - ELSEWHERE <= set(PAGES)


@pytest.mark.parametrize("module", sorted(modules() - ELSEWHERE))
def test_public_names_have_entries(module):
    same(entries(read(PAGES[module])) & public(module), public(module))
