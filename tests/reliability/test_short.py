"""The short form of the long runs, for every change: a soak of 20,000 requests, a few restarts under load, and idle ones."""

import pytest

from reliability.restarts import idle, under_load
from reliability.soak import soak

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

#: One MPM of processes, one of threads; the long form has all three.
both = pytest.mark.parametrize("kind", ["event", "prefork"])


@both
def test_soak(tree, kind):
    # spec: library:D-50, api:A-26, interpreters:I-14
    problems = soak(tree, kind, requests=16_000, warm_up=4_000)
    assert not problems, "\n".join(problems)


@both
def test_restarts_under_load(tree, kind):
    # spec: interpreters:2.9, interpreters:I-15
    problems = under_load(tree, kind, graceful=5, hard=2, clients=6)
    assert not problems, "\n".join(problems)


def test_restarts_of_an_idle_server(tree):
    # spec: interpreters:2.9
    problems = idle(tree, "event", 60)
    assert not problems, "\n".join(problems)
