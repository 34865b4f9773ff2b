"""The parts of ``mod_python.publisher``; nothing outside the package imports from here."""
