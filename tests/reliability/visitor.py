"""One client process: `python -m reliability.visitor` sends requests of all kinds in turn and prints "ready" and what came of them as JSON.

It ends after --count requests or, at a SIGTERM, after the request it is at. Started by reliability.visitors only.
"""

import argparse
import json
import signal

from reliability.kinds import KINDS, Client

#: After so many wrong answers a visitor gives up.
ENOUGH = 20


def visit(client, first, count, lossy, told):
    """Send the requests; returns what reliability.visitors.Visit has."""
    kinds = list(KINDS.items())
    done, problems, lost = dict.fromkeys(KINDS, 0), [], 0
    for number in range(first, first + count):
        if told or len(problems) >= ENOUGH:
            break
        name, ask = kinds[number % len(kinds)]
        problem = None
        try:
            problem = ask(client, number // len(kinds))
        except OSError as error:
            client.forget()
            if lossy and not isinstance(error, TimeoutError):
                lost += 1
            else:
                problem = f"{type(error).__name__}: {error}"
        except Exception as error:
            client.forget()
            problem = f"{type(error).__name__}: {error}"
        done[name] += 1
        if problem:
            problems.append(f"{name}, request {number} to {client.host}: {problem}")
    client.wire.close()
    return {
        "done": done, "problems": problems, "lost": lost, "reopened": client.wire.reopened, "failures": client.failures
    }  # fmt: skip


def main():
    """Read the command line, visit, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--echo-port", type=int)
    parser.add_argument("--host")
    parser.add_argument("--first", type=int)
    parser.add_argument("--count", type=int)
    parser.add_argument("--lossy", action="store_true", help="a connection that breaks is counted, not a problem")
    options = parser.parse_args()
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    # Its parent may tell from now on.
    print("ready", flush=True)
    client = Client(options.port, options.echo_port, options.host, not options.lossy)
    print(json.dumps(visit(client, options.first, options.count, options.lossy, told)))


if __name__ == "__main__":
    main()
