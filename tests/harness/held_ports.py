"""Ports for servers: nobody else gets one, not even before the server has bound it."""

import socket


def hold_port():
    """Return a socket that has a free loopback port; who sets SO_REUSEADDR, as servers do, can listen on it meanwhile.

    The system gives the port to nobody else as long as the socket is open: socket(7).
    """
    held = socket.socket()
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
    except BaseException:
        held.close()
        raise
    return held


def port_of(held):
    """Return the number of a socket's port."""
    return held.getsockname()[1]
