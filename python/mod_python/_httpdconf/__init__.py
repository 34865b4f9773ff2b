"""The parts of ``mod_python.httpdconf``, which is the only one to import them (and the command, what is private here).

nodes.py       directives, sections, comments and how they are written
names.py       a class for each directive and section
basic.py       write_basic_config
script.py      the configuration that it writes, and the script that prints it
"""
