"""What the long runs read from dumps of memory: where a process crashed."""

import signal
import subprocess
import sys

import pytest
from reliability.cores import Core

SET_UP = """
import ctypes, resource
resource.setrlimit(resource.RLIMIT_CORE, [resource.getrlimit(resource.RLIMIT_CORE)[1]] * 2)
"""
CRASH = """
ctypes.CDLL("libapr-1.so.0").apr_os_sock_get(ctypes.byref(ctypes.c_int()), ctypes.c_void_p(16))
"""


#: As httpd does: a handler sends the signal again, and here it is another thread that takes it.
HANDLED = """
import os, signal, threading, time
threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
libc = ctypes.CDLL(None)
@ctypes.CFUNCTYPE(None, ctypes.c_int)
def again(number):
    libc.signal(number, None)
    libc.kill(os.getpid(), number)
    time.sleep(20)
libc.signal(signal.SIGSEGV, again)
"""


@pytest.mark.parametrize("handler", ["", HANDLED])
def test_where_a_process_crashed(tmp_path, handler):
    with subprocess.Popen([sys.executable, "-c", SET_UP + handler + CRASH], cwd=tmp_path) as crashed:
        assert crashed.wait() == -signal.SIGSEGV
    files = list(tmp_path.iterdir())
    if not files:
        pytest.skip("the kernel leaves no dump of memory in the process's folder")
    core = Core(files[0])
    assert core.pid == crashed.pid
    assert core.library.startswith("libapr-1.so") and core.caller.startswith(("libffi.so", "_ctypes"))
    # The same function, called by event.
    assert not core.is_of_event()
    core.caller = "mod_mpm_event.so"
    assert core.is_of_event()
