"""Servers that listen on several ports, one virtual host each; for tests of whole connections."""

import socket
from contextlib import ExitStack, contextmanager

from harness import client
from harness.httpd import Httpd


def free_ports(count):
    """Return so many different free loopback ports."""
    with ExitStack() as kept:
        probes = [kept.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def hosts(tree, mpm, hosts, config="", files=None, **options):
    """Run a server with a virtual host on a port of its own for each of `hosts`: {name: its configuration}.

    `@name@` is the port of a host, in all texts. The result has `ports`, {name: port}, and `at(name)`, which opens a client.Connection to one. Modules of `htdocs/`
    can be imported.
    """
    ports = dict(zip(hosts, free_ports(len(hosts))))
    text = ['PythonPath "sys.path + [\'@DOCS@\']"']
    for name, own in hosts.items():
        # A protocol that httpd knows no accept filter for: the kernel would keep silent clients back.
        text.append(f"Listen 127.0.0.1:{ports[name]} plain")
        text.append(f"<VirtualHost 127.0.0.1:{ports[name]}>\nServerName {name}\n{own}\n</VirtualHost>")
    text = "\n".join([*text, config])
    for name, port in ports.items():
        text = text.replace(f"@{name}@", str(port))
    with Httpd(tree, mpm, text, files, **options) as running:
        running.ports = ports
        running.at = lambda name, timeout=20: client.Connection(ports[name], timeout)
        yield running
