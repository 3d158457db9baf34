"""The conventions of names, docstrings and comments hold in the whole product code.

The code is read, not run. `CONTRIBUTING.md` explains the prefixes of methods.
"""

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("models", "controllers", "wizard", "providers", "tools")
# Methods that store something in the database. `execute` also reads, and is left out.
WRITES = {"write", "create", "unlink", "_move_to", "_apply_event", "_write_first"}
# Calling one of these methods registers a request that is sent after the commit.
REQUEST = re.compile(r"_send_\w+_request")
# Such a method that is sent at once: name -> reason.
SENT_AT_ONCE = {"_send_connection_request": "a click shows its answer"}
# Methods that a getter may call although they write: name -> reason.
ALLOWED_WRITERS = {
    "_ensure_own_agent": "checks the access right; creates the agent at most once, on the first use"
}
# Callers of `_process_*`: the webhooks, and the file that repeats a failed one.
DOORS = ("controllers/", "models/call/telephony_call_crash.py")
# Prefix -> the verb to use in its place.
FORBIDDEN_PREFIXES = {"_tell_": "_notify_", "_announce_": "_make_ or _play_"}
FORBIDDEN_NAMES = re.compile(
    r"(^|_)(tells?|told|(any|every|no|some)bodys?|whoever)(_|$)", re.IGNORECASE
)
FORBIDDEN_BEGINNINGS = re.compile(r"(tells?|says?|lets?)\b", re.IGNORECASE)
FORBIDDEN_WORDS = re.compile(r"\b(tell|tells|telling|told|somebody|whoever)\b", re.IGNORECASE)
# A banner names its content: it is neither a sentence nor a question.
FORBIDDEN_BANNERS = re.compile(r"(who|what|it|may|the|an?)\b", re.IGNORECASE)
# Forbidden words that a file needs, with the reason: (path, word) -> reason. So far there is none.
ALLOWED = {}


@cache
def get_sources():
    """Return the path (relative), the text and the nodes of each file of the product code."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    texts = [(path.relative_to(ROOT).as_posix(), path.read_text()) for path in paths]
    return [(path, text, get_nodes(text)) for path, text in texts]


def get_nodes(text):
    return list(ast.walk(ast.parse(text)))


def get_functions():
    """Return the path and the tree of each function of the product code."""
    return [
        (path, node)
        for path, _text, nodes in get_sources()
        for node in nodes
        if isinstance(node, ast.FunctionDef)
    ]


def find_writes(function):
    """Yield the lines on which a function stores something."""
    for node in ast.walk(function):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        is_assignment = isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        if is_assignment and any(
            isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
            for target in targets
            for part in ast.walk(target)
        ):
            yield node.lineno
        name = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
        if name in WRITES or (REQUEST.fullmatch(name) and name not in SENT_AT_ONCE):
            yield node.lineno


def find_prose(text, nodes):
    """Yield the line and the text of each docstring and comment of a file."""
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, docstring
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def get_names(nodes):
    """Return the names that a file defines: functions, classes, arguments, variables."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def get_called(node):
    """Return the names of the functions and methods that a node calls."""
    return {
        getattr(call.func, "attr", getattr(call.func, "id", ""))
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }


def get_event_kinds():
    """Return the kinds of `CallEvent`, as its docstring lists them."""
    tree = ast.parse((ROOT / "providers/base.py").read_text())
    event = next(node for node in tree.body if getattr(node, "name", "") == "CallEvent")
    kinds = re.search(r":param str kind:(.*?):param", ast.get_docstring(event), re.DOTALL)
    return set(re.findall(r"`(\w+)`", kinds.group(1)))


def get_writers():
    """Return the names of the private methods that write, themselves or through another one."""
    functions = [function for _path, function in get_functions()]
    calls = {}
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                calls.setdefault(node.func.attr, set()).add(function.name)
    found = [function.name for function in functions if any(find_writes(function))]
    writers = set()
    while found:
        name = found.pop()
        if name not in writers and name not in ALLOWED_WRITERS and name.startswith("_"):
            writers.add(name)
            found += calls.get(name, ())
    return writers


def get_decorators(function):
    calls = (getattr(node, "func", node) for node in function.decorator_list)
    return {getattr(node, "id", "") for node in calls}


def test_every_request_is_sent_after_the_commit():
    requests = {
        function.name: get_decorators(function)
        for _path, function in get_functions()
        if REQUEST.fullmatch(function.name)
    }
    direct = {name for name, decorators in requests.items() if "after_commit" not in decorators}
    assert direct == set(SENT_AT_ONCE)


