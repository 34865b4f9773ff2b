"""A list of tasks, kept in the session. A function is a page, its parameters are the fields that were sent."""

import html

from mod_python import Session, apache, util

PAGE = """<!DOCTYPE html>
<title>Tasks</title>
<ol>
{tasks}</ol>
<form method="post" action="/tutorial/step5/tasks/add"><input name="text" required> <button>Add</button></form>
<form method="post" action="/tutorial/step5/tasks/clear"><button>All done</button></form>
"""


def index(req):
    tasks = Session.Session(req).get("tasks", [])
    req.content_type = "text/html; charset=utf-8"
    return PAGE.format(tasks="".join(f"<li>{html.escape(task)}\n" for task in tasks))


def add(req, text):
    _change(req, lambda tasks: [*tasks, text][:20])


def clear(req):
    _change(req, lambda tasks: [])


def _change(req, change):
    # A link or a picture in somebody's page can make a browser send a GET, so nothing changes by one.
    if req.method != "POST":
        raise apache.SERVER_RETURN(apache.HTTP_METHOD_NOT_ALLOWED)
    session = Session.Session(req)
    session["tasks"] = change(session.get("tasks", []))
    session.save()
    util.redirect(req, "/tutorial/step5/tasks/")
