"""Every parser has property tests, a fuzz target with seeds, and a row in docs/safety.md that tells of a run. Nothing is built here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUZZ = ROOT / "tests/fuzz"

#: The parsers that others may call: what only a parser uses is reached through it.
PARSERS = re.findall(r"^pub mod (\w+);$", (ROOT / "src/parse/mod.rs").read_text(), re.M)

TARGETS = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))


def test_every_parser_has_a_target():
    assert PARSERS
    assert TARGETS == sorted(PARSERS)


@pytest.mark.parametrize("name", PARSERS)
def test_every_parser_has_property_tests(name):
    parse = ROOT / "src/parse"
    files = [parse / f"{name}.rs", parse / f"{name}_tests.rs", *(parse / name).glob("*.rs")]
    assert any("proptest! {" in file.read_text() for file in files if file.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_target(name):
    source = (FUZZ / "fuzz_targets" / f"{name}.rs").read_text()
    assert re.search(rf"^use targets::parse::{name}::", source, re.M)
    assert "fuzz_target!(" in source
    assert f'name = "{name}"\npath = "fuzz_targets/{name}.rs"\n' in (FUZZ / "Cargo.toml").read_text()
    assert any((FUZZ / "seeds" / name).iterdir())


def test_runs_are_recorded():
    text = (ROOT / "docs/safety.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([\d ]+) \| (\d+) \| (\d+) \| (\d+) MB \| \d{4}-\d\d-\d\d \| \S", text, re.M)
    assert [name for name, *_ in rows] == TARGETS
    for _, seconds, executions, coverage, corpus, peak in rows:
        # A busy machine makes few executions; what counts is that nothing new is found any more.
        assert int(seconds) >= 600 and int(executions.replace(" ", "")) > 50_000
        assert int(coverage) > 100 and int(corpus) > 100
        # The limit of run.sh.
        assert int(peak) < 512


def test_the_parsers_own_crates_are_those_of_the_module():
    def versions(file):
        section = file.read_text().split("\n[dependencies]\n")[1].split("\n[")[0]
        return dict(re.findall(r'^([\w-]+) = "([\d.]+)"$', section, re.M))

    # libfuzzer-sys, with its `=`, is not among them.
    fuzz, module = versions(FUZZ / "Cargo.toml"), versions(ROOT / "Cargo.toml")
    assert fuzz
    assert {name: module.get(name) for name in fuzz} == fuzz
