"""What ``mod_python serve PATH`` is to serve: a module of handlers, a publisher, PSP pages or a WSGI application.

Modules are looked at, not run: what counts is the names that their source binds
at its top level. Used by serve.py.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path
from typing import Optional

from mod_python._command._failure import Failed, Usage

KINDS = ("handler", "publisher", "psp", "wsgi")

_WSGI = re.compile(r"(?P<module>.+?)::?(?P<object>[A-Za-z_]\w*)")


@dataclasses.dataclass(frozen=True)
class Target:
    """A folder, and what in it answers requests.

    `module` is the one module that was named, the application's for ``wsgi``;
    None for a whole folder. `object` is the application's name. `page` is the
    one PSP page that was named.
    """

    kind: str
    folder: Path
    module: Optional[str] = None
    object: str = "application"
    page: Optional[str] = None

    def name(self) -> str:
        """Return what is served, for people: a path, or an application as ``module:object``."""
        if self.kind == "wsgi":
            return f"{self.module}:{self.object}"
        file = self.page or (self.module and f"{self.module}.py")
        return str(self.folder / file if file else self.folder)

    def handlers(self) -> list[str]:
        """Return the names of the modules that have a function ``handler``, those that can be imported by name."""
        if self.module:
            return [self.module]
        return [file.stem for file in _modules(self.folder) if file.stem.isidentifier() and "handler" in _bound(file)]


def find(path: str, kind: Optional[str]) -> Target:
    """Return what PATH means; `kind` is that of ``--as``, if it was given.

    Raises Usage where PATH does not say what it is, Failed where it is not there.
    """
    place = Path(path)
    if place.is_dir():
        if kind == "wsgi":
            raise Usage("a WSGI application is a module and a callable in it: myapp.wsgi:application")
        return Target(kind or _of_folder(place), place.resolve())
    if place.is_file():
        return _of_file(place.resolve(), kind)
    if found := _WSGI.fullmatch(path):
        if kind not in (None, "wsgi"):
            raise Usage(f"{path} is a WSGI application, which cannot be served as {kind}")
        return _application(found["module"], found["object"])
    if kind == "wsgi":
        return _application(path, "application")
    raise Failed(f"there is no file or folder {path}")


def _of_folder(folder: Path) -> str:
    found = {"psp"} if any(folder.glob("*.psp")) else set()
    for file in _modules(folder):
        if "handler" in _bound(file):
            found.add("handler")
        elif file.name == "index.py":
            found.add("publisher")
    if len(found) == 1:
        return found.pop()
    if found:
        raise Usage(f"{folder} could be served as {' or '.join(sorted(found))}: choose with --as")
    raise Usage(
        f"{folder} has no module with a function handler(), no index.py for the publisher and no page *.psp: choose with --as"
    )


def _of_file(file: Path, kind: Optional[str]) -> Target:
    if file.suffix == ".psp" and kind in (None, "psp"):
        return Target("psp", file.parent, page=file.name)
    if file.suffix != ".py" or kind == "psp" or not file.stem.isidentifier():
        raise Usage(f"{file} is neither a Python module nor a PSP page" if kind is None else f"{file} cannot be served as {kind}")
    if kind is None:
        names = _bound(file)
        kind = "handler" if "handler" in names else "wsgi" if "application" in names else "publisher"
    return Target(kind, file.parent, module=file.stem)


def _application(module: str, name: str) -> Target:
    if module.endswith(".py"):
        file = Path(module)
        if not file.is_file() or not file.stem.isidentifier():
            raise Failed(f"there is no module {module}")
        return Target("wsgi", file.resolve().parent, module=file.stem, object=name)
    if not all(word.isidentifier() for word in module.split(".")):
        raise Failed(f"there is no file or folder {module}, and it is no name of a module")
    return Target("wsgi", Path.cwd(), module=module, object=name)


def _modules(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.py") if not file.name.startswith("."))


def _bound(file: Path) -> set[str]:
    """Return the names that a module's source binds at its top level; Failed if that cannot be read."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise Failed(f"{file}:{error.lineno}: {error.msg}; with --as it would be served all the same") from None
    except (OSError, ValueError) as error:
        raise Failed(f"{file}: {error}") from None
    found: set[str] = set()
    _collect(tree.body, found)
    return found


def _collect(body: list[ast.stmt], found: set[str]) -> None:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        found.update(name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
        for part in ("body", "orelse", "finalbody"):
            _collect(getattr(node, part, []), found)
        for handler in getattr(node, "handlers", []):
            _collect(handler.body, found)


