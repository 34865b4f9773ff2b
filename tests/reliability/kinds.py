"""The kinds of requests: what is sent, and whether the answer is right.

A kind is a function (client, number) that sends one request and returns None, or what was wrong with the answer.
"""

import hashlib
import os
from collections import Counter

from harness import client
from reliability.logged import LINES
from reliability.wire import CutOffError, Wire

BLOCK = os.urandom(65536)
DIGEST = hashlib.sha256(BLOCK).hexdigest()
BOUNDARY = "soak-boundary"
UPLOAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\nsmall\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="up"; filename="block.bin"\r\n\r\n'
).encode() + BLOCK + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip
STATIC = "A line of a file.\n" * 500
#: The names of the server; each has an interpreter of its own, the first one the main one.
HOSTS = ("localhost", "second", "third")


class Client:
    """One client: its kept connection, the port of the echo, the name of the site it visits, its cookies, and what it
    asked for that writes to the log (path -> number).
    """

    def __init__(self, port, echo_port, host, patient=True):
        self.wire, self.echo_port, self.host = Wire(port, patient), echo_port, host
        self.cookies = {}
        self.counts = {}
        self.failures = Counter()

    def ask(self, method, path, **options):
        """Send one request on the kept connection."""
        return self.wire.ask(method, path, host=self.host, **options)

    def forget(self):
        """Start over, as after an answer that was lost: nothing of the sessions is known for sure."""
        self.wire.close()
        self.cookies.clear()
        self.counts.clear()


def _wrong(answer, status, body=None):
    if answer.status == status and (body is None or answer.body == body):
        return None
    return f"{answer.status} {answer.body[:80]!r} instead of {status} {body[:80] if body else ''!r}"


def handler(one, number):
    answer = one.ask("GET", f"/handler/{number}", headers={"X-Asked": str(number)})
    if answer.header("X-Asked") != str(number):
        return f"X-Asked: {answer.header('X-Asked')}"
    return _wrong(answer, 200, f"handler /{number}".encode())


def publisher(one, number):
    return _wrong(one.ask("GET", f"/pub/soak_pub.py/add?a={number}&b=2"), 200, f"sum {number + 2}".encode())


def publisher_post(one, number):
    body = f"a={number}&b=3".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _wrong(one.ask("POST", "/pub/soak_pub.py/add", headers=headers, body=body), 200, f"sum {number + 3}".encode())


def psp(one, number):
    count = number % 7
    expected = "".join(f"{n};" for n in range(count)) + "done\n"
    return _wrong(one.ask("GET", f"/psp/page.psp?n={count}"), 200, expected.encode())


def form(one, number):
    body = "&".join(f"field{n}=v%20{number}" for n in range(8)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    expected = "".join(f"field{n}=v {number}\n" for n in range(8))
    return _wrong(one.ask("POST", "/form/", headers=headers, body=body), 200, expected.encode())


def upload(one, number):
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return _wrong(one.ask("POST", "/form/", headers=headers, body=UPLOAD), 200, f"note=small\nup={DIGEST}\n".encode())


def _session(kind):
    def ask(one, number):
        # A client starts over now and then, as people do.
        if one.counts.get(kind, 0) >= 50:
            one.counts[kind] = 0
            one.cookies.pop(kind, None)
        sid = one.cookies.get(kind)
        answer = one.ask("GET", f"/session/{kind}/", headers={"Cookie": f"pysid={sid}"} if sid else {})
        sent = answer.header("Set-Cookie")
        if (sent is None) == (sid is None):
            return f"Set-Cookie: {sent!r} for {sid!r}"
        if sent:
            one.cookies[kind] = sent.partition(";")[0].partition("=")[2]
        one.counts[kind] = one.counts.get(kind, 0) + 1
        return _wrong(answer, 200, f"count {one.counts[kind]}".encode())

    return ask


def cookie(one, number):
    sent = one.cookies.get("signed")
    answer = one.ask("GET", "/cookie/", headers={"Cookie": sent} if sent else {})
    one.cookies["signed"] = answer.header("Set-Cookie").partition(";")[0]
    return _wrong(answer, 200, b"value" if sent else b"none")


def filtered(one, number):
    return _wrong(one.ask("GET", "/filtered/text.txt"), 200, STATIC.upper().encode())


def access(one, number):
    if number % 4:
        return _wrong(one.ask("GET", "/guarded/text.txt?please"), 200, STATIC.encode())
    return _wrong(one.ask("GET", "/guarded/text.txt"), 403)


def echo(one, number):
    # One connection at a time: under prefork each takes a child.
    one.wire.close()
    with client.Connection(one.echo_port, timeout=60) as connection:
        line = b"echo %d\r\n" % number
        connection.send(line)
        found = connection.read_line()
    if line.startswith(found) and found != line:
        raise CutOffError(f"the connection ended after {len(found)} bytes of an echo")
    return None if found == line else f"{found!r} instead of {line!r}"


def wsgi(one, number):
    body = b"x" * (number % 1000)
    return _wrong(one.ask("POST", f"/wsgi/p/{number}", body=body), 200, f"wsgi /p/{number} {len(body)}".encode())


def errors(one, number):
    path, status = [
        ("/handler/conflict", 409), ("/pub/soak_pub.py/_private", 403), ("/pub/soak_pub.py/nothing", 404), ("/psp/no.psp", 404),
        ("/handler/fail", 500),
    ][number % 5]  # fmt: skip
    if path in LINES:
        one.failures[path] += 1
    return _wrong(one.ask("GET", path), status)


#: Name -> function; each client takes them in turn.
KINDS = {
    "handler": handler,
    "publisher": publisher,
    "publisher, posted": publisher_post,
    "PSP": psp,
    "form": form,
    "upload of 64 KB": upload,
    "FileSession": _session("file"),
    "DbmSession": _session("dbm"),
    "signed cookie": cookie,
    "filter": filtered,
    "access": access,
    "connection": echo,
    "WSGI": wsgi,
    "errors": errors,
}
