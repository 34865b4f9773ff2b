"""The application of test_wsgi_frameworks.py, written with Bottle."""

import hashlib
from pathlib import Path

from bottle import Bottle, redirect, request, response, static_file

application = Bottle()
SECRET = "not a secret"


@application.get("/hello/<name>", name="hello")
def hello(name):
    return f"Hello {name}, {request.query.getunicode('q')}, {request.script_name.rstrip('/')}/hello/x"


@application.post("/form")
def form():
    return f"{request.forms.getunicode('name')}|{','.join(request.forms.getall('tag'))}"


@application.post("/upload")
def upload():
    file = request.files["file"]
    data = file.file.read()
    return f"{file.raw_filename}:{len(data)}:{hashlib.sha256(data).hexdigest()}:{request.forms['note']}"


@application.post("/raw")
def raw():
    return str(len(request.body.read()))


@application.get("/visits")
def visits():
    count = int(request.get_cookie("visits", "0", secret=SECRET)) + 1
    response.set_cookie("visits", str(count), secret=SECRET, path="/")
    return str(count)


@application.get("/go")
def go():
    redirect(request.script_name.rstrip("/") + "/hello/you")


@application.get("/stream")
def stream():
    response.content_type = "text/plain"
    for number in range(3):
        yield f"{number};"


@application.get("/download")
def download():
    return static_file("data.bin", root=str(Path(__file__).parent), mimetype="application/octet-stream")
