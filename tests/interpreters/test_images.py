"""Private copies of the module: types do not collide, each copy is a fresh one, and copies without anonymous files."""

import os
import threading

import pytest

from harness import server

pytestmark = pytest.mark.interpreters

HOSTS = ["one.test", "two.test", "three.test", "four.test"]

CONFIG = """
PythonPath "sys.path + ['@ROOT@/lib']"
<Location "/">
    SetHandler mod_python
    PythonHandler pages
</Location>
""" + "".join(f"<VirtualHost 127.0.0.1:@PORT@>\nServerName {host}\n</VirtualHost>\n" for host in HOSTS)

PAGES = """
import os
import sys

from mod_python import _apache, apache

def handler(req):
    req.content_type = "text/plain"
    what, _, argument = req.path_info[1:].partition("/")
    if what == "identity":
        req.write(f"{apache.interpreter} {id(type(req))} {id(type(req.headers_in))} {os.getpid()}")
    elif what == "make":
        # Attributes named like the request's own, in a thousand layouts, fill the type cache and its version tags.
        names = [name for name in dir(type(req)) if not name.startswith("__")]
        for number in range(int(argument)):
            made = type(f"C{number}", (), {name: number for name in names})
            value = made()
            for name in names:
                getattr(value, name)
        req.write(str(len(names)))
    elif what == "facts":
        for _ in range(50):
            assert req.uri == "/facts/" + argument, req.uri
            assert req.method == "GET", req.method
            assert req.headers_in["X-Number"] == argument
            assert type(req) is _apache.mp_request
            assert isinstance(req.headers_in, apache.table)
        req.write(f"{apache.interpreter} {req.uri} {req.hostname}")
    elif what == "images":
        with open("/proc/self/maps") as maps:
            found = {line.split(None, 5)[5].strip() for line in maps if "mod_python" in line}
        req.write("\\n".join(sorted(found)))
    elif what == "descriptors":
        # What a program does that turns itself into a daemon, but for the sockets and logs of httpd.
        closed = 0
        for name in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink(f"/proc/self/fd/{name}")
            except OSError:
                continue
            if "memfd:" in target or "mod_python-image" in target:
                os.close(int(name))
                closed += 1
        req.write(str(closed))
    return apache.OK
"""

FILES = {"lib/pages.py": PAGES}

site = server(CONFIG, FILES, threads=8)


def ask(site, path, host="one.test", **options):
    answer = site.get(path, host=host, **options)
    assert answer.status == 200, (path, host)
    return answer.text


def test_types_belong_to_one_interpreter(site):
    # spec: interpreters:I-6
    seen = {}
    for host in HOSTS * 4:
        name, request, table, pid = ask(site, "/identity", host).split()
        assert name == host
        seen.setdefault(pid, {})[host] = (request, table)
    for types in seen.values():
        assert len({pair for pair in types.values()}) == len(types)


def test_three_thousand_classes_while_requests_run(site, mpm):
    # spec: interpreters:I-6
    # With types that interpreters share (one image for all), three of four of these requests fail with
    # "descriptor 'uri' for ... objects doesn't apply to a 'C0' object": version tags of types are given out by each
    # interpreter and collide in the type cache. The cure is an image of the module for each interpreter.
    done = threading.Event()
    problems = []

    def ask_for_facts(host):
        number = 0
        while not done.is_set() or number < 20:
            number += 1
            try:
                text = ask(site, f"/facts/{number}", host, headers={"X-Number": str(number)})
                if text != f"{host} /facts/{number} {host}":
                    problems.append(text)
            except Exception as error:
                problems.append(repr(error))
            if problems:
                return

    threads = [threading.Thread(target=ask_for_facts, args=[host]) for host in HOSTS]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            for host in HOSTS:
                assert int(ask(site, "/make/150", host)) > 20
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not problems


# Enough servers that a copy would come again if copies were told apart by their descriptors only.
MANY = [f"h{number}.test" for number in range(40)]
MANY_CONFIG = CONFIG.split("<VirtualHost", maxsplit=1)[0] + "".join(
    f"<VirtualHost 127.0.0.1:@PORT@>\nServerName {host}\n</VirtualHost>\n" for host in MANY
)


