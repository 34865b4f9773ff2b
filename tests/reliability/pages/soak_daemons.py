"""Daemon threads as applications have them: one sleeps, one computes, one waits; imported into an interpreter, they never end."""

import queue
import threading
import time

ticks = [0]
nothing = queue.Queue()


def sleep():
    while True:
        time.sleep(0.001)
        ticks[0] += 1


def compute():
    while True:
        sorted(str(number) for number in range(200))
        time.sleep(0.01)


for target in (sleep, compute, nothing.get):
    threading.Thread(target=target, daemon=True).start()
