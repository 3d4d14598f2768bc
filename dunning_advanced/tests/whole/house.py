"""Reads the source of an addon and says where it breaks the rules of its rooms.

Nothing of the addon is imported or run. A rule is a function of a House that yields
sentences: file, line, what is wrong there and what to do.
"""

import ast
from collections import defaultdict
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple

LONGEST = 600

# What the modules of a folder may import besides their own folder.
FOLDERS = {
    "tools": set(),
    "models": {"tools"},
    "wizard": {"models", "tools"},
    "controllers": {"models", "tools"},
    "demo": {"models", "tools"},
}
# All that tools/ may have of Odoo.
SQL = ("tools/sql.py", ("odoo", "tools", "SQL"))

DATA = ("data", "report", "security", "views", "wizard")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DECLARES = {"models": {"Constraint", "Index", "UniqueIndex"}}


def problems(root, rooms, local_imports, spread):
    """Return what is wrong in an addon, as sentences in the order of its files.

    :param root: folder of the addon
    :param rooms: dict of each room of models/ to the rooms that it may import
    :param local_imports: dict of files that may import inside of functions to the reason
    :param spread: dict of (model of Odoo, folder that may have methods of it) to the reason
    """
    house = House(root)
    found = chain(
        _imports_upward(house, rooms),
        _odoo_in_tools(house),
        _circles(house),
        _local_imports(house, local_imports),
        _models(house, spread),
        _long_files(house),
        _lists_of_modules(house),
        _rooms(house, rooms),
        _tests(house),
        _data(house),
    )
    return [f"{house.root.name}/{path}:{line}: {words}" for path, line, words in sorted(found)]


class House:
    """The Python files of an addon. A path is that below the addon, as text."""

    def __init__(self, root):
        self.root = Path(root)
        self.trees = {
            path: ast.parse((self.root / path).read_text(encoding="utf-8"), path)
            for path in self.files(".py")
        }

    def files(self, *suffixes):
        found = (path for path in self.root.rglob("*") if path.suffix in suffixes)
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def packages(self):
        """The folders below FOLDERS that hold modules, but tools/: these are taken one by one."""
        folders = {path.rpartition("/")[0] for path in self.trees}
        return sorted(f for f in folders if f.partition("/")[0] in FOLDERS and f != "tools")

    @cached_property
    def imports(self):
        """For each file, what it imports: line, full name in parts, in a function or not."""
        return {path: list(self._imports(path, tree)) for path, tree in self.trees.items()}

    def _imports(self, path, tree):
        for node, local in _statements(tree.body):
            if isinstance(node, ast.Import):
                base = ()
            elif isinstance(node, ast.ImportFrom):
                base = self._base(path, node)
            else:
                continue
            for name in node.names:
                yield name.lineno, (*base, *name.name.split(".")), local

    def _base(self, path, node):
        here = ("odoo", "addons", self.root.name, *path.split("/")[:-1])
        base = here[: len(here) + 1 - node.level] if node.level else ()
        return (*base, *(node.module or "").split(".")) if node.module else base

    @cached_property
    def links(self):
        """For each file, line and path of the addon's files that it imports."""
        found = {}
        for path, imports in self.imports.items():
            targets = ((line, self._file(parts)) for line, parts, _ in imports)
            found[path] = sorted({link for link in targets if link[1] not in {None, path}})
        return found

    def _file(self, parts):
        """The addon's module of this name, else the one that has the name in it."""
        if parts[:3] != ("odoo", "addons", self.root.name):
            return None
        module = "/".join(parts[3:])
        within = module.rpartition("/")[0]
        tried = (f"{module}.py", f"{module}/__init__.py", f"{within}.py", f"{within}/__init__.py")
        return next((file for file in tried if file in self.trees), None)


def _statements(body, local=False):
    """Yield all statements, also those within others, each with whether a function holds it."""
    for statement in body:
        yield statement, local
        inside = local or isinstance(statement, FUNCTIONS)
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(statement, part, ()), inside)


# Imports


