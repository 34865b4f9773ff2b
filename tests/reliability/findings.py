"""What the kinds of attacks share: how something is sent, and what came of it. Used by the hostile_* modules and hostile."""

import re
import socket
from collections import Counter
from dataclasses import dataclass, field

#: Seconds after which an answer counts as missing: more than any time limit of the attacked server.
PATIENCE = 30


@dataclass
class Findings:
    """How many tries there were, what they ended with, and a sentence for each that ended as it must not."""

    tries: int = 0
    outcomes: Counter = field(default_factory=Counter)
    problems: list = field(default_factory=list)

    def note(self, outcome, problem=None):
        """Count one try; `problem` tells what is wrong with it, None for nothing."""
        self.tries += 1
        self.outcomes[str(outcome)] += 1
        if problem:
            self.problems.append(problem)

    def __str__(self):
        outcomes = ", ".join(f"{name}: {count}" for name, count in sorted(self.outcomes.items()))
        return f"{self.tries} tries; {outcomes}; {len(self.problems)} problems"


def send(site, data, finish=True):
    """Send bytes and return all that comes back, also where the server closes before it has read everything.

    finish: end our side behind the data. Raises TimeoutError if the server goes on waiting.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(data)
            if finish:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    return received


def head(method, path, *headers, host=b"localhost", close=True):
    """Return a request's head from bytes, with what each request needs."""
    lines = [b"%s %s HTTP/1.1" % (method, path), b"Host: " + host, *headers]
    if close:
        lines.append(b"Connection: close")
    return b"\r\n".join([*lines, b"", b""])


def post(path, body, *headers, **options):
    """Return a POST request with its length."""
    return head(b"POST", path, b"Content-Length: %d" % len(body), *headers, **options) + body


def statuses(data):
    """Return the status of each response in what came back."""
    return [int(number) for number in re.findall(rb"(?:\A|(?<=\n))HTTP/1\.[01] (\d{3})", data)]


def status(data):
    """Return the one status of what came back, None for nothing, or text for anything else."""
    found = statuses(data)
    if len(found) == 1 and data.startswith(b"HTTP/"):
        return found[0]
    if not data:
        return "closed"
    return f"{len(found)} answers" if found else "no HTTP"


def content(data):
    """Return the body of a response, taken out of its chunks if it came in some."""
    top, _, body = data.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in top.lower():
        return body
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return whole


def judge(findings, data, good, shown):
    """Note a response: its status must be one of `good`; `shown` is what was sent, for the sentence about it."""
    outcome = status(data)
    problem = None if outcome in good else f"{outcome} for {shown[:300]!r}"
    findings.note(outcome, problem)
