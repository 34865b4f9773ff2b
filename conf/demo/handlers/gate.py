"""Guards the demo's static files: a handler of the access phase, which runs before httpd opens the file."""

import hmac
from urllib.parse import parse_qs

from mod_python import apache

KEY = "sesame"


def accesshandler(req):
    """Let a request through if its query has the key; anything else gets 403."""
    given = parse_qs(req.args or "").get("key", [""])[0]
    if hmac.compare_digest(given.encode(), KEY.encode()):
        return apache.OK
    return apache.HTTP_FORBIDDEN
