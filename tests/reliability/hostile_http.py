"""Attacks on HTTP itself: slow clients, malformed chunks, request heads of any bytes. Used by hostile."""

import base64
import socket
import time
from contextlib import ExitStack

from reliability.findings import Findings, content, head, judge, send, status, statuses

#: Behind a body that is no body: whoever takes it for a request has been tricked.
SMUGGLED = b"GET /pid?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def slow(site, chance, tries):
    """Let clients send a head, or a body, a byte now and then, and ask for pages meanwhile."""
    findings = Findings()
    texts = [
        (head(b"GET", b"/pid", b"X-Long: " + b"x" * 4000), (408, "closed")),
        (head(b"POST", b"/body", b"Content-Length: 4000"), (200, 400, 408)),
        (head(b"POST", b"/form", b"Content-Length: 4000", b"Content-Type: multipart/form-data; boundary=x"), (400, 408)),
        (head(b"POST", b"/form", b"Transfer-Encoding: chunked") + b"fff\r\n", (400, 408)),
    ]
    # As many at once as leave some of the server's threads to others.
    for start in range(0, tries, 8):
        with ExitStack() as stack:
            clients = []
            for number in range(start, min(start + 8, tries)):
                text, good = texts[number % len(texts)]
                client = stack.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=30))
                # A head that never ends, a whole head with a body that never ends.
                client.sendall(text[:40] if number % len(texts) == 0 else text)
                clients.append((client, good, text))
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                for client, _, _ in clients:
                    try:
                        client.sendall(chance.choice([b"x", b"\r", b"a"]))
                    except OSError:
                        pass
                asked = time.monotonic()
                answer = send(site, head(b"GET", b"/pid"))
                waited = time.monotonic() - asked
                if status(answer) != 200 or waited > 10:
                    findings.problems.append(f"another visitor got {status(answer)} after {waited:.1f} s")
                time.sleep(0.2)
            for client, good, text in clients:
                data = b""
                try:
                    while piece := client.recv(65536):
                        data += piece
                except ConnectionResetError:
                    pass
                judge(findings, data, good, text)
    return findings


def _sizes(chance):
    """Return a line for the size of a chunk of five bytes that is none."""
    digits = "".join(chance.choice("0123456789abcdefABCDEF") for _ in range(chance.randint(17, 40)))
    return chance.choice(
        [
            "-5", "-1", "+5", "0x5", "", " ", "g", "5g", "5 5", "\t", "5\x00", "\x005", "5,5", "5.0", "1e1", "٥", "５", ";", ";x=5",
            "f" * 16, "f" * 17, "8" + "0" * 15, "7" + "f" * 15, "1" + digits, "5;" + "x" * chance.randint(70_000, 200_000),
            "\r5", "5\r\r", "\x0b5", "5\x0b", "--5", "0-5", "5\xff",
        ]
    ).encode()  # fmt: skip


def _chunks(chance):
    """Return (a chunked body, its length): None for what is malformed."""
    good = [bytes(chance.randbytes(chance.randint(1, 2000))) for _ in range(chance.randint(0, 4))]
    ways = ["%x", "%X", "%06x", "%x;name", '%x;name="value"', "%x;a=b;c=d", "%x;" + "x" * 1000]
    coded = b"".join((chance.choice(ways) % len(piece)).encode() + b"\r\n" + piece + b"\r\n" for piece in good)
    whole = sum(map(len, good))
    match chance.randrange(7):
        case 0:
            trailer = b"X-Trailer: x\r\n" * chance.randrange(3)
            return coded + b"0\r\n" + trailer + b"\r\n", whole
        case 1 | 2:
            return coded + _sizes(chance) + b"\r\nabcde\r\n0\r\n\r\n", None
        case 3:  # no line end behind the data, or another one
            return coded + b"5\r\nabcde" + chance.choice([b"", b"x", b"\rx", b"\0\0", b"xx", b"0\r\n"]) + b"5\r\nabcde\r\n0\r\n\r\n", None
        case 4:  # more data than the size says
            return coded + b"3\r\nabcde" + b"f" * chance.randint(1, 2000) + b"\r\n0\r\n\r\n", None
        case 5:  # nothing comes behind it
            return coded + chance.choice([b"", b"5\r\nab", b"5", b"5\r", b"0"]), None
        case _:
            return coded + chance.randbytes(chance.randint(20, 400)).replace(b"0", b"") + b"\r\n\r\n", None