def identities(site, hosts=MANY):
    found = [ask(site, "/identity", host).split() for host in hosts]
    assert [name for name, *_ in found] == list(hosts)
    assert len({pid for *_, pid in found}) == 1
    return [(request, table) for _, request, table, _ in found]


def test_many_images(serve):
    # spec: interpreters:2.4, interpreters:I-6
    # The loader takes a library of the same name for the same one, and /proc/self/fd/N is the same name whenever a
    # descriptor number comes again, here each time. The cure is a path of its own for each copy.
    site = serve(mpm="worker", processes=1, config=MANY_CONFIG, files=FILES)
    types = identities(site)
    assert len(set(types)) == len(MANY)
    assert types == identities(site)
    # No second attempt was needed.
    assert not site.log.find("MPY0202")


def test_images_after_descriptors_were_closed(serve):
    # spec: interpreters:I-6
    site = serve(mpm="worker", processes=1, config=MANY_CONFIG, files=FILES)
    for host in MANY:
        ask(site, "/descriptors", host)
    assert len(set(identities(site))) == len(MANY)


def leftovers(site):
    return sorted(
        str(path)
        for folder in (site.root / "run", site.root / "tmp")
        for path in folder.iterdir()
        if "image" in path.name
    )


def test_without_anonymous_files(serve):
    # The runtime directory is open to the children here.
    site = serve.make(mpm="worker", processes=1, config=CONFIG, files=FILES, env={"MOD_PYTHON_NO_MEMFD": "1"})
    (site.root / "run").chmod(0o777)
    site.start()
    assert len(set(identities(site, HOSTS))) == len(HOSTS)
    refusals = site.log.find(r"MPY0202: .* an anonymous file: MOD_PYTHON_NO_MEMFD is set$")
    assert len(refusals) == len(HOSTS) - 1
    assert "memfd:" not in ask(site, "/images")
    assert f"{site.root}/run/mod_python-image-" in ask(site, "/images")
    assert not leftovers(site)


def test_without_anonymous_files_and_without_a_runtime_directory(serve):
    site = serve.make(
        mpm="worker", processes=1, config=CONFIG, files=FILES,
        env={"MOD_PYTHON_NO_MEMFD": "1", "TMPDIR": "@ROOT@/tmp"},
    )  # fmt: skip
    site.env["TMPDIR"] = site.fill(site.env["TMPDIR"])
    (site.root / "run").chmod(0o755)
    site.start()
    assert len(set(identities(site, HOSTS))) == len(HOSTS)
    assert len(site.log.find(r"MPY0202: .* an anonymous file: ")) == len(HOSTS) - 1
    if os.geteuid() == 0:
        assert len(site.log.find(r"MPY0202: .* runtime directory: .*Permission denied")) == len(HOSTS) - 1
        assert f"{site.root}/tmp/mod_python-image-" in ask(site, "/images")
    assert not leftovers(site)


def test_nowhere_to_put_a_copy(serve):
    # spec: interpreters:2.5, interpreters:I-5, directives:6/step-3
    site = serve.make(
        mpm="worker", processes=1, config=CONFIG, files=FILES,
        env={"MOD_PYTHON_NO_MEMFD": "1", "TMPDIR": "/nonexistent"},
    )  # fmt: skip
    # A folder below which nobody, root included, can make a file.
    site.config += '\nDefaultRuntimeDir "/proc/self"\n'
    refused = r"MPY0204: can't get/create interpreter 'two\.test' \(phase PythonHandler\): .*"
    site.start()
    site.log.expect(refused + "an anonymous file: .*runtime directory: .*temporary directory: ", times=2)
    assert site.get("/identity", host="two.test").status == 500
    # The main interpreter needs no copy, and nothing is locked.
    assert ask(site, "/identity", "one.test").startswith("one.test ")
    assert site.get("/identity", host="two.test").status == 500
