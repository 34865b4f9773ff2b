"""PSP pages: what ``mod_python.psp`` is made of, a file for each part. ``compiled``, ``source`` and ``outside`` work without
httpd, for the command; nothing else imports from here.
"""
