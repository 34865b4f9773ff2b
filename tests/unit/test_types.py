"""The package's annotations, held by mypy as strictly as it can: users' own checkers read them (py.typed)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.pages import examples

PACKAGE = Path(__file__).parents[2] / "python/mod_python"

#: The oldest Python that the package runs on: what only a later one has is an error.
OLDEST = "3.10"

#: Kept between runs: a second one takes a second.
CACHE = Path(tempfile.gettempdir()) / f"mod_python-mypy-{os.getuid()}"

#: The example of docs/api.md.
USER = next(block.text for block in examples("python") if "TYPE_CHECKING" in block.text)


def check(*arguments):
    """Run mypy; return (status, what it said)."""
    options = ["--strict", "--no-error-summary", "--config-file=", f"--python-version={OLDEST}", f"--cache-dir={CACHE}"]
    # Where user code finds the package and its stubs.
    environment = {**os.environ, "MYPYPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-m", "mypy", *options, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_the_package_is_clean():
    assert check("--package", "mod_python") == (0, "")


def test_no_module_is_exempt():
    texts = {path.name: path.read_text() for path in PACKAGE.rglob("*.py*")}
    assert [name for name, text in texts.items() if "type: ignore\n" in text or "# mypy:" in text] == []


def test_user_code_is_checked_against_the_package(tmp_path):
    (tmp_path / "right.py").write_text(USER)
    (tmp_path / "wrong.py").write_text(USER.replace("return apache.OK", "return req.uri"))
    assert check(tmp_path / "right.py") == (0, "")
    status, said = check(tmp_path / "wrong.py")
    assert status == 1
    assert "[return-value]" in said
