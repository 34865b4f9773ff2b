"""The application of test_wsgi_frameworks.py, written with Flask."""

import hashlib
from pathlib import Path

from flask import Flask, Response, redirect, request, send_file, session, url_for

application = Flask(__name__)
application.secret_key = "not a secret"


@application.get("/hello/<name>")
def hello(name):
    return f"Hello {name}, {request.args.get('q')}, {url_for('hello', name='x')}"


@application.post("/form")
def form():
    return f"{request.form['name']}|{','.join(request.form.getlist('tag'))}"


@application.post("/upload")
def upload():
    file = request.files["file"]
    data = file.read()
    return f"{file.filename}:{len(data)}:{hashlib.sha256(data).hexdigest()}:{request.form['note']}"


@application.post("/raw")
def raw():
    return str(len(request.get_data()))


@application.get("/visits")
def visits():
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


@application.get("/go")
def go():
    return redirect(url_for("hello", name="you"))


@application.get("/stream")
def stream():
    return Response((f"{number};" for number in range(3)), mimetype="text/plain")


@application.get("/download")
def download():
    return send_file(Path(__file__).with_name("data.bin"), mimetype="application/octet-stream")
