"""A publisher module."""


def add(req, a, b="1"):
    """Return the sum of two numbers."""
    return f"sum {int(a) + int(b)}"
