"""The parts of ``mod_python check``; check.py calls them.

findings.py    what is reported, and where
tree.py        httpd's own view of a configuration, with file and line of each directive
words.py       arguments of directives, and what the texts of handlers name
walk.py        what a configuration asks of mod_python: handlers and options, with what holds where they stand
sections.py    the servers of a configuration, and the sections that hold for a folder
htaccess.py    the .htaccess files that httpd would read
options.py     findings about settings: risks, names and values that mean nothing
imports.py     imports the handlers in a private httpd
probe.py       the part of that which runs inside it
"""
