"""The pages of docs/ and the code name the same things: directives, phases, messages, the API. No httpd is needed."""

import ast
import builtins
import re

import pytest

from docs.pages import DOCS, ROOT, anchors, entries, examples, headings, pages, read, section, without_fences

STUB = ROOT / "python/mod_python/_apache.pyi"
CONSTANTS = ROOT / "python/mod_python/_apache_constants.pyi"
CLASSES = ROOT / "python/mod_python/_apache_objects.pyi"

#: The class of the stub and where api.md describes it.
OBJECTS = {
    "mp_request": "The request",
    "mp_server": "The server",
    "mp_conn": "The connection",
    "mp_table": "Tables",
    "mp_finfo": "File facts",
    "mp_filter": "The filter",
    "mp_hlist": "The handler list",
}

CONTEXTS = {
    "ANYWHERE": ("server, virtual host, section, .htaccess", "any"),
    "SERVER": ("server, virtual host", "not in .htaccess"),
    "AUTHENTICATION": ("server, virtual host, section, .htaccess", "AuthConfig"),
    "NO_HTACCESS": ("server, virtual host, section", "not in .htaccess"),
}


def phases():
    """Return {variant: (directive, function, chain)} from src/phase.rs."""
    rows = re.findall(
        r'info\(Phase::(\w+), c"(\w+)", "(\w+)", Chain::(\w+)\)', (ROOT / "src/phase.rs").read_text()
    )
    assert rows
    return {variant: row for variant, *row in rows}


def directives():
    """Return {directive: name of its contexts} from the command table."""
    source = (ROOT / "src/directives/mod.rs").read_text()
    arms = re.findall(r"(Phase::[\w\s:|]+?) => (\w+),", re.search(r"match phase \{(.*?)_ => ANYWHERE", source, re.S)[1])
    special = {variant: contexts for names, contexts in arms for variant in re.findall(r"Phase::(\w+)", names)}
    table = source[source.index("pub static COMMANDS") : source.index("// The end of the table.")]
    found = {}
    for row in re.finditer(r'raw\(Phase::(\w+)\)|c"(Python\w+)",(.*?)\b(ANYWHERE|SERVER|AUTHENTICATION|NO_HTACCESS)\b', table, re.S):
        if row[1]:
            found[phases()[row[1]][0]] = special.get(row[1], "ANYWHERE")
        else:
            found[row[2]] = row[4]
    assert len(found) == int(re.search(r"COUNT: usize = (\d+)", source)[1])
    return found


def same(documented, existing):
    """Fail with what is missing on either side."""
    missing, extra = sorted(existing - documented), sorted(documented - existing)
    assert not missing and not extra, f"without an entry: {missing}; described but not there: {extra}"


def test_directives_have_entries():
    described = headings(section(read("directives.md"), "The directives"), 3)
    assert described == sorted(described, key=str.lower)
    same(set(described), set(directives()))


@pytest.mark.parametrize(("name", "contexts"), sorted(directives().items()))
def test_directive_entry(name, contexts):
    text = section(read("directives.md"), name)
    facts = dict(re.findall(r"^- \*\*(\w+):\*\* (.+)$", text, re.M))
    assert list(facts) == ["Syntax", "Context", "Override", "Default"]
    assert re.match(rf"`{name}\b", facts["Syntax"])
    where, override = CONTEXTS[contexts]
    # One directive refuses virtual hosts by itself, one all sections but Location.
    where = {"PythonHome": "server", "PythonMapToStorageHandler": "server, virtual host, Location"}.get(name, where)
    assert (facts["Context"], facts["Override"]) == (where, override)
    assert any(re.search(rf"^\s*{name}\b", example.text, re.M) for example in examples("apache")), "no example"
    assert f"(#{name.lower()})" in read("directives.md")


def test_phases_are_described():
    rules = {"OkAndDeclined": "OK, DECLINED", "Declined": "DECLINED", "Ok": "OK", "Never": "none"}
    rows = re.findall(
        r"^\| \[(\w+)\]\S* ?[^|]*\| `(\w+)` \| `?[^|]*\| ([^|]*) \| \w+ \|$",
        section(read("handlers.md"), "The phases"),
        re.M,
    )
    existing = {(name, function, rules[chain]) for name, function, chain in phases().values()}
    same(set(rows), existing)


