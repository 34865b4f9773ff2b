"""``mod_python create``: the folders of a server, and the script that prints its configuration."""

from __future__ import annotations

import argparse
import shlex

from mod_python._command._failure import Failed, Usage
from mod_python.httpdconf import write_basic_config

HELP = "Make the folders of a server and the script that prints its configuration."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the folder and what the configuration is to have."""
    parser.add_argument("directory", help="the new ServerRoot")
    parser.add_argument("--listen", default="8888", metavar="[ADDRESS:]PORT", help="as for Listen (default: 8888)")
    parser.add_argument(
        "--pythonpath", default="", metavar="DIR[:DIR...]", help="folders that are added to the Python path"
    )
    parser.add_argument("--pythonhandler", required=True, metavar="HANDLER", help="as for PythonHandler")
    parser.add_argument(
        "--pythonoption", action="append", default=[], metavar="'NAME VALUE'", help="as for PythonOption; may be repeated"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the files and say what to do next; 0 also where there is a configuration already."""
    comments = []
    if arguments.pythonhandler == "mod_python.wsgi" and not any(
        option.split()[:1] == ["mod_python.wsgi.application"] for option in arguments.pythonoption
    ):
        comments.append("PythonOption mod_python.wsgi.application myapp.wsgi::application")
    try:
        file = write_basic_config(
            arguments.directory,
            listen=arguments.listen,
            pythonhandler=arguments.pythonhandler,
            pythonpath=[folder for folder in arguments.pythonpath.split(":") if folder],
            pythonoptions=arguments.pythonoption,
            mp_comments=comments,
        )
    except OSError as error:
        raise Failed(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise Usage(str(error)) from None
    if file:
        target = file.replace("httpd_conf.py", "httpd.conf")
        print(f"The configuration script is {file}. Look at it, then write the configuration and start httpd:\n")
        print(f"  mod_python genconfig {shlex.quote(file)} > {shlex.quote(target)}")
        print(f"  mod_python start {shlex.quote(target)}")
    return 0
