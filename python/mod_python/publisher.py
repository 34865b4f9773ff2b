"""``mod_python.publisher``: URLs as the names of functions and objects in a module.

``PythonHandler mod_python.publisher`` names it.
"""

from __future__ import annotations

from typing import Any

from mod_python import _apache
from mod_python._publisher.publish import publish
from mod_python._publisher.resolve import resolve
from mod_python._publisher.traverse import traverse

__all__ = ["handler"]

_METHODS = ["GET", "POST", "HEAD"]


def handler(req: Any) -> int:
    """Publish the object that the URL names; return OK.

    Raises SERVER_RETURN: 405 for a method other than GET, POST and HEAD, 404 and
    403 for what is not there or not to be reached, 401 and 400 for credentials.
    Raises what the published module and function raise.
    """
    if req.method not in _METHODS:
        req.allow_methods(_METHODS)
        raise _apache.SERVER_RETURN(_apache.HTTP_METHOD_NOT_ALLOWED)
    module, names = resolve(req)
    publish(req, traverse(req, module, names))
    return _apache.OK
