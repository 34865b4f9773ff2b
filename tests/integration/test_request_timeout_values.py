"""PythonRequestTimeout: its values, and what a child has where nothing has a limit."""

import pytest

from harness import Httpd
from harness.waiting import until

CONFIG = """
PythonRequestTimeout {}
SetHandler mod_python
PythonPath "sys.path + ['@DOCS@']"
PythonHandler quick
"""

QUICK = "def handler(req):\n    return 0\n"


@pytest.mark.parametrize(
    "words, sentence",
    [
        ("", "PythonRequestTimeout takes 1-2 arguments, how long one call of Python may take"),
        ("1 2 3", "PythonRequestTimeout takes 1-2 arguments, "),
        ("soon", "PythonRequestTimeout: 'soon' is no time: a number of seconds, or with a unit (ms, s, min, h)"),
        ("-1", "PythonRequestTimeout: '-1' is no time"),
        ("5ms", "PythonRequestTimeout: '5ms' is no time"),
        ("25h", "PythonRequestTimeout: '25h' is no time"),
        ("10x", "PythonRequestTimeout: '10x' is no time"),
        ("99999999999999999999", "PythonRequestTimeout: '99999999999999999999' is no time"),
        ("10 soon", "PythonRequestTimeout: 'soon' is no grace time"),
        ("10 0", "PythonRequestTimeout: the grace time must not be 0"),
        ("Off 5", "PythonRequestTimeout: no grace time can stand behind Off"),
        ("0 5", "PythonRequestTimeout: no grace time can stand behind Off"),
    ],
)
def test_wrong_values(tree, words, sentence):
    made = Httpd(tree, "event", f"PythonRequestTimeout {words}")
    try:
        status, said = made.check_config()
    finally:
        made.remove()
    assert status != 0 and sentence in said


def test_right_values(tree):
    words = ["30", "10ms", "500ms 10ms", "2min 1min", "24h", "0", "off", "OFF"]
    made = Httpd(tree, "event", "\n".join(f"PythonRequestTimeout {word}" for word in words))
    try:
        assert made.check_config()[0] == 0
    finally:
        made.remove()


def test_nobody_watches_without_the_directive(serve):
    for words, watched in (("30", True), ("Off", False)):
        site = serve(processes=1, config=CONFIG.format(words), files={"htdocs/quick.py": QUICK})
        assert site.get("/x").status == 200
        if watched:
            # It gives itself its name.
            until(lambda: "mod_python watc" in site.thread_names())
        assert ("mod_python watc" in site.thread_names()) is watched
