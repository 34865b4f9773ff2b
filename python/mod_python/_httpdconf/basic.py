"""`write_basic_config`: the folders of a server, and the script that prints its httpd.conf.

Called by users through ``mod_python.httpdconf`` and by ``mod_python create``.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Optional

from mod_python import _installed
from mod_python._httpdconf import script

#: Where a file of MIME types may be, beside httpd's own configuration folder.
_TYPES = ("/etc/mime.types", "/etc/apache2/mime.types", "/etc/httpd/conf/mime.types")


def write_basic_config(
    server_root: str,
    listen: str = "0.0.0.0:8888",
    conf: str = "conf",
    logs: str = "logs",
    htdocs: str = "public",
    pythonhandler: str = "mod_python.publisher",
    pythonpath: Sequence[str] = (),
    pythonoptions: Sequence[str] = (),
    mp_comments: Sequence[str] = (),
    conf_name: str = "httpd_conf.py",
    createdirs: bool = True,
    replace_config: bool = False,
) -> Optional[str]:
    """Write a configuration script for a new server and return its path; None if there is one already.

    `conf`, `logs` and `htdocs` are folders below `server_root`, made with it if
    `createdirs` says so. `pythonoptions` are the arguments of PythonOption
    lines, `mp_comments` texts for the end of the script. With `replace_config`
    a script that is there is replaced. What is there already is told on standard
    error. Raises OSError where something cannot be written, and ValueError for
    texts that would be more than a line.
    """
    root = os.path.abspath(server_root)
    folders = {name: os.path.join(root, name) for name in (conf, logs, htdocs)}
    if createdirs:
        for folder in (root, *folders.values()):
            _make(folder)
    target = os.path.join(folders[conf], conf_name)
    if os.path.exists(target) and not replace_config:
        _warn(f"{target} exists already: not replaced.")
        return None
    config = script.configuration(
        root, listen, folders[conf], folders[logs], folders[htdocs], pythonhandler, pythonpath, pythonoptions,
        mp_comments, _types(folders[conf]),
    )  # fmt: skip
    with open(target, "w", encoding="utf-8") as file:
        file.write(script.script(config))
    return target


def _make(folder: str) -> None:
    if os.path.isdir(folder):
        _warn(f"{folder} exists already.")
    else:
        os.makedirs(folder)


def _types(conf: str) -> str:
    """Return the file of MIME types: the one in `conf`, where the system's is copied to, or none at all."""
    own = os.path.join(conf, "mime.types")
    if os.path.exists(own):
        _warn(f"{own} exists already: not replaced.")
        return own
    for source in (os.path.join(_installed.sysconfdir(), "mime.types"), *_TYPES):
        if os.path.isfile(source):
            shutil.copyfile(source, own)
            return own
    _warn("no mime.types was found: files have no types until TypesConfig names one.")
    return os.devnull


def _warn(text: str) -> None:
    print(f"mod_python: {text}", file=sys.stderr)
