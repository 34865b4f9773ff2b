"""The release of this package; the native module compares it with its own.

Importable anywhere, inside httpd and outside.
"""

__all__ = ["version"]

#: The release, as in Cargo.toml, e.g. ``"4.0.0"``.
version: str = "4.0.0"
