"""The short form of the attacks, for every change: a few thousand tries with a fixed seed. `python -m reliability.hostile` is the long one."""

import pytest

from reliability.hostile import KINDS, attack
from reliability.hostile_site import attacked


@pytest.fixture(scope="module")
def site(tree):
    with attacked(tree) as server:
        children = server.children()
        yield server
        assert server.children() == children


@pytest.mark.parametrize("name", KINDS)
def test_attack(site, name):
    # spec: library:U-95, library:U-235, library:C-10, library:S-13
    tries = KINDS[name][1]
    findings = attack(site, name, tries)
    assert not findings.problems, "\n".join([str(findings), *findings.problems[:20]])
    assert findings.tries >= tries
