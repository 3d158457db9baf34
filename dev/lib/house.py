"""Measure the plan of the addon: rooms, arrows between them, and violations of the plan.

A *room* is a folder with code. An *arrow* leads from a room or file to another one that it imports
or whose method it calls. A *knot* is a set in which every member reaches every other one.
"""

import ast
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from places import ADDON, REPO

#: Layers of the web client, the lowest one first. A file uses its own layer and lower ones.
LAYERS = ("backend", "core", "voice", "features", "shell", "client_actions")
#: Folders beside the layers that contain no code.
WITHOUT_CODE = ("audio", "@types")
#: Limit of the files directly in ``models/``; everything else belongs into a package.
MAX_FILES_IN_MODELS = 12
IS_FILE_LIMIT_ENFORCED = True
LONG_FILE = 600
CALL_MODEL = "telephony.call"
#: Limits of the files that extend ``telephony.call``, and of those of them that reach each other.
MAX_CALL_FILES, MAX_CALL_KNOT = 12, 6
CLIENT = "static/src"
PYTHON_FOLDERS = ("controllers", "models", "providers", "tools", "wizard")

_COMMENT = re.compile(r"^\s*/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b(?:[^;"']*?\bfrom)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)""",
    re.MULTILINE,
)


@dataclass
class House:
    """The measures of an addon.

    :param dict rooms: folder → number of files, for the web client and for ``models/``.
    :param dict lines: file → number of lines.
    :param set client_arrows: pairs of files of the web client.
    :param set package_arrows: pairs of packages of ``models/``.
    :param set call_files: files that define or extend ``telephony.call``.
    :param set call_arrows: pairs of those files, of which the first calls a method of the second.
    """

    rooms: dict = field(default_factory=lambda: defaultdict(int))
    lines: dict = field(default_factory=dict)
    client_arrows: set = field(default_factory=set)
    package_arrows: set = field(default_factory=set)
    call_files: set = field(default_factory=set)
    call_arrows: set = field(default_factory=set)

    @property
    def upward(self):
        """Return the arrows that lead from a layer to a higher one."""
        return sorted(
            (source, target)
            for source, target in self.client_arrows
            if _floor(source) < _floor(target)
        )

    @property
    def outside_layers(self):
        """Return the files of the web client that are in no layer."""
        client = (file for file in self.lines if file.startswith(f"{CLIENT}/"))
        return sorted(file for file in client if _layer(file) not in LAYERS)

    @property
    def files_in_models(self):
        return sorted(file for file in self.lines if re.fullmatch(r"models/(?!__)\w+\.py", file))

    @property
    def long_files(self):
        long = [(lines, file) for file, lines in self.lines.items() if lines > LONG_FILE]
        return sorted(long, reverse=True)

    @property
    def problems(self):
        """Return one sentence for each violation of the plan."""
        found = [
            f"{source} imports {target}, which is in a higher layer"
            for source, target in self.upward
        ]
        found += [
            f"{file} is in none of the layers {', '.join(LAYERS)}" for file in self.outside_layers
        ]
        knot = sorted(largest_knot(between_rooms(self.client_arrows)))
        if knot:
            found.append(f"these folders of the web client import each other: {', '.join(knot)}")
        if len(self.call_files) > MAX_CALL_FILES:
            found.append(
                f"{len(self.call_files)} files extend {CALL_MODEL}, {MAX_CALL_FILES} are allowed:"
                " a package extends it in one file"
            )
        circle = sorted(largest_knot(self.call_arrows))
        if len(circle) > MAX_CALL_KNOT:
            found.append(
                f"{len(circle)} files of {CALL_MODEL} reach each other, {MAX_CALL_KNOT} are"
                f" allowed; a lower package calls a hook instead: {', '.join(circle)}"
            )
        count = len(self.files_in_models)
        if IS_FILE_LIMIT_ENFORCED and count > MAX_FILES_IN_MODELS:
            found.append(
                f"{count} files are directly in models/, {MAX_FILES_IN_MODELS} are allowed:"
                " put a file into the package of its owner"
            )
        return found


