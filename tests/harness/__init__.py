"""The tests' real httpd: start one with a configuration and handlers, ask it, and read its error log.

Tests use the fixtures of harness.plugin (`httpd`, `mpm`, `tree`) and `server()`, one server for a whole test module.
"""

from harness.client import Response
from harness.errorlog import ErrorLog
from harness.httpd import Httpd, HttpdFailed
from harness.module_server import server

__all__ = ["ErrorLog", "Httpd", "HttpdFailed", "Response", "server"]
