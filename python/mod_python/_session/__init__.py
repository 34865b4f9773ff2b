"""Sessions: what ``mod_python.Session`` is made of, a file for each part. Nothing else imports from here."""
