"""The cache of compiled pages: what is noticed, how many are kept, and threads."""

import os
import threading

import pytest
from harness.snippets import run, snippet_server

CONFIG = """
<Directory "@DOCS@/pages">
    AddHandler mod_python .psp
    PythonHandler mod_python.psp
</Directory>
<Directory "@DOCS@/pages/still">
    PythonAutoReload Off
</Directory>
<Directory "@DOCS@/pages/options">
    PythonOption PSPDbmCache /nonexistent/cache
</Directory>
<Directory "@DOCS@/pages/newer">
    PythonOption mod_python.psp.cache_database_filename /nonexistent/cache
</Directory>
"""

FILES = {
    "htdocs/pages/page.psp": "one <%@ include file=\"inner/part.psp\" %>",
    "htdocs/pages/inner/part.psp": "<%@ include file=\"deep.psp\" %>",
    "htdocs/pages/deep.psp": "a",
    "htdocs/pages/other.psp": "x<%= 1 %>",
    "htdocs/pages/other.psc": "no code",
    "htdocs/pages/many.psp": "<%\nnames = [str(n) for n in range(50)]\nfor name in names:\n%><%= name %>,<%\n# end\n%>",
    "htdocs/pages/still/page.psp": "one",
    "htdocs/pages/options/page.psp": "one",
    "htdocs/pages/options/other.psp": "two",
    "htdocs/pages/newer/page.psp": "three",
}

site = snippet_server(CONFIG, FILES, processes=1, mpm="event")


def text(site, page):
    answer = site.get(f"/pages/{page}")
    assert answer.status == 200
    return answer.text


@pytest.mark.smoke
def test_changes_are_noticed(site):
    # spec: library:P-45, library:P-132, library:P-43, library:D-30
    assert text(site, "page.psp") == text(site, "page.psp") == "one a"
    site.write("htdocs/pages/deep.psp", "b")
    assert text(site, "page.psp") == "one b"
    path = site.write("htdocs/pages/page.psp", "two")
    assert text(site, "page.psp") == "two"
    # A change to an older date is a change.
    site.write("htdocs/pages/page.psp", "old")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert text(site, "page.psp") == "old"
    path.unlink()
    assert site.get("/pages/page.psp").status == 404
    site.write("htdocs/pages/page.psp", "one <%@ include file=\"inner/part.psp\" %>")
    assert text(site, "page.psp") == "one b"
    site.write("htdocs/pages/deep.psp", "a")


def test_a_missing_part_is_no_old_page(site):
    # spec: library:P-44, library:P-45
    assert text(site, "page.psp") == "one a"
    (site.docs / "pages/deep.psp").unlink()
    site.log.expect_traceback("FileNotFoundError: .*deep.psp", times=1)
    assert site.get("/pages/page.psp").status == 500
    site.write("htdocs/pages/deep.psp", "a")
    assert text(site, "page.psp") == "one a"


def test_nothing_is_looked_at_without_autoreload(site):
    # spec: library:P-132
    assert text(site, "still/page.psp") == "one"
    site.write("htdocs/pages/still/page.psp", "two")
    assert text(site, "still/page.psp") == "one"


def test_no_code_from_elsewhere(site):
    # spec: library:P-135, library:P-136, library:D-33, library:O-13
    # spec: directives:10/PSPDbmCache, directives:10/mod_python.psp.cache_database_filename
    assert text(site, "other.psp") == "x1"
    site.log.expect("MPY0642: ", times=1)
    assert [text(site, f"options/{page}") for page in ("page.psp", "other.psp")] == ["one", "two"]
    # Told once by each interpreter, whatever the name of the option.
    assert text(site, "newer/page.psp") == "three"
    assert not (site.docs / "pages/other.psc").read_bytes().startswith(b"\0")


def test_the_last_used_are_kept(site):
    # spec: library:P-132, library:P-133, library:P-134, library:D-32
    code = """
        from mod_python import psp
        from mod_python._psp import cache
        def page(n):
            return psp.PSP(req, string=f"page {n}")._page
        first = page(0)
        for n in range(1, cache.SIZE):
            page(n)
        same = page(0) is first
        for n in range(cache.SIZE, cache.SIZE + 600):
            page(n)
            kept = page(0)
        result = same, kept is first, page(1) is not None, len(cache._templates.pages), cache.SIZE
    """
    assert run(site, code) == (True, True, True, 512, 512)


def test_many_threads(site):
    # spec: library:D-51
    expected = "".join(f"{n}," for n in range(50))
    wrong = []

    def ask(number):
        for turn in range(15):
            if number == 0:
                os.utime(site.docs / "pages/many.psp", (turn, turn))
            if (got := text(site, "many.psp")) != expected:
                wrong.append(got)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_depth_of_includes(site):
    # spec: library:P-45, library:D-30
    for number in range(34):
        site.write(f"htdocs/pages/d{number}.psp", f"<%@ include file=\"d{number + 1}.psp\" %>" if number < 33 else "end")
    assert text(site, "d1.psp") == "end"
    site.log.expect_traceback(": SyntaxError: more than 32", times=1)
    assert site.get("/pages/d0.psp").status == 500


def test_any_page_compiles_or_is_refused_with_its_line(site):
    # spec: library:P-103
    code = """
        import random
        import warnings
        from mod_python._psp import cache
        warnings.simplefilter("ignore")
        parts = ["<%", "<%\\n", "<%=", "<%--", "%>", "%>", "--%>", "\\n", "\\n", "  ", "\\t", "a", "'", '"', "#", ":", "(", ")",
                 "{", "f'", "x=1", "if a:", "\\\\", "\\r", "else:", "%>b<%="]
        wrong = []
        compiled = 0
        for seed in range(4000):
            choose = random.Random(seed)
            page = "".join(choose.choice(parts) for _ in range(choose.randrange(14)))
            try:
                cache.string_page(req, page)
                compiled += 1
            except SyntaxError as error:
                lines = page.replace("\\r\\n", "\\n").replace("\\r", "\\n").count("\\n") + 1
                if not 1 <= (error.lineno or 0) <= lines or error.filename != "__psp__":
                    wrong.append((page, error.filename, error.lineno))
            except Exception as error:
                wrong.append((page, repr(error)))
        result = wrong[:5], compiled > 500
    """
    assert run(site, code) == ([], True)
