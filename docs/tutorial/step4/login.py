"""Logging in and out: the session knows who is there."""

import hashlib
import hmac
import html

from mod_python import Session, apache, util

#: Name -> salt and hash of the password, which is "open sesame".
USERS = {
    "eve": (
        bytes.fromhex("b6a1f2a84d7e4c0f9d1c55e0a7c3d912"),
        bytes.fromhex("4868f13102c6b2567cae0f703c84a118461de5248381521ff8a17e72cad0bcd7"),
    )
}

OUTSIDE = """<!DOCTYPE html>
<title>Who are you?</title>
<form method="post" action="/tutorial/step4/">
<p><label>Name <input name="user" required></label>
<p><label>Password <input name="password" type="password" required></label>
<p><button>Log in</button>
</form>
"""

INSIDE = """<!DOCTYPE html>
<title>Welcome</title>
<p>You are {user}.
<form method="post" action="/tutorial/step4/"><button name="leave" value="yes">Log out</button></form>
"""


def handler(req):
    session = Session.Session(req)
    if req.method == "POST":
        form = util.FieldStorage(req)
        user = form.getfirst("user", "")
        if "leave" in form:
            session.invalidate()
        elif is_right(user, form.getfirst("password", "")):
            session["user"] = user
            # Saves it under a new id: whoever knew the old one is still outside.
            session.regenerate()
        util.redirect(req, req.uri)
    req.content_type = "text/html; charset=utf-8"
    user = session.get("user")
    req.write(INSIDE.format(user=html.escape(user)) if user else OUTSIDE)
    return apache.OK


def is_right(user, password):
    """Tell whether this is the user's password."""
    salt, known = USERS.get(user, (b"nobody", b""))
    found = hashlib.scrypt(password.encode(), salt=salt, n=16384, r=8, p=1, dklen=32)
    return hmac.compare_digest(found, known)
