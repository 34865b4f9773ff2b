"""mod_python: Python handlers for every phase of an Apache httpd request.

Owns nothing but the version. ``import mod_python`` works everywhere;
``mod_python.apache`` only inside httpd, where the native module ``_apache``
exists.
"""

from mod_python import version

# What `from mod_python import *` imports, inside httpd.
__all__ = ["apache", "cgihandler", "mp_version", "psp", "publisher", "util", "version"]

#: The release as a string, the same as ``mod_python.version.version``.
mp_version: str = version.version
