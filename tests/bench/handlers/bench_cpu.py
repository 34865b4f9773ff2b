"""A handler that computes and hardly touches httpd, for tests/bench/parallel.py."""

from mod_python import apache

ROUNDS = 20000


def handler(req):
    """Answer the interpreter's name and the sum of a loop that holds the GIL all the time."""
    total = 0
    for number in range(ROUNDS):
        total += number * number % 7
    req.content_type = "text/plain"
    req.write("%s %d" % (apache.interpreter, total), 0)
    return apache.OK
