from mod_python import apache


def handler(req):
    req.content_type = "text/plain; charset=utf-8"
    req.write("Hello World!\n")
    return apache.OK
