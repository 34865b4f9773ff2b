"""The server name that is bound to the main interpreter: the first, in configuration order, that names Python code."""

import pytest

pytestmark = pytest.mark.interpreters

WHERE = """
import ctypes

from mod_python import apache

def handler(req):
    api = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = ctypes.c_void_p
    api.PyInterpreterState_GetID.argtypes = [ctypes.c_void_p]
    api.PyInterpreterState_GetID.restype = ctypes.c_int64
    main = api.PyInterpreterState_GetID(api.PyInterpreterState_Get()) == 0
    req.content_type = "text/plain"
    req.write(f"{apache.interpreter} {main}")
    return apache.OK
"""

HANDLER = """
    SetHandler mod_python
    PythonHandler where
"""

PATH = """PythonPath "sys.path + ['@ROOT@/lib']"\n"""


def host(name, text="", port="@PORT@"):
    return f"<VirtualHost 127.0.0.1:{port}>\nServerName {name}\n{text}\n</VirtualHost>\n"


@pytest.fixture
def main_name(serve):
    """Return the name of the interpreter that is the main one, found by asking each of some servers."""

    def find(config, *names):
        server = serve(config=PATH + config, files={"lib/where.py": WHERE})
        answers = [server.get("/", host=name).text.split() for name in names]
        main = {name for name, is_main in answers if is_main == "True"}
        assert len(main) <= 1
        return main.pop() if main else None

    return find


# spec: interpreters:2.2
def test_the_only_server_is_in_the_main_interpreter(main_name):
    assert main_name(HANDLER, "localhost") == "localhost"


def test_first_virtual_host_with_a_handler(main_name):
    config = host("plain.test") + host("one.test", HANDLER) + host("two.test", HANDLER)
    assert main_name(config, "two.test", "one.test") == "one.test"


def test_order_of_the_configuration_counts_not_that_of_requests(main_name):
    config = host("b.test", HANDLER) + host("a.test", HANDLER)
    assert main_name(config, "a.test", "b.test") == "b.test"


def test_virtual_hosts_have_what_the_main_server_has(main_name):
    config = HANDLER + host("one.test") + host("two.test", HANDLER)
    assert main_name(config, "two.test", "one.test") == "one.test"


def test_a_server_with_settings_only_names_no_code(main_name):
    config = host("set.test", "PythonDebug On") + host("code.test", HANDLER)
    assert main_name(config, "code.test") == "code.test"


def test_code_in_a_section_counts(main_name):
    section = f'<Location "/">{HANDLER}</Location>'
    assert main_name(host("one.test", section) + host("two.test", HANDLER), "two.test", "one.test") == "one.test"


def test_main_server_that_a_listener_reaches(serve):
    # Two addresses: the first belongs to virtual hosts, the second to the main server.
    probe = serve.make(mpm="event")
    second = probe.port
    config = f"{PATH}Listen 127.0.0.1:{second}\n{HANDLER}" + host("one.test", HANDLER)
    server = serve(config=config, files={"lib/where.py": WHERE})
    assert server.get("/", host="one.test").text == "one.test False"
    server.port, first = second, server.port
    assert server.get("/", host="one.test").text == "localhost True"
    server.port = first


def test_binding_is_the_same_in_every_child(serve):
    config = PATH + host("b.test", HANDLER) + host("a.test", HANDLER)
    server = serve(mpm="prefork", processes=3, config=config, files={"lib/where.py": WHERE})
    for _ in range(12):
        assert server.get("/", host="a.test").text == "a.test False"
        assert server.get("/", host="b.test").text == "b.test True"


def test_binding_follows_the_configuration_after_a_restart(serve):
    # spec: interpreters:I-15
    server = serve(config=PATH + host("a.test", HANDLER) + host("b.test", HANDLER),
                   files={"lib/where.py": WHERE})  # fmt: skip
    assert server.get("/", host="a.test").text == "a.test True"
    server.config = PATH + host("b.test", HANDLER) + host("a.test", HANDLER)
    server.graceful()
    deadline = 200
    while server.get("/", host="b.test").text != "b.test True":
        deadline -= 1
        assert deadline, "the new generation does not answer"
    assert server.get("/", host="a.test").text == "a.test False"


def test_main_interpreter_by_name(main_name):
    # spec: interpreters:2.10
    config = host("one.test", HANDLER) + host("two.test", HANDLER + "PythonInterpreter main_interpreter\n")
    assert main_name(config, "two.test") == "one.test"
