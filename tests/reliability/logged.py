"""What the error log of a long run may have: what the requests that fail on purpose write, as often as they did, and no more.

Used by soak and restarts.
"""

import re

_WHERE = r"\(phase PythonHandler, interpreter '\w+'\)$"
#: Path of a request -> what it writes, each line once.
LINES = {
    "/handler/fail": [
        r"MPY0401: PythonHandler soak_handlers: uncaught RuntimeError " + _WHERE,
        r"PythonHandler soak_handlers: Traceback \(most recent call last\):$",
        r'PythonHandler soak_handlers:   File ".*/soak_handlers\.py", line \d+, in handler\\n    raise RuntimeError\("soak: as asked"\)$',
        r"PythonHandler soak_handlers: RuntimeError: soak: as asked$",
    ],
    "/pub/soak_pub.py/_private": [r"MPY0651: .*: '_private' in '.*/soak_pub\.py' is not published: it begins with an underscore$"],
}
_EXPECTED = [(re.compile(r"\[python:\w+\] \[pid \d+(?::tid \d+)?\] \[client [\d.:]+\] " + line), path) for path in LINES for line in LINES[path]]


def unexpected(log, failures, slack=0, allowed="(?!)"):
    """Return the lines from level warn on that no request has asked for, and a sentence for each that came too often or too rarely.

    failures: path -> how often it was asked for. slack: requests of which nobody knows whether the server has had them.
    allowed: a regular expression for lines that do no harm.
    """
    counts = [0] * len(_EXPECTED)
    problems = []
    for entry in log.entries():
        if not entry.suspicious():
            continue
        for index, (pattern, _) in enumerate(_EXPECTED):
            if pattern.search(entry.line):
                counts[index] += 1
                break
        else:
            if not re.search(allowed, entry.line):
                problems.append(entry.line)
    for count, (pattern, path) in zip(counts, _EXPECTED):
        asked = failures.get(path, 0)
        if not asked - slack <= count <= asked + slack:
            problems.append(f"{count} lines for {asked} requests for {path}: {pattern.pattern}")
    return problems
