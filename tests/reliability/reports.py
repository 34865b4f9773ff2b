"""Reads what valgrind and the sanitizers wrote: python -m reliability.reports valgrind|sanitizer FOLDER.

Prints every kind of report once. Ends with 1 if one has a frame of the module, or of one of its private copies.
Called by tests/reliability/memory.sh.
"""

import html
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

#: The module's file, as installed, as built, as a private copy in a file or in memory; the functions and files of it.
_OURS = re.compile(r"mod_python\.so|mod_python-image-|/memfd:mod_python|/proc/self/fd/[/.\d]*\d|\bmod_python::|include/shim\.c")

#: Origin of what valgrind reports in libpython3.11's own code, from its start on: a new int's digit, which a zero does not set.
_ZERO = ("malloc (", "_PyLong_New (")

#: How many frames make two reports the same.
_DEPTH = 6


@dataclass(frozen=True)
class Report:
    """One report: what it says, and its frames of all stacks as text, the innermost first."""

    title: str
    frames: tuple

    @property
    def ours(self):
        """Tell whether the module is in one of the stacks, or the report was cut off before they ended."""
        return not self.frames or any(_OURS.search(frame) for frame in self.frames)

    @property
    def kind(self):
        """What is equal in reports of the same place; addresses are not."""
        return self.title, tuple(re.sub(r"0x[0-9a-f]+|\+0x\w+", "", frame) for frame in self.frames[:_DEPTH])


def of_valgrind(text):
    """Yield the Report of each error in valgrind's XML, also where the process was killed while it wrote."""
    for error in re.findall(r"<error>.*?(?:</error>|\Z)", text, re.S):
        title = re.search(r"<what>(.*?)</what>|<text>(.*?)</text>", error, re.S)
        stacks = [re.findall(r"<frame>.*?</frame>", stack, re.S) for stack in error.split("<stack>")[1:]]
        frames = [_valgrind_frame(frame) for stack in stacks for frame in stack]
        origin = [_valgrind_frame(frame) for frame in stacks[-1][:2]] if "ninit" in error.partition("</kind>")[0] else []
        if len(stacks) > 1 and len(origin) == 2 and all(map(str.startswith, origin, _ZERO)) and "/libpython3.11" in origin[1]:
            continue
        whole = error.endswith("</error>")
        yield Report(html.unescape((title[1] or title[2]) if title else "cut off"), tuple(frames) if whole else ())


def _valgrind_frame(text):
    def part(name, otherwise=""):
        found = re.search(rf"<{name}>(.*?)</{name}>", text, re.S)
        return html.unescape(found[1]) if found else otherwise

    place = f" {part('dir')}/{part('file')}:{part('line')}" if "<file>" in text else ""
    return f"{part('fn', '?')} ({part('obj', '?')}){place}"


def of_sanitizer(text):
    """Yield the Report of each error in a log of AddressSanitizer or ThreadSanitizer."""
    for report in re.split(r"^={18,}$", text, flags=re.M):
        title = re.search(r"^(?:==\d+==)?\s*((?:ERROR|WARNING|FATAL): \w+Sanitizer:? [^(\n]*)", report, re.M)
        if title:
            words = re.sub(r" (on|at pc) .*", "", title[1]).strip()
            yield Report(words, tuple(re.findall(r"^\s*#\d+ (.*)$", report, re.M)))


READERS = {"valgrind": of_valgrind, "sanitizer": of_sanitizer}


def read(kind, folder):
    """Return ({kind of report: how often}, {kind of report: its first Report}, number of files)."""
    counts, first = Counter(), {}
    files = [file for file in sorted(Path(folder).iterdir()) if file.is_file()]
    for file in files:
        for report in READERS[kind](file.read_text(errors="replace")):
            counts[report.kind] += 1
            first.setdefault(report.kind, report)
    return counts, first, len(files)


def main(kind, folder):
    """Print the reports; return the exit status."""
    counts, first, files = read(kind, folder)
    for key, times in counts.most_common():
        report = first[key]
        print(f"{times} x {'OURS' if report.ours else 'other'}: {report.title}")
        print("".join(f"    {frame}\n" for frame in report.frames))
    ours = sum(1 for report in first.values() if report.ours)
    print(f"{files} files, {sum(counts.values())} reports of {len(counts)} kinds, {ours} kinds with frames of the module")
    return 1 if ours else 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in READERS or not Path(sys.argv[2]).is_dir():
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
