"""The parts of ``mod_python.cache``; nothing outside the package imports from here."""
