"""Servers that listen on several ports, one virtual host each; for tests of whole connections."""

from contextlib import contextmanager

from harness import client
from harness.httpd import Httpd


@contextmanager
def hosts(tree, mpm, hosts, config="", files=None, **options):
    """Run a server with a virtual host on a port of its own for each of `hosts`: {name: its configuration}.

    `@name@` is the port of a host, in all texts. The result has `ports`, {name: port}, and `at(name)`, which opens a client.Connection to one. Modules of `htdocs/`
    can be imported.
    """
    text = ['PythonPath "sys.path + [\'@DOCS@\']"']
    for name, own in hosts.items():
        # A protocol that httpd knows no accept filter for: the kernel would keep silent clients back.
        text.append(f"Listen 127.0.0.1:@{name}@ plain")
        text.append(f"<VirtualHost 127.0.0.1:@{name}@>\nServerName {name}\n{own}\n</VirtualHost>")
    with Httpd(tree, mpm, "\n".join([*text, config]), files, ports=hosts, **options) as running:
        running.at = lambda name, timeout=20: client.Connection(running.ports[name], timeout)
        yield running
