"""Every method that makes the provider call a number asks the gate and writes the ledger.

The code is read, not run: a new way to begin a leg fails here until it does the same.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("models", "wizard", "controllers")
PROVIDER = ROOT / "providers"
# Method that makes a leg: methods that must be called before it in the same method.
SENDERS = {
    "add_participant": {"_get_refusal"},
    "call_phone": {"_get_refusal"},
    "start_verification": {"_check_number", "_count_verification"},
    "Dial": {"_get_forward_refusal", "_count"},
}
# Methods that these methods, and the entries of numbers, must call in turn.
DECISIONS = {
    "_get_refusal": "_get_forbidden_destination",
    "_check_number": "_get_forbidden_destination",
    "_get_forward_refusal": "_get_forbidden_destination",
    "_check_phone_number": "_get_forbidden_destination",
    "_check_decision": "_get_forward_refusal",
    "_check_problems_forward": "_get_forward_refusal",
    "_may_request_queue_callback": "_get_forbidden_destination",
    "_get_broken_rule": "_get_forbidden_destination",
    "_check_rules": "_get_broken_rule",
    "_decide_dialed": "_check_rules",
    "_resolve_target": "_check_rules",
}
# Requests of the `twilio` package that make a leg, and our methods that may send them.
REQUESTS = {
    "participants": "add_participant",
    "calls": "call_phone",
    "validation_requests": "start_verification",
}


def get_functions(*folders):
    """Return the path and the tree of each function of some folders."""
    return [
        (path, node)
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]


def get_calls(tree):
    """Return the names that a tree calls, each with the line of the first call."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found[name] = min(node.lineno, found.get(name, node.lineno))
    return found


ADDON = [
    (path, function)
    for path, function in get_functions(*(ROOT / folder for folder in FOLDERS))
    if PROVIDER not in path.parents
]


def test_every_sender_asks_before_it_sends():
    senders = []
    for path, function in ADDON:
        calls = get_calls(function)
        for name in SENDERS.keys() & calls.keys():
            senders.append(name)
            for question in SENDERS[name]:
                assert calls.get(question, calls[name]) < calls[name], (
                    f"{path.name}: {function.name} sends {name} without {question} before it"
                )
    assert set(senders) == set(SENDERS)


def test_every_decision_asks_the_gate():
    found = set()
    for _path, function in ADDON:
        question = DECISIONS.get(function.name)
        # A method of the same name that only forwards to another one decides nothing.
        if question and question in get_calls(function):
            found.add(function.name)
    assert found == set(DECISIONS)


def test_no_other_request_of_the_provider_makes_a_leg():
    for path, function in get_functions(PROVIDER):
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and node.attr == "create":
                owner = getattr(node.value, "attr", "")
                if owner in REQUESTS:
                    assert function.name == REQUESTS[owner], f"{path.name}: {function.name}"


def test_only_forwarding_dials_a_number_in_a_voice_response():
    """A browser's or a caller's own document joins a conference, and dials no number."""
    dialing = {
        function.name
        for _path, function in get_functions(PROVIDER / "twilio")
        if "number" in get_calls(function)
    }
    assert dialing == {"_render_dial"}


def test_every_leg_is_counted_when_it_is_made():
    """Legs are rows, and only the model's `create`, which writes the ledger, makes them."""
    creators = [
        function
        for path, function in ADDON
        if path.name == "telephony_dialed_leg.py" and function.name == "create"
    ]
    assert ["_count" in get_calls(function) for function in creators] == [True]
    for path, _function in ADDON:
        assert "INSERT INTO telephony_call_leg" not in path.read_text(), path.name