def chunks(site, chance, tries):
    """Send bodies in chunks that are none, with a request behind them that must not be taken for one."""
    findings = Findings()
    for number in range(tries):
        body, length = _chunks(chance)
        path, headers = (b"/body", []) if number % 2 else (b"/form", [b"Content-Type: application/x-www-form-urlencoded"])
        # Not closed by the client: only the server can know that nothing behind the body is to be trusted.
        request = head(b"POST", path, b"Transfer-Encoding: chunked", *headers, close=length is not None) + body
        data = send(site, request if length is not None else request + SMUGGLED * (chance.random() < 0.7))
        if length is not None:
            answered = content(data)
            right = path == b"/form" or answered == str(length).encode()
            findings.note("whole: 200", None if status(data) == 200 and right else f"{status(data)} {answered!r} for {length} bytes {body[-200:]!r}")
            continue
        # Whoever catches the refusal may answer 200 with it.
        good = (200, 400, 413) if path == b"/body" else (400, 413)
        problem = None
        if len(statuses(data)) > 1:
            problem = f"{statuses(data)}: taken for a request behind {body[-200:]!r}"
        elif status(data) not in good:
            problem = f"{status(data)} for {body[-200:]!r}"
        elif status(data) == 200 and b"read error" not in data:
            problem = f"{content(data)[:100]!r} for {body[-200:]!r}"
        findings.note(status(data), problem)
    return findings


def _bytes(chance, most=60):
    """Return bytes that are mostly no ASCII, without line ends."""
    table = [*range(0x80, 0x100), *b"%%%%..//\\;:=\"'&?#<>,()[]{}@+ ~\t", *b"abc019"]
    return bytes(chance.choice(table) for _ in range(chance.randint(0, most)))


def lengths(site, chance, tries):
    """Contradict oneself about where a body ends."""
    findings = Findings()
    for _ in range(tries):
        body = b"a=" + b"b" * chance.randint(0, 100)
        number = chance.choice([b"-1", b"+5", b"5, 5", b"5,6", b"0x5", b"", b"5 5", b"9" * 30, b"\xb2", b"5\0", b"1e3", b"5;", _bytes(chance, 8) + b"x"])
        ways = [
            [b"Content-Length: " + number],
            [b"Content-Length: 5", b"Content-Length: 6"],
            [b"Transfer-Encoding: " + chance.choice([b"x", b"chunked, x", b"identity", b"chunked\0", b"\x0bchunked", b"chunked;q=1", _bytes(chance, 8) + b"x"])],
        ]
        request = head(b"POST", chance.choice([b"/form", b"/body"]), *chance.choice(ways), close=False) + body + SMUGGLED
        data = send(site, request)
        found = statuses(data)
        problem = None if found and found[0] in (400, 408, 413, 501) and len(found) == 1 else f"{found} for {request[:200]!r}"
        findings.note(status(data), problem)
    return findings


def bad_heads(site, chance, tries):
    """Put bytes of any kind into request line, query, headers, cookies and credentials, for all handlers of the library."""
    findings = Findings()
    paths = [b"/look", b"/app/page.txt", b"/wsgi", b"/pub/index", b"/psp/page.psp", b"/cgi/script.py", b"/session/file", b"/form"]
    for _ in range(tries):
        any_bytes = _bytes(chance)
        path, headers = chance.choice(paths), []
        quoted = b"".join(b"%%%02x" % byte for byte in any_bytes)
        bare = bytes(byte for byte in any_bytes if byte not in b" \t#?")
        match chance.randrange(10):
            case 0:
                path += b"/" + (quoted if chance.random() < 0.7 else bare)
            case 1:
                path += b"?" + (quoted if chance.random() < 0.5 else bare)
            case 2:
                path += b"?" + bare + b"=" + quoted + b"&%zz=%" + b"&%u00e4=" + quoted
            case 3:
                headers.append(b"X-Header: " + any_bytes)
            case 4:
                headers.append(any_bytes + b": x")
            case 5:
                headers.append(b"Cookie: " + any_bytes + b"; pysid=" + any_bytes + b'; "' + any_bytes)
            case 6:
                headers.append(b"Cookie: name=" + chance.choice([b"\0", b"x" * 64]) + any_bytes)
            case 7:
                headers.append(b"Authorization: " + chance.choice([b"Basic ", b"basic", b"Digest ", b""]) + any_bytes)
            case 8:
                headers.append(b"Authorization: Basic " + base64.b64encode(any_bytes + b":" + any_bytes))
            case _:
                headers.append(b"Content-Type: " + any_bytes)
        host = b"localhost" if chance.random() < 0.9 else any_bytes
        method = chance.choice([b"GET", b"GET", b"GET", b"HEAD", b"OPTIONS"])
        request = head(method, path, *headers, host=host)
        judge(findings, send(site, request), (200, 302, 400, 401, 403, 404, 405, 414, 431), request)
    return findings
