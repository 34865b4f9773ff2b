"""The application of test_wsgi_frameworks.py, written with Pyramid."""

import hashlib
import warnings
from pathlib import Path

# Pyramid 2.0 imports it, and setuptools warns of that.
warnings.filterwarnings("ignore", "pkg_resources is deprecated")

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory


def hello(request):
    name, there = request.matchdict["name"], request.route_path("hello", name="x")
    return Response(f"Hello {name}, {request.params.get('q')}, {there}")


def form(request):
    return Response(f"{request.POST['name']}|{','.join(request.POST.getall('tag'))}")


def upload(request):
    field = request.POST["file"]
    data = field.file.read()
    return Response(f"{field.filename}:{len(data)}:{hashlib.sha256(data).hexdigest()}:{request.POST['note']}")


def raw(request):
    return Response(str(len(request.body)))


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return Response(str(request.session["visits"]))


def go(request):
    return HTTPFound(request.route_path("hello", name="you"))


def stream(request):
    return Response(app_iter=(b"%d;" % number for number in range(3)), content_type="text/plain")


def download(request):
    return FileResponse(Path(__file__).with_name("data.bin"), request, content_type="application/octet-stream")


with Configurator() as configurator:
    configurator.set_session_factory(SignedCookieSessionFactory("not a secret"))
    for view in (form, upload, raw, visits, go, stream, download):
        configurator.add_route(view.__name__, f"/{view.__name__}")
        configurator.add_view(view, route_name=view.__name__)
    configurator.add_route("hello", "/hello/{name}")
    configurator.add_view(hello, route_name="hello")
    application = configurator.make_wsgi_app()
