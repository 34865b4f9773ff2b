"""Attacks through values that a handler passes on: line ends and NULs in whatever reaches the head of the response. Used by hostile."""

import json
import re

from reliability.findings import Findings, content, head, post, send, status, statuses
from reliability.hostile_site import heads

#: What a careful program refuses in a header; the other breaks are characters that careless ones turn into a line end.
_ENDS = ["\r\n", "\n", "\r", "\0", "\r\n\r\n", "\n\n", "\r\n ", "\n\t", "x\r\n", "\0\r\n"]
_LOOKALIKES = ["\u010a", "\u010d", "\u560a", "\u560d", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\udc0a", "\udc85", "\u0100"]
_BEHIND = ["X-Injected: 1", "Set-Cookie: X-Injected=1", "\r\nHTTP/1.1 200 OK\r\nX-Injected: 1\r\n\r\nX-Injected", ""]
_BEFORE = ["", "x", "text/plain", "/path", "200 OK", "/x?y=z", "x" * 300, "ä", "Thu, 01 Jan 1970 00:00:00 GMT"]


def _text(chance):
    """Return (how it is passed: str or bytes, text, whether it has CR, LF or NUL)."""
    ends = chance.choice(_ENDS if chance.random() < 0.7 else _LOOKALIKES)
    text = chance.choice(_BEFORE) + ends + chance.choice(_BEHIND)
    kind = "bytes" if chance.random() < 0.3 and all(ord(letter) < 256 for letter in text) else "str"
    return kind, text, any(letter in text for letter in "\r\n\0")


#: Takes a number: no text at all.
_NUMBER = {"set_content_length"}
#: Where bytes are no text but something to be shown, as `b'...'` with their line ends escaped, or of the wrong type.
_SHOWN = re.compile(r".*update|.*[Cc]ookie|util.redirect")


def _injected(data):
    """Return the line that a client would take for a header of the attacker's, None if there is none."""
    if len(statuses(data)) > 1:
        return "a second response"
    top = data.partition(b"\r\n\r\n")[0]
    return next((line for line in heads(top) if line.lower().startswith((b"x-injected", b"set-cookie: x-injected"))), None)


def setters(site, chance, tries):
    """Pass texts with line ends to every setter that leads to a header; each must refuse, and nothing may come through."""
    findings = Findings()
    all_setters = json.loads(content(send(site, head(b"GET", b"/setters"))))
    batch = 10
    rounds = -(-tries // (batch * len(all_setters)))
    for name in all_setters * rounds:
        texts = [_text(chance) for _ in range(batch)]
        data = send(site, post(b"/inject", json.dumps([name, [text[:2] for text in texts]]).encode()))
        line = _injected(data)
        if line:
            findings.problems.append(f"{name}: {line!r} came through one of {texts}")
        if status(data) != 200:
            # What we let pass and HTTP has no place for, such as another control character, httpd itself refuses.
            strange = [text for kind, text, hard in texts if (kind == "bytes" or not hard) and not _is_plain(text, "name" in name)]
            findings.note("500 of httpd", None if status(data) == 500 and strange else f"{name}: {status(data)} for {texts}")
            continue
        for (kind, text, hard), raised in zip(texts, json.loads(content(data)), strict=True):
            if name == "cgihandler":
                # Line ends are a script's own; blanks and CR at the end of a line are no part of the value.
                hard = re.search("[\r\0]", text.replace("\n", "").strip())
            if hard:
                right = {"ValueError"}
                if name in _NUMBER:
                    right = {"TypeError"}
                elif kind == "bytes":
                    right = {"ValueError", "TypeError", "AttributeError", None} if _SHOWN.match(name) else {"ValueError", "TypeError"}
                elif any(ord(letter) > 255 for letter in text):
                    right = {"ValueError", "TypeError", "UnicodeEncodeError"}
            else:
                right = {None, "ValueError", "TypeError", "UnicodeEncodeError", *(["AttributeError"] if kind == "bytes" else [])}
                if name.startswith("WSGI"):
                    # Once one was right, a second call is wrong.
                    right.add("AssertionError")
            findings.note(raised or "passed", None if raised in right else f"{name}: {raised} for {kind} {text!r}")
    return findings


def _is_plain(text, is_name):
    """Whether HTTP allows a text in a header, as its name or its value."""
    pattern = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+" if is_name else r"[\t\x20-\x7e\x80-\xff]*"
    return re.fullmatch(pattern, text) is not None


def others(site, chance, tries):
    """Let functions of expressions and rewrite maps return line ends, and send requests inside the server to such addresses."""
    findings = Findings()
    for number in range(tries):
        _, text, _ = _text(chance)
        raw = text.encode("utf-8", "surrogatepass")[:400]
        match number % 3:
            case 0:
                request = head(b"GET", b"/expr?" + raw.hex().encode())
            case 1:
                request = head(b"GET", b"/rewrite/" + raw.hex().encode())
            case _:
                target = chance.choice([b"/look/", b"/app", b"/wsgi/", b"http://x/", b"//x", b""]) + raw
                request = post(b"/onward", target)
        data = send(site, request)
        line = _injected(data)
        # httpd refuses the response, or the address; a closed connection is an answer too.
        good = (200, 301, 302, 400, 403, 404, 500)
        problem = f"{line!r} came through {raw!r}" if line else None if status(data) in good else f"{status(data)} for {request!r}"
        if number % 3 == 2 and re.search(rb"[\r\n\0]", target) and content(data) != b"ValueError":
            problem = f"{status(data)} {content(data)[:100]!r} for {target!r}"
        findings.note(status(data), problem)
    return findings
