"""docs/options.md and the table of options in the package name the same options, defaults and older names."""

import runpy

from docs.pages import ROOT, read


def described():
    """Return {option: (default, older names)} of the page's table."""
    rows = [line.strip("|").split("|") for line in read("options.md").splitlines() if line.startswith("| `")]
    cells = [[cell.strip().replace("`", "") for cell in row] for row in rows]
    assert all(len(row) == 4 and row[3] for row in cells), "four columns, none of the last empty"
    return {name: (default, older) for name, default, older, _ in cells}


def test_every_option_has_its_row():
    options = runpy.run_path(str(ROOT / "python/mod_python/_options.py"))["OPTIONS"].values()
    expected = {
        option.name: ("none" if option.default is None else option.default, ", ".join(option.older) or "none")
        for option in options
    }
    assert described() == expected
