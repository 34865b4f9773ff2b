"""Handlers that do what no handler should: each is chosen by the query."""

import ctypes
import json
import locale
import os
import resource
import signal
import socket
import sys
import threading

from mod_python import Session, apache, util


def handler(req):
    """Run the function that the query names; what it returns is the answer."""
    name, _, argument = req.args.partition(":")
    answer = globals()[name](req, argument)
    req.write(str(answer), 0)
    return apache.OK


def ok(req, argument):
    return os.getpid()


def exits(req, argument):
    os._exit(int(argument))


def crashes(req, argument):
    ctypes.string_at(0)


def raises(req, argument):
    raise {"SystemExit": SystemExit(3), "KeyboardInterrupt": KeyboardInterrupt(), "GeneratorExit": GeneratorExit()}[argument]


def loops(req, argument):
    while True:
        pass


def recurses(req, argument):
    return recurses(req, argument) + 1


def _deep(levels=100_000):
    nested = []
    for _ in range(levels):
        nested = [nested]
    return nested


def deep(req, argument):
    """Go deep in C code."""
    return {
        "repr": lambda: repr(_deep()),
        "dumps": lambda: json.dumps(_deep()),
        "loads": lambda: json.loads("[" * 100_000),
        "equal": lambda: _deep() == _deep(),
        "compile": lambda: eval("(" * 100_000),
        "free": lambda: _deep(1_000_000) and "freed",
    }[argument]()


def _limit():
    """Leave this process about a hundred megabytes of addresses."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 100_000_000, resource.RLIM_INFINITY))


def exhausts(req, argument):
    """Take all memory that there is, in large pieces, then in small ones; the local variables hold it while the exception goes up."""
    _limit()
    blocks, size = [], 1 << 26
    while size > 1 << 12:
        try:
            blocks.append(bytearray(size))
        except MemoryError:
            size //= 2
    while True:
        # A cycle is garbage only once somebody looks for it.
        blocks.append([blocks if argument == "cycle" else None])


def asks_too_much(req, argument):
    return len(bytes(1 << 62))


def reads_too_much(req, argument):
    _limit()
    return len(req.read())


def unlimited(req, argument):
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return os.getpid()


def changes_directory(req, argument):
    os.chdir("/proc/self")
    return os.getcwd()


def where(req, argument):
    return os.getcwd()


def closes_stderr(req, argument):
    # Once only: the next connection may have the number.
    if not hasattr(closes_stderr, "done"):
        closes_stderr.done = True
        os.close(2)
    return os.getpid()


def writes_stderr(req, argument):
    print(f"printed {argument}", file=sys.stderr)
    req.log_error(f"logged {argument}")
    return os.getpid()


def closes_listener(req, argument):
    """Close the descriptors on which httpd waits for clients."""
    closed = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            with socket.socket(fileno=os.dup(int(name))) as copy:
                listens = copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            continue
        if listens:
            os.close(int(name))
            closed += 1
    return closed


def sets_signal(req, argument):
    try:
        signal.signal(getattr(signal, argument), signal.SIG_IGN)
    except ValueError as error:
        return f"ValueError {error}"
    return "set"


def exits_thread(req, argument):
    thread = threading.Thread(target=sys.exit, args=(3,))
    thread.start()
    thread.join()
    return "joined"


def sets_locale(req, argument):
    return locale.setlocale(locale.LC_ALL, argument)


def sets_umask(req, argument):
    return oct(os.umask(int(argument, 8)))


def session(req, argument):
    kept = Session.FileSession(req)
    kept["text"] = "\u00e4"
    kept.save()
    return kept.id()


def form(req, argument):
    return sum(len(field.value) for field in util.FieldStorage(req).list)
