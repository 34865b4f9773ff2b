"""How the httpd of every test of a run is started: under another program, with more environment, with more patience.

Set once by harness.plugin from --under, --server-env and --patience; read by Httpd, ErrorLog and the client.
"""

import shlex

#: What stands in front of httpd on its command line: a checker such as valgrind, with its options.
under: list = []

#: Environment variables of every httpd. What a test itself gives its server counts more.
env: dict = {}

#: How many times longer than usual the harness waits before it gives a server or an answer up.
patience = 1.0


def choose(command, variables, factor):
    """Take the options of a run: a command line, a list of NAME=VALUE, a factor.

    Raises ValueError with a sentence for what is none of these.
    """
    global under, env, patience
    if factor < 1:
        raise ValueError(f"--patience: {factor} is less than 1")
    for text in variables:
        if not text.partition("=")[0] or "=" not in text:
            raise ValueError(f"--server-env: {text!r} is not NAME=VALUE")
    under, patience = shlex.split(command), factor
    env = dict(text.split("=", 1) for text in variables)
