#!/usr/bin/env python3
"""Shows interpreters with their own GIL running in parallel.

    tests/bench/parallel.py --module PATH

One worker process serves two virtual hosts, each with an interpreter of its own, with a handler
that only computes.  Clients keep both busy; the requests per second with `PythonInterpreterGIL own`
are printed as a ratio to those with `shared`.  The module must be built for Python 3.12 or newer,
and the machine must have two processors to spare.  Requests per second mean nothing outside one
run of this program; the two settings take turns so that both see the same machine.  The load average
before the start is printed: work of others on the machine brings the ratio down.
"""

import argparse
import os
import sys
import threading
import time
from pathlib import Path
from statistics import median

from counting.client import Client, ProtocolError
from counting.server import Server, ServerError
from counting.stage import DEFAULT_MODULE, Stage, StageError, apxs, check_libpython

HOSTS = ("one.example", "two.example")


class WrongAnswer(Exception):
    """A virtual host answered something else than its own interpreter's name and the sum."""


def directives(stage, gil):
    """Return the configuration: one child, two virtual hosts, the GIL setting `gil`."""
    folder = stage.add_site("cpu")
    hosts = "\n".join(
        f"""<VirtualHost *:*>
    ServerName {name}
    PythonInterpreter {name}
    PythonInterpreterGIL {gil}
</VirtualHost>"""
        for name in HOSTS
    )
    return f"""LoadModule python_module {stage.module}
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
<Directory "{folder}">
    SetHandler mod_python
    PythonHandler bench_cpu
</Directory>
{hosts}
"""


class Load(threading.Thread):
    """Asks one virtual host until `end` (time.monotonic() seconds); counts the answers."""

    def __init__(self, port, host):
        super().__init__()
        self.port = port
        self.host = host
        self.request = f"GET /cpu/page HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self.end = 0.0
        self.count = 0
        self.failure = None

    def run(self):
        try:
            with Client(self.port) as client:
                while time.monotonic() < self.end:
                    self.ask(client)
                    self.count += 1
        except (OSError, ProtocolError, WrongAnswer) as error:
            self.failure = error

    def ask(self, client):
        """Ask once.  Raises WrongAnswer, ProtocolError, OSError."""
        response = client.ask(self.request)
        name, _, number = response.body.decode("latin-1").partition(" ")
        if response.status != 200 or name != self.host or not number.isdigit():
            raise WrongAnswer(f"{self.host}: {response.status} {response.body[:80]!r}")


def measure(stage, gil, seconds):
    """Return the requests per second (float) of both virtual hosts together."""
    with Server(stage, directives(stage, gil), mpm="worker", single=False) as server:
        # Two connections for each: while httpd reads and writes, the interpreter has work.
        loads = [Load(server.port, host) for host in HOSTS * 2]
        try:
            for load in loads:
                with Client(server.port) as client:
                    load.ask(client)
        except WrongAnswer as wrong:
            raise WrongAnswer(f"{wrong}\n{server.text()}") from None
        end = time.monotonic() + seconds
        for load in loads:
            load.end = end
            load.start()
        for load in loads:
            load.join()
    for load in loads:
        if load.failure is not None:
            raise WrongAnswer(str(load.failure))
    return sum(load.count for load in loads) / seconds


def main():
    """Measure in turns, print the ratio; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", type=Path, default=DEFAULT_MODULE, help="mod_python's .so file")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each setting")
    chosen = parser.parse_args()
    rates = {"shared": [], "own": []}
    try:
        if len(os.sched_getaffinity(0)) < 2:
            raise StageError("one processor only: nothing can run in parallel")
        apxs("LIBEXECDIR")
        with Stage(chosen.module) as stage:
            check_libpython(chosen.module)
            print(f"{len(os.sched_getaffinity(0))} processors, load average {os.getloadavg()[0]:.2f}")
            for _ in range(chosen.rounds):
                for gil, found in rates.items():
                    found.append(measure(stage, gil, chosen.seconds))
                    print(f"{gil:>6}: {found[-1]:8,.0f} requests/s", flush=True)
    except (StageError, ServerError, WrongAnswer, ProtocolError, OSError) as error:
        print(f"parallel.py: {error}", file=sys.stderr)
        return 2
    ratio = median(rates["own"]) / median(rates["shared"])
    print(f"own / shared = {ratio:.2f} (median of {chosen.rounds})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
