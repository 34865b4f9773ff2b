"""Writes the configuration of a test server: modules, few processes, and the test's own text. Used by Httpd."""

import functools
import os
import pwd
import re
import shutil
import subprocess

#: What every test server has, as far as it is not compiled in; more with Httpd's `modules`.
MODULES = [
    "unixd", "authn_core", "authn_file", "authz_core", "authz_host", "authz_user", "auth_basic", "alias", "dir",
    "env", "headers", "log_config", "mime", "rewrite", "setenvif",
]  # fmt: skip

MPMS = ("prefork", "worker", "event")

#: How many generations of processes may be there at once, through graceful restarts.
_GENERATIONS = 8


@functools.cache
def program():
    """Return (path of httpd, folder of its modules, names of the compiled-in ones), as apxs knows them."""
    apxs = os.environ.get("APXS") or shutil.which("apxs") or shutil.which("apxs2")
    if not apxs:
        raise RuntimeError("apxs was not found: install apache2-dev on Debian or httpd-devel on Fedora, or set APXS")
    sbin, name, modules = (_output(apxs, "-q", what) for what in ("SBINDIR", "PROGNAME", "LIBEXECDIR"))
    httpd = f"{sbin}/{name}"
    built_in = re.findall(r"^\s+(?:mod_)?(\w+)\.c$", _output(httpd, "-l"), re.M)
    return httpd, modules, frozenset(built_in)


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def user():
    """Return the user that children run as: httpd's own where tests run as root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("www-data", "apache", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user www-data, apache or nobody for httpd's children")


def load_lines(names):
    """Return LoadModule lines for the modules that are not compiled in."""
    _, folder, built_in = program()
    return [f'LoadModule {name}_module "{folder}/mod_{name}.so"' for name in names if name not in built_in]


def mpm_lines(mpm, processes, threads):
    """Return the lines that load and size an MPM.

    `processes` None is what starts quickly; a number is exactly so many.
    """
    built_in = [name for name in MPMS if name in program()[2]]
    if built_in and mpm not in built_in:
        raise RuntimeError(f"httpd has {built_in[0]} compiled in: {mpm} cannot be loaded")
    lines = [] if built_in else load_lines([f"mpm_{mpm}"])
    if mpm == "prefork":
        most = processes or 8
        sizes = {
            "StartServers": processes or 2,
            "MinSpareServers": processes or 1,
            "MaxSpareServers": most + 1,
            "ServerLimit": most,
            "MaxRequestWorkers": most,
        }
    else:
        count = processes or 1
        sizes = {
            "ServerLimit": count + _GENERATIONS,
            "StartServers": count,
            "ThreadLimit": threads,
            "ThreadsPerChild": threads,
            "MaxRequestWorkers": count * threads,
            "MinSpareThreads": 1,
            "MaxSpareThreads": count * threads,
        }
    return lines + [f"{name} {value}" for name, value in sizes.items()] + ["MaxConnectionsPerChild 0"]


def compose(server):
    """Return the whole text of httpd.conf for an Httpd."""
    lines = [
        'ServerRoot "@ROOT@"',
        'DefaultRuntimeDir "@ROOT@/run"',
        'PidFile "@ROOT@/run/httpd.pid"',
        "ServerName localhost",
        "Listen 127.0.0.1:@PORT@",
        'ErrorLog "@ROOT@/logs/error.log"',
        f"LogLevel {server.log_level}",
        *mpm_lines(server.mpm, server.processes, server.threads),
    ]
    python = f'LoadModule python_module "{server.tree}/modules/mod_python.so"'
    if server.load_python == "first":
        lines.append(python)
    lines += load_lines([*MODULES, *(name for name in server.modules if name not in MODULES)])
    if server.load_python is True:
        lines.append(python)
    owner = user()
    if owner:
        lines += [f"User {owner.pw_name}", f"Group #{owner.pw_gid}"]
    lines += [
        'CustomLog "@ROOT@/logs/access.log" "%h %u %m %U%q %>s %b"',
        "TypesConfig /dev/null",
        "AddType text/html .html",
        "AddType text/plain .txt",
        "Timeout 20",
        "KeepAliveTimeout 5",
        "GracefulShutdownTimeout 10",
        'DocumentRoot "@ROOT@/htdocs"',
        '<Directory "/">',
        "    AllowOverride None",
        "    Require all denied",
        "</Directory>",
        '<Directory "@ROOT@/htdocs">',
        f"    AllowOverride {server.allow_override}",
        "    Require all granted",
        "</Directory>",
        server.config,
    ]
    return server.fill("\n".join(lines)) + "\n"
