"""Cookies: what ``mod_python.Cookie`` is made of, a file for each part. Nothing else imports from here."""
