"""All long runs with their full numbers: `PYTHONPATH=tests python -m reliability [--module PATH] [--mpm event]`."""

from reliability import command
from reliability.hostile import hostile
from reliability.restarts import idle, under_load
from reliability.server import installed
from reliability.soak import soak


def main():
    """Soak, restart and attack each MPM, then restart an idle server very often; exits with 1 if anything was not as it should be."""
    options = command.parse(command.parser(__doc__))
    problems = []
    with installed(options.module) as tree:
        for mpm in options.mpms:
            problems += soak(tree, mpm, 300_000, 30_000)
            problems += under_load(tree, mpm, graceful=50, hard=10)
            problems += hostile(tree, mpm)
        problems += idle(tree, mpm, 1500)
    command.finish(problems)


if __name__ == "__main__":
    main()
