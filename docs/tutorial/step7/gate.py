"""Lets in whoever has logged in."""

from mod_python import Session


def member(req):
    # No lock: nothing changes here, and big files would keep the visitor's other requests waiting.
    return "user" in Session.Session(req, lock=0)
