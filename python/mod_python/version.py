"""The release of this package, which the native module compares with its own, and the httpd that it finds here.

Importable anywhere, inside httpd and outside. `version` is a constant; the
others are asked of ``apxs`` and ``httpd -V`` when they are first read, and are
``''`` where there is neither.
"""

from __future__ import annotations

__all__ = ["APR_VERSION", "HTTPD", "HTTPD_VERSION", "LIBEXECDIR", "PYTHON_BIN", "SYSCONFDIR", "version"]

#: The release, as in Cargo.toml, e.g. ``"4.0.0"``.
version: str = "4.0.0"

#: The path of the httpd program.
HTTPD: str
#: httpd's version, e.g. ``"2.4.62"``.
HTTPD_VERSION: str
#: The version of the APR library, e.g. ``"1.7.2"``.
APR_VERSION: str
#: The folder of httpd's modules.
LIBEXECDIR: str
#: The folder of httpd's configuration.
SYSCONFDIR: str
#: The path of the Python program that this is.
PYTHON_BIN: str


def __getattr__(name: str) -> str:
    """Find a constant that depends on the machine; AttributeError for other names."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import sys

    from mod_python import _installed

    if name == "PYTHON_BIN":
        value = sys.executable or ""
    else:
        value = str(getattr(_installed, name.lower())())
    globals()[name] = value
    return value
