"""Mixed requests of every kind for a long time: answers, memory, descriptors, the error log.

    PYTHONPATH=tests python -m reliability.soak [--mpm event] [--requests 300000] [--warm-up 30000] [--module PATH]

Prints a table and exits with 1 if an answer was wrong, a child ended, a child's memory grew by more than the bar,
descriptors were left open, or the log has an unexpected line.
"""

import time

from reliability import command
from reliability.logged import unexpected
from reliability.server import held, installed, running
from reliability.visitors import visit

CLIENTS = 8
#: Bytes by which a child's memory may grow after the warm-up.
BAR = 1_000_000
#: A descriptor that a child opens when it needs it (a lock's, a random source's) is no leak.
DESCRIPTORS = 2


def soak(tree, mpm, requests, warm_up, clients=CLIENTS):
    """Run the soak under one MPM; prints the figures and returns the problems."""
    # A prefork child serves one connection at a time.
    processes = clients + 2 if mpm == "prefork" else 2
    with running(tree, mpm, processes=processes, threads=clients) as server:
        first = visit(server, clients, warm_up)
        time.sleep(1)
        children = server.children()
        before = {pid: held(pid) for pid in children}
        started = time.monotonic()
        found = visit(server, clients, requests, warm_up)
        seconds = time.monotonic() - started
        problems = first.problems + found.problems
        if server.children() != children:
            problems.append(f"children: {children} before, {server.children()} after")
        # Connections that just ended keep their descriptors for a moment.
        time.sleep(3)
        after = {pid: held(pid) for pid in server.children()}
        lines = unexpected(server.log, first.failures + found.failures)
        server.log.reset()
    problems += [f"log: {line}" for line in lines[:20]]
    print(f"{mpm}: {found.requests:,} requests in {seconds:.0f} s ({found.requests / seconds:,.0f} a second), after {first.requests:,}")
    print("  " + ", ".join(f"{name} {number:,}" for name, number in found.done.items()))
    for pid in sorted(before.keys() & after.keys()):
        grown, files = after[pid][0] - before[pid][0], after[pid][1] - before[pid][1]
        print(f"  child {pid}: {before[pid][0] / 1e6:.2f} MB, grown by {grown / 1e6:+.2f} MB; descriptors {files:+d}")
        if grown > BAR:
            problems.append(f"the memory of child {pid} grew by {grown / 1e6:.2f} MB")
        if files > DESCRIPTORS:
            problems.append(f"child {pid} has {files} more descriptors")
    print(f"  unexpected log lines: {len(lines)}; sent again on a new connection: {found.reopened}; problems: {len(problems)}")
    return problems


def main():
    """Read the command line, stage the module, soak each MPM."""
    parser = command.parser(__doc__)
    parser.add_argument("--requests", type=int, default=300_000)
    parser.add_argument("--warm-up", type=int, default=30_000)
    options = command.parse(parser)
    problems = []
    with installed(options.module) as tree:
        for mpm in options.mpms:
            problems += soak(tree, mpm, options.requests, options.warm_up)
    command.finish(problems)


if __name__ == "__main__":
    main()
