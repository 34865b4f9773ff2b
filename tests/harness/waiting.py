"""Waits for what happens beside a test."""

import time

from harness import launch


def until(condition, seconds=10):
    """Wait until a function returns what is true; AssertionError if it does not in so many seconds."""
    end = time.monotonic() + seconds * launch.patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
