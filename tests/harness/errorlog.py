"""Reads httpd's error log: what a test announced may be there, anything else from level warn on fails it.

Made by Httpd, one for each server; harness.plugin calls check() after each test.
"""

import re
import time
from dataclasses import dataclass

LEVELS = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"]

#: httpd's own default ErrorLogFormat.
_LINE = re.compile(r"\[[^\]]+\] \[(?P<module>[^:\]]*):(?P<level>\w+)\] \[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\] ")

#: At any level: a child that died.
_CRASH = re.compile(r"exit signal|AH0005[012]|Segmentation fault|core dumped|Fatal Python error")

#: httpd's remarks on the test servers' few processes and threads.
_KNOWN = re.compile(r"AH(00161|00484|00485|00286|00288|03269|10159): ")

_TRACEBACK = "Traceback (most recent call last)"
#: The module's own line above a traceback.
_UNCAUGHT = re.compile(r"MPY\d+: .*uncaught")
_CHAINED = ("During handling of the above exception", "was the direct cause of the following exception")


@dataclass
class Entry:
    """One line. Lines that something wrote to stderr itself have no module, level or thread."""

    line: str
    module: str | None = None
    level: str | None = None
    thread: tuple | None = None

    @classmethod
    def parse(cls, line):
        """Take a line apart."""
        found = _LINE.match(line)
        if not found:
            return cls(line)
        return cls(line, found["module"], found["level"], (found["pid"], found["tid"]))

    def suspicious(self):
        """Tell whether the line has to be announced."""
        if _CRASH.search(self.line):
            return True
        if not self.line.strip() or _KNOWN.search(self.line):
            return False
        return self.level is None or (self.level in LEVELS and LEVELS.index(self.level) <= LEVELS.index("warn"))


@dataclass
class _Expectation:
    pattern: re.Pattern
    times: int | None = None
    required: bool = True
    traceback: bool = False
    always: bool = False
    seen: int = 0

    def missing(self):
        return self.required and (self.seen == 0 if self.times is None else self.seen != self.times)


class ErrorLog:
    """The error log of one server, and what httpd wrote to its stderr before it opened the log."""

    def __init__(self, *files):
        self.files = files
        self._positions = dict.fromkeys(files, 0)
        self._expectations = []

    def expect(self, pattern, times=None):
        """Announce lines that match a regular expression: at least one, or exactly `times`, has to come."""
        self._expectations.append(_Expectation(re.compile(pattern), times))

    def allow(self, pattern, always=False):
        """Announce lines that may come or not, in this test or in all tests of the server."""
        self._expectations.append(_Expectation(re.compile(pattern), required=False, always=always))

    def expect_traceback(self, pattern, times=None):
        """Announce a whole Python traceback by a regular expression for its last line.

        That takes in its causes and the module's line above it; to check that line, `expect` it as well.
        """
        self._expectations.append(_Expectation(re.compile(pattern), times, traceback=True))

    def text(self):
        """Return all that was logged since the last check."""
        return "".join(line + "\n" for line in self.lines())

    def lines(self):
        """Return the lines that were logged since the last check."""
        return [entry.line for entry in self._entries()]

    def all_text(self):
        """Return all that was logged since the server was made."""
        return "".join(file.read_text(errors="replace") for file in self.files if file.exists())

    def find(self, pattern):
        """Return the lines since the last check that match a regular expression."""
        return [line for line in self.lines() if re.search(pattern, line)]

    def wait_for(self, pattern, timeout=10, times=1):
        """Announce a line and wait until it has come `times`; returns the matching lines, or fails with the log."""
        self.expect(pattern)
        end = time.monotonic() + timeout
        while len(found := self.find(pattern)) < times:
            if time.monotonic() > end:
                raise AssertionError(f"no {times} line(s) matching {pattern!r} in {timeout} s; the log:\n{self.text()}")
            time.sleep(0.02)
        return found

    def check(self):
        """Fail with AssertionError for lines that were not announced and for announced ones that did not come.

        A line may come a moment after the response, so missing ones are waited for. Starts afresh afterwards.
        """
        end = time.monotonic() + 5
        while True:
            entries = self._entries()
            unexpected = self._judge(entries)
            missing = [wanted for wanted in self._expectations if wanted.missing()]
            if not missing or time.monotonic() > end:
                break
            time.sleep(0.05)
        log = self.text()
        self.reset()
        problems = [f"unexpected line: {entry.line}" for entry in unexpected]
        problems += [f"seen {wanted.seen} times, not as announced: {wanted.pattern.pattern!r}" for wanted in missing]
        if problems:
            raise AssertionError("the error log is not as expected\n" + "\n".join(problems) + f"\n\nthe log:\n{log}")

    def reset(self):
        """Forget the lines so far and what was announced for them."""
        for file in self.files:
            self._positions[file] = file.stat().st_size if file.exists() else 0
        self._expectations = [wanted for wanted in self._expectations if wanted.always]

    def _entries(self):
        entries = []
        for file in self.files:
            if file.exists():
                with file.open("rb") as stream:
                    stream.seek(self._positions[file])
                    text = stream.read().decode(errors="replace")
                entries += [Entry.parse(line) for line in text.splitlines()]
        return entries

    def _judge(self, entries):
        """Count what was announced, and return the suspicious entries that nobody announced."""
        claimed = set()
        for wanted in self._expectations:
            wanted.seen = 0
            for index, entry in enumerate(entries):
                if wanted.pattern.search(entry.line):
                    wanted.seen += 1
                    claimed.add(index)
                    if wanted.traceback:
                        claimed.update(_traceback_before(entries, index))
        return [entry for index, entry in enumerate(entries) if index not in claimed and entry.suspicious()]


def _traceback_before(entries, last):
    """Return the indexes of the traceback that ends with an entry, through the exceptions it is chained to."""
    if _TRACEBACK in entries[last].line:
        return []
    same = [index for index in range(last) if entries[index].thread == entries[last].thread]
    claimed = []
    for place in range(len(same) - 1, -1, -1):
        claimed.append(same[place])
        if _TRACEBACK in entries[same[place]].line:
            before = entries[same[place - 1]].line if place else ""
            # A blank line stands between the sentence and the next traceback where chunks are lines.
            if place > 1 and not before.strip():
                before = entries[same[place - 2]].line
            if not any(sentence in before for sentence in _CHAINED):
                if place and _UNCAUGHT.search(entries[same[place - 1]].line):
                    claimed.append(same[place - 1])
                return claimed
    return []
