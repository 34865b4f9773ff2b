"""Reads httpd's error log: what a test announced may be there, anything else from level warn on fails it.

Made by Httpd, one for each server; harness.plugin calls check() after each test.
"""

import re
import time
from dataclasses import dataclass

from harness import launch

#: What Python writes to stderr where it does not find its library.
NO_LIBRARY = (
    r"^(WARN: Could not find the standard library directory|Python path configuration:|  |sys\.|Fatal Python error"
    r"|Current thread|<no Python frame>|Error in|$)"
)

LEVELS = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"]

#: httpd's own default ErrorLogFormat.
_LINE = re.compile(r"\[[^\]]+\] \[(?P<module>[^:\]]*):(?P<level>\w+)\] \[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\] ")

#: Entries of httpd in the middle of a line that a child writes to stderr itself, as Python does, letter by letter.
_TORN = re.compile(r"^([^\[\n][^\n]*?)((?:\[[^\]\n]+\] \[[^:\]\n]*:\w+\] \[pid \d[^\n]*\n)+)([^\n]*\n)", re.MULTILINE)

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


def read_lines(file, position=0):
    """Return the bytes that a file has from a position on. A reader may see half a write: the end of the last line is waited for."""
    end = time.monotonic() + 0.5 * launch.patience
    while True:
        with file.open("rb") as stream:
            stream.seek(position)
            data = stream.read()
        if not data or data.endswith(b"\n") or time.monotonic() > end:
            return data
        time.sleep(0.01)


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
        return _text(self.entries())

    def lines(self):
        """Return the lines that were logged since the last check."""
        return [entry.line for entry in self.entries()]

    def all_text(self):
        """Return all that was logged since the server was made."""
        return "".join(file.read_text(errors="replace") for file in self.files if file.exists())

    def find(self, pattern):
        """Return the lines since the last check that match a regular expression."""
        return [line for line in self.lines() if re.search(pattern, line)]

    def wait_for(self, pattern, timeout=10, times=1):
        """Announce a line and wait until it has come `times`; returns the matching lines, or fails with the log."""
        self.expect(pattern)
        timeout *= launch.patience
        end = time.monotonic() + timeout
        while len(found := self.find(pattern)) < times:
            if time.monotonic() > end:
                raise AssertionError(f"no {times} line(s) matching {pattern!r} in {timeout} s; the log:\n{self.text()}")
            time.sleep(0.02)
        return found

    def check(self):
        """Fail with AssertionError for lines that were not announced and for announced ones that did not come.

        A line may come a moment after the response, so missing ones are waited for, and the end of a traceback. Starts afresh
        afterwards.
        """
        started = time.monotonic()
        while True:
            entries, positions = self._read()
            unexpected = self._judge(entries)
            missing = [wanted for wanted in self._expectations if wanted.missing()]
            if not (missing or unexpected) or time.monotonic() > started + (5 if missing else 0.3) * launch.patience:
                break
            time.sleep(0.05)
        self._forget(positions)
        problems = [f"unexpected line: {entry.line}" for entry in unexpected]
        problems += [f"seen {wanted.seen} times, not as announced: {wanted.pattern.pattern!r}" for wanted in missing]
        if problems:
            raise AssertionError("the error log is not as expected\n" + "\n".join(problems) + f"\n\nthe log:\n{_text(entries)}")

    def reset(self):
        """Forget the lines so far and what was announced for them."""
        self._forget(self._read()[1])

    def _forget(self, positions):
        self._positions = positions
        self._expectations = [wanted for wanted in self._expectations if wanted.always]

    def entries(self):
        """Return the Entry of each line since the last check."""
        return self._read()[0]

    def _read(self):
        """Return the entries, and for each file where the next one will begin."""
        entries, positions = [], dict(self._positions)
        for file in self.files:
            if file.exists():
                data = read_lines(file, self._positions[file])
                positions[file] += len(data)
                text = _TORN.sub(r"\1\3\2", data.decode(errors="replace"))
                entries += [Entry.parse(line) for line in text.splitlines()]
        return entries, positions

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


def _text(entries):
    return "".join(entry.line + "\n" for entry in entries)


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
