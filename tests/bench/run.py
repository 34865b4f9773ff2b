#!/usr/bin/env python3
"""Counts user-space instructions per request with callgrind and prints one table.

    tests/bench/run.py                       every row
    tests/bench/run.py --only hello          one row (may be repeated)
    tests/bench/run.py --annotate hello      the functions that carry the difference of a row
    tests/bench/run.py --markdown            the table for docs/performance.md
    tests/bench/run.py --without-module      the C handlers alone

Needs httpd with its headers (apxs), valgrind with callgrind.h and a C compiler.  The exit status is
1 if a row is over its bar, 2 if something could not be measured.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from counting import report
from counting.callgrind import DumpError
from counting.client import ProtocolError
from counting.measure import Plan, WrongAnswer, count
from counting.scenarios import SCENARIOS
from counting.server import ServerError
from counting.stage import DEFAULT_MODULE, Stage, StageError, check_libpython


MEASUREMENT_ERRORS = (ServerError, WrongAnswer, ProtocolError, DumpError, OSError)


class Counter:
    """Counts Runs, each of them once: the base of many rows is the same Run."""

    def __init__(self, module, plan, keep):
        self.module = module
        self.plan = plan
        self.keep = keep
        self.known = {}

    def of(self, run, with_functions=False):
        """Return the Count of `run`, or None if it is None or needs a module that is not there."""
        if run is None or (run.python and self.module is None):
            return None
        key = (run.name, run.python, with_functions)
        if key not in self.known:
            print(f"counting {run.name} ...", file=sys.stderr, flush=True)
            with Stage(self.module if run.python else None, self.keep) as stage:
                if self.keep:
                    print(f"  in {stage.root}", file=sys.stderr)
                self.known[key] = count(run, stage, self.plan, with_functions)
        return self.known[key]

    def row(self, scenario):
        """Return the report.Row of a Scenario."""
        counts, failure = [], None
        for run in (scenario.base, scenario.same, scenario.counted):
            try:
                found = self.of(run)
            except MEASUREMENT_ERRORS as error:
                found, failure = None, f"{type(error).__name__}: {error}"
                print(f"run.py: {failure}", file=sys.stderr)
            counts.append(None if found is None else found.per_request)
        bar, (base, same, _) = scenario.bar, counts
        if scenario.times is not None and base is not None and same is not None:
            bar = round(scenario.times * (same - base))
        return report.Row(scenario.name, scenario.title, bar, *counts, failure)


def facts(module, plan):
    """Return a dict of what the numbers depend on: versions and numbers of requests."""

    def first_line(command):
        return subprocess.check_output(command, text=True).splitlines()[0]

    python = build = "none"
    if module is not None:
        build = hashlib.sha256(module.read_bytes()).hexdigest()[:12]
        linked = re.search(r"libpython[\d.]+\S*", subprocess.check_output(["ldd", module], text=True))
        python = linked.group(0) if linked else "unknown"
    return {
        "httpd": first_line(["apache2", "-v"]).partition(": ")[2],
        "module": build,
        "python": python,
        "valgrind": first_line(["valgrind", "--version"]),
        "requests": vars(plan),
    }


def options():
    """Parse the command line."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", type=Path, default=DEFAULT_MODULE, help="mod_python's .so file")
    parser.add_argument("--without-module", action="store_true", help="count the C handlers only")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME",
                        help="one of: " + ", ".join(names))
    parser.add_argument("--annotate", choices=names, metavar="NAME",
                        help="show the functions that carry the difference of this row")
    parser.add_argument("--limit", type=int, default=30, help="functions shown by --annotate")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--warm-up", type=int, default=Plan.warm_up)
    parser.add_argument("--few", type=int, default=Plan.few, help="requests of the small interval")
    parser.add_argument("--many", type=int, default=Plan.many, help="requests of the large interval")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folders")
    chosen = parser.parse_args()
    if not 0 < chosen.few < chosen.many or chosen.warm_up < 1:
        parser.error("--few must be below --many, all of them at least 1")
    return chosen


def annotate(counter, scenario, limit):
    """Print the functions in which the row's two counts differ."""
    counted = counter.of(scenario.counted, with_functions=True)
    base = counter.of(scenario.base, with_functions=True)
    if counted is None:
        raise StageError("--annotate needs the module")
    print(f"{scenario.title}: {counted.per_request - base.per_request:,.0f} above {scenario.base.name}")
    print(report.function_table(counted.functions, base.functions, limit))


def measure(chosen, module):
    """Measure and print what the command line asks for; return the exit status."""
    plan = Plan(chosen.warm_up, chosen.few, chosen.many)
    counter = Counter(module, plan, chosen.keep)
    if chosen.annotate:
        row = next(item for item in SCENARIOS if item.name == chosen.annotate)
        annotate(counter, row, chosen.limit)
        return 0
    rows = [counter.row(row) for row in SCENARIOS if not chosen.only or row.name in chosen.only]
    known = facts(module, plan)
    if chosen.json:
        print(report.json_text(rows, known))
    elif chosen.markdown:
        print(report.markdown_table(rows))
    else:
        print(", ".join(known[name] for name in ("httpd", "python", "valgrind")) +
              f", module {known['module']}; instructions per request")
        print(report.text_table(rows))
    verdicts = {row.verdict for row in rows}
    return 2 if "FAILED" in verdicts else 1 if "OVER" in verdicts else 0


def main():
    """Do what the command line asks for; return the exit status."""
    chosen = options()
    try:
        if chosen.without_module:
            return measure(chosen, None)
        if not chosen.module.is_file():
            raise StageError(f"{chosen.module} is missing: run cargo build --release or give --module")
        check_libpython(chosen.module)
        with tempfile.TemporaryDirectory() as folder:
            # One table is about one build, even if another is finished meanwhile.
            return measure(chosen, Path(shutil.copy2(chosen.module, folder)))
    except (StageError, subprocess.CalledProcessError, *MEASUREMENT_ERRORS) as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
