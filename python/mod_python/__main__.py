"""``python -m mod_python`` and ``python .../python/mod_python``: the command ``mod_python``, whose parts are in ``_command``."""

import os
import sys

if not __package__:
    # The folder was named: its modules (logging.py and others) must not stand before Python's own.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from mod_python._command import main

sys.exit(main())
