"""A guest book: a form, what was sent with it, and what others have sent."""

import html
import sqlite3
from contextlib import closing

from mod_python import apache, util

PAGE = """<!DOCTYPE html>
<title>Guest book</title>
<form method="post">
<p><label>Your name <input name="name" required maxlength="40"></label>
<p><label>Your words <textarea name="words" required maxlength="400"></textarea></label>
<p><button>Send</button>
</form>
{entries}"""

ENTRY = "<p><b>{}</b>: {}\n"


def handler(req):
    if req.method == "POST":
        form = util.FieldStorage(req)
        name, words = (form.getfirst(field, "").strip() for field in ("name", "words"))
        if not 1 <= len(name) <= 40 or not 1 <= len(words) <= 400:
            return apache.HTTP_BAD_REQUEST
        ask(req, "insert into entry values (?, ?)", (name, words))
        # The browser gets the page by a new request: pressing "reload" sends nothing twice.
        util.redirect(req, req.uri)
    entries = ask(req, "select name, words from entry order by rowid desc limit 50")
    req.content_type = "text/html; charset=utf-8"
    req.write(PAGE.format(entries="".join(ENTRY.format(*map(html.escape, entry)) for entry in entries)))
    return apache.OK


def ask(req, command, values=()):
    """Carry out one command of SQL; return the rows it gives."""
    with closing(sqlite3.connect(req.get_options()["book.database"])) as database, database:
        database.execute("create table if not exists entry (name text, words text)")
        return database.execute(command, values).fetchall()
