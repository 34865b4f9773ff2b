"""PythonRequestTimeout over HTTP/2: calls that do not end, in threads of mod_http2's own, and others beside them.

mod_http2 refuses prefork, so there is worker and event here.
"""

import struct
import subprocess
import time

import pytest

PAGES = """
import os
import time

from mod_python import apache

def handler(req):
    req.write("%d" % os.getpid())
    return apache.OK

def sleep(req):
    time.sleep(1000)

def until_told(req):
    req.write("begun ", 1)
    while not os.path.exists("@ROOT@/tmp/told"):
        time.sleep(0.02)
    req.write("%d" % os.getpid())
    return apache.OK
"""

CONFIG = """
Protocols h2c http/1.1
PythonPath "sys.path + ['@ROOT@/lib']"
PythonImport pages localhost
SetHandler mod_python
PythonHandler pages
<Location /sleep>
    PythonRequestTimeout 300ms 500ms
    PythonHandler pages::sleep
</Location>
<Location /until>
    PythonHandler pages::until_told
</Location>
"""


@pytest.mark.parametrize("version", ["--http2-prior-knowledge", "--http1.1"])
def test_others_may_end(serve, mpm, version):
    """Who is served by another connection is waited for, however many calls do not end in the one."""
    if mpm == "prefork":
        pytest.skip("mod_http2 refuses prefork")
    site = serve(mpm=mpm, processes=1, config=CONFIG, files={"lib/pages.py": PAGES}, modules=["http2"])
    before = site.get("/").text
    site.log.expect("MPY0430: PythonHandler /sleep: ", times=3)
    site.log.expect("MPY0431: PythonHandler /sleep: ")
    site.log.expect("MPY0432: PythonHandler /sleep: ", times=3)
    command = ["curl", "-sN", "--max-time", "60", version, f"http://127.0.0.1:{site.port}/until"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other, site.connect() as stuck:
        assert other.stdout.read(6) == "begun "
        stuck.send(START + b"".join(get(stream, b"/sleep") for stream in (1, 3, 5)))
        site.log.wait_for("MPY0432", times=3)
        # A child that waits for nobody leaves now.
        time.sleep(2)
        (site.root / "tmp/told").touch()
        assert other.stdout.read() == before
    answer = site.get("/")
    assert answer.status == 200 and answer.text != before


def frame(kind, flags, stream, payload=b""):
    """Return a frame of HTTP/2 (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


#: The client's part of the beginning: its preface and SETTINGS.
START = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)


def get(stream, path):
    """Return a GET as one HEADERS frame, its fields by their numbers in HPACK's table (RFC 7541, appendix A)."""
    fields = b"\x82\x86" + b"".join(bytes([name, len(value)]) + value for name, value in ((4, path), (1, b"localhost")))
    return frame(1, 0x5, stream, fields)
