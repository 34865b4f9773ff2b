"""``mod_python serve``: a private httpd for one folder, module or application, with its log on the terminal."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Optional

from mod_python import _installed
from mod_python._command import _private, _site, _target, _user, _watch
from mod_python._command._failure import Failed, Usage
from mod_python._httpdconf import names
from mod_python._httpdconf.nodes import Directive

HELP = "Serve handlers, a publisher, PSP pages or a WSGI application by a private httpd."

#: What httpd says of its own starts, restarts and ends.
_ROUTINE = re.compile(r"\bAH(00094|00163|00169|00170|00171|00172|00173|00292|00297|00489|00491|00492|00493|00494|03092)\b|\bMPY010[67]\b")

#: A line end within an entry, as httpd writes it: it doubles backslashes of the text.
_LINE_END = re.compile(r"(?<!\\)((?:\\\\)*)\\n")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the path and how to serve it."""
    parser.add_argument("path", metavar="PATH", help="a folder, a module FILE.py, a page FILE.psp, or MODULE:APPLICATION")
    parser.add_argument("--as", dest="kind", choices=_target.KINDS, help="what PATH is, where that cannot be seen")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="the address to serve at (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8000, help="the port (default: 8000); 0 takes a free one")
    parser.add_argument("--reload", action="store_true", help="restart when a Python file below PATH has changed")
    parser.add_argument("--debug", action="store_true", help="show tracebacks in the browser (PythonDebug On)")
    parser.add_argument("--user", help="as root: the user that serves (default: the distribution's user for httpd)")
    parser.add_argument("--print-config", action="store_true", help="print the httpd configuration, and serve nothing")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM, which give 0; 1 if httpd does not start or ends by itself."""
    target = _target.find(arguments.path, arguments.kind)
    user = _user.serving(arguments.user)
    _check_readable(user, target)
    _check_host(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Where somebody wants it to outlive a terminal it does; a runner in the background has interrupts ignored, we have not.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        with _private.Private("serve", _show) as private:
            return _serve(private, arguments, target, user)
    except KeyboardInterrupt:
        return 0


def _stop(number: int, frame: Optional[FrameType]) -> None:
    raise KeyboardInterrupt


def _serve(private: _private.Private, arguments: argparse.Namespace, target: _target.Target, user: _user.User) -> int:
    # Before anything is loaded: what changes from then on is seen.
    files = _watch.Files(target.folder) if arguments.reload else None
    with contextlib.nullcontext(arguments.port) if arguments.port else _private.free_port(arguments.host) as port:
        text = _text(private, arguments, target, user, port)
        if arguments.print_config:
            print(text, end="")
            return 0
        if not private.start(text):
            raise Failed("httpd did not start: see above")
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    print(f"Serving {target.name()} as {target.kind} at http://{host}:{port}/ - press Ctrl-C to stop.", flush=True)
    paths = _site.urls(target)
    if paths != ["/"]:
        print("".join(f"  http://{host}:{port}{path}\n" for path in paths), end="", flush=True)
    while (status := private.ended(0.5)) is None:
        if files and (changed := files.changed()):
            print(f"{changed} has changed: restarting.", flush=True)
            try:
                private.restart(_text(private, arguments, target, user, port))
            except Failed as error:
                print(f"mod_python serve: {error}", file=sys.stderr)
    raise Failed(f"httpd ended by itself with status {status}: see above")


def _text(
    private: _private.Private, arguments: argparse.Namespace, target: _target.Target, user: _user.User, port: int
) -> str:
    config = _private.settings(private, arguments.host, port, user.lines(), _private.python())
    config.append(names.ErrorLogFormat('"[%{%H:%M:%S}t] [%l] %M"'))
    # print() in a handler is told at info.
    config.append(names.LogLevel("notice python:info"))
    config.append(names.CustomLog(r'/proc/self/fd/2 "[%{%H:%M:%S}t] %h \"%r\" %>s %b"', flipslash=0))
    config.append(Directive("KeepAliveTimeout", 2))
    if arguments.debug:
        config.append(names.PythonDebug("On"))
    config.append(_site.lines(target))
    return str(config)


def _show(line: str) -> None:
    if not _ROUTINE.search(line):
        # Behind spaces, so that nothing that a client sent can look like an entry of its own.
        print(_LINE_END.sub(r"\1\n            ", line), file=sys.stderr, flush=True)


def _check_readable(user: _user.User, target: _target.Target) -> None:
    package = _private.package()
    served = [target.folder]
    if target.page:
        served.append(target.folder / target.page)
    elif target.module and target.kind != "wsgi":
        served.append(target.folder / f"{target.module}.py")
    for path in [*served, package, Path(_installed.python_home() or package)]:
        refused = user.refused(path)
        if refused is not None:
            also = "" if refused == path.resolve() else f", and so not {path}"
            raise Failed(
                f"httpd's children run as {user.name}, who cannot read {refused}{also}: open it, serve something else, "
                "or name another user with --user"
            )


def _check_host(arguments: argparse.Namespace) -> None:
    try:
        local = arguments.host == "localhost" or ipaddress.ip_address(arguments.host).is_loopback
    except ValueError:
        raise Usage(f"{arguments.host} is not an address") from None
    if arguments.debug and not local:
        print("mod_python serve: with --debug everybody who can reach this address sees tracebacks.", file=sys.stderr)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)
