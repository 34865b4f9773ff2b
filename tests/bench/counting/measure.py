"""Counts the instructions of one request of a Run.

One server process serves all: requests to warm up, a dump, `few` requests, a dump, `many` requests,
a dump.  A dump sets the counters to zero and is itself a request to /bench-dump, so that an interval
holds its requests plus a constant; the constant goes in the difference:

    (interval of many - interval of few) / (many - few)

Used by run.py.
"""

from dataclasses import dataclass
from pathlib import Path

from . import callgrind
from .client import Client
from .scenarios import get
from .server import Server


class WrongAnswer(Exception):
    """A response was not what the scenario expects."""


@dataclass(frozen=True)
class Plan:
    """How many requests warm up (int) and how many are in the two counted intervals."""

    warm_up: int = 100
    few: int = 100
    many: int = 500

    def thinned(self, times):
        """Return a Plan with so many times fewer requests."""
        few = max(1, self.few // times)
        return Plan(max(1, self.warm_up // times), few, max(few + 1, self.many // times))


@dataclass(frozen=True)
class Count:
    """Instructions of one request (float) and, if asked for, per function of one request."""

    per_request: float
    functions: dict


def configuration(run, stage):
    """Return the directives of a Run for the folders of `stage`."""
    site = stage.root / "site"
    folder = stage.add_site("bench")
    for name in run.sites:
        stage.add_site(name)
    load = f"LoadModule python_module {stage.module}\n" if run.python else ""
    own = f'<Directory "{folder}">\n{run.directives}\n</Directory>\n'
    return load + own + run.outside.replace("{site}", str(site))


def _ask(client, run, times):
    request = run.request() if callable(run.request) else run.request
    for _ in range(times):
        wrong = run.check(client.ask(request))
        if wrong is not None:
            raise WrongAnswer(f"{run.name}: {wrong}")


def _dump(client, name):
    response = client.ask(get(f"/bench-dump?{name}"))
    if response.body != b"dumped":
        raise WrongAnswer(f"the dump {name} answered {response.status}")


def count(run, stage, plan, with_functions=False):
    """Start a server for `run`, return the Count of one request.

    Raises WrongAnswer, ServerError, DumpError, OSError.
    """
    plan = plan.thinned(run.thin)
    with Server(stage, configuration(run, stage), callgrind=True) as server:
        try:
            with Client(server.port) as client:
                _ask(client, run, plan.warm_up)
                _dump(client, "warm")
                _ask(client, run, plan.few)
                _dump(client, "few")
                _ask(client, run, plan.many)
                _dump(client, "many")
        except WrongAnswer as wrong:
            raise WrongAnswer(f"{wrong}\n{server.text()}") from None
        return _result(stage.root / "counts", plan, with_functions)


def _result(folder: Path, plan, with_functions):
    paths = callgrind.dumps(folder)
    try:
        few, many = paths["few"], paths["many"]
    except KeyError as missing:
        raise callgrind.DumpError(f"no dump {missing} in {folder}") from None
    difference = callgrind.total(many.read_text(errors="replace"))
    difference -= callgrind.total(few.read_text(errors="replace"))
    functions = {}
    if with_functions:
        functions = {key: cost / plan.many for key, cost in callgrind.functions(many).items()}
    return Count(difference / (plan.many - plan.few), functions)
