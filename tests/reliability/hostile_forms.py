"""Attacks on forms: uploads that are broken off, floods of fields, multipart bodies of any shape. Used by hostile."""

import json
import socket
import time

from reliability.findings import PATIENCE, Findings, content, head, judge, post, send, status
from reliability.hostile_site import open_uploads

_MULTIPART = b"Content-Type: multipart/form-data; boundary=edge"
#: What mod_python.form.max_fields is by default.
_MOST = 1000


def _part(name, data, filename=None, extra=b""):
    named = b'; filename="%s"' % filename if filename is not None else b""
    return b'--edge\r\nContent-Disposition: form-data; name="%s"%s\r\n%s\r\n%s\r\n' % (name, named, extra, data)


def aborted(site, chance, tries):
    """Break off uploads: somewhere in the body, by an orderly end, a reset, or in the middle of a chunk."""
    findings = Findings()
    for _ in range(tries):
        size = chance.choice([1_000, 100_000, 2_000_000])
        body = _part(b"field", b"text") + _part(b"file", chance.randbytes(size), b"name.bin") + b"--edge--\r\n"
        cut = chance.randint(len(body) // 4, len(body) - 20)
        if chance.random() < 0.3:
            request = head(b"POST", b"/form", b"Transfer-Encoding: chunked", _MULTIPART) + b"%x\r\n" % len(body) + body[:cut]
        else:
            request = head(b"POST", b"/form", b"Content-Length: %d" % len(body), _MULTIPART) + body[:cut]
        way = chance.choice(["end", "reset", "half"])
        if way == "half":
            # The client still listens: it is told.
            judge(findings, send(site, request), (400,), request)
            continue
        with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) as client:
            client.sendall(request)
            if way == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        findings.note(f"left ({way})")
    end = time.monotonic() + 10
    while (left := open_uploads(site.uploads, site.children())) and time.monotonic() < end:
        time.sleep(0.05)
    left += [str(path) for path in site.uploads.iterdir()]
    if left:
        findings.problems.append(f"left on disk: {left}")
    if status(send(site, head(b"GET", b"/pid"))) != 200:
        findings.problems.append("no answer afterwards")
    return findings


def floods(site, chance, tries):
    """Send forms of up to twelve thousand fields, in the query, urlencoded and as parts."""
    findings = Findings()
    for _ in range(tries):
        count = chance.choice([0, 1, 999, 1000, 1001, 1002, 10_000, chance.randint(900, 1100), chance.randint(1, 12_000)])
        names = [b"n%d" % chance.randrange(50) if chance.random() < 0.5 else b"n%d" % number for number in range(count)]
        match chance.randrange(3):
            case 0:
                names = names[:9000]
                request = head(b"GET", b"/form?" + b"&".join(name + b"=1" for name in names))
            case 1:
                request = post(b"/form", b"&".join(name + b"=1" for name in names), b"Content-Type: application/x-www-form-urlencoded")
            case _:
                request = post(b"/form", b"".join(_part(name, b"1") for name in names) + b"--edge--\r\n", _MULTIPART)
        data = send(site, request)
        good = 200 if len(names) <= _MOST else 400
        problem = None if status(data) == good else f"{status(data)} for {len(names)} fields"
        if good == 200 and not problem and json.loads(content(data)) != [len(names)] * 2:
            problem = f"{content(data)!r} for {len(names)} fields"
        findings.note(status(data), problem)
    return findings


def _nested(depth):
    """Return a body whose part is a multipart body whose part is one ..."""
    body = b"data"
    for level in range(depth):
        body = b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n%s\r\n--b%d--\r\n" % (level, level - 1, body, level)
    return _part(b"nested", body, extra=b"Content-Type: multipart/mixed; boundary=b%d\r\n" % (depth - 1)) + b"--edge--\r\n"