def _imports_upward(house, rooms):
    for path, links in house.links.items():
        for line, target in links:
            if words := _upward(path.split("/"), target.split("/"), rooms):
                yield path, line, words


def _upward(path, target, rooms):
    """Why a file must not import another, None where it may."""
    folder, other = path[0], target[0]
    if folder in FOLDERS and other not in {folder, *FOLDERS[folder]}:
        return (
            f"{folder}/ must not import {other}/: move what it needs into "
            f"{' or '.join(f'{name}/' for name in sorted({folder, *FOLDERS[folder]}))}"
        )
    if not folder == other == "models" or len(path) < 3:
        return None
    if len(target) < 3:
        return (
            f"a room must not import {'/'.join(target)}, which is above all rooms: "
            "move what it needs into a room or tools/"
        )
    room, wanted = path[1], target[1]
    if wanted in {room, *rooms.get(room, ())}:
        return None
    return (
        f"room {room} must not import room {wanted}: move what it needs into a room below both, "
        f"or let {wanted} override or register what {room} calls"
    )


def _odoo_in_tools(house):
    for path, imports in house.imports.items():
        if not path.startswith("tools/"):
            continue
        for line, parts, _ in imports:
            ours = parts[:3] == ("odoo", "addons", house.root.name)
            if parts[0] == "odoo" and not ours and (path, parts) != SQL:
                words = (
                    f"tools/ works without Odoo, so it must not import {'.'.join(parts)}: take "
                    "values as arguments (only tools/sql.py may have SQL of odoo.tools)"
                )
                yield path, line, words


def _circles(house):
    done, way = set(), []

    def follow(path):
        way.append(path)
        for line, target in house.links[path]:
            if target in way:
                circle = [*way[way.index(target) :], target]
                words = (
                    f"this import closes the circle {' > '.join(circle)}: "
                    "move what they share into a file that imports none of them"
                )
                yield path, line, words
            elif target not in done:
                yield from follow(target)
        done.add(way.pop())

    for path in house.trees:
        if path not in done:
            yield from follow(path)


def _local_imports(house, allowed):
    used = set()
    for path, imports in house.imports.items():
        lines = {line for line, _, local in imports if local}
        if path in allowed and lines:
            used.add(path)
        else:
            for line in sorted(lines):
                words = (
                    "an import inside a function: move it to the top of the file, "
                    "or list the file with a reason in LOCAL_IMPORTS"
                )
                yield path, line, words
    for path in allowed.keys() - used:
        yield path, 1, "no import inside a function is left: take the file out of LOCAL_IMPORTS"


# Models


class Model(NamedTuple):
    """A class of a model: the model's definition, or an extension of it."""

    path: str
    line: int
    name: str
    defines: bool
    declares: list  # of (line, name) of its fields, constraints and indexes

    @property
    def folder(self):
        return self.path.rpartition("/")[0]


def _classes(house):
    for path, tree in house.trees.items():
        if path.startswith("tests/"):
            continue
        for node, _ in _statements(tree.body):
            if isinstance(node, ast.ClassDef) and (model := _model(path, node)):
                yield model


def _model(path, node):
    values = dict(_assigned(node))
    parents = ast.literal_eval(values.get("_inherit", ast.Constant(())))
    parents = (parents,) if isinstance(parents, str) else parents
    if "_name" in values:
        name = ast.literal_eval(values["_name"])
    elif parents:
        name = parents[0]
    else:
        return None
    declares = [(value.lineno, key) for key, value in values.items() if _declares(value)]
    return Model(path, node.lineno, name, name not in parents, declares)


def _assigned(node):
    """Name and value of what the body of a class assigns."""
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            yield from ((ast.unparse(target), statement.value) for target in statement.targets)
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            yield ast.unparse(statement.target), statement.value