def _layer(file):
    """Return the first folder below ``static/src`` of a file of the web client."""
    return file.removeprefix(f"{CLIENT}/").partition("/")[0]


def _floor(file):
    layer = _layer(file)
    return LAYERS.index(layer) if layer in LAYERS else -1


def room(file):
    """Return the folder of a file."""
    return file.rpartition("/")[0]


def between_rooms(arrows):
    """Return the arrows between the folders of the files, without those inside one folder."""
    pairs = {(room(source), room(target)) for source, target in arrows}
    return {(source, target) for source, target in pairs if source != target}


def largest_knot(arrows):
    """Return the largest set in which every member reaches every other one.

    :param arrows: pairs of names.
    :return set: empty if no path leads back to its start.
    """
    targets = defaultdict(set)
    for source, target in arrows:
        targets[source].add(target)

    def reached(start):
        found, waiting = set(), [start]
        while waiting:
            for target in targets[waiting.pop()] - found:
                found.add(target)
                waiting.append(target)
        return found

    reach = {name: reached(name) for name in list(targets)}
    knots = [{other for other in reach[name] if name in reach.get(other, ())} for name in reach]
    return max(knots, key=len, default=set())


def measure_client(root, house):
    """Add the files of the web client and the arrows between them.

    :param Path root: of the addon.
    :param House house: measures to extend.
    """
    client = root / CLIENT
    files = {
        str(path.relative_to(root)): path
        for path in sorted(client.rglob("*.js"))
        if _layer(str(path.relative_to(root))) not in WITHOUT_CODE
    }
    for file, path in files.items():
        text = path.read_text(encoding="utf-8")
        house.lines[file] = text.count("\n")
        house.rooms[room(file)] += 1
        for found in _IMPORT.finditer(_COMMENT.sub("", text)):
            target = _resolve(root, path, found[1] or found[2])
            if target in files and target != file:
                house.client_arrows.add((file, target))


def _resolve(root, path, specifier):
    """Return the file of an import, or an empty string for one of another addon."""
    if specifier.startswith("."):
        target = (path.parent / specifier).resolve()
    elif specifier.startswith(f"@{ADDON}/"):
        target = (root / CLIENT / specifier.partition("/")[2]).resolve()
    else:
        return ""
    name = str(target.relative_to(root)) if target.is_relative_to(root) else ""
    return name if name.endswith(".js") else f"{name}.js"


@dataclass
class _Method:
    file: str
    calls_super: bool


def _model_of(node):
    """Return the technical name of the model that a class defines or extends, or None."""
    values = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            values[statement.targets[0].id] = statement.value
    for name in ("_name", "_inherit"):
        value = values.get(name)
        if isinstance(value, (ast.List, ast.Tuple)) and value.elts:
            value = value.elts[0]
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _calls_super(function):
    """Return whether a method extends one of another class."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == function.name
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "super"
        for node in ast.walk(function)
    )


def _called(tree):
    """Yield each called name, and whether it is called on ``self`` or by its name.

    Note: a method that is only named counts as well: as a string in a table, or as in
    ``return self._on_hold_failed, ()``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            value = node.func.value
            yield node.func.attr, isinstance(value, ast.Name) and value.id == "self"
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ):
            yield node.attr, True
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"_[a-z_]+", node.value)
        ):
            yield node.value, True


