"""The client's side of Basic and Digest authentication (RFC 7617, RFC 7616): headers for a request."""

import base64
import hashlib
import re


def basic(user, password):
    """Return the header of Basic authentication; str goes out as UTF-8."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def realm_hash(user, realm, password):
    """Return the hexadecimal MD5 that a server keeps for Digest."""
    return _md5(f"{user}:{realm}:{password}")


def digest(challenge, user, password, path, method="GET"):
    """Return the header that answers a Digest challenge, the value of WWW-Authenticate, for one request."""
    asked = {key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)}
    count, own = "00000001", "0a4f113b"
    parts = [
        realm_hash(user, asked["realm"], password), asked["nonce"], count, own, "auth", _md5(f"{method}:{path}"),
    ]  # fmt: skip
    fields = {
        "username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": path, "cnonce": own,
        "response": _md5(":".join(parts)),
    }  # fmt: skip
    text = ", ".join(f'{key}="{value}"' for key, value in fields.items())
    return {"Authorization": f"Digest {text}, qop=auth, nc={count}, algorithm=MD5"}


def password_line(user, password):
    """Return a line of a password file for AuthUserFile."""
    return f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"


def _md5(text):
    return hashlib.md5(text.encode()).hexdigest()
