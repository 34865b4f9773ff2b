"""Restarts: under load, with daemon threads of user code in two sub-interpreters, and very many of an idle server.

    PYTHONPATH=tests python -m reliability.restarts [--mpm event] [--graceful 50] [--hard 10] [--idle 1500] [--module PATH]

Prints figures and exits with 1 if a request failed in a graceful restart, a process crashed, dumped core, hung or was left
behind, the parent grew, or Python did not start. In a hard restart httpd cuts connections off; those requests are counted.
"""

import signal
import time

from reliability import command
from reliability.cores import Core
from reliability.logged import unexpected
from reliability.server import held, installed, processes, running, saved_cores, wait_until
from reliability.visitors import Visit, Visitors
from reliability.wire import Wire

CLIENTS = 16
#: Bytes by which the parent may grow from the first restarts to the last: less than 400 bytes for each of 1,500.
BAR = 500_000
#: Seconds until a new generation has to answer.
PATIENCE = 30
#: Restarts after which the parent has what it needs.
SETTLED = 5

#: The parent's line at the end of a start or restart.
READY = b"resuming normal operations"
#: Restarts of the idle server between two requests to it.
ASK_EVERY = 50

DAEMONS = """
PythonImport soak_daemons second
PythonImport soak_daemons third
"""
#: What httpd itself says of children that a hard restart finds at work, and of a connection it was just closing.
HARMLESS = r"AH00045: child process \d+ still did not exit, sending a SIGTERM|AH03092: process_lingering_close"
#: Old children of restarts that come faster than they can leave fill the table of children for a moment.
CROWDED = HARMLESS + r"|AH03490: scoreboard is full, not at MaxRequestWorkers"
#: What event and handlers are told whose connections httpd closes for a hard restart.
CUT_OFF = (
    HARMLESS + r"|\(9\)Bad file descriptor: AH03093: process_socket: apr_pollset_add failure for keep alive"
    r"|MPY0401: PythonHandler \S+: uncaught OSError |PythonHandler \S+: (Traceback \(most recent call last\):$|  File |"
    r"OSError: Write failed, client closed connection\.$|OSError: Client read error)"
)


def state(server, host="localhost"):
    """Ask for (number of the configuration, process id, ticks of the daemon threads or -1); None if no answer comes."""
    wire = Wire(server.port)
    try:
        answer = wire.ask("GET", "/generation", host=host)
    except OSError:
        return None
    finally:
        wire.close()
    if answer.status != 200:
        return None
    generation, pid, interpreter, ticks = answer.body.decode().split()
    return int(generation), int(pid), int(ticks) if interpreter != "main_interpreter" else -1


def restart(server, signum, before):
    """Send the parent a signal; return the seconds until a child of the next configuration answers, None if none does."""
    started = time.monotonic()
    server.process.send_signal(signum)
    # A hard restart begins to count anew, and its children are others.
    changed = (lambda now: now[1] not in before) if signum == signal.SIGHUP else (lambda now: now[0] == before + 1)
    seen = wait_until(lambda: (now := state(server)) and changed(now), PATIENCE)
    return time.monotonic() - started if seen else None


def under_load(tree, mpm, graceful, hard, clients=CLIENTS):
    """Restart a server at work; prints the figures and returns the problems."""
    problems = []
    count = clients + 2 if mpm == "prefork" else 2
    with running(tree, mpm, DAEMONS, processes=count, threads=clients, preload=False) as server:
        parent = server.process.pid
        times, found, sizes = [], [], []
        for signum, number, lossy in ((signal.SIGUSR1, graceful, False), (signal.SIGHUP, hard, True)):
            with Visitors(server, clients, lossy=lossy) as visitors:
                time.sleep(1)
                for _ in range(number):
                    before = set(server.children()) if lossy else state(server)[0]
                    times.append(restart(server, signum, before))
                    if times[-1] is None:
                        problems.append(f"nobody answered after {signal.Signals(signum).name} number {len(times)}")
                        break
                    problems += silent_daemons(server)
                    sizes.append(held(parent))
                    time.sleep(0.3)
                found.append(visitors.end())
            problems += logged(server, found[-1], CUT_OFF + crashes_of_event(server) if lossy else HARMLESS)
        problems += found[0].problems + found[1].problems
        # Old children end with their last connection.
        expected = count + 1
        if not wait_until(lambda: len(processes(parent)) == expected, 20):
            problems.append(f"{len(processes(parent))} processes instead of {expected} after the restarts")
        server.stop()
        if left := processes(parent):
            problems.append(f"processes left after the end: {left}")
        problems += logged(server, Visit(), HARMLESS)
        problems += saved_cores(server)
    grown = print_sizes(sizes)
    if grown > BAR:
        problems.append(f"the parent grew by {grown / 1e6:.2f} MB")
    if sizes[-1][1] > sizes[min(SETTLED, len(sizes) - 1)][1]:
        problems.append("the parent has more descriptors")
    known = sorted(seconds for seconds in times if seconds is not None)
    print(f"{mpm}: {graceful} graceful restarts, {found[0].requests:,} requests of {clients} clients, {len(found[0].problems)} failed")
    print(f"  sent again, as the kept connection had been closed before an answer began: {found[0].reopened}")
    print(f"  {hard} hard restarts, {found[1].requests:,} requests, {found[1].lost} cut off, {len(found[1].problems)} wrong")
    if known:
        print(f"  until a new child answers: median {known[len(known) // 2]:.2f} s, longest {known[-1]:.2f} s")
    print(f"  problems: {len(problems)}")
    return problems


