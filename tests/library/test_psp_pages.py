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


@pytest.mark.smoke
@pytest.mark.parametrize("kind", ["file", "str", "bytes"])
def test_worked_cases(site, kind):
    # spec: library:P-2, library:P-3, library:P-4, library:P-5, library:P-6, library:P-7, library:P-8, library:P-9
    # spec: library:P-10, library:P-11, library:P-14, library:P-20, library:P-21, library:P-22, library:P-23
    # spec: library:P-24, library:P-25, library:P-26, library:P-27, library:P-28, library:P-29, library:P-30
    # spec: library:P-31, library:P-32, library:P-33, library:P-40, library:P-42, library:P-43, library:P-46
    # spec: library:P-50, library:P-51, library:P-52, library:P-53, library:P-54, library:P-55, library:P-56
    # spec: library:P-57, library:P-58, library:P-59, library:P-60, library:P-61, library:P-62, library:P-63
    # spec: library:P-64, library:P-65, library:P-66, library:P-67, library:P-68, library:P-69, library:P-70
    # spec: library:P-71, library:P-72, library:P-73, library:P-74, library:P-75, library:P-76, library:P-77
    # spec: library:P-78, library:P-79, library:P-80, library:P-81, library:P-82, library:P-83, library:P-85
    # spec: library:P-86, library:P-87, library:P-88, library:P-89, library:P-90, library:P-91, library:P-92
    # spec: library:P-93, library:P-94, library:P-95, library:P-96, library:P-97, library:P-98, library:P-99
    # spec: library:P-99a, library:P-99b, library:P-99c, library:P-99d, library:P-99e, library:D-30, library:D-35
    # spec: library:Q-3, library:Q-11, library:T-14
    wrong = []
    for row, template, names, expected in CASES:
        got = run(site, template, names, **({} if kind == "file" else {"string": kind}))
        good = got.startswith("SyntaxError ") if expected is ERROR else got == expected
        if not good:
            wrong.append((row, template, names, expected, got))
    assert not wrong, "\n".join(map(repr, wrong))
