"""Attacks by names: paths that lead out of the document root, and session ids that are paths. Used by hostile."""

import re

from reliability.findings import Findings, content, head, post, send, status
from reliability.hostile_site import SECRET, files_below

_DOTS = [b"..", b"%2e%2e", b".%2e", b"%2E.", b"%252e%252e", b"%c0%ae%c0%ae", b"%e0%80%ae", b"..%00", b"..%20", b"...", b"..;", b"..%5c..", b"%uff0e%uff0e"]
_SLASHES = [b"/", b"%2f", b"%5c", b"\\", b"%252f", b"%c0%af", b"//", b"/./", b"%2F", b"/%2e/", b"%00/", b"/;/"]
_ENDS = [
    b"secret.txt", b"secret.py", b"secret", b"secret.psp", b"secret.py/secret", b"htdocs/hostile.py", b"etc/passwd", b"etc/hostname",
    b"proc/self/environ", b"httpd.conf", b"logs/error.log", b"secret.txt%00", b"secret.psp%00.psp", b"secret.txt%20", b"secret.psp/",
    b"htdocs/pub/index.py", b"_secret", b"_hidden", b"page.psp_", b"page.psp%5f", b"__globals__", b"__class__/__init__/__globals__",
    b"index.__globals__", b"index/__code__", b"page/__init__", b"index.py%00.txt", b"script.py%00", b"script.pyc", b"page.psp~",
]  # fmt: skip
_STARTS = [b"/pub/", b"/pub/index/", b"/pub/index.py/", b"/psp/", b"/psp/page.psp/", b"/cgi/", b"/cgi/script.py/", b"/app/", b"/wsgi/", b"/look/", b"/"]


def paths(site, chance, tries):
    """Ask handlers, the publisher, PSP and scripts for what lies outside, in all spellings; no secret may come back."""
    findings = Findings()
    before = files_below(site)
    for _ in range(tries):
        path = chance.choice(_STARTS)
        for _ in range(chance.choice([0, 1, 2, 3, 6, 12])):
            path += chance.choice(_DOTS) + chance.choice(_SLASHES)
        if chance.random() < 0.1:
            path += chance.choice(_SLASHES) + str(site.root).encode() + b"/"
        path += chance.choice(_ENDS)
        request = head(b"GET", path) if chance.random() < 0.8 else post(path, b"name=x", b"Content-Type: application/x-www-form-urlencoded")
        data = send(site, request)
        found = re.search(SECRET.encode() + rb"|root:x:|LoadModule|DocumentRoot", data)
        good = status(data) in (200, 301, 400, 403, 404, 405, 501)
        problem = f"{found[0]!r} came for {path!r}" if found else None if good else f"{status(data)} for {path!r}"
        findings.note(status(data), problem)
    after = files_below(site)
    if after != before:
        findings.problems.append(f"files came or went: {set(after) ^ set(before)}")
    return findings


_ID = re.compile(rb"[0-9a-f]{32} 1")


def sessions(site, chance, tries):
    """Give paths and other texts as the id of a session, in the cookie and to Session itself; none may be taken."""
    findings = Findings()
    before = files_below(site)
    for _ in range(tries):
        parts = [chance.choice([*_DOTS, b"0" * 32, b"a" * 30, b"A" * 32, b"\xff" * 32, b"/etc/passwd", b"x", b"0" * 31 + b"g", b"\xc2\xb2" * 16]) for _ in range(chance.randint(1, 4))]
        sid = chance.choice([b"/", b"\\", b"%2f", b"", b"%00"]).join(parts)
        if chance.random() < 0.3:
            sid = b"../" * chance.randint(1, 9) + b"secret.txt"
        kind = chance.choice([b"file", b"dbm", b"memory"])
        # 32 digits are a number like any other; it is not adopted.
        if chance.random() < 0.5 or re.fullmatch(rb"[0-9a-f]{32}", sid) or not sid:
            data = send(site, head(b"GET", b"/session/" + kind, b"Cookie: pysid=" + sid))
            right = _ID.fullmatch(content(data)) and not content(data).startswith(sid + b" ")
        else:
            data = send(site, head(b"GET", b"/session/" + kind + b"?" + sid))
            right = content(data) == b"ValueError"
        outcome = f"{status(data)} {'ValueError' if content(data) == b'ValueError' else 'a new id'}"
        findings.note(outcome, None if status(data) == 200 and right else f"{status(data)} {content(data)[:100]!r} for {sid!r}")
    after = files_below(site)
    if after != before:
        findings.problems.append(f"files came or went: {set(after) ^ set(before)}")
    return findings
