"""A line below every page."""


def outputfilter(filter):
    for chunk in filter:
        yield chunk
    yield b"<hr><a href='/tutorial/step4/'>Log out</a>\n"