def _header(chance):
    """Return a header of a part, of whatever bytes."""
    any_bytes = chance.randbytes(chance.randint(0, 40)).replace(b"\n", b"")
    forms = [
        b'Content-Disposition: form-data; name="%s"', b'Content-Disposition: form-data; name="a"; filename="%s"',
        b"Content-Disposition: form-data; name*=UTF-8''%s", b"Content-Disposition: form-data; filename*0=%s; filename*1=x",
        b'Content-Disposition: form-data; name="%s', b"Content-Disposition: %s", b"Content-Disposition: form-data;;;; name=%s;",
        b"Content-Type: %s", b"Content-Type: multipart/mixed; boundary=%s", b"Content-Transfer-Encoding: %s", b"%s: x", b"%s", b" %s",
        b"Content-Disposition: form-data; name=x\r\n %s\r\n\t", b"Content-Length: %s",
    ]  # fmt: skip
    return chance.choice(forms) % any_bytes + b"\r\n"


def multipart(site, chance, tries):
    """Send multipart bodies whose parts and headers are anything, nested, cut, doubled, and with bytes put in."""
    findings = Findings()
    pieces = [b"--edge", b"\r\n--edge\r\n", b"--edge--", b"\r\n", b"\n", b"\r", b"\0", b'"', b"\r\n\r\n", b"--", b"edge", b"\xff\xfe", b":"]
    for _ in range(tries):
        if chance.random() < 0.1:
            body = _nested(chance.randint(1, 300))
        else:
            body = b""
            for _ in range(chance.randint(0, 8)):
                extra = b"".join(_header(chance) for _ in range(chance.randint(0, 4)))
                if chance.random() < 0.05:
                    extra += b"X-Long: " + b"x" * chance.choice([10_000, 16_000, 40_000]) + b"\r\n"
                filename = chance.choice([None, b"", b"../../etc/passwd", b"C:\\x", chance.randbytes(10).replace(b"\n", b"")])
                body += _part(b"n", chance.randbytes(chance.choice([0, 10, 3000])), filename, extra)
            body += b"--edge--\r\n"
        for _ in range(chance.choice([0, 1, 1, 3, 10])):
            place = chance.randint(0, len(body))
            match chance.randrange(4):
                case 0:
                    body = body[:place] + body[place + chance.randint(1, 30) :]
                case 1:
                    body = body[:place] + chance.choice(pieces) + body[place:]
                case 2:
                    body = body[:place] + body[max(place - 40, 0) :]
                case _:
                    body = body[:place] + chance.randbytes(1) + body[place + 1 :]
        boundary = b"edge"
        if chance.random() < 0.1:
            boundary = chance.choice([b"", b'""', b'"edge"', b"edge;x", b'"ed', b"x" * 5000, b"\xff", chance.randbytes(5).replace(b"\n", b"")])
        # Other control characters make the header itself no header.
        boundary = bytes(byte for byte in boundary if byte >= 32 and byte != 127)
        request = post(b"/form", body, b"Content-Type: multipart/form-data; boundary=" + boundary)
        judge(findings, send(site, request), (200, 400, 413), request)
    left = [*site.uploads.iterdir()]
    if left:
        findings.problems.append(f"left on disk: {left}")
    return findings


def names(site, chance, tries):
    """Send field names, values and file names that are no UTF-8, have NULs, or are escaped halfway."""
    findings = Findings()
    for _ in range(tries):
        name, value = (chance.randbytes(chance.randint(0, 30)) for _ in range(2))
        if chance.random() < 0.5:
            quoted = [b"".join(b"%%%02x" % byte for byte in text) for text in (name, value)]
            ends = chance.choice([b"", b"%", b"%z", b"%f", b"%%", b"%u12", b"&&==", b";"])
            body, kind = b"=".join(quoted) + ends, b"Content-Type: application/x-www-form-urlencoded"
        else:
            plain = [bytes(byte for byte in text if byte not in b'\r\n"') for text in (name, value)]
            body, kind = _part(plain[0], value, chance.choice([None, plain[1]])) + b"--edge--\r\n", _MULTIPART
        request = post(chance.choice([b"/form", b"/look", b"/pub/index", b"/psp/page.psp"]), body, kind)
        judge(findings, send(site, request), (200, 400), request)
    return findings
