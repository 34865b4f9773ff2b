"""Phases and handlers of a server where Python did not start in the child: a status, a line in the log, the child lives."""

import pytest

from harness import server
from harness.errorlog import NO_LIBRARY

CONFIG = """
PythonChildInitHandler m
PythonChildExitHandler m
PythonErrorLogHandler m
<Directory "@DOCS@/gate">
    PythonAccessCheckerExHandler m
</Directory>
<Location "/mapped">
    PythonMapToStorageHandler m
    Require all granted
</Location>
<Directory "@DOCS@/inserted">
    PythonInsertFilterHandler m
</Directory>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName localhost
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName quick.test
    PythonQuickHandler m
</VirtualHost>
"""
FILES = {f"htdocs/{name}/x.txt": "file" for name in ("gate", "mapped", "inserted", "plain")}

site = server(CONFIG, FILES, env={"PYTHONHOME": "/nonexistent"}, processes=1, start_lines=["MPY0201", NO_LIBRARY])


@pytest.mark.parametrize(
    ("path", "host", "directive", "status"),
    [
        ("/gate/x.txt", "localhost", "PythonAccessCheckerExHandler", 500),
        ("/mapped/x.txt", "localhost", "PythonMapToStorageHandler", 500),
        # httpd takes no result: the file goes out without what Python would have added.
        ("/inserted/x.txt", "localhost", "PythonInsertFilterHandler", 200),
        ("/plain/x.txt", "quick.test", "PythonQuickHandler", 500),
    ],
)
def test_phases(site, path, host, directive, status):
    children = site.children()
    site.log.expect(rf"MPY0204: can't get/create interpreter '{host}' \(phase {directive}\): ", times=1)
    answer = site.get(path, host=host)
    assert (answer.status, answer.text == "file") == (status, status == 200)
    site.log.check()
    assert site.get("/plain/x.txt").text == "file"
    assert site.children() == children
