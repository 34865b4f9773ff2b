"""Published functions: rows of tests/bench/run.py."""


def hello():
    """Return a short text."""
    return "Hello World!"
