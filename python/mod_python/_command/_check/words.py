"""Arguments as httpd reads them, and what the text of a handler names. Used by walk.py."""

from __future__ import annotations

import re

#: Directives of handlers, and the function that each calls where its text names none.
FUNCTIONS = {
    "PythonPostReadRequestHandler": "postreadrequesthandler",
    "PythonInitHandler": "inithandler",
    "PythonQuickHandler": "quickhandler",
    "PythonTransHandler": "transhandler",
    "PythonMapToStorageHandler": "maptostoragehandler",
    "PythonHeaderParserHandler": "headerparserhandler",
    "PythonAccessHandler": "accesshandler",
    "PythonAccessCheckerExHandler": "accesscheckerexhandler",
    "PythonAuthenHandler": "authenhandler",
    "PythonAuthzHandler": "authzhandler",
    "PythonTypeHandler": "typehandler",
    "PythonFixupHandler": "fixuphandler",
    "PythonInsertFilterHandler": "insertfilterhandler",
    "PythonHandler": "handler",
    "PythonLogHandler": "loghandler",
    "PythonCleanupHandler": "cleanuphandler",
    "PythonPreConnectionHandler": "preconnectionhandler",
    "PythonConnectionHandler": "connectionhandler",
    "PythonInputFilter": "inputfilter",
    "PythonOutputFilter": "outputfilter",
    "PythonAuthnProvider": "authnprovider",
    "Require python": "authorize",
    "PythonExprFunction": "exprfunction",
    "PythonRewriteMap": "rewritemap",
    "PythonChildInitHandler": "childinithandler",
    "PythonChildExitHandler": "childexithandler",
    "PythonErrorLogHandler": "errorloghandler",
}

#: Where a name stands in front of the handler.
NAMED = ("PythonExprFunction", "PythonRewriteMap")

#: Where one handler stands, perhaps with a name behind it.
SINGLE = ("PythonInputFilter", "PythonOutputFilter", "PythonAuthnProvider", "Require python", *NAMED)


def split(text: str) -> list[str]:
    """Return the arguments of a line: separated by white space, unless quoted, with backslashes in quotes taken away."""
    found = []
    for quoted, other, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|' + r"'((?:[^'\\]|\\.)*)'" + r"|(\S+)", text):
        found.append(plain or re.sub(r"\\([\\\"'])", r"\1", quoted or other))
    return found


def handlers(directive: str, text: str) -> list[tuple[str, str]]:
    """Return (module, object) of each handler in the arguments of a directive; the object is ``''`` if it is not named."""
    if directive in SINGLE:
        words = split(text)
        words = words[1:2] if directive in NAMED else words[:1]
    else:
        # Quotes have no meaning there; behind the bar stand extensions.
        words = text.partition("|")[0].split()
    pairs = [word.partition("::") for word in words]
    return [(module, name) for module, _, name in pairs if module]