def logged(server, visit, allowed):
    """Return what the log has since the last call and should not have."""
    lines = unexpected(server.log, visit.failures, visit.lost + visit.reopened, allowed)
    server.log.reset()
    return [f"log: {line}" for line in lines[:20]]


def crashes_of_event(server):
    """Delete the dumps of children that event itself has crashed, and return what to add to the lines that are allowed."""
    found = [(file, core) for file in server.cores.iterdir() if (core := Core(file)).is_of_event()]
    for file, core in found:
        print(f"event crashed in child {core.pid} as it closed its connections")
        file.unlink()
    return "".join(rf"|AH0005[12]: child pid {core.pid} exit signal Segmentation fault" for _, core in found)


def silent_daemons(server):
    """Return a sentence for each sub-interpreter whose daemon threads stand still."""

    def alive(host):
        first = state(server, host)
        return first and first[2] >= 0 and wait_until(lambda: (now := state(server, host)) and now[1:] != first[1:], 10)

    return [f"no daemon thread runs in {host}" for host in ("second", "third") if not alive(host)]


def print_sizes(sizes):
    """Print what the parent had after the first restarts and the last; return the growth in bytes."""
    first, last = sizes[min(SETTLED, len(sizes) - 1)], sizes[-1]
    print(f"parent: {first[0] / 1e6:.2f} MB, {first[1]} descriptors; after {len(sizes)} restarts {last[0] / 1e6:.2f} MB, {last[1]}")
    return last[0] - first[0]


class Tail:
    """Reads what is appended to a file."""

    def __init__(self, file):
        self._file, self._position = file, file.stat().st_size

    def count(self, text):
        """Return how often a text came since the last call."""
        with self._file.open("rb") as stream:
            stream.seek(self._position)
            data = stream.read()
        data = data[: data.rfind(b"\n") + 1]
        self._position += len(data)
        return data.count(text)


def idle(tree, mpm, number):
    """Restart a server that has nothing else to do; prints the figures and returns the problems."""
    problems, sizes = [], []
    started = time.monotonic()
    with running(tree, mpm, processes=1, threads=4, preload=False) as server:
        parent, generation = server.process.pid, state(server)[0]
        log = Tail(server.log.files[-1])
        for count in range(1, number + 1):
            server.process.send_signal(signal.SIGUSR1)
            if not wait_until(lambda: log.count(READY), PATIENCE):
                problems.append(f"the parent did not come back from restart {count}")
                break
            sizes.append(held(parent))
            # httpd takes a second or more to start a child after a restart.
            if count % ASK_EVERY == 0 or count == number:
                expected = count + generation
                if not wait_until(lambda: (now := state(server)) and now[0] == expected, PATIENCE):
                    problems.append(f"Python does not answer after {count} restarts")
                    break
        wait_until(lambda: len(processes(parent)) == 2, 20)
        server.stop()
        problems += logged(server, Visit(), CROWDED)
        problems += saved_cores(server)
        if left := processes(parent):
            problems.append(f"processes left after the end: {left}")
    grown = print_sizes(sizes)
    if grown > BAR:
        problems.append(f"the parent grew by {grown / 1e6:.2f} MB")
    print(f"{mpm}: {len(sizes)} graceful restarts of an idle server in {time.monotonic() - started:.0f} s; problems: {len(problems)}")
    return problems


def main():
    """Read the command line, stage the module, restart."""
    parser = command.parser(__doc__)
    parser.add_argument("--graceful", type=int, default=50)
    parser.add_argument("--hard", type=int, default=10)
    parser.add_argument("--idle", type=int, default=1500)
    options = command.parse(parser)
    problems = []
    with installed(options.module) as tree:
        for mpm in options.mpms:
            if options.graceful:
                problems += under_load(tree, mpm, options.graceful, options.hard)
        if options.idle:
            problems += idle(tree, options.mpms[-1], options.idle)
    command.finish(problems)


if __name__ == "__main__":
    main()
