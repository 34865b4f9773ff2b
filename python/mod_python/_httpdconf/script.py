"""The configuration that `write_basic_config` writes: which directives, and the script that prints them.

Used by basic.py; `loading` and `mpm` also by ``mod_python serve`` and ``check``.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable, Sequence

from mod_python import _installed
from mod_python._httpdconf import names
from mod_python._httpdconf.nodes import Comment, Container, Node, quote_if_space

#: What a small site needs, in httpd's words; those that this httpd does not have are left out.
MODULES = (
    "actions alias auth_basic authn_core authn_file authz_core authz_groupfile authz_host authz_user autoindex dir env "
    "filter headers include log_config mime negotiation rewrite setenvif status unixd"
).split()

MPMS = ("event", "worker", "prefork")

_COMBINED = r'"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined'


def loading(modules: Iterable[str]) -> list[Node]:
    """Return LoadModule lines, each for an httpd that does not have the module yet."""
    folder = _installed.libexecdir()
    return [
        names.IfModule(f"!{name}_module", names.LoadModule(f"{name}_module {quote_if_space(f'{folder}/mod_{name}.so')}"))
        for name in modules
        if _installed.has_module(name)
    ]


def mpm() -> list[Node]:
    """Return the lines that load an MPM, event if there is one, where httpd has none compiled in."""
    available = [name for name in MPMS if _installed.has_module(f"mpm_{name}")]
    if not available:
        return []
    name = f"mpm_{available[0]}"
    line: Node = names.LoadModule(f"{name}_module {quote_if_space(f'{_installed.libexecdir()}/mod_{name}.so')}")
    for other in MPMS:
        line = names.IfModule(f"!mpm_{other}_module", line)
    return [line]


def user() -> list[Node]:
    """Return User and Group for a server that root starts: it must not serve as root. Nothing for anybody else."""
    if os.geteuid() != 0:
        return []
    for name in ("www-data", "apache", "http", "nobody"):
        try:
            known = pwd.getpwnam(name)
        except KeyError:
            continue
        return [names.User(name), names.Group(grp.getgrgid(known.pw_gid).gr_name)]
    return []


def python(test: bool = True) -> list[Node]:
    """Return the lines that load mod_python.so, and PythonHome where a virtual environment runs this.

    With `test` the module is loaded only where it is not there yet.
    """
    file = _installed.module_file() or f"{_installed.libexecdir()}/mod_python.so"
    load: Node = names.LoadModule(f"python_module {quote_if_space(file)}")
    lines = [names.IfModule("!python_module", load) if test else load]
    if home := _installed.python_home():
        lines.append(names.PythonHome(quote_if_space(home)))
    return lines


def configuration(
    root: str, listen: str, conf: str, logs: str, htdocs: str, handler: str, path: Sequence[str],
    options: Sequence[str], comments: Sequence[str], types: str,
) -> Container:  # fmt: skip
    """Return the whole configuration; `types` is the file of MIME types, the other arguments are basic.py's."""
    new_enough = "mod_python.version.HTTPD_VERSION[0:3] == '2.4'"
    config = Container(
        Comment("\nThe modules of httpd: those that are not compiled in.\n"),
        *mpm(),
        *loading(MODULES),
        Comment("\nThe server.\n"),
        names.ServerRoot(quote_if_space(root)),
        *user(),
        Container(
            names.MaxConnectionsPerChild(65536), names.DefaultRuntimeDir(quote_if_space(logs)), only_if=new_enough
        ),
        Container(
            names.MaxRequestsPerChild(65536),
            names.LockFile(quote_if_space(f"{logs}/accept.lock")),
            only_if="mod_python.version.HTTPD_VERSION[0:3] == '2.2'",
        ),
        names.LogFormat(_COMBINED),
        names.CustomLog(f"{quote_if_space(f'{logs}/access_log')} combined"),
        names.ErrorLog(quote_if_space(f"{logs}/error_log")),
        names.LogLevel("warn"),
        names.PidFile(quote_if_space(f"{logs}/httpd.pid")),
        names.TypesConfig(quote_if_space(types)),
        names.ServerName("127.0.0.1"),
        names.Listen(listen),
        names.DocumentRoot(quote_if_space(htdocs)),
        Comment("\nmod_python.\n"),
        *python(),
        names.SetHandler("mod_python"),
        Comment("PythonDebug On"),
        names.PythonHandler(handler),
    )
    if path:
        config.append(names.PythonPath(_quoted(f"sys.path+{list(path)!r}")))
    for option in options:
        config.append(names.PythonOption(option))
    for comment in comments:
        config.append(Comment(comment))
    return config


def _quoted(expression: str) -> str:
    """Return a Python expression as one argument, from which httpd takes the quotes and backslashes again."""
    return '"' + expression.replace("\\", "\\\\").replace('"', '\\"') + '"'


def script(config: Container) -> str:
    """Return the text of a script that prints a configuration."""
    return f"""# The configuration of an httpd with mod_python. Change it here, then write the httpd.conf again:
#
#   mod_python genconfig THIS_FILE > httpd.conf

from mod_python.httpdconf import *

config = {config!r}

print(config, end="")
"""