def test_messages_are_listed():
    used = set()
    for file in [*(ROOT / "src").rglob("*.rs"), *(ROOT / "python").rglob("*.py")]:
        used.update(re.findall(r"MPY\d{4}", file.read_text()))
    assert used
    same(set(headings(read("messages.md"), 3)), used)
    assert headings(read("messages.md"), 3) == sorted(used)


def bindings(module):
    """Return the names that a Python module's top level binds by import, assignment or definition."""
    names = set()
    for node in module.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
    return names


def parsed(file):
    """Return the syntax tree of a module or stub."""
    return ast.parse(file.read_text())


def constants():
    """Return the constants of mod_python.apache: those of its own and those of the native module."""
    names = bindings(parsed(ROOT / "python/mod_python/_constants.py")) | bindings(parsed(CONSTANTS))
    return {name for name in names if name.isupper() and name[0] != "_"} - {"TYPE_CHECKING"}


def public_names():
    """Return what mod_python.apache lists in __all__, without the constants."""
    for node in ast.walk(parsed(ROOT / "python/mod_python/apache.py")):
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return {item.value for item in node.value.elts if isinstance(item, ast.Constant)}
    raise AssertionError("apache.py has no __all__")


def test_constants_have_entries():
    same(entries(section(read("api.md"), "Constants")), constants())


def test_public_names_have_entries():
    page = read("api.md")
    described = {name for part in ("Data and functions", "Importing", "CGI") for name in entries(section(page, part))}
    same(described, public_names())


def test_functions_of_the_native_module_have_entries():
    functions = {node.name for node in parsed(STUB).body if isinstance(node, ast.FunctionDef)}
    page = read("api.md")
    private = entries(section(page, "The module _apache"))
    assert private - {"register_cleanup"} <= functions - public_names()
    same(private | public_names() & functions, functions)


def members():
    """Return {class: names of its attributes and methods} from the stub."""
    found = {}
    for node in parsed(CLASSES).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {name for name in bindings(node) if not re.fullmatch(r"__\w+__", name)}
    return found


def test_every_class_is_described():
    # The library's own classes are described with it; nobody calls what belongs to WSGI by its name.
    assert set(members()) == {*OBJECTS, "mp_form", "wsgi_applications", "wsgi_response"}


def test_members_of_forms_have_entries():
    described = set(re.findall(r"`form\.(\w+)", section(read("forms.md"), "FieldStorage")))
    assert members()["mp_form"] <= described


@pytest.mark.parametrize(("name", "heading"), OBJECTS.items())
def test_members_have_entries(name, heading):
    described = entries(section(read("api.md"), heading))
    # The table of operations on tables begins with examples of use.
    same(described - {"table", "t", "del", "key", "len", "bool", "iter"}, members()[name])


@pytest.mark.parametrize("name", ["mp_request", "mp_conn"])
def test_writable_attributes_are_marked(name):
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|( W)? \|", section(read("api.md"), OBJECTS[name]), re.M)
    node = next(node for node in parsed(CLASSES).body if getattr(node, "name", None) == name)
    writable = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
    same({attribute for attribute, mark in rows if mark}, writable)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page):
    text = without_fences(page.read_text())
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        other = (page.parent / file).resolve() if file else page
        if not other.is_file() or (anchor and anchor not in anchors(other.read_text())):
            broken.append(target)
    assert not broken


def test_every_page_is_in_the_index():
    listed = set(re.findall(r"\]\((\w+\.md)\)", read("README.md")))
    assert listed == {page.name for page in DOCS.glob("*.md")} - {"README.md"}


@pytest.mark.parametrize("example", examples("python"), ids=str)
def test_python_examples_compile(example):
    tree = ast.parse(example.text, str(example))
    compile(tree, str(example), "exec")
    known = {
        "apache": public_names() | constants(),
        # Handlers set the one attribute that the module looks for without having it.
        "req": members()["mp_request"] | {"ssi_globals"},
        "_apache": {node.name for node in parsed(STUB).body if isinstance(node, ast.FunctionDef)},
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            assert node.attr in known[node.value.id], f"{example}: {node.value.id}.{node.attr}"
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            bound |= bindings(node)
    assert names <= bound | set(dir(builtins)), f"{example}: a name that nothing binds"