def test_the_page_lists_what_repairs_each_request():
    page = (ROOT / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `(_send_\w+_request)` \| (.+) \| (.+) \|$", page, re.MULTILINE)
    found = [(name, set(re.findall(r"`([\w.]+)`", a + b))) for name, a, b in rows]
    assert found == sorted(
        (
            function.name,
            {
                name
                for node in ast.walk(function.decorator_list[0])
                if isinstance(node, ast.Constant)
                for name in node.value.split(", ")
            },
        )
        for _path, function in get_functions()
        if "after_commit" in get_decorators(function)
    )


def test_no_other_method_is_sent_after_the_commit():
    assert [
        f"{path}: {function.name}"
        for path, function in get_functions()
        if "after_commit" in get_decorators(function) and not REQUEST.fullmatch(function.name)
    ] == []


def test_a_method_named_get_never_writes():
    assert sorted(name for name in get_writers() if name.startswith("_get_")) == []


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("return self.name", False),
        ("name = self.name", False),
        ("values['state'] = self.state", False),
        ("self.name = 'a'", True),
        ("self.name, other = 'a', 'b'", True),
        ("self.count += 1", True),
        ("self.env['res.partner'].create({})", True),
        ("self.leg_ids.write({})", True),
        ("self._apply_event(event)", True),
    ],
)
def test_every_form_of_a_write_is_found(body, is_found):
    (function,) = ast.parse(f"def _get_name(self):\n    {body}\n").body
    assert bool(list(find_writes(function))) is is_found


def test_a_method_named_process_is_called_by_a_webhook():
    doors = "".join(text for path, text, _nodes in get_sources() if path.startswith(DOORS))
    assert [
        f"{path}:{function.lineno} {function.name}"
        for path, function in get_functions()
        if function.name.startswith("_process_")
        and not re.search(rf"(\.|[\"']){function.name}\b", doors)
    ] == []


def test_a_method_named_apply_is_the_handler_of_one_kind_of_event():
    handlers = {
        function.name.removeprefix("_apply_")
        for _path, function in get_functions()
        if function.name.startswith("_apply_") and function.name != "_apply_event"
    }
    assert handlers == get_event_kinds()


def test_a_standard_sentence_is_in_the_list_of_speech():
    """The catalogues must contain the list, and the check of a flow reads it."""
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path, node in get_functions()
        if {"Say", "_"} <= get_called(node)
    ]
    assert not found


def test_no_name_begins_with_a_verb_that_has_a_better_one():
    assert [
        f"{path}:{function.lineno} {function.name}: use {verb}"
        for path, function in get_functions()
        for prefix, verb in FORBIDDEN_PREFIXES.items()
        if function.name.startswith(prefix)
    ] == []


def test_no_name_contains_a_word_for_people_in_general():
    assert [
        f"{path} {name}"
        for path, _text, nodes in get_sources()
        for name in sorted(get_names(nodes))
        if FORBIDDEN_NAMES.search(name)
    ] == []


def test_docstrings_begin_with_the_result():
    assert [
        f"{path}:{line} {prose.splitlines()[0]}"
        for path, text, nodes in get_sources()
        for line, prose in find_prose(text, nodes)
        if FORBIDDEN_BEGINNINGS.match(prose)
    ] == []


def test_prose_uses_the_words_of_the_trade():
    assert [
        f"{path}:{line} {word}"
        for path, text, nodes in get_sources()
        for line, prose in find_prose(text, nodes)
        for word in FORBIDDEN_WORDS.findall(prose)
        if (path, word.lower()) not in ALLOWED
    ] == []


def test_a_forbidden_word_is_found_in_docstrings_and_comments():
    text = '"""Tell whether."""\n\nx = "told"  # Told later\n\ndef f():\n    """Let it go."""\n'
    prose = list(find_prose(text, get_nodes(text)))
    assert [line for line, text in prose if FORBIDDEN_WORDS.search(text)] == [1, 3]
    assert [line for line, text in prose if FORBIDDEN_BEGINNINGS.match(text)] == [1, 6]


def test_banners_name_their_content():
    assert [
        f"{path} {banner}"
        for path, text, _nodes in get_sources()
        for banner in re.findall(r"^ *# === (.+) === #$", text, re.MULTILINE)
        if FORBIDDEN_BANNERS.match(banner)
    ] == []


def test_paths_of_actions_name_the_addon():
    """The path of an action is unique in the whole database: another addon may have `calls`."""
    files = [path for folder in ("views", "wizard") for path in (ROOT / folder).glob("*.xml")]
    paths = [
        path
        for file in files
        for path in re.findall(r'<field name="path">([^<]+)</field>', file.read_text())
    ]
    assert len(paths) > 5
    assert [path for path in paths if not path.startswith("telephony-")] == []
