"""The private httpd of `mod_python serve` and `check`: its port."""

import socket

import pytest


def test_a_free_port_is_held():
    from mod_python._command import _private

    for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with _private.free_port(host) as port, socket.socket(family) as other, socket.socket(family) as httpd:
            with pytest.raises(OSError, match="in use"):
                other.bind((host, port))
            httpd.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            httpd.bind((host, port))
            httpd.listen()
            socket.create_connection((host, port), timeout=5).close()


def test_an_address_of_another_machine():
    from mod_python._command import _private
    from mod_python._command._failure import Failed

    with pytest.raises(Failed, match="192.0.2.1: Cannot assign requested address"), _private.free_port("192.0.2.1"):
        pass