def _declares(value):
    """Tell whether a value is fields.Something(...), models.Constraint(...) or an index."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    module, kind = ast.unparse(value.func.value), value.func.attr
    return module == "fields" or kind in DECLARES.get(module, ())


def _models(house, spread):
    by_name = defaultdict(list)
    for model in _classes(house):
        by_name[model.name].append(model)
    for name, classes in by_name.items():
        if homes := [model.path for model in classes if model.defines]:
            yield from _own_model(classes, homes[0])
        else:
            yield from _odoo_model(classes, _home(name, classes), spread)
    used = {(name, model.folder) for name, classes in by_name.items() for model in classes}
    for name, folder in spread.keys() - used:
        words = f"no class of {name} is left in this folder: take the two out of SPREAD"
        yield f"{folder}/__init__.py", 1, words


def _own_model(classes, home):
    for model in classes:
        if model.path == home:
            continue
        if model.defines:
            yield model.path, model.line, f"{model.name} is already the _name of a class in {home}"
        yield from _stray_fields(model, home)


def _stray_fields(model, home):
    for line, field in model.declares:
        words = (
            f"{field} of {model.name} belongs into {home}, which holds all fields, "
            "constraints and indexes of the model"
        )
        yield model.path, line, words


def _home(name, classes):
    """The one file that may extend a model of Odoo: dialogs are extended in wizard/."""
    dialogs = [model.path for model in classes if model.path.startswith("wizard/")]
    home = f"models/{name.replace('.', '_')}.py"
    return dialogs[0] if dialogs and all(m.path != home for m in classes) else home


def _odoo_model(classes, home, spread):
    for model in classes:
        if model.path == home:
            continue
        if (model.name, model.folder) in spread:
            yield from _stray_fields(model, home)
        else:
            yield model.path, model.line, f"{model.name} is Odoo's model: extend it in {home} alone"


# Files


def _long_files(house):
    for path in house.files(".py", ".xml"):
        lines = len((house.root / path).read_text(encoding="utf-8").splitlines())
        if lines > LONGEST:
            words = f"the file has {lines} lines, {LONGEST} are allowed: split it by subject"
            yield path, LONGEST + 1, words


def _lists_of_modules(house):
    for package in house.packages():
        init = f"{package}/__init__.py"
        if init not in house.trees:
            yield init, 1, "the file is missing: make it, with a list of the modules of its folder"
            continue
        listed = {target for _, target in house.links[init]}
        for path in house.trees:
            folder, _, name = path.removesuffix("/__init__.py").rpartition("/")
            if folder == package and path not in {init, *listed}:
                name = name.removesuffix(".py")
                yield init, 1, f"{name} is not imported, so Odoo does not load it: add it here"


def _rooms(house, rooms):
    found = {p.split("/")[1] for p in house.packages() if p.startswith("models/")}
    for room in found - rooms.keys():
        words = f"the table of rooms lacks {room}: say there which rooms it may import"
        yield f"models/{room}/__init__.py", 1, words
    for room in rooms.keys() - found:
        yield "models/__init__.py", 1, f"there is no room {room}: take it out of the table of rooms"
    for init in (f"models/{room}/__init__.py" for room in found):
        if init not in house.trees:
            continue
        words = ast.get_docstring(house.trees[init])
        if not words or not words.endswith(".") or "\n" in words:
            yield init, 1, "say in a docstring of one sentence what lives in this room"


def _tests(house):
    """Odoo's loader takes only the modules that are attributes of `tests`."""
    loaded = {target for _, target in house.links.get("tests/__init__.py", ())}
    seen = {}
    for path in house.trees:
        name = path.rpartition("/")[2]
        if not path.startswith("tests/") or not name.startswith("test_"):
            continue
        if path not in loaded:
            yield path, 1, "Odoo does not find this test: import it in tests/__init__.py"
        if name in seen:
            yield path, 1, f"{seen[name]} has the same name and hides it from Odoo: rename one"
        seen.setdefault(name, path)


def _data(house):
    manifest = ast.literal_eval(house.trees["__manifest__.py"].body[0].value)
    listed = {*manifest.get("data", ()), *manifest.get("demo", ())}
    for path in house.files(".xml", ".csv"):
        if path.partition("/")[0] in DATA and path not in listed:
            yield path, 1, "Odoo does not load this file: add it to data in __manifest__.py"
