"""The pytest side of the harness: options, fixtures, and the look at every error log after every test."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import launch
from harness.config import MPMS
from harness.httpd import Httpd

ROOT = Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    """--mpm, --module, and how each httpd is started."""
    group = parser.getgroup("mod_python")
    group.addoption("--mpm", default=",".join(MPMS), help="MPMs to test with, as --mpm=prefork,event (default: all three)")
    group.addoption(
        "--panic-module",
        default=str(ROOT / "target/panic/debug/libmod_python.so"),
        help="the module built with `--features test-panic` (default: target/panic/debug/libmod_python.so)",
    )
    group.addoption(
        "--module",
        default=str(ROOT / "target/release/libmod_python.so"),
        help="the built module (default: target/release/libmod_python.so)",
    )
    group.addoption("--under", default="", metavar="COMMAND", help="start each httpd under a program, as --under='valgrind -q'")
    group.addoption(
        "--server-env", default=[], action="append", metavar="NAME=VALUE", help="an environment variable for each httpd"
    )
    group.addoption("--patience", default=1.0, type=float, metavar="N", help="wait N times longer for a server than usual")


def pytest_configure(config):
    """Refuse wrong options before anything runs."""
    try:
        launch.choose(config.getoption("--under"), config.getoption("--server-env"), config.getoption("--patience"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    wrong = set(config.getoption("--mpm").split(",")) - set(MPMS)
    if wrong:
        raise pytest.UsageError(f"--mpm: there is no {', '.join(sorted(wrong))}; choose from {', '.join(MPMS)}")


def pytest_generate_tests(metafunc):
    """Run a test that uses `mpm`, by itself or through a fixture, once for each MPM."""
    if "mpm" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--mpm").split(",")
        metafunc.parametrize("mpm", chosen, indirect=True, scope="module")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the slow files: one that comes last keeps a single worker busy at the end of the run."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a test whose servers logged something that it did not announce."""
    try:
        result = yield
    except BaseException:
        for httpd in Httpd.running:
            item.add_report_section("call", "error log", httpd.log.text())
            # The test failed for another reason: the next one is not to pay for it.
            httpd.log.reset()
        raise
    problems = []
    for httpd in Httpd.running:
        try:
            httpd.log.check()
        except AssertionError as error:
            problems.append(str(error))
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)
    return result


@pytest.fixture(scope="module")
def mpm(request):
    """The name of the MPM; its users run once for each of --mpm."""
    return request.param


@pytest.fixture(scope="session")
def built_module(request):
    """The path of the built module; no test that needs it passes or is skipped without it."""
    path = Path(request.config.getoption("--module")).resolve()
    if not path.is_file():
        pytest.exit(f"there is no {path}: build it with `cargo build --release`, or run tests/run.sh", returncode=2)
    return path


@pytest.fixture(scope="session")
def python_version(built_module):
    """The (major, minor) of the Python that the module is linked to."""
    found = re.search(rb"libpython3\.(\d+)\.so", built_module.read_bytes())
    assert found, f"{built_module} is not linked to a libpython"
    return 3, int(found[1])


@pytest.fixture(scope="session")
def tree(built_module):
    """The installed form, modules/mod_python.so and python/mod_python, written once by the install script."""
    yield from _staged(built_module)


@pytest.fixture(scope="session")
def panic_tree(request):
    """As tree, for the build whose code panics where a handler is called mod_python-panic."""
    path = Path(request.config.getoption("--panic-module")).resolve()
    if not path.is_file():
        pytest.fail(f"there is no {path}: CARGO_TARGET_DIR=target/panic cargo build --features test-panic")
    yield from _staged(path)


def _staged(module):
    folder = Path(tempfile.mkdtemp(prefix="mod_python-tree-", dir="/tmp"))
    folder.chmod(0o755)
    command = ["sh", str(ROOT / "conf/install.sh"), "--prefix", str(folder), "--module", str(module)]
    try:
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        if done.returncode != 0:
            pytest.exit(f"the module could not be staged:\n{done.stdout}", returncode=2)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def httpd(tree, mpm):
    """A factory: httpd(config=..., files=..., ...) starts a server (see Httpd) that ends with the test.

    httpd.make(...) only makes it, for check_config() or a start that is to fail.
    """
    yield from factory(tree, mpm)


@pytest.fixture
def serve(tree):
    """A factory like `httpd`, for tests that need one MPM only: event unless they say another."""
    yield from factory(tree, "event")


def factory(tree, mpm):
    """Yield the factory of a fixture; afterwards stop what it made and look at the logs."""
    made = []

    def make(**options):
        server = Httpd(tree, **{"mpm": mpm, **options})
        made.append(server)
        return server

    def start(**options):
        return make(**options).start()

    start.make = make
    yield start
    problems = []
    for server in made:
        try:
            server.stop()
            server.log.check()
        except AssertionError as error:
            problems.append(str(error))
        finally:
            server.remove()
    assert not problems, "\n\n".join(problems)
