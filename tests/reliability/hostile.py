"""Hostile clients against a real server.

    PYTHONPATH=tests python -m reliability.hostile [--mpm event] [--seed 1] [--short] [--module PATH] [KIND...]

Each kind of attack is a function of the server, a random generator and the number of tries; the same seed gives the same
tries. Prints a line for each kind and exits with 1 if anything ended as it must not. test_hostile.py is the short form.
"""

import random
import time

from reliability import command, hostile_forms, hostile_headers, hostile_http, hostile_paths
from reliability.hostile_site import attacked
from reliability.server import installed

#: Name -> (function, tries of the short form, tries of the long form, what is attacked).
KINDS = {
    "slow": (hostile_http.slow, 8, 64, "slow heads and bodies"),
    "aborted": (hostile_forms.aborted, 60, 1_000, "uploads broken off"),
    "floods": (hostile_forms.floods, 40, 600, "forms of up to 12,000 fields"),
    "multipart": (hostile_forms.multipart, 200, 5_000, "malformed and nested multipart bodies"),
    "names": (hostile_forms.names, 100, 3_000, "field and file names that are no UTF-8"),
    "chunks": (hostile_http.chunks, 150, 5_000, "malformed chunks"),
    "lengths": (hostile_http.lengths, 60, 2_000, "contradictory lengths"),
    "heads": (hostile_http.bad_heads, 200, 5_000, "any bytes in address, query, headers, cookies, credentials"),
    "setters": (hostile_headers.setters, 800, 20_000, "CR, LF, NUL in what a handler passes to a header"),
    "others": (hostile_headers.others, 60, 2_000, "the same in functions of httpd and in redirects inside the server"),
    "paths": (hostile_paths.paths, 300, 8_000, "paths that lead out, in all spellings"),
    "sessions": (hostile_paths.sessions, 100, 2_000, "session ids that are none"),
}

#: httpd's own remarks about what clients send. Nothing of ours may be there, but for
OF_HTTPD = r"\[(?!python:)\w+:\w+\] \[pid .* AH\d{5}: "
#: what tells who wrote a page that something is wrong with it: a name that is not published, a text with a NUL from a map,
#: a response that httpd has refused to send.
OF_PAGES = {
    "paths": r"MPY0651: ",
    "others": r"MPY0410: |Python(RewriteMap|ExprFunction) hostile: ValueError: .* null byte$|"
    r"Evaluation of expression from .* failed: a Python function failed",
}


def attack(site, name, tries, seed=1):
    """Run one kind of attack and return its Findings; the server's log has to be looked at as well."""
    site.log.allow(OF_HTTPD)
    if name in OF_PAGES:
        site.log.allow(OF_PAGES[name])
    # The name is part of it: each kind has tries of its own.
    return KINDS[name][0](site, random.Random(f"{seed} {name}"), tries)


def hostile(tree, mpm, kinds=tuple(KINDS), seed=1, short=False):
    """Run these kinds of attack under one MPM; prints a line for each and returns the problems."""
    problems = []
    with attacked(tree, mpm) as site:
        children = site.children()
        for name in kinds:
            started = time.monotonic()
            findings = attack(site, name, KINDS[name][1 if short else 2], seed)
            try:
                site.log.check()
            except AssertionError as error:
                findings.problems.append(str(error)[:4000])
            print(f"{mpm}: {name}: {findings}; {time.monotonic() - started:.1f} s", flush=True)
            problems += [f"{mpm}: {name}: {problem}" for problem in findings.problems[:10]]
        if site.children() != children:
            problems.append(f"{mpm}: children {children} became {site.children()}")
    return problems


def main():
    """Run all kinds, or those named, with their full numbers."""
    parser = command.parser(__doc__)
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=", ".join(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="the numbers of the short form")
    options = command.parse(parser)
    problems = []
    with installed(options.module) as tree:
        for mpm in options.mpms:
            problems += hostile(tree, mpm, options.kinds, options.seed, options.short)
    command.finish(problems)


if __name__ == "__main__":
    main()
