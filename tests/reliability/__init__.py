"""Long runs against real servers that print figures. `python -m reliability` runs them all; test_short.py is their short form."""
