"""Imports what requests need, so that it is there before them."""

import mod_python.psp
import mod_python.publisher
import mod_python.wsgi  # noqa: F401
