"""mp_finfo: apache.stat() and req.finfo."""

import os

import pytest
from harness import server
from harness.evaluate import CONFIG, FILES, evaluate

TARGET = "htdocs/evaluate/target.txt"

site = server(CONFIG, {**FILES, TARGET: "twelve bytes", "htdocs/private/x": "secret"}, processes=1)

NAMES = [
    "fname", "filetype", "valid", "protection", "user", "group", "size", "inode", "device", "nlink", "atime", "mtime",
    "ctime", "name",
]  # fmt: skip


def _facts(site, setup):
    return evaluate(site, f"f = {setup}\nresult = {{n: getattr(f, n) for n in {NAMES}}}")


def test_attributes_are_the_file_systems(site):
    # spec: api:9.1, api:9.2, api:3
    path = site.root / TARGET
    path.chmod(0o640)
    os.utime(path, (1_000_000_001, 1_000_000_002))
    real = path.stat()
    facts = _facts(site, f"apache.stat({str(path)!r}, apache.APR_FINFO_NORM)")
    path.chmod(0o644)
    assert facts.pop("valid") & 0x73B170 == 0x73B170
    assert facts == {
        "fname": str(path), "filetype": 1, "protection": 0x640, "user": real.st_uid, "group": real.st_gid, "size": 12,
        "inode": real.st_ino, "device": real.st_dev, "nlink": 1, "atime": 1_000_000_001, "mtime": 1_000_000_002,
        "ctime": int(real.st_ctime), "name": None,
    }  # fmt: skip


def test_missing_file(site):
    # spec: api:9.1, api:3
    facts = _facts(site, "apache.stat('/nowhere/at/all', apache.APR_FINFO_MIN)")
    assert (facts.pop("fname"), facts.pop("filetype")) == ("/nowhere/at/all", 0)
    assert set(facts.values()) == {None}


def test_kinds_of_files_and_links(site):
    # spec: api:3/stat
    link = site.root / "tmp/link"
    link.symlink_to(site.root / TARGET)
    kinds = [("/", "0x8000"), ("/dev/null", "0x8000"), (str(link), "0x8000"), (str(link), "0x8000 | apache.APR_FINFO_LINK")]
    calls = ", ".join(f"apache.stat({path!r}, {wanted}).filetype" for path, wanted in kinds)
    assert evaluate(site, f"[{calls}]") == [2, 3, 1, 6]


def test_paths_that_are_no_utf8(site):
    # spec: api:1.8
    path = site.root / "tmp/caf\udce9"
    path.write_bytes(b"123")
    shown = ascii(str(path))
    assert evaluate(site, f"(lambda f: (f.size, f.fname == {shown}))(apache.stat({shown}, 0x100))") == (3, True)


@pytest.mark.parametrize(
    ("path", "kind", "number"),
    [("@ROOT@/closed/x", "PermissionError", 13), ("/dev/null/x", "NotADirectoryError", 20)],
)
def test_errors_are_oserrors(site, path, kind, number):
    # spec: api:3/stat
    closed = site.root / "closed"
    closed.mkdir(exist_ok=True)
    closed.chmod(0o700)
    if os.geteuid() != 0:
        closed.chmod(0)
    path = site.fill(path)
    answer = evaluate(site, f"apache.stat({path!r}, apache.APR_FINFO_MIN)")
    assert (answer["raised"][0], answer["errno"]) == (kind, number)
    assert "OSError" in answer["raised"] and "apache" not in answer["raised"]
    assert "apr_stat() failed" in answer["text"]


@pytest.mark.parametrize(
    ("call", "kind"),
    [("stat('/')", "TypeError"), ("stat(b'/', 1)", "TypeError"), ("stat('/', '1')", "TypeError"), ("stat('a\\0', 1)", "ValueError")],
)
def test_wrong_arguments(site, call, kind):
    # spec: api:3/stat
    assert evaluate(site, f"apache.{call}")["raised"][0] == kind


def test_indexing(site):
    # spec: api:9.3, api:A-25
    source = """
        f = apache.stat('/etc/passwd', apache.APR_FINFO_NORM)
        names = "MODE INO DEV NLINK UID GID SIZE ATIME MTIME CTIME FNAME NAME FILETYPE".split()
        indexed = [f[getattr(apache, "FINFO_" + name)] for name in names]
        result = [indexed == [f.protection, f.inode, f.device, f.nlink, f.user, f.group, f.size, f.atime, f.mtime,
                              f.ctime, f.fname, f.name, f.filetype],
                  f[apache.FINFO_FILETYPE], len(tuple(f)), tuple(f) == tuple(indexed[:12])]
    """
    assert evaluate(site, source) == [True, 1, 12, True]
    for index in (13, -1, 10**30):
        answer = evaluate(site, f"apache.stat('/', 1)[{index}]")
        assert (answer["raised"][0], answer["text"]) == ("IndexError", "tuple index out of range")
    for expression in ("len(apache.stat('/', 1))", "apache.stat('/', 1)[0:2]", "apache.stat('/', 1)['size']"):
        assert evaluate(site, expression)["raised"][0] == "TypeError"


def test_unknown_attributes_and_assignment(site):
    # spec: api:9.4
    answer = evaluate(site, "apache.stat('/', 1).colour")
    assert answer["raised"][0] == "AttributeError" and "mp_finfo" in answer["text"]
    for name in ("size", "colour"):
        assert evaluate(site, f"setattr(apache.stat('/', 1), {name!r}, 1)")["raised"][0] == "AttributeError"


def test_repr(site):
    # spec: api:9.5
    shown = evaluate(site, "repr(apache.stat('/etc/passwd', apache.APR_FINFO_NORM))")
    assert shown.startswith("{'fname': '/etc/passwd', 'filetype': 1, 'valid': ")
    positions = [shown.index(f"'{name}':") for name in NAMES]
    assert positions == sorted(positions)
    assert evaluate(site, "eval(repr(req.finfo)) == {n: getattr(req.finfo, n) for n in %r}" % NAMES) is True


def test_request_shows_its_own_record(site):
    # spec: api:9.1, api:9.6, api:6.1/finfo
    source = f"""
        before = req.finfo
        first = before.filetype
        req.finfo = apache.stat({str(site.root / TARGET)!r}, apache.APR_FINFO_NORM)
        req.finfo = req.finfo
        result = [first, before is req.finfo, req.finfo.fname, req.finfo.size]
    """
    # /evaluate/x does not exist.
    assert evaluate(site, source) == [0, True, str(site.root / TARGET), 12]
    assert evaluate(site, "req.finfo = (1, 2)\nresult = 0")["raised"][0] == "TypeError"


def test_assigned_texts_are_the_requests_own(site):
    # spec: api:A-25
    source = """
        import gc
        for number in range(200):
            req.finfo = apache.stat("/no/such/file/%d" % number, 1)
            gc.collect(0)
        others = [apache.stat("/something/else/%d" % number, 1) for number in range(200)]
        result = req.finfo.fname
    """
    assert evaluate(site, source) == "/no/such/file/199"


def test_expires_with_the_request(site):
    # spec: api:A-12
    with site.connect() as connection:
        evaluate(site, "apache.kept = (req.finfo, apache.stat('/', 0x8000))\nresult = 0", to=connection)
        answer = evaluate(site, "apache.kept[0].size", to=connection)
        assert "RuntimeError" in answer["raised"] and answer["raised"][0] == "ExpiredError"
        assert evaluate(site, "apache.kept[1].filetype", to=connection) == 2
