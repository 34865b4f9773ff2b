"""The application of test_wsgi_frameworks.py, written with Django in one module."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

if not settings.configured:
    settings.configure(
        SECRET_KEY="not a secret",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        # The default one mails errors and writes the others to stderr.
        LOGGING_CONFIG=None,
    )


def hello(request, name):
    return HttpResponse(f"Hello {name}, {request.GET.get('q')}, {reverse('hello', args=['x'])}")


def form(request):
    return HttpResponse(f"{request.POST['name']}|{','.join(request.POST.getlist('tag'))}")


def upload(request):
    file = request.FILES["file"]
    data = file.read()
    return HttpResponse(f"{file.name}:{len(data)}:{hashlib.sha256(data).hexdigest()}:{request.POST['note']}")


def raw(request):
    return HttpResponse(str(len(request.body)))


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


def go(request):
    return redirect("hello", "you")


def stream(request):
    return StreamingHttpResponse((f"{number};" for number in range(3)), content_type="text/plain")


def download(request):
    return FileResponse(Path(__file__).with_name("data.bin").open("rb"), content_type="application/octet-stream")


urlpatterns = [path(view.__name__, view) for view in (form, upload, raw, visits, go, stream, download)]
urlpatterns.append(path("hello/<name>", hello, name="hello"))

application = get_wsgi_application()
