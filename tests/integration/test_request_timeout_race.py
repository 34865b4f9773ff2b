"""PythonRequestTimeout under load: calls end at the moment at which they are told to end, and nobody else is hit."""

import re
import threading

from harness import server

EDGE = '''
import random
import time

from mod_python import apache

def handler(req):
    """Takes about as long as it may."""
    end = time.monotonic() + random.uniform(0.002, 0.06)
    while time.monotonic() < end:
        pass
    req.write("in time")
    return apache.OK

def innocent(req):
    total = 0
    for number in range(300):
        total += len(str(number))
    req.write("%d" % total)
    return apache.OK

def outputfilter(filter):
    for chunk in filter:
        filter.write(chunk.upper())
    filter.close()
'''

CONFIG = """
PythonPath "sys.path + ['@ROOT@/python']"
PythonImport edge localhost
PythonRequestTimeout 20ms 1min
SetHandler mod_python
PythonHandler edge
<Location /limited>
    PythonRequestTimeout 1min
    PythonHandler edge::innocent
</Location>
<Location /free>
    PythonRequestTimeout Off
    PythonHandler edge::innocent
</Location>
"""

site = server(CONFIG, {"python/edge.py": EDGE}, mpm="event", processes=1, threads=8)

ROUNDS = 60
CLIENTS = 6


def test_nobody_else_is_hit(site):
    told = r"MPY043[01]: PythonHandler /edge: "
    for pattern in (told, "MPY0401: PythonHandler edge: uncaught RequestTimeout", "PythonHandler edge: "):
        site.log.allow(pattern)
    seen, wrong = [], []

    def client():
        requests = ["/edge", "/limited", "/free"] * ROUNDS
        while requests:
            with site.connect(60) as connection:
                closes = False
                while requests and not closes:
                    path = requests.pop(0)
                    answer = connection.request("GET", path)
                    seen.append((path, answer.status))
                    good = answer.status == 504 or "in time" in answer.text if path == "/edge" else answer.text == "790"
                    if not good:
                        wrong.append((path, answer))
                    closes = answer.header("Connection") == "close"

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    statuses = [status for path, status in seen if path == "/edge"]
    # Both happen, else the test shows nothing.
    assert statuses.count(504) > 20 and statuses.count(200) > 20
    log = site.log.text()
    assert not re.search(r"PythonHandler /(limited|free)", log)
    assert site.get("/free").text == "790"
