"""Pages: every worked case, as a file and as a string, on one server."""

import ast
import urllib.parse

import pytest
from harness import server
from library.psp_cases import CASES, ERROR, INCLUDED

CONFIG = """
<Directory "@DOCS@/run">
    SetHandler mod_python
    PythonHandler run_page
</Directory>
"""

HANDLER = '''
import os
from urllib.parse import parse_qs
from mod_python import apache, psp

def handler(req):
    """Runs page number `page` with `vars`; its own answer follows a NUL and a tab."""
    asked = {name: values[0] for name, values in parse_qs(req.args).items()}
    filename = os.path.join(os.path.dirname(req.filename), "pages", asked["page"])
    os.chdir(os.path.dirname(filename))
    try:
        if "string" in asked:
            text = open(filename, newline="").read()
            page = psp.PSP(req, string=text if asked["string"] == "str" else text.encode())
        else:
            page = psp.PSP(req, filename)
        page.run(eval(asked["vars"]))
    except SyntaxError as error:
        req.write(f"SyntaxError {error.filename} {error.lineno}")
    return apache.OK
'''

PAGES = sorted({template for _, template, _, _ in CASES})
FILES = {"htdocs/run/run_page.py": HANDLER}
for number, template in enumerate(PAGES):
    FILES[f"htdocs/run/pages/{number}.psp"] = template.encode()
for name, text in INCLUDED.items():
    FILES[f"htdocs/run/pages/{name}"] = text.encode()

site = server(CONFIG, FILES, mpm="event", processes=1)


def run(site, template, names, **more):
    """Return what a page writes."""
    args = {"page": f"{PAGES.index(template)}.psp", "vars": repr(names), **more}
    answer = site.get("/run/x?" + urllib.parse.urlencode(args))
    assert answer.status == 200
    return answer.body.decode()


@pytest.mark.parametrize("kind", ["file", "str", "bytes"])
def test_worked_cases(site, kind):
    # spec: library:P-50
    wrong = []
    for row, template, names, expected in CASES:
        got = run(site, template, names, **({} if kind == "file" else {"string": kind}))
        good = got.startswith("SyntaxError ") if expected is ERROR else got == expected
        if not good:
            wrong.append((row, template, names, expected, got))
    assert not wrong, "\n".join(map(repr, wrong))
