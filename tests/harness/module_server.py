"""One server for many test functions: `site = server(config=..., files=...)` at the top of a test module."""

import pytest

from harness.httpd import Httpd


def server(config="", files=None, *, start_lines=(), **options):
    """Return a module-scoped fixture: a running Httpd for each MPM asked for, whose log is checked after each test.

    Takes Httpd's options; with `mpm="event"` there is one server only. `start_lines` are regular expressions for lines
    of the log that may come at start, at any time and at the end, beside those that a test announces.
    """
    fixed = options.pop("mpm", None)

    def running(tree, mpm):
        with Httpd(tree, mpm, config, files, **options) as httpd:
            for pattern in start_lines:
                httpd.log.allow(pattern, always=True)
            yield httpd

    def running_once(tree):
        yield from running(tree, fixed)

    return pytest.fixture(scope="module")(running_once if fixed else running)
