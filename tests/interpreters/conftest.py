"""A server whose MPM does not matter: made once, not for each MPM."""

import pytest

from harness import Httpd


@pytest.fixture
def serve(tree):
    """A factory like `httpd`, for tests that need one MPM only (event unless they say another)."""
    made = []

    def make(**options):
        made.append(Httpd(tree, **{"mpm": "event", **options}))
        return made[-1]

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
