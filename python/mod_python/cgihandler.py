"""``PythonHandler mod_python.cgihandler``: runs CGI scripts written in Python inside httpd.

``handler`` is called by httpd only. It is there for old scripts: one runs at a
time in a process, and the environment, the working directory and the standard
files are the script's as long as it runs.
"""

from __future__ import annotations

from mod_python import _apache, apache
from mod_python._cgi_script import run, script_of

__all__ = ["handler"]


def handler(req: _apache.mp_request) -> int:
    """Answer a request by the script that is its file.

    Returns OK, or 404 where the file is missing, is no Python module or lies
    elsewhere behind a symbolic link. Raises what the script raises, except
    SystemExit, which is its normal end; ValueError for a header without a colon.
    """
    script = script_of(req)
    if script is None:
        return apache.HTTP_NOT_FOUND
    _apache._process_lock()
    try:
        run(req, script)
    finally:
        _apache._process_unlock()
    return apache.OK