def measure_models(root, house):
    """Add the packages of ``models/``, their imports, and the calls of methods between files.

    :param Path root: of the addon.
    :param House house: measures to extend.
    """
    trees = {}
    for path in sorted((root / "models").rglob("*.py")):
        file = str(path.relative_to(root))
        trees[file] = ast.parse(path.read_text(encoding="utf-8"), file)
        if path.name != "__init__.py":
            house.rooms[room(file)] += 1

    #: model → method → defining file
    methods = defaultdict(lambda: defaultdict(list))
    #: file → [(model, class)]
    classes = defaultdict(list)
    for file, tree in trees.items():
        for node in ast.walk(tree):
            model = isinstance(node, ast.ClassDef) and _model_of(node)
            if not model:
                continue
            classes[file].append((model, node))
            if model == CALL_MODEL:
                house.call_files.add(file)
            for function in node.body:
                if isinstance(function, ast.FunctionDef):
                    methods[model][function.name].append(_Method(file, _calls_super(function)))

    def owner(model, name):
        """Return the file that defines a method first, before others extend it."""
        places = methods[model][name]
        return next((place.file for place in places if not place.calls_super), places[0].file)

    def models_with(name):
        return [model for model, names in methods.items() if name in names]

    for file, found in classes.items():
        for model, node in found:
            for name, is_own in _called(node):
                having = [model] if is_own and name in methods[model] else models_with(name)
                if len(having) != 1:
                    continue  # of no model, or of several: ambiguous
                target = owner(having[0], name)
                if any(place.file == file for place in methods[having[0]][name]):
                    continue
                _add_arrow(house, file, target, having[0])
    for file, tree in trees.items():
        for target in _imported(file, tree, trees):
            if room(file) != room(target):
                house.package_arrows.add((room(file), room(target)))


def _add_arrow(house, file, target, model):
    if model == CALL_MODEL and file in house.call_files:
        house.call_arrows.add((file, target))
    if room(file) != room(target):
        house.package_arrows.add((room(file), room(target)))


def _imported(file, tree, trees):
    """Yield the files of ``models/`` that a file imports. A package does not use its members."""
    if file.endswith("__init__.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = Path(file).parents[node.level - 1]
            base = folder.joinpath(*(node.module or "").split("."))
            for path in (base, *(base / alias.name for alias in node.names)):
                if f"{path}.py" in trees:
                    yield f"{path}.py"


def measure(root):
    """Measure the plan of an addon.

    :param Path root: folder of the addon.
    :return House:
    """
    root = Path(root).resolve()
    house = House()
    measure_client(root, house)
    measure_models(root, house)
    for folder in PYTHON_FOLDERS:
        for path in (root / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            house.lines[str(path.relative_to(root))] = text.count("\n")
    return house


def _table(rows):
    """Return rows as text, each column as wide as its widest cell."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            str(cell).rjust(width) if isinstance(cell, int) else str(cell).ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _figures(title, rooms, arrows):
    both_ways = sum((target, source) in arrows for source, target in arrows) // 2
    return (title, len(rooms), len(arrows), both_ways, len(largest_knot(arrows)))


def report(house):
    """Return the measures as lines of text.

    :param House house:
    :return list: of strings.
    """
    client_rooms = sorted(name for name in house.rooms if name.startswith(CLIENT))
    packages = sorted(set(house.rooms) - set(client_rooms))
    client_arrows = between_rooms(house.client_arrows)
    lines = _table(
        [("room", "files", "uses")]
        + [
            (name, house.rooms[name], sum(source == name for source, _target in arrows))
            for names, arrows in ((client_rooms, client_arrows), (packages, house.package_arrows))
            for name in names
        ]
    )
    lines.append("")
    lines += _table(
        [
            ("", "rooms", "arrows", "both ways", "largest knot"),
            _figures("web client, folders", client_rooms, client_arrows),
            _figures("models, packages", packages, house.package_arrows),
            _figures(f"{CALL_MODEL}, files", house.call_files, house.call_arrows),
        ]
    )
    lines.append("")
    lines.append(f"upward arrows in the web client: {len(house.upward)}")
    lines.append(
        f"files directly in models/: {len(house.files_in_models)} (limit {MAX_FILES_IN_MODELS})"
    )
    lines.append(f"files over {LONG_FILE} lines: {len(house.long_files)}")
    lines += [f"  {count:5}  {file}" for count, file in house.long_files]
    return lines


def main(root=REPO):
    """Print the measures of an addon.

    :param Path root: folder of the addon.
    :return int: exit code, not zero when the plan is violated.
    """
    house = measure(root)
    print("\n".join(report(house)))
    for problem in house.problems:
        print(f"error: {problem}", file=sys.stderr)
    return bool(house.problems)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
