"""`docs/rpc.md` lists every public method, route and bus message, with the present parameters.

The sources are read, not run: neither Odoo nor a database is needed.
"""

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rpc.md"
# Methods called by Odoo itself; an override is not an interface of its own.
ODOO = {
    "copy",
    "create",
    "default_get",
    "get_values",
    "init",
    "onchange",
    "session_info",
    "set_values",
    "unlink",
    "write",
    "SELF_READABLE_FIELDS",
    "SELF_WRITEABLE_FIELDS",
}
PARAM = re.compile(r":param (\w+) (\w+):")


@functools.cache
def get_sources(*folders):
    """Return the parsed Python files of some folders of the addon."""
    return [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def get_model(node):
    """Return the name of the model that a class defines or extends, or an empty text."""
    names = {
        target.id: ast.literal_eval(statement.value)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in {"_name", "_inherit"}
    }
    name = names.get("_name") or names.get("_inherit") or ""
    return name if isinstance(name, str) else name[0]


def get_signature(method):
    """Return a method as the page writes it: `accept(uuid: str)`."""
    types = {name: kind for kind, name in PARAM.findall(ast.get_docstring(method) or "")}
    names = [argument.arg for argument in method.args.args[1:]]
    defaults = [f" = {ast.unparse(default)}" for default in method.args.defaults]
    defaults = [""] * (len(names) - len(defaults)) + defaults
    parts = [
        f"{name}{': ' + types[name] if name in types else ''}{default}"
        for name, default in zip(names, defaults, strict=True)
    ]
    return f"{method.name}({', '.join(parts)})"


def get_methods():
    """Return the public methods of all models, as pairs of a model and a signature."""
    found = set()
    for tree in get_sources("models", "wizard"):
        for node in tree.body:
            model = get_model(node) if isinstance(node, ast.ClassDef) else ""
            for method in node.body if model else ():
                if not isinstance(method, ast.FunctionDef) or method.name.startswith("_"):
                    continue
                decorators = {ast.unparse(decorator) for decorator in method.decorator_list}
                if method.name not in ODOO and "api.private" not in decorators:
                    found.add((model, get_signature(method)))
    return found


def get_routes():
    """Return the addresses of all routes."""
    found = set()
    for tree in get_sources("controllers"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                path = node.args[0]
                if not isinstance(path, ast.Constant):
                    continue
                if node.func.id == "route":
                    found.add(path.value)
                elif node.func.id == "twiml_route":
                    found.add(f"/telephony/twilio/{path.value}")
    return found


def get_messages():
    """Return the types of all bus messages."""
    return {
        node.value
        for tree in get_sources("models", "wizard")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"telephony/[a-z_]+", node.value)
    }


def read_page():
    """Return the entries of the page's tables, as pairs of a heading, or a model, and a text."""
    heading, found = "", set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:].strip("` ")
        match = re.match(r"\| `([^`]+)` \|(?: `([^`]+)` \|)?", line)
        if match:
            first, second = match.groups()
            # A row of a button names its model first.
            found.add((first, second) if heading == "Buttons" else (heading, first))
    return found


def test_every_public_method_is_listed_with_its_parameters():
    listed = {(heading, text) for heading, text in read_page() if text.endswith(")")}
    assert listed == get_methods()


def test_every_route_is_listed():
    assert {text for heading, text in read_page() if heading == "Routes"} == get_routes()


def test_every_bus_message_is_listed():
    assert {text for heading, text in read_page() if heading == "Bus messages"} == get_messages()
