"""The client processes of a run: starts them, ends them, adds up what they did. Used by soak and restarts."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from reliability.kinds import HOSTS

TESTS = Path(__file__).resolve().parents[1]
#: More requests than any visitor sends until it is told to end.
ENDLESS = 1_000_000_000


@dataclass
class Visit:
    """What came of requests: kind -> number; path -> number, of those that fail; what was wrong; broken and renewed connections."""

    done: Counter = field(default_factory=Counter)
    failures: Counter = field(default_factory=Counter)
    problems: list = field(default_factory=list)
    lost: int = 0
    reopened: int = 0

    @property
    def requests(self):
        """All requests."""
        return sum(self.done.values())


class Visitors:
    """Client processes at work on a server (see reliability.server); each visits one of the hosts."""

    def __init__(self, server, clients, requests=None, first=0, lossy=False):
        self._processes = []
        share = requests // clients if requests else ENDLESS // clients
        environ = {**os.environ, "PYTHONPATH": str(TESTS)}
        for index in range(clients):
            command = [
                sys.executable, "-B", "-m", "reliability.visitor", f"--port={server.port}", f"--echo-port={server.echo_port}",
                f"--host={HOSTS[index % len(HOSTS)]}", f"--first={first + index * share}", f"--count={share}",
                *(["--lossy"] if lossy else []),
            ]  # fmt: skip
            self._processes.append(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True))
        for process in self._processes:
            process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()

    def end(self):
        """Tell them to end after their present request, and return what `wait` does."""
        for process in self._processes:
            process.terminate()
        return self.wait()

    def wait(self):
        """Wait for all and return their Visit together."""
        total = Visit()
        for process in self._processes:
            text, _ = process.communicate()
            if process.returncode:
                total.problems.append(f"a visitor ended with {process.returncode}")
                continue
            found = json.loads(text)
            total.done.update(found["done"])
            total.failures.update(found["failures"])
            total.problems += found["problems"]
            total.lost += found["lost"]
            total.reopened += found["reopened"]
        return total


def visit(server, clients, requests, first=0):
    """Send so many requests, shared among so many clients, and return the Visit."""
    with Visitors(server, clients, requests, first) as visitors:
        return visitors.wait()
